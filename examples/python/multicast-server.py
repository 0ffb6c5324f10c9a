#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Joins a multicast group and answers each "Client: Ping" with "Server: Pong"."""

import argparse
import contextlib
import sys

import gi

gi.require_version("Gudpx", "1")
from gi.repository import GLib, Gudpx  # noqa: E402

GROUP = "228.0.0.5"
PORT = 8005


class MulticastPingPong(Gudpx.DatagramProtocol):
    def do_datagram_received(self, datagram):
        print("received", datagram.payload, f"from {datagram.sender}", flush=True)
        if datagram.text == "Client: Ping":
            # The answer goes to the one who asked, not to the group.
            datagram.reply(b"Server: Pong")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-i", "--interface", help="name of the interface to join on")
    args = parser.parse_args()

    # listen_multiple: several servers may run on one machine, and each receives the ping.
    try:
        port = Gudpx.listen_multicast(PORT, MulticastPingPong(), listen_multiple=True)
        port.join_group(GROUP, args.interface)
    except GLib.Error as error:
        sys.exit(error.message)

    print("listening on port", PORT, "for", GROUP, flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        GLib.MainLoop().run()


if __name__ == "__main__":
    main()
