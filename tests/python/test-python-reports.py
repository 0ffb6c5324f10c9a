#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Error details, policies of a full queue, and datagrams with options of their own."""

import errno
import socket

import tap
from gudpxtest import (LOCALHOST, Answer, Code, Recorder, TestCase, address, iterate_until, number,
                       of_linux, settle)

from gi.repository import Gio, GLib, Gudpx

class Errors(TestCase):
    def keep_details(self, event, host):
        kept = []
        protocol = Recorder()
        protocol.handlers[event] = lambda _, port, *__: kept.append(port.dup_error_details())
        return protocol, self.listen(protocol, host), kept

    def nobody_at(self, host):
        holder = self.socket(host)
        at = holder.getsockname()[:2]
        holder.close()
        return at

    @of_linux
    def test_without_a_peer_when_asked(self):
        for bound, host, icmp in ((LOCALHOST, LOCALHOST, (3, 3)), ("::", "::1", (1, 4)),
                                  ("::", LOCALHOST, (3, 3))):
            protocol, port, kept = self.keep_details("error_received", bound)
            at = self.nobody_at(host)
            port.write_to_host(b"x", *at)
            settle()
            self.assertEqual(kept, [])
            port.set_report_errors(True)
            port.write_to_host(b"x", *at)
            iterate_until(lambda: kept)
            error, destination = protocol.errors[0]
            self.assertTrue(error.matches(Gio.io_error_quark(), Code.CONNECTION_REFUSED))
            self.assertTrue(Gudpx.address_equal(destination, address(*at)))
            self.assertEqual(protocol.count("connection_refused"), 0)
            self.assertEqual(kept[0].error_number, errno.ECONNREFUSED)
            self.assertTrue(kept[0].is_icmp)
            self.assertEqual((kept[0].icmp_type, kept[0].icmp_code), icmp)
            self.assertEqual(kept[0].offender.get_address().to_string(), host)

    def test_of_a_refusal(self):
        protocol, port, kept = self.keep_details("connection_refused", LOCALHOST)
        port.connect_peer(*self.nobody_at(LOCALHOST))
        port.write(b"x")
        iterate_until(lambda: kept)
        self.assertEqual(kept[0].error_number, errno.ECONNREFUSED)
        self.assertEqual(kept[0].copy().error_number, errno.ECONNREFUSED)
        self.assertEqual(port.get_statistics().connection_refusals, 1)
        # Outside of a handler there are no details.
        self.assertIsNone(port.dup_error_details())

    def test_none_of_what_has_not_left(self):
        kept = []
        protocol = Recorder(
            datagram_received=lambda _, datagram: datagram.get_transport().write_to(
                b"x", Gio.UnixSocketAddress.new(path)),
            error_received=lambda _, port, *__: kept.append(port.dup_error_details()))
        path = self.temporary_path("nobody")
        port = self.listen_unix(protocol)
        self.listen_unix().write_to(b"go", port.get_local_address())
        iterate_until(lambda: kept)
        self.assertEqual(kept, [None])

    def test_details_outlive_their_handler(self):
        _, port, kept = self.keep_details("connection_refused", LOCALHOST)
        port.connect_peer(*self.nobody_at(LOCALHOST))
        for times in range(1, 50):
            port.write(b"x")
            iterate_until(lambda: len(kept) == times)
        port.stop_listening()
        self.assertEqual({details.error_number for details in kept}, {errno.ECONNREFUSED})


class Policies(TestCase):
    def flood(self, policy):
        reader = Recorder()
        reading = self.listen_unix(reader)
        reading.set_reading(False)
        writer = self.listen_unix()
        writer.set_send_queue_limit(20000)
        writer.set_send_queue_policy(policy)
        for i in range(3000):
            self.assertTrue(writer.write_to(b"%d" % i, reading.get_local_address()))
        self.assertLessEqual(writer.get_send_queue_size(), 20000)
        reading.set_reading(True)
        iterate_until(lambda: writer.get_send_queue_size() == 0)
        settle()
        statistics = writer.get_statistics()
        self.assertEqual(len(reader.datagrams), 3000 - statistics.send_queue_drops)
        return [int(payload) for payload in reader.payloads], statistics

    def test_drop_newest(self):
        received, statistics = self.flood(Gudpx.QueuePolicy.DROP_NEWEST)
        self.assertEqual(received, list(range(len(received))))
        self.assertGreater(statistics.queue_dropped_newest, 0)
        self.assertEqual(statistics.queue_dropped_oldest, 0)

    def test_drop_oldest(self):
        received, statistics = self.flood(Gudpx.QueuePolicy.DROP_OLDEST)
        self.assertEqual(received, sorted(received))
        self.assertEqual(received[-1], 2999)
        self.assertGreater(statistics.queue_dropped_oldest, 0)
        self.assertEqual(statistics.queue_dropped_newest, 0)

    def test_those_who_are_waited_for_stay(self):
        reading = self.listen_unix()
        reading.set_reading(False)
        writer = self.listen_unix()
        writer.set_send_queue_limit(20000)
        writer.set_send_queue_policy(Gudpx.QueuePolicy.DROP_OLDEST)
        while writer.get_send_queue_size() == 0:
            writer.write_to(b"before", reading.get_local_address())
        answer = Answer(writer.write_finish)
        writer.write_async(GLib.Bytes.new(b"waited for"), reading.get_local_address(), None, answer)
        for _ in range(500):
            writer.write_to(b"after", reading.get_local_address())
        reading.set_reading(True)
        self.assertTrue(answer.wait())
        iterate_until(lambda: writer.get_send_queue_size() == 0)
        settle()
        self.assertEqual(reading.get_protocol().payloads.count(b"waited for"), 1)

    def test_refuse_is_the_default(self):
        self.assertEqual(self.listen().get_send_queue_policy(), Gudpx.QueuePolicy.REFUSE)


class Different(TestCase):
    """Datagrams whose options differ from the port's."""

    def receive(self, host, *datagrams):
        protocol = Recorder()
        port = self.listen(protocol, host)
        port.set_metadata(Gudpx.MetadataFlags.HOP_LIMIT | Gudpx.MetadataFlags.TRAFFIC_CLASS)
        writer = self.listen(host=host)
        made = [make(number(port)) for make in datagrams]
        self.assertEqual(writer.write_datagrams(made), len(made))
        settle()
        self.assertEqual(len(protocol.datagrams), len(made))
        return protocol.datagrams

    def test_source_hop_limit_and_traffic_class(self):
        index = socket.if_nametoindex("lo")
        for host, to, source in ((None, LOCALHOST, "127.0.0.5"), ("::", LOCALHOST, "127.0.0.5"),
                                 ("::", "::1", "::1")):
            def full(at):
                return Gudpx.Datagram.new_full(b"x", address(to, at),
                                               Gio.InetAddress.new_from_string(source),
                                               index, 17, 0x2a)

            def plain(at):
                return Gudpx.Datagram.new(b"x", address(to, at))

            received = self.receive(host, full, plain, full)
            self.assertEqual([(d.get_hop_limit(), d.get_traffic_class()) for d in received],
                             [(17, 0x2a), (64, 0), (17, 0x2a)])
            self.assertEqual(received[0].get_ecn(), 2)
            self.assertEqual(received[0].get_sender().get_address().to_string(), source)

    def test_one_of_them_alone(self):
        def make(hop_limit, traffic_class):
            return lambda at: Gudpx.Datagram.new_full(b"x", address(LOCALHOST, at), None, 0,
                                                      hop_limit, traffic_class)

        received = self.receive(LOCALHOST, make(-1, -1), make(9, -1), make(-1, 8))
        self.assertEqual([(d.get_hop_limit(), d.get_traffic_class()) for d in received],
                         [(64, 0), (9, 0), (64, 8)])

    def test_what_the_system_does_not_allow(self):
        port, reader = self.listen(host=None), self.socket()
        to = address(*reader.getsockname())
        bad = Gudpx.Datagram.new_full(b"bad", to, Gio.InetAddress.new_from_string("192.0.2.1"), 0,
                                      -1, -1)
        self.assertEqual(port.write_datagrams([Gudpx.Datagram.new(b"1", to), bad,
                                               Gudpx.Datagram.new(b"2", to)]), 3)
        iterate_until(lambda: port.get_protocol().errors)
        self.assertEqual([reader.recv(10), reader.recv(10)], [b"1", b"2"])
        self.assert_nothing_to_read(reader)
        self.assertEqual(port.get_protocol().errors[0][1].to_string(), to.to_string())


if __name__ == "__main__":
    tap.main()
