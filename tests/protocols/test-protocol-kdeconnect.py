#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests discovery with KDE Connect's own daemon on another host: each finds the other."""

import glob
import json
import os
import shutil
import socket

import protocoltest
from protocoltest import TIME_LIMIT, Neighbour, ProtocolTestCase

# An id of the length that newer versions require.
ID = "5c7c2c4e_8a56_4d17_9d7b_6b1f1d3a4e2f"
# Debian installs the daemon outside of the path.
DAEMON = shutil.which("kdeconnectd") or next(
    iter(glob.glob("/usr/lib/*/libexec/kdeconnectd") + glob.glob("/usr/libexec/kdeconnectd")), None
)
# A session bus for one program, which starts no others.
BUS = """<busconfig>
  <listen>unix:path={}/bus</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*"/>
    <allow receive_sender="*"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""

neighbour = None


def setUpModule():
    global neighbour
    neighbour = Neighbour()


def tearDownModule():
    neighbour.close()


def identity(**body):
    packet = {
        "id": 1,
        "type": "kdeconnect.identity",
        "body": {"deviceId": "theirs", "deviceName": "A phone", "deviceType": "phone",
                 "protocolVersion": 7, "tcpPort": 1716, **body},
    }
    return (json.dumps(packet) + "\n").encode()


class KdeConnect(ProtocolTestCase):
    def start_discovery(self, *arguments):
        discovery = self.start("kdeconnect", f"--id={ID}", *arguments, language="js")
        self.addCleanup(self.check_server, discovery)
        discovery.wait_for(f"^announcing {ID}$")
        return discovery

    def start_daemon(self):
        if not DAEMON:
            self.skipTest("kdeconnectd is missing")
        self.need("dbus-daemon")
        home = self.directory()
        home.chmod(0o700)
        (home / "bus.conf").write_text(BUS.format(home), encoding="ascii")
        bus = self.run_command(
            ["dbus-daemon", "--nofork", "--print-address", "--config-file", home / "bus.conf"]
        )
        environment = {
            **os.environ, "HOME": str(home), "XDG_RUNTIME_DIR": str(home),
            "DBUS_SESSION_BUS_ADDRESS": bus.wait_for("^unix:.*")[0],
            "QT_LOGGING_RULES": "kdeconnect.*=true",
        }
        self.run_command([*neighbour.enter, DAEMON, "-platform", "offscreen"], env=environment)

    def test_daemon(self):
        listener = socket.create_server(("", 1720))
        self.addCleanup(listener.close)
        listener.settimeout(TIME_LIMIT)
        discovery = self.start_discovery("--tcp-port=1720", "--interval=1", "--name=Tea")

        # The daemon broadcasts when it starts.
        self.start_daemon()
        theirs = discovery.wait_for(r"^10\.99\.0\.2:17\d\d desktop (\w+) \S")[1]

        # The daemon receives our broadcast, connects to our TCP port and sends its identity.
        connection, sender = listener.accept()
        with connection, connection.makefile("rb") as lines:
            connection.settimeout(TIME_LIMIT)
            packet = json.loads(lines.readline())
        self.assertEqual(sender[0], "10.99.0.2")
        self.assertEqual((packet["type"], packet["body"]["deviceId"]),
                         ("kdeconnect.identity", theirs))

    def listen_shared(self):
        """Shares the port number in the way that Qt does."""
        sock = self.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("", 1716))
        return sock

    def test_shares_the_port_and_says_who_it_is(self):
        sock = self.listen_shared()
        self.start_discovery("--name=Tea", "--tcp-port=1740")
        data, _ = sock.recvfrom(9000)
        self.assertTrue(data.endswith(b"}\n"))
        packet = json.loads(data)
        self.assertIsInstance(packet.pop("id"), int)
        self.assertEqual(packet, {
            "type": "kdeconnect.identity",
            "body": {"deviceId": ID, "deviceName": "Tea", "deviceType": "desktop",
                     "protocolVersion": 7, "incomingCapabilities": [], "outgoingCapabilities": [],
                     "tcpPort": 1740},
        })

    def test_two_find_each_other(self):
        first = self.start_discovery("--interval=1")
        second = self.start("kdeconnect", "--id=other", "--interval=1", language="js")
        first.wait_for(r"^10\.99\.0\.1:1716 desktop other ")
        second.wait_for(rf"^10\.99\.0\.1:1716 desktop {ID} ")

    def test_rubbish(self):
        discovery = self.start_discovery()
        sock = self.socket()
        for data in (
            b"", b"\xff", b"null", b"[]", b"1", b'{"type":"kdeconnect.identity"}', b"[" * 5000,
            b'{"type":"kdeconnect.identity","body":null}', b'{"type":"kdeconnect.pair","body":{}}',
            identity(deviceId="a b"), identity(deviceId=["theirs"]), identity(deviceId="x" * 65),
            identity(deviceId=None), identity(deviceName=5), identity(tcpPort="1716"),
            identity(tcpPort=22), identity(tcpPort=65536), identity(tcpPort=1716.5),
            identity(deviceId=ID), identity(deviceName="x" * 9000),
            identity(deviceName="A\x1b[31m\u202e phone" + "e" * 40, deviceType="\x1bx"),
        ):
            sock.sendto(data, ("10.99.0.1", 1716))
        discovery.wait_for("")
        self.assertEqual(discovery.lines[1:],
                         ["10.99.0.1:1716 unknown theirs A31m phone" + "e" * 22])

    def test_devices_are_bounded(self):
        discovery = self.start_discovery()
        sock = self.socket()
        for number in range(150):
            sock.sendto(identity(deviceId=f"d{number}"), ("10.99.0.1", 1716))
            if number < 100:
                discovery.wait_for(f" d{number} ")
        # Datagrams are handled in order: other devices would be printed before this one.
        sock.sendto(identity(deviceId="d5", tcpPort=1720), ("10.99.0.1", 1716))
        discovery.wait_for("^10.99.0.1:1720 phone d5 ")
        self.assertEqual(len(discovery.lines), 102)

    def test_errors(self):
        sock = self.socket()
        sock.bind(("", 1716))
        self.assert_fails("kdeconnect", message="1716.*in use", language="js")

    def test_options(self):
        for option in ("--tcp-port=99999", "--tcp-port=22", "--interval=0",
                       "--interval=9999999999"):
            name = option.split("=", maxsplit=1)[0]
            self.assert_fails("kdeconnect", option, message=f"{name} wants a number", language="js")


if __name__ == "__main__":
    protocoltest.tap.main()
