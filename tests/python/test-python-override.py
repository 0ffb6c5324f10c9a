# SPDX-License-Identifier: LGPL-2.1-or-later
"""The override: Twisted's hook, and addresses as tuples."""

import os
import random
import socket
import struct
import unittest.mock
import warnings

import tap
from gudpxtest import (LOCALHOST, TIME_LIMIT, Code, GLib, Gudpx, Recorder, TestCase, address,
                       iterate_until, number, settle)
from gi.overrides._gudpx import batches, limits
from gi.repository import GObject


class Hook(Gudpx.DatagramProtocol):
    """Records the datagrams, then calls the function that the test gave."""

    def __init__(self, handler=None):
        super().__init__()
        self.handler = handler
        self.received = []

    @property
    def payloads(self):
        return [data for data, _ in self.received]

    def datagram_received(self, data, sender):
        self.received.append((data, sender))
        if self.handler is not None:
            self.handler(self, data, sender)


def echo(protocol, data, sender):
    protocol.transport.write(data, sender)


PAYLOADS = [b"%d" % i for i in range(10)]


class HookTest(TestCase):
    def deliver(self, handler=None, payloads=PAYLOADS):
        """Returns a protocol, its port with waiting datagrams, and their sender."""
        protocol = Hook(handler)
        port = self.listen(protocol)
        peer = self.send(port, *payloads)
        return protocol, port, peer

    def test_bytes_and_a_tuple(self):
        protocol, port, peer = self.deliver(payloads=[b"one", b"", b"two"])
        settle()
        self.assertEqual(protocol.received,
                         [(data, peer.getsockname()) for data in (b"one", b"", b"two")])
        self.assertIs(type(protocol.received[0][0]), bytes)
        self.assertIsInstance(protocol.received[0][1], tuple)

    def test_the_cost_of_a_queued_datagram_is_that_of_c(self):
        sizes = []

        def write(protocol, data, sender):
            protocol.transport.write_to(data, sender)
            sizes.append(protocol.transport.get_send_queue_size())

        self.send(self.listen(Hook(write)), b"abc")
        settle()
        self.assertEqual(sizes, [3 + limits.QUEUED_DATAGRAM_COST])

    def test_ipv6_and_ipv4_on_dual_stack(self):
        protocol = Hook(echo)
        port = self.listen(protocol, "::")
        for host in "::1", LOCALHOST:
            peer = self.socket(host)
            peer.sendto(b"x", (host, number(port)))
            settle()
            self.assertEqual(protocol.received.pop(), (b"x", peer.getsockname()[:2]))
            self.assertEqual(peer.recv(10), b"x")

    def test_unix(self):
        protocol = Hook(lambda *args: args[2] and echo(*args))
        path = self.temporary_path("port")
        self.listen_unix(protocol, path)
        for name in (None, self.temporary_path("peer"), self.temporary_path("peer\udcff"),
                     "\0gudpx-%d" % random.getrandbits(60),
                     "\0gudpx-%d\0\udcff" % random.getrandbits(60)):
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as peer:
                if name:
                    peer.bind(os.fsencode(name))
                peer.settimeout(TIME_LIMIT)
                peer.sendto(b"x", path)
                settle()
                self.assertEqual(protocol.received.pop(), (b"x", name))
                if name:
                    self.assertEqual(peer.recv(10), b"x")

    def test_echo_in_order(self):
        payloads = [b"%d" % i * random.randrange(1, 50) for i in range(200)]
        _, port, peer = self.deliver(echo, payloads)
        settle()
        self.assertEqual([peer.recv(1000) for _ in payloads], payloads)
        self.assertEqual(port.get_statistics().datagrams_sent, 200)

    def test_order_with_other_ways_to_write(self):
        def mix(protocol, data, sender):
            port = protocol.transport
            port.write(b"1", sender)
            port.write_to(b"2", address(*sender))
            port.write(b"3", sender)
            port.write_to_host(b"4", *sender)
            port.write(bytearray(b"5"), sender)
            port.write(b"6", sender)
            port.write_bytes(GLib.Bytes.new(b"7"), sender)
            port.write(b"8", list(sender))

        _, _, peer = self.deliver(mix, [b"a", b"b"])
        settle()
        self.assertEqual([peer.recv(10) for _ in range(16)],
                         [b"%d" % i for i in range(1, 9)] * 2)

    def check_that_they_leave_at_once(self, first, begin):
        """From this datagram on each answer arrives before its handler returns."""
        answers, n_answers = [], []

        def answer(protocol, data, sender):
            if data == b"%d" % first:
                begin(protocol.transport)
            echo(protocol, data, sender)
            answers.extend(self.read_all(peer))
            n_answers.append(len(answers))

        _, port, peer = self.deliver(answer)
        if first == -1:
            begin(port)
        settle()
        n_before = max(first, 0)
        self.assertEqual(n_answers[n_before:], list(range(n_before + 1, len(PAYLOADS) + 1)))
        self.assertEqual(answers, PAYLOADS)

    @staticmethod
    def read_all(plain):
        """Returns all datagrams that have arrived."""
        plain.setblocking(False)
        try:
            while True:
                yield plain.recv(1000)
        except BlockingIOError:
            plain.settimeout(TIME_LIMIT)

    def test_writes_that_are_not_coalesced(self):
        def assign(port):
            port.coalesce_writes = False

        # Before the batch, and in the handler of one of its datagrams.
        for first in -1, 0, 1, 5:
            for begin in (assign, lambda port: port.set_coalesce_writes(False),
                          lambda port: port.set_property("coalesce-writes", False)):
                self.check_that_they_leave_at_once(first, begin)

    def test_exception_loses_its_datagram(self):
        def fail(protocol, data, sender):
            if data in (b"3", b"7"):
                raise ValueError(data)
            echo(protocol, data, sender)

        protocol, _, peer = self.deliver(fail)
        settle()
        self.assertEqual([str(error) for error in self.take_exceptions()], ["b'3'", "b'7'"])
        self.assertEqual(protocol.payloads, PAYLOADS)
        self.assertEqual([peer.recv(10) for _ in range(8)],
                         [data for data in PAYLOADS if data not in (b"3", b"7")])

    def test_exception_beside_the_handler_loses_its_datagram(self):
        """The exception concerns a sender, for example an unreadable name."""
        protocol, port, peer = self.deliver(echo, PAYLOADS[:4])
        other = self.send(port, b"lost", b"lost too")
        peer.sendto(b"4", port.local_address)
        real_learn = batches.Peers.learn

        def learn(peers, port, number):
            if peers.senders:
                raise LookupError(number)
            return real_learn(peers, port, number)

        with unittest.mock.patch.object(batches.Peers, "learn", learn):
            settle()
        self.assertEqual([type(error) for error in self.take_exceptions()], [LookupError] * 2)
        self.assertEqual(protocol.payloads, PAYLOADS[:5])
        self.assertEqual([peer.recv(10) for _ in range(5)], PAYLOADS[:5])
        other.sendto(b"known", port.local_address)
        settle()
        self.assertEqual(protocol.received[5:], [(b"known", other.getsockname())])

    def test_exception_between_two_handlers(self):
        """Simulates a signal: each datagram is delivered once, the rest afterwards."""
        protocol, port, peer = self.deliver(echo)
        stop_collecting = type(port)._stop_collecting
        failures = [LookupError(), ValueError()]

        def fail_once(port):
            stop_collecting(port)
            if failures:
                raise failures.pop()

        with unittest.mock.patch.object(type(port), "_stop_collecting", fail_once):
            settle()
            self.send(port, b"later")
            settle()
        self.assertEqual(protocol.payloads, PAYLOADS + [b"later"])
        self.assertEqual([type(error) for error in self.take_exceptions()],
                         [ValueError, LookupError])

    def test_a_hook_that_is_a_property(self):
        class Late(Gudpx.DatagramProtocol):
            payloads = []
            n_asked = 0

            @property
            def datagram_received(self):
                self.n_asked += 1
                if self.n_asked in (1, 2):
                    raise AttributeError("not yet")
                return lambda data, sender: self.payloads.append(data)

        self.send(self.listen(Late()), *PAYLOADS)
        settle()
        self.assertEqual(Late.payloads, PAYLOADS[1:])
        self.assertEqual([str(error) for error in self.take_exceptions()], ["not yet"])

    def check_transport(self, kind, transport="the port"):
        """Checks the transport in handlers, and answers through it."""
        protocol = kind(lambda protocol, *_: seen.append(protocol.transport))
        seen = []
        port = self.listen(protocol)
        peer = self.send(port, *PAYLOADS)
        settle()
        self.assertEqual(protocol.payloads, PAYLOADS)
        self.assertEqual(seen, [port if transport == "the port" else transport] * len(PAYLOADS))
        port.write(b"x", peer.getsockname())
        self.assertEqual(peer.recv(10), b"x")

    def test_a_transport_of_the_class(self):
        class Own(Hook):
            transport = property(lambda self: "its own")

        class Frozen(Hook):
            def __setattr__(self, name, value):
                if name == "transport":
                    raise AttributeError(name)
                super().__setattr__(name, value)

        self.check_transport(Own, "its own")
        self.check_transport(Frozen)

    def test_a_transport_that_a_test_left(self):
        for connected in False, True:
            def make(handler):
                hook = Hook(handler)
                hook.transport = "left"
                if connected:
                    hook.connect("datagram-received", lambda *_: None)
                return hook

            self.check_transport(make)

    def test_stop_in_the_middle(self):
        def stop(protocol, data, sender):
            echo(protocol, data, sender)
            if data == b"4":
                protocol.transport.stop_listening()
                self.assertIsNone(protocol.transport)

        protocol, port, peer = self.deliver(stop)
        settle()
        self.assertEqual(protocol.payloads, PAYLOADS[:5])
        # Earlier writes were sent.
        self.assertEqual([peer.recv(10) for _ in range(5)], PAYLOADS[:5])
        with self.assert_error(Code.CLOSED):
            port.write(b"x", peer.getsockname())

    def test_stop_async_in_the_middle(self):
        def stop(protocol, data, sender):
            echo(protocol, data, sender)
            if data == b"4":
                protocol.transport.stop_listening_async(None)

        protocol, _, peer = self.deliver(stop)
        settle()
        self.assertEqual(protocol.payloads, PAYLOADS[:5])
        self.assertEqual([peer.recv(10) for _ in range(5)], PAYLOADS[:5])

    def test_start_again_in_the_middle(self):
        def restart(protocol, data, sender):
            if data == b"4":
                port.stop_listening()
                port.start_listening()

        protocol, port, _ = self.deliver(restart)
        settle()
        self.assertEqual(protocol.payloads, PAYLOADS[:5])
        peer = self.send(port, b"again")
        settle()
        self.assertEqual(protocol.received[5:], [(b"again", peer.getsockname())])

    def check_pause(self, pause):
        protocol, port, _ = self.deliver(
            lambda protocol, data, _: data == b"4" and pause(protocol.transport))
        settle()
        self.assertEqual(protocol.payloads, PAYLOADS[:5])
        self.send(port, b"later")
        port.set_reading(True)
        settle()
        self.assertEqual(protocol.payloads, PAYLOADS + [b"later"])

    def test_pause_in_the_middle(self):
        self.check_pause(lambda port: port.set_reading(False))

    def test_pause_by_the_property(self):
        self.check_pause(lambda port: port.set_property("reading", False))

    def test_pause_after_each(self):
        def pause(protocol, data, sender):
            protocol.transport.set_reading(False)

        protocol, port, _ = self.deliver(pause)
        for n in range(1, 11):
            settle()
            self.assertEqual(protocol.payloads, PAYLOADS[:n])
            port.set_reading(True)

    def test_connect_in_the_middle(self):
        first, second = self.socket(), self.socket()

        def connect(protocol, data, sender):
            if data == b"1":
                protocol.transport.connect_peer(*second.getsockname())

        protocol = Hook(connect)
        port = self.listen(protocol)
        for data, peer in zip(PAYLOADS, [first, second] * 5):
            peer.sendto(data, (LOCALHOST, number(port)))
        settle()
        self.assertEqual(protocol.payloads, [b"0", b"1", b"3", b"5", b"7", b"9"])
        port.write(b"to the peer")
        self.assertEqual(second.recv(100), b"to the peer")
        with self.assert_error(Code.INVALID_ARGUMENT):
            port.write(b"x", first.getsockname())

    def test_main_loop_in_a_handler(self):
        written = []

        def nest(protocol, data, sender):
            echo(protocol, data, sender)
            if data == b"4":
                settle()
                written.extend(peer.recv(10) for _ in range(10))
                self.assertEqual(protocol.payloads, PAYLOADS)

        protocol, _, peer = self.deliver(nest)
        settle()
        self.assertEqual(protocol.payloads, PAYLOADS)
        self.assertEqual(written, PAYLOADS)

    def test_main_loops_in_every_handler(self):
        protocol, port, _ = self.deliver(lambda protocol, data, sender: settle())
        settle()
        self.assertEqual(protocol.payloads, PAYLOADS)

    def test_errors_are_raised_by_the_write(self):
        codes = []

        def provoke(protocol, data, sender):
            port = protocol.transport
            for data, destination in ((bytes(65508), sender), (b"x", ("::1", 9)),
                                      (b"x", ("localhost", 9)), (b"x", None),
                                      (b"x", (sender[0], 0)), (b"x", ("<broadcast>", 9))):
                try:
                    port.write(data, destination)
                except GLib.Error as error:
                    codes.append(error.code)
            port.stop_listening()
            try:
                port.write(b"x", sender)
            except GLib.Error as error:
                codes.append(error.code)

        self.deliver(provoke, [b"x"])
        settle()
        self.assertEqual(codes, [Code.MESSAGE_TOO_LARGE, Code.INVALID_ARGUMENT,
                                 Code.INVALID_ARGUMENT, 48, Code.INVALID_ARGUMENT,
                                 Code.PERMISSION_DENIED, Code.CLOSED])

    def test_wrong_types(self):
        port = self.listen()
        for data, destination in (("text", (LOCALHOST, 9)), (b"x", (LOCALHOST,)), (b"x", 5),
                                  (5, (LOCALHOST, 9))):
            with self.assertRaises(TypeError):
                port.write(data, destination)

    def test_queue_that_is_small(self):
        """If the collected datagrams fill the queue, they are sent earlier, or a write is
        refused."""
        _, port, peer = self.deliver(
            lambda protocol, data, sender: [protocol.transport.write(b"y" * 400, sender)
                                            for _ in range(20)])
        port.set_send_queue_limit(2000)
        settle()
        self.assertEqual(port.get_statistics().datagrams_sent, 200)

    def test_kept_data(self):
        kept = []
        protocol, port, peer = self.deliver(lambda protocol, *datagram: kept.append(datagram))
        settle()
        for _ in range(20):
            self.send(port, *[b"other" * 20] * 20)
            settle()
        self.assertEqual(kept[:10], [(data, peer.getsockname()) for data in PAYLOADS])

    def test_two_ports(self):
        protocol = Hook(echo)
        ports = self.listen(protocol), self.listen(protocol, "::1")
        peers = [self.send(port, b"a", b"b") for port in ports]
        settle()
        self.assertEqual([peer.recv(10) for peer in peers for _ in "ab"], [b"a", b"b"] * 2)
        self.assertIs(protocol.transport, ports[1])

    def test_signal_handlers(self):
        protocol = Hook(echo)
        payloads = []
        protocol.connect("datagram-received",
                         lambda _, datagram: payloads.append(datagram.get_payload()))
        peer = self.send(self.listen(protocol), b"a", b"b")
        settle()
        self.assertEqual(payloads, [b"a", b"b"])
        sender = peer.getsockname()
        self.assertEqual(protocol.received, [(b"a", sender), (b"b", sender)])
        self.assertEqual([peer.recv(10), peer.recv(10)], [b"a", b"b"])

    def test_inherited_hook(self):
        class Derived(Hook):
            def datagram_received(self, data, sender):
                super().datagram_received(data.upper(), sender)

        class Mixin:
            def datagram_received(self, data, sender):
                self.data = data

        class Mixed(Mixin, Gudpx.DatagramProtocol):
            pass

        derived, mixed = Derived(), Mixed()
        for protocol in derived, mixed:
            self.send(self.listen(protocol), b"x")
        settle()
        self.assertEqual((derived.payloads, mixed.data), ([b"X"], b"x"))

    def test_chaining_up(self):
        """Calls the default handlers of the library, which do nothing."""
        events = []

        class Chained(Gudpx.DatagramProtocol):
            def do_started(self):
                super().do_started()
                events.append("started")

            def do_stopped(self):
                Gudpx.DatagramProtocol.do_stopped(self)
                events.append("stopped")

            def datagram_received(self, data, sender):
                super().datagram_received(data, sender)
                events.append(data)

        port = self.listen(Chained())
        self.send(port, b"x")
        settle()
        port.stop_listening()
        self.assertEqual(events, ["started", b"x", "stopped"])
        for name, n_arguments in (("do_datagram_received", 1), ("do_connection_refused", 1),
                                  ("do_error_received", 3), ("do_writable", 1)):
            getattr(super(Chained, port.protocol), name)(*[None] * n_arguments)
            getattr(Gudpx.DatagramProtocol, name)(port.protocol, *[None] * n_arguments)

    def test_chaining_up_one_by_one(self):
        payloads = []

        class Chained(Gudpx.DatagramProtocol):
            def do_datagrams_received(self, datagrams):
                super().do_datagrams_received(datagrams[1:])

            def do_datagram_received(self, datagram):
                super().do_datagram_received(datagram)
                payloads.append(datagram.payload)

        self.send(self.listen(Chained()), *PAYLOADS)
        settle()
        self.assertEqual(payloads, PAYLOADS[1:])

    def test_handlers_of_a_mixin(self):
        class Mixin:
            def do_started(self):
                self.events.append("started")

            def datagram_received(self, data, sender):
                self.events.append(data)

        class Objects:
            def do_datagram_received(self, datagram):
                self.events.append(datagram.payload)

        class Before(Mixin, Gudpx.DatagramProtocol):
            pass

        class Behind(Gudpx.DatagramProtocol, Mixin):
            pass

        class Derived(Before):
            def do_started(self):
                self.events.append("derived")
                super().do_started()

        class Later(Objects, Derived):
            def datagram_received(self, data, sender):
                super().datagram_received(data.upper(), sender)

        class Own(Gudpx.DatagramProtocol):
            def do_datagram_received(self, datagram):
                self.events.append("own")

        class Hidden(Own, Objects):
            pass

        for kind, events in ((Before, ["started", b"x"]), (Behind, ["started", b"x"]),
                             (Derived, ["derived", "started", b"x"]),
                             (Later, ["derived", "started", b"X"]), (Hidden, ["own"])):
            with self.subTest(kind.__name__):
                kind.events = []
                self.send(self.listen(kind()), b"x")
                settle()
                self.assertEqual(kind.events, events)

    def test_virtual_function(self):
        recorder = Recorder()
        self.send(self.listen(recorder), *PAYLOADS)
        settle()
        self.assertEqual(recorder.payloads, PAYLOADS)

    def test_names_that_are_no_handlers(self):
        def handler(*_):
            pass

        for wrong, right in (("datagramReceived", "datagram_received"),
                             ("startProtocol", "do_started"),
                             ("connection_refused", "do_connection_refused"),
                             ("datagram_recieved", "datagram_received"),
                             ("do_datagram_recieved", "do_datagram_received"),
                             ("do_writeable", "do_writable"),
                             # The names of asyncio.
                             ("connection_made", "do_started"), ("connection_lost", "do_stopped"),
                             ("error_received", "do_error_received")):
            words = rf"Wrong\.{wrong}\(\) is never called: the handler is named {right}\(\)"
            with self.assertWarnsRegex(RuntimeWarning, words) as caught:
                type("Wrong", (Gudpx.DatagramProtocol,), {wrong: handler})
            self.assertEqual(caught.filename, __file__)
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                # Do not warn if the class defines both names, or if the attribute is not a method.
                type("Right", (Gudpx.DatagramProtocol,), {wrong: handler, right: handler})
                type("Other", (Gudpx.DatagramProtocol,), {wrong: False, "do_start": handler})
                # These are callbacks.
                type("Other", (Gudpx.DatagramProtocol,), {"on_stopped": handler,
                                                          "on_datagram_received": handler})

    def test_a_port_has_no_public_names_beside_the_library_s(self):
        port = self.listen()
        known = {method.get_name() for method in Gudpx.Port.__info__.get_methods()}
        added = ({name for name in vars(type(port)) if not name.startswith("_")} - known -
                 set(dir(GObject.Object)))
        self.assertEqual({name for name in added if not hasattr(type(port), f"get_{name}")}, set())

    def test_reply(self):
        recorder = Recorder(datagram_received=lambda _, datagram: datagram.reply(bytearray(b"y")))
        peer = self.send(self.listen(recorder), b"x")
        settle()
        self.assertEqual(peer.recv(10), b"y")

    def test_truncation(self):
        protocol = Hook()
        port = self.listen(protocol)
        port.set_max_packet_size(3)
        self.send(port, b"12345", b"12", b"1234")
        settle()
        self.assertEqual(protocol.payloads, [b"123", b"12", b"123"])
        self.assertEqual(port.get_statistics().truncated, 2)

    def test_a_kept_write(self):
        """The method can be called after the handler. It then sends immediately."""
        kept = []

        def keep(protocol, data, sender):
            echo(protocol, data, sender)
            kept.append((protocol.transport.write, sender))

        protocol, port, peer = self.deliver(keep, [b"a", b"b"])
        settle()
        self.assertEqual([peer.recv(10) for _ in "ab"], [b"a", b"b"])
        for write, sender in kept:
            write(b"later", sender)
            self.assertEqual(peer.recv(10), b"later")
        port.stop_listening()
        for write, sender in kept:
            with self.assert_error(Code.CLOSED):
                write(b"too late", sender)

    def test_what_is_wrong_is_raised_in_the_handler(self):
        errors = []

        def write(protocol, data, sender):
            for payload, to in ((b"x" * 65508, sender), ("text", sender), (b"x", ("nonesuch", 9)),
                                (b"x", [1]), (b"x", {})):
                try:
                    protocol.transport.write(payload, to)
                except (OSError, TypeError) as error:
                    errors.append(type(error))
            echo(protocol, data, sender)

        _, _, peer = self.deliver(write, [b"a", b"b"])
        settle()
        self.assertEqual([peer.recv(10) for _ in "ab"], [b"a", b"b"])
        self.assertEqual([issubclass(kind, OSError) for kind in errors],
                         [True, False, True, False, False] * 2)

    def test_port_is_freed(self):
        protocol, port, _ = self.deliver(echo)
        settle()
        port.stop_listening()
        gone = []
        port.weak_ref(lambda: gone.append(True))
        self.ports.clear()
        del protocol, port
        self.exceptions.clear()
        self.assertEqual(gone, [True])


class BudgetTest(TestCase):
    """A call takes only as many datagrams as its time allows; C offers the others again."""

    def deliver(self, seconds):
        """Returns how many datagrams each call takes. @seconds are the costs of the datagrams."""
        clock, costs, n_taken = [1000.0], iter(seconds), []

        def spend(protocol, data, sender):
            clock[0] += next(costs)

        port = self.listen(Hook(spend))
        with unittest.mock.patch.object(batches, "monotonic", lambda: clock[0]):
            while sum(n_taken) < len(seconds):
                # As C offers them.
                n = len(seconds) - sum(n_taken)
                n_taken.append(batches.take_packed(port.protocol, port, b"x" * n,
                                                   struct.pack("=II", 1, 0) * n))
        self.assertEqual(len(port.protocol.payloads), len(seconds))
        return n_taken

    def test_two_datagrams_of_a_millisecond_in_one_call(self):
        self.assertEqual(self.deliver([0.0011] * 7), [2, 2, 2, 1])

    def test_one_that_costs_more_is_the_only_one(self):
        self.assertEqual(self.deliver([0.1] * 3), [1, 1, 1])

    def test_cheap_ones_in_one_call(self):
        self.assertEqual(self.deliver([0] * 50), [50])

    def test_cheap_ones_are_bounded_too(self):
        # The clock is read after 1, 9, 41 and 73 datagrams.
        self.assertEqual(self.deliver([0.00004] * 200), [73, 73, 54])

    def test_costly_ones_behind_cheap_ones(self):
        # A handler that became slow is found at the next reading; then the clock is read each time.
        self.assertEqual(self.deliver([0] * 7 + [0.0006] + [0] * 7 + [0.0006] * 5),
                         [18, 2])

    def test_everything_in_a_main_loop_of_a_handler(self):
        """The inner main loop delivers the rest of the batch; C offers it only once."""
        seen = []

        def nest(protocol, data, sender):
            if data == b"0":
                settle()
                seen.extend(protocol.payloads)

        protocol = Hook(nest)
        ticks = iter(range(10**6))
        with unittest.mock.patch.object(batches, "monotonic", lambda: next(ticks)):
            self.send(self.listen(protocol), *PAYLOADS)
            iterate_until(lambda: seen)
        self.assertEqual(seen, PAYLOADS)


class ManyPeersTest(TestCase):
    def make_peers(self, port, n_peers):
        peers = [self.socket() for _ in range(n_peers)]
        for i, peer in enumerate(peers):
            peer.sendto(b"%d" % i, port.local_address)
        return peers

    def check_answers(self, peers):
        self.assertEqual([peer.recv(10) for peer in peers], [b"%d" % i for i in range(len(peers))])

    def assert_bounded(self, port, limit):
        self.assertLessEqual(len(port._peers.senders), limit)
        self.assertLessEqual(len(port._peers.numbers), limit)

    @unittest.mock.patch.object(batches, "MAX_PEERS", 10)
    def test_no_more_are_kept_than_the_limit(self):
        protocol = Hook(echo)
        port = self.listen(protocol)
        for _ in range(3):
            peers = self.make_peers(port, 25)
            settle()
            self.assert_bounded(port, 10)
            self.check_answers(peers)
            self.assertEqual([sender for _, sender in protocol.received],
                             [peer.getsockname() for peer in peers])
            protocol.received.clear()

    @unittest.mock.patch.object(batches, "MAX_PEERS", 10)
    def test_no_more_in_a_main_loop_of_a_handler(self):
        peers = []

        def nest(protocol, data, sender):
            echo(protocol, data, sender)
            if data == b"nest":
                for _ in range(3):
                    peers.extend(self.make_peers(port, 25))
                    settle()
                    self.assert_bounded(port, 10)

        port = self.listen(Hook(nest))
        first = self.send(port, b"nest")
        settle()
        self.assertEqual(first.recv(10), b"nest")
        for i in range(0, 75, 25):
            self.check_answers(peers[i:i + 25])

    @unittest.mock.patch.object(batches, "MAX_PEERS", 3)
    def test_answers_to_those_that_are_forgotten(self):
        """Answers arrive also if C no longer knows the numbers of the peers."""
        port = self.listen(Hook(echo))
        peers = self.make_peers(port, 10)
        with unittest.mock.patch.object(batches.Gudpx.Port, "write_packed",
                                        side_effect=GLib.Error()):
            settle()
        self.check_answers(peers)

    def test_100000_peers(self):
        """The table of peer numbers is full once."""
        protocol = Hook(echo)
        port = self.listen(protocol, "127.0.0.1")
        port.set_receive_buffer_size(4 * 1024 * 1024)
        n_sent = 0
        known = self.socket()
        for block in range(100):
            with_block = []
            for i in range(1000):
                plain = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                plain.bind((f"127.1.{block}.{i // 4 % 250 + 1}", 0))
                plain.sendto(b"%d" % n_sent, (LOCALHOST, number(port)))
                n_sent += 1
                with_block.append(plain)
                if i % 100 == 99:
                    settle()
            for i, plain in enumerate(with_block):
                plain.settimeout(TIME_LIMIT)
                self.assertEqual(plain.recv(20), b"%d" % (n_sent - 1000 + i))
                self.assertEqual(protocol.received[n_sent - 1000 + i][1], plain.getsockname())
                plain.close()
        # C no longer knows the first number of this peer.
        early = protocol.received[0][1]
        port.write(b"x", early)
        self.assertEqual(len(protocol.received), 100000)
        self.assertEqual(port.get_statistics().datagrams_sent, 100001)
        known.sendto(b"end", (LOCALHOST, number(port)))
        iterate_until(lambda: len(protocol.received) == 100001)
        self.assertEqual(known.recv(10), b"end")


if __name__ == "__main__":
    tap.main()
