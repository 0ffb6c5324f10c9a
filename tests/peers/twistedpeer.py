#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Twisted, with its own reactor, as a server or a client: see gudpxpeer.py. INTERFACE is the
address of an interface instead of its name."""

import sys

from twisted.internet import protocol, reactor

from payload import payload

MAX_SIZE = 65536


class Echo(protocol.DatagramProtocol):
    def datagramReceived(self, data, addr):
        self.transport.write(data, addr)
        print("received", len(data), flush=True)


class Client(protocol.DatagramProtocol):
    def __init__(self, sizes, destination):
        self.sizes = sizes
        self.destination = destination

    def send(self):
        if self.sizes:
            self.transport.write(payload(self.sizes[0]), self.destination)
        else:
            reactor.stop()

    def datagramReceived(self, data, addr):
        size = self.sizes.pop(0)
        print("echoed" if data == payload(size) else "wrong", size, flush=True)
        self.send()


def echo(address, group=None, interface=None):
    port = reactor.listenMulticast(0, Echo(), address, MAX_SIZE)

    def listening(_joined):
        print("listening", port.getHost().port, flush=True)

    if group is None:
        listening(None)
    else:
        port.joinGroup(group, interface).addCallback(listening)
    reactor.run()


def client(address, port, interface, *sizes):
    protocol = Client([int(size) for size in sizes], (address, int(port)))
    any_address = "::" if ":" in address else ""
    transport = reactor.listenMulticast(0, protocol, any_address, MAX_SIZE)
    if interface != "-":
        transport.setOutgoingInterface(interface)
    reactor.callWhenRunning(protocol.send)
    reactor.run()


if __name__ == "__main__":
    {"echo": echo, "client": client}[sys.argv[1]](*sys.argv[2:])
