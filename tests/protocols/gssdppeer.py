#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The peer of the SSDP examples: uses GSSDP to announce a resource, or to search for one.

    gssdppeer.py announce INTERFACE TARGET USN LOCATION
    gssdppeer.py browse INTERFACE TARGET

With IPv6: announce6, browse6."""

import signal
import sys

import gi

try:
    gi.require_version("GSSDP", "1.6")
except ValueError:
    print("GSSDP is missing")
    sys.exit(77)
from gi.repository import GLib, GSSDP, Gio  # noqa: E402


def make_client(interface, is_ipv6):
    family = Gio.SocketFamily.IPV6 if is_ipv6 else Gio.SocketFamily.IPV4
    client = GSSDP.Client(interface=interface, address_family=family)
    client.init(None)
    return client


def announce(client, target, name, location):
    group = GSSDP.ResourceGroup.new(client)
    group.add_resource_simple(target, name, location)
    group.set_available(True)
    return lambda: group.set_available(False)


def browse(client, target):
    browser = GSSDP.ResourceBrowser.new(client, target)
    browser.connect("resource-available",
                    lambda _, name, locations: print("available", name, *locations, flush=True))
    browser.connect("resource-unavailable",
                    lambda _, name: print("unavailable", name, flush=True))
    browser.set_active(True)
    return lambda: browser.set_active(False)


def main():
    action, interface, *arguments = sys.argv[1:]
    client = make_client(interface, action.endswith("6"))
    stop = {"announce": announce, "browse": browse}[action.rstrip("6")](client, *arguments)
    loop = GLib.MainLoop()
    GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, signal.SIGTERM, loop.quit)
    print("ready on", client.get_host_ip(), flush=True)
    loop.run()
    stop()


if __name__ == "__main__":
    main()
