# SPDX-License-Identifier: LGPL-2.1-or-later
"""Mistakes that mypy finds: exactly in the lines marked “error”. Some need the types of GObject."""

import gi

gi.require_version("Gudpx", "1")
from gi.repository import Gudpx

protocol = Gudpx.DatagramProtocol()
port = Gudpx.listen_udp("9999", protocol)  # error
Gudpx.listen_udp(9999)  # error
Gudpx.listen_udp(9999, protocol, nonesuch=True)  # error
Gudpx.listen_udp(9999, protocol, ttl="4")  # error
Gudpx.listen_multicast(9999, protocol, local_address=None)  # error
Gudpx.adopt_datagram_port(3, protocol, reuse_port=True)  # error
port.write("text", ("192.0.2.1", 9999))  # error
port.write(b"hi", ("192.0.2.1", "9999"))  # error
port.write(b"hi", 9999)  # error
port.write(b"hi", (b"192.0.2.1",))  # error
port.write([104, 105], ("192.0.2.1", 9999))  # error
port.write(None, ("192.0.2.1", 9999))  # error
port.connect_peer_address(9999)  # error
port.join_group(("239.1.1.1", 9999))  # error
port.nonesuch()  # error with GObject
port.nonesuch = 1  # error with GObject
port.listening = False  # error
port.ttl = "4"  # error
Gudpx.Datagram.new("text")  # error
Gudpx.Datagram.new(b"x").reply("text")  # error
Gudpx.Datagram.new(b"x").text.upper()  # error
Gudpx.nonesuch()  # error


class Protocol(Gudpx.DatagramProtocol):
    def do_datagram_received(self, datagram: bytes) -> None:  # error with GObject
        pass

    def datagram_received(self, data: str, sender: Gudpx.Address) -> None:  # error
        pass


class Short(Gudpx.DatagramProtocol):
    def datagram_received(self, data: bytes) -> None:  # error
        pass

    def do_connection_refused(self) -> None:  # error
        pass


class Derived(Gudpx.Port):  # error
    pass
