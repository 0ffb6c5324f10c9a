#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Peers: connecting, changing, disappearing; and sockets that another program made."""

import os
import socket

import tap
from gudpxtest import (DESTINATION_UNSET, LOCALHOST, Code, Recorder, TestCase, address,
                       iterate_until, number, settle)

from gi.repository import Gio, Gudpx


class Connect(TestCase):
    def setUp(self):
        super().setUp()
        self.protocol = Recorder()
        self.port = self.listen(self.protocol)
        self.number = number(self.port)

    def plain(self):
        plain = self.socket()
        plain.connect((LOCALHOST, self.number))
        return plain

    def assert_received(self, *payloads):
        settle()
        self.assertEqual(self.protocol.payloads, list(payloads))
        self.protocol.datagrams.clear()

    def test_both_ways(self):
        peer = self.plain()
        self.assertTrue(self.port.connect_peer(*peer.getsockname()))
        self.port.write(b"ping")
        peer.send(b"pong")
        self.assertEqual(peer.recv(10), b"ping")
        self.assert_received(b"pong")

    def test_addresses(self):
        peer = self.plain()
        seen = []
        self.port.connect("notify::peer-address",
                          lambda port, _: seen.append(port.props.peer_address))
        self.assertIsNone(self.port.get_peer_address())
        self.port.connect_peer_address(address(*peer.getsockname()))
        self.assertEqual(self.port.get_peer_address().to_string(), "%s:%d" % peer.getsockname())
        self.assertEqual(seen, [self.port.get_peer_address()])
        self.port.connect_peer(*peer.getsockname())
        self.assertEqual(len(seen), 1)
        self.port.disconnect_peer()
        self.assertEqual(seen[1:], [None])
        self.port.disconnect_peer()
        self.assertEqual(len(seen), 2)

    def test_the_local_address_becomes_concrete(self):
        port = self.listen(host=None)
        seen = []
        port.connect("notify::local-address",
                     lambda port, _: seen.append(port.get_local_address().to_string()))
        before = number(port)
        port.connect_peer(LOCALHOST, 9)
        port.disconnect_peer()
        self.assertEqual(seen, [f"127.0.0.1:{before}", f"0.0.0.0:{before}"])

    def test_strangers_are_filtered(self):
        peer, stranger = self.plain(), self.plain()
        self.port.connect_peer(*peer.getsockname())
        stranger.send(b"stranger")
        peer.send(b"peer")
        self.assert_received(b"peer")

    def test_strangers_that_came_before_are_too(self):
        peer, stranger = self.plain(), self.plain()
        stranger.send(b"early stranger")
        peer.send(b"early peer")
        self.port.connect_peer(*peer.getsockname())
        peer.send(b"peer")
        self.assert_received(b"early peer", b"peer")

    def test_connected_in_the_middle_of_a_batch(self):
        peer, stranger = self.plain(), self.plain()
        self.protocol.handlers["datagram_received"] = lambda _, datagram: (
            self.port.connect_peer_address(datagram.get_sender()))
        for i in range(10):
            peer.send(b"peer %d" % i)
            stranger.send(b"stranger %d" % i)
        self.assert_received(*(b"peer %d" % i for i in range(10)))

    def test_connected_in_started(self):
        peer = self.socket()
        port = self.listen(Recorder(started=lambda self: (
            self.get_transport().connect_peer(*peer.getsockname()),
            self.get_transport().write(b"hello"))))
        self.assertEqual(peer.recvfrom(10), (b"hello", (LOCALHOST, number(port))))

    def test_connected_elsewhere(self):
        # These sockets are not connected: they would get the refusals of other peers.
        first, second = self.socket(), self.socket()
        for _ in range(3):
            for peer, other in ((first, second), (second, first)):
                self.port.connect_peer(*peer.getsockname())
                self.assertEqual(number(self.port), self.number)
                self.port.write(b"x")
                self.assertEqual(peer.recvfrom(10), (b"x", (LOCALHOST, self.number)))
                self.assert_nothing_to_read(other)
                other.sendto(b"other", (LOCALHOST, self.number))
                peer.sendto(b"peer", (LOCALHOST, self.number))
                self.assert_received(b"peer")

    def test_the_number_is_kept(self):
        for host in (LOCALHOST, None, "::"):
            port = self.listen(self.protocol, host)
            before = number(port)
            for _ in range(5):
                port.connect_peer(LOCALHOST, 9)
                self.assertEqual(number(port), before)
                port.disconnect_peer()
                self.assertEqual(number(port), before)
            # Other senders reach the port again.
            self.socket().sendto(b"x", (LOCALHOST, before))
            self.assert_received(b"x")

    def test_disconnected(self):
        peer, stranger = self.plain(), self.plain()
        self.port.connect_peer(*peer.getsockname())
        self.assertTrue(self.port.disconnect_peer())
        stranger.send(b"stranger")
        peer.send(b"peer")
        self.assert_received(b"stranger", b"peer")
        with self.assert_error(DESTINATION_UNSET):
            self.port.write(b"x")
        self.port.write_to_host(b"x", *stranger.getsockname())
        self.assertEqual(stranger.recv(10), b"x")

    def test_disconnecting_nobody(self):
        self.assertTrue(self.port.disconnect_peer())

    def test_what_was_written_in_a_handler_goes_to_the_peer_of_then(self):
        first, second = self.plain(), self.plain()

        def handle(_, datagram):
            self.port.connect_peer(*first.getsockname())
            self.port.write(b"first")
            self.port.connect_peer(*second.getsockname())
            self.port.write(b"second")
            self.port.disconnect_peer()

        self.protocol.handlers["datagram_received"] = handle
        self.plain().send(b"go")
        settle()
        self.assertEqual((first.recv(10), second.recv(10)), (b"first", b"second"))

    def test_gone_after_a_restart(self):
        self.port.connect_peer(LOCALHOST, 9)
        self.port.stop_listening()
        self.assertIsNone(self.port.get_peer_address())
        self.port.start_listening()
        self.assertIsNone(self.port.get_peer_address())

    def test_errors(self):
        for name in ("localhost", "", "127.1"):
            with self.assert_error(Code.INVALID_ARGUMENT, name):
                self.port.connect_peer(name, 9)
        with self.assert_error(Code.INVALID_ARGUMENT, "::1"):
            self.port.connect_peer("::1", 9)
        self.assertIsNone(self.port.get_peer_address())
        peer = self.plain()
        peer.send(b"x")
        self.assert_received(b"x")

    def test_an_error_leaves_the_old_peer(self):
        peer = self.plain()
        self.port.connect_peer(*peer.getsockname())
        with self.assert_error(Code.INVALID_ARGUMENT):
            self.port.connect_peer("::1", 9)
        self.port.write(b"x")
        self.assertEqual(peer.recv(10), b"x")
        self.assertEqual(self.port.get_peer_address().to_string(), "%s:%d" % peer.getsockname())

    def test_two_ports(self):
        other = self.listen(Recorder(datagram_received=lambda _, datagram: datagram.reply(b"pong")))
        self.port.connect_peer_address(other.get_local_address())
        other.connect_peer_address(self.port.get_local_address())
        self.port.write(b"ping")
        self.assert_received(b"pong")

    def test_path_mtu(self):
        self.assertEqual(self.port.get_path_mtu(), 0)
        self.port.connect_peer(LOCALHOST, 9)
        # The MTU of the loopback interface is larger than an IPv4 packet.
        self.assertIn(self.port.get_path_mtu(), (65535, 65536))
        self.assertEqual(self.port.props.path_mtu, self.port.get_path_mtu())
        self.port.disconnect_peer()
        self.assertEqual(self.port.get_path_mtu(), 0)


class Refusal(TestCase):
    def connect(self, host=LOCALHOST, **handlers):
        protocol = Recorder(**handlers)
        port = self.listen(protocol, host)
        return protocol, port

    def test_while_idle(self):
        protocol, port = self.connect()
        port.connect_peer(LOCALHOST, self.unused_number())
        port.write(b"x")
        iterate_until(lambda: protocol.count("connection_refused"))
        settle()
        self.assertEqual(protocol.events, ["started", "connection_refused"])
        self.assertEqual(protocol.errors, [])
        self.assertEqual(port.get_statistics().errors, 1)

    def test_each(self):
        protocol, port = self.connect()
        port.connect_peer(LOCALHOST, self.unused_number())
        for i in range(3):
            port.write(b"x")
            iterate_until(lambda: protocol.count("connection_refused") == i + 1)

    def test_fails_no_write(self):
        protocol, port = self.connect()
        port.connect_peer(LOCALHOST, self.unused_number())
        for _ in range(20):
            self.assertTrue(port.write(b"x"))
        iterate_until(lambda: protocol.count("connection_refused"))
        self.assertEqual(port.get_statistics().datagrams_sent, 20)

    def test_while_busy(self):
        """Connects and disconnects while datagrams pass."""
        protocol, port = self.connect()
        peer = self.peer_of(port)
        for i in range(20):
            peer.send(b"%d" % i)
        at = peer.getsockname()
        peer.close()
        port.write(b"x")
        iterate_until(lambda: protocol.count("connection_refused"))
        settle()
        self.assertEqual(protocol.payloads, [b"%d" % i for i in range(20)])
        back = self.socket(*at)
        back.sendto(b"back", (LOCALHOST, number(port)))
        settle()
        self.assertEqual(protocol.payloads[-1], b"back")
        port.write(b"welcome")
        self.assertEqual(back.recv(10), b"welcome")

    def test_the_port_is_usable_after_it(self):
        protocol, port = self.connect()
        port.connect_peer(LOCALHOST, self.unused_number())
        port.write(b"x")
        iterate_until(lambda: protocol.count("connection_refused"))
        peer = self.peer_of(port)
        port.write(b"ping")
        peer.send(b"pong")
        settle()
        self.assertEqual((peer.recv(10), protocol.payloads), (b"ping", [b"pong"]))

    def test_written_to_in_the_handler(self):
        protocol, port = self.connect(connection_refused=lambda self, port: (
            self.count("connection_refused") < 5 and port.write(b"again")))
        port.connect_peer(LOCALHOST, self.unused_number())
        port.write(b"x")
        iterate_until(lambda: protocol.count("connection_refused") == 5)

    def test_on_ipv6(self):
        for host, to in (("::1", "::1"), ("::", "::1"), ("::", "127.0.0.1")):
            protocol, port = self.connect(host)
            plain = self.socket(to)
            unused = plain.getsockname()[1]
            plain.close()
            port.connect_peer(to, unused)
            port.write(b"x")
            iterate_until(lambda: protocol.count("connection_refused"))
            self.assertEqual(protocol.errors, [])

    def test_not_of_an_unconnected_port(self):
        protocol, port = self.connect()
        for _ in range(5):
            port.write_to_host(b"x", LOCALHOST, self.unused_number())
        self.send(port, b"last")
        iterate_until(lambda: protocol.datagrams)
        self.assertEqual(protocol.events, ["started", "datagram_received"])

    def test_of_a_batch(self):
        protocol, port = self.connect(datagram_received=lambda self, datagram: (
            datagram.get_transport().write_datagrams([Gudpx.Datagram.new(b"x")] * 50)))
        peer = self.peer_of(port)
        peer.send(b"go")
        peer.close()
        iterate_until(lambda: protocol.count("connection_refused"))
        settle()
        self.assertEqual(port.get_statistics().datagrams_sent, 50)


class Adopt(TestCase):
    def adopt(self, plain, family=Gio.SocketFamily.INVALID):
        protocol = Recorder()
        return self.own(Gudpx.adopt_datagram_port(plain.fileno(), family, protocol)), protocol

    def assert_serves(self, port, protocol):
        sender = self.send(port, b"ping")
        settle()
        self.assertEqual(protocol.payloads, [b"ping"])
        protocol.datagrams[0].reply(b"pong")
        self.assertEqual(sender.recv(10), b"pong")

    def test_closed_at_once(self):
        for family in (Gio.SocketFamily.IPV4, Gio.SocketFamily.INVALID):
            plain = self.socket()
            at = plain.getsockname()
            port, protocol = self.adopt(plain, family)
            plain.close()
            self.assertEqual(port.get_local_address().to_string(), "%s:%d" % at)
            self.assertEqual(protocol.events, ["started"])
            self.assert_serves(port, protocol)

    def test_ipv6(self):
        plain = self.socket("::1")
        port, protocol = self.adopt(plain, Gio.SocketFamily.IPV6)
        self.assert_serves(port, protocol)

    def test_dual_stack(self):
        plain = self.socket("::")
        port, protocol = self.adopt(plain)
        self.socket().sendto(b"x", (LOCALHOST, number(port)))
        settle()
        self.assertEqual(protocol.datagrams[0].get_sender().get_address().to_string(), LOCALHOST)
        self.assertFalse(port.get_ipv6_only())

    def test_ipv6_only_is_recognised(self):
        plain = self.socket(None, family=socket.AF_INET6)
        plain.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        plain.bind(("::", 0))
        port, _ = self.adopt(plain)
        self.assertTrue(port.get_ipv6_only())
        with self.assert_error(Code.INVALID_ARGUMENT):
            port.write_to_host(b"x", LOCALHOST, 9)

    def test_unix(self):
        path = self.temporary_path("socket")
        plain = self.socket(None, family=socket.AF_UNIX)
        plain.bind(path)
        port, protocol = self.adopt(plain)
        self.listen_unix().write_to(b"x", port.get_local_address())
        settle()
        self.assertEqual(protocol.payloads, [b"x"])
        port.stop_listening()
        self.assertTrue(os.path.exists(path))

    def test_a_pair(self):
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(theirs.close)
        port, protocol = self.adopt(ours)
        ours.close()
        theirs.send(b"ping")
        settle()
        port.write(b"pong")
        self.assertEqual((protocol.payloads, theirs.recv(10)), ([b"ping"], b"pong"))

    def test_a_connected_one(self):
        plain, peer = self.socket(), self.socket()
        plain.connect(peer.getsockname())
        peer.connect(plain.getsockname())
        port, protocol = self.adopt(plain)
        self.assertEqual(port.get_peer_address().to_string(), "%s:%d" % peer.getsockname())
        port.write(b"ping")
        peer.send(b"pong")
        settle()
        self.assertEqual((peer.recv(10), protocol.payloads), (b"ping", [b"pong"]))
        peer.close()
        port.write(b"x")
        iterate_until(lambda: protocol.count("connection_refused"))

    def test_an_unbound_one(self):
        port, protocol = self.adopt(self.socket(None))
        self.assertEqual(number(port), 0)
        peer = self.socket()
        port.write_to_host(b"x", *peer.getsockname())
        _, sender = peer.recvfrom(10)
        self.assertEqual(number(port), sender[1])
        peer.sendto(b"y", sender)
        settle()
        self.assertEqual(protocol.payloads, [b"y"])

    def test_one_that_blocks(self):
        plain = self.socket()
        plain.setblocking(True)
        port, protocol = self.adopt(plain)
        # This would never return.
        settle()
        self.assert_serves(port, protocol)

    def test_the_callers_stays(self):
        plain = self.socket()
        port, _ = self.adopt(plain)
        self.assertNotEqual(port.get_socket().get_fd(), plain.fileno())
        self.assertFalse(os.get_inheritable(port.get_socket().get_fd()))
        port.stop_listening()
        self.socket().sendto(b"mine", plain.getsockname())
        self.assertEqual(plain.recv(10), b"mine")

    def test_stopping_never_shuts_down(self):
        plain, peer = self.socket(), self.socket()
        plain.connect(peer.getsockname())
        peer.connect(plain.getsockname())
        port, _ = self.adopt(plain)
        port.stop_listening()
        plain.send(b"1")
        peer.send(b"2")
        self.assertEqual((peer.recv(10), plain.recv(10)), (b"1", b"2"))

    def test_no_second_start(self):
        port, protocol = self.adopt(self.socket())
        port.stop_listening()
        self.assertEqual(protocol.events, ["started", "stopped"])
        with self.assert_error(Code.NOT_SUPPORTED):
            port.start_listening()

    def assert_refused(self, descriptor, family, code, *words):
        protocol = Recorder()
        with self.assert_error(code, *words):
            Gudpx.adopt_datagram_port(descriptor, family, protocol)
        self.assertEqual(protocol.events, [])

    def test_what_is_no_datagram_socket(self):
        stream = socket.socket()
        self.addCleanup(stream.close)
        stream.setblocking(True)
        self.assert_refused(stream.fileno(), Gio.SocketFamily.INVALID, Code.INVALID_ARGUMENT,
                            stream.fileno())
        self.assertTrue(os.get_blocking(stream.fileno()))
        for descriptor in os.pipe():
            self.addCleanup(os.close, descriptor)
            self.assert_refused(descriptor, Gio.SocketFamily.IPV4, Code.INVALID_ARGUMENT)
        for descriptor in (-1, 100000):
            self.assert_refused(descriptor, Gio.SocketFamily.INVALID, Code.INVALID_ARGUMENT)

    def test_of_another_family(self):
        for host, family in ((LOCALHOST, Gio.SocketFamily.IPV6), ("::1", Gio.SocketFamily.IPV4),
                             (LOCALHOST, Gio.SocketFamily.UNIX)):
            plain = self.socket(host)
            plain.setblocking(True)
            self.assert_refused(plain.fileno(), family, Code.INVALID_ARGUMENT, plain.fileno())
            self.assertTrue(os.get_blocking(plain.fileno()))

    def test_of_a_family_that_is_not_supported(self):
        plain = socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM)
        self.addCleanup(plain.close)
        self.assert_refused(plain.fileno(), Gio.SocketFamily.INVALID, Code.NOT_SUPPORTED)


if __name__ == "__main__":
    tap.main()
