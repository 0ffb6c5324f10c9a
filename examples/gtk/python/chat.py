#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Chat with the people of the local network, without configuring an address."""

import argparse
import sys

import gi

try:
    gi.require_version("Gtk", "4.0")
    gi.require_foreign("cairo")
    from gi.repository import GLib, Gtk  # noqa: F401  (to see whether it is there)
except (ImportError, ValueError) as missing:
    sys.exit(f"{missing}. On Debian: apt install gir1.2-gtk-4.0 python3-gi-cairo")

from application import Application  # noqa: E402
from network import GROUPS, PORT, Network  # noqa: E402


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--name", default=GLib.get_real_name(), help="name that others see")
    parser.add_argument("--interface", help="the only network interface to use; all by default")
    parser.add_argument("--group", default=",".join(GROUPS), metavar="ADDRESS[,ADDRESS…]",
                        help="multicast groups to meet in, separated by commas (%(default)s)")
    parser.add_argument("--port", type=int, default=PORT, metavar="NUMBER",
                        help="port number of the group (%(default)s)")
    # toolkit.py checks this option.
    parser.add_argument("--plain", action="store_true", help="do not use libadwaita")
    args = parser.parse_args()
    if not 0 < args.port < 65536:
        parser.error("--port wants a number from 1 to 65535")
    return args


def main():
    args = parse_arguments()
    network = Network(args.name, args.port, args.group.split(","), args.interface)
    try:
        network.start()
    except OSError as error:
        sys.exit(str(error))
    sys.exit(Application(network).run(None))


if __name__ == "__main__":
    main()
