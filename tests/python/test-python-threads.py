#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Main contexts other than the default one, and other threads."""

import gc
import sys
import threading

import tap
from gudpxtest import (LOCALHOST, TIME_LIMIT, Answer, Recorder, TestCase, address, iterate_until,
                       number, settle)

from gi.repository import Gio, GLib, Gudpx


class Echo(Gudpx.DatagramProtocol):
    def __init__(self):
        super().__init__()
        self.threads = set()

    def do_datagram_received(self, datagram):
        self.threads.add(threading.get_ident())
        datagram.reply(datagram.get_payload())

    def do_stopped(self):
        self.threads.add(threading.get_ident())


class Contexts(TestCase):
    def pushed(self):
        context = GLib.MainContext.new()
        context.push_thread_default()
        self.addCleanup(context.pop_thread_default)
        return context

    def test_the_thread_default_one_is_used(self):
        protocol = Recorder()
        context = self.pushed()
        port = self.listen(protocol)
        self.send(port, b"x")
        settle(GLib.MainContext.default())
        self.assertEqual(protocol.payloads, [])
        settle(context)
        self.assertEqual(protocol.payloads, [b"x"])

    def test_asynchronous_answers_too(self):
        context = self.pushed()
        port = self.listen()
        answers = [Answer(port.write_finish), Answer(port.flush_finish),
                   Answer(Gudpx.resolve_finish), Answer(port.stop_listening_finish)]
        port.write_async(GLib.Bytes.new(b"x"), port.get_local_address(), None, answers[0])
        port.flush_async(None, answers[1])
        Gudpx.resolve_async("localhost", None, answers[2])
        iterate_until(lambda: all(answer.done for answer in answers[:3]), context)
        port.stop_listening_async(None, answers[3])
        iterate_until(lambda: answers[3].done, context)
        self.assertTrue(all(answer.error is None for answer in answers))

    def test_started_again_on_another(self):
        protocol = Recorder()
        port = self.listen(protocol)
        port.stop_listening()
        context = self.pushed()
        port.start_listening()
        self.send(port, b"x")
        settle()
        self.assertEqual(protocol.payloads, [])
        settle(context)
        self.assertEqual(protocol.payloads, [b"x"])

    def test_before_the_main_loop_runs(self):
        """Listening, writing and setting need no owner of the context yet."""
        context = self.pushed()
        port = self.listen()
        reader = self.socket()
        port.write_to_host(b"x", *reader.getsockname())
        port.set_ttl(3)
        self.assertEqual(reader.recv(10), b"x")
        settle(context)


class Worker(threading.Thread):
    """A thread with its own main loop, which can call functions there."""

    def __init__(self):
        super().__init__(daemon=True)
        self.context = GLib.MainContext.new()
        self.loop = GLib.MainLoop.new(self.context, False)
        self.start()

    def run(self):
        self.context.push_thread_default()
        self.loop.run()
        self.context.pop_thread_default()

    def call(self, function, *args):
        done = threading.Event()
        result = []

        def invoke(*_):
            try:
                result.append((function(*args), None))
            except Exception as error:  # pylint: disable=broad-except
                result.append((None, error))
            done.set()
            return GLib.SOURCE_REMOVE

        source = GLib.idle_source_new()
        source.set_callback(invoke)
        source.attach(self.context)
        if not done.wait(TIME_LIMIT):
            raise AssertionError("the thread does not answer")
        if result[0][1] is not None:
            raise result[0][1]
        return result[0][0]

    def quit(self):
        self.loop.quit()
        self.join(TIME_LIMIT)


class Threads(TestCase):
    def worker(self):
        worker = Worker()
        self.addCleanup(worker.quit)
        return worker

    def ask(self, plain, to):
        plain.sendto(b"ping", (LOCALHOST, to))
        return plain.recvfrom(10)

    def test_each_port_in_its_own(self):
        workers = [self.worker() for _ in range(3)]
        protocols = [Echo() for _ in workers]
        ports = [worker.call(Gudpx.listen_udp, 0, protocol, LOCALHOST)
                 for worker, protocol in zip(workers, protocols)]
        plain = self.socket()
        for _ in range(100):
            for port in ports:
                self.assertEqual(self.ask(plain, number(port)),
                                 (b"ping", (LOCALHOST, number(port))))
        for worker, port in zip(workers, ports):
            worker.call(port.stop_listening)
        self.assertEqual([protocol.threads for protocol in protocols],
                         [{worker.ident} for worker in workers])

    def test_no_reference(self):
        worker = self.worker()
        to = worker.call(lambda: number(Gudpx.listen_udp(0, Echo(), LOCALHOST)))
        gc.collect()
        self.assertEqual(self.ask(self.socket(), to)[0], b"ping")

    def test_ports_that_talk(self):
        one, other = self.worker(), self.worker()
        done = threading.Event()
        count = []

        class Player(Gudpx.DatagramProtocol):
            def do_datagram_received(self, datagram):
                count.append(1)
                if len(count) >= 1000:
                    done.set()
                else:
                    datagram.reply(datagram.get_payload())

        first = one.call(Gudpx.listen_udp, 0, Player(), LOCALHOST)
        second = other.call(Gudpx.listen_udp, 0, Player(), LOCALHOST)
        one.call(first.write_to, b"ball", second.get_local_address())
        self.assertTrue(done.wait(TIME_LIMIT))
        one.call(first.stop_listening)
        other.call(second.stop_listening)

    def test_datagrams_cross_threads(self):
        """A datagram is immutable: another thread may read it."""
        worker = self.worker()
        received = threading.Event()
        kept = []

        class Keeper(Gudpx.DatagramProtocol):
            def do_datagram_received(self, datagram):
                kept.append(datagram)
                if len(kept) == 50:
                    received.set()

        port = worker.call(Gudpx.listen_udp, 0, Keeper(), LOCALHOST)
        plain = self.send(port, *(b"%d" % i for i in range(50)))
        self.assertTrue(received.wait(TIME_LIMIT))
        self.assertEqual([d.get_payload() for d in kept], [b"%d" % i for i in range(50)])
        self.assertEqual({d.get_sender().to_string() for d in kept},
                         {"%s:%d" % plain.getsockname()})
        worker.call(port.stop_listening)

    def test_restarted_in_another_thread(self):
        one, other = self.worker(), self.worker()
        protocol = Echo()
        port = one.call(Gudpx.listen_udp, 0, protocol, LOCALHOST)
        one.call(port.stop_listening)
        other.call(port.start_listening)
        self.assertEqual(self.ask(self.socket(), number(port))[0], b"ping")
        self.assertEqual(protocol.threads, {one.ident, other.ident})
        other.call(port.stop_listening)

    def test_a_thread_that_ends(self):
        worker = Worker()
        port = worker.call(Gudpx.listen_udp, 0, Echo(), LOCALHOST)
        worker.quit()
        # No thread iterates the context now, so any thread may stop the port.
        self.assertTrue(port.get_listening())
        port.stop_listening()
        self.assertFalse(port.get_listening())


MISUSES = {
    "write": lambda port: port.write(b"x"),
    "write_to": lambda port: port.write_to(b"x", port.get_local_address()),
    "write_to_host": lambda port: port.write_to_host(b"x", LOCALHOST, 9),
    "write_bytes": lambda port: port.write_bytes(GLib.Bytes.new(b"x"), None),
    "write_datagrams": lambda port: port.write_datagrams([]),
    "write_async": lambda port: port.write_async(GLib.Bytes.new(b"x"), None, None, None),
    "flush_async": lambda port: port.flush_async(None, None),
    "stop_listening": lambda port: port.stop_listening(),
    "stop_listening_async": lambda port: port.stop_listening_async(None, None),
    "connect_peer": lambda port: port.connect_peer(LOCALHOST, 9),
    "connect_peer_address": lambda port: port.connect_peer_address(address(LOCALHOST, 9)),
    "disconnect_peer": lambda port: port.disconnect_peer(),
    "join_group": lambda port: port.join_group("239.1.2.3", None),
    "leave_group": lambda port: port.leave_group("239.1.2.3", None),
    "join_source_group": lambda port: port.join_source_group("232.1.2.3", LOCALHOST, None),
    "leave_source_group": lambda port: port.leave_source_group("232.1.2.3", LOCALHOST, None),
    "set_reading": lambda port: port.set_reading(False),
    "set_priority": lambda port: port.set_priority(5),
    "set_ttl": lambda port: port.set_ttl(5),
    "set_max_packet_size": lambda port: port.set_max_packet_size(5),
    "set_metadata": lambda port: port.set_metadata(Gudpx.MetadataFlags.TIMESTAMP),
    "set_send_queue_limit": lambda port: port.set_send_queue_limit(5),
    "set_multicast_interface": lambda port: port.set_multicast_interface("lo"),
}


def misuse():
    """Calls all functions from the wrong thread. The port continues to serve."""
    worker = Worker()
    protocol = Echo()
    port = worker.call(Gudpx.listen_udp, 0, protocol, LOCALHOST)
    for name, call in MISUSES.items():
        print("calling", name, file=sys.stderr, flush=True)
        try:
            call(port)
        except GLib.Error as error:
            print("error", error, file=sys.stderr, flush=True)
    test = TestCase()
    plain = test.socket()
    plain.sendto(b"still there", (LOCALHOST, number(port)))
    print(plain.recv(20).decode(), len(protocol.threads))
    worker.call(port.stop_listening)
    worker.quit()


class WrongThread(TestCase):
    def test_a_critical_message_and_nothing_else(self):
        environment = Gio.SubprocessLauncher.new(Gio.SubprocessFlags.STDOUT_PIPE |
                                                 Gio.SubprocessFlags.STDERR_PIPE)
        environment.setenv("G_DEBUG", "", True)
        process = environment.spawnv([sys.executable, __file__, "--misuse"])
        _, output, messages = process.communicate_utf8(None, None)
        self.assertEqual((process.get_exit_status(), output), (0, "still there 1\n"), messages)
        said = messages.split("calling ")[1:]
        self.assertEqual(len(said), len(MISUSES))
        for message in said:
            name = message.split()[0]
            self.assertIn("Gudpx-CRITICAL", message, name)
            self.assertIn("gudpx_port_belongs_to_this_thread", message, name)


if __name__ == "__main__":
    if sys.argv[1:] == ["--misuse"]:
        misuse()
    else:
        tap.main()
