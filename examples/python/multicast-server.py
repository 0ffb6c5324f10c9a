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
    def datagram_received(self, data, sender):
        print("received", data, f"from {sender}", flush=True)
        if data == b"Client: Ping":
            # Answer the sender, not the group.
            self.transport.write(b"Server: Pong", sender)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-i", "--interface", help="name of the interface to join on")
    args = parser.parse_args()

    # listen_multiple: several servers may run on one machine, and each receives the ping.
    try:
        port = Gudpx.listen_multicast(PORT, MulticastPingPong(), listen_multiple=True)
        port.join_group(GROUP, args.interface)
    except OSError as error:
        sys.exit(str(error))

    print("listening on port", PORT, "for", GROUP, flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        GLib.MainLoop().run()


if __name__ == "__main__":
    main()
