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
    def do_datagram_received(self, datagram):
        print("received", datagram.payload, f"from {datagram.sender}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-i", "--interface", help="name of the interface to send by")
    args = parser.parse_args()

    # A port number of its own: were it the server's, on the same machine, the kernel would hand
    # the answer, which is sent to one receiver, to one of the two.
    try:
        port = Gudpx.listen_multicast(
            0, MulticastPingClient(), multicast_interface=args.interface
        )
        port.write(b"Client: Ping", (GROUP, PORT))
    except GLib.Error as error:
        sys.exit(error.message)

    print("sent", b"Client: Ping", "to", f"{GROUP}:{PORT}", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        GLib.MainLoop().run()


if __name__ == "__main__":
    main()
