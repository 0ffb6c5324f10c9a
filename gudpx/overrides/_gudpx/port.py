# SPDX-License-Identifier: LGPL-2.1-or-later
"""Gudpx.Port in Python."""

import functools

from gi.module import get_introspection_module
from gi.repository import Gio, GLib, GObject

from . import addresses, attributes, awaiting, batches, errors
from .errors import raise_thread
from .payloads import to_bytes, to_gbytes

Gudpx = get_introspection_module("Gudpx")

# The first two are called once for each datagram; the attribute lookup would cost more.
_write_to_peer = Gudpx.Port.write
_write_to = Gudpx.Port.write_to
_get_size = Gudpx.Port.get_max_packet_size
_set_size = Gudpx.Port.set_max_packet_size
_parsed = addresses.parsed


def _listening_changed(port, *_):
    batches.interrupt()
    port._peers.clear()
    port._drop_outbox()


def _coalescing_changed(port, *_):
    port._may_collect = port.get_coalesce_writes()
    if not port._may_collect:
        port._stop_collecting()


def _explain(port, error, destination):
    """Adds to an error that a string is the path of a UNIX socket: an IP port rarely gets one on
    purpose."""
    error = errors.convert(error)
    if (isinstance(destination, str) and isinstance(error, ValueError) and
            not isinstance(port.get_local_address(), Gio.UnixSocketAddress)):
        words = f"{error}; an IP address is (host, port)"
        if "path of a UNIX socket" not in words:
            words += f", and “{destination}” is the path of a UNIX socket"
        return errors.make(error.code, words)
    return error


def _check_names(properties):
    for name in properties:
        if name not in _KEYWORDS:
            raise TypeError(f"Port() got an unexpected keyword argument '{name}'" +
                            attributes.suggest(name, _KEYWORDS))


def _check_thread(port):
    """Raises an error in a wrong thread. Assigning the current value fails only there."""
    if not _set_size(port, _get_size(port)):
        raise_thread()


def _checking_thread(method):
    """Wraps a method whose result does not show that the thread was wrong."""

    @functools.wraps(method)
    def call(self, *args, **kwargs):
        _check_thread(self)
        return method(self, *args, **kwargs)

    return call


class Port(Gudpx.Port):
    """A socket with a protocol. Gudpx.listen_udp() and similar functions create a port that
    listens.

    A port serves until stop_listening(), even if no reference to it is left. Set these properties,
    or pass them to those functions as keyword arguments:

        reading                  False: paused, datagrams wait in the kernel's buffer
        max_packet_size          longer datagrams are truncated, 65535 by default
        metadata                 Gudpx.MetadataFlags, which metadata each datagram has
        broadcast_allowed        True: may write to broadcast addresses
        report_errors            True: do_error_received() also gets refusals (Linux)
        ttl, dscp                of sent datagrams
        multicast_ttl            1 by default: the link
        multicast_loopback       False: members of the groups on this machine get nothing
        multicast_interface      the name of an interface, or an address that it has
        receive_buffer_size, send_buffer_size
                                 the kernel's buffers, in bytes
        send_queue_limit         in bytes; datagrams wait in this queue until the kernel has room
        send_queue_policy        Gudpx.QueuePolicy, the fate of datagrams if the queue is full
        max_pacing_rate          in bytes a second
        dont_fragment            True: a datagram that does not fit into a packet is refused
        coalesce_writes, busy_poll
                                 save time, on by default
        priority                 in the main context

    Pass these as arguments, because they cannot change later:

        listen_multiple          several sockets of the machine get multicasts and broadcasts
        reuse_port               several sockets of the same user share the datagrams
        ipv6_only                False: "::" is for IPv4 too
        bind_device              the name of the only network interface

    Read these: listening, local_address, peer_address, protocol, socket, statistics, path_mtu,
    send_queue_size."""

    # Created when needed. Only a port whose protocol has the hook needs them.
    _peers = None
    _batches = ()
    _own_outbox = None
    # _own_outbox while a batch is being handled, else None.
    _outbox = None

    def __init__(self, **properties):
        properties = {name.replace("-", "_"): value for name, value in properties.items()}
        _check_names(properties)
        if "local_address" in properties:
            properties["local_address"] = addresses.to_gio(properties["local_address"])
        # GObject's constructor only warns of invalid values, so set these after it.
        settable = {name: properties.pop(name) for name in [*properties] if name in _SETTABLE}
        errors.check_strings(properties.values())
        super().__init__(**properties)
        attributes.set_by_attributes(self, settable)

    __setattr__ = attributes.refuse_unknown
    props = attributes.PropsAttribute()

    def set_property(self, name, value):
        """Assigns the attribute, which raises an error if the value is invalid."""
        attribute = name.replace("-", "_")
        if attribute in attributes.list_settable(Port):
            setattr(self, attribute, value)
        else:
            super().set_property(name, value)

    def set_properties(self, **properties):
        """Assigns each attribute."""
        for name, value in properties.items():
            self.set_property(name, value)

    @classmethod
    def new(cls, protocol, local_address=None):
        return cls(protocol=protocol, local_address=local_address)

    def __repr__(self):
        state = "paused" if not self.get_reading() else "listening"
        words = ["Gudpx.Port", addresses.show(self.local_address),
                 state if self.get_listening() else "stopped"]
        if self.peer_address is not None:
            words.append(f"connected to {addresses.show(self.peer_address)}")
        return f"<{' '.join(words)}, {type(self.get_protocol()).__name__}>"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop_listening()

    async def __aenter__(self):
        # __aexit__() needs the loop. Raise here, because an error there would replace one of the
        # block.
        awaiting.get_loop()
        return self

    async def __aexit__(self, *_):
        await self.stop_listening_async()

    def __aiter__(self):
        """Returns an iterator of the datagrams from now on, until the port is stopped."""
        return awaiting.Datagrams(self)

    # The hook

    def _prepare_batches(self):
        """Prepares the port before its first packed batch."""
        self._peers = batches.Peers()
        self._batches = []
        self._may_collect = self.get_coalesce_writes()
        self.connect("notify::listening", _listening_changed)
        self.connect("notify::coalesce-writes", _coalescing_changed)
        self.connect("notify::reading", batches.interrupt)
        self.connect("notify::peer-address", batches.interrupt)

    def _start_collecting(self):
        if not self._may_collect:
            return
        if self._own_outbox is None:
            self._own_outbox = batches.Outbox(self, self._peers.numbers)
        # Use the dictionary, because __setattr__() would cost more than the rest.
        outbox = self.__dict__["_outbox"] = self._own_outbox
        outbox.open()

    def _stop_collecting(self):
        outbox = self._outbox
        if outbox is None:
            return
        if not outbox.is_fresh:
            self._flush_outbox()
            del self.__dict__["write"]
        outbox.close()
        self.__dict__["_outbox"] = None

    def _drop_outbox(self):
        """Drops the outbox, which refers to the port and to itself."""
        if self._own_outbox is not None and self._outbox is None:
            self._own_outbox.dispose()
            self._own_outbox = None

    def _collect_from_now_on(self):
        self._outbox.is_fresh = False
        self.__dict__["write"] = self._outbox.write

    def _flush_outbox(self):
        """Writes the collected datagrams, to keep the order with the next write."""
        outbox = self._outbox
        if outbox is not None and not outbox.is_fresh and outbox.is_mine():
            outbox.send(Gudpx.Port.write_packed, self._write_after_all)

    def _write_after_all(self, data, number):
        """Writes one datagram that write_packed() rejected, for example because the port has
        forgotten its number."""
        try:
            Port.write(self, data, self._peers.senders.get(number))
        except Exception:
            batches.report_exception()

    # Writing

    def write(self, data, destination=None):
        """Writes a datagram to (host, port), a Gio.SocketAddress, or the path of a UNIX socket.
        Without a destination, it writes to the peer of the port."""
        outbox = self._outbox
        if outbox is not None:
            if outbox.is_fresh:
                self._collect_from_now_on()
            else:
                self._flush_outbox()
        if type(data) is not bytes:
            data = to_bytes(data)
        try:
            if destination is None:
                return _write_to_peer(self, data) or raise_thread()
            try:
                address = _parsed.get(destination)
            except TypeError:
                # A list cannot be a key.
                address = None
            if address is None:
                address = addresses.to_gio(destination)
            return _write_to(self, data, address) or raise_thread()
        except GLib.Error as error:
            raise _explain(self, error, destination) from None

    def write_to(self, data, destination):
        """Writes a datagram to (host, port), a Gio.SocketAddress, or the path of a UNIX socket."""
        if destination is None:
            raise TypeError("a destination is (host, port), a Gio.SocketAddress or a path")
        return self.write(data, destination)

    def write_to_host(self, data, host, port):
        """Writes a datagram to an IP address."""
        return self.write(data, (host, port))

    def write_bytes(self, data, destination=None):
        """Writes a datagram like write(). The payload may be GLib.Bytes."""
        return self.write(data, destination)

    @errors.converting
    def write_datagrams(self, datagrams):
        """Writes datagrams of Gudpx.Datagram.new() with few system calls. Returns their number."""
        self._flush_outbox()
        return super().write_datagrams(datagrams)

    @errors.converting
    def write_packed(self, payloads, index):
        """Writes datagrams whose payloads are joined. The reference describes the index."""
        self._flush_outbox()
        return super().write_packed(to_bytes(payloads), to_bytes(index))

    def write_async(self, data, destination=None, cancellable=None, callback=None, *user_data):
        """Writes a datagram. Completes when the kernel has taken the datagram. Await the result, or
        pass a callback."""
        data, destination = to_gbytes(data), addresses.to_gio(destination)
        self._flush_outbox()
        start = super().write_async
        return awaiting.begin(lambda *rest: start(data, destination, *rest), self.write_finish,
                              cancellable, callback, user_data)

    def flush_async(self, cancellable=None, callback=None, *user_data):
        """Completes when the kernel has taken all written datagrams. Await the result, or pass a
        callback."""
        self._flush_outbox()
        return awaiting.begin(super().flush_async, self.flush_finish, cancellable, callback,
                              user_data)

    # The peer and the address

    @errors.checking
    def connect_peer(self, host, port):
        """Connects the port to an IP address. Only this peer's datagrams arrive, and write() needs
        no destination."""
        self._flush_outbox()
        return super().connect_peer(host, port)

    @errors.converting
    def connect_peer_address(self, address):
        """Connects the port to (host, port), a Gio.SocketAddress, or the path of a UNIX socket."""
        self._flush_outbox()
        return super().connect_peer_address(addresses.to_gio(address))

    @errors.converting
    def disconnect_peer(self):
        """Disconnects the port: it receives from every sender again."""
        self._flush_outbox()
        return super().disconnect_peer()

    @errors.converting
    def set_local_address(self, address):
        return super().set_local_address(addresses.to_gio(address))

    # Groups

    @errors.checking
    def join_group(self, group, interface=None):
        """Joins a multicast group. The interface is a name, or an address of the interface."""
        return super().join_group(group, interface)

    @errors.checking
    def leave_group(self, group, interface=None):
        """Leaves a group that join_group() joined."""
        return super().leave_group(group, interface)

    @errors.checking
    def join_source_group(self, group, source, interface=None):
        """Joins a multicast group, to receive only from one sender."""
        return super().join_source_group(group, source, interface)

    @errors.checking
    def leave_source_group(self, group, source, interface=None):
        """Leaves a group that join_source_group() joined."""
        return super().leave_source_group(group, source, interface)

    # Stopping

    def _prepare_stop(self):
        self._stop_collecting()
        if self._batches:
            batches.interrupt()
            self.get_protocol().__dict__.pop("transport", None)

    def stop_listening(self):
        """Closes the socket immediately. start_listening() opens it again."""
        self._prepare_stop()
        super().stop_listening()

    def stop_listening_async(self, cancellable=None, callback=None, *user_data):
        """Stops receiving, sends the queue, then stops. Await the result, or pass a callback."""
        self._prepare_stop()
        return awaiting.begin(super().stop_listening_async, self.stop_listening_finish, cancellable,
                              callback, user_data)


def _returns_nothing(method):
    return not (method.can_throw_gerror() or int(method.get_return_type().get_tag()))


def _check_threads(info):
    names = [method.get_name() for method in info.get_methods() if _returns_nothing(method)]
    for name in [*names, "get_peer", "dup_peer_host"]:
        setattr(Port, name, _checking_thread(getattr(Port, name)))


errors.add_converting_methods(Port, Gudpx.Port.__info__)
_check_threads(Gudpx.Port.__info__)
attributes.add_attributes(Port, Gudpx.Port.__info__)
_SETTABLE = attributes.list_settable(Port) - {"local_address"}
_KEYWORDS = [spec.name.replace("-", "_") for spec in GObject.list_properties(Gudpx.Port)
             if spec.flags & GObject.ParamFlags.WRITABLE]
