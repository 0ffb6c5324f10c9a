#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Sends a datagram to everybody on the link, and prints all datagrams, also its own."""

import argparse
import contextlib
import sys

import gi

gi.require_version("Gudpx", "1")
from gi.repository import GLib, Gudpx  # noqa: E402


class Listener(Gudpx.DatagramProtocol):
    def datagram_received(self, data, sender):
        print("received", data, f"from {sender}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "-d",
        "--destination",
        default="<broadcast>",
        help="broadcast address; <broadcast>, the default, is 255.255.255.255",
    )
    parser.add_argument(
        "-p", "--port", type=int, default=8006, help="port to send to and listen on"
    )
    args = parser.parse_args()

    try:
        # Without broadcast_allowed the system refuses to send to a broadcast address.
        port = Gudpx.listen_udp(args.port, Listener(), broadcast_allowed=True)
        port.write(b"Is anybody there?", (args.destination, args.port))
    except (OSError, OverflowError) as error:
        sys.exit(str(error))

    print("sent", b"Is anybody there?", "to", args.destination, "port", args.port, flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        GLib.MainLoop().run()


if __name__ == "__main__":
    main()
