#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The send queue, on UNIX sockets whose reader does not read."""

import tap
from gudpxtest import (Answer, Code, Recorder, TestCase, iterate_until, settle, unix_address)

from gi.repository import Gio, GLib, Gudpx


class Queue(TestCase):
    def setUp(self):
        super().setUp()
        self.reader = Recorder()
        self.reading = self.listen_unix(self.reader)
        self.reading.set_reading(False)
        self.to = self.reading.get_local_address()
        self.writer = Recorder()
        self.port = self.listen_unix(self.writer)
        self.written = []

    def write(self, payload):
        self.port.write_to(payload, self.to)
        self.written.append(payload)

    def fill_kernel(self):
        """Writes until a datagram waits in the queue."""
        while self.port.get_send_queue_size() == 0:
            self.write(b"%d" % len(self.written))

    def fill(self, size=500):
        """Writes until the queue is full."""
        with self.assert_error(Code.WOULD_BLOCK, self.to.get_path()):
            while True:
                self.write(b"%d" % len(self.written) + bytes(size))

    def read(self):
        self.reading.set_reading(True)
        iterate_until(lambda: len(self.reader.datagrams) >= len(self.written))
        settle()
        self.assertEqual(self.reader.payloads, self.written)

    def test_what_the_kernel_does_not_take_waits(self):
        self.fill_kernel()
        for i in range(500):
            self.write(b"later %d" % i)
        self.assertGreater(self.port.get_send_queue_size(), 500 * len(b"later 100"))
        self.read()
        self.assertEqual(self.port.get_send_queue_size(), 0)
        self.assertEqual(self.port.get_statistics().datagrams_sent, len(self.written))

    def test_full(self):
        self.port.set_send_queue_limit(20000)
        self.fill()
        size = self.port.get_send_queue_size()
        self.assertLessEqual(size, 20000)
        for _ in range(3):
            with self.assert_error(Code.WOULD_BLOCK):
                self.port.write_to(bytes(500), self.to)
            with self.assert_error(Code.WOULD_BLOCK):
                self.port.write_datagrams([Gudpx.Datagram.new(bytes(500), self.to)])
        self.assertEqual(self.port.get_send_queue_size(), size)
        self.assertEqual(self.port.get_statistics().send_queue_drops, 7)
        self.read()

    def test_a_part_of_write_datagrams(self):
        self.port.set_send_queue_limit(20000)
        self.fill_kernel()
        datagrams = [Gudpx.Datagram.new(b"%d" % i + bytes(1000), self.to) for i in range(50)]
        taken = self.port.write_datagrams(datagrams)
        self.assertTrue(0 < taken < 50)
        self.written += [datagram.get_payload() for datagram in datagrams[:taken]]
        self.read()

    def test_writable_once(self):
        self.port.set_send_queue_limit(20000)
        self.fill()
        settle()
        self.assertEqual(self.writer.count("writable"), 0)
        self.read()
        self.assertEqual(self.writer.count("writable"), 1)
        self.reading.set_reading(False)
        self.fill()
        self.read()
        self.assertEqual(self.writer.count("writable"), 2)

    def test_not_writable_if_it_was_never_too_full(self):
        self.fill_kernel()
        self.read()
        self.assertEqual(self.writer.count("writable"), 0)

    def test_writable_below_a_quarter(self):
        sizes = []
        self.writer.handlers["writable"] = lambda _, port: sizes.append(port.get_send_queue_size())
        self.port.set_send_queue_limit(20000)
        self.fill()
        self.read()
        self.assertEqual(len(sizes), 1)
        self.assertLessEqual(sizes[0], 5000)

    def test_the_pattern_of_writable(self):
        """Writes until the queue is full, and continues at “writable”. Every datagram arrives."""
        left = [b"%d" % i + bytes(200) for i in range(3000)]
        wanted = list(left)

        def pump(*_):
            try:
                while left:
                    self.port.write_to(left[0], self.to)
                    left.pop(0)
            except GLib.Error as error:
                self.assertTrue(error.matches(Gio.io_error_quark(), Code.WOULD_BLOCK))

        self.port.set_send_queue_limit(20000)
        self.writer.handlers["writable"] = pump
        pump()
        self.assertTrue(left)
        self.reading.set_reading(True)
        iterate_until(lambda: len(self.reader.datagrams) == 3000)
        self.assertEqual(self.reader.payloads, wanted)
        self.assertGreater(self.writer.count("writable"), 1)

    def test_a_limit_of_0(self):
        self.port.set_send_queue_limit(0)
        self.fill()
        self.assertEqual(self.port.get_send_queue_size(), 0)
        self.read()
        iterate_until(lambda: self.writer.count("writable"))

    def test_a_limit_of_0_in_a_handler(self):
        self.reading.set_reading(True)
        self.port.set_send_queue_limit(0)
        self.writer.handlers["datagram_received"] = lambda _, datagram: [
            datagram.reply(b"%d" % i) for i in range(10)]
        self.reading.write_to(b"go", self.port.get_local_address())
        iterate_until(lambda: len(self.reader.datagrams) == 10)
        self.assertEqual(self.reader.payloads, [b"%d" % i for i in range(10)])

    def test_the_size_notifies(self):
        sizes = []
        self.port.connect("notify::send-queue-size",
                          lambda port, _: sizes.append(port.props.send_queue_size))
        self.write(b"x")
        self.assertEqual(sizes, [])
        self.fill_kernel()
        self.assertEqual(sizes, [self.port.get_send_queue_size()])
        self.read()
        self.assertEqual(sizes[-1], 0)

    def test_empty_datagrams_keep_their_place(self):
        self.fill_kernel()
        for payload in (b"", b"x", b"", b"", b"y"):
            self.write(payload)
        self.read()

    def test_from_a_handler(self):
        self.fill_kernel()
        self.writer.handlers["datagram_received"] = lambda _, datagram: [
            self.write(b"%d from the handler" % i) for i in range(100)]
        self.listen_unix().write_to(b"go", self.port.get_local_address())
        settle()
        self.assertEqual(self.writer.payloads, [b"go"])
        self.read()

    def test_write_async(self):
        answers = []
        for i in range(1000):
            answers.append(Answer(self.port.write_finish))
            self.port.write_async(GLib.Bytes.new(b"%d" % i), self.to, None, answers[-1])
            self.written.append(b"%d" % i)
        settle()
        done = sum(answer.done for answer in answers)
        # Only the writes whose datagrams the kernel accepted are done.
        self.assertTrue(0 < done < 1000)
        self.assertTrue(all(answer.done for answer in answers[:done]))
        self.read()
        self.assertEqual([answer.wait() for answer in answers], [True] * 1000)
        self.assertEqual([answer.done for answer in answers], [1] * 1000)

    def test_write_async_finds_room_in_a_full_queue(self):
        self.port.set_send_queue_limit(5000)
        self.fill()
        answer = Answer(self.port.write_finish)
        self.port.write_async(GLib.Bytes.new(b"waits"), self.to, None, answer)
        self.written.append(b"waits")
        settle()
        self.assertEqual(answer.done, 0)
        self.read()
        self.assertTrue(answer.wait())

    def test_write_async_cancelled(self):
        self.fill_kernel()
        cancellable = Gio.Cancellable()
        cancelled, other = Answer(self.port.write_finish), Answer(self.port.write_finish)
        self.port.write_async(GLib.Bytes.new(b"cancelled"), self.to, cancellable, cancelled)
        self.port.write_async(GLib.Bytes.new(b"not cancelled"), self.to, None, other)
        self.written.append(b"not cancelled")
        settle()
        cancellable.cancel()
        with self.assert_error(Code.CANCELLED):
            cancelled.wait()
        self.assertEqual(other.done, 0)
        self.read()
        self.assertTrue(other.wait())

    def test_write_async_cancelled_too_late(self):
        cancellable = Gio.Cancellable()
        answer = Answer(self.port.write_finish)
        self.port.write_async(GLib.Bytes.new(b"x"), self.to, cancellable, answer)
        self.written.append(b"x")
        self.assertTrue(answer.wait())
        cancellable.cancel()
        self.read()
        self.assertEqual(answer.done, 1)

    def test_write_async_cancelled_before(self):
        cancellable = Gio.Cancellable()
        cancellable.cancel()
        answer = Answer(self.port.write_finish)
        self.port.write_async(GLib.Bytes.new(b"x"), self.to, cancellable, answer)
        with self.assert_error(Code.CANCELLED):
            answer.wait()
        self.read()

    def test_write_async_and_the_port_is_stopped(self):
        self.fill_kernel()
        answer, flushed = Answer(self.port.write_finish), Answer(self.port.flush_finish)
        self.port.write_async(GLib.Bytes.new(b"x"), self.to, None, answer)
        self.port.flush_async(None, flushed)
        self.port.stop_listening()
        for one in (answer, flushed):
            with self.assert_error(Code.CLOSED):
                one.wait()
            self.assertEqual(one.done, 1)

    def test_write_async_without_a_callback(self):
        self.port.write_async(GLib.Bytes.new(b"x"), self.to, None, None)
        self.written.append(b"x")
        self.read()

    def test_write_async_to_nobody(self):
        answer = Answer(self.port.write_finish)
        path = self.temporary_path("nobody")
        self.port.write_async(GLib.Bytes.new(b"x"), unix_address(path), None, answer)
        with self.assert_error(Code.NOT_FOUND, path):
            answer.wait()
        # The error is reported once.
        self.assertEqual(self.writer.errors, [])

    def test_flush_async(self):
        self.fill_kernel()
        self.write(b"before")
        answer = Answer(self.port.flush_finish)
        self.port.flush_async(None, answer)
        self.write(b"after")
        settle()
        self.assertEqual(answer.done, 0)
        self.reading.set_reading(True)
        self.assertTrue(answer.wait())
        self.read()
        self.assertIn(b"before", self.reader.payloads)

    def test_flush_async_of_nothing(self):
        answer = Answer(self.port.flush_finish)
        self.port.flush_async(None, answer)
        self.assertEqual(answer.done, 0)
        self.assertTrue(answer.wait())

    def test_flush_async_in_a_handler(self):
        self.reading.set_reading(True)
        answer = Answer(self.port.flush_finish)

        def handle(_, datagram):
            datagram.reply(b"x")
            datagram.get_transport().flush_async(None, answer)

        self.writer.handlers["datagram_received"] = handle
        self.reading.write_to(b"go", self.port.get_local_address())
        self.assertTrue(answer.wait())
        settle()
        self.assertEqual(self.reader.payloads, [b"x"])

    def test_flush_async_cancelled(self):
        self.fill_kernel()
        cancellable = Gio.Cancellable()
        answer = Answer(self.port.flush_finish)
        self.port.flush_async(cancellable, answer)
        settle()
        cancellable.cancel()
        with self.assert_error(Code.CANCELLED):
            answer.wait()
        self.read()

    def test_two_readers_of_which_one_sleeps(self):
        """The queue keeps the order: datagrams to the other reader wait, too, and arrive."""
        other = Recorder()
        awake = self.listen_unix(other)
        self.fill_kernel()
        self.port.write_to(b"to the other", awake.get_local_address())
        self.read()
        iterate_until(lambda: other.datagrams)
        self.assertEqual(other.payloads, [b"to the other"])

    def test_connected_elsewhere_meanwhile(self):
        """Datagrams that were queued for the old peer still go there."""
        other = Recorder()
        awake = self.listen_unix(other)
        self.port.connect_peer_address(self.to)
        while self.port.get_send_queue_size() < 5000:
            self.port.write(b"%d" % len(self.written))
            self.written.append(b"%d" % len(self.written))
        self.port.connect_peer_address(awake.get_local_address())
        self.port.write(b"to the other")
        self.read()
        iterate_until(lambda: other.datagrams)
        self.assertEqual(other.payloads, [b"to the other"])

    def test_disconnected_meanwhile(self):
        self.port.connect_peer_address(self.to)
        while self.port.get_send_queue_size() < 5000:
            self.port.write(b"%d" % len(self.written))
            self.written.append(b"%d" % len(self.written))
        self.port.disconnect_peer()
        self.read()
        self.assertEqual(self.writer.errors, [])

    def test_a_reader_that_goes_away(self):
        """Datagrams for this reader are reported as errors, and the others are sent."""
        other = Recorder()
        awake = self.listen_unix(other)
        self.fill_kernel()
        self.port.write_to(b"to the other", awake.get_local_address())
        self.reading.stop_listening()
        iterate_until(lambda: other.datagrams and self.writer.errors)
        self.assertEqual(self.writer.errors[0][1].get_path(), self.to.get_path())
        self.assertTrue(self.port.get_listening())


if __name__ == "__main__":
    tap.main()
