# SPDX-License-Identifier: LGPL-2.1-or-later
"""Valid programs: mypy --strict accepts all lines."""

import pathlib
import socket
from typing import Any

import gi

gi.require_version("Gudpx", "1")
from gi.repository import Gio, GLib, Gudpx


class Hook(Gudpx.DatagramProtocol):
    def datagram_received(self, data: bytes, sender: Gudpx.Address) -> None:
        self.transport.write(data, sender)


class Handlers(Gudpx.DatagramProtocol):
    def do_datagram_received(self, datagram: Gudpx.Datagram) -> None:
        host, port = datagram.sender
        payload: bytes = datagram.payload
        seen: dict[tuple[str, int], bytes] = {datagram.sender: payload}
        print(f"{datagram.sender} {host} {port + 1} {seen} {datagram.hop_limit + 1}")
        datagram.reply(bytearray(payload))

    def do_error_received(
        self, port: Gudpx.Port, error: GLib.Error, destination: Gio.SocketAddress | None
    ) -> None:
        print(port.local_address, error, destination and destination.to_string())

    def do_writable(self, port: Gudpx.Port) -> None:
        super().do_writable(port)
        port.reading = True


class Derived(Hook):
    def datagram_received(self, data: bytes, sender: Any) -> None:
        super().datagram_received(data, sender)


class Coroutines(Gudpx.DatagramProtocol):
    async def datagram_received(self, data: bytes, sender: Gudpx.Address) -> None:
        self.transport.write(data, sender)

    async def do_started(self) -> None:
        pass


class Text(Gudpx.DatagramProtocol):
    def do_datagram_received(self, datagram: Gudpx.Datagram) -> None:
        text = datagram.text
        if text is not None:
            datagram.reply(text.upper().encode())


def listen() -> None:
    flags = Gudpx.MetadataFlags.DESTINATION | Gudpx.MetadataFlags.HOP_LIMIT
    Gudpx.listen_udp(9999, Hook(), interface="::", reuse_port=True, ttl=4, metadata=flags)
    Gudpx.listen_udp(9999, Hook(), None, 65535)
    Gudpx.listen_multicast(9999, Hook(), listen_multiple=True).join_group("224.0.0.251", "eth0")
    Gudpx.listen_unix_datagram(pathlib.Path("/run/socket"), Hook(), max_packet_size=100000)
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    Gudpx.adopt_datagram_port(sock, Hook(), ttl=3)
    Gudpx.adopt_datagram_port(sock.fileno(), socket.AF_INET, Hook())
    Gudpx.adopt_datagram_port(3, Gio.SocketFamily.INVALID, Hook())


def write() -> None:
    with Gudpx.listen_udp(0, Gudpx.DatagramProtocol()) as port:
        port.write(b"hi", ("192.0.2.1", 9999))
        port.write(memoryview(b"hi"), ("fe80::1", 9999, 0, 2))
        port.write(GLib.Bytes.new(b"hi"), "/run/socket")
        port.write(b"hi", b"/run/socket")
        port.write(b"hi", Gio.InetSocketAddress.new_from_string("192.0.2.1", 9999))
        port.write(b"hi", port.get_local_address())
        port.connect_peer("192.0.2.1", 9999)
        port.write(b"hi")
        port.ttl += 1
        print(port.statistics.datagrams_sent + 1, port.local_address)


def group() -> None:
    with Gudpx.PortGroup.new(2, ("::", 9999), lambda *_: Hook()) as group:
        group.start()


async def wait() -> None:
    host: str = await Gudpx.resolve("localhost")
    async with Gudpx.listen_udp(0, Gudpx.DatagramProtocol()) as port:
        await port.write_async(b"hi", (host, 9999))
        async for datagram in port:
            port.write(datagram.payload, datagram.sender)
        receiving = aiter(port)
        print((await anext(receiving)).payload)
        await receiving.aclose()
