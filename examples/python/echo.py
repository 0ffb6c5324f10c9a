#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A UDP echo server: sends every datagram back to its sender."""

import argparse
import contextlib
import sys

import gi

gi.require_version("Gudpx", "1")
from gi.repository import GLib, Gudpx  # noqa: E402


class Echo(Gudpx.DatagramProtocol):
    def do_started(self):
        print(f"listening on {self.transport.local_address}", flush=True)

    def datagram_received(self, data, sender):
        print("received", data, f"from {sender}", flush=True)
        # Do not answer a sender with our own number: it is another echo server, or forged, and the
        # echoes would never end.
        if sender.port != self.transport.local_address.port:
            self.transport.write(data, sender)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-a", "--address", default="127.0.0.1", help="address to listen on")
    parser.add_argument("-p", "--port", type=int, default=9999, help="port; 0 takes a free one")
    args = parser.parse_args()

    # You need not keep a reference to the port: it serves until it is stopped.
    try:
        Gudpx.listen_udp(args.port, Echo(), interface=args.address)
    except (OSError, OverflowError) as error:
        sys.exit(str(error))

    with contextlib.suppress(KeyboardInterrupt):
        GLib.MainLoop().run()


if __name__ == "__main__":
    main()
