#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A UDP echo server on a socket that the program itself makes and binds."""

import argparse
import contextlib
import socket
import sys

import gi

gi.require_version("Gudpx", "1")
from gi.repository import GLib, Gudpx  # noqa: E402


class Echo(Gudpx.DatagramProtocol):
    def datagram_received(self, data, sender):
        print("received", len(data), "bytes", flush=True)
        # Do not answer a sender with our own number: it is another echo server, or forged, and the
        # echoes would never end.
        if sender.port != self.transport.local_address.port:
            self.transport.write(data, sender)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-p", "--port", type=int, default=9999, help="port; 0 takes a free one")
    args = parser.parse_args()

    # The port works on a duplicate, so "with" may close this socket immediately.
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            # Set options here that are not properties of a port: setsockopt(), a filter…
            sock.bind(("127.0.0.1", args.port))
            port = Gudpx.adopt_datagram_port(sock, Echo())
    except (OSError, OverflowError) as error:
        sys.exit(str(error))

    print(f"listening on {port.local_address}", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        GLib.MainLoop().run()


if __name__ == "__main__":
    main()
