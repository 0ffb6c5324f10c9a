#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Gudpx as a server or a client. All peers have this command line:

    echo ADDRESS [GROUP INTERFACE]
        Prints “listening PORT”, echoes each datagram and prints “received SIZE”. Joins the group on
        the interface if they are given.
    client ADDRESS PORT INTERFACE SIZE...
        Sends datagrams of these sizes, one after the other, and prints “echoed SIZE” when a
        datagram comes back unchanged. If ADDRESS is a group, sends through INTERFACE; otherwise
        pass “-”.

This program also accepts the path of a UNIX socket as ADDRESS; PORT is then the client's path.
"""

import sys

import gi

gi.require_version("Gudpx", "1")
from gi.repository import Gio, GLib, Gudpx  # noqa: E402

from payload import payload  # noqa: E402


def listen(protocol, address, port=0):
    if address.startswith("/"):
        return Gudpx.listen_unix_datagram(address, protocol)
    return Gudpx.listen_multicast(port, protocol, False, address)


class Echo(Gudpx.DatagramProtocol):
    def do_datagram_received(self, datagram):
        data = datagram.get_payload()
        datagram.reply(data)
        print("received", len(data), flush=True)

    def do_error_received(self, port, error, destination):
        sys.exit(error.message)


class Client(Gudpx.DatagramProtocol):
    def __init__(self, loop, sizes, group):
        super().__init__()
        self.loop = loop
        self.sizes = sizes
        self.group = group

    def send(self):
        if not self.sizes:
            self.loop.quit()
        elif self.group is not None:
            self.get_transport().write_to(payload(self.sizes[0]), self.group)
        else:
            self.get_transport().write(payload(self.sizes[0]))

    def do_datagram_received(self, datagram):
        size = self.sizes.pop(0)
        if datagram.get_payload() != payload(size):
            print("got", datagram.get_payload()[:20], "for", size, flush=True)
        else:
            print("echoed", size, flush=True)
        self.send()

    def do_connection_refused(self, port):
        # The server does not exist yet.
        print("refused", flush=True)
        GLib.timeout_add(10, self.send)


def echo(address, group=None, interface=None):
    port = listen(Echo(), address)
    if group is not None:
        port.join_group(group, interface)
    number = "" if address.startswith("/") else port.get_local_address().get_port()
    print("listening", number, flush=True)
    GLib.MainLoop().run()


def client(address, port, interface, *sizes):
    loop = GLib.MainLoop()
    any_address = "::" if ":" in address else "0.0.0.0"
    is_unix = address.startswith("/")
    group = None
    if interface != "-":
        group = Gio.InetSocketAddress.new_from_string(address, int(port))
    protocol = Client(loop, [int(size) for size in sizes], group)
    transport = listen(protocol, port if is_unix else any_address)
    if is_unix:
        transport.connect_peer_address(Gio.UnixSocketAddress.new(address))
    elif group is None:
        transport.connect_peer(address, int(port))
    else:
        transport.set_multicast_interface(interface)
    protocol.send()
    loop.run()


if __name__ == "__main__":
    {"echo": echo, "client": client}[sys.argv[1]](*sys.argv[2:])
