#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Multicast, links and unreachable hosts, in the network namespace of tests/netns."""

import contextlib
import gc
import socket
import struct

import tap
from gudpxtest import (LOCALHOST, Code, Recorder, TestCase, address, iterate_until, number,
                       of_linux, settle)

from gi.repository import Gio, Gudpx

GROUP4, OTHER_GROUP4, SOURCE_GROUP4 = "239.1.2.3", "239.1.2.4", "232.1.2.3"
GROUP6, OTHER_GROUP6, SOURCE_GROUP6 = "ff15::1234", "ff15::1235", "ff35::1234"
OURS4, OURS6 = "10.99.0.1", "fd99::1"

# The system has no route to these hosts.
UNREACHABLE4, UNREACHABLE6 = "192.0.2.1", "2001:db8::1"
# This address is on the link, but no host has it.
SILENT4 = "10.99.0.77"


def checksum(data):
    """Returns the checksum of RFC 1071."""
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xffff) + (total >> 16)
    return ~(total + (total >> 16)) & 0xffff


def fragmentation_needed(source, source_port, destination, destination_port, mtu):
    """Returns the ICMP message of a router that could not forward a datagram."""
    sent = struct.pack("!BBHHHBBH4s4sHHHH", 0x45, 0, 1500, 0, 0x4000, 64, socket.IPPROTO_UDP, 0,
                       socket.inet_aton(source), socket.inet_aton(destination),
                       source_port, destination_port, 1480, 0)
    message = struct.pack("!BBHHH", 3, 4, 0, 0, mtu) + sent
    return message[:2] + struct.pack("!H", checksum(message)) + message[4:]


class NetworkTestCase(TestCase):
    def listen_multicast(self, host=None, port=0, protocol=None):
        return self.own(Gudpx.listen_multicast(port, protocol or Recorder(), True, host))

    def assert_received(self, port, *payloads):
        settle()
        protocol = port.get_protocol()
        # Datagrams take some time on the cable.
        iterate_until(lambda: len(protocol.datagrams) >= len(payloads))
        settle()
        self.assertEqual(protocol.payloads, list(payloads))
        protocol.datagrams.clear()


class Multicast:
    """Tests that are the same for IPv4 and IPv6."""

    def setUp(self):
        super().setUp()
        self.port = self.listen_multicast(self.any)
        self.writer = self.listen(host=self.any)

    def write(self, payload, group=None):
        self.writer.write_to_host(payload, group or self.group, number(self.port))

    def write_marked(self, payload, group=None):
        """Writes the datagram, then another one that arrives in any case."""
        self.write(payload, group)
        self.writer.write_to_host(b"mark", self.ours, number(self.port))

    def test_joined_and_left(self):
        self.write_marked(b"before")
        self.assert_received(self.port, b"mark")
        self.assertTrue(self.port.join_group(self.group, None))
        self.write_marked(b"joined")
        self.assert_received(self.port, b"joined", b"mark")
        self.assertTrue(self.port.leave_group(self.group, None))
        self.write_marked(b"left")
        self.assert_received(self.port, b"mark")

    def test_by_the_name_of_an_interface(self):
        self.port.join_group(self.group, "gudpx0")
        self.write(b"x")
        self.assert_received(self.port, b"x")
        self.port.leave_group(self.group, "gudpx0")

    def test_by_the_address_of_an_interface(self):
        self.port.join_group(self.group, self.ours)
        self.write(b"x")
        self.assert_received(self.port, b"x")
        self.port.leave_group(self.group, self.ours)

    def test_on_another_interface(self):
        self.port.join_group(self.group, "lo")
        self.write_marked(b"x")
        self.assert_received(self.port, b"mark")

    def test_not_the_groups_of_others(self):
        other = self.listen_multicast(self.any, number(self.port))
        self.port.join_group(self.group, None)
        other.join_group(self.other_group, None)
        self.write(b"x", self.group)
        self.write(b"y", self.other_group)
        self.assert_received(self.port, b"x")
        self.assert_received(other, b"y")

    def test_several_members(self):
        ports = [self.port] + [self.listen_multicast(self.any, number(self.port)) for _ in range(2)]
        for port in ports:
            port.join_group(self.group, None)
        self.write(b"x")
        for port in ports:
            self.assert_received(port, b"x")

    @of_linux
    def test_twisteds_ping_and_pong(self):
        """Follows Twisted's howto: server and client share a number, and the client starts
        later."""
        server = Recorder(datagram_received=lambda _, datagram: (
            datagram.get_payload() == b"Client: Ping" and datagram.reply(b"Server: Pong")))
        port = self.listen_multicast(self.any, protocol=server)
        port.join_group(self.group, None)
        for _ in range(20):
            client = self.listen_multicast(self.any, number(port))
            client.join_group(self.group, None)
            client.write_to_host(b"Client: Ping", self.group, number(port))
            self.assert_received(client, b"Client: Ping", b"Server: Pong")
            client.stop_listening()

    def test_joined_twice(self):
        self.port.join_group(self.group, None)
        with self.assert_error(Code.ADDRESS_IN_USE, self.group):
            self.port.join_group(self.group, None)
        self.port.leave_group(self.group, None)

    def test_left_without_joining(self):
        with self.assert_error(Code.NOT_FOUND, self.group):
            self.port.leave_group(self.group, None)

    def test_no_group(self):
        for wrong in (self.ours, "localhost", ""):
            with self.assert_error(Code.INVALID_ARGUMENT, wrong):
                self.port.join_group(wrong, None)
            with self.assert_error(Code.INVALID_ARGUMENT, wrong):
                self.port.leave_group(wrong, None)

    def test_an_unknown_interface(self):
        for interface in ("nosuch0", self.nobodys):
            with self.assert_error(Code.NOT_FOUND, interface):
                self.port.join_group(self.group, interface)

    def test_joined_again_after_a_restart(self):
        self.port.join_group(self.group, "gudpx0")
        self.port.join_group(self.other_group, "gudpx0")
        self.port.leave_group(self.other_group, "gudpx0")
        self.port.stop_listening()
        self.port.start_listening()
        self.write_marked(b"x")
        self.assert_received(self.port, b"x", b"mark")
        self.write_marked(b"y", self.other_group)
        self.assert_received(self.port, b"mark")
        with self.assert_error(Code.ADDRESS_IN_USE):
            self.port.join_group(self.group, "gudpx0")
        self.port.leave_group(self.group, "gudpx0")

    def test_joined_in_started(self):
        protocol = Recorder(started=lambda protocol: (
            protocol.get_transport().join_group(self.group, None)))
        self.port = self.listen_multicast(self.any, protocol=protocol)
        self.write(b"x")
        self.assert_received(self.port, b"x")

    def test_a_source(self):
        self.port.join_source_group(self.source_group, self.ours, "gudpx0")
        self.write(b"x", self.source_group)
        self.assert_received(self.port, b"x")
        with self.assert_error(Code.ADDRESS_IN_USE):
            self.port.join_source_group(self.source_group, self.ours, "gudpx0")
        self.port.leave_source_group(self.source_group, self.ours, "gudpx0")
        self.write_marked(b"y", self.source_group)
        self.assert_received(self.port, b"mark")
        with self.assert_error(Code.NOT_FOUND):
            self.port.leave_source_group(self.source_group, self.ours, "gudpx0")

    def test_another_source(self):
        self.port.join_source_group(self.source_group, self.nobodys, "gudpx0")
        self.write_marked(b"x", self.source_group)
        self.assert_received(self.port, b"mark")

    def test_a_source_after_a_restart(self):
        self.port.join_source_group(self.source_group, self.ours, "gudpx0")
        self.port.stop_listening()
        self.port.start_listening()
        self.write(b"x", self.source_group)
        self.assert_received(self.port, b"x")

    def test_no_source(self):
        for wrong in (self.group, "localhost"):
            with self.assert_error(Code.INVALID_ARGUMENT, wrong):
                self.port.join_source_group(self.source_group, wrong, None)

    def test_loopback(self):
        self.port.join_group(self.group, None)
        self.writer.set_multicast_loopback(False)
        self.write_marked(b"not looped")
        self.assert_received(self.port, b"mark")
        self.writer.set_multicast_loopback(True)
        self.write(b"looped")
        self.assert_received(self.port, b"looped")

    def test_ttl_and_destination(self):
        protocol = Recorder()
        self.port = self.listen_multicast(self.any, protocol=protocol)
        self.port.set_metadata(Gudpx.MetadataFlags.HOP_LIMIT | Gudpx.MetadataFlags.DESTINATION)
        self.port.join_group(self.group, None)
        for ttl in (1, 7, 0):
            self.writer.set_multicast_ttl(ttl)
            self.write(b"x")
        iterate_until(lambda: len(protocol.datagrams) == 3)
        self.assertEqual([d.get_hop_limit() for d in protocol.datagrams], [1, 7, 0])
        for datagram in protocol.datagrams:
            self.assertEqual(datagram.get_destination().get_address().to_string(), self.group)
            self.assertEqual(datagram.get_destination().get_port(), number(self.port))

    def test_a_reply_leaves_from_an_own_address(self):
        protocol = Recorder(datagram_received=lambda _, datagram: datagram.reply(b"here"))
        self.port = self.listen_multicast(self.any, protocol=protocol)
        self.port.set_metadata(Gudpx.MetadataFlags.DESTINATION)
        self.port.join_group(self.group, None)
        self.write(b"x")
        self.assert_received(self.writer, b"here")

    def test_the_interface_to_send_by(self):
        self.port.join_group(self.group, "gudpx0")
        self.writer.set_multicast_interface("gudpx0")
        self.write(b"x")
        self.assert_received(self.port, b"x")
        self.writer.set_multicast_interface(self.ours)
        self.write(b"y")
        self.assert_received(self.port, b"y")
        self.writer.set_multicast_interface("gudpx1")
        self.writer.set_multicast_interface(None)
        self.assertIsNone(self.writer.get_multicast_interface())
        self.write(b"z")
        self.assert_received(self.port, b"z")

    def test_an_unknown_interface_to_send_by(self):
        for interface in ("nosuch0", self.nobodys):
            with self.assert_error(Code.NOT_FOUND, interface):
                self.writer.set_multicast_interface(interface)

    def test_after_the_stop(self):
        self.port.join_group(self.group, None)
        self.port.stop_listening()
        with self.assert_error(Code.CLOSED):
            self.port.leave_group(self.group, None)


class Multicast4(Multicast, NetworkTestCase):
    any, ours, nobodys = "0.0.0.0", OURS4, "192.0.2.9"
    group, other_group, source_group = GROUP4, OTHER_GROUP4, SOURCE_GROUP4

    def test_of_the_other_family(self):
        with self.assert_error(Code.INVALID_ARGUMENT, GROUP6):
            self.port.join_group(GROUP6, None)
        with self.assert_error(Code.INVALID_ARGUMENT):
            self.port.join_group(GROUP4, OURS6)


class Multicast6(Multicast, NetworkTestCase):
    any, ours, nobodys = "::", OURS6, "2001:db8::9"
    group, other_group, source_group = GROUP6, OTHER_GROUP6, SOURCE_GROUP6

    def test_an_ipv4_group_on_dual_stack(self):
        self.port.join_group(GROUP4, "gudpx0")
        self.write(b"x", GROUP4)
        self.assert_received(self.port, b"x")
        self.port.leave_group(GROUP4, "gudpx0")

    def test_a_scope_names_the_interface(self):
        self.port.join_group("ff02::1234%gudpx0", None)
        self.write(b"x", "ff02::1234%gudpx0")
        self.assert_received(self.port, b"x")

    def test_over_the_cable(self):
        """Sends from one end of the cable to the other end on the same machine."""
        self.port.join_group("ff02::1234", "gudpx1")
        self.write(b"x", "ff02::1234%gudpx0")
        self.assert_received(self.port, b"x")


class LinkLocal(NetworkTestCase):
    def test_scopes_survive(self):
        protocol = Recorder(datagram_received=lambda _, datagram: datagram.reply(b"pong"))
        port = self.listen(protocol, "fe80::1%gudpx0")
        self.assertEqual(port.get_local_address().get_scope_id(), socket.if_nametoindex("gudpx0"))
        written = port.get_local_address().to_string()
        host = written[1:written.index("]")]
        self.assertTrue(Gudpx.address_equal(address(host, number(port)), port.get_local_address()))
        client = Recorder()
        asker = self.listen(client, "fe80::2%gudpx1")
        asker.write_to_host(b"ping", "fe80::1%gudpx1", number(port))
        iterate_until(lambda: client.datagrams)
        self.assertEqual(client.payloads, [b"pong"])
        sender = protocol.datagrams[0].get_sender()
        self.assertEqual(sender.get_scope_id(), socket.if_nametoindex("gudpx0"))
        self.assertTrue(Gudpx.address_equal(sender, address("fe80::2%gudpx0", number(asker))))

    def test_any(self):
        protocol = Recorder(datagram_received=lambda _, datagram: datagram.reply(b"pong"))
        port = self.listen(protocol, "::")
        port.set_metadata(Gudpx.MetadataFlags.DESTINATION)
        client = Recorder()
        asker = self.listen(client, "fe80::2%gudpx1")
        asker.connect_peer("fe80::1%gudpx1", number(port))
        self.assertEqual(asker.get_peer_address().get_scope_id(), socket.if_nametoindex("gudpx1"))
        asker.write(b"ping")
        iterate_until(lambda: client.datagrams)
        datagram = protocol.datagrams[0]
        self.assertEqual(datagram.get_interface_index(), socket.if_nametoindex("gudpx0"))
        self.assertEqual(datagram.get_destination().get_scope_id(),
                         socket.if_nametoindex("gudpx0"))

    def test_without_a_scope(self):
        port = self.listen(host="::")
        with self.assert_error(Code.INVALID_ARGUMENT, "fe80::2"):
            port.connect_peer("fe80::2", 9)
        with self.assert_error(Code.INVALID_ARGUMENT, "fe80::1"):
            self.listen(host="fe80::1")

    def test_bound_to_a_device(self):
        protocol = Recorder()
        port = self.own(Gudpx.Port(protocol=protocol, local_address=address("::", 0),
                                   bind_device="gudpx1"))
        port.start_listening()
        self.assertEqual(port.get_bind_device(), "gudpx1")
        writer = self.listen(host="::")
        writer.write_to_host(b"not this way", OURS6, number(port))
        writer.write_to_host(b"this way", "fe80::2%gudpx0", number(port))
        iterate_until(lambda: protocol.datagrams)
        self.assertEqual(protocol.payloads, [b"this way"])


class Broadcast(NetworkTestCase):
    def test_allowed(self):
        protocol = Recorder()
        port = self.listen(protocol, None)
        writer = self.listen(host=OURS4)
        for host in ("<broadcast>", "255.255.255.255", "10.99.0.255"):
            with self.assert_error(Code.PERMISSION_DENIED):
                writer.write_to_host(b"x", host, number(port))
        writer.set_broadcast_allowed(True)
        for host in ("<broadcast>", "255.255.255.255", "10.99.0.255"):
            self.assertTrue(writer.write_to_host(host.encode(), host, number(port)))
        self.assert_received(port, b"<broadcast>", b"255.255.255.255", b"10.99.0.255")


class Unreachable(NetworkTestCase):
    def setUp(self):
        super().setUp()
        # The kernel asks three times for a host, here in less than a second each.
        with contextlib.suppress(OSError):
            with open("/proc/sys/net/ipv4/neigh/gudpx0/retrans_time_ms", "w",
                      encoding="ascii") as file:
                file.write("50")

    def test_a_network(self):
        port = self.listen(host="::")
        for host in (UNREACHABLE4, UNREACHABLE6):
            with self.assert_error(Code.NETWORK_UNREACHABLE, host):
                port.write_to_host(b"x", host, 9)
            with self.assert_error(Code.NETWORK_UNREACHABLE, host):
                port.connect_peer(host, 9)
        self.assertIsNone(port.get_peer_address())
        self.assertEqual(port.get_protocol().events, ["started"])

    def test_a_network_from_a_handler(self):
        """The datagram was queued: the error arrives later, with its destination."""
        protocol = Recorder(datagram_received=lambda _, datagram: (
            datagram.get_transport().write_to_host(b"x", UNREACHABLE4, 9), datagram.reply(b"y")))
        port = self.listen(protocol, None)
        asker = self.socket()
        asker.sendto(b"go", (LOCALHOST, number(port)))
        iterate_until(lambda: protocol.errors)
        error, destination = protocol.errors[0]
        self.assertTrue(error.matches(Gio.io_error_quark(), Code.NETWORK_UNREACHABLE))
        self.assertIn(UNREACHABLE4, error.message)
        self.assertEqual(destination.to_string(), f"{UNREACHABLE4}:9")
        # The error does not delay other datagrams.
        self.assertEqual(asker.recv(10), b"y")

    @of_linux
    def test_a_host_while_connected(self):
        """Writes to a silent host on the link: after a while the kernel gives up."""
        protocol = Recorder()
        port = self.listen(protocol, None)
        port.connect_peer(SILENT4, 9)
        port.write(b"x")
        iterate_until(lambda: protocol.errors)
        error, destination = protocol.errors[0]
        self.assertTrue(error.matches(Gio.io_error_quark(), Code.HOST_UNREACHABLE), error.message)
        self.assertEqual(destination.to_string(), f"{SILENT4}:9")
        self.assertEqual(protocol.count("connection_refused"), 0)
        gc.collect()
        self.assertIn(SILENT4, error.message)
        # The port continues, and so does the next write.
        self.assertTrue(port.write(b"x"))
        peer = self.socket(OURS4)
        port.connect_peer(*peer.getsockname())
        peer.sendto(b"y", (OURS4, number(port)))
        iterate_until(lambda: protocol.datagrams)

    def test_no_fragments(self):
        protocol = Recorder()
        there = self.listen(protocol, "fe80::2%gudpx1")
        port = self.listen(host="fe80::1%gudpx0")
        port.connect_peer("fe80::2%gudpx0", number(there))
        port.write(bytes(3000))
        iterate_until(lambda: protocol.datagrams)
        self.assertTrue(port.set_dont_fragment(True))
        with self.assert_error(Code.MESSAGE_TOO_LARGE, 3000, 1500):
            port.write(bytes(3000))
        port.write(bytes(1452))
        iterate_until(lambda: len(protocol.datagrams) == 2)

    def test_path_mtu(self):
        port = self.listen(host=None)
        port.connect_peer("10.99.0.2", 9)
        self.assertEqual(port.get_path_mtu(), 1500)

    def test_the_path_becomes_narrower(self):
        """Imitates the message of a router (RFC 1191)."""
        protocol = Recorder()
        port = self.listen(protocol, host=OURS4)
        port.connect_peer("10.99.0.2", 9)
        notified = []
        port.connect("notify::path-mtu", lambda *_: notified.append(port.get_path_mtu()))
        with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as router:
            router.sendto(fragmentation_needed(OURS4, number(port), "10.99.0.2", 9, mtu=1280),
                          (OURS4, 0))
        iterate_until(lambda: notified)
        self.assertEqual(notified, [1280])
        [(error, destination)] = protocol.errors
        self.assertTrue(error.matches(Gio.io_error_quark(), Code.MESSAGE_TOO_LARGE), error)
        self.assertTrue(Gudpx.address_equal(destination, port.get_peer_address()))


if __name__ == "__main__":
    tap.main()
