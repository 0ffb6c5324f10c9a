#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""All functions that write a datagram, and their errors."""

import array

import tap
from gudpxtest import (DESTINATION_UNSET, LOCALHOST, Answer, Code, Recorder, TestCase, address,
                       number, settle, unix_address, HAS_OVERRIDE)

from gi.repository import GLib, Gudpx


class Forms(TestCase):
    def setUp(self):
        super().setUp()
        self.port = self.listen()
        self.peer = self.socket()
        self.to = address(*self.peer.getsockname())

    def assert_arrives(self, payload):
        self.assertEqual(self.peer.recvfrom(65536), (payload, (LOCALHOST, number(self.port))))
        self.assert_nothing_to_read(self.peer)

    def test_write_to(self):
        self.assertTrue(self.port.write_to(b"x\0y", self.to))
        self.assert_arrives(b"x\0y")

    def test_write_to_host(self):
        self.assertTrue(self.port.write_to_host(b"x", *self.peer.getsockname()))
        self.assert_arrives(b"x")

    def test_write_bytes(self):
        self.assertTrue(self.port.write_bytes(GLib.Bytes.new(b"x"), self.to))
        self.assert_arrives(b"x")

    def test_to_the_peer(self):
        self.port.connect_peer_address(self.to)
        self.port.write(b"1")
        self.assert_arrives(b"1")
        self.port.write_bytes(GLib.Bytes.new(b"2"))
        self.assert_arrives(b"2")
        self.port.write_bytes(GLib.Bytes.new(b"3"), None)
        self.assert_arrives(b"3")
        self.port.write_to(b"4", self.to)
        self.assert_arrives(b"4")
        self.port.write_to_host(b"5", *self.peer.getsockname())
        self.assert_arrives(b"5")

    def test_what_a_payload_may_be(self):
        for payload in b"abc", bytearray(b"abc"), memoryview(b"abc"), array.array("B", b"abc"):
            self.port.write_to(payload, self.to)
            self.assert_arrives(b"abc")

    def assert_taken_without_override(self, payload, expected):
        if HAS_OVERRIDE:
            self.assertRaises(TypeError, self.port.write_to, payload, self.to)
        else:
            self.port.write_to(payload, self.to)
            self.assert_arrives(expected)

    def test_numbers(self):
        for payload in [97, 98, 99], (97, 98, 99):
            self.assert_taken_without_override(payload, b"abc")

    def test_what_a_payload_may_not_be(self):
        for payload in ("abc", 3, [256], [None], object()):
            with self.assertRaises((TypeError, OverflowError, ValueError)):
                self.port.write_to(payload, self.to)
        self.assert_nothing_to_read(self.peer)

    def test_empty(self):
        self.port.write_to(b"", self.to)
        self.assert_arrives(b"")
        self.port.write_bytes(GLib.Bytes.new(b""), self.to)
        self.assert_arrives(b"")

    def test_none(self):
        self.assert_taken_without_override(None, b"")

    def test_the_longest(self):
        payload = bytes(range(251)) * 260 + bytes(247)
        self.port.write_to(payload, self.to)
        self.assertEqual(len(payload), 65507)
        self.assert_arrives(payload)

    def test_the_payload_belongs_to_the_caller_again(self):
        payload = bytearray(b"abc")
        self.port.write_to(payload, self.to)
        payload[:] = b"xyz"
        self.assert_arrives(b"abc")

    def test_the_payload_of_a_queued_datagram_too(self):
        def write(protocol, datagram):
            payload = bytearray(b"abc")
            datagram.reply(payload)
            payload[:] = b"xyz"

        peer = self.send(self.listen(Recorder(datagram_received=write)), b"go")
        settle()
        self.assertEqual(peer.recv(10), b"abc")

    def test_write_datagrams(self):
        others = [self.socket() for _ in range(3)]
        datagrams = [Gudpx.Datagram.new(b"%d" % i, address(*others[i % 3].getsockname()))
                     for i in range(90)]
        self.assertEqual(self.port.write_datagrams(datagrams), 90)
        for i in range(90):
            self.assertEqual(others[i % 3].recv(10), b"%d" % i)
        self.assertEqual(self.port.get_statistics().datagrams_sent, 90)

    def test_write_datagrams_to_the_peer(self):
        self.port.connect_peer_address(self.to)
        self.assertEqual(self.port.write_datagrams([Gudpx.Datagram.new(b"x"),
                                                    Gudpx.Datagram.new(b"y", self.to)]), 2)
        self.assertEqual([self.peer.recv(10), self.peer.recv(10)], [b"x", b"y"])

    def test_write_datagrams_of_none(self):
        self.assertEqual(self.port.write_datagrams([]), 0)

    def test_write_datagrams_ends_at_the_first_error(self):
        good, bad = Gudpx.Datagram.new(b"x", self.to), Gudpx.Datagram.new(b"y", None)
        self.assertEqual(self.port.write_datagrams([good, good, bad, good]), 2)
        self.assertEqual([self.peer.recv(10), self.peer.recv(10)], [b"x", b"x"])
        self.assert_nothing_to_read(self.peer)
        with self.assert_error(DESTINATION_UNSET):
            self.port.write_datagrams([bad, good])
        self.assert_nothing_to_read(self.peer)

    def test_received_datagrams_are_forwarded_to_their_destination(self):
        """Makes a datagram from the payload of a received one, which has no destination."""
        port = self.listen(Recorder(datagram_received=lambda _, d: self.port.write_datagrams(
            [Gudpx.Datagram.new(d.get_payload(), self.to)])))
        self.send(port, b"forward")
        settle()
        self.assert_arrives(b"forward")

    def test_from_a_handler_in_order(self):
        def write(protocol, datagram):
            port = datagram.get_transport()
            datagram.reply(b"1")
            port.write_to(b"2", datagram.get_sender())
            port.write_datagrams([Gudpx.Datagram.new(b"3", datagram.get_sender())])
            port.write_bytes(GLib.Bytes.new(b"4"), datagram.get_sender())
            port.write_async(GLib.Bytes.new(b"5"), datagram.get_sender(), None, None)
            port.write_to(b"6", datagram.get_sender())

        peer = self.send(self.listen(Recorder(datagram_received=write)), b"go")
        settle()
        self.assertEqual([peer.recv(10) for _ in range(6)], [b"%d" % i for i in range(1, 7)])

    def test_many_from_a_handler(self):
        peer = self.send(self.listen(Recorder(datagram_received=lambda _, d: [
            d.reply(b"%d" % i) for i in range(100)])), b"go")
        settle()
        self.assertEqual([peer.recv(10) for _ in range(100)], [b"%d" % i for i in range(100)])

    def test_before_any_main_loop(self):
        port = self.listen()
        port.write_to(b"x", self.to)
        self.assertEqual(self.peer.recv(10), b"x")

    def test_statistics(self):
        for size in (0, 10, 100):
            self.port.write_to(bytes(size), self.to)
        self.send(self.port, b"abc", b"de")
        settle()
        statistics = self.port.get_statistics()
        self.assertEqual((statistics.datagrams_sent, statistics.bytes_sent), (3, 110))
        self.assertEqual((statistics.datagrams_received, statistics.bytes_received), (2, 5))
        self.assertEqual((statistics.truncated, statistics.send_queue_drops, statistics.errors),
                         (0, 0, 0))
        self.port.stop_listening()
        self.assertEqual(self.port.get_statistics().datagrams_sent, 3)

    def test_a_snapshot_stays(self):
        before = self.port.get_statistics()
        self.port.write_to(b"x", self.to)
        self.assertEqual(before.datagrams_sent, 0)
        self.assertEqual(before.copy().datagrams_sent, 0)


class Errors(TestCase):
    """Each error names the failed action. The port continues."""

    def setUp(self):
        super().setUp()
        self.port = self.listen()
        self.to = self.socket().getsockname()

    def tearDown(self):
        if self.port.get_listening():
            self.port.disconnect_peer()
            reader = self.socket("::1" if self.port.get_ipv6_only() else LOCALHOST)
            self.port.write_to_host(b"still there", *reader.getsockname()[:2])
            self.assertEqual(reader.recv(100), b"still there")

    def all_forms(self, payload, destination):
        """Returns all calls that write the payload to the destination."""
        host, port = destination
        forms = [
            lambda: self.port.write_to(payload, address(host, port)),
            lambda: self.port.write_to_host(payload, host, port),
            lambda: self.port.write_bytes(GLib.Bytes.new(payload), address(host, port)),
            lambda: self.port.write_datagrams([Gudpx.Datagram.new(payload, address(host, port))]),
        ]

        def write_async():
            answer = Answer(self.port.write_finish)
            self.port.write_async(GLib.Bytes.new(payload), address(host, port), None, answer)
            self.assertEqual(answer.done, 0)
            answer.wait()

        return forms + [write_async]

    def assert_fails(self, code, payload, destination, *words):
        for form in self.all_forms(payload, destination):
            with self.assert_error(code, *words):
                form()
        self.assertEqual(self.port.get_statistics().datagrams_sent, 0)

    def test_too_long(self):
        self.assert_fails(Code.MESSAGE_TOO_LARGE, bytes(65508), self.to, "65508", "65507",
                          "%s:%d" % self.to)

    def test_much_too_long(self):
        self.assert_fails(Code.MESSAGE_TOO_LARGE, bytes(300000), self.to, "300000")

    def test_too_long_for_the_peer(self):
        self.port.connect_peer(*self.to)
        with self.assert_error(Code.MESSAGE_TOO_LARGE, "65508"):
            self.port.write(bytes(65508))

    def test_too_long_for_ipv6(self):
        self.port = self.listen(host="::")
        to = self.socket("::1").getsockname()[:2]
        self.assert_fails(Code.MESSAGE_TOO_LARGE, bytes(65528), to, "65528", "65527")
        self.assert_fails(Code.MESSAGE_TOO_LARGE, bytes(65508), self.to, "65508", "65507")

    def test_no_destination(self):
        forms = [
            lambda: self.port.write(b"x"),
            lambda: self.port.write_bytes(GLib.Bytes.new(b"x")),
            lambda: self.port.write_datagrams([Gudpx.Datagram.new(b"x")]),
        ]
        for form in forms:
            with self.assert_error(DESTINATION_UNSET):
                form()
        answer = Answer(self.port.write_finish)
        self.port.write_async(GLib.Bytes.new(b"x"), None, None, answer)
        with self.assert_error(DESTINATION_UNSET):
            answer.wait()

    def test_another_destination_than_the_peer(self):
        self.port.connect_peer(*self.to)
        other = self.socket().getsockname()
        self.assert_fails(Code.INVALID_ARGUMENT, b"x", other, "%s:%d" % other, "%s:%d" % self.to)

    def test_a_host_name(self):
        for name in ("localhost", "example.com", "127.1", "256.1.1.1", "", "1.2.3", "::g", "[::1]",
                     "127.0.0.1:53", " 127.0.0.1"):
            with self.assert_error(Code.INVALID_ARGUMENT, name, "resolve"):
                self.port.write_to_host(b"x", name, 9)

    def test_an_unknown_scope(self):
        self.port = self.listen(host="::")
        with self.assert_error(Code.INVALID_ARGUMENT, "fe80::1%nosuch0"):
            self.port.write_to_host(b"x", "fe80::1%nosuch0", 9)

    def test_ipv6_from_an_ipv4_port(self):
        self.assert_fails(Code.INVALID_ARGUMENT, b"x", ("::1", 9), "::1", number(self.port))

    def test_ipv4_from_an_ipv6_only_port(self):
        self.port = self.own(Gudpx.Port(protocol=Recorder(), local_address=address("::", 0),
                                        ipv6_only=True))
        self.port.start_listening()
        self.assert_fails(Code.INVALID_ARGUMENT, b"x", self.to, "%s:%d" % self.to)

    def test_ipv4_from_a_port_of_one_ipv6_address(self):
        self.port = self.listen(host="::1")
        self.assert_fails(Code.INVALID_ARGUMENT, b"x", self.to, "%s:%d" % self.to)
        self.port.stop_listening()

    def test_port_number_0(self):
        self.assert_fails(Code.INVALID_ARGUMENT, b"x", (LOCALHOST, 0))

    def test_port_numbers_out_of_range(self):
        for wrong in (-1, 65536):
            with self.assertRaises(OverflowError):
                self.port.write_to_host(b"x", LOCALHOST, wrong)
            with self.assertRaises(OverflowError):
                Gudpx.listen_udp(wrong, Recorder(), None)

    def test_broadcast(self):
        self.assert_fails(Code.PERMISSION_DENIED, b"x", ("255.255.255.255", 9))
        with self.assert_error(Code.PERMISSION_DENIED):
            self.port.write_to_host(b"x", "<broadcast>", 9)
        # Only the kernel knows the broadcast address of a network.
        with self.assert_error(Code.PERMISSION_DENIED, "127.255.255.255"):
            self.port.write_to_host(b"x", "127.255.255.255", 9)

    def test_broadcast_allowed(self):
        self.port = self.listen(host=None)
        self.port.set_broadcast_allowed(True)
        reader = self.socket("0.0.0.0")
        self.port.write_to_host(b"x", "127.255.255.255", reader.getsockname()[1])
        self.assertEqual(reader.recv(10), b"x")

    def test_not_listening(self):
        self.port.stop_listening()
        self.assert_fails(Code.CLOSED, b"x", self.to)
        with self.assert_error(Code.CLOSED):
            self.port.write(b"x")
        with self.assert_error(Code.CLOSED):
            self.port.connect_peer(LOCALHOST, 9)
        with self.assert_error(Code.CLOSED):
            self.port.disconnect_peer()
        with self.assert_error(Code.CLOSED):
            self.port.join_group("239.1.2.3", None)
        answer = Answer(self.port.flush_finish)
        self.port.flush_async(None, answer)
        with self.assert_error(Code.CLOSED):
            answer.wait()

    def test_never_started(self):
        self.port = Gudpx.Port.new(Recorder(), None)
        self.assert_fails(Code.CLOSED, b"x", self.to)

    def test_a_unix_address(self):
        with self.assert_error(Code.INVALID_ARGUMENT):
            self.port.write_to(b"x", unix_address("/nowhere"))

    def test_an_ip_address_from_a_unix_port(self):
        port = self.listen_unix()
        with self.assert_error(Code.INVALID_ARGUMENT):
            port.write_to(b"x", address(*self.to))

    def test_no_address_at_all(self):
        with self.assertRaises(TypeError):
            self.port.write_to(b"x", None)
        with self.assertRaises(TypeError):
            self.port.write_to_host(b"x", None, 9)

    def test_an_error_is_no_error_of_the_next(self):
        reader = self.socket()
        for _ in range(20):
            self.port.write_to_host(b"lost", LOCALHOST, self.unused_number())
            self.port.write_to_host(b"x", *reader.getsockname())
            self.assertEqual(reader.recv(10), b"x")


class Listen(TestCase):
    def test_host_names(self):
        protocol = Recorder()
        for name in ("localhost", "example.com", "127.1", "256.1.1.1", "fe80::1%nosuch0"):
            with self.assert_error(Code.INVALID_ARGUMENT, name):
                Gudpx.listen_udp(0, protocol, name)
            with self.assert_error(Code.INVALID_ARGUMENT, name):
                Gudpx.listen_multicast(0, protocol, True, name)
        self.assertEqual(protocol.events, [])

    def test_an_address_in_use(self):
        taken = self.socket().getsockname()
        protocol = Recorder()
        with self.assert_error(Code.ADDRESS_IN_USE, "%s:%d" % taken):
            Gudpx.listen_udp(taken[1], protocol, LOCALHOST)
        with self.assert_error(Code.ADDRESS_IN_USE):
            Gudpx.listen_multicast(taken[1], protocol, False, LOCALHOST)
        self.assertEqual(protocol.events, [])
        self.assertIsNone(protocol.get_transport())

    def test_no_reuse_unless_asked(self):
        port = self.listen()
        with self.assert_error(Code.ADDRESS_IN_USE):
            self.listen(port=number(port))
        with self.assert_error(Code.ADDRESS_IN_USE):
            Gudpx.listen_multicast(number(port), Recorder(), True, LOCALHOST)

    def test_listen_multiple(self):
        first = self.own(Gudpx.listen_multicast(0, Recorder(), True, LOCALHOST))
        second = self.own(Gudpx.listen_multicast(number(first), Recorder(), True, LOCALHOST))
        self.assertEqual(number(first), number(second))
        self.assertTrue(second.get_listen_multiple())
        with self.assert_error(Code.ADDRESS_IN_USE):
            self.listen(port=number(first))

    def test_reuse_port(self):
        protocol = Recorder()
        ports = [self.own(Gudpx.Port(protocol=protocol, reuse_port=True,
                                     local_address=address(LOCALHOST, 0)))]
        ports[0].start_listening()
        ports.append(self.own(Gudpx.Port(protocol=protocol, reuse_port=True,
                                         local_address=ports[0].get_local_address())))
        ports[1].start_listening()
        for _ in range(64):
            self.send(ports[0], b"x").close()
        settle()
        self.assertEqual(len(protocol.datagrams), 64)
        self.assertEqual({d.get_transport() for d in protocol.datagrams}, set(ports))

    def test_an_address_of_somebody_else(self):
        with self.assert_error(Code.NOT_FOUND, "192.0.2.1"):
            Gudpx.listen_udp(0, Recorder(), "192.0.2.1")

    def test_no_protocol(self):
        with self.assertRaises(TypeError):
            Gudpx.listen_udp(0, None, None)
        port = Gudpx.Port()
        with self.assert_error(Code.INVALID_ARGUMENT):
            port.start_listening()

    def test_trailing_arguments_may_be_omitted(self):
        port = self.own(Gudpx.listen_udp(0, Recorder()))
        self.assertEqual(port.get_local_address().get_address().to_string(), "0.0.0.0")

    def test_an_unknown_device(self):
        port = Gudpx.Port(protocol=Recorder(), bind_device="nosuch0")
        with self.assert_error(Code.NOT_FOUND, "nosuch0"):
            port.start_listening()

    def test_a_device(self):
        protocol = Recorder()
        port = self.own(Gudpx.Port(protocol=protocol, bind_device="lo",
                                   local_address=address(LOCALHOST, 0)))
        port.start_listening()
        self.send(port, b"x")
        settle()
        self.assertEqual(protocol.payloads, [b"x"])


if __name__ == "__main__":
    tap.main()
