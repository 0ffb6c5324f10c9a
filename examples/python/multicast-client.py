#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Sends "Client: Ping" to a multicast group and prints the answers."""

import argparse
import contextlib
import sys

import gi

gi.require_version("Gudpx", "1")
from gi.repository import GLib, Gudpx  # noqa: E402

GROUP = "228.0.0.5"
PORT = 8005


class MulticastPingClient(Gudpx.DatagramProtocol):
    def datagram_received(self, data, sender):
        print("received", data, f"from {sender}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-i", "--interface", help="name of the interface to send by")
    args = parser.parse_args()

    # Use another port number than the server's. On the same machine the kernel would otherwise
    # deliver the answer, which is unicast, to only one of the two.
    try:
        port = Gudpx.listen_multicast(
            0, MulticastPingClient(), multicast_interface=args.interface
        )
        port.write(b"Client: Ping", (GROUP, PORT))
    except OSError as error:
        sys.exit(str(error))

    print("sent", b"Client: Ping", "to", f"{GROUP}:{PORT}", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        GLib.MainLoop().run()


if __name__ == "__main__":
    main()
