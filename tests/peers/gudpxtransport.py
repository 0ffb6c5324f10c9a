# SPDX-License-Identifier: LGPL-2.1-or-later
"""Twisted's UDP transports on top of Gudpx.

This module only translates names, addresses and exceptions. Gudpx itself starts and stops
protocols, delivers datagrams and handles refusals.
"""

import errno
import os
import socket
import weakref

import gi
from twisted.internet import abstract, defer, error, interfaces
from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.protocol import ConnectedDatagramProtocol
from twisted.python import failure, log, reflect
from zope.interface import implementer

gi.require_version("Gudpx", "1")
from gi.repository import Gio, GLib, Gudpx  # noqa: E402

CODES = Gio.IOErrorEnum
DESTINATION_UNSET = 48  # in Gio.IOErrorEnum since GLib 2.80
ERRNO_BY_TEXT = {os.strerror(number): number for number in errno.errorcode}
ERRNO_BY_CODE = {
    CODES.INVALID_ARGUMENT: errno.EINVAL,
    CODES.NOT_FOUND: errno.ENODEV,
    CODES.CLOSED: errno.EBADF,
    CODES.WOULD_BLOCK: errno.EWOULDBLOCK,
    CODES.PERMISSION_DENIED: errno.EACCES,
}
TOO_LONG = bytes(65536)


def system_errno(gerror):
    """Returns the errno of a system error, whose text ends the message.

    Returns None for an error of Gudpx.
    """
    return ERRNO_BY_TEXT.get(gerror.message.rpartition(": ")[2])


def to_os_error(gerror):
    number = system_errno(gerror) or ERRNO_BY_CODE.get(CODES(gerror.code), errno.EIO)
    return OSError(number, gerror.message)


def has_code(gerror, code):
    return gerror.matches(Gio.io_error_quark(), code)


def to_twisted(address):
    """Converts a Gio.SocketAddress to the form of Twisted's protocols: (host, port), or a path."""
    if address is None:
        return None
    if isinstance(address, Gio.UnixSocketAddress):
        if address.get_address_type() == Gio.UnixSocketAddressType.ANONYMOUS:
            return None
        path = address.get_path()
        is_path = address.get_address_type() == Gio.UnixSocketAddressType.PATH
        return path if is_path else "\0" + path
    host = address.get_address().to_string()
    # Keep the scope, which Twisted drops: without it the peer cannot be answered.
    if address.get_family() == Gio.SocketFamily.IPV6 and address.get_scope_id() != 0:
        host += f"%{address.get_scope_id()}"
    return host, address.get_port()


def to_unix_address(path):
    if path is None:
        kind, path = Gio.UnixSocketAddressType.ANONYMOUS, ""
    elif path.startswith("\0"):
        kind, path = Gio.UnixSocketAddressType.ABSTRACT, path[1:]
    else:
        kind = Gio.UnixSocketAddressType.PATH
    return Gio.UnixSocketAddress.new_with_type(path.encode(), kind)


def log_prefix(protocol):
    if interfaces.ILoggingContext.providedBy(protocol):
        return protocol.logPrefix()
    return protocol.__class__.__name__


class Bridge(Gudpx.DatagramProtocol):
    """Forwards to a Twisted protocol. Each protocol has one bridge, for any number of ports."""

    known = weakref.WeakValueDictionary()

    def __init__(self, target):
        super().__init__()
        self.target = target
        self.transports = {}
        self.starting = None
        self.is_target_started = False
        self.failure = None
        self.connect("notify::transport", Bridge.transport_changed)

    @classmethod
    def of(cls, target):
        bridge = cls.known.get(id(target))
        if bridge is None:
            bridge = cls.known[id(target)] = cls(target)
        return bridge

    def transport_changed(self, _pspec):
        port = self.get_transport()
        if port is not None and self.starting is not None:
            transport, self.starting = self.starting, None
            self.transports[port] = transport
            transport.attached(port)
        if port is not None and len(self.transports) > 1:
            self.target.transport = self.transports[port]

    def do_started(self):
        transport = self.transports[self.get_transport()]
        try:
            if transport.connectStarted():
                self.target.makeConnection(transport)
                self.is_target_started = True
        except BaseException as exception:
            self.target.transport = None
            self.failure = exception

    def do_stopped(self):
        for transport in list(self.transports.values()):
            transport.detached()
        if not self.is_target_started:
            return
        self.is_target_started = False
        try:
            self.target.doStop()
        except BaseException:
            log.err()

    def do_datagram_received(self, datagram):
        transport = self.transports[datagram.get_transport()]
        transport.call(transport.deliver, datagram)

    def do_connection_refused(self, port):
        transport = self.transports[port]
        transport.call(self.target.connectionRefused)

    def do_error_received(self, port, gerror, destination):
        # Twisted has no callback for an error that does not belong to a call.
        where = to_twisted(destination) if destination is not None else "?"
        log.msg(f"{self.transports[port]!r}: {gerror.message} ({where})", isGudpxError=True)


@implementer(
    interfaces.IListeningPort,
    interfaces.IUDPTransport,
    interfaces.ISystemHandle,
    interfaces.IPushProducer,
)
class Port:
    """Wraps a Gudpx.Port in the interface of twisted.internet.udp.Port."""

    asked = 0  # calls of startListening() of all ports

    def __init__(self, reactor, protocol, listen, where=(None, None), maxPacketSize=8192):
        self.reactor = reactor
        self.protocol = protocol
        self.interface, self.requested = where
        self.maxPacketSize = maxPacketSize
        self.connected = False
        self.port = None
        # Keep a reference: Bridge.known has only weak ones, and PyGObject may free the bridge.
        self.bridge = Bridge.of(protocol)
        self._listen = listen
        self._realPortNumber = None  # Twisted's own tests read this attribute

    # life cycle

    def startListening(self):
        Port.asked += 1
        bridge = self.bridge
        bridge.starting, bridge.failure = self, None
        try:
            if self.port is None:
                self._listen(bridge)
            else:
                self.port.start_listening()
        except GLib.Error as gerror:
            raise self.listenError(gerror) from None
        except (TypeError, OverflowError):
            self._checkInterface()
            raise
        finally:
            bridge.starting = None
        if bridge.failure is not None:
            self.port.stop_listening()
            raise bridge.failure

    def listenError(self, gerror):
        if has_code(gerror, CODES.INVALID_ARGUMENT) and system_errno(gerror) is None:
            return error.InvalidAddressError(self.interface, gerror.message)
        return error.CannotListenError(self.interface, self.requested, to_os_error(gerror))

    def _checkInterface(self):
        # Twisted checks the interface first, even if the port number is invalid.
        try:
            Gudpx.listen_udp(0, Gudpx.DatagramProtocol(), self.interface).stop_listening()
        except GLib.Error as gerror:
            raise self.listenError(gerror) from None

    def attached(self, port):
        self.port = port
        self.connected = True
        # Use the priority of Twisted's timers, which a port of higher priority would starve.
        port.set_priority(GLib.PRIORITY_DEFAULT_IDLE)
        port.set_max_packet_size(self.maxPacketSize)
        self.reactor.gudpxPorts.add(self)
        self.logStart()

    def logStart(self):
        self._realPortNumber = self.getHost().port
        log.msg(f"{log_prefix(self.protocol)} starting on {self._realPortNumber}")

    def logStop(self):
        log.msg(f"(UDP Port {self._realPortNumber} Closed)")

    def connectStarted(self):
        """Returns True if the protocol should be started."""
        return True

    def detached(self):
        if not self.connected or self.port.get_listening():
            return
        self.logStop()
        self._realPortNumber = None
        self.connected = False
        self.reactor.gudpxPorts.discard(self)
        self.bridge.transports.pop(self.port, None)

    def stopListening(self):
        if not self.connected:
            return None
        result = defer.Deferred()
        self.port.stop_listening_async(None, self._stopped, result)
        return result

    def _stopped(self, port, result, deferred):
        port.stop_listening_finish(result)
        self.detached()
        deferred.callback(None)

    def loseConnection(self):
        self.stopListening()

    def connectionLost(self, reason=None):
        self.port.stop_listening()
        self.detached()

    def call(self, function, *args):
        try:
            log.callWithContext({"system": self.logPrefix()}, function, *args)
        except BaseException:
            log.err()

    def deliver(self, datagram):
        self.protocol.datagramReceived(datagram.get_payload(), to_twisted(datagram.get_sender()))

    def pauseProducing(self):
        self.port.set_reading(False)

    def resumeProducing(self):
        self.port.set_reading(True)

    def stopProducing(self):
        self.stopListening()

    # writing

    def write(self, datagram, addr=None):
        wrong = None
        try:
            payload = datagram if type(datagram) is bytes else bytes(memoryview(datagram))
        except TypeError as exception:
            # Twisted checks the address first. TOO_LONG is never sent.
            payload, wrong = TOO_LONG, exception
        try:
            self.send(payload, addr)
        except GLib.Error as gerror:
            if wrong is not None and has_code(gerror, CODES.MESSAGE_TOO_LARGE):
                raise wrong from None
            raise self.writeError(gerror, addr) from None
        return len(payload)

    def send(self, payload, addr):
        if addr is None:
            self.port.write(payload)
        else:
            host = addr[0].decode("ascii") if isinstance(addr[0], bytes) else addr[0]
            self.port.write_to_host(payload, host, addr[1])

    def writeError(self, gerror, addr):
        if has_code(gerror, CODES.MESSAGE_TOO_LARGE):
            return error.MessageLengthError("message too long")
        if gerror.code == DESTINATION_UNSET:
            return AssertionError(gerror.message)
        if has_code(gerror, CODES.INVALID_ARGUMENT) and system_errno(gerror) is None:
            if self.port.get_peer_address() is not None:
                return AssertionError(gerror.message)
            return error.InvalidAddressError(addr[0], gerror.message)
        return to_os_error(gerror)

    def writeSequence(self, seq, addr):
        self.write(b"".join(seq), addr)

    # peer

    def connect(self, host, port):
        if self.port.get_peer_address() is not None:
            raise RuntimeError("already connected; see reconnect()")
        self.reconnect(host, port)

    def reconnect(self, host, port):
        """Connects the port, also to another peer. Twisted lacks this."""
        try:
            self.port.connect_peer(host, port)
        except GLib.Error as gerror:
            if has_code(gerror, CODES.INVALID_ARGUMENT):
                raise error.InvalidAddressError(host, gerror.message) from None
            raise to_os_error(gerror) from None

    def disconnect(self):
        """Disconnects the port. Twisted lacks this."""
        self.port.disconnect_peer()

    # description

    def getHost(self):
        host, port = to_twisted(self.port.get_local_address())
        return (IPv6Address if ":" in host else IPv4Address)("UDP", host, port)

    @property
    def addressFamily(self):
        # Gio uses the numbers of the system.
        return int(self.port.get_local_address().get_family())

    def getHandle(self):
        return self.port.get_socket()

    def fileno(self):
        return self.port.get_socket().get_fd() if self.port.get_listening() else -1

    def setBroadcastAllowed(self, enabled):
        self.port.set_broadcast_allowed(bool(enabled))

    def getBroadcastAllowed(self):
        return self.port.get_broadcast_allowed()

    def logPrefix(self):
        return f"{log_prefix(self.protocol)} (UDP)"

    def __repr__(self):
        number = self._realPortNumber
        where = f"on {number}" if number is not None else "not connected"
        return f"<{self.protocol.__class__} {where}>"


class AdoptedPort(Port):
    def listenError(self, gerror):
        return to_os_error(gerror)


@implementer(interfaces.IMulticastTransport)
class MulticastPort(Port):
    def _resolve(self, name):
        # Gudpx accepts addresses of both families; Twisted's resolve() returns only IPv4.
        if not name or abstract.isIPAddress(name) or abstract.isIPv6Address(name):
            return defer.succeed(name)
        return self.reactor.resolve(name)

    def _changeGroup(self, method, group, interface):
        found = defer.gatherResults([self._resolve(group), self._resolve(interface)])
        return found.addCallback(self._changeResolved, method)

    def _changeResolved(self, addresses, method):
        group, interface = addresses
        try:
            method(self.port, group, interface or None)
        except GLib.Error as gerror:
            raise error.MulticastJoinError(group, interface, *to_os_error(gerror).args) from None

    def joinGroup(self, addr, interface=""):
        return self._changeGroup(Gudpx.Port.join_group, addr, interface)

    def leaveGroup(self, addr, interface=""):
        return self._changeGroup(Gudpx.Port.leave_group, addr, interface)

    # Twisted identifies an interface by one of its addresses for IPv4, and by its number for IPv6.

    def setOutgoingInterface(self, addr):
        if isinstance(addr, int):
            addr = socket.if_indextoname(addr) if addr else ""
            return defer.maybeDeferred(self._setInterface, addr)
        return self._resolve(addr).addCallback(self._setInterface)

    def _setInterface(self, address):
        try:
            self.port.set_multicast_interface(address or None)
        except GLib.Error as gerror:
            raise to_os_error(gerror) from None
        return 1

    def getOutgoingInterface(self):
        name = self.port.get_multicast_interface()
        if self.addressFamily == socket.AF_INET6:
            return socket.if_nametoindex(name) if name else 0
        return name or "0.0.0.0"

    def setTTL(self, ttl):
        self.port.set_multicast_ttl(ttl)

    def getTTL(self):
        return self.port.get_multicast_ttl()

    def setLoopbackMode(self, mode):
        self.port.set_multicast_loopback(bool(mode))

    def getLoopbackMode(self):
        return int(self.port.get_multicast_loopback())


@implementer(interfaces.IUNIXDatagramTransport)
class UNIXPort(Port):
    """Listens on a path, or on an abstract name, which begins with a NUL.

    The address None stands for an unbound socket.
    """

    mode = None

    def listenError(self, gerror):
        return error.CannotListenError(None, self.requested, to_os_error(gerror))

    def _checkInterface(self):
        pass

    def attached(self, port):
        if self.mode is not None and self.requested and not self.requested.startswith("\0"):
            os.chmod(self.requested, self.mode)
        super().attached(port)

    def logStart(self):
        log.msg(f"{self.protocol.__class__} starting on {self.requested!r}")

    def logStop(self):
        log.msg(f"(Port {self.requested!r} Closed)")

    def send(self, payload, addr):
        self.port.write_to(payload, to_unix_address(addr))

    def getHost(self):
        return UNIXAddress(to_twisted(self.port.get_local_address()))

    def __repr__(self):
        name = reflect.qual(self.protocol.__class__)
        return f"<{name} on {self.requested!r}>" if self.connected else f"<{name} (not listening)>"


@implementer(interfaces.IUNIXDatagramConnectedTransport)
class ConnectedUNIXPort(UNIXPort):
    def __init__(self, reactor, protocol, listen, where, maxPacketSize, peer):
        assert isinstance(protocol, ConnectedDatagramProtocol)
        super().__init__(reactor, protocol, listen, where, maxPacketSize)
        self.peer = peer

    def startListening(self):
        try:
            super().startListening()
        except error.CannotListenError:
            self.protocol.connectionFailed(failure.Failure())

    def connectStarted(self):
        try:
            self.port.connect_peer_address(to_unix_address(self.peer))
        except GLib.Error as gerror:
            self.protocol.connectionFailed(failure.Failure(to_os_error(gerror)))
            self.stopListening()
            return False
        return True

    def deliver(self, datagram):
        self.protocol.datagramReceived(datagram.get_payload())

    def send(self, payload, addr):
        self.port.write(payload)

    def getPeer(self):
        return UNIXAddress(self.peer)
