#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Stopping, restarting, pausing and nested main loops, in all handlers."""

import tap
from gudpxtest import (LOCALHOST, Batches, Code, Recorder, TestCase, iterate_until, number, settle,
                       unix_address)

from gi.repository import Gio, GLib, Gudpx


def stop(protocol, *_):
    protocol.get_transport().stop_listening()


def fill(writer, destination, size=1000):
    """Writes until the queue is full. Returns the number of accepted datagrams."""
    taken = 0
    while True:
        try:
            writer.write_to(taken.to_bytes(4, "big") + bytes(size), destination)
        except GLib.Error as error:
            if not error.matches(Gio.io_error_quark(), Code.WOULD_BLOCK):
                raise
            return taken
        taken += 1


class Stop(TestCase):
    """Stops the port in each handler: only `stopped` follows."""

    def assert_stopped(self, port, protocol):
        settle()
        self.assertFalse(port.get_listening())
        self.assertIsNone(port.get_socket())
        self.assertIsNone(protocol.get_transport())
        self.assertEqual(protocol.events[-1], "stopped")
        self.assertEqual(protocol.count("stopped"), 1)

    def test_outside(self):
        protocol = Recorder()
        port = self.listen(protocol)
        plain = self.send(port, b"never read")
        port.stop_listening()
        self.assert_stopped(port, protocol)
        self.assertEqual(protocol.events, ["started", "stopped"])
        plain.close()

    def test_twice(self):
        protocol = Recorder()
        port = self.listen(protocol)
        port.stop_listening()
        port.stop_listening()
        self.assert_stopped(port, protocol)

    def test_never_started(self):
        protocol = Recorder()
        Gudpx.Port.new(protocol, None).stop_listening()
        self.assertEqual(protocol.events, [])

    def test_in_started(self):
        protocol = Recorder(started=stop)
        port = self.listen(protocol)
        self.assert_stopped(port, protocol)

    def test_in_datagram_received(self):
        protocol = Recorder(datagram_received=stop)
        port = self.listen(protocol)
        self.send(port, b"1")
        self.assert_stopped(port, protocol)

    def test_in_the_middle_of_a_batch(self):
        def stop_at_ten(self, datagram):
            if datagram.get_payload() == b"10":
                datagram.get_transport().stop_listening()

        for kind in (Recorder, Batches):
            protocol = kind(datagram_received=stop_at_ten)
            port = self.listen(protocol)
            self.send(port, *(b"%d" % i for i in range(100)))
            self.assert_stopped(port, protocol)
            self.assertEqual(protocol.payloads, [b"%d" % i for i in range(11)])

    def test_in_a_signal_handler_before_the_virtual_function(self):
        protocol = Recorder()
        protocol.connect("datagram-received", stop)
        port = self.listen(protocol)
        self.send(port, b"1", b"2")
        settle()
        # This datagram was being delivered.
        self.assertEqual(protocol.payloads, [b"1"])
        self.assertFalse(port.get_listening())

    def test_in_connection_refused(self):
        protocol = Recorder(connection_refused=stop)
        port = self.listen(protocol)
        port.connect_peer(LOCALHOST, self.unused_number())
        port.write(b"x")
        iterate_until(lambda: not port.get_listening())
        self.assert_stopped(port, protocol)

    def provoke_errors(self, protocol):
        path = self.temporary_path("nobody")
        protocol.handlers["datagram_received"] = lambda self, d: [
            d.get_transport().write_to(b"x", unix_address(path)) for _ in range(3)]
        port = self.listen_unix(protocol)
        self.listen_unix().write_to(b"go", port.get_local_address())
        return port

    def test_in_error_received(self):
        protocol = Recorder(error_received=stop)
        port = self.provoke_errors(protocol)
        iterate_until(lambda: protocol.errors)
        self.assert_stopped(port, protocol)
        self.assertEqual(len(protocol.errors), 1)

    def test_in_writable(self):
        protocol = Recorder(writable=stop)
        writer = self.listen_unix(protocol)
        reader = self.listen_unix()
        reader.set_reading(False)
        writer.set_send_queue_limit(5000)
        fill(writer, reader.get_local_address())
        reader.set_reading(True)
        iterate_until(lambda: not writer.get_listening())
        self.assert_stopped(writer, protocol)

    def test_in_stopped(self):
        protocol = Recorder()
        port = self.listen(protocol)
        protocol.handlers["stopped"] = lambda self: port.stop_listening()
        port.stop_listening()
        self.assert_stopped(port, protocol)

    def test_in_notify_listening(self):
        protocol = Recorder()
        port = Gudpx.Port.new(protocol, None)
        port.connect("notify::listening", lambda port, _: port.stop_listening())
        port.start_listening()
        settle()
        self.assertFalse(port.get_listening())
        self.assertIsNone(protocol.get_transport())
        self.assertEqual(protocol.count("started"), protocol.count("stopped"))

    def test_what_was_written_in_a_handler_still_leaves(self):
        def answer_and_stop(self, datagram):
            datagram.reply(b"1")
            datagram.reply(b"2")
            datagram.get_transport().stop_listening()

        port = self.listen(Recorder(datagram_received=answer_and_stop))
        peer = self.send(port, b"x")
        settle()
        self.assertEqual([peer.recv(10), peer.recv(10)], [b"1", b"2"])

    def test_a_queue_is_dropped(self):
        writer = self.listen_unix()
        reader = self.listen_unix()
        reader.set_reading(False)
        taken = fill(writer, reader.get_local_address())
        self.assertGreater(writer.get_send_queue_size(), 0)
        writer.stop_listening()
        self.assertEqual(writer.get_send_queue_size(), 0)
        reader.set_reading(True)
        settle()
        self.assertLess(len(reader.get_protocol().datagrams), taken)
        self.assertGreater(writer.get_statistics().send_queue_drops, 0)

    def test_the_number_is_free_at_once(self):
        port = self.listen()
        taken = number(port)
        port.stop_listening()
        self.assertEqual(number(self.listen(port=taken)), taken)

    def test_the_other_port_of_a_handler(self):
        """A port may be stopped while another one is being dispatched."""
        other_protocol = Recorder()
        other = self.listen(other_protocol)
        port = self.listen(Recorder(datagram_received=lambda *_: other.stop_listening()))
        self.send(port, b"x")
        self.send(other, b"y")
        settle()
        self.assertEqual(other_protocol.events[-1], "stopped")
        self.assertTrue(port.get_listening())


class Restart(TestCase):
    def test_outside(self):
        protocol = Recorder()
        port = self.listen(protocol)
        for _ in range(3):
            port.stop_listening()
            self.assertTrue(port.start_listening())
        self.send(port, b"x")
        settle()
        self.assertEqual(protocol.events,
                         ["started", "stopped"] * 3 + ["started", "datagram_received"])

    def assert_serves(self, port, payload=b"again"):
        protocol = port.get_protocol()
        protocol.handlers.clear()
        settle()
        self.assertTrue(port.get_listening())
        self.assertIs(protocol.get_transport(), port)
        before = len(protocol.datagrams)
        self.send(port, payload)
        settle()
        self.assertEqual(protocol.payloads[before:], [payload])

    def restart(self, protocol, *_):
        port = protocol.get_transport()
        port.stop_listening()
        port.start_listening()

    def test_in_started(self):
        protocol = Recorder(started=lambda self: (
            self.count("started") == 1 and test.restart(self)))
        test = self
        self.assert_serves(self.listen(protocol))
        self.assertEqual(protocol.count("started"), 2)

    def test_in_datagram_received(self):
        protocol = Recorder(datagram_received=self.restart)
        port = self.listen(protocol)
        self.send(port, b"1", b"2", b"3")
        settle()
        # Datagrams from before the restart are not delivered.
        self.assertEqual(protocol.payloads, [b"1"])
        self.assertEqual(protocol.events, ["started", "datagram_received", "stopped", "started"])
        self.assert_serves(port)

    def test_on_the_same_number(self):
        holder = self.listen()
        taken = number(holder)
        holder.stop_listening()
        protocol = Recorder(datagram_received=self.restart)
        port = self.listen(protocol, port=taken)
        self.send(port, b"1", b"2")
        settle()
        self.assertEqual(number(port), taken)
        self.assertEqual(protocol.payloads, [b"1"])
        self.assert_serves(port)

    def test_in_the_middle_of_a_batch(self):
        protocol = Batches(datagram_received=lambda self, d: (
            d.get_payload() == b"5" and test.restart(self)))
        test = self
        port = self.listen(protocol)
        self.send(port, *(b"%d" % i for i in range(50)))
        settle()
        self.assertEqual(protocol.payloads, [b"%d" % i for i in range(6)])
        self.assert_serves(port)

    def test_in_stopped(self):
        protocol = Recorder()
        port = self.listen(protocol)
        protocol.handlers["stopped"] = lambda self: port.start_listening()
        port.stop_listening()
        self.assert_serves(port)
        self.assertEqual(protocol.events[:3], ["started", "stopped", "started"])

    def test_in_stopped_from_a_handler(self):
        protocol = Recorder(datagram_received=stop)
        port = self.listen(protocol)
        protocol.handlers["stopped"] = lambda self: port.start_listening()
        self.send(port, b"1")
        settle()
        self.assert_serves(port)

    def test_in_connection_refused(self):
        protocol = Recorder(connection_refused=self.restart)
        port = self.listen(protocol)
        port.connect_peer(LOCALHOST, self.unused_number())
        port.write(b"x")
        iterate_until(lambda: protocol.count("connection_refused"))
        self.assertIsNone(port.get_peer_address())
        self.assert_serves(port)

    def test_while_a_queue_waits(self):
        writer = self.listen_unix()
        reader = self.listen_unix()
        reader.set_reading(False)
        fill(writer, reader.get_local_address())
        writer.stop_listening()
        writer.start_listening()
        self.assertEqual(writer.get_send_queue_size(), 0)
        reader.set_reading(True)
        settle()
        writer.write_to(b"new", reader.get_local_address())
        settle()
        self.assertEqual(reader.get_protocol().payloads[-1], b"new")
        # The restart discards the pending “writable” of the old start.
        self.assertEqual(writer.get_protocol().count("writable"), 0)

    def test_with_another_address(self):
        port = self.listen()
        with self.assert_error(Code.BUSY):
            port.set_local_address(None)
        port.stop_listening()
        other = self.unused_number()
        port.set_local_address(Gio.InetSocketAddress.new_from_string("127.0.0.1", other))
        port.start_listening()
        self.assertEqual(number(port), other)

    def test_errors(self):
        port = self.listen()
        with self.assert_error(Code.EXISTS, number(port)):
            port.start_listening()
        port.stop_listening_async(None, None)
        with self.assert_error(Code.PENDING):
            port.start_listening()
        settle()
        port.start_listening()
        self.assert_serves(port)

    def test_a_failure_is_no_start(self):
        protocol = Recorder()
        port = self.listen(protocol)
        port.set_max_packet_size(3)
        port.stop_listening()
        taken = self.socket()
        port.set_local_address(Gio.InetSocketAddress.new_from_string(*taken.getsockname()))
        with self.assert_error(Code.ADDRESS_IN_USE, taken.getsockname()[1]):
            port.start_listening()
        self.assertEqual(protocol.events, ["started", "stopped"])
        self.assertFalse(port.get_listening())
        taken.close()
        port.start_listening()
        self.assert_serves(port, b"abc")


class SeveralPorts(TestCase):
    def test_started_once_and_stopped_once(self):
        protocol = Recorder()
        ports = [self.listen(protocol) for _ in range(3)]
        self.assertIs(protocol.get_transport(), ports[2])
        self.assertEqual(protocol.events, ["started"])
        ports[1].stop_listening()
        self.assertIs(protocol.get_transport(), ports[2])
        ports[2].stop_listening()
        self.assertIs(protocol.get_transport(), ports[0])
        self.assertEqual(protocol.events, ["started"])
        ports[0].stop_listening()
        self.assertIsNone(protocol.get_transport())
        self.assertEqual(protocol.events, ["started", "stopped"])

    def test_a_datagram_knows_its_port(self):
        protocol = Recorder(
            datagram_received=lambda self, d: d.reply(b"%d" % number(d.get_transport())))
        for port in [self.listen(protocol), self.listen(protocol, "::1")]:
            plain = self.send(port, b"x")
            settle()
            self.assertIs(protocol.datagrams[-1].get_transport(), port)
            self.assertEqual(plain.recvfrom(10)[1][1], number(port))

    def test_restarted_in_turn(self):
        protocol = Recorder()
        first, second = self.listen(protocol), self.listen(protocol)
        first.stop_listening()
        first.start_listening()
        second.stop_listening()
        self.assertEqual(protocol.events, ["started"])
        self.assertIs(protocol.get_transport(), first)
        self.send(first, b"x")
        settle()
        self.assertEqual(protocol.payloads, [b"x"])

    def test_all_stopped_in_a_handler(self):
        protocol = Recorder(datagram_received=lambda *_: [port.stop_listening() for port in ports])
        ports = [self.listen(protocol) for _ in range(3)]
        for port in ports:
            self.send(port, b"x", b"y")
        settle()
        self.assertEqual(protocol.events, ["started", "datagram_received", "stopped"])

    def test_used_again(self):
        protocol = Recorder()
        self.listen(protocol).stop_listening()
        port = self.listen(protocol)
        self.assertIs(protocol.get_transport(), port)
        self.assertEqual(protocol.events, ["started", "stopped", "started"])

    def test_another_port_in_stopped(self):
        protocol = Recorder()
        port = self.listen(protocol)
        protocol.handlers["stopped"] = lambda protocol: (
            protocol.count("stopped") == 1 and self.listen(protocol))
        port.stop_listening()
        self.send(protocol.get_transport(), b"x")
        settle()
        self.assertEqual(protocol.payloads, [b"x"])


if __name__ == "__main__":
    tap.main()
