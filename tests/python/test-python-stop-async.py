#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""stop_listening_async, pausing, and main loops inside of handlers."""

import time

import tap
from gudpxtest import (LOCALHOST, Answer, Batches, Code, Recorder, TestCase, iterate_until, number,
                       settle)

from gi.repository import Gio, GLib, Gudpx


class StopAsync(TestCase):
    def stop(self, port, cancellable=None):
        answer = Answer(port.stop_listening_finish)
        port.stop_listening_async(cancellable, answer)
        return answer

    def test_stops_receiving_at_once(self):
        protocol = Recorder()
        port = self.listen(protocol)
        self.send(port, b"x")
        answer = self.stop(port)
        self.assertFalse(port.get_listening())
        self.assertEqual((answer.done, protocol.events), (0, ["started"]))
        self.assertTrue(answer.wait())
        self.assertEqual(protocol.events, ["started", "stopped"])
        self.assertIsNone(port.get_socket())

    def test_stopped_comes_before_the_answer(self):
        order = []
        port = self.listen(Recorder(stopped=lambda self: order.append("stopped")))
        port.stop_listening_async(None, lambda *_: order.append("answer"))
        iterate_until(lambda: "answer" in order)
        self.assertEqual(order, ["stopped", "answer"])

    def test_each_of_several_callers_is_answered(self):
        protocol = Recorder()
        port = self.listen(protocol)
        answers = [self.stop(port) for _ in range(5)]
        self.assertEqual([answer.wait() for answer in answers], [True] * 5)
        settle()
        self.assertEqual([answer.done for answer in answers], [1] * 5)
        self.assertEqual(protocol.events, ["started", "stopped"])

    def test_of_a_stopped_port(self):
        port = self.listen()
        port.stop_listening()
        answer = self.stop(port)
        self.assertEqual(answer.done, 0)
        self.assertTrue(answer.wait())
        self.assertEqual(port.get_protocol().events, ["started", "stopped"])

    def test_of_a_port_that_never_started(self):
        self.assertTrue(self.stop(Gudpx.Port.new(Recorder(), None)).wait())

    def test_listening_notifies_once(self):
        port = self.listen()
        seen = []
        port.connect("notify::listening", lambda port, _: seen.append(port.get_listening()))
        self.stop(port).wait()
        self.assertEqual(seen, [False])

    def test_writing_is_over(self):
        port = self.listen()
        self.stop(port)
        with self.assert_error(Code.CLOSED):
            port.write_to_host(b"x", LOCALHOST, 9)

    def blocked(self):
        """Returns a port whose queue waits for a reader that does not read."""
        reader = self.listen_unix()
        reader.set_reading(False)
        writer = self.listen_unix()
        written = 0
        while writer.get_send_queue_size() < 50000:
            writer.write_to(b"%d" % written, reader.get_local_address())
            written += 1
        return writer, reader, [b"%d" % i for i in range(written)]

    def test_sends_what_is_queued_first(self):
        writer, reader, wanted = self.blocked()
        answer = self.stop(writer)
        settle()
        self.assertEqual(answer.done, 0)
        self.assertNotIn("stopped", writer.get_protocol().events)
        reader.set_reading(True)
        self.assertTrue(answer.wait())
        settle()
        self.assertEqual(reader.get_protocol().payloads, wanted)
        self.assertEqual(writer.get_protocol().events[-1], "stopped")

    def test_cancelled(self):
        """Cancelling ends the wait, and the stop continues."""
        writer, reader, wanted = self.blocked()
        cancellable = Gio.Cancellable()
        patient, impatient = self.stop(writer), self.stop(writer, cancellable)
        settle()
        cancellable.cancel()
        with self.assert_error(Code.CANCELLED):
            impatient.wait()
        self.assertEqual(patient.done, 0)
        self.assertNotIn("stopped", writer.get_protocol().events)
        reader.set_reading(True)
        self.assertTrue(patient.wait())
        settle()
        self.assertEqual(reader.get_protocol().payloads, wanted)

    def test_cancelled_before(self):
        cancellable = Gio.Cancellable()
        cancellable.cancel()
        port = self.listen()
        with self.assert_error(Code.CANCELLED):
            self.stop(port, cancellable).wait()
        iterate_until(lambda: port.get_protocol().count("stopped"))

    def test_cut_short(self):
        writer, reader, wanted = self.blocked()
        answers = [self.stop(writer), self.stop(writer)]
        settle()
        writer.stop_listening()
        self.assertEqual(writer.get_protocol().events[-1], "stopped")
        self.assertEqual([answer.wait() for answer in answers], [True, True])
        reader.set_reading(True)
        settle()
        self.assertLess(len(reader.get_protocol().datagrams), len(wanted))

    def test_in_a_handler(self):
        def stop(self, datagram):
            datagram.reply(b"bye")
            answers.append(test.stop(datagram.get_transport()))

        test, answers = self, []
        protocol = Recorder(datagram_received=stop)
        peer = self.send(self.listen(protocol), b"1", b"2")
        iterate_until(lambda: answers and answers[0].done)
        self.assertEqual(peer.recv(10), b"bye")
        self.assertEqual(protocol.payloads, [b"1"])
        self.assertEqual(protocol.events[-1], "stopped")

    def test_started_again_when_answered(self):
        protocol = Recorder()
        port = self.listen(protocol)
        port.stop_listening_async(None, lambda port, _: port.start_listening())
        iterate_until(lambda: protocol.count("started") == 2)
        self.send(port, b"x")
        settle()
        self.assertEqual(protocol.payloads, [b"x"])


class Pause(TestCase):
    def test_the_kernel_queues_meanwhile(self):
        protocol = Recorder()
        port = self.listen(protocol)
        port.set_reading(False)
        self.send(port, b"1", b"2")
        settle()
        self.assertEqual(protocol.payloads, [])
        port.set_reading(True)
        self.send(port, b"3")
        settle()
        self.assertEqual(protocol.payloads, [b"1", b"2", b"3"])

    def pause_at(self, kind, payload):
        protocol = kind(datagram_received=lambda _, datagram: (
            datagram.get_payload() == payload and datagram.get_transport().set_reading(False)))
        return protocol, self.listen(protocol)

    def test_in_the_middle_of_a_batch(self):
        for kind in (Recorder, Batches):
            protocol, port = self.pause_at(kind, b"10")
            self.send(port, *(b"%d" % i for i in range(50)))
            settle()
            self.assertEqual(protocol.payloads, [b"%d" % i for i in range(11)])
            self.send(port, *(b"%d" % i for i in range(50, 60)))
            settle()
            self.assertEqual(len(protocol.payloads), 11)
            port.set_reading(True)
            settle()
            self.assertEqual(protocol.payloads, [b"%d" % i for i in range(60)])

    def test_again_and_again(self):
        for kind in (Recorder, Batches):
            protocol = kind(
                datagram_received=lambda _, datagram: datagram.get_transport().set_reading(False))
            port = self.listen(protocol)
            self.send(port, *(b"%d" % i for i in range(40)))
            for i in range(40):
                settle()
                self.assertEqual(len(protocol.datagrams), i + 1)
                port.set_reading(True)
            self.assertEqual(protocol.payloads, [b"%d" % i for i in range(40)])

    def test_resumed_in_the_same_handler(self):
        def pause_and_resume(self, datagram):
            datagram.get_transport().set_reading(False)
            datagram.get_transport().set_reading(True)

        for kind in (Recorder, Batches):
            protocol = kind(datagram_received=pause_and_resume)
            port = self.listen(protocol)
            self.send(port, *(b"%d" % i for i in range(40)))
            settle()
            self.assertEqual(protocol.payloads, [b"%d" % i for i in range(40)])

    def test_stopped_while_paused(self):
        protocol, port = self.pause_at(Recorder, b"2")
        self.send(port, *(b"%d" % i for i in range(10)))
        settle()
        port.stop_listening()
        port.set_reading(True)
        settle()
        self.assertEqual(protocol.payloads, [b"0", b"1", b"2"])
        self.assertEqual(protocol.events[-1], "stopped")

    def test_stays_paused_across_a_restart(self):
        protocol = Recorder()
        port = self.listen(protocol)
        port.set_reading(False)
        port.stop_listening()
        port.start_listening()
        self.send(port, b"x")
        settle()
        self.assertEqual(protocol.payloads, [])
        port.set_reading(True)
        settle()
        self.assertEqual(protocol.payloads, [b"x"])

    def test_writing_goes_on(self):
        port = self.listen()
        port.set_reading(False)
        peer = self.socket()
        port.write_to_host(b"x", *peer.getsockname())
        self.assertEqual(peer.recv(10), b"x")

    def test_refusals_go_on(self):
        protocol = Recorder()
        port = self.listen(protocol)
        port.set_reading(False)
        port.connect_peer(LOCALHOST, self.unused_number())
        port.write(b"x")
        iterate_until(lambda: protocol.count("connection_refused"))

    def test_a_peer_connected_meanwhile_filters_what_waits(self):
        protocol, port = self.pause_at(Recorder, b"first")
        stranger = self.send(port, b"first", b"a stranger's")
        settle()
        peer = self.peer_of(port)
        peer.send(b"the peer's")
        port.set_reading(True)
        settle()
        self.assertEqual(protocol.payloads, [b"first", b"the peer's"])
        stranger.close()


class Nested(TestCase):
    """A main loop inside of a handler."""

    def test_what_was_written_before_leaves(self):
        def handle(self, datagram):
            datagram.reply(b"before")
            settle()
            seen.append(peer.recv(10))
            datagram.reply(b"after")

        seen = []
        peer = self.send(self.listen(Recorder(datagram_received=handle)), b"x")
        settle()
        self.assertEqual(seen, [b"before"])
        self.assertEqual(peer.recv(10), b"after")

    def test_later_datagrams_arrive_in_order(self):
        for kind in (Recorder, Batches):
            def nest(self, datagram):
                if datagram.get_payload() == b"5":
                    settle()
                    nested.extend(self.payloads)

            nested = []
            protocol = kind(datagram_received=nest)
            port = self.listen(protocol)
            self.send(port, *(b"%d" % i for i in range(40)))
            settle()
            if kind is Recorder:
                self.assertEqual(nested, [b"%d" % i for i in range(40)])
            self.assertEqual(protocol.payloads, [b"%d" % i for i in range(40)])

    def test_what_arrives_meanwhile(self):
        def nest(self, datagram):
            if datagram.get_payload() == b"1":
                plain.sendto(b"3", (LOCALHOST, number(port)))
                iterate_until(lambda: b"3" in self.payloads)

        protocol = Recorder(datagram_received=nest)
        port = self.listen(protocol)
        plain = self.send(port, b"1", b"2")
        settle()
        self.assertEqual(protocol.payloads, [b"1", b"2", b"3"])

    def test_deep(self):
        def nest(self, datagram):
            depth.append(len(depth))
            settle()

        depth = []
        protocol = Recorder(datagram_received=nest)
        port = self.listen(protocol)
        self.send(port, *(b"%d" % i for i in range(30)))
        settle()
        self.assertEqual(protocol.payloads, [b"%d" % i for i in range(30)])

    def test_stopped_inside(self):
        def nest(self, datagram):
            port.stop_listening()
            settle()

        protocol = Recorder(datagram_received=nest)
        port = self.listen(protocol)
        self.send(port, b"1", b"2", b"3")
        settle()
        self.assertEqual(protocol.payloads, [b"1"])
        self.assertEqual(protocol.events[-1], "stopped")

    def test_stopped_by_another_source_inside(self):
        def nest(self, datagram):
            GLib.idle_add(port.stop_listening)
            iterate_until(lambda: not port.get_listening())

        protocol = Recorder(datagram_received=nest)
        port = self.listen(protocol)
        self.send(port, b"1")
        settle()
        self.assertEqual(protocol.payloads, [b"1"])
        self.assertEqual(protocol.events[-1], "stopped")

    def test_stop_listening_async_inside(self):
        def nest(self, datagram):
            answer = Answer(port.stop_listening_finish)
            port.stop_listening_async(None, answer)
            seen.append(answer.wait())

        seen = []
        protocol = Recorder(datagram_received=nest)
        port = self.listen(protocol)
        self.send(port, b"1")
        settle()
        self.assertEqual((seen, protocol.events[-1]), ([True], "stopped"))


class Fairness(TestCase):
    def test_a_flood_starves_no_timeout(self):
        """A port that sends to itself in its handler is never idle. Other sources of its priority
        run."""
        def feed(self, datagram):
            # The time begins with the flood, even if the machine delays the first datagram.
            if len(self.datagrams) == 1:
                GLib.timeout_add(1, lambda: ticks.append(len(protocol.datagrams)), priority=0)
            if not ticks:
                for _ in range(2):
                    port.write_to(b"x" * 100, port.get_local_address())

        ticks = []
        protocol = Recorder(datagram_received=feed)
        port = self.listen(protocol)
        port.write_to(b"x", port.get_local_address())
        iterate_until(lambda: ticks)
        self.assertTrue(port.get_listening())
        self.assertGreater(len(protocol.datagrams), 0)

    def test_nor_another_port(self):
        def feed(self, datagram):
            if not other.datagrams:
                for _ in range(2):
                    port.write_to(b"x" * 100, port.get_local_address())

        other = Recorder()
        port = self.listen(Recorder(datagram_received=feed))
        quiet = self.listen(other)
        port.write_to(b"x", port.get_local_address())
        self.send(quiet, b"y")
        iterate_until(lambda: other.datagrams)

    def test_one_dispatch_is_bounded(self):
        """The time is limited, too: slow handlers do not block other sources."""
        protocol = Recorder(datagram_received=lambda *_: time.sleep(0.005))
        port = self.listen(protocol)
        port.set_reading(False)
        self.send(port, *[b"x"] * 100)
        port.set_reading(True)
        while not protocol.datagrams:
            GLib.MainContext.default().iteration(True)
        self.assertLess(len(protocol.datagrams), 100)
        settle()
        self.assertEqual(len(protocol.datagrams), 100)


if __name__ == "__main__":
    tap.main()
