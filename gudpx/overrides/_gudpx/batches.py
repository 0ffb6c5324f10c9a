# SPDX-License-Identifier: LGPL-2.1-or-later
"""Twisted's hook: whole batches cross from C, and what is written meanwhile crosses back as one."""

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

# Datagrams between two looks at the clock, if each costs less than _CHEAP_SECONDS.
_MAX_UNTIMED = 32
_CHEAP_SECONDS = 50e-6

_dup_peer_host = Gudpx.Port.dup_peer_host
_get_peer = Gudpx.Port.get_peer

# Counts what may end a batch: ports that stop, pause or are connected.
_interruptions = 0
# Those of the batches that are being handled.
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
        """Keeps at most MAX_PEERS, also in a main loop that a handler runs."""
        if len(self.senders) >= MAX_PEERS:
            # An answer that was collected may need the sender of its number.
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
    """The size of each payload, and the number of its peer."""
    index = array.array("I", bytes(8 * len(payloads)))
    index[::2] = array.array("I", map(len, payloads))
    index[1::2] = array.array("I", numbers)
    return index.tobytes()


class Outbox:
    """What handlers write to peers that are known, until the end of their batch. The first that is
    written in a batch goes to C at once, which keeps it till then too: with one it is cheaper so."""

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
        """Another thread must not take what the port's own collects."""
        return self.thread == get_ident()

    def close(self):
        """A handler may have kept write(): from now on it writes at once."""
        self.is_open = self.is_fresh = False
        open_outboxes.discard(self)
        self.forget_room()

    def dispose(self):
        self.write = self.forget_room = None

    def _make_write(self, numbers):
        """The port's write() for that time: it is called once a datagram, and so it is a closure."""
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
        # One UNIX destination that does not read may have no more than this quarter.
        return self.port.get_send_queue_limit() // 4 - self.port.get_send_queue_size()

    def _take(self):
        taken = self.payloads.copy(), self.entries.copy()
        self.payloads.clear()
        self.entries.clear()
        return taken

    def send(self, write_packed, write_alone):
        """Writes what was collected; alone what cannot be written with the others."""
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


def _find_hook(protocol):
    """A hook that is a property may raise: then it is looked up for each datagram, which is lost."""
    try:
        handle = protocol.datagram_received
    except Exception:
        return lambda data, sender: protocol.datagram_received(data, sender)
    return awaiting.make_runner(handle) if protocol._has_async_hook else handle


def _deliver(protocol, port, batch, seconds, offset=0):
    """Calls the hook for each, until the batch ends, the port is stopped, paused or connected, or the
    time is used up."""
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
                    # A batch around this one ends too.
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
    """From a main loop that a handler runs: what came with its datagram, and nothing is held back.
    No time limit ends it early, because C asks only once."""
    port._stop_collecting()
    for batch in list(port._batches):
        if batch.is_at_end:
            continue
        if not _deliver(protocol, port, batch, math.inf, batch.offset):
            return False
    return True


def _change_transport(protocol, port):
    """What it was is returned. A class may have a property of that name, or assign in its own way."""
    outer = protocol.__dict__.get("transport")
    protocol.__dict__["transport"] = port
    return outer


def _restore_transport(protocol, outer):
    """What it was for the handler that ran the main loop; most of the time there is none, and what a
    test has put there ends with the first real datagram."""
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
    """The virtual function packed_received() of a protocol with the hook."""
    # PyGObject hands over the sizes too, or does not.
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
        # C would deliver again what it is not told to be taken.
        report_exception()
    return batch.n_taken


def take_datagram(self, datagram):
    """The virtual function datagram_received(): one by one, where a handler is connected as well."""
    outer_transport = _change_transport(self, datagram.get_transport())
    try:
        _find_hook(self)(datagram.get_payload(), addresses.recall(datagram.get_sender()))
    finally:
        _restore_transport(self, outer_transport)
