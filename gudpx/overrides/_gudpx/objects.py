# SPDX-License-Identifier: LGPL-2.1-or-later
"""The other objects as Python has them: protocols, datagrams, groups, and what is counted."""

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

# Called once a datagram.
_reply = Gudpx.Datagram.reply

# How much of a payload is shown.
_MAX_SHOWN = 32


class Datagram(Gudpx.Datagram):
    @classmethod
    def new(cls, payload, destination=None):
        """A datagram to send, to (host, port), a Gio.SocketAddress, or the path of a UNIX socket."""
        return Gudpx.Datagram.new(to_bytes(payload), addresses.to_gio(destination))

    @classmethod
    def new_full(cls, payload, destination=None, source=None, interface_index=0, hop_limit=-1,
                 traffic_class=-1):
        """A datagram to send, with what is to be special about it; the source is an IP address."""
        if isinstance(source, str):
            source = addresses.parse(source, 0).get_address()
        return Gudpx.Datagram.new_full(to_bytes(payload), addresses.to_gio(destination), source,
                                       interface_index, hop_limit, traffic_class)

    def reply(self, data):
        """Writes an answer to the sender."""
        # To ask for the port costs as much as the rest.
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
        """The payload as a string; None if it is not valid UTF-8 or has a zero byte in it."""
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
    """The port that was attached last; in datagram_received() the one that the datagram came through,
    which the instance then has as an attribute of its own."""

    def __get__(self, protocol, kind=None):
        return self if protocol is None else protocol.get_transport()


def _find_definer(kind, name):
    """The class that a handler is from; None for what is the library's own."""
    return next((base for base in kind.__mro__
                 if name in vars(base) and base not in (DatagramProtocol, Gudpx.DatagramProtocol)), None)


def _copy_from_mixins(kind):
    """PyGObject looks for handlers in the classes of GObject alone, and in front of the library's."""
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
    """Coroutine functions run as tasks: without an event loop they would never run."""
    for name in _NAMES:
        if not inspect.iscoroutinefunction(vars(kind).get(name)):
            continue
        reason = awaiting.explain_version()
        if reason is not None or name == "do_packed_received":
            raise TypeError(f"{kind.__qualname__}.{name}() cannot be “async def”: that "
                            f"{reason or 'returns a number'}")


def _make_callable(handler, takes_error):
    """A function that C can call, made of a handler that may be a coroutine function."""
    if inspect.iscoroutinefunction(handler):
        handler = awaiting.make_runner(handler)
    return errors.converting_handler(handler) if takes_error else handler


def _guard_handlers(kind):
    """Guards the handlers that the class itself defines. Its bases did the same with theirs."""
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
_HANDLERS = [f"do_{function.get_name()}" for function in Gudpx.DatagramProtocol.__info__.get_vfuncs()]
_NAMES = ["datagram_received", *_HANDLERS]
_NAMES_OF_OTHERS = {
    # asyncio has these names; its others resemble the right ones.
    "connection_lost": "do_stopped",
    "connection_made": "do_started",
    # Twisted has these.
    "connectionRefused": "do_connection_refused",
    "datagramReceived": "datagram_received",
    "startProtocol": "do_started",
    "stopProtocol": "do_stopped",
}


def _find_intended(name):
    """The handler that a method was meant to be, if it is named as if it were one."""
    # What begins with on_ is a callback.
    if name in _NAMES or name.startswith("on_"):
        return None
    if name in _NAMES_OF_OTHERS:
        return _NAMES_OF_OTHERS[name]
    if f"do_{name}" in _HANDLERS:
        return f"do_{name}"
    return next(iter(difflib.get_close_matches(name, _NAMES, n=1, cutoff=0.9)), None)


def _warn_of_names(kind):
    """A handler of a wrong name would be silent for ever."""
    for name, value in vars(kind).items():
        intended = _find_intended(name) if isinstance(value, types.FunctionType) else None
        if intended and _find_definer(kind, intended) is None:
            warnings.warn(f"{kind.__qualname__}.{name}() is no handler: the name is {intended}()",
                          RuntimeWarning, stacklevel=3)


class DatagramProtocol(Gudpx.DatagramProtocol):
    """What a program does with datagrams. Derive from it, override what you need, and give an object
    of it to Gudpx.listen_udp() or the like; the main loop calls

        datagram_received(self, data, sender)     bytes, and (host, port)
        do_datagram_received(self, datagram)      instead: a Gudpx.Datagram, with all that is known of it
        do_started(self), do_stopped(self)
        do_connection_refused(self, port)         nobody listens at the peer of a connected port
        do_error_received(self, port, error, destination)
        do_writable(self, port)                   the send queue, which was full, has room again

    In a handler self.transport is the Gudpx.Port: self.transport.write(data, sender). A class with an
    __init__() calls super().__init__() in it."""

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
        return f"<{name} {'without a port' if port is None else f'on {addresses.show(port.local_address)}'}>"


def _do_nothing(self, *_):
    """What a handler does that is not overridden."""


def _do_datagrams_received(self, datagrams):
    """Delivers them one by one."""
    Gudpx.DatagramProtocol.do_datagrams_received(self, datagrams)


# For super(): what PyGObject has there cannot be called in that way. It would take them for handlers if
# the class were made with them.
for _name in _NAMES:
    if _name != "do_packed_received":
        setattr(DatagramProtocol, _name, _do_nothing)
DatagramProtocol.do_datagrams_received = _do_datagrams_received


class PortGroup(Gudpx.PortGroup):
    __setattr__ = refuse_unknown

    @classmethod
    def new(cls, n_ports, local_address, factory, *user_data):
        """A group on (host, port), a Gio.SocketAddress, or None for any."""
        return Gudpx.PortGroup.new(n_ports, addresses.to_gio(local_address), factory, *user_data)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def __repr__(self):
        state = "listening" if self.get_listening() else "stopped"
        return f"<Gudpx.PortGroup of {self.get_n_ports()} on {addresses.show(self.local_address)}, {state}>"


errors.add_converting_methods(PortGroup, Gudpx.PortGroup.__info__)
add_attributes(PortGroup, Gudpx.PortGroup.__info__)

_COUNTERS = [field.get_name() for field in Gudpx.Statistics.__info__.get_fields()]


class Statistics(Gudpx.Statistics):
    def __repr__(self):
        """What is not zero."""
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
