#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Finds resources that GSSDP announces on another host, and is found by GSSDP."""

import os
import pathlib
import signal
import sys

import protocoltest
from protocoltest import Neighbour, ProtocolTestCase

PEER = pathlib.Path(__file__).resolve().with_name("gssdppeer.py")
TARGET = "urn:example-org:service:Tea:1"
LOCATION = "http://10.99.0.2/tea.xml"
GROUP = ("239.255.255.250", 1900)
SEARCH = b'M-SEARCH * HTTP/1.1\r\nHOST: x\r\nMAN: "ssdp:discover"\r\nMX: 0\r\nST: %s\r\n\r\n'

neighbour = None


def setUpModule():
    global neighbour
    neighbour = Neighbour()


def tearDownModule():
    neighbour.close()


class Ssdp(ProtocolTestCase):
    def start_gssdp(self, action, *arguments):
        gssdp = self.run_command(
            [*neighbour.enter, sys.executable, PEER, action, "gudpx1", *arguments]
        )
        if gssdp.wait_for("^(ready|GSSDP is missing)")[1] != "ready":
            self.skipTest("GSSDP's introspection data is missing")
        return gssdp

    def discover(self, *arguments):
        return self.run_example(
            "ssdp-discover", "--interface=gudpx0", "--seconds=1", *arguments, language="js"
        )

    def assert_discovers(self, expected, *arguments):
        """Repeats the search, because an answer may take as long as the search."""
        self.retry(lambda: self.discover(*arguments) == expected, "resource")

    def start_announcer(self, *arguments):
        announcer = self.start("ssdp-announce", "--interface=gudpx0", *arguments, language="js")
        announcer.wait_for("^announcing")
        return announcer

    def test_finds_what_gssdp_announces(self):
        self.start_gssdp("announce", TARGET, f"uuid:1::{TARGET}", LOCATION)
        expected = [f"10.99.0.2 {TARGET} uuid:1::{TARGET} {LOCATION}"]
        self.assert_discovers(expected)
        self.assert_discovers(expected, f"--target={TARGET}")
        self.assertEqual(self.discover("--target=urn:example-org:service:Coffee:1"), [])

    def test_finds_it_by_ipv6(self):
        self.start_gssdp("announce6", TARGET, f"uuid:1::{TARGET}", LOCATION)
        self.assert_discovers(
            [f"fd99::2 {TARGET} uuid:1::{TARGET} {LOCATION}"], "--group=ff05::c"
        )

    def test_is_found_by_gssdp(self):
        # GSSDP first gets an answer to its search, and then the announcement of another resource.
        announcer = self.start_announcer(f"--target={TARGET}", "--location=http://10.99.0.1/a")
        browser = self.start_gssdp("browse", TARGET)
        announcer.wait_for(rf"^10\.99\.0\.2 searches for {TARGET}$")
        name = browser.wait_for(
            rf"^available (uuid:[0-9a-f-]{{36}}::{TARGET}) http://10\.99\.0\.1/a$"
        )[1]
        other = self.start_announcer(f"--target={TARGET}", "--location=http://10.99.0.1/b")
        browser.wait_for(rf"^available uuid:.*::{TARGET} http://10\.99\.0\.1/b$")

        for program, pattern in ((announcer, name), (other, "uuid:")):
            os.kill(program.pid, signal.SIGTERM)
            self.assertEqual(program.wait(), 0, program.output)
            self.check_lines(program)
            browser.wait_for(f"^unavailable {pattern}")

    def test_each_finds_the_other(self):
        announcer = self.start_announcer()
        (line,) = self.retry(self.discover, "resource")
        self.assertRegex(line, r"^10\.99\.0\.1 urn:example-org:service:Example:1 uuid:")
        announcer.wait_for("searches for ssdp:all")

    def test_announcer_takes_rubbish(self):
        announcer = self.start_announcer()
        sock = self.socket()
        for data in (b"", b"\xff\0", b"M-SEARCH * HTTP/1.1\r\n\r\n", b"\r\n" * 1000,
                     SEARCH % b"ssdp:all" + b"\xff",
                     SEARCH.replace(b"MX: 0", b"MX: 1e9") % b"else"):
            sock.sendto(data, ("10.99.0.1", 1900))
        sock.sendto(SEARCH.replace(b"MX: 0", b"MX: -1e9") % b"ssdp:all", ("10.99.0.1", 1900))
        answer, _ = sock.recvfrom(2000)
        self.assertTrue(answer.startswith(b"HTTP/1.1 200 OK\r\n"))
        self.assertTrue(answer.endswith(b"\r\n\r\n"))
        announcer.wait_for("searches for ssdp:all")
        announcer.stop()
        self.check_lines(announcer)

    def test_discovery_takes_rubbish(self):
        member = self.member(*GROUP)
        discovery = self.start("ssdp-discover", "--interface=gudpx0", "--seconds=60", language="js")
        search, sender = member.recvfrom(2000)
        self.assertIn(b"\r\nST: ssdp:all\r\n", search)
        head = b"HTTP/1.1 200 OK\r\n"
        for data in (b"", b"\xff\0", head, head + b"USN: u\r\n", search, b"NOTIFY" + head,
                     head + b"USN:\x1b[31mred\r\nst :x\r\nST:\tt \r\n: y\r\n",
                     head + b"ST: t\r\n" * 40 + b"USN: too-late\r\n",
                     head + b"ST: t\r\nUSN: last\r\n"):
            member.sendto(data, sender)
        discovery.wait_for("last")
        self.assertEqual(discovery.lines,
                         ["10.99.0.1 t ?[31mred nowhere", "10.99.0.1 t last nowhere"])

    def test_errors(self):
        for arguments, message in (
            (["--interface=nope0"], "nope0"),
            (["--group=nowhere"], "nowhere"),
            (["--seconds=x"], "wants a number"),
        ):
            self.assert_fails("ssdp-discover", *arguments, message=message, language="js")
        self.assert_fails("ssdp-announce", "--interface=nope0", message="nope0", language="js")


if __name__ == "__main__":
    protocoltest.tap.main()
