#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Wakes a machine of the local network (Wake-on-LAN).

    examples/run wake-on-lan python 02:00:00:00:00:01 --broadcast 192.0.2.255

Shows how to broadcast, and how to stop when the kernel has taken the datagram. The broadcast
address of a network selects the interface. 255.255.255.255 is sent on the interface that the routes
select."""

import argparse
import re
import sys

import gi

gi.require_version("Gudpx", "1")
from gi.repository import GLib, Gudpx  # noqa: E402


def mac_address(text):
    if not re.fullmatch(r"[0-9a-f]{2}([:-]?[0-9a-f]{2}){5}", text, re.IGNORECASE):
        raise argparse.ArgumentTypeError(
            f"{text} is no hardware address, such as 02:00:00:00:00:01")
    return bytes.fromhex(re.sub("[:-]", "", text))


def magic_packet(address):
    return b"\xff" * 6 + address * 16


class Sender(Gudpx.DatagramProtocol):
    """Records errors that are reported after the write."""

    error = None

    def do_error_received(self, port, error, destination):
        self.error = error.message


def send(payload, destination):
    def on_stopped(port, result):
        port.stop_listening_finish(result)
        loop.quit()

    loop = GLib.MainLoop()
    sender = Sender()
    port = Gudpx.listen_udp(0, sender, broadcast_allowed=True)
    port.write(payload, destination)
    port.stop_listening_async(None, on_stopped)
    loop.run()
    if sender.error:
        sys.exit(sender.error)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("address", type=mac_address, help="hardware address of the machine")
    parser.add_argument("-b", "--broadcast", default="<broadcast>", help="broadcast address")
    parser.add_argument("-p", "--port", type=int, default=9, help="port, 9 by default")
    args = parser.parse_args()

    try:
        send(magic_packet(args.address), (args.broadcast, args.port))
    except (OSError, OverflowError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
