# SPDX-License-Identifier: LGPL-2.1-or-later
"""A Twisted reactor on the GLib main loop that uses Gudpx for datagrams and host names."""

import socket

import gi
from twisted.internet import error, gireactor, interfaces
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.main import installReactor
from zope.interface import implementer

gi.require_version("Gudpx", "1")
from gi.repository import Gio, GLib, Gudpx  # noqa: E402

from gudpxtransport import (  # noqa: E402
    AdoptedPort,
    ConnectedUNIXPort,
    MulticastPort,
    Port,
    UNIXPort,
    to_unix_address,
)

ADDRESS_CLASSES = {
    Gio.SocketFamily.IPV4: IPv4Address,
    Gio.SocketFamily.IPV6: IPv6Address,
}
# Gio.SocketFamily(…) would accept any number.
FAMILIES = {
    socket.AF_INET: Gio.SocketFamily.IPV4,
    socket.AF_INET6: Gio.SocketFamily.IPV6,
}


@implementer(interfaces.IHostResolution)
class Resolution:
    def __init__(self, name):
        self.name = name
        self.cancellable = Gio.Cancellable()

    def cancel(self):
        self.cancellable.cancel()


@implementer(interfaces.IHostnameResolver)
class Resolver:
    resolved = 0  # number of requests

    def resolveHostName(
        self,
        resolutionReceiver,
        hostName,
        portNumber=0,
        addressTypes=None,
        transportSemantics="TCP",
    ):
        def received(_source, result):
            addresses = []
            try:
                addresses = Gudpx.resolve_all_finish(result)
            except GLib.Error:
                pass  # Twisted's receivers expect no address
            for address in addresses:
                make = ADDRESS_CLASSES[address.get_family()]
                host = address.to_string()
                resolutionReceiver.addressResolved(make(transportSemantics, host, portNumber))
            resolutionReceiver.resolutionComplete()

        Resolver.resolved += 1
        resolution = Resolution(hostName)
        resolutionReceiver.resolutionBegan(resolution)
        wanted = [f for f, c in ADDRESS_CLASSES.items() if not addressTypes or c in addressTypes]
        family = wanted[0] if len(wanted) == 1 else Gio.SocketFamily.INVALID
        Gudpx.resolve_all_async(hostName, family, 0, resolution.cancellable, received)
        return resolution


class GudpxReactor(gireactor.GIReactor):
    def __init__(self):
        self.gudpxPorts = set()
        super().__init__()
        self.installNameResolver(Resolver())

    def removeAll(self):
        ports = list(self.gudpxPorts)
        self.gudpxPorts.clear()
        for port in ports:
            port.pauseProducing()
        return super().removeAll() + ports

    @staticmethod
    def _start(port):
        port.startListening()
        return port

    def listenUDP(self, port, protocol, interface="", maxPacketSize=8192):
        def listen(bridge):
            return Gudpx.listen_udp(port, bridge, interface)

        return self._start(Port(self, protocol, listen, (interface, port), maxPacketSize))

    def listenMulticast(
        self, port, protocol, interface="", maxPacketSize=8192, listenMultiple=False
    ):
        def listen(bridge):
            return Gudpx.listen_multicast(port, bridge, listenMultiple, interface)

        return self._start(MulticastPort(self, protocol, listen, (interface, port), maxPacketSize))

    def adoptDatagramPort(self, fileDescriptor, addressFamily, protocol, maxPacketSize=8192):
        if addressFamily not in FAMILIES:
            raise error.UnsupportedAddressFamily(addressFamily)

        def listen(bridge):
            return Gudpx.adopt_datagram_port(fileDescriptor, FAMILIES[addressFamily], bridge)

        return self._start(AdoptedPort(self, protocol, listen, maxPacketSize=maxPacketSize))

    def listenUNIXDatagram(self, address, protocol, maxPacketSize=8192, mode=0o666):
        def listen(bridge):
            path = "@" + address[1:] if address.startswith("\0") else address
            return Gudpx.listen_unix_datagram(path, bridge)

        port = UNIXPort(self, protocol, listen, (None, address), maxPacketSize)
        port.mode = mode
        return self._start(port)

    def connectUNIXDatagram(
        self, address, protocol, maxPacketSize=8192, mode=0o666, bindAddress=None
    ):
        def listen(bridge):
            port = Gudpx.Port.new(bridge, to_unix_address(bindAddress))
            port.start_listening()
            return port

        where = (None, bindAddress)
        return self._start(ConnectedUNIXPort(self, protocol, listen, where, maxPacketSize, address))


def install():
    reactor = GudpxReactor()
    installReactor(reactor)
    return reactor
