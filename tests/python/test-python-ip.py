#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""IPv6, IPv6 together with IPv4, addresses as keys, and resolving names."""

import socket

import tap
from gudpxtest import (LOCALHOST, Answer, Code, Recorder, TestCase, address, number, settle,
                       unix_address)

from gi.repository import Gio, GLib, Gudpx


class IPv6(TestCase):
    def test_both_ways(self):
        protocol = Recorder(datagram_received=lambda _, datagram: datagram.reply(b"pong"))
        port = self.listen(protocol, "::1")
        self.assertEqual(port.get_local_address().to_string(), f"[::1]:{number(port)}")
        sender = self.send(port, b"ping")
        settle()
        self.assertEqual(protocol.payloads, [b"ping"])
        self.assertEqual(protocol.datagrams[0].get_sender().get_address().to_string(), "::1")
        self.assertEqual(sender.recvfrom(10)[:1], (b"pong",))

    def test_the_longest(self):
        protocol = Recorder()
        port = self.listen(protocol, "::1")
        writer = self.listen(host="::1")
        writer.write_to(bytes(65527), port.get_local_address())
        settle()
        self.assertEqual(protocol.payloads, [bytes(65527)])

    def test_connected(self):
        protocol = Recorder()
        port = self.listen(protocol, "::1")
        peer, stranger = self.socket("::1"), self.socket("::1")
        port.connect_peer(*peer.getsockname()[:2])
        stranger.sendto(b"stranger", ("::1", number(port)))
        peer.sendto(b"peer", ("::1", number(port)))
        settle()
        self.assertEqual(protocol.payloads, [b"peer"])
        port.write(b"x")
        self.assertEqual(peer.recv(10), b"x")

    def test_null_is_ipv4_alone(self):
        port = self.listen(host=None)
        self.assertEqual(port.get_local_address().get_family(), Gio.SocketFamily.IPV4)


class DualStack(TestCase):
    def setUp(self):
        super().setUp()
        self.protocol = Recorder(datagram_received=lambda _, datagram: datagram.reply(b"pong"))
        self.port = self.listen(self.protocol, "::")

    def test_ipv4_senders_are_ipv4(self):
        sender = self.socket()
        sender.sendto(b"x", (LOCALHOST, number(self.port)))
        settle()
        seen = self.protocol.datagrams[0].get_sender()
        self.assertEqual(seen.get_family(), Gio.SocketFamily.IPV4)
        self.assertEqual(seen.to_string(), "%s:%d" % sender.getsockname())
        self.assertTrue(Gudpx.address_equal(seen, address(*sender.getsockname())))
        self.assertEqual(sender.recvfrom(10), (b"pong", (LOCALHOST, number(self.port))))

    def test_ipv6_senders_are_ipv6(self):
        sender = self.socket("::1")
        sender.sendto(b"x", ("::1", number(self.port)))
        settle()
        self.assertEqual(self.protocol.datagrams[0].get_sender().to_string(),
                         "[%s]:%d" % sender.getsockname()[:2])
        self.assertEqual(sender.recv(10), b"pong")

    def test_ipv4_destinations(self):
        reader = self.socket()
        self.port.write_to(b"1", address(*reader.getsockname()))
        self.port.write_to_host(b"2", *reader.getsockname())
        self.port.write_to_host(b"3", "::ffff:127.0.0.1", reader.getsockname()[1])
        self.assertEqual([reader.recv(10) for _ in range(3)], [b"1", b"2", b"3"])

    def test_an_ipv4_peer(self):
        peer, stranger = self.socket(), self.socket("::1")
        self.port.connect_peer(*peer.getsockname())
        self.assertEqual(self.port.get_peer_address().to_string(), "%s:%d" % peer.getsockname())
        stranger.sendto(b"stranger", ("::1", number(self.port)))
        peer.sendto(b"peer", (LOCALHOST, number(self.port)))
        settle()
        self.assertEqual(self.protocol.payloads, [b"peer"])
        self.assertEqual(peer.recv(10), b"pong")
        self.port.write_to_host(b"x", *peer.getsockname())
        self.assertEqual(peer.recv(10), b"x")

    def test_peers_of_both_kinds_in_turn(self):
        for host in (LOCALHOST, "::1", LOCALHOST, "::1"):
            peer = self.socket(host)
            self.port.connect_peer(*peer.getsockname()[:2])
            self.port.write(b"x")
            self.assertEqual(peer.recvfrom(10)[1][1], number(self.port))

    def test_ipv6_only(self):
        protocol = Recorder()
        port = self.own(Gudpx.Port(protocol=protocol, ipv6_only=True,
                                   local_address=address("::", 0)))
        port.start_listening()
        self.assertTrue(port.get_ipv6_only())
        # The number is free for IPv4.
        self.listen(port=number(port))
        self.socket("::1").sendto(b"x", ("::1", number(port)))
        self.socket().sendto(b"y", (LOCALHOST, number(port)))
        settle()
        self.assertEqual(protocol.payloads, [b"x"])

    def test_takes_the_number_for_ipv4_too(self):
        with self.assert_error(Code.ADDRESS_IN_USE):
            self.listen(port=number(self.port))


class Addresses(TestCase):
    def test_equal(self):
        same = [
            (lambda: address(LOCALHOST, 1)),
            (lambda: address("::1", 1)),
            (lambda: address("fe80::1%lo", 1)),
            (lambda: unix_address("/tmp/x")),
            (lambda: unix_address("@x")),
            (lambda: None),
        ]
        for i, make in enumerate(same):
            for j, make_other in enumerate(same):
                self.assertEqual(Gudpx.address_equal(make(), make_other()), i == j)
            self.assertEqual(Gudpx.address_hash(make()), Gudpx.address_hash(make()))

    def test_not_equal(self):
        for one, other in ((address(LOCALHOST, 1), address(LOCALHOST, 2)),
                           (address(LOCALHOST, 1), address("127.0.0.2", 1)),
                           (address("fe80::1%lo", 1), address("fe80::1", 1)),
                           (unix_address("/tmp/x"), unix_address("/tmp/y")),
                           (unix_address("@/tmp/x"), unix_address("/tmp/x"))):
            self.assertFalse(Gudpx.address_equal(one, other))
            self.assertFalse(Gudpx.address_equal(other, one))

    def test_flow_information_does_not_count(self):
        one = Gio.InetSocketAddress(address=Gio.InetAddress.new_from_string("::1"), port=1)
        other = Gio.InetSocketAddress(address=Gio.InetAddress.new_from_string("::1"), port=1,
                                      flowinfo=7)
        self.assertTrue(Gudpx.address_equal(one, other))
        self.assertEqual(Gudpx.address_hash(one), Gudpx.address_hash(other))

    def test_hashes_differ(self):
        hashes = {Gudpx.address_hash(address(f"10.0.{i}.{j}", 1000 + j))
                  for i in range(30) for j in range(30)}
        self.assertGreater(len(hashes), 850)

    def test_none(self):
        self.assertEqual(Gudpx.address_hash(None), 0)

    def test_senders(self):
        protocol = Recorder()
        port = self.listen(protocol)
        first, second = self.send(port, b"1", b"2"), self.send(port, b"3")
        settle()
        senders = [datagram.get_sender() for datagram in protocol.datagrams]
        self.assertTrue(Gudpx.address_equal(senders[0], senders[1]))
        self.assertFalse(Gudpx.address_equal(senders[0], senders[2]))
        self.assertTrue(Gudpx.address_equal(senders[0], address(*first.getsockname())))
        self.assertTrue(Gudpx.address_equal(senders[2], address(*second.getsockname())))


class Resolve(TestCase):
    def resolve(self, host, cancellable=None):
        answer = Answer(Gudpx.resolve_finish)
        Gudpx.resolve_async(host, cancellable, answer)
        self.assertEqual(answer.done, 0)
        return answer

    def resolve_all(self, host, family=Gio.SocketFamily.INVALID, timeout_ms=0, cancellable=None):
        answer = Answer(Gudpx.resolve_all_finish)
        Gudpx.resolve_all_async(host, family, timeout_ms, cancellable, answer)
        self.assertEqual(answer.done, 0)
        return answer

    def test_literals(self):
        for literal in ("127.0.0.1", "192.0.2.7", "::1", "2001:db8::7"):
            self.assertEqual(self.resolve(literal).wait().to_string(), literal)
            self.assertEqual([a.to_string() for a in self.resolve_all(literal).wait()], [literal])

    def test_a_literal_with_a_scope(self):
        self.assertEqual(self.resolve("fe80::1%lo").wait().to_string(), "fe80::1")

    def test_localhost(self):
        self.assertEqual(self.resolve("localhost").wait().to_string(), "127.0.0.1")
        found = self.resolve_all("localhost").wait()
        self.assertTrue(found)
        self.assertTrue(all(one.get_is_loopback() for one in found))

    def test_of_one_family(self):
        for family, wanted in ((Gio.SocketFamily.IPV4, "127.0.0.1"),
                               (Gio.SocketFamily.IPV6, "::1")):
            self.assertEqual([a.to_string() for a in self.resolve_all("localhost", family).wait()],
                             [wanted])

    def test_a_literal_of_the_other_family(self):
        with self.assert_error(Gio.ResolverError.NOT_FOUND, "127.0.0.1",
                               domain="g-resolver-error-quark"):
            self.resolve_all("127.0.0.1", Gio.SocketFamily.IPV6).wait()

    def test_an_unknown_name(self):
        # RFC 6761: this name does not exist.
        for answer in (self.resolve("nosuch.invalid"), self.resolve_all("nosuch.invalid")):
            with self.assertRaises(GLib.Error) as caught:
                answer.wait()
            self.assertEqual(caught.exception.domain, "g-resolver-error-quark")

    def test_an_empty_name(self):
        with self.assert_error(Code.INVALID_ARGUMENT):
            self.resolve("").wait()

    def test_cancelled(self):
        for host in ("localhost", "nosuch.invalid", "127.0.0.1"):
            cancellable = Gio.Cancellable()
            answer = self.resolve(host, cancellable)
            cancellable.cancel()
            with self.assert_error(Code.CANCELLED):
                answer.wait()
            settle()
            self.assertEqual(answer.done, 1)

    def test_cancelled_before(self):
        cancellable = Gio.Cancellable()
        cancellable.cancel()
        for answer in (self.resolve("127.0.0.1", cancellable),
                       self.resolve_all("localhost", cancellable=cancellable)):
            with self.assert_error(Code.CANCELLED):
                answer.wait()

    def test_cancelled_afterwards(self):
        cancellable = Gio.Cancellable()
        answer = self.resolve("localhost", cancellable)
        answer.wait()
        cancellable.cancel()
        settle()
        self.assertEqual(answer.done, 1)

    def test_a_limit_of_1_ms(self):
        """A literal is resolved immediately. For a name there is exactly one result."""
        self.assertEqual([a.to_string() for a in self.resolve_all("::1", timeout_ms=1).wait()],
                         ["::1"])
        answer = self.resolve_all("nosuch.invalid", timeout_ms=1)
        with self.assertRaises(GLib.Error) as caught:
            answer.wait()
        self.assertTrue(caught.exception.domain == "g-resolver-error-quark" or
                        caught.exception.matches(Gio.io_error_quark(), Code.TIMED_OUT))
        settle()
        self.assertEqual(answer.done, 1)

    def test_many_at_once(self):
        answers = [self.resolve("localhost") for _ in range(30)]
        self.assertEqual({answer.wait().to_string() for answer in answers}, {"127.0.0.1"})

    def test_without_a_callback(self):
        Gudpx.resolve_async("127.0.0.1", None, None)
        settle()

    def test_then_write(self):
        port, reader = self.listen(), self.socket()
        host = self.resolve("localhost").wait()
        port.write_to(b"x", Gio.InetSocketAddress.new(host, reader.getsockname()[1]))
        self.assertEqual(reader.recv(10), b"x")


if __name__ == "__main__":
    tap.main()
