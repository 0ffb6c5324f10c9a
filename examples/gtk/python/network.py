# SPDX-License-Identifier: LGPL-2.1-or-later
"""Finds the other chat programs of the local network, and exchanges messages with them.

Each datagram is a JSON object: {"v": 1, "type": …, "id": …, "name": …}. The types:

  here     to the groups, every few seconds, and to each new peer
  bye      to the groups, at the end
  message  to a peer: "number" and "text"; sent again until it is acknowledged
  ack      to a peer: the "number" of its message

One port sends all of them, so the address of a peer is the sender of its datagrams. The messages
are not encrypted and not authenticated: anyone in the network may claim any name."""

import collections
import dataclasses
import json
import re
import secrets
import socket

import gi

gi.require_version("Gudpx", "1")
from gi.repository import Gio, GLib, GObject, Gudpx  # noqa: E402

VERSION = 1
PORT = 46987
GROUPS = ("239.255.71.88", "ff02::1:4788")
INTERVAL = 5  # seconds from one announcement to the next
PATIENCE = 3  # announcements that may be missed
RESEND_MS = 500  # at first; twice as long each time
ATTEMPTS = 4

# Limits for received data.
MAX_DATAGRAM = 1400
MAX_NAME = 40
MAX_TEXT = 280
MAX_PEERS = 200
MAX_ADDRESSES = 8
MAX_REMEMBERED = 64

ID = re.compile(r"[0-9a-f]{16}")
# Control characters, halves of surrogate pairs, and characters that change the writing direction.
UNWANTED = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def clean(text, limit):
    """Returns the text as one line without unwanted characters."""
    return " ".join(UNWANTED.sub(" ", text).split())[:limit].strip()


def is_number(value):
    return type(value) is int and 0 <= value < 2**32


def parse(data):
    """Returns the checked fields of a datagram. Raises ValueError for a foreign datagram."""
    if len(data) > MAX_DATAGRAM:
        raise ValueError("too long")
    try:
        fields = json.loads(data)
    except RecursionError:
        raise ValueError("too deep") from None
    if not isinstance(fields, dict) or fields.get("v") != VERSION:
        raise ValueError("another version")

    kind, sender_id, name = (fields.get(key) for key in ("type", "id", "name"))
    if not isinstance(sender_id, str) or not ID.fullmatch(sender_id) or not isinstance(name, str):
        raise ValueError("no sender")
    if kind not in ("here", "bye", "message", "ack"):
        raise ValueError("another type")
    if kind in ("message", "ack") and not is_number(fields.get("number")):
        raise ValueError("no number")

    text = fields.get("text") if kind == "message" else ""
    if not isinstance(text, str):
        raise ValueError("no text")
    return {
        "type": kind,
        "id": sender_id,
        "name": clean(name, MAX_NAME) or "?",
        "number": fields.get("number"),
        "text": clean(text, MAX_TEXT),
    }


def list_interfaces():
    return [name for _, name in socket.if_nameindex()]


class Peer(GObject.Object):
    """A person in the network. The addresses sent a datagram lately. The oldest is first."""

    name = GObject.Property(type=str)
    address = GObject.Property(type=str)

    def __init__(self, peer_id):
        super().__init__()
        self.id = peer_id
        self.addresses = {}
        self.numbers = collections.deque(maxlen=MAX_REMEMBERED)

    def hear(self, sender):
        if sender in self.addresses or len(self.addresses) < MAX_ADDRESSES:
            self.addresses[sender] = GLib.get_monotonic_time()
        self._update_address()

    def forget_before(self, time):
        self.addresses = {sender: at for sender, at in self.addresses.items() if at >= time}
        self._update_address()

    def _update_address(self):
        address = next((host for host, _ in self.addresses), self.address)
        if address != self.address:
            self.address = address

    @property
    def destination(self):
        return next(iter(self.addresses), None)


class Message(GObject.Object):
    """A line of a conversation. The state of your own message is sending, delivered or failed."""

    state = GObject.Property(type=str, default="delivered")

    def __init__(self, text, is_own=False):
        super().__init__(state="sending" if is_own else "delivered")
        self.text = text
        self.is_own = is_own
        self.time = GLib.DateTime.new_now_local()


@dataclasses.dataclass
class Sending:
    """A message that has not been acknowledged yet."""

    message: Message
    peer: Peer
    data: bytes
    attempts: int = 0
    timer: int = 0


class Network(Gudpx.DatagramProtocol):
    __gsignals__ = {
        "peer-added": (GObject.SignalFlags.RUN_LAST, None, (Peer,)),
        "peer-removed": (GObject.SignalFlags.RUN_LAST, None, (Peer,)),
        "message-received": (GObject.SignalFlags.RUN_LAST, None, (Peer, Message)),
        "problem": (GObject.SignalFlags.RUN_LAST, None, (str,)),
    }

    def __init__(self, name, number=PORT, groups=GROUPS, interface=None, interval=INTERVAL,
                 resend_ms=RESEND_MS):
        super().__init__()
        self.id = secrets.token_hex(8)
        self.name = clean(name, MAX_NAME) or "?"
        self.number = number
        self.groups = groups
        self.interface = interface
        self.interval = interval
        self.resend_ms = resend_ms
        self.peers = {}
        self.ignored = 0
        self._next_number = 1
        self._sending = {}  # by number
        self._ports = []

    def start(self):
        """Raises OSError if the network cannot listen, or cannot join any group."""
        # The monitor reports changes from now on.
        self._monitor = Gio.NetworkMonitor.get_default()
        try:
            self._unicast = self._listen(Gudpx.listen_udp, 0, self)
            self._multicast = self._listen(Gudpx.listen_multicast, self.number, self,
                                           listen_multiple=True)
            self._join()
        except OSError:
            self._stop_ports()
            raise

        self._changed_id = self._monitor.connect("network-changed", self._on_network_changed)
        self._timer = GLib.timeout_add(int(self.interval * 1000), self._on_interval)
        self._announce("here")

    def stop(self):
        """Says good-bye."""
        if not self._ports:
            return
        self._announce("bye")
        for sending in self._sending.values():
            GLib.source_remove(sending.timer)
        self._sending.clear()
        GLib.source_remove(self._timer)
        self._monitor.disconnect(self._changed_id)
        self._stop_ports()

    def send(self, peer, text):
        """Sends a text, and returns the message. Its state changes when the text is delivered or
        fails."""
        message = Message(clean(text, MAX_TEXT), is_own=True)
        number = self._next_number
        self._next_number += 1
        data = self._encode("message", number=number, text=message.text)
        self._sending[number] = Sending(message, peer, data)
        self._try(number)
        return message

    def count(self):
        """Returns the numbers of datagrams received and sent until now."""
        statistics = [port.statistics for port in self._ports]
        return (sum(each.datagrams_received for each in statistics),
                sum(each.datagrams_sent for each in statistics))

    def datagram_received(self, data, sender):
        try:
            fields = parse(data)
        except ValueError:
            self.ignored += 1
            return

        if fields["id"] == self.id:
            return
        if fields["type"] == "bye":
            self._take_bye(fields["id"], sender)
            return

        peer = self._meet(fields, sender)
        if peer is None:
            self.ignored += 1
        elif fields["type"] == "message":
            self._take_message(peer, fields, sender)
        elif fields["type"] == "ack":
            self._take_ack(peer, fields["number"])

    def do_error_received(self, port, error, destination):
        self.emit("problem", str(error))

    def _listen(self, listen, *args, **options):
        """Listens on IPv6 and IPv4, or only on IPv4 if the system has no IPv6."""
        try:
            port = listen(*args, interface="::", **options)
        except OSError:
            port = listen(*args, interface="0.0.0.0", **options)
        self._ports.append(port)
        return port

    def _stop_ports(self):
        for port in self._ports:
            port.stop_listening()
        self._ports = []

    def _list_interfaces(self):
        return [self.interface] if self.interface else list_interfaces()

    def _join(self):
        """Joins each group on each interface that supports it."""
        joined = False
        failure = None
        for interface in self._list_interfaces():
            for group in self.groups:
                try:
                    joined = self._multicast.join_group(group, interface)
                except OSError as error:
                    failure = error
        if failure is not None and not joined:
            raise failure

    def _on_network_changed(self, *_):
        try:
            self._join()
        except OSError:
            # All groups were joined before.
            pass
        self._announce("here")

    def _on_interval(self):
        self._announce("here")
        oldest = GLib.get_monotonic_time() - PATIENCE * self.interval * 1_000_000
        for peer in list(self.peers.values()):
            peer.forget_before(oldest)
            if not peer.addresses:
                self._remove(peer)
        return GLib.SOURCE_CONTINUE

    def _encode(self, kind, **fields):
        fields = {"v": VERSION, "type": kind, "id": self.id, "name": self.name, **fields}
        return json.dumps(fields, ensure_ascii=False).encode()

    def _announce(self, kind):
        """Sends by each interface, because peers may be in any of the networks."""
        data = self._encode(kind)
        for interface in self._list_interfaces():
            for group in self.groups:
                try:
                    self._unicast.multicast_interface = interface
                    self._unicast.write(data, (group, self.number))
                except OSError:
                    # The interface is down, or has no address of this family.
                    continue

    def _write(self, data, destination):
        try:
            self._unicast.write(data, destination)
        except OSError as error:
            self.emit("problem", str(error))

    def _meet(self, fields, sender):
        peer = self.peers.get(fields["id"])
        is_new = peer is None
        if is_new:
            if len(self.peers) >= MAX_PEERS:
                return None
            peer = self.peers[fields["id"]] = Peer(fields["id"])
        peer.hear(sender)
        if peer.name != fields["name"]:
            peer.name = fields["name"]
        if is_new:
            # Answer, so that the peer need not wait for our next announcement.
            self._write(self._encode("here"), sender)
            self.emit("peer-added", peer)
        return peer

    def _take_bye(self, peer_id, sender):
        peer = self.peers.get(peer_id)
        if peer is not None and sender in peer.addresses:
            self._remove(peer)

    def _remove(self, peer):
        del self.peers[peer.id]
        self.emit("peer-removed", peer)

    def _take_message(self, peer, fields, sender):
        # Acknowledge a repeated message, too: our earlier answer was lost.
        self._write(self._encode("ack", number=fields["number"]), sender)
        if fields["number"] not in peer.numbers and fields["text"]:
            peer.numbers.append(fields["number"])
            self.emit("message-received", peer, Message(fields["text"]))

    def _try(self, number):
        sending = self._sending[number]
        self._write(sending.data, sending.peer.destination)
        delay = self.resend_ms << sending.attempts
        sending.timer = GLib.timeout_add(delay, self._on_no_ack, number)
        sending.attempts += 1

    def _on_no_ack(self, number):
        sending = self._sending[number]
        sending.timer = 0
        if sending.attempts < ATTEMPTS and self.peers.get(sending.peer.id) is sending.peer:
            self._try(number)
        else:
            self._settle(number, "failed")
        return GLib.SOURCE_REMOVE

    def _take_ack(self, peer, number):
        # Ignore an acknowledgement of anybody but the peer.
        if number in self._sending and self._sending[number].peer is peer:
            self._settle(number, "delivered")

    def _settle(self, number, state):
        sending = self._sending.pop(number)
        if sending.timer:
            GLib.source_remove(sending.timer)
        sending.message.state = state
