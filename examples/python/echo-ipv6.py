#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A UDP echo server for IPv6 and IPv4, which answers from the address that was asked."""

import argparse
import contextlib
import sys

import gi

gi.require_version("Gudpx", "1")
from gi.repository import GLib, Gudpx  # noqa: E402


class Echo(Gudpx.DatagramProtocol):
    def do_datagram_received(self, datagram):
        addresses = f"from {datagram.sender} to {datagram.destination}"
        print("received", datagram.payload, addresses, flush=True)
        # Do not answer a sender with our own number: it is another echo server, or forged, and the
        # echoes would never end.
        if datagram.sender.port != self.transport.local_address.port:
            datagram.reply(datagram.payload)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "-a",
        "--address",
        default="::",
        help="address to listen on, such as ::1 or fe80::1%%eth0; "
        "::, the default, is any, IPv4 included",
    )
    parser.add_argument("-p", "--port", type=int, default=9999, help="port; 0 takes a free one")
    args = parser.parse_args()

    # A host has several IPv6 addresses. The metadata let a reply use the one that was asked.
    try:
        port = Gudpx.listen_udp(
            args.port,
            Echo(),
            interface=args.address,
            metadata=Gudpx.MetadataFlags.DESTINATION,
        )
    except (OSError, OverflowError) as error:
        sys.exit(str(error))

    print(f"listening on {port.local_address}", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        GLib.MainLoop().run()


if __name__ == "__main__":
    main()
