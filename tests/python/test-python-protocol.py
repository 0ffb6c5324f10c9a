#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Handlers as virtual functions, as signals, or both; and handlers that fail."""

import tap
from gudpxtest import (HAS_OVERRIDE, LOCALHOST, Code, Recorder, TestCase, iterate_until, settle,
                       unix_address)

from gi.repository import Gio, GLib, Gudpx


class Batches(Recorder):
    """Takes whole batches."""

    def __init__(self, chain_up=False, **handlers):
        super().__init__(**handlers)
        self.chain_up = chain_up
        self.batches = []

    def do_datagrams_received(self, datagrams):
        self.batches.append(datagrams)
        self.handle("datagrams_received", datagrams)
        if self.chain_up:
            Gudpx.DatagramProtocol.do_datagrams_received(self, datagrams)


def remember_signals(protocol):
    """Connects to every signal. Adds name and arguments of each emission to the returned list."""
    calls = []
    for name in ("started", "stopped", "datagram-received", "connection-refused", "error-received",
                 "writable"):
        protocol.connect(name, lambda _, *args: calls.append((args[-1], *args[:-1])), name)
    return calls


class VirtualFunctions(TestCase):
    def test_started_is_called_before_listen_returns(self):
        seen = []
        port = self.listen(Recorder(started=lambda self: seen.append(
            (self.get_transport(), self.props.transport.get_listening()))))
        self.assertEqual(seen, [(port, True)])

    def test_started_may_write(self):
        peer = self.socket()
        self.listen(Recorder(
            started=lambda self: self.get_transport().write_to_host(b"hi", *peer.getsockname())))
        self.assertEqual(peer.recv(10), b"hi")

    def test_datagram_received(self):
        protocol = Recorder()
        port = self.listen(protocol)
        sender = self.send(port, b"one", b"", b"three")
        settle()
        self.assertEqual(protocol.payloads, [b"one", b"", b"three"])
        for datagram in protocol.datagrams:
            self.assertIs(datagram.get_transport(), port)
            self.assertEqual(datagram.get_sender().to_string(),
                             "%s:%d" % sender.getsockname())

    def test_datagrams_received_has_the_whole_batch(self):
        protocol = Batches()
        port = self.listen(protocol)
        self.send(port, *(b"%d" % i for i in range(20)))
        settle()
        self.assertEqual([[d.get_payload() for d in batch] for batch in protocol.batches],
                         [[b"%d" % i for i in range(20)]])
        self.assertEqual(protocol.datagrams, [])

    def test_datagrams_received_without_chaining_up_emits_no_signal(self):
        protocol = Batches()
        calls = remember_signals(protocol)
        self.send(self.listen(protocol), b"x")
        settle()
        self.assertEqual(len(protocol.batches), 1)
        self.assertEqual(calls, [("started",)])

    def test_datagrams_received_chains_up(self):
        protocol = Batches(chain_up=True)
        calls = remember_signals(protocol)
        self.send(self.listen(protocol), b"a", b"b")
        settle()
        self.assertEqual(protocol.events,
                         ["started", "datagrams_received", "datagram_received",
                          "datagram_received"])
        self.assertEqual(calls,
                         [("started",)] + [("datagram-received", d) for d in protocol.datagrams])

    def test_many_datagrams_come_in_several_batches_in_order(self):
        protocol = Batches()
        port = self.listen(protocol)
        port.set_receive_buffer_size(200000)
        wanted = [b"%d" % i for i in range(150)]
        self.send(port, *wanted)
        settle()
        self.assertEqual([d.get_payload() for batch in protocol.batches for d in batch], wanted)
        self.assertGreater(len(protocol.batches), 1)

    def test_connection_refused(self):
        refused = []
        port = self.listen(Recorder(connection_refused=lambda self, port: refused.append(port)))
        port.connect_peer(LOCALHOST, self.unused_number())
        port.write(b"x")
        iterate_until(lambda: refused)
        self.assertEqual(refused, [port])

    def test_error_received(self):
        path = self.temporary_path("nobody")
        protocol = Recorder(datagram_received=lambda self, d: d.get_transport().write_to(
            b"x", unix_address(path)))
        port = self.listen_unix(protocol)
        sender = self.listen_unix()
        sender.write_to(b"go", port.get_local_address())
        iterate_until(lambda: protocol.errors)
        error, destination = protocol.errors[0]
        self.assertTrue(error.matches(Gio.io_error_quark(), Code.NOT_FOUND), error)
        self.assertIn(path, error.message)
        self.assertEqual(destination.get_path(), path)

    def test_stopped(self):
        seen = []
        port = self.listen(Recorder(stopped=lambda self: seen.append(self.get_transport())))
        port.stop_listening()
        self.assertEqual(seen, [None])
        self.assertFalse(port.get_listening())

    def test_a_protocol_that_overrides_nothing(self):
        port = self.listen(Gudpx.DatagramProtocol())
        self.send(port, b"x")
        settle()
        self.assertEqual(port.get_statistics().datagrams_received, 1)

    def test_classes_inherit(self):
        class Derived(Recorder):
            def do_datagram_received(self, datagram):
                self.events.append("derived")
                super().do_datagram_received(datagram)

        protocol = Derived()
        self.send(self.listen(protocol), b"x")
        settle()
        self.assertEqual(protocol.events, ["started", "derived", "datagram_received"])


class Signals(TestCase):
    def test_each_has_its_arguments(self):
        protocol = Gudpx.DatagramProtocol.new()
        calls = remember_signals(protocol)
        port = self.listen(protocol)
        self.send(port, b"x")
        settle()
        port.connect_peer(LOCALHOST, self.unused_number())
        port.write(b"x")
        iterate_until(lambda: calls[-1][0] == "connection-refused")
        port.stop_listening()
        self.assertEqual([call[0] for call in calls],
                         ["started", "datagram-received", "connection-refused", "stopped"])
        self.assertEqual(calls[1][1].get_payload(), b"x")
        self.assertIs(calls[2][1], port)

    def test_error_received(self):
        path = self.temporary_path("nobody")
        protocol = Gudpx.DatagramProtocol()
        calls = remember_signals(protocol)
        protocol.connect("datagram-received", lambda _, datagram: datagram.get_transport().write_to(
            b"x", unix_address(path)))
        port = self.listen_unix(protocol)
        self.listen_unix().write_to(b"go", port.get_local_address())
        iterate_until(lambda: calls[-1][0] == "error-received")
        _, of_port, error, destination = calls[-1]
        self.assertIs(of_port, port)
        self.assertIsInstance(error, GLib.Error)
        self.assertIn(path, error.message)
        self.assertEqual(destination.get_path(), path)

    def test_handlers_run_before_the_virtual_function(self):
        protocol = Recorder()
        protocol.connect("datagram-received", lambda self, _: self.events.append("handler"))
        self.send(self.listen(protocol), b"x")
        settle()
        self.assertEqual(protocol.events, ["started", "handler", "datagram_received"])

    def test_handlers_may_come_and_go(self):
        protocol = Recorder()
        port = self.listen(protocol)
        seen = []
        handler = protocol.connect("datagram-received", lambda *_: seen.append(1))
        self.send(port, b"1")
        settle()
        protocol.disconnect(handler)
        self.send(port, b"2")
        settle()
        self.assertEqual(len(seen), 1)
        self.assertEqual(protocol.payloads, [b"1", b"2"])

    def test_a_blocked_handler_is_not_called(self):
        protocol = Recorder()
        port = self.listen(protocol)
        seen = []
        handler = protocol.connect("datagram-received", lambda *_: seen.append(1))
        with protocol.handler_block(handler):
            self.send(port, b"1")
            settle()
        self.assertEqual((seen, protocol.payloads), ([], [b"1"]))

    def test_an_emission_can_be_stopped(self):
        protocol = Recorder()
        protocol.connect("datagram-received",
                         lambda self, _: self.stop_emission_by_name("datagram-received"))
        self.send(self.listen(protocol), b"x")
        settle()
        self.assertEqual(protocol.events, ["started"])

    def test_transport_notifies(self):
        protocol = Gudpx.DatagramProtocol()
        seen = []
        protocol.connect("notify::transport", lambda self, _: seen.append(self.props.transport))
        port = self.listen(protocol)
        self.assertEqual(seen, [port])
        port.stop_listening()
        self.assertEqual(seen, [port, None])

    def test_transport_is_read_only(self):
        with self.assertRaises(TypeError):
            Gudpx.DatagramProtocol().props.transport = None


class Failure(Exception):
    pass


def fail(*_):
    raise Failure


class Exceptions(TestCase):
    """The port continues after any exception in a handler."""

    def assert_failed(self, times):
        iterate_until(lambda: len(self.exceptions) >= times)
        exceptions = self.take_exceptions()
        self.assertEqual([type(exception) for exception in exceptions], [Failure] * times)

    def assert_serves(self, port):
        protocol = port.get_protocol()
        protocol.handlers.clear()
        before = len(protocol.datagrams)
        port.disconnect_peer()
        self.send(port, b"still there")
        settle()
        self.assertEqual(protocol.payloads[before:], [b"still there"])

    def test_in_started(self):
        port = self.listen(Recorder(started=fail))
        self.assert_failed(1)
        self.assertTrue(port.get_listening())
        self.assert_serves(port)

    def test_in_datagram_received(self):
        protocol = Recorder(datagram_received=fail)
        port = self.listen(protocol)
        self.send(port, *[b"x"] * 40)
        iterate_until(lambda: len(protocol.datagrams) == 40)
        if HAS_OVERRIDE:
            # The override reports only some exceptions of one kind.
            self.assertIn(len(self.take_exceptions()), range(5, 40))
        else:
            self.assert_failed(40)
        self.assert_serves(port)

    def test_in_datagrams_received(self):
        protocol = Batches(datagrams_received=fail)
        port = self.listen(protocol)
        self.send(port, b"1", b"2")
        self.assert_failed(1)
        self.send(port, b"3")
        self.assert_failed(1)
        self.assertEqual([d.get_payload() for batch in protocol.batches for d in batch],
                         [b"1", b"2", b"3"])

    def test_in_a_signal_handler(self):
        protocol = Recorder()
        protocol.connect("datagram-received", fail)
        port = self.listen(protocol)
        self.send(port, b"x")
        self.assert_failed(1)
        self.assertEqual(protocol.payloads, [b"x"])

    def test_in_connection_refused(self):
        port = self.listen(Recorder(connection_refused=fail))
        port.connect_peer(LOCALHOST, self.unused_number())
        port.write(b"x")
        self.assert_failed(1)
        self.assert_serves(port)

    def test_in_error_received(self):
        path = self.temporary_path("nobody")
        protocol = Recorder(error_received=fail, datagram_received=lambda self, d: d.get_transport()
                            .write_to(b"x", unix_address(path)))
        port = self.listen_unix(protocol)
        sender = self.listen_unix()
        sender.write_to(b"go", port.get_local_address())
        self.assert_failed(1)
        protocol.handlers.clear()
        sender.write_to(b"again", port.get_local_address())
        settle()
        self.assertEqual(protocol.payloads, [b"go", b"again"])

    def test_in_writable(self):
        reader = Recorder()
        slow = self.listen_unix(reader)
        slow.set_reading(False)
        writer = self.listen_unix(Recorder(writable=fail))
        writer.set_send_queue_limit(5000)
        with self.assert_error(Code.WOULD_BLOCK):
            while True:
                writer.write_to(b"x" * 1000, slow.get_local_address())
        slow.set_reading(True)
        self.assert_failed(1)
        before = len(reader.datagrams)
        writer.write_to(b"after", slow.get_local_address())
        iterate_until(lambda: b"after" in reader.payloads[before:])

    def test_in_stopped(self):
        protocol = Recorder(stopped=fail)
        port = self.listen(protocol)
        port.stop_listening()
        self.assert_failed(1)
        protocol.handlers.clear()
        port.start_listening()
        self.assert_serves(port)

    def test_in_a_notify_handler(self):
        protocol = Recorder()
        port = self.listen(protocol)
        port.connect("notify::listening", fail)
        port.stop_listening()
        self.assert_failed(1)
        self.assertEqual(protocol.events, ["started", "stopped"])


if __name__ == "__main__":
    tap.main()
