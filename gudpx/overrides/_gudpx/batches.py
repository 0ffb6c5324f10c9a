# SPDX-License-Identifier: LGPL-2.1-or-later
"""Twisted's hook: a whole batch comes from C in one call, and its writes return in one call."""

import array
import itertools
import math
import struct
from threading import get_ident
from time import monotonic

from gi.module import get_introspection_module
from gi.repository import GLib

from . import addresses, awaiting
from .limits import MAX_DISPATCH_SECONDS, MAX_PAYLOAD, MAX_PEERS, QUEUED_DATAGRAM_COST
from .reports import report_exception

Gudpx = get_introspection_module("Gudpx")

# Datagrams between two reads of the clock, if each costs less than _CHEAP_SECONDS.
_MAX_UNTIMED = 32
_CHEAP_SECONDS = 50e-6

_dup_peer_host = Gudpx.Port.dup_peer_host
_get_peer = Gudpx.Port.get_peer

# Counts events that may end a batch: a port stops, pauses or is connected.
_interruptions = 0
# Outboxes of the batches that are being handled.
open_outboxes = set()


def interrupt(*_):
    global _interruptions
    _interruptions += 1


class Peers:
    """The peers of a port, by their numbers."""

    def __init__(self):
        self.senders = {}
        self.numbers = {}

    def clear(self):
        self.senders.clear()
        self.numbers.clear()

    def learn(self, port, number):
        """Returns the sender of a number. Keeps at most MAX_PEERS, also if a handler runs a main
        loop."""
        if len(self.senders) >= MAX_PEERS:
            # A collected answer may need the sender of its number.
            port._flush_outbox()
            self.clear()
        host, port_number = _dup_peer_host(port, number)
        sender = (addresses.Address(host, port_number) if host is not None else
                  addresses.from_gio(_get_peer(port, number)))
        self.senders[number] = sender
        if sender is not None:
            self.numbers[sender] = number
        return sender


def _make_index(payloads, numbers):
    """Returns the size of each payload and the number of its peer, as bytes for C."""
    index = array.array("I", bytes(8 * len(payloads)))
    index[::2] = array.array("I", map(len, payloads))
    index[1::2] = array.array("I", numbers)
    return index.tobytes()


class Outbox:
    """Collects the writes of handlers to known peers, until the end of their batch. The first write
    of a batch goes to C directly, which also queues it until then: this is cheaper for a single
    write."""

    def __init__(self, port, numbers):
        self.port = port
        self.is_open = False
        self.is_fresh = False
        self.thread = None
        self.payloads = []
        self.entries = []
        self.write, self.forget_room = self._make_write(numbers)

    def open(self):
        self.is_open = self.is_fresh = True
        self.thread = get_ident()
        open_outboxes.add(self)

    def is_mine(self):
        """True in the thread of the port. Another thread must not take the collected datagrams."""
        return self.thread == get_ident()

    def close(self):
        """Ends collecting. If a handler has kept write(), that writes directly from now on."""
        self.is_open = self.is_fresh = False
        open_outboxes.discard(self)
        self.forget_room()

    def dispose(self):
        self.write = self.forget_room = None

    def _make_write(self, numbers):
        """Makes the write() of the port while the outbox is open. A closure is fastest for each
        datagram."""
        keep_payload = self.payloads.append
        keep_entry = self.entries.append
        write_otherwise = self._write_otherwise
        room = 0

        def write(data, destination=None):
            nonlocal room
            try:
                number = numbers[destination]
            except (KeyError, TypeError):
                return write_otherwise(data, destination)
            if type(data) is not bytes or get_ident() != self.thread:
                return write_otherwise(data, destination)
            size = len(data)
            room -= size + QUEUED_DATAGRAM_COST
            if room < 0:
                room = self._make_room() - size - QUEUED_DATAGRAM_COST
            if room < 0 or size > MAX_PAYLOAD:
                room = 0
                return write_otherwise(data, destination)
            keep_payload(data)
            keep_entry(number)
            return True

        def forget_room():
            nonlocal room
            room = 0

        return write, forget_room

    def _write_otherwise(self, data, destination):
        return type(self.port).write(self.port, data, destination)

    def _make_room(self):
        if not self.is_open:
            return 0
        self.port._flush_outbox()
        # A UNIX destination that does not read may use at most a quarter of the queue.
        return self.port.get_send_queue_limit() // 4 - self.port.get_send_queue_size()

    def _take(self):
        taken = self.payloads.copy(), self.entries.copy()
        self.payloads.clear()
        self.entries.clear()
        return taken

    def send(self, write_packed, write_alone):
        """Writes the collected datagrams. A datagram that C rejects is written alone."""
        self.forget_room()
        if not self.payloads:
            return
        payloads, entries = self._take()
        n = 0
        while n < len(payloads):
            try:
                n += write_packed(self.port, b"".join(payloads[n:]),
                                  _make_index(payloads[n:], entries[n:]))
            except GLib.Error:
                write_alone(payloads[n], entries[n])
                n += 1


class _Batch:
    """The datagrams of one call. If a handler runs a main loop, that loop delivers the rest."""

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
        """The offset of the next payload."""
        taken = self.index[:8 * self.n_taken]
        return sum(size for size, _ in struct.iter_unpack("=II", taken))


def _find_hook(protocol):
    """Returns the hook. If the hook is a property that raises, each datagram looks it up and is
    lost."""
    try:
        handle = protocol.datagram_received
    except Exception:
        return lambda data, sender: protocol.datagram_received(data, sender)
    return awaiting.make_runner(handle) if protocol._has_async_hook else handle


def _deliver(protocol, port, batch, seconds, offset=0):
    """Calls the hook for each datagram, until the batch ends, the port is stopped, paused or
    connected, or the time is over. Returns True at the end of the batch."""
    peers = port._peers
    senders = peers.senders
    handle = _find_hook(protocol)
    payloads = batch.payloads
    entries = batch.entries
    interruptions = _interruptions
    last = None
    n_untimed = 1
    now = monotonic()
    deadline = now + seconds
    while True:
        for size, number in itertools.islice(entries, n_untimed):
            start = offset
            offset += size
            try:
                if number != last:
                    try:
                        sender = senders[number]
                    except KeyError:
                        sender = peers.learn(port, number)
                    last = number
                handle(payloads[start:offset], sender)
            except SystemExit:
                raise
            except BaseException:
                if report_exception():
                    # End a batch around this one, too.
                    interrupt()
            if _interruptions != interruptions:
                return False
        if not entries.__length_hint__():
            return True
        before, now = now, monotonic()
        if now >= deadline:
            return False
        is_cheap = now - before <= n_untimed * _CHEAP_SECONDS
        n_untimed = min(n_untimed * 8, _MAX_UNTIMED) if is_cheap else 1


def _drain(protocol, port):
    """Called from a main loop that a handler runs: delivers the rest of the batch of this handler.
    It has no time limit, because C asks only once. Later writes are not collected."""
    port._stop_collecting()
    for batch in list(port._batches):
        if batch.is_at_end:
            continue
        if not _deliver(protocol, port, batch, math.inf, batch.offset):
            return False
    return True


def _change_transport(protocol, port):
    """Sets the transport and returns the previous one. Uses __dict__, because a class may define a
    property “transport” or its own __setattr__()."""
    outer = protocol.__dict__.get("transport")
    protocol.__dict__["transport"] = port
    return outer


def _restore_transport(protocol, outer):
    """Restores the transport of the handler that ran the main loop, if there is one. A transport
    that a test assigned is gone after the first real datagram."""
    protocol.__dict__.pop("transport", None)
    if isinstance(outer, Gudpx.Port) and outer.get_listening():
        protocol.__dict__["transport"] = outer


def _deliver_with_transport(protocol, port, batch):
    outer_transport = _change_transport(protocol, port)
    if not port._batches:
        port._start_collecting()
    port._batches.append(batch)
    try:
        _deliver(protocol, port, batch, MAX_DISPATCH_SECONDS)
    finally:
        port._batches.remove(batch)
        port._stop_collecting()
        _restore_transport(protocol, outer_transport)


def take_packed(self, port, payloads, *rest):
    """Implements the virtual function packed_received() of a protocol with the hook."""
    # Some versions of PyGObject pass the sizes, too.
    index = rest[1] if len(rest) > 1 else rest[0]
    if port._peers is None:
        port._prepare_batches()
    batch = _Batch(payloads, index or b"")
    try:
        if (not port._batches or _drain(self, port)) and not batch.is_at_end:
            _deliver_with_transport(self, port, batch)
    except SystemExit:
        raise
    except BaseException:
        # Return normally: C delivers again every datagram that is not counted as taken.
        report_exception()
    return batch.n_taken


def take_datagram(self, datagram):
    """Implements the virtual function datagram_received(). C calls it for each datagram if a
    handler is connected to the signal, too."""
    outer_transport = _change_transport(self, datagram.get_transport())
    try:
        _find_hook(self)(datagram.get_payload(), addresses.recall(datagram.get_sender()))
    finally:
        _restore_transport(self, outer_transport)
