#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the examples that need more than a loopback interface, in the network namespace of
tests/netns."""

import socket

import tap
from exampletest import ALL_LANGUAGES, in_each_language

INTERFACE = "gudpx0"
ADDRESS = "10.99.0.1"
BROADCAST_ADDRESS = "10.99.0.255"


@in_each_language(*ALL_LANGUAGES)
class Multicast:
    def start_multicast_server(self, *arguments):
        server = self.start("multicast-server", *arguments)
        self.addCleanup(self.check_server, server)
        server.wait_for("listening on port 8005 for 228.0.0.5")
        return server

    def test_ping_pong(self):
        server = self.start_multicast_server("--interface", INTERFACE)
        for language in ALL_LANGUAGES:
            client = self.start("multicast-client", "--interface", INTERFACE, language=language)
            self.addCleanup(self.check_server, client)
            server.wait_for(rf"received .*Client: Ping.* from {ADDRESS}:\d+$")
            client.wait_for(rf"received .*Server: Pong.* from {ADDRESS}:8005$")

    def test_default_interface(self):
        server = self.start_multicast_server()
        client = self.start("multicast-client")
        self.addCleanup(self.check_server, client)
        client.wait_for("received .*Server: Pong")
        server.wait_for("received .*Client: Ping")

    def test_several_servers(self):
        servers = [self.start_multicast_server() for _ in range(2)]
        client = self.start("multicast-client")
        self.addCleanup(self.check_server, client)
        for server in servers:
            server.wait_for("received .*Client: Ping")
            client.wait_for("received .*Server: Pong")

    def test_only_pings_are_answered(self):
        server = self.start_multicast_server()
        sock = self.socket()
        for payload in (b"Client: Pong", b"Client: Ping"):
            sock.sendto(payload, ("228.0.0.5", 8005))
            server.wait_for(f"received .*{payload.decode()}")
        self.assertEqual(sock.recvfrom(100), (b"Server: Pong", (ADDRESS, 8005)))

    def test_unknown_interface(self):
        for name in ("multicast-server", "multicast-client"):
            example = self.start(name, "--interface", "nonesuch0")
            self.assertEqual(example.wait(), 1, example.output)
            self.assertIn("nonesuch0", example.output)


@in_each_language()
class Broadcast:
    def check(self, *arguments):
        example = self.start("broadcast", "--port", "8006", *arguments)
        self.addCleanup(self.check_server, example)
        example.wait_for(rf"received .*Is anybody there\?.* from {ADDRESS}:8006$")

        # The program also receives a broadcast of another program.
        sock = self.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sock.sendto(b"Good day", (BROADCAST_ADDRESS, 8006))
        example.wait_for(r"received .*Good day")

    def test_broadcast(self):
        self.check()

    def test_destination(self):
        self.check("--destination", BROADCAST_ADDRESS)

    def test_sent_to_the_link(self):
        # A packet socket at the other end of the cable sees the destination on the link.
        try:
            sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
        except OSError as error:
            self.skipTest(f"no packet socket: {error}")
        self.addCleanup(sock.close)
        sock.bind(("gudpx1", 0x0800))
        sock.settimeout(30)

        example = self.start("broadcast")
        self.addCleanup(self.check_server, example)
        example.wait_for("received .*Is anybody there")

        packet = b""
        while not packet.endswith(b"Is anybody there?"):
            packet, address = sock.recvfrom(2000)
        self.assertEqual(address[2], socket.PACKET_BROADCAST)
        self.assertEqual(packet[16:20], b"\xff\xff\xff\xff")


@in_each_language()
class EchoIpv6:
    def test_link_local(self):
        address = f"fe80::1%{INTERFACE}"
        server, host, port = self.start_server("echo-ipv6", "--address", address, "--port", "0")
        self.assertEqual(host.split("%")[0], "fe80::1")
        self.assert_echoes(self.connected_socket(address, port))
        server.wait_for(r"received .* from \[fe80::1%")

    def test_answers_from_where_it_was_asked(self):
        server, _host, port = self.start_server("echo-ipv6", "--port", "0")
        for address in ("fd99::1", f"fe80::1%{INTERFACE}", "10.99.0.1", "::1"):
            # A connected socket would not see an answer from elsewhere.
            self.assert_echoes(self.connected_socket(address, port), b"hello")
            server.wait_for("received")


@in_each_language(*ALL_LANGUAGES)
class Resolve:
    def test_unknown_name(self):
        # Name servers are unreachable here. The error depends on the resolver.
        resolve = self.start("resolve", "nonesuch.invalid")
        self.assertEqual(resolve.wait(), 1, resolve.output)
        self.assertEqual(len(resolve.lines), 1, resolve.output)
        self.assertIn("nonesuch.invalid", resolve.output)


if __name__ == "__main__":
    tap.main()
