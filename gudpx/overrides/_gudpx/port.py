# SPDX-License-Identifier: LGPL-2.1-or-later
"""Gudpx.Port as Python has it."""

import functools

from gi.module import get_introspection_module
from gi.repository import Gio, GLib, GObject

from . import addresses, attributes, awaiting, batches, errors
from .errors import raise_thread
from .payloads import to_bytes, to_gbytes

Gudpx = get_introspection_module("Gudpx")

# Each is called once a datagram.
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
    """A string is the path of a UNIX socket; to a port of IP it is seldom meant as one."""
    error = errors.convert(error)
    if (isinstance(destination, str) and isinstance(error, ValueError) and
            not isinstance(port.get_local_address(), Gio.UnixSocketAddress)):
        words = f"{error}; an IP address is (host, port)"
        if "path of a UNIX socket" not in words:
            words += f", and “{destination}” the path of a UNIX socket"
        return errors.make(error.code, words)
    return error


def _check_names(properties):
    for name in properties:
        if name not in _KEYWORDS:
            raise TypeError(f"Port() got an unexpected keyword argument '{name}'" +
                            attributes.suggest(name, _KEYWORDS))


def _check_thread(port):
    """Assigns a value that the port has already: only another thread cannot."""
    if not _set_size(port, _get_size(port)):
        raise_thread()


def _checking_thread(method):
    """For methods whose results do not tell."""

    @functools.wraps(method)
    def call(self, *args, **kwargs):
        _check_thread(self)
        return method(self, *args, **kwargs)

    return call


class Port(Gudpx.Port):
    """A socket and what a protocol does with it: Gudpx.listen_udp() and the like make one that listens.

    It serves until stop_listening(), whether it is held or not. These can be set, and are keyword
    arguments of those functions:

        reading                  False: paused, datagrams wait in the kernel's buffer
        max_packet_size          how much of a datagram is kept, 65535 by default
        metadata                 what datagrams are to know, Gudpx.MetadataFlags
        broadcast_allowed        True: may write to broadcast addresses
        report_errors            True: do_error_received() also hears who refused; on Linux
        ttl, dscp                of what is sent
        multicast_ttl            1 by default: the link
        multicast_loopback       False: not to the groups' members on this machine
        multicast_interface      a name, or an address that it has
        receive_buffer_size, send_buffer_size
                                 the kernel's buffers, in bytes
        send_queue_limit         in bytes: what the kernel has no room for waits in this queue
        send_queue_policy        Gudpx.QueuePolicy, what becomes of what finds no room there
        max_pacing_rate          in bytes a second
        dont_fragment            True: what does not fit into a packet is refused
        coalesce_writes, busy_poll
                                 what saves time, on by default
        priority                 in the main context

    These are only told before it starts, as arguments:

        listen_multiple          several sockets of the machine hear multicasts and broadcasts
        reuse_port               several sockets of the same user share the datagrams out
        ipv6_only                False: "::" is for IPv4 too
        bind_device              the name of the only network interface

    These are told: listening, local_address, peer_address, protocol, socket, statistics, path_mtu,
    send_queue_size."""

    # Made when they are needed; a port without a protocol that has the hook has none.
    _peers = None
    _batches = ()
    _own_outbox = None
    # That, while a batch is being handled.
    _outbox = None

    def __init__(self, **properties):
        properties = {name.replace("-", "_"): value for name, value in properties.items()}
        _check_names(properties)
        if "local_address" in properties:
            properties["local_address"] = addresses.to_gio(properties["local_address"])
        # A GObject that is constructed with an invalid value only warns.
        settable = {name: properties.pop(name) for name in [*properties] if name in _SETTABLE}
        errors.check_strings(properties.values())
        super().__init__(**properties)
        attributes.set_by_attributes(self, settable)

    __setattr__ = attributes.refuse_unknown
    props = attributes.PropsAttribute()

    def set_property(self, name, value):
        """As assigning the attribute, which raises what is wrong."""
        attribute = name.replace("-", "_")
        if attribute in attributes.list_settable(Port):
            setattr(self, attribute, value)
        else:
            super().set_property(name, value)

    def set_properties(self, **properties):
        """As assigning each attribute."""
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
        # Leaving needs it: say so before the block, whose exception would be replaced.
        awaiting.get_loop()
        return self

    async def __aexit__(self, *_):
        await self.stop_listening_async()

    def __aiter__(self):
        """The datagrams that come from now on, until the port is stopped."""
        return awaiting.Datagrams(self)

    # What the hook needs.

    def _prepare_batches(self):
        """Before its first packed batch."""
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
        # By the dictionary, because __setattr__() would cost more than the rest.
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
        """It holds the port, and itself."""
        if self._own_outbox is not None and self._outbox is None:
            self._own_outbox.dispose()
            self._own_outbox = None

    def _collect_from_now_on(self):
        self._outbox.is_fresh = False
        self.__dict__["write"] = self._outbox.write

    def _flush_outbox(self):
        """Writes what was collected, so that what follows comes after it."""
        outbox = self._outbox
        if outbox is not None and not outbox.is_fresh and outbox.is_mine():
            outbox.send(Gudpx.Port.write_packed, self._write_after_all)

    def _write_after_all(self, data, number):
        """The port has forgotten the number, or something else is wrong."""
        try:
            Port.write(self, data, self._peers.senders.get(number))
        except Exception:
            batches.report_exception()

    # Writing

    def write(self, data, destination=None):
        """Writes a datagram to (host, port), a Gio.SocketAddress, or the path of a UNIX socket; without
        one to the port's peer."""
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
                # A list is no key.
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
        """Writes a datagram, as write() does, that may be GLib.Bytes."""
        return self.write(data, destination)

    @errors.converting
    def write_datagrams(self, datagrams):
        """Writes several that Gudpx.Datagram.new() made, in few system calls, and returns how many."""
        self._flush_outbox()
        return super().write_datagrams(datagrams)

    @errors.converting
    def write_packed(self, payloads, index):
        """Writes datagrams whose payloads are joined; the reference says what the index is."""
        self._flush_outbox()
        return super().write_packed(to_bytes(payloads), to_bytes(index))

    def write_async(self, data, destination=None, cancellable=None, callback=None, *user_data):
        """Writes a datagram. Without a callback what it returns can be awaited, until the kernel has
        taken the datagram."""
        data, destination = to_gbytes(data), addresses.to_gio(destination)
        self._flush_outbox()
        start = super().write_async
        return awaiting.begin(lambda *rest: start(data, destination, *rest), self.write_finish,
                              cancellable, callback, user_data)

    def flush_async(self, cancellable=None, callback=None, *user_data):
        """Waits until the kernel has taken what was written. Without a callback what it returns can be
        awaited."""
        self._flush_outbox()
        return awaiting.begin(super().flush_async, self.flush_finish, cancellable, callback,
                              user_data)

    # The peer and the address

    @errors.checking
    def connect_peer(self, host, port):
        """Connects the port to an IP address: it hears nobody else, and writes without a destination."""
        self._flush_outbox()
        return super().connect_peer(host, port)

    @errors.converting
    def connect_peer_address(self, address):
        """Connects the port to (host, port), a Gio.SocketAddress, or the path of a UNIX socket."""
        self._flush_outbox()
        return super().connect_peer_address(addresses.to_gio(address))

    @errors.converting
    def disconnect_peer(self):
        """Ends that: the port hears everybody again."""
        self._flush_outbox()
        return super().disconnect_peer()

    @errors.converting
    def set_local_address(self, address):
        return super().set_local_address(addresses.to_gio(address))

    # Groups

    @errors.checking
    def join_group(self, group, interface=None):
        """Joins a multicast group; the interface is a name, or an address that it has."""
        return super().join_group(group, interface)

    @errors.checking
    def leave_group(self, group, interface=None):
        """Leaves what join_group() joined."""
        return super().leave_group(group, interface)

    @errors.checking
    def join_source_group(self, group, source, interface=None):
        """Joins a multicast group to hear one sender alone."""
        return super().join_source_group(group, source, interface)

    @errors.checking
    def leave_source_group(self, group, source, interface=None):
        """Leaves what join_source_group() joined."""
        return super().leave_source_group(group, source, interface)

    # Stopping

    def _prepare_stop(self):
        self._stop_collecting()
        if self._batches:
            batches.interrupt()
            self.get_protocol().__dict__.pop("transport", None)

    def stop_listening(self):
        """Closes the socket at once. start_listening() opens it again."""
        self._prepare_stop()
        super().stop_listening()

    def stop_listening_async(self, cancellable=None, callback=None, *user_data):
        """Stops receiving, and sends what is queued. Without a callback what it returns can be
        awaited."""
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
