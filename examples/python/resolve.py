#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Resolves a host name: prints one IPv4 address, or all addresses."""

import argparse
import sys

import gi

gi.require_version("Gudpx", "1")
from gi.repository import Gio, GLib, Gudpx  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("host", help="host name")
    parser.add_argument("-a", "--all", action="store_true", help="print all addresses, IPv6 too")
    args = parser.parse_args()

    loop = GLib.MainLoop()
    exit_status = 0

    def on_resolved(_source, result):
        nonlocal exit_status
        try:
            if args.all:
                addresses = Gudpx.resolve_all_finish(result)
            else:
                addresses = [Gudpx.resolve_finish(result)]
            for address in addresses:
                print(address.to_string(), flush=True)
        except OSError as error:
            print(error, file=sys.stderr)
            exit_status = 1
        loop.quit()

    if args.all:
        ten_seconds = 10 * 1000
        Gudpx.resolve_all_async(
            args.host, Gio.SocketFamily.INVALID, ten_seconds, None, on_resolved
        )
    else:
        Gudpx.resolve_async(args.host, None, on_resolved)

    loop.run()
    sys.exit(exit_status)


if __name__ == "__main__":
    main()
