#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""References that keep a port, and the release of all objects afterwards."""

import gc
import os

import tap
from gudpxtest import (LOCALHOST, Answer, Code, Recorder, TestCase, address, iterate_until, number,
                       settle)

from gi.repository import GLib, Gudpx


class Echo(Gudpx.DatagramProtocol):
    """The recommended pattern: the protocol gets its port from its transport or from the
    datagram."""

    def do_datagram_received(self, datagram):
        datagram.reply(datagram.get_payload())


def count_sockets():
    links = []
    for descriptor in os.listdir("/proc/self/fd"):
        try:
            links.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        except FileNotFoundError:
            pass  # of the listing itself
    return sum(link.startswith("socket:") for link in links)


class Held(TestCase):
    """A port that listens needs no reference."""

    def listen_without_reference(self, protocol):
        """Returns the number of the port, and no reference to the port."""
        return number(Gudpx.listen_udp(0, protocol, LOCALHOST))

    def ask(self, plain, to):
        plain.sendto(b"ping", (LOCALHOST, to))
        settle()
        return plain.recv(10)

    def test_listening(self):
        to = self.listen_without_reference(Stoppable())
        plain = self.socket()
        for _ in range(3):
            gc.collect()
            self.assertEqual(self.ask(plain, to), b"ping")
        plain.sendto(b"stop", (LOCALHOST, to))
        settle()

    def test_paused(self):
        class Paused(Stoppable):
            def do_started(self):
                self.get_transport().set_reading(False)
                self.get_transport().weak_ref(lambda: gone.append(True))

        gone = []
        to = self.listen_without_reference(Paused())
        gc.collect()
        settle()
        plain = self.socket()
        plain.connect((LOCALHOST, to))
        plain.send(b"ping")
        settle()
        self.assertEqual(gone, [])
        # The port still owns the address.
        with self.assert_error(Code.ADDRESS_IN_USE):
            Gudpx.listen_udp(to, Echo(), LOCALHOST)
        plain.send(b"x")
        self.assert_nothing_to_read(plain)

    def test_connected_signals(self):
        protocol = Gudpx.DatagramProtocol()
        protocol.connect("datagram-received", lambda _, datagram: (
            datagram.reply(b"pong"), datagram.get_transport().stop_listening()))
        to = self.listen_without_reference(protocol)
        del protocol
        gc.collect()
        self.assertEqual(self.ask(self.socket(), to), b"pong")

    def test_new_and_started(self):
        port = Gudpx.Port.new(Stoppable(), address(LOCALHOST, 0))
        port.start_listening()
        to = number(port)
        del port
        gc.collect()
        plain = self.socket()
        self.assertEqual(self.ask(plain, to), b"ping")
        plain.sendto(b"stop", (LOCALHOST, to))
        settle()

    def test_what_a_protocol_has_survives(self):
        class Counter(Stoppable):
            def __init__(self):
                super().__init__()
                self.n = 0

            def do_datagram_received(self, datagram):
                self.n += 1
                datagram.reply(b"%d" % self.n)
                if self.n == 3:
                    datagram.get_transport().stop_listening()

        to = self.listen_without_reference(Counter())
        plain = self.socket()
        for wanted in (b"1", b"2", b"3"):
            gc.collect()
            self.assertEqual(self.ask(plain, to), wanted)


class Stoppable(Echo):
    def do_datagram_received(self, datagram):
        if datagram.get_payload() == b"stop":
            datagram.get_transport().stop_listening()
        else:
            datagram.reply(datagram.get_payload())


class Gone(TestCase):
    """After the stop the last reference releases port, protocol and socket."""

    def setUp(self):
        super().setUp()
        gc.collect()
        self.gone = []
        self.sockets = count_sockets()

    def watch(self, port):
        port.weak_ref(self.gone.append, "port")
        port.get_protocol().weak_ref(self.gone.append, "protocol")
        return port

    def assert_gone(self, what=("port", "protocol")):
        gc.collect()
        settle()
        gc.collect()
        self.assertEqual(sorted(self.gone), sorted(what))
        self.assertEqual(count_sockets(), self.sockets)

    def test_stopped(self):
        port = self.watch(Gudpx.listen_udp(0, Echo(), LOCALHOST))
        port.stop_listening()
        del port
        self.assert_gone()

    def test_after_use(self):
        protocol = Stoppable()
        port = self.watch(Gudpx.listen_udp(0, protocol, LOCALHOST))
        plain = self.send(port, *[b"x"] * 100)
        settle()
        self.assertEqual(plain.recv(10), b"x")
        plain.close()
        port.stop_listening()
        del port, protocol
        self.assert_gone()

    def test_stopped_in_a_handler_that_has_the_last_reference(self):
        port = self.watch(Gudpx.listen_udp(0, Stoppable(), LOCALHOST))
        plain = self.send(port, b"stop")
        del port
        settle()
        plain.close()
        self.assert_gone()

    def test_stopped_asynchronously(self):
        port = self.watch(Gudpx.listen_udp(0, Echo(), LOCALHOST))
        answer = Answer(port.stop_listening_finish)
        port.stop_listening_async(None, answer)
        answer.wait()
        del port, answer
        self.assert_gone()

    def test_stopped_asynchronously_without_a_callback(self):
        port = self.watch(Gudpx.listen_udp(0, Echo(), LOCALHOST))
        port.stop_listening_async(None, None)
        del port
        self.assert_gone()

    def test_never_started(self):
        port = self.watch(Gudpx.Port.new(Echo(), None))
        del port
        self.assert_gone()

    def test_failed_to_start(self):
        taken = self.socket()
        self.sockets = count_sockets()
        port = self.watch(Gudpx.Port.new(Echo(), address(*taken.getsockname())))
        with self.assertRaises(GLib.Error):
            port.start_listening()
        del port
        self.assert_gone()

    def test_failed_to_listen(self):
        taken = self.socket()
        self.sockets = count_sockets()
        protocol = Echo()
        protocol.weak_ref(self.gone.append, "protocol")
        for _ in range(10):
            with self.assertRaises(GLib.Error):
                Gudpx.listen_udp(taken.getsockname()[1], protocol, LOCALHOST)
        del protocol
        self.assert_gone(["protocol"])

    def test_restarted_often(self):
        port = self.watch(Gudpx.listen_udp(0, Echo(), LOCALHOST))
        for _ in range(100):
            port.stop_listening()
            port.start_listening()
        port.stop_listening()
        del port
        self.assert_gone()

    def test_a_thousand_ports(self):
        for _ in range(1000):
            self.watch(Gudpx.listen_udp(0, Echo(), LOCALHOST)).stop_listening()
        self.assert_gone(["port", "protocol"] * 1000)

    def test_with_all_that_may_hang_on_it(self):
        port = self.watch(Gudpx.listen_udp(0, Echo(), LOCALHOST))
        port.get_protocol().connect("stopped", lambda self: None)
        port.connect("notify::listening", lambda self, _: None)
        port.connect_peer(LOCALHOST, 9)
        answers = [Answer(port.flush_finish), Answer(port.write_finish)]
        port.flush_async(None, answers[0])
        port.write_async(GLib.Bytes.new(b"x"), None, None, answers[1])
        iterate_until(lambda: all(answer.done for answer in answers))
        port.stop_listening()
        del port, answers
        self.assert_gone()

    def test_a_protocol_that_lets_go_of_its_port_when_it_stops(self):
        class Owner(Gudpx.DatagramProtocol):
            def do_started(self):
                self.port = self.get_transport()

            def do_stopped(self):
                del self.port

        port = self.watch(Gudpx.listen_udp(0, Owner(), LOCALHOST))
        port.stop_listening()
        del port
        self.assert_gone()

    def test_a_signal_connected_to_an_own_method(self):
        class Own(Gudpx.DatagramProtocol):
            def __init__(self):
                super().__init__()
                self.connect("datagram-received", Own.received)

            def received(self, datagram):
                datagram.reply(b"x")

        port = self.watch(Gudpx.listen_udp(0, Own(), LOCALHOST))
        self.send(port, b"x").close()
        settle()
        port.stop_listening()
        del port
        self.assert_gone()

    def test_a_port_that_stops_itself_and_starts_again(self):
        class Restarter(Stoppable):
            def do_stopped(self):
                stopped.append(1)
                if len(stopped) < 3:
                    ports[0].start_listening()

        stopped = []
        ports = [self.watch(Gudpx.listen_udp(0, Restarter(), LOCALHOST))]
        for _ in range(3):
            self.send(ports[0], b"stop").close()
            settle()
        self.assertEqual((len(stopped), ports[0].get_listening()), (3, False))
        ports.clear()
        self.assert_gone()

    def test_a_unix_socket(self):
        path = self.temporary_path("socket")
        port = self.watch(Gudpx.listen_unix_datagram(path, Echo()))
        port.stop_listening()
        del port
        self.assert_gone()
        self.assertFalse(os.path.exists(path))

    def test_a_context_that_is_gone(self):
        """A port that was not stopped is released with its context. It emits no signal."""
        protocol = Recorder()
        context = GLib.MainContext.new()
        context.push_thread_default()
        port = self.watch(Gudpx.listen_udp(0, protocol, LOCALHOST))
        context.pop_thread_default()
        del context
        gc.collect()
        self.assertFalse(port.get_listening())
        self.assertEqual(protocol.events, ["started"])
        self.assertIsNone(protocol.get_transport())
        del port, protocol
        self.assert_gone()


if __name__ == "__main__":
    tap.main()
