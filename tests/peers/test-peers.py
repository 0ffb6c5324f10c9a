#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests Gudpx with other implementations, in both directions, over the loopback interface."""

import os
import shutil
import subprocess
import sys
import unittest

import tap
from peertest import HERE, SIZES, TIME_LIMIT, Peers, free_number

SIZES_BUT_EMPTY = SIZES[1:]


class EachPeer(Peers):
    """Tests for each peer that has a program of ours."""

    peer = None

    def setUp(self):
        self.require(self.peer)

    def check_gudpx_serves(self, address):
        server, port = self.start_server("gudpx", address)
        self.run_client(self.peer, address, port)
        self.check_received(server)

    def check_gudpx_asks(self, address):
        server, port = self.start_server(self.peer, address)
        self.run_client("gudpx", address, port)
        self.check_received(server)

    def test_gudpx_serves_ipv4(self):
        self.check_gudpx_serves("127.0.0.1")

    def test_gudpx_asks_ipv4(self):
        self.check_gudpx_asks("127.0.0.1")

    def test_gudpx_serves_ipv6(self):
        self.require_ipv6()
        self.check_gudpx_serves("::1")

    def test_gudpx_asks_ipv6(self):
        self.require_ipv6()
        self.check_gudpx_asks("::1")

    def test_gudpx_serves_both(self):
        self.require_ipv6()
        server, port = self.start_server("gudpx", "::")
        for address in ("127.0.0.1", "::1"):
            self.run_client(self.peer, address, port)
            self.check_received(server)

    def test_gudpx_serves_many(self):
        server, port = self.start_server("gudpx", "127.0.0.1")
        sizes = list(range(200))
        self.run_client(self.peer, "127.0.0.1", port, sizes=sizes)
        self.check_received(server, sizes)


class Twisted(EachPeer, unittest.TestCase):
    peer = "twisted"


class Node(EachPeer, unittest.TestCase):
    peer = "node"


class Gudpx(EachPeer, unittest.TestCase):
    peer = "gudpx"


class Socat(Peers, unittest.TestCase):
    """socat ignores empty datagrams, and so does not answer them."""

    def setUp(self):
        self.require("socat")

    def check_gudpx_serves(self, address, scheme):
        server, port = self.start_server("gudpx", address)
        bracketed = f"[{address}]" if ":" in address else address
        self.run_socat_client(f"{scheme}:{bracketed}:{port}", SIZES_BUT_EMPTY)
        self.check_received(server, SIZES_BUT_EMPTY)
        self.send_empty_with_socat(f"{scheme}-SENDTO:{bracketed}:{port}")
        self.check_received(server, [0])

    def check_gudpx_asks(self, address, scheme):
        port = free_number(address)
        bracketed = f"[{address}]" if ":" in address else address
        self.start_socat_server(f"{scheme}-RECVFROM:{port},bind={bracketed}")
        self.run_client("gudpx", address, port, sizes=SIZES_BUT_EMPTY)

    def test_gudpx_serves_ipv4(self):
        self.check_gudpx_serves("127.0.0.1", "UDP4")

    def test_gudpx_asks_ipv4(self):
        self.check_gudpx_asks("127.0.0.1", "UDP4")

    def test_gudpx_serves_ipv6(self):
        self.require_ipv6()
        self.check_gudpx_serves("::1", "UDP6")

    def test_gudpx_asks_ipv6(self):
        self.require_ipv6()
        self.check_gudpx_asks("::1", "UDP6")

    def test_gudpx_serves_unix(self):
        path = os.path.join(self.directory(), "server")
        server, _ = self.start_server("gudpx", path)
        self.run_socat_client(f"UNIX-SENDTO:{path},bind={path}-client", SIZES_BUT_EMPTY)
        self.check_received(server, SIZES_BUT_EMPTY)

    def test_gudpx_asks_unix(self):
        path = os.path.join(self.directory(), "server")
        self.start_socat_server(f"UNIX-RECVFROM:{path}")
        self.run_client("gudpx", path, path + "-client", sizes=SIZES_BUT_EMPTY)

    def test_gudpx_asks_before_anybody_is_there(self):
        port = free_number("127.0.0.1")
        client = self.start([*self.gudpx_client(), "127.0.0.1", port, "-", 1472])
        client.wait_for("^refused$")
        self.start_socat_server(f"UDP4-RECVFROM:{port},bind=127.0.0.1")
        client.wait_for("^echoed 1472$")
        self.assertEqual(client.wait(), 0, client.output)

    @staticmethod
    def gudpx_client():
        return [sys.executable, HERE / "gudpxpeer.py", "client"]


class Dig(Peers, unittest.TestCase):
    """Queries a small name server with a real DNS client."""

    address = "127.0.0.1"

    def setUp(self):
        if shutil.which("dig") is None:
            self.skipTest("dig is missing")
        server = self.start([sys.executable, HERE / "dnsresponder.py", self.address])
        self.port = server.wait_for(r"^listening (\d+)$")[1]

    def dig(self, *words):
        command = ["dig", f"@{self.address}", "-p", self.port, "+tries=1", f"+time={TIME_LIMIT}"]
        result = subprocess.run(
            [*command, *words], capture_output=True, encoding="utf-8", timeout=3 * TIME_LIMIT
        )
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        return result.stdout

    def test_addresses(self):
        self.assertEqual(self.dig("+short", "host.example", "A"), "192.0.2.7\n")
        self.assertEqual(self.dig("+short", "host.example", "AAAA"), "2001:db8::7\n")

    def test_long_answer(self):
        answer = self.dig("+short", "+bufsize=4096", "long.example", "TXT")
        self.assertEqual(answer, " ".join(['"' + 250 * "x" + '"'] * 8) + "\n")

    def test_unknown_name(self):
        self.assertIn("status: NXDOMAIN", self.dig("nonesuch.example"))

    def test_many_questions(self):
        path = os.path.join(self.directory(), "questions")
        with open(path, "w", encoding="ascii") as file:
            for _ in range(200):
                file.write("host.example A\n")
        self.assertEqual(self.dig("+short", "-f", path), 200 * "192.0.2.7\n")


class DigIpv6(Dig):
    address = "::1"

    def setUp(self):
        self.require_ipv6()
        super().setUp()


if __name__ == "__main__":
    tap.main()
