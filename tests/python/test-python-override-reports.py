# SPDX-License-Identifier: LGPL-2.1-or-later
"""The override: exceptions of handlers in a flood, and Ctrl+C in a handler."""

import os
import subprocess
import sys
import textwrap
import unittest.mock

import tap
from gudpxtest import Gudpx, TestCase, iterate_until, settle
from gi.overrides._gudpx import reports

# Number of datagrams in a flood.
N_DATAGRAMS = 300


class Hook(Gudpx.DatagramProtocol):
    n_received = 0

    def datagram_received(self, data, sender):
        self.n_received += 1
        raise ValueError(data)


class Objects(Gudpx.DatagramProtocol):
    n_received = 0

    def do_datagram_received(self, datagram):
        self.n_received += 1
        raise ValueError(datagram.payload)


class Singly(Hook):
    """The hook, called for one datagram at a time because a handler is connected as well."""

    def __init__(self):
        super().__init__()
        self.connect("datagram-received", lambda *_: None)


class Connected(Gudpx.DatagramProtocol):
    n_received = 0

    def __init__(self):
        super().__init__()
        self.connect("datagram-received", self.take)

    def take(self, _protocol, datagram):
        self.n_received += 1
        raise ValueError(datagram.payload)


class ReportsTest(TestCase):
    def setUp(self):
        super().setUp()
        self.now = 1000.0
        patch = unittest.mock.patch.object(reports, "monotonic", lambda: self.now)
        patch.start()
        self.addCleanup(patch.stop)

    def flood(self, protocol, n_datagrams=N_DATAGRAMS):
        port = self.listen(protocol)
        wanted = protocol.n_received
        for _ in range(n_datagrams // 50):
            self.send(port, *[b"x"] * 50)
            wanted += 50
            iterate_until(lambda: protocol.n_received == wanted)
        return port

    def test_a_flood_of_exceptions_is_reported_five_times(self):
        for kind in Hook, Objects, Singly, Connected:
            with self.subTest(kind.__name__):
                reports.budgets.clear()
                self.flood(kind())
                self.assertEqual([type(error) for error in self.take_exceptions()],
                                 [ValueError] * 5)

    def test_later_once_a_second_with_the_number_of_the_others(self):
        protocol = Hook()
        port = self.flood(protocol)
        self.take_exceptions()
        for n_left_out in N_DATAGRAMS - 5, 2:
            self.now += 1
            self.send(port, *[b"y"] * 3)
            wanted = protocol.n_received + 3
            iterate_until(lambda: protocol.n_received == wanted)
            error, = self.take_exceptions()
            if hasattr(error, "__notes__"):
                self.assertEqual(error.__notes__,
                                 [f"{n_left_out} more exceptions of this kind were not printed"])

    def test_other_kinds_are_reported_all_the_same(self):
        class Two(Gudpx.DatagramProtocol):
            def datagram_received(self, data, sender):
                if data == b"other type":
                    raise LookupError
                if data == b"other place":
                    raise ValueError
                raise ValueError

        self.send(self.listen(Two()), *[b"x"] * 50, b"other type", b"other place")
        settle()
        self.assertEqual([type(error) for error in self.take_exceptions()],
                         [ValueError] * 5 + [LookupError, ValueError])

    def test_no_more_kinds_than_a_limit_are_kept(self):
        for line in range(1000):
            try:
                exec(compile("\n" * line + "1 / 0", "many.py", "exec"))
            except ZeroDivisionError:
                reports.report_exception()
        self.assertLessEqual(len(reports.budgets), 256)
        self.assertEqual(len(self.take_exceptions()), 1000)

    def test_a_hook_that_fails_itself(self):
        sys.excepthook = unittest.mock.Mock(side_effect=LookupError)
        with unittest.mock.patch.object(sys, "__excepthook__") as original:
            self.send(self.listen(Hook()), b"x")
            settle()
        self.assertIs(original.call_args[0][0], ValueError)

    def test_calls_from_python_raise(self):
        """Calls a handler directly, like the test of a program. A derived class may catch the
        exception."""
        caught = []

        class Derived(Objects):
            def do_datagram_received(self, datagram):
                try:
                    super().do_datagram_received(datagram)
                except ValueError as error:
                    caught.append(error)

        with self.assertRaises(ValueError):
            Objects().do_datagram_received(Gudpx.Datagram.new(b"x"))
        self.send(self.listen(Derived()), b"x")
        settle()
        self.assertEqual(str(caught[0]), "b'x'")


class InterruptTest(TestCase):
    """Tests a separate process, which gets a signal while a handler runs."""

    def run_program(self, program):
        preamble = """
            import os, signal, socket, sys, time
            from gudpxtest import GLib, Gudpx

            def be_interrupted():
                os.kill(os.getpid(), signal.SIGINT)
                time.sleep(60)
                sys.exit("not interrupted")

            def send(port, *payloads):
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as plain:
                    for payload in payloads:
                        plain.sendto(payload, port.local_address)

            class Hook(Gudpx.DatagramProtocol):
                def datagram_received(self, data, sender):
                    print(data.decode(), flush=True)
                    if data == b"interrupt":
                        be_interrupted()

            class Objects(Gudpx.DatagramProtocol):
                def do_datagram_received(self, datagram):
                    be_interrupted()

            class Connected(Gudpx.DatagramProtocol):
                def __init__(self):
                    super().__init__()
                    self.connect("datagram-received", lambda *_: be_interrupted())

            context = GLib.MainContext.default()
        """
        return subprocess.run([sys.executable, "-c",
                               textwrap.dedent(preamble) + textwrap.dedent(program)],
                              cwd=os.path.dirname(os.path.abspath(__file__)), timeout=100,
                              capture_output=True, text=True, check=False)

    def check(self, program, output):
        result = self.run_program(program)
        self.assertEqual((result.stdout.split(), result.stderr), (output, ""))

    def check_iterating(self, kind):
        self.check(f"""
            port = Gudpx.listen_udp(0, {kind}(), interface="127.0.0.1")
            send(port, b"interrupt")
            try:
                while True:
                    context.iteration(True)
            except KeyboardInterrupt:
                print("left")
        """, ["interrupt"] * (kind == "Hook") + ["left"])

    def test_it_leaves_the_iteration_from_the_hook(self):
        self.check_iterating("Hook")

    def test_it_leaves_the_iteration_from_another_handler(self):
        self.check_iterating("Objects")

    def test_it_leaves_the_iteration_from_a_signal_handler(self):
        self.check_iterating("Connected")

    def test_it_leaves_from_another_context(self):
        self.check("""
            context = GLib.MainContext.new()
            context.push_thread_default()
            port = Gudpx.listen_udp(0, Hook(), interface="127.0.0.1")
            send(port, b"interrupt")
            try:
                while True:
                    context.iteration(True)
            except KeyboardInterrupt:
                print("left")
            context.pop_thread_default()
        """, ["interrupt", "left"])

    def test_the_other_datagrams_are_not_lost(self):
        result = self.run_program("""
            port = Gudpx.listen_udp(0, Hook(), interface="127.0.0.1")
            send(port, b"1", b"interrupt", b"2", b"end")
            try:
                while True:
                    context.iteration(True)
            except KeyboardInterrupt:
                print("left")
            while port.statistics.datagrams_received < 4 or context.iteration(False):
                pass
        """)
        words = result.stdout.split()
        self.assertIn("left", words)
        self.assertEqual([word for word in words if word != "left"], ["1", "interrupt", "2", "end"])

    def test_in_a_main_loop_of_a_handler(self):
        """The handler continues, and the later datagrams stay as they are."""
        result = self.run_program("""
            class Nesting(Hook):
                def datagram_received(self, data, sender):
                    super().datagram_received(data, sender)
                    if data == b"nest":
                        context.iteration(False)

            port = Gudpx.listen_udp(0, Nesting(), interface="127.0.0.1")
            send(port, b"nest", b"interrupt", b"another", b"end")
            try:
                while True:
                    context.iteration(True)
            except KeyboardInterrupt:
                print("left")
            while port.statistics.datagrams_received < 4 or context.iteration(False):
                pass
        """)
        words = result.stdout.split()
        self.assertIn("left", words)
        self.assertEqual([word for word in words if word != "left"],
                         ["nest", "interrupt", "another", "end"])

    def test_it_leaves_a_main_loop(self):
        self.check("""
            class Quiet(Gudpx.DatagramProtocol):
                def datagram_received(self, data, sender):
                    os.kill(os.getpid(), signal.SIGINT)

            send(Gudpx.listen_udp(0, Quiet(), interface="127.0.0.1"), b"x")
            try:
                GLib.MainLoop().run()
            except KeyboardInterrupt:
                print("left")
        """, ["left"])

    def test_a_program_s_own_handler_is_called_once(self):
        result = self.run_program("""
            def handle(*_):
                print("handled", flush=True)
                raise KeyboardInterrupt

            signal.signal(signal.SIGINT, handle)
            port = Gudpx.listen_udp(0, Hook(), interface="127.0.0.1")
            send(port, b"interrupt", b"end")
            while port.statistics.datagrams_received < 2 or context.iteration(False):
                context.iteration(False)
        """)
        self.assertEqual(result.stdout.split(), ["interrupt", "handled", "end"])
        # A traceback may show the line that raised it, too.
        self.assertEqual(result.stderr.splitlines().count("KeyboardInterrupt"), 1)

    def test_exit_ends_the_process(self):
        result = self.run_program("""
            class Exit(Gudpx.DatagramProtocol):
                def datagram_received(self, data, sender):
                    sys.exit(3)

            send(Gudpx.listen_udp(0, Exit(), interface="127.0.0.1"), b"x")
            while True:
                context.iteration(True)
        """)
        self.assertEqual((result.returncode, result.stderr), (3, ""))


if __name__ == "__main__":
    tap.main()
