#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Says hello to one peer and prints the answer, or that the connection was refused."""

import argparse
import contextlib
import sys

import gi

gi.require_version("Gudpx", "1")
from gi.repository import GLib, Gudpx  # noqa: E402


class Helloer(Gudpx.DatagramProtocol):
    def __init__(self, loop):
        super().__init__()
        self.loop = loop
        self.exit_status = 0

    def datagram_received(self, data, sender):
        print("received", data, flush=True)
        self.loop.quit()

    def do_connection_refused(self, port):
        print("connection refused: no one is listening", flush=True)
        self.exit_status = 1
        self.loop.quit()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("host", help="IP address of the peer")
    parser.add_argument("port", type=int, help="its port")
    args = parser.parse_args()

    loop = GLib.MainLoop()
    helloer = Helloer(loop)

    # An IPv6 peer needs an IPv6 socket. Only a connected port reports a refusal.
    try:
        port = Gudpx.listen_udp(0, helloer, interface="::" if ":" in args.host else None)
        port.connect_peer(args.host, args.port)
        port.write(b"hello")
    except (OSError, OverflowError) as error:
        sys.exit(str(error))

    with contextlib.suppress(KeyboardInterrupt):
        loop.run()
    sys.exit(helloer.exit_status)


if __name__ == "__main__":
    main()
