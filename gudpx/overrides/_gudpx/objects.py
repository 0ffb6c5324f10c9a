# SPDX-License-Identifier: LGPL-2.1-or-later
"""Protocols, datagrams, groups of ports, statistics and error details in Python."""

import difflib
import errno
import inspect
import types
import warnings

from gi.module import get_introspection_module
from gi.repository import Gio, GLib

from . import addresses, awaiting, batches, errors, reports
from .attributes import add_attributes, refuse_unknown
from .payloads import to_bytes, to_text

Gudpx = get_introspection_module("Gudpx")

# Called once for each datagram.
_reply = Gudpx.Datagram.reply

# Bytes of a payload that repr() shows.
_MAX_SHOWN = 32


class Datagram(Gudpx.Datagram):
    @classmethod
    def new(cls, payload, destination=None):
        """Makes a datagram to send. The destination is (host, port), a Gio.SocketAddress, or the
        path of a UNIX socket."""
        return Gudpx.Datagram.new(to_bytes(payload), addresses.to_gio(destination))

    @classmethod
    def new_full(cls, payload, destination=None, source=None, interface_index=0, hop_limit=-1,
                 traffic_class=-1):
        """Makes a datagram to send, with options of its own. The source is an IP address."""
        if isinstance(source, str):
            source = addresses.parse(source, 0).get_address()
        return Gudpx.Datagram.new_full(to_bytes(payload), addresses.to_gio(destination), source,
                                       interface_index, hop_limit, traffic_class)

    def reply(self, data):
        """Writes an answer to the sender."""
        # Getting the port costs as much as the rest, so skip it if no outbox is open.
        if batches.open_outboxes and self.transport is not None:
            self.transport._flush_outbox()
        if type(data) is not bytes:
            data = to_bytes(data)
        try:
            return _reply(self, data) or errors.raise_thread()
        except GLib.Error as error:
            raise errors.convert(error) from None

    @property
    def text(self):
        """The payload as a string, or None if the payload is not valid UTF-8 or contains a zero
        byte."""
        return to_text(self.payload)

    def __bytes__(self):
        return self.payload

    def __repr__(self):
        payload = self.payload
        shown = repr(payload[:_MAX_SHOWN]) + "…" * (len(payload) > _MAX_SHOWN)
        words = [f"Gudpx.Datagram {shown}, {len(payload)} bytes"]
        if self.truncated:
            words.append(f"truncated from {self.original_size}")
        if self.sender is not None:
            words.append(f"from {addresses.show(self.sender)}")
        if self.destination is not None:
            words.append(f"to {addresses.show(self.destination)}")
        return f"<{' '.join(words)}>"


add_attributes(Datagram, Gudpx.Datagram.__info__)


class _Transport:
    """The port that was attached last. During datagram_received() the instance has an attribute of
    its own instead: the port that the datagram came through."""

    def __get__(self, protocol, kind=None):
        return self if protocol is None else protocol.get_transport()


def _find_definer(kind, name):
    """Returns the class that defines a handler, or None if only the library does."""
    return next((base for base in kind.__mro__
                 if name in vars(base) and
                 base not in (DatagramProtocol, Gudpx.DatagramProtocol)), None)


def _copy_from_mixins(kind):
    """Copies handlers from mixins. PyGObject searches only GObject classes that come before the
    library's in the MRO."""
    for name in _NAMES:
        definer = _find_definer(kind, name)
        if definer is not None and not issubclass(definer, Gudpx.DatagramProtocol):
            setattr(kind, name, vars(definer)[name])


def _has_hook(kind):
    return _find_definer(kind, "datagram_received") is not None


def _add_hook(kind):
    kind._has_async_hook = inspect.iscoroutinefunction(kind.datagram_received)
    inherits = any(issubclass(base, Gudpx.DatagramProtocol) and _has_hook(base)
                   for base in kind.__bases__)
    if not _has_hook(kind) or inherits:
        return
    kind.do_packed_received = batches.take_packed
    if _find_definer(kind, "do_datagram_received") is None:
        kind.do_datagram_received = batches.take_datagram


def _check_coroutines(kind):
    """Rejects coroutine functions if PyGObject has no event loop: they would never run."""
    for name in _NAMES:
        if not inspect.iscoroutinefunction(vars(kind).get(name)):
            continue
        reason = awaiting.explain_version()
        if reason is not None or name == "do_packed_received":
            raise TypeError(f"{kind.__qualname__}.{name}() cannot be “async def”: it "
                            f"{reason or 'returns a number'}")


def _make_callable(handler, takes_error):
    """Returns a function that C can call, for a handler that may be a coroutine function."""
    if inspect.iscoroutinefunction(handler):
        handler = awaiting.make_runner(handler)
    return errors.converting_handler(handler) if takes_error else handler


def _guard_handlers(kind):
    """Guards the handlers that the class itself defines. The handlers of its bases are guarded
    already."""
    for name in _HANDLERS:
        handler = vars(kind).get(name)
        if isinstance(handler, types.FunctionType) and name != "do_packed_received":
            function = _make_callable(handler, name == "do_error_received")
            setattr(kind, name, reports.Guarded(handler, function))


def _adapt(signal, handler):
    name = signal.partition("::")[0].replace("_", "-")
    if name not in _SIGNALS:
        return handler
    return reports.SignalHandler(handler, _make_callable(handler, name == "error-received"))


_SIGNALS = {signal.get_name() for signal in Gudpx.DatagramProtocol.__info__.get_signals()}
_HANDLERS = [f"do_{function.get_name()}"
             for function in Gudpx.DatagramProtocol.__info__.get_vfuncs()]
_NAMES = ["datagram_received", *_HANDLERS]
_NAMES_OF_OTHERS = {
    # Names of asyncio; its other names resemble the right ones.
    "connection_lost": "do_stopped",
    "connection_made": "do_started",
    # Names of Twisted.
    "connectionRefused": "do_connection_refused",
    "datagramReceived": "datagram_received",
    "startProtocol": "do_started",
    "stopProtocol": "do_stopped",
}


def _find_intended(name):
    """Returns the handler whose name a method resembles, or None."""
    # Names that begin with on_ are callbacks.
    if name in _NAMES or name.startswith("on_"):
        return None
    if name in _NAMES_OF_OTHERS:
        return _NAMES_OF_OTHERS[name]
    if f"do_{name}" in _HANDLERS:
        return f"do_{name}"
    return next(iter(difflib.get_close_matches(name, _NAMES, n=1, cutoff=0.9)), None)


def _warn_of_names(kind):
    """Warns of handlers with a wrong name, which would never be called."""
    for name, value in vars(kind).items():
        intended = _find_intended(name) if isinstance(value, types.FunctionType) else None
        if intended and _find_definer(kind, intended) is None:
            warnings.warn(f"{kind.__qualname__}.{name}() is never called: the handler is named "
                          f"{intended}()",
                          RuntimeWarning, stacklevel=3)


class DatagramProtocol(Gudpx.DatagramProtocol):
    """Handles datagrams. Derive a class, override the handlers that you need, and pass an object of
    the class to Gudpx.listen_udp() or a similar function. The main loop then calls these handlers:

        datagram_received(self, data, sender)     bytes, and (host, port)
        do_datagram_received(self, datagram)      instead: a Gudpx.Datagram, which has the metadata
        do_started(self), do_stopped(self)
        do_connection_refused(self, port)         nobody listens at the peer of a connected port
        do_error_received(self, port, error, destination)
        do_writable(self, port)                   the send queue was too full, and has room again

    In a handler self.transport is the Gudpx.Port: self.transport.write(data, sender). If your class
    has an __init__(), call super().__init__() there."""

    transport = _Transport()
    _has_async_hook = False

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        _warn_of_names(cls)
        _copy_from_mixins(cls)
        _check_coroutines(cls)
        _add_hook(cls)
        _guard_handlers(cls)

    def connect(self, signal, handler, *args):
        return super().connect(signal, _adapt(signal, handler), *args)

    def connect_after(self, signal, handler, *args):
        return super().connect_after(signal, _adapt(signal, handler), *args)

    def connect_object(self, signal, handler, *args):
        return super().connect_object(signal, _adapt(signal, handler), *args)

    def connect_object_after(self, signal, handler, *args):
        return super().connect_object_after(signal, _adapt(signal, handler), *args)

    def __repr__(self):
        kind = type(self)
        name = "Gudpx.DatagramProtocol" if kind is DatagramProtocol else kind.__qualname__
        port = self.get_transport()
        where = "without a port" if port is None else f"on {addresses.show(port.local_address)}"
        return f"<{name} {where}>"


def _do_nothing(self, *_):
    """The default of every handler."""


def _do_datagrams_received(self, datagrams):
    """Delivers the datagrams one by one."""
    Gudpx.DatagramProtocol.do_datagrams_received(self, datagrams)


# Handlers for super(): PyGObject's own cannot be called by super(). Added after the class is
# created, because PyGObject would otherwise take them for overridden virtual functions.
for _name in _NAMES:
    if _name != "do_packed_received":
        setattr(DatagramProtocol, _name, _do_nothing)
DatagramProtocol.do_datagrams_received = _do_datagrams_received


class PortGroup(Gudpx.PortGroup):
    __setattr__ = refuse_unknown

    @classmethod
    def new(cls, n_ports, local_address, factory, *user_data):
        """Makes a group on (host, port), on a Gio.SocketAddress, or on None for any address."""
        return Gudpx.PortGroup.new(n_ports, addresses.to_gio(local_address), factory, *user_data)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def __repr__(self):
        state = "listening" if self.get_listening() else "stopped"
        address = addresses.show(self.local_address)
        return f"<Gudpx.PortGroup of {self.get_n_ports()} on {address}, {state}>"


errors.add_converting_methods(PortGroup, Gudpx.PortGroup.__info__)
add_attributes(PortGroup, Gudpx.PortGroup.__info__)

_COUNTERS = [field.get_name() for field in Gudpx.Statistics.__info__.get_fields()]


class Statistics(Gudpx.Statistics):
    def __repr__(self):
        """Shows the counters that are not zero."""
        counted = [f"{name}={getattr(self, name)}" for name in _COUNTERS if getattr(self, name)]
        return f"<Gudpx.Statistics {', '.join(counted) or 'nothing yet'}>"


class ErrorDetails(Gudpx.ErrorDetails):
    def __repr__(self):
        number = self.error_number
        words = f"<Gudpx.ErrorDetails {errno.errorcode.get(number, number)}"
        if self.is_icmp:
            words += f", ICMP type {self.icmp_type} code {self.icmp_code}"
        if isinstance(self.offender, Gio.SocketAddress):
            words += f" from {addresses.show(addresses.from_gio(self.offender))}"
        return words + ">"
