# SPDX-License-Identifier: LGPL-2.1-or-later
"""Twisted's hook for protocols, and addresses as people write them.

A protocol that defines datagram_received(data, sender) is called with bytes and with (host, port), and
has whole batches fetched in one call. Everything works without this module but that."""

import socket
import struct
import sys
import types

from gi.module import get_introspection_module
from gi.overrides import override
from gi.repository import Gio, GLib

Gudpx = get_introspection_module("Gudpx")

__all__ = []

# What a datagram takes at most, whatever its destination.
_MAX_COLLECTED = 65507
# What one costs in the send queue beside its payload, and more.
_COST = 512
# The port itself forgets its peers behind so many.
_MAX_PEERS = 65536

# Counts what may end a batch: ports that stop, pause or are connected.
_interruptions = 0


def _interrupt(*_):
    global _interruptions
    _interruptions += 1


def _listening_changed(port, *_):
    _interrupt()
    port._peers.clear()


def _make_sender(address):
    """(host, port) for IP, a path for UNIX (an abstract name begins with a zero), None for nobody."""
    if address is None:
        return None
    if isinstance(address, Gio.UnixSocketAddress):
        abstract = address.get_address_type() == Gio.UnixSocketAddressType.ABSTRACT
        return "\0" * abstract + address.get_path()

    host = address.get_address().to_string()
    if address.get_family() == Gio.SocketFamily.IPV6 and address.get_scope_id():
        host += "%" + _name_interface(address.get_scope_id())
    return host, address.get_port()


def _name_interface(index):
    try:
        return socket.if_indextoname(index)
    except OSError:
        return str(index)


def _make_address(destination):
    """The GSocketAddress of what _make_sender() may have made."""
    if isinstance(destination, str):
        if not destination.startswith("\0"):
            return Gio.UnixSocketAddress.new(destination)
        return Gio.UnixSocketAddress.new_with_type(list(destination[1:].encode()),
                                                   Gio.UnixSocketAddressType.ABSTRACT)
    return destination


def _to_bytes(data):
    """Only bytes cross into C in one piece."""
    if type(data) is bytes:
        return data
    if isinstance(data, str):
        raise TypeError("a payload is bytes, not str: encode it first")
    if isinstance(data, (bytearray, memoryview)):
        return bytes(data)
    return data


def _split(destination):
    """Host and port of a tuple, which may be that of an IPv6 socket with its scope."""
    if len(destination) not in (2, 4):
        raise TypeError("a destination is (host, port)")
    host, port = destination[:2]
    if len(destination) == 4 and destination[3] and "%" not in host:
        host += f"%{destination[3]}"
    return host, port


class _Peers:
    """The peers of a port, by their numbers."""

    def __init__(self):
        self.senders = {}
        self.numbers = {}

    def clear(self):
        self.senders.clear()
        self.numbers.clear()

    def learn(self, port, number):
        if len(self.senders) >= _MAX_PEERS:
            self.clear()
        sender = self.senders[number] = _make_sender(port.get_peer(number))
        if sender is not None:
            self.numbers[sender] = number
        return sender


class _Outbox:
    """What handlers write to peers that are known, until the end of their batch."""

    def __init__(self, numbers):
        self.numbers = numbers
        self.room = 0
        self.payloads = []
        self.entries = []

    def take(self):
        payloads, entries = self.payloads, self.entries
        self.payloads, self.entries, self.room = [], [], 0
        return payloads, entries


class _Batch:
    """What one call brought. A handler that runs a main loop has the rest delivered from there."""

    def __init__(self, payloads, index):
        self.payloads = payloads
        self.index = index
        self.entries = struct.iter_unpack("=II", index)
        self.n_entries = len(index) // 8

    @property
    def n_taken(self):
        return self.n_entries - self.entries.__length_hint__()

    @property
    def is_at_end(self):
        return self.entries.__length_hint__() == 0

    @property
    def offset(self):
        """Of the payload that comes next."""
        taken = self.index[:8 * self.n_taken]
        return sum(size for size, _ in struct.iter_unpack("=II", taken))


def _report_exception():
    """As for any other handler."""
    kind, value, trace = sys.exc_info()
    try:
        sys.excepthook(kind, value, trace)
    except Exception:
        sys.__excepthook__(kind, value, trace)


class Port(Gudpx.Port):
    # Made when they are needed; a port without handlers of that kind has none.
    _peers = None
    _batches = ()
    _outbox = None

    def _prepare(self):
        """Before its first packed batch."""
        self._peers = _Peers()
        self._batches = []
        self.connect("notify::listening", _listening_changed)
        self.connect("notify::reading", _interrupt)
        self.connect("notify::peer-address", _interrupt)

    def _collect(self, outbox, data, number):
        """Whether there is room for it until the batch ends."""
        cost = len(data) + _COST
        if outbox.room < cost:
            self._flush()
            outbox.room = self.get_send_queue_limit() - self.get_send_queue_size()
        if outbox.room < cost:
            return False
        outbox.room -= cost
        outbox.payloads.append(data)
        outbox.entries += (len(data), number)
        return True

    def _flush(self):
        """Writes what was collected, so that what follows comes after it."""
        outbox = self._outbox
        if outbox is None or not outbox.payloads:
            return

        payloads, entries = outbox.take()
        n = 0
        while n < len(payloads):
            try:
                n += super().write_packed(b"".join(payloads[n:]),
                                          struct.pack(f"={len(entries) - 2 * n}I", *entries[2 * n:]))
            except GLib.Error:
                self._write_after_all(payloads[n], entries[2 * n + 1])
                n += 1

    def _write_after_all(self, data, number):
        """The port has forgotten the number, or something else is wrong."""
        try:
            self._write_now(data, self._peers.senders.get(number))
        except Exception:
            _report_exception()

    def _stop_collecting(self):
        self._flush()
        self._outbox = None

    def _write_now(self, data, destination):
        if destination is None:
            return super().write(data)
        if isinstance(destination, (tuple, list)):
            return super().write_to_host(data, *_split(destination))
        return super().write_to(data, _make_address(destination))

    def write(self, data, destination=None):
        """Writes a datagram to (host, port), a Gio.SocketAddress, or the path of a UNIX socket; without
        one to the port's peer."""
        outbox = self._outbox
        if outbox is not None and type(data) is bytes and type(destination) in (tuple, str):
            number = outbox.numbers.get(destination)
            if (number is not None and len(data) <= _MAX_COLLECTED and
                    self._collect(outbox, data, number)):
                return True
        data = _to_bytes(data)
        self._flush()
        return self._write_now(data, destination)

    def write_to(self, data, destination):
        """Writes a datagram to (host, port), a Gio.SocketAddress, or the path of a UNIX socket."""
        if destination is None:
            raise TypeError("a destination is (host, port), a Gio.SocketAddress or a path")
        return self.write(data, destination)

    def write_to_host(self, data, host, port):
        data = _to_bytes(data)
        self._flush()
        return super().write_to_host(data, host, port)

    def write_bytes(self, data, destination=None):
        if isinstance(destination, (tuple, list)):
            return self.write(data.get_data(), destination)
        self._flush()
        return super().write_bytes(data, _make_address(destination))

    def write_datagrams(self, datagrams):
        self._flush()
        return super().write_datagrams(datagrams)

    def write_packed(self, payloads, index):
        self._flush()
        return super().write_packed(payloads, index)

    def write_async(self, *args, **kwargs):
        self._flush()
        return super().write_async(*args, **kwargs)

    def flush_async(self, *args, **kwargs):
        self._flush()
        return super().flush_async(*args, **kwargs)

    def connect_peer(self, *args):
        self._flush()
        return super().connect_peer(*args)

    def connect_peer_address(self, address):
        self._flush()
        return super().connect_peer_address(address)

    def disconnect_peer(self):
        self._flush()
        return super().disconnect_peer()

    def _prepare_stop(self):
        self._stop_collecting()
        if self._batches:
            _interrupt()
            self.get_protocol().__dict__.pop("transport", None)

    def stop_listening(self):
        self._prepare_stop()
        super().stop_listening()

    def stop_listening_async(self, *args, **kwargs):
        self._prepare_stop()
        super().stop_listening_async(*args, **kwargs)


Port = override(Port)
__all__.append("Port")


class Datagram(Gudpx.Datagram):
    def reply(self, data):
        """Writes an answer to the sender."""
        data = _to_bytes(data)
        port = self.get_transport()
        if port is not None:
            port._flush()
        return super().reply(data)


Datagram = override(Datagram)
__all__.append("Datagram")


def _deliver(protocol, port, batch, offset=0):
    """Calls the hook for each, until there are no more or the port may not have them now."""
    peers = port._peers
    senders = peers.senders
    handle = protocol.datagram_received
    payloads = batch.payloads
    interruptions = _interruptions
    last = None
    for size, number in batch.entries:
        if number != last:
            try:
                sender = senders[number]
            except KeyError:
                sender = peers.learn(port, number)
            last = number
        end = offset + size
        data = payloads[offset:end]
        offset = end
        try:
            handle(data, sender)
        except SystemExit:
            raise
        except BaseException:
            _report_exception()
        if _interruptions != interruptions:
            return False
    return True


def _drain(protocol, port):
    """From a main loop that a handler runs: what came with its datagram, and nothing is held back."""
    port._stop_collecting()
    for batch in list(port._batches):
        if not batch.is_at_end and not _deliver(protocol, port, batch, batch.offset):
            return False
    return True


def _restore_transport(protocol, outer):
    """What it was for the handler that ran the main loop; most of the time there is none."""
    protocol.__dict__.pop("transport", None)
    if outer is not None and outer.get_listening():
        protocol.transport = outer


def _take_packed(self, port, payloads, *rest):
    # PyGObject hands over the sizes too, or does not.
    index = rest[1] if len(rest) > 1 else rest[0]
    if port._peers is None:
        port._prepare()
    if port._batches and not _drain(self, port):
        return 0
    if not index:
        return 0

    batch = _Batch(payloads, index)
    outer_transport = self.__dict__.get("transport")
    if not port._batches:
        port._outbox = _Outbox(port._peers.numbers)
    port._batches.append(batch)
    self.transport = port
    try:
        _deliver(self, port, batch)
    finally:
        port._batches.remove(batch)
        port._stop_collecting()
        _restore_transport(self, outer_transport)
    return batch.n_taken


def _take_datagram(self, datagram):
    """One by one, where a handler is connected as well."""
    outer_transport = self.__dict__.get("transport")
    self.transport = datagram.get_transport()
    try:
        self.datagram_received(datagram.get_payload(), _make_sender(datagram.get_sender()))
    finally:
        _restore_transport(self, outer_transport)


class _Transport:
    """The port that was attached last; in datagram_received() the one that the datagram came through,
    which the instance then has as an attribute of its own."""

    def __get__(self, protocol, kind=None):
        return self if protocol is None else protocol.get_transport()


def _has_hook(kind):
    return hasattr(kind, "datagram_received")


class DatagramProtocol(Gudpx.DatagramProtocol):
    transport = _Transport()

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        inherits = any(issubclass(base, Gudpx.DatagramProtocol) and _has_hook(base)
                       for base in cls.__bases__)
        if not _has_hook(cls) or inherits:
            return
        cls.do_packed_received = _take_packed
        if not isinstance(cls.do_datagram_received, types.FunctionType):
            cls.do_datagram_received = _take_datagram


DatagramProtocol = override(DatagramProtocol)
__all__.append("DatagramProtocol")
