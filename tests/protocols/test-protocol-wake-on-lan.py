#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Wakes a host on the other end of a cable, and compares the packet with that of wakeonlan."""

import subprocess
import sys

import protocoltest
from protocoltest import Neighbour, ProtocolTestCase

MAC = "02:aa:bb:cc:dd:ee"
# Receiver on the other host: prints each datagram in hexadecimal digits.
RECEIVER = """
import socket, sys
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind(("", int(sys.argv[1])))
print("ready", flush=True)
while True:
    data, sender = sock.recvfrom(2048)
    print(sender[0], data.hex(), flush=True)
"""

neighbour = None


def setUpModule():
    global neighbour
    neighbour = Neighbour()


def tearDownModule():
    neighbour.close()


class WakeOnLan(ProtocolTestCase):
    def start_receiver(self, port):
        receiver = self.run_command([*neighbour.enter, sys.executable, "-c", RECEIVER, port])
        receiver.wait_for("^ready$")
        return receiver

    def wait_for_packet(self, receiver):
        return receiver.wait_for(r"^10\.99\.0\.1 ([0-9a-f]*)$")[1]

    def wake(self, *arguments):
        self.assertEqual(self.run_example("wake-on-lan", *arguments, language="python"), [])

    def test_packet_arrives_at_another_host(self):
        receiver = self.start_receiver(9)
        expected = "ff" * 6 + MAC.replace(":", "") * 16
        for destination in ((), ("--broadcast", "10.99.0.255")):
            for address in (MAC, MAC.replace(":", "-").upper(), MAC.replace(":", "")):
                self.wake(address, *destination)
                self.assertEqual(self.wait_for_packet(receiver), expected)

    def test_bytes_are_those_of_wakeonlan(self):
        self.need("wakeonlan")
        receiver = self.start_receiver(40009)
        port = ("-p", "40009")
        subprocess.run(["wakeonlan", "-i", "10.99.0.255", *port, MAC], check=True,
                       stdout=subprocess.DEVNULL)
        theirs = self.wait_for_packet(receiver)
        self.wake(MAC, "--broadcast", "10.99.0.255", *port)
        self.assertEqual(self.wait_for_packet(receiver), theirs)

    def test_tcpdump_sees_a_broadcast_frame(self):
        self.need("tcpdump")
        self.need_users("tcpdump")
        tcpdump = self.run_command(
            [*neighbour.enter, "tcpdump", "-l", "-e", "-n", "-c", "1", "-i", "gudpx1", "udp port 9"]
        )
        tcpdump.wait_for("listening on gudpx1")
        self.wake(MAC)
        tcpdump.wait_for(r"> ff:ff:ff:ff:ff:ff, .* 10\.99\.0\.1\.\d+ > 255\.255\.255\.255\.9: "
                         r"UDP, length 102")

    def test_errors(self):
        for arguments, message in (
            (["02:aa"], "02:aa is no hardware address"),
            ([MAC, "--broadcast", "198.51.100.255"], "198.51.100.255:9.*unreachable"),
            ([MAC, "--broadcast", "router"], "router"),
            ([MAC, "--port", "70000"], "70000|65535"),
        ):
            self.assert_fails("wake-on-lan", *arguments, message=message, language="python")


if __name__ == "__main__":
    protocoltest.tap.main()
