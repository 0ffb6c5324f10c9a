#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Datagrams: keeping, truncating, creating, answering them, and their metadata."""

import gc
import socket
import time

import tap
from gudpxtest import (DESTINATION_UNSET, LOCALHOST, Code, Recorder, TestCase, address,
                       iterate_until, number, settle, unix_address, HAS_OVERRIDE)

from gi.repository import Gudpx

ALL = (Gudpx.MetadataFlags.DESTINATION | Gudpx.MetadataFlags.TIMESTAMP |
       Gudpx.MetadataFlags.HOP_LIMIT | Gudpx.MetadataFlags.TRAFFIC_CLASS)


class Kept(TestCase):
    """Later datagrams do not change a datagram that is kept."""

    def setUp(self):
        super().setUp()
        self.protocol = Recorder()
        self.port = self.listen(self.protocol)

    def receive(self, first, count):
        """Sends from several senders in turn. Returns the expected datagrams."""
        senders = [self.socket() for _ in range(5)]
        wanted = []
        for i in range(first, first + count):
            sender = senders[i % len(senders)]
            payload = b"%d " % i * (1 + i % 50)
            sender.sendto(payload, (LOCALHOST, number(self.port)))
            wanted.append((payload, "%s:%d" % sender.getsockname()))
            if i % 20 == 19:
                settle()
        settle()
        return wanted

    def check(self, datagrams, wanted):
        self.assertEqual([(d.get_payload(), d.get_sender().to_string()) for d in datagrams], wanted)
        self.assertTrue(all(d.get_transport() is self.port for d in datagrams))
        self.assertTrue(all(d.get_original_size() == len(d.get_payload()) for d in datagrams))

    def test_while_others_arrive(self):
        wanted = self.receive(0, 2000)
        wanted += self.receive(2000, 1000)
        self.check(self.protocol.datagrams, wanted)

    def test_some_of_them(self):
        kept = []
        self.protocol.handlers["datagram_received"] = lambda self, datagram: (
            kept.append(datagram) if len(self.events) % 3 == 0 else None, self.datagrams.clear())
        wanted = self.receive(0, 3000)
        gc.collect()
        self.check(kept, wanted[1::3])

    def test_after_garbage_collection(self):
        wanted = self.receive(0, 1000)
        kept = self.protocol.datagrams[::2]
        self.protocol.datagrams.clear()
        gc.collect()
        self.receive(1000, 1000)
        self.check(kept, wanted[::2])

    def test_after_the_port_stopped(self):
        wanted = self.receive(0, 1000)
        self.port.stop_listening()
        gc.collect()
        self.check(self.protocol.datagrams, wanted)

    def test_after_all_else_is_gone(self):
        wanted = self.receive(0, 100)
        kept = self.protocol.datagrams
        self.port.stop_listening()
        self.ports.clear()
        self.port = self.protocol = None
        gc.collect()
        self.assertEqual([(d.get_payload(), d.get_sender().to_string()) for d in kept], wanted)
        # A datagram has no reference to its port.
        self.assertIsNone(kept[0].get_transport())
        with self.assert_error(Code.CLOSED):
            kept[0].reply(b"too late")

    def test_with_an_attribute(self):
        """An attribute of one wrapper does not appear on another datagram."""
        seen = []

        def mark(self, datagram):
            seen.append(hasattr(datagram, "mark"))
            datagram.mark = True
            self.datagrams.clear()

        self.protocol.handlers["datagram_received"] = mark
        self.receive(0, 200)
        self.assertEqual(seen, [False] * 200)

    def test_finalized_when_let_go(self):
        gone = []
        self.protocol.handlers["datagram_received"] = lambda self, datagram: datagram.weak_ref(
            gone.append, 1)
        self.receive(0, 100)
        self.protocol.datagrams.clear()
        gc.collect()
        self.assertEqual(len(gone), 100)

    def test_one_that_is_only_watched_is_not_used_again(self):
        class Watcher(Gudpx.DatagramProtocol):
            def do_datagram_received(self, datagram):
                datagram.weak_ref(gone.append, datagram.get_payload())

        gone = []
        self.port = self.listen(Watcher())
        wanted = self.receive(0, 100)
        gc.collect()
        self.assertEqual(gone, [payload for payload, _ in wanted])

    def test_a_signal_keeps_them_too(self):
        protocol = Gudpx.DatagramProtocol()
        kept = []
        protocol.connect("datagram-received", lambda _, datagram: kept.append(datagram))
        self.port = self.listen(protocol)
        wanted = self.receive(0, 2000)
        self.check(kept, wanted)

    def test_an_error_keeps_its_message(self):
        def write(self, datagram):
            datagram.get_transport().write_to(b"x", unix_address(datagram.get_payload().decode()))

        protocol = Recorder(datagram_received=write)
        port = self.listen_unix(protocol)
        sender = self.listen_unix()
        path = self.temporary_path("")
        for i in range(100):
            sender.write_to(b"%snobody%d" % (path.encode(), i), port.get_local_address())
            settle()
        iterate_until(lambda: len(protocol.errors) == 100)
        port.stop_listening()
        gc.collect()
        for i, (error, destination) in enumerate(protocol.errors):
            self.assertIn(f"{path}nobody{i}:", error.message)
            self.assertEqual(destination.get_path(), f"{path}nobody{i}")

    def test_its_destination_stays_when_the_port_starts_elsewhere(self):
        self.port.set_metadata(Gudpx.MetadataFlags.DESTINATION)
        self.receive(0, 1)
        before = number(self.port)
        self.port.stop_listening()
        # The number must not come again by chance.
        self.socket(port=before)
        self.port.start_listening()
        self.assertNotEqual(number(self.port), before)
        self.assertEqual(self.protocol.datagrams[0].get_destination().get_port(), before)


class Made(TestCase):
    def test_payload_and_destination(self):
        destination = address(LOCALHOST, 1)
        datagram = Gudpx.Datagram.new(b"x\0y", destination)
        self.assertEqual(datagram.get_payload(), b"x\0y")
        self.assertEqual(datagram.dup_bytes().get_data(), b"x\0y")
        self.assertIs(datagram.get_destination(), destination)
        self.assertIs(datagram.props.destination, destination)
        self.assertFalse(datagram.get_truncated())
        self.assertEqual(datagram.get_original_size(), 3)

    def test_empty(self):
        datagram = Gudpx.Datagram.new(b"", None)
        self.assertEqual(datagram.get_payload(), b"")
        self.assertEqual(datagram.dup_bytes().get_size(), 0)
        self.assertIsNone(datagram.get_destination())

    def test_what_a_payload_may_be(self):
        for payload in b"abc", bytearray(b"abc"), memoryview(b"abc"):
            self.assertEqual(Gudpx.Datagram.new(payload).get_payload(), b"abc")
        for payload in ("abc", 3, [256], [None]):
            with self.assertRaises((TypeError, OverflowError)):
                Gudpx.Datagram.new(payload)

    def test_numbers(self):
        for payload in [97, 98, 99], (97, 98, 99):
            if HAS_OVERRIDE:
                self.assertRaises(TypeError, Gudpx.Datagram.new, payload)
            else:
                self.assertEqual(Gudpx.Datagram.new(payload).get_payload(), b"abc")

    def test_the_payload_is_copied(self):
        payload = bytearray(b"abc")
        datagram = Gudpx.Datagram.new(payload)
        payload[0] = 0
        self.assertEqual(datagram.get_payload(), b"abc")

    def test_what_is_not_known(self):
        datagram = Gudpx.Datagram.new(b"x")
        self.assertIsNone(datagram.get_sender())
        self.assertIsNone(datagram.get_transport())
        self.assertEqual(datagram.get_interface_index(), 0)
        self.assertEqual(datagram.get_hop_limit(), -1)
        self.assertEqual(datagram.get_traffic_class(), -1)
        self.assertEqual(datagram.get_ecn(), -1)
        self.assertEqual(datagram.get_timestamp(), 0)

    def test_no_reply(self):
        with self.assert_error(DESTINATION_UNSET):
            Gudpx.Datagram.new(b"x").reply(b"y")

    def test_properties_are_read_only(self):
        datagram = Gudpx.Datagram.new(b"x")
        names = [pspec.name for pspec in datagram.list_properties()]
        self.assertEqual(sorted(names), [
            "destination", "ecn", "hop-limit", "interface-index", "original-size", "sender",
            "timestamp", "traffic-class", "transport", "truncated"])
        for name in names:
            with self.assertRaises(TypeError):
                datagram.set_property(name, None)

    def test_properties_and_getters_agree(self):
        protocol = Recorder()
        port = self.listen(protocol)
        port.set_metadata(ALL)
        self.send(port, b"x")
        settle()
        datagram = protocol.datagrams[0]
        for pspec in datagram.list_properties():
            getter = getattr(datagram, "get_" + pspec.name.replace("-", "_"))
            self.assertEqual(datagram.get_property(pspec.name), getter(), pspec.name)


class Truncation(TestCase):
    def receive(self, payload, max_packet_size=None):
        protocol = Recorder()
        port = self.listen(protocol)
        if max_packet_size is not None:
            port.set_max_packet_size(max_packet_size)
        self.send(port, payload)
        settle()
        self.assertEqual(port.get_statistics().bytes_received, len(payload))
        self.assertEqual(port.get_statistics().truncated, protocol.datagrams[0].get_truncated())
        return protocol.datagrams[0]

    def test_nothing_by_default(self):
        payload = bytes(range(256)) * 255 + bytes(227)
        self.assertEqual(len(payload), 65507)
        datagram = self.receive(payload)
        self.assertEqual(datagram.get_payload(), payload)
        self.assertFalse(datagram.get_truncated())

    def test_longer(self):
        datagram = self.receive(b"0123456789", 4)
        self.assertEqual(datagram.get_payload(), b"0123")
        self.assertEqual(datagram.dup_bytes().get_data(), b"0123")
        self.assertTrue(datagram.get_truncated())
        self.assertEqual(datagram.get_original_size(), 10)

    def test_just_fitting(self):
        datagram = self.receive(b"0123", 4)
        self.assertEqual(datagram.get_payload(), b"0123")
        self.assertFalse(datagram.get_truncated())
        self.assertEqual(datagram.get_original_size(), 4)

    def test_changed_between_datagrams(self):
        protocol = Recorder()
        port = self.listen(protocol)
        for size in (2, 100, 3):
            port.set_max_packet_size(size)
            self.send(port, b"abcdef")
            settle()
        self.assertEqual(protocol.payloads, [b"ab", b"abcdef", b"abc"])


class Joined(TestCase):
    """Tests datagrams that the kernel joined into one message."""

    def setUp(self):
        super().setUp()
        self.protocol = Recorder()
        self.port = self.listen(self.protocol)

    def test_received(self):
        plain = self.socket()
        try:
            plain.setsockopt(socket.IPPROTO_UDP, 103, 100)  # UDP_SEGMENT
        except OSError:
            self.skipTest("the system cannot segment datagrams")
        self.port.set_metadata(ALL)
        payload = bytes(i % 251 for i in range(1050))
        plain.sendto(payload, (LOCALHOST, number(self.port)))
        settle()
        self.assertEqual(self.protocol.payloads, [payload[i:i + 100] for i in range(0, 1050, 100)])
        for datagram in self.protocol.datagrams:
            self.assertEqual(datagram.get_sender().to_string(), "%s:%d" % plain.getsockname())
            self.assertEqual(datagram.get_destination().get_port(), number(self.port))
            self.assertEqual(datagram.get_hop_limit(), 64)
            self.assertEqual(datagram.get_original_size(), len(datagram.get_payload()))
        statistics = self.port.get_statistics()
        self.assertEqual((statistics.datagrams_received, statistics.bytes_received), (11, 1050))

    def test_cut_off(self):
        writer = self.listen()
        self.port.set_max_packet_size(7)
        writer.write_datagrams([Gudpx.Datagram.new(b"%010d" % i, self.port.get_local_address())
                                for i in range(20)])
        settle()
        self.assertEqual(self.protocol.payloads, [b"%07d" % (i // 1000) for i in range(20)])
        self.assertTrue(all(d.get_original_size() == 10 for d in self.protocol.datagrams))

    def test_written(self):
        for coalesce in (True, False):
            writer = self.listen()
            writer.set_coalesce_writes(coalesce)
            reader = self.socket()
            sizes = [100] * 50 + [99] + [100] * 70 + [101, 0, 0, 100] + [1400] * 60 + [0, 1]
            wanted = [bytes([i % 256]) * size for i, size in enumerate(sizes)]
            for first in range(0, len(wanted), 60):
                batch = wanted[first:first + 60]
                self.assertEqual(writer.write_datagrams(
                    [Gudpx.Datagram.new(payload, address(*reader.getsockname()))
                     for payload in batch]), len(batch))
                self.assertEqual([reader.recv(2000) for _ in batch], batch)
            self.assertEqual(writer.get_statistics().datagrams_sent, len(wanted))
            self.assertEqual(writer.get_statistics().bytes_sent, sum(sizes))
            if not coalesce:
                self.assertEqual(writer.get_statistics().joined_sent, 0)


class Metadata(TestCase):
    def receive(self, flags, host=LOCALHOST, to=None, prepare=lambda plain: None):
        protocol = Recorder()
        port = self.listen(protocol, host)
        port.set_metadata(flags)
        to = to or host or LOCALHOST
        plain = self.socket("::1" if ":" in to else LOCALHOST)
        prepare(plain)
        plain.sendto(b"x", (to, number(port)))
        settle()
        self.assertEqual(len(protocol.datagrams), 1)
        return port, protocol.datagrams[0], plain

    def check_all(self, host, to, level, hops, traffic_class):
        def prepare(plain):
            plain.setsockopt(level, hops, 33)
            plain.setsockopt(level, traffic_class, 0xb9)

        before = time.time_ns() // 1000
        port, datagram, _ = self.receive(ALL, host, to, prepare)
        after = time.time_ns() // 1000
        self.assertEqual(datagram.get_destination().get_address().to_string(), to)
        self.assertEqual(datagram.get_destination().get_port(), number(port))
        self.assertEqual(datagram.get_interface_index(), socket.if_nametoindex("lo"))
        self.assertEqual(datagram.get_hop_limit(), 33)
        self.assertEqual(datagram.get_traffic_class(), 0xb9)
        self.assertEqual(datagram.get_ecn(), 1)
        # The kernel rounds its clock, so the time may differ a little.
        self.assertTrue(before - 20000 <= datagram.get_timestamp() <= after + 20000)

    def test_ipv4(self):
        self.check_all(None, "127.0.0.1", socket.IPPROTO_IP, socket.IP_TTL, socket.IP_TOS)

    def test_ipv6(self):
        self.check_all("::", "::1", socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS,
                       socket.IPV6_TCLASS)

    def test_ipv4_on_dual_stack(self):
        self.check_all("::", "127.0.0.1", socket.IPPROTO_IP, socket.IP_TTL, socket.IP_TOS)

    def test_nothing_by_default(self):
        _, datagram, _ = self.receive(Gudpx.MetadataFlags.NONE)
        self.assertIsNone(datagram.get_destination())
        self.assertEqual(datagram.get_interface_index(), 0)
        self.assertEqual(datagram.get_hop_limit(), -1)
        self.assertEqual(datagram.get_traffic_class(), -1)
        self.assertEqual(datagram.get_ecn(), -1)
        self.assertEqual(datagram.get_timestamp(), 0)

    def test_each_flag_alone(self):
        for flag in (Gudpx.MetadataFlags.DESTINATION, Gudpx.MetadataFlags.TIMESTAMP,
                     Gudpx.MetadataFlags.HOP_LIMIT, Gudpx.MetadataFlags.TRAFFIC_CLASS):
            for host in (LOCALHOST, "::1"):
                _, datagram, _ = self.receive(flag, host)
                known = {
                    Gudpx.MetadataFlags.DESTINATION: datagram.get_destination() is not None,
                    Gudpx.MetadataFlags.TIMESTAMP: datagram.get_timestamp() != 0,
                    Gudpx.MetadataFlags.HOP_LIMIT: datagram.get_hop_limit() != -1,
                    Gudpx.MetadataFlags.TRAFFIC_CLASS: datagram.get_traffic_class() != -1,
                }
                self.assertEqual([f for f in known if known[f]], [flag])

    def test_taken_back(self):
        protocol = Recorder()
        port = self.listen(protocol)
        port.set_metadata(ALL)
        port.set_metadata(Gudpx.MetadataFlags.NONE)
        self.send(port, b"x")
        settle()
        self.assertIsNone(protocol.datagrams[0].get_destination())
        self.assertEqual(protocol.datagrams[0].get_timestamp(), 0)

    def test_kept_across_a_restart(self):
        protocol = Recorder()
        port = self.listen(protocol)
        port.set_metadata(ALL)
        port.stop_listening()
        port.start_listening()
        self.send(port, b"x")
        settle()
        self.assertEqual(port.get_metadata(), ALL)
        self.assertEqual(protocol.datagrams[0].get_destination().get_port(), number(port))
        self.assertGreater(protocol.datagrams[0].get_timestamp(), 0)

    def test_set_before_the_start(self):
        protocol = Recorder()
        port = self.own(Gudpx.Port(protocol=protocol, metadata=ALL,
                                   local_address=address(LOCALHOST, 0)))
        port.start_listening()
        self.send(port, b"x")
        settle()
        self.assertEqual(protocol.datagrams[0].get_hop_limit(), 64)

    def test_not_of_unix_sockets(self):
        port = self.listen_unix()
        with self.assert_error(Code.NOT_SUPPORTED):
            port.set_metadata(Gudpx.MetadataFlags.HOP_LIMIT)
        self.assertEqual(port.get_metadata(), Gudpx.MetadataFlags.NONE)


class Reply(TestCase):
    def test_leaves_from_where_the_datagram_was_sent_to(self):
        for host in (None, "::"):
            for to in ("127.0.0.1", "127.0.0.2", "127.3.4.5"):
                port = self.listen(Recorder(
                    datagram_received=lambda self, datagram: datagram.reply(b"here")), host)
                port.set_metadata(Gudpx.MetadataFlags.DESTINATION)
                plain = self.socket()
                plain.sendto(b"x", (to, number(port)))
                settle()
                self.assertEqual(plain.recvfrom(10), (b"here", (to, number(port))))

    def test_in_a_batch_each_from_its_own(self):
        protocol = Recorder(datagram_received=lambda self, d: d.reply(d.get_payload()))
        port = self.listen(protocol, None)
        port.set_metadata(Gudpx.MetadataFlags.DESTINATION)
        plain = self.socket()
        for i in range(1, 30):
            plain.sendto(b"%d" % i, (f"127.0.0.{i}", number(port)))
        settle()
        for i in range(1, 30):
            self.assertEqual(plain.recvfrom(10), (b"%d" % i, (f"127.0.0.{i}", number(port))))

    def test_without_metadata_the_system_chooses(self):
        port = self.listen(Recorder(datagram_received=lambda self, d: d.reply(b"y")), None)
        plain = self.socket()
        plain.sendto(b"x", ("127.0.0.2", number(port)))
        settle()
        self.assertEqual(plain.recvfrom(10), (b"y", ("127.0.0.1", number(port))))

    def test_later(self):
        protocol = Recorder()
        port = self.listen(protocol, None)
        port.set_metadata(Gudpx.MetadataFlags.DESTINATION)
        plain = self.socket()
        plain.sendto(b"x", ("127.0.0.2", number(port)))
        settle()
        self.assertTrue(protocol.datagrams[0].reply(b"y"))
        self.assertEqual(plain.recvfrom(10), (b"y", ("127.0.0.2", number(port))))

    def test_empty_and_long(self):
        protocol = Recorder()
        plain = self.send(self.listen(protocol), b"x")
        settle()
        protocol.datagrams[0].reply(b"")
        self.assertEqual(plain.recv(10), b"")
        with self.assert_error(Code.MESSAGE_TOO_LARGE):
            protocol.datagrams[0].reply(bytes(65508))

    def test_after_the_port_stopped(self):
        protocol = Recorder()
        port = self.listen(protocol)
        self.send(port, b"x")
        settle()
        port.stop_listening()
        with self.assert_error(Code.CLOSED):
            protocol.datagrams[0].reply(b"y")

    def test_on_a_port_connected_elsewhere(self):
        protocol = Recorder()
        port = self.listen(protocol)
        self.send(port, b"x")
        settle()
        self.peer_of(port)
        with self.assert_error(Code.INVALID_ARGUMENT):
            protocol.datagrams[0].reply(b"y")


if __name__ == "__main__":
    tap.main()
