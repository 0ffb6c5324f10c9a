# SPDX-License-Identifier: LGPL-2.1-or-later
"""The override: Python's own errors, keyword arguments, and ports as context managers."""

import copy
import errno
import os
import pickle
import socket
import subprocess
import sys

import tap
from gudpxtest import (DESTINATION_UNSET, LOCALHOST, TIME_LIMIT, Answer, Code, Gio, GLib, Gudpx,
                       Recorder, TestCase, iterate_until, number, of_linux, settle)


class ErrorTest(TestCase):
    def assert_is(self, kind, number, code, call, *args):
        """Expects an error that is Python's with this errno, and GLib's with this code."""
        with self.assertRaises(kind) as caught:
            call(*args)
        error = caught.exception
        self.assertIsInstance(error, GLib.Error)
        self.assertIsInstance(error, OSError)
        self.assertEqual(error.errno, number)
        self.assertTrue(error.matches(Gio.io_error_quark(), code))
        self.assertEqual((str(error), error.strerror), (error.message, error.message))
        return error

    def test_of_a_write(self):
        port = self.listen()
        to = (LOCALHOST, 9)
        self.assert_is(OSError, errno.EMSGSIZE, Code.MESSAGE_TOO_LARGE,
                       port.write, b"x" * 66000, to)
        self.assert_is(ValueError, errno.EINVAL, Code.INVALID_ARGUMENT,
                       port.write, b"x", ("::1", 9))
        self.assert_is(PermissionError, errno.EACCES, Code.PERMISSION_DENIED,
                       port.write, b"x", ("<broadcast>", 9))
        self.assert_is(OSError, errno.EDESTADDRREQ, DESTINATION_UNSET, port.write, b"x")
        port.stop_listening()
        for write in port.write, port.write_to:
            self.assert_is(OSError, errno.EBADF, Code.CLOSED, write, b"x", to)
        self.assert_is(OSError, errno.EBADF, Code.CLOSED, port.write_datagrams,
                       [Gudpx.Datagram.new(b"x", to)])
        self.assert_is(OSError, errno.EBADF, Code.CLOSED, port.write_packed, b"", b"")

    def test_of_a_reply(self):
        recorder = Recorder()
        port = self.listen(recorder)
        self.send(port, b"x")
        settle()
        port.stop_listening()
        self.assert_is(OSError, errno.EBADF, Code.CLOSED, recorder.datagrams[0].reply, b"x")

    def test_a_full_queue(self):
        peer = self.temporary_path("peer")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as plain:
            plain.bind(peer)
            port = self.listen_unix()
            port.send_queue_limit = 1000
            with self.assertRaises(BlockingIOError) as caught:
                for _ in range(10000):
                    port.write(b"x" * 100, peer)
            self.assertEqual(caught.exception.errno, errno.EAGAIN)

    def test_of_listening(self):
        port = self.listen()
        self.assert_is(OSError, errno.EADDRINUSE, Code.ADDRESS_IN_USE,
                       self.listen, None, LOCALHOST, number(port))
        # The errno of the system is kept if GIO has no code for it.
        self.assert_is(OSError, errno.EADDRNOTAVAIL, Code.NOT_FOUND, self.listen, None, "192.0.2.1")
        self.assert_is(OSError, errno.EADDRINUSE, Code.EXISTS, port.start_listening)
        self.assert_is(ValueError, errno.EINVAL, Code.INVALID_ARGUMENT,
                       self.listen, None, "nonesuch.example")
        self.assert_is(ValueError, errno.EINVAL, Code.INVALID_ARGUMENT,
                       Gudpx.listen_unix_datagram, "/" + "x" * 200, Recorder())
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as stream:
            self.assert_is(ValueError, errno.EINVAL, Code.INVALID_ARGUMENT,
                           Gudpx.adopt_datagram_port, stream, Recorder())

    def test_of_the_other_methods(self):
        port = self.listen()
        self.assert_is(OSError, errno.ENODEV, Code.NOT_FOUND, port.join_group, "224.0.0.251",
                       "nonesuch0")
        for change in port.join_group, port.leave_group:
            self.assert_is(ValueError, errno.EINVAL, Code.INVALID_ARGUMENT, change, "::1")
        self.assert_is(ValueError, errno.EINVAL, Code.INVALID_ARGUMENT, port.set_ttl, 0)
        self.assert_is(OSError, errno.EBUSY, Code.BUSY, port.set_local_address, (LOCALHOST, 0))
        group = Gudpx.PortGroup.new(1, ("192.0.2.1", 9), lambda *_: Recorder())
        self.assert_is(OSError, errno.EADDRNOTAVAIL, Code.NOT_FOUND, group.start)

    def refuse(self, protocol):
        """Sends to an unused port number with report_errors: the protocol gets the refusal."""
        port = self.own(Gudpx.listen_udp(0, protocol, LOCALHOST, report_errors=True))
        port.write(b"x", (LOCALHOST, self.unused_number()))
        return port

    @of_linux
    def test_of_the_virtual_function(self):
        recorder = Recorder()
        self.refuse(recorder)
        iterate_until(lambda: recorder.errors)
        error = recorder.errors[0][0]
        self.assertIsInstance(error, ConnectionRefusedError)
        self.assertIsInstance(error, GLib.Error)
        self.assertEqual(error.errno, errno.ECONNREFUSED)

    @of_linux
    def test_of_a_derived_class_and_of_a_mixin(self):
        errors = []

        class Mixin:
            def do_error_received(self, port, error, destination):
                errors.append((error, destination))

        class Mixed(Mixin, Gudpx.DatagramProtocol):
            pass

        class Derived(Recorder):
            def do_error_received(self, port, error, destination):
                super().do_error_received(port, error, destination)
                errors.append((error, destination))

        for kind in Mixed, Derived:
            self.refuse(kind())
            iterate_until(lambda: errors)
            error, destination = errors.pop()
            self.assertIsInstance(error, ConnectionRefusedError, kind)
            self.assertIsInstance(destination, Gio.InetSocketAddress)
            self.assertEqual(Gudpx.address_from_gio(destination).host, LOCALHOST)

    @of_linux
    def test_details(self):
        details = []
        recorder = Recorder(error_received=lambda _recorder, port, *_:
                            details.append(repr(port.dup_error_details())))
        self.refuse(recorder)
        iterate_until(lambda: details)
        self.assertRegex(details[0], "^<Gudpx.ErrorDetails ECONNREFUSED")
        self.assertRegex(details[0], r", ICMP type 3 code 3 from 127\.0\.0\.1:\d+>$")

    @of_linux
    def test_of_a_signal(self):
        for signal in "error-received", "error_received":
            protocol = Gudpx.DatagramProtocol()
            errors = []

            def remember(protocol, port, error, destination, *data):
                errors.append((error, data))

            protocol.connect(signal, remember, "data")
            protocol.connect_after(signal, remember)
            protocol.connect_object(signal, remember, protocol)
            protocol.connect_object_after(signal, remember, protocol)
            self.refuse(protocol)
            iterate_until(lambda: len(errors) == 4)
            self.assertEqual([type(error).__mro__[1] for error, _ in errors], [GLib.Error] * 4)
            self.assertTrue(all(isinstance(error, ConnectionRefusedError) for error, _ in errors))
            self.assertEqual([data for _, data in errors], [("data",), (), (), ()])
            for _ in range(4):
                protocol.disconnect_by_func(remember)
            with self.assertRaises(TypeError):
                protocol.disconnect_by_func(remember)

    def test_of_finishing(self):
        port = self.listen()
        answer = Answer(port.write_finish)
        port.write_async(b"x" * 66000, (LOCALHOST, 9), None, answer)
        with self.assertRaises(OSError) as caught:
            answer.wait()
        self.assertEqual(caught.exception.errno, errno.EMSGSIZE)

    def test_of_resolving(self):
        cancellable = Gio.Cancellable()
        cancellable.cancel()
        answer = Answer(Gudpx.resolve_finish)
        Gudpx.resolve_async("localhost", cancellable, answer)
        with self.assertRaises(OSError) as caught:
            answer.wait()
        self.assertEqual(caught.exception.errno, errno.ECANCELED)

        from gi.overrides._gudpx import errors
        error = errors.convert(GLib.Error("no such host", "g-resolver-error-quark", 0))
        self.assertIsInstance(error, socket.gaierror)
        self.assertEqual(error.errno, socket.EAI_NONAME)
        other = GLib.Error("x", "g-other-quark", 1)
        self.assertIs(errors.convert(other), other)

    def test_copies(self):
        with self.assertRaises(OSError) as caught:
            self.listen().write(b"x")
        error = caught.exception
        for other in copy.copy(error), pickle.loads(pickle.dumps(error)), error.copy():
            self.assertIs(type(other), type(error))
            self.assertEqual((other.errno, other.message, other.domain, other.code, str(other)),
                             (error.errno, error.message, error.domain, error.code, str(error)))


class KeywordTest(TestCase):
    def test_listen_udp(self):
        port = self.own(Gudpx.listen_udp(0, Recorder(), interface="::", max_packet_size=1000,
                                         reuse_port=True, ipv6_only=True, ttl=4, dscp=10,
                                         metadata=Gudpx.MetadataFlags.HOP_LIMIT))
        self.assertEqual(port.local_address.host, "::")
        self.assertEqual((port.max_packet_size, port.ttl, port.dscp), (1000, 4, 10))
        self.assertTrue(port.reuse_port and port.ipv6_only and port.listening)
        self.assertEqual(port.metadata, Gudpx.MetadataFlags.HOP_LIMIT)
        again = self.own(Gudpx.listen_udp(number(port), Recorder(), "::", 2000, reuse_port=True,
                                          ipv6_only=True))
        self.assertEqual(again.max_packet_size, 2000)

    def test_every_writable_property(self):
        port = self.own(Gudpx.listen_udp(0, Recorder()))
        for spec in port.list_properties():
            name = spec.name.replace("-", "_")
            if spec.flags & 2 and name not in ("protocol", "local_address"):
                value = port.get_property(spec.name)
                self.own(Gudpx.listen_udp(0, Recorder(), LOCALHOST, **{name: value}))

    def test_they_are_set_before_it_starts(self):
        seen = []
        self.own(Gudpx.listen_udp(
            0, Recorder(started=lambda recorder: seen.append(recorder.transport.ttl)), ttl=9))
        self.assertEqual(seen, [9])

    def test_positions(self):
        port = self.own(Gudpx.listen_udp(0, Recorder(), None))
        self.assertEqual(port.local_address.host, "0.0.0.0")
        port = self.own(Gudpx.listen_udp(0, Recorder(), bind_address="127.0.0.2"))
        self.assertEqual(port.local_address.host, "127.0.0.2")
        port = self.own(Gudpx.listen_multicast(0, Recorder(), True, LOCALHOST))
        self.assertTrue(port.listen_multiple)
        self.assertEqual(port.local_address.host, LOCALHOST)

    def test_the_third_argument_of_twisted(self):
        for interface in LOCALHOST, "":
            with self.assertRaisesRegex(TypeError, f"pass interface='{interface}'"):
                self.own(Gudpx.listen_multicast(0, Recorder(), interface))

    def test_listen_multicast(self):
        port = self.own(Gudpx.listen_multicast(0, Recorder(), listen_multiple=True, interface="::",
                                               multicast_ttl=5, multicast_loopback=False))
        self.assertEqual((port.multicast_ttl, port.multicast_loopback), (5, False))
        self.assertFalse(self.own(Gudpx.listen_multicast(0, Recorder())).listen_multiple)

    def test_listen_unix_datagram(self):
        path = self.temporary_path("socket")
        port = self.own(Gudpx.listen_unix_datagram(path, Recorder(), max_packet_size=100000))
        self.assertEqual((port.max_packet_size, port.local_address), (100000, path))

    def adopt(self, *args, **kwargs):
        with self.socket() as plain:
            bound = plain.getsockname()
            port = self.own(Gudpx.adopt_datagram_port(
                *[plain if arg is socket else arg for arg in args], **kwargs))
        self.assertEqual(port.local_address, bound)
        return port

    def test_adopt(self):
        self.adopt(socket, protocol=Recorder())
        self.adopt(socket, Recorder())
        self.adopt(socket, socket_family(), Recorder())
        self.adopt(socket, Gio.SocketFamily.IPV4, Recorder())
        self.assertEqual(self.adopt(socket, Recorder(), max_packet_size=10, ttl=3).ttl, 3)
        plain = self.socket()
        port = self.own(Gudpx.adopt_datagram_port(plain.fileno(), Gio.SocketFamily.INVALID,
                                                  Recorder()))
        self.assertEqual(port.local_address, plain.getsockname())

    def test_what_an_adopted_port_cannot_be_told(self):
        recorder = Recorder()
        with self.assertRaisesRegex(TypeError, "reuse_port"):
            Gudpx.adopt_datagram_port(self.socket(), recorder, reuse_port=True)
        with self.assert_error(Code.INVALID_ARGUMENT):
            Gudpx.adopt_datagram_port(self.socket(), recorder, ttl=0)
        self.assertIsNone(recorder.transport)

    def test_wrong_ones(self):
        path = self.temporary_path("socket")
        for call, *args in ((Gudpx.listen_udp, 0), (Gudpx.listen_multicast, 0),
                            (Gudpx.listen_unix_datagram, path),
                            (Gudpx.adopt_datagram_port, self.socket())):
            for name in "nonesuch", "listening", "protocols", "local_address", "peer_address":
                with self.assertRaisesRegex(TypeError, f"{call.__name__}.*{name}"):
                    call(*args, protocol=Recorder(), **{name: 1})
            with self.assertRaisesRegex(TypeError, "DatagramProtocol"):
                call(*args, protocol="echo")
        with self.assertRaisesRegex(TypeError, "bind_address"):
            Gudpx.listen_udp(0, Recorder(), "::", bind_address="::1")

    def test_near_ones(self):
        for wrong, right in (("broadcast", "broadcast_allowed"),
                             ("allow_broadcast", "broadcast_allowed"),
                             ("inteface", "interface"), ("reuseport", "reuse_port")):
            with self.assertRaisesRegex(TypeError, f"'{wrong}'; did you mean '{right}'"):
                Gudpx.listen_udp(0, Recorder(), **{wrong: 1})
        with self.assertRaisesRegex(TypeError, "'nonesuch'$"):
            Gudpx.listen_udp(0, Recorder(), nonesuch=1)

    def test_a_protocol_that_is_not_initialized(self):
        class Forgetful(Gudpx.DatagramProtocol):
            def __init__(self):
                self.count = 0

        with self.assertRaisesRegex(RuntimeError, r"Forgetful.__init__\(\) did not call super\(\)"):
            Gudpx.listen_udp(0, Forgetful())

    def test_the_constructor(self):
        port = Gudpx.Port(protocol=Recorder(), local_address=(LOCALHOST, 0), reuse_port=True, ttl=7,
                          **{"multicast-ttl": 3})
        self.assertEqual((port.reuse_port, port.ttl, port.multicast_ttl), (True, 7, 3))
        for name, value in (("ttl", 0), ("ttl", 256), ("dscp", 64), ("max_packet_size", 0),
                            ("busy_poll", 5000), ("multicast_interface", "nonesuch0\0")):
            with self.assertRaises(ValueError):
                Gudpx.Port(protocol=Recorder(), **{name: value})
        for name, words in (("tll", "'tll'; did you mean 'ttl'"), ("nonesuch", "'nonesuch'$"),
                            ("listening", "'listening'")):
            with self.assertRaisesRegex(TypeError, words):
                Gudpx.Port(protocol=Recorder(), **{name: 1})

    def test_the_value_that_has_a_wrong_type_is_named(self):
        for name, value in (("ttl", "4"), ("max_packet_size", "5"), ("multicast_interface", 5),
                            ("metadata", 1), ("send_queue_policy", "drop"), ("priority", 1.5j)):
            for call in (lambda **wrong: Gudpx.Port(protocol=Recorder(), **wrong),
                         lambda **wrong: Gudpx.listen_udp(0, Recorder(), LOCALHOST, **wrong)):
                with self.assertRaisesRegex(TypeError, f"^{name}: "):
                    call(**{name: value})
        with self.assertRaisesRegex(OverflowError, "^ttl: -1"):
            Gudpx.listen_udp(0, Recorder(), ttl=-1)

    def test_a_wrong_value_leaves_nothing_behind(self):
        recorder = Recorder()
        with self.assert_error(Code.INVALID_ARGUMENT, "500"):
            Gudpx.listen_udp(0, recorder, ttl=500)
        self.assertEqual(recorder.events, [])


def socket_family():
    return socket.AF_INET


class OwnProcessTest(TestCase):
    @staticmethod
    def run_without(variable, program):
        environment = {name: value for name, value in os.environ.items() if name != variable}
        return subprocess.run([sys.executable, "-c", program], env=environment, timeout=TIME_LIMIT,
                              cwd=os.path.dirname(os.path.abspath(__file__)),
                              stderr=subprocess.PIPE, text=True, check=False)

    # Removes G_DEBUG: the library also prints a critical warning, which would end the process.
    def run_in_another_thread(self, program):
        """Prints the errors of the functions in the list “calls”. Each function takes the port."""
        result = self.run_without("G_DEBUG", f"""
import sys, threading
from gudpxtest import GLib, Gudpx, LOCALHOST
def call_each():
    for call in calls:
        try:
            print("returned", call(port), file=sys.stderr)
        except RuntimeError as error:
            print("raised", error, file=sys.stderr)
def run():
    thread = threading.Thread(target=call_each)
    thread.start()
    thread.join()
{program}""")
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stderr

    def check_calls_in_another_thread(self, calls):
        output = self.run_in_another_thread(f"""
port = Gudpx.listen_udp(0, Gudpx.DatagramProtocol(), interface=LOCALHOST)
GLib.MainContext.default().acquire()
to = port.local_address
calls = [{", ".join(f"lambda port: {call}" for call in calls)}]
run()
print("afterwards", port.listening, port.ttl, port.reading, file=sys.stderr)
""")
        self.assertNotIn("returned", output)
        self.assertIn("afterwards True 64 True", output)
        self.assertEqual(output.count("raised the port belongs to another thread"), len(calls))

    def test_writes_of_another_thread(self):
        self.check_calls_in_another_thread([
            "port.write(b'x')", "port.write(b'x', to)", "port.write_to(b'x', to)",
            "port.write_to_host(b'x', *to)", "port.write_bytes(GLib.Bytes.new(b'x'), to)",
            "port.write_datagrams([])", "port.write_packed(b'', b'')", "port.write_async(b'x', to)",
            "port.flush_async()"])

    def test_other_calls_of_another_thread(self):
        self.check_calls_in_another_thread([
            "port.stop_listening()", "port.stop_listening_async()", "port.__exit__()",
            "port.connect_peer(*to)", "port.connect_peer_address(to)", "port.disconnect_peer()",
            "port.join_group('239.1.2.3')", "port.leave_group('239.1.2.3')",
            "port.join_source_group('232.1.2.3', LOCALHOST)",
            "port.leave_source_group('232.1.2.3', LOCALHOST)", "port.get_peer(1)",
            "port.dup_peer_host(1)"])

    def test_attributes_in_another_thread(self):
        """Sets each property in three ways: with its setter, as an attribute and as a property."""
        names = [spec.name.replace("-", "_") for spec in Gudpx.Port.list_properties()
                 if hasattr(Gudpx.Port, "set_" + spec.name.replace("-", "_")) and
                 spec.name != "local-address"]
        self.assertGreater(len(names), 15)
        self.check_calls_in_another_thread(
            [call for name in names for call in (f"port.set_{name}(port.{name})",
                                                 f"setattr(port, '{name}', port.{name})",
                                                 f"port.set_property('{name}', port.{name})",
                                                 f"setattr(port.props, '{name}', port.{name})")])

    def test_what_another_thread_may_ask(self):
        output = self.run_in_another_thread("""
port = Gudpx.listen_udp(0, Gudpx.DatagramProtocol(), interface=LOCALHOST)
GLib.MainContext.default().acquire()
calls = [lambda port: port.ttl, lambda port: port.local_address.host, lambda port: port.statistics]
run()
""")
        self.assertEqual(output.splitlines(), ["returned 64", "returned 127.0.0.1",
                                               "returned <Gudpx.Statistics nothing yet>"])

    def test_a_reply_of_another_thread(self):
        output = self.run_in_another_thread("""
class Keep(Gudpx.DatagramProtocol):
    def do_datagram_received(self, datagram):
        calls.append(lambda port: datagram.reply(b"x"))
calls = []
port = Gudpx.listen_udp(0, Keep(), interface=LOCALHOST)
port.write(b"x", port.local_address)
while not calls:
    GLib.MainContext.default().iteration(True)
GLib.MainContext.default().acquire()
run()
""")
        self.assertEqual(output.count("raised the port belongs to another thread"), 1)

    def test_a_write_of_another_thread_while_a_handler_collects(self):
        """The write fails. The datagrams that the handler collects are sent."""
        output = self.run_in_another_thread("""
class Hook(Gudpx.DatagramProtocol):
    def datagram_received(self, data, sender):
        for n in range(3):
            self.transport.write(b"%d" % n, sender)
        calls[:] = [lambda port: port.write(b"wrong", sender),
                    lambda port: port.write(b"wrong", ("127.0.0.2", 9))]
        run()
        self.transport.write(b"3", sender)
import socket
plain = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
plain.settimeout(20)
calls = []
port = Gudpx.listen_udp(0, Hook(), interface=LOCALHOST)
plain.sendto(b"x", port.local_address)
while not calls:
    GLib.MainContext.default().iteration(True)
print([plain.recv(10) for _ in range(4)], file=sys.stderr)
""")
        self.assertEqual(output.count("raised the port belongs to another thread"), 2)
        self.assertIn("[b'0', b'1', b'2', b'3']", output)

    def test_without_the_library(self):
        path = "LD_LIBRARY_PATH"
        if self.run_without(path, "import ctypes; ctypes.CDLL('libgudpx-1.so.0')").returncode == 0:
            self.skipTest("the library is installed, and found without LD_LIBRARY_PATH")
        result = self.run_without(
            path, "import gi; gi.require_version('Gudpx', '1'); from gi.repository import Gudpx")
        self.assertEqual(result.returncode, 1)
        self.assertIn("ImportError: Cannot load libgudpx-1.so.0", result.stderr)


class ContextTest(TestCase):
    def test_leaving_stops_it(self):
        recorder = Recorder()
        with Gudpx.listen_udp(0, recorder) as port:
            self.assertTrue(port.listening)
        self.assertFalse(port.listening)
        self.assertEqual(recorder.events, ["started", "stopped"])

    def test_leaving_by_an_exception(self):
        with self.assertRaises(ZeroDivisionError), self.listen() as port:
            1 / 0
        self.assertFalse(port.listening)

    def test_it_may_be_stopped_before(self):
        with self.listen() as port:
            port.stop_listening()


if __name__ == "__main__":
    tap.main()
