# SPDX-License-Identifier: LGPL-2.1-or-later
"""Helpers of the Python tests: waiting in a main context, a protocol that records, plain
sockets."""

import contextlib
import os
import socket
import sys
import tempfile
import unittest

import gi

gi.require_version("Gudpx", "1")
from gi.repository import Gio, GLib, Gudpx  # noqa: E402

LOCALHOST = "127.0.0.1"
# Seconds after which a test fails, also on a busy machine.
TIME_LIMIT = 120

# G_IO_ERROR_DESTINATION_UNSET, which has this name since GLib 2.80.
DESTINATION_UNSET = 48

Code = Gio.IOErrorEnum

# Skips tests that need the kernel's error queue.
of_linux = unittest.skipIf(os.environ.get("GUDPX_TEST_IO") == "generic",
                           "GSocket's own calls do not tell")
# The override rejects some values that PyGObject accepts.
HAS_OVERRIDE = hasattr(Gudpx, "Address")
if HAS_OVERRIDE:
    from gi.overrides._gudpx import reports


def address(host, port):
    return Gio.InetSocketAddress.new_from_string(host, port)


def unix_address(path):
    """Returns the address of a path, or of an abstract name that begins with @."""
    if path.startswith("@"):
        name = list(path[1:].encode())
        return Gio.UnixSocketAddress.new_with_type(name, Gio.UnixSocketAddressType.ABSTRACT)
    return Gio.UnixSocketAddress.new(path)


def number(port):
    return port.get_local_address().get_port()


def settle(context=None):
    """Dispatches all sources that are ready. Datagrams that were sent over loopback have
    arrived."""
    context = context or GLib.MainContext.default()
    for _ in range(10000):
        if not context.iteration(False):
            return
    raise AssertionError("the main context never comes to rest")


def iterate_until(condition, context=None, seconds=TIME_LIMIT):
    """Iterates the main context until the condition holds."""
    context = context or GLib.MainContext.default()
    expired = []
    # Only this timeout and the tested sources wake the context: a missing wake-up is found.
    timeout = GLib.timeout_source_new_seconds(seconds)
    timeout.set_callback(lambda *_: expired.append(True))
    timeout.attach(context)
    try:
        while not condition():
            if expired:
                raise AssertionError("it did not come about in time")
            context.iteration(True)
    finally:
        timeout.destroy()


class Answer:
    """A GAsyncReadyCallback that records its result."""

    def __init__(self, finish):
        self.finish = finish
        self.done = 0
        self.value = None
        self.error = None

    def __call__(self, source, result, *_):
        self.done += 1
        try:
            self.value = self.finish(result)
        except GLib.Error as error:
            self.error = error

    def wait(self):
        iterate_until(lambda: self.done)
        if self.error is not None:
            raise self.error
        return self.value


class Recorder(Gudpx.DatagramProtocol):
    """Records the calls of its handlers. Then calls the function that the test gave for the
    handler."""

    def __init__(self, **handlers):
        super().__init__()
        self.handlers = handlers
        self.events = []
        self.datagrams = []
        self.errors = []

    @property
    def payloads(self):
        return [datagram.get_payload() for datagram in self.datagrams]

    def count(self, event):
        return self.events.count(event)

    def handle(self, event, *args):
        self.events.append(event)
        if event in self.handlers:
            self.handlers[event](self, *args)

    def do_started(self):
        self.handle("started")

    def do_stopped(self):
        self.handle("stopped")

    def do_datagram_received(self, datagram):
        self.datagrams.append(datagram)
        self.handle("datagram_received", datagram)

    def do_connection_refused(self, port):
        self.handle("connection_refused", port)

    def do_error_received(self, port, error, destination):
        self.errors.append((error, destination))
        self.handle("error_received", port, error, destination)

    def do_writable(self, port):
        self.handle("writable", port)


class Batches(Recorder):
    """Takes whole batches, and passes on each datagram."""

    def do_datagrams_received(self, datagrams):
        self.handle("datagrams_received", datagrams)
        Gudpx.DatagramProtocol.do_datagrams_received(self, datagrams)


class TestCase(unittest.TestCase):
    def setUp(self):
        self.ports = []
        # An exception in a handler makes the test fail.
        self.exceptions = []
        if HAS_OVERRIDE:
            # Exceptions of other tests do not count.
            reports.budgets.clear()
        hook, sys.excepthook = sys.excepthook, lambda kind, value, _: self.exceptions.append(value)
        self.addCleanup(setattr, sys, "excepthook", hook)
        self.addCleanup(self.check_exceptions)
        self.addCleanup(self.stop_ports)

    def check_exceptions(self):
        if self.exceptions:
            raise self.exceptions[0]

    def stop_ports(self):
        for port in self.ports:
            port.stop_listening()
        settle()

    def take_exceptions(self):
        exceptions, self.exceptions = self.exceptions, []
        return exceptions

    def own(self, port):
        """Stops the port at the end of the test."""
        self.ports.append(port)
        return port

    def listen(self, protocol=None, host=LOCALHOST, port=0):
        return self.own(Gudpx.listen_udp(port, protocol or Recorder(), host))

    def listen_unix(self, protocol=None, path=None):
        path = path or self.temporary_path("socket")
        return self.own(Gudpx.listen_unix_datagram(path, protocol or Recorder()))

    def temporary_path(self, name):
        directory = tempfile.TemporaryDirectory(prefix="gudpx-")
        self.addCleanup(directory.cleanup)
        return f"{directory.name}/{name}"

    def socket(self, host=LOCALHOST, port=0, family=None):
        """Returns a plain socket, bound to the host if there is one."""
        if family is None:
            family = socket.AF_INET6 if host and ":" in host else socket.AF_INET
        plain = socket.socket(family, socket.SOCK_DGRAM)
        self.addCleanup(plain.close)
        plain.settimeout(TIME_LIMIT)
        if host:
            plain.bind((host, port))
        return plain

    def peer_of(self, port):
        """Returns a plain socket that is connected to the port, and connects the port to it."""
        peer = self.socket()
        peer.connect((LOCALHOST, number(port)))
        port.connect_peer(*peer.getsockname()[:2])
        return peer

    def send(self, port, *payloads):
        """Sends from a plain socket, and returns the socket."""
        bound = port.get_local_address()
        plain = self.socket(bound.get_address().to_string())
        for payload in payloads:
            plain.sendto(payload, (bound.get_address().to_string(), bound.get_port()))
        return plain

    def unused_number(self):
        """Returns a port number that no program listens on during the test."""
        holder = self.socket()
        taken = holder.getsockname()[1]
        holder.close()
        return taken

    def assert_nothing_to_read(self, plain):
        timeout = plain.gettimeout()
        plain.setblocking(False)
        with self.assertRaises(BlockingIOError):
            plain.recv(65536)
        plain.settimeout(timeout)

    @contextlib.contextmanager
    def assert_error(self, code, *words, domain="g-io-error-quark"):
        """Expects an error of the domain with this code. The message must contain all words."""
        with self.assertRaises(GLib.Error) as caught:
            yield caught
        self.assertEqual((caught.exception.domain, caught.exception.code), (domain, int(code)),
                         caught.exception.message)
        for word in words:
            self.assertIn(str(word), caught.exception.message)
