#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests Gudpx and others in multicast groups, in the network namespace of tests/netns."""

import unittest

import tap
from peertest import SIZES, Peers, free_number

INTERFACE, ADDRESS, LINK_LOCAL = "gudpx0", "10.99.0.1", "fe80::1%gudpx0"
GROUP, GROUP6 = "239.99.0.1", "ff15::99"


class EachPeer(Peers):
    peer = None
    interface = INTERFACE

    def setUp(self):
        self.require(self.peer)

    def check_gudpx_joins(self, address, group):
        server, port = self.start_server("gudpx", address, group, INTERFACE)
        self.run_client(self.peer, group, port, self.interface)
        self.check_received(server)

    def check_gudpx_sends(self, address, group):
        server, port = self.start_server(self.peer, address, group, self.interface)
        self.run_client("gudpx", group, port, INTERFACE)
        self.check_received(server)

    def test_gudpx_joins_ipv4(self):
        self.check_gudpx_joins("0.0.0.0", GROUP)

    def test_gudpx_sends_ipv4(self):
        self.check_gudpx_sends("0.0.0.0", GROUP)


class Ipv6:
    def test_gudpx_joins_ipv6(self):
        self.check_gudpx_joins("::", GROUP6)

    def test_gudpx_sends_ipv6(self):
        self.check_gudpx_sends("::", GROUP6)


class LinkLocal:
    def test_gudpx_serves_link_local(self):
        server, port = self.start_server("gudpx", LINK_LOCAL)
        self.run_client(self.peer, LINK_LOCAL, port)
        self.check_received(server)

    def test_gudpx_asks_link_local(self):
        server, port = self.start_server(self.peer, LINK_LOCAL)
        self.run_client("gudpx", LINK_LOCAL, port)
        self.check_received(server)


class Twisted(EachPeer, unittest.TestCase):
    # Old versions lack IPv6 multicast, and link-local addresses lose their scope.
    peer = "twisted"
    interface = ADDRESS


class Node(EachPeer, Ipv6, LinkLocal, unittest.TestCase):
    peer = "node"


class Gudpx(EachPeer, Ipv6, LinkLocal, unittest.TestCase):
    peer = "gudpx"


class Socat(Peers, unittest.TestCase):
    sizes = SIZES[1:]

    def setUp(self):
        self.require("socat")

    def test_gudpx_joins_ipv4(self):
        server, port = self.start_server("gudpx", "0.0.0.0", GROUP, INTERFACE)
        address = f"UDP4-DATAGRAM:{GROUP}:{port},ip-multicast-if={ADDRESS}"
        self.run_socat_client(address, self.sizes)
        self.check_received(server, self.sizes)

    def test_gudpx_sends_ipv4(self):
        port = free_number("0.0.0.0")
        self.start_socat_server(f"UDP4-RECVFROM:{port},ip-add-membership={GROUP}:{INTERFACE}")
        self.run_client("gudpx", GROUP, port, INTERFACE, self.sizes)

    def test_gudpx_joins_ipv6(self):
        server, port = self.start_server("gudpx", "::", GROUP6, INTERFACE)
        self.run_socat_client(f"UDP6-DATAGRAM:[{GROUP6}]:{port}", self.sizes)
        self.check_received(server, self.sizes)

    def test_gudpx_sends_ipv6(self):
        port = free_number("::")
        self.start_socat_server(f"UDP6-RECVFROM:{port},ipv6-join-group=[{GROUP6}]:{INTERFACE}")
        self.run_client("gudpx", GROUP6, port, INTERFACE, self.sizes)


if __name__ == "__main__":
    tap.main()
