#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Queries Avahi on another host, and checks the messages on the network."""

import random
import re
import unittest

import protocoltest
from protocoltest import Neighbour, ProtocolTestCase

try:
    import zeroconf
except ImportError:
    zeroconf = None

GROUP = ("224.0.0.251", 5353)
CONFIG = """
[server]
host-name=kettle
allow-interfaces=gudpx1
enable-dbus=no
ratelimit-interval-usec=0
[publish]
publish-hinfo=yes
publish-workstation=no
"""
SERVICE = """<?xml version="1.0"?>
<!DOCTYPE service-group SYSTEM "avahi-service.dtd">
<service-group>
  <name>Green Tea</name>
  <service><type>_tea._udp</type><port>1234</port><txt-record>cups=2</txt-record></service>
</service-group>
"""
KETTLE = "kettle.local. A 10.99.0.2 (120 s, from 10.99.0.2)"
# Avahi's directories are fixed, so mount others over them, visible only to Avahi.
START = """
mount -t tmpfs tmpfs /run
mkdir /run/avahi-daemon
mount --bind "$1" /etc/avahi/services
exec avahi-daemon --no-drop-root --no-chroot --no-rlimits -f "$1/avahi.conf"
"""

neighbour = None


def setUpModule():
    global neighbour
    neighbour = Neighbour()


def tearDownModule():
    neighbour.close()


@unittest.skipIf(zeroconf is None, "Python's zeroconf is missing")
class Mdns(ProtocolTestCase):
    def start_avahi(self):
        self.need("avahi-daemon")
        self.need_users("avahi-daemon")
        self.need_own_mounts()
        directory = self.directory()
        (directory / "avahi.conf").write_text(CONFIG, encoding="ascii")
        (directory / "tea.service").write_text(SERVICE, encoding="ascii")
        avahi = self.run_command(
            [*neighbour.enter, "unshare", "-m", "sh", "-ec", START, "sh", str(directory)]
        )
        avahi.wait_for("Server startup complete")
        avahi.wait_for("Service .*tea.service. successfully established")

    def query(self, *arguments, seconds="0.6"):
        querier = self.start(
            "mdns-query", *arguments, "-i", "gudpx0", "--seconds", seconds, language="python"
        )
        querier.wait()
        self.check_lines(querier)
        return querier.output

    def assert_answered(self, *arguments, answers):
        """Repeats the query, because a busy machine may answer late."""
        def is_answered():
            output = self.query(*arguments)
            return all(re.search(f"(?m)^{answer}$", output) for answer in answers)

        self.retry(is_answered, f"answer about {arguments[0]}")

    def read_all(self, sock):
        """Returns the messages that the socket has received so far."""
        messages = []
        sock.setblocking(False)
        while True:
            try:
                data, sender = sock.recvfrom(9000)
            except BlockingIOError:
                return messages
            messages.append((sender[0], zeroconf.DNSIncoming(data)))

    def test_avahi(self):
        self.start_avahi()
        member = self.member(*GROUP)

        def ask_twice():
            """Returns the questions, or None if the answer came only after the second question."""
            output = self.query("kettle.local", seconds="2")
            questions = [message for sender, message in self.read_all(member)
                         if sender == "10.99.0.1"]
            return questions if KETTLE in output and questions[-1].answers else None

        # The first question requests a unicast answer, the second contains the known answer.
        first, second = self.retry(ask_twice, "question with what is known")
        self.assertEqual([question.unicast for question in first.questions], [True])
        self.assertEqual(first.answers, [])
        self.assertEqual([question.unicast for question in second.questions], [False])
        known = [(record.name, record.type, record.unique) for record in second.answers]
        self.assertEqual(known, [("kettle.local.", 1, False)])

        self.assert_answered("_tea._udp.local.", answers=(
            r"_tea\._udp\.local\. PTR Green Tea\._tea\._udp\.local\. \(4500 s, from 10\.99\.0\.2\)",
            r"Green Tea\._tea\._udp\.local\. SRV kettle\.local\. 1234 \(120 s, from 10\.99\.0\.2\)",
            r"Green Tea\._tea\._udp\.local\. TXT b'\\x06cups=2' \(4500 s, from 10\.99\.0\.2\)",
        ))
        self.assert_answered("KETTLE.local", "--ipv6", "--type", "ANY", answers=(
            r"kettle\.local\. HINFO \S+ LINUX \(120 s, from (fd99::2|fe80::2%gudpx0)\)",
        ))
        self.assert_fails("mdns-query", "pot.local", "-i", "gudpx0", "-s", "0.3",
                          message="^no answer about pot.local$", language="python")

    def test_asks_again(self):
        # Another program of the host may get a unicast answer. The answer to the second question
        # goes to the group.
        member = self.member(*GROUP)
        querier = self.start("mdns-query", "a.local", "-i", "gudpx0", "-s", "60", language="python")
        first, _ = member.recvfrom(9000)
        second, sender = member.recvfrom(9000)
        self.assertEqual(sender, ("10.99.0.1", 5353))
        self.assertTrue(zeroconf.DNSIncoming(first).questions[0].unicast)
        self.assertFalse(zeroconf.DNSIncoming(second).questions[0].unicast)
        member.sendto(self.answer(), GROUP)
        querier.wait_for(r"^a\.local\. A 192\.0\.2\.1")

    def answer(self):
        answer = zeroconf.DNSOutgoing(0x8400)
        answer.add_answer_at_time(
            zeroconf.DNSAddress("a.local.", 1, 0x8001, 120, bytes([192, 0, 2, 1])), 0)
        answer.add_answer_at_time(
            zeroconf.DNSText("a\x1b.local.", 16, 0x8001, 120, b"\x03a=\x1b"), 0)
        return answer.packets()[0]

    def test_rubbish(self):
        member = self.member(*GROUP)
        querier = self.start("mdns-query", "a.local", "-i", "gudpx0", "-s", "5", language="python")
        _, sender = member.recvfrom(9000)
        self.assertEqual(sender, ("10.99.0.1", 5353))

        answer = self.answer()
        # A valid answer, but from another port than that of mDNS.
        self.socket().sendto(answer.replace(b"\xc0\x00\x02\x01", b"\xc0\x00\x02\x63"), sender)
        randomness = random.Random(1)
        for _ in range(100):
            changed = bytearray(answer)
            for _ in range(randomness.randrange(1, 6)):
                changed[randomness.randrange(len(changed))] = randomness.randrange(256)
            member.sendto(changed[:randomness.randrange(len(changed))], sender)
        member.sendto(answer, GROUP)
        querier.wait_for(r"^a\.local\. A 192\.0\.2\.1 \(120 s, from 10\.99\.0\.1\)$")
        self.assertEqual(querier.wait(), 0, querier.output)
        self.check_lines(querier)
        self.assertNotIn("192.0.2.99", querier.output)
        self.assertNotIn("\x1b", querier.output)

    def test_errors(self):
        for arguments, message in (
            (["x.local", "-i", "nope0"], "nope0"),
            (["x" * 70 + ".local"], "x.local is no name"),
            (["x.local", "--type", "X"], "--type"),
            ([""], "“” is no name"),
            (["."], "is no name"),
            (["foo..local"], "foo..local” is no name"),
            ([".local"], "is no name"),
            (["local.."], "is no name"),
        ):
            self.assert_fails("mdns-query", *arguments, message=message, language="python")


if __name__ == "__main__":
    protocoltest.tap.main()
