#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A UDP echo server: sends every datagram back to where it came from."""

import argparse
import contextlib
import sys

import gi

gi.require_version("Gudpx", "1")
from gi.repository import GLib, Gudpx  # noqa: E402


class Echo(Gudpx.DatagramProtocol):
    def do_started(self):
        print(f"listening on {self.transport.local_address}", flush=True)

    def do_datagram_received(self, datagram):
        print("received", datagram.payload, f"from {datagram.sender}", flush=True)
        # A sender with our own number is another echo server, or forged: echoes would never end.
        if datagram.sender.port != self.transport.local_address.port:
            datagram.reply(datagram.payload)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-a", "--address", default="127.0.0.1", help="address to listen on")
    parser.add_argument("-p", "--port", type=int, default=9999, help="port; 0 takes a free one")
    args = parser.parse_args()

    # Nothing needs to hold on to the port: it serves until it is stopped.
    try:
        Gudpx.listen_udp(args.port, Echo(), interface=args.address)
    except (GLib.Error, OverflowError) as error:
        sys.exit(str(error))

    with contextlib.suppress(KeyboardInterrupt):
        GLib.MainLoop().run()


if __name__ == "__main__":
    main()
