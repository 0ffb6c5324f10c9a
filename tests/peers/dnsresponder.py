#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A name server (RFC 1035) that knows two names: dnsresponder.py ADDRESS.

Prints “listening PORT”.
"""

import socket
import struct
import sys

import gi

gi.require_version("Gudpx", "1")
from gi.repository import GLib, Gudpx  # noqa: E402

A, TXT, AAAA, INTERNET = 1, 16, 28, 1
RESPONSE, AUTHORITATIVE, RECURSION_DESIRED, NAME_ERROR = 0x8000, 0x0400, 0x0100, 3
RECORDS = {
    "host.example": {
        A: socket.inet_aton("192.0.2.7"),
        AAAA: socket.inet_pton(socket.AF_INET6, "2001:db8::7"),
    },
    "long.example": {TXT: 8 * (b"\xfa" + 250 * b"x")},
}


def answer(query):
    number, flags, _questions, _answers, _authorities, _others = struct.unpack("!6H", query[:12])
    labels = []
    end = 12
    while query[end]:
        labels.append(query[end + 1 : end + 1 + query[end]].decode("ascii").lower())
        end += 1 + query[end]
    kind, _class = struct.unpack("!2H", query[end + 1 : end + 5])

    records = RECORDS.get(".".join(labels))
    data = (records or {}).get(kind)
    flags = RESPONSE | AUTHORITATIVE | (flags & RECURSION_DESIRED)
    flags |= NAME_ERROR if records is None else 0
    response = struct.pack("!6H", number, flags, 1, int(data is not None), 0, 0)
    response += query[12 : end + 5]
    if data is not None:
        response += struct.pack("!3HIH", 0xC00C, kind, INTERNET, 60, len(data)) + data
    return response


class Responder(Gudpx.DatagramProtocol):
    def do_datagram_received(self, datagram):
        datagram.reply(answer(datagram.get_payload()))


def main():
    port = Gudpx.listen_udp(0, Responder(), sys.argv[1])
    print("listening", port.get_local_address().get_port(), flush=True)
    GLib.MainLoop().run()


if __name__ == "__main__":
    main()
