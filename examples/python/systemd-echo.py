#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A UDP echo service on the sockets that systemd passes to it."""

import argparse
import contextlib
import os
import sys

import gi

gi.require_version("Gudpx", "1")
from gi.repository import GLib, Gudpx  # noqa: E402

FIRST_FD = 3


def is_echo_server(datagram):
    """A sender with our own number is another echo server, or forged: echoes would never end."""
    # The address of a UNIX socket is a path, without a number.
    sender, own = datagram.sender, datagram.transport.local_address
    return isinstance(sender, Gudpx.Address) and sender.port == own.port


class Echo(Gudpx.DatagramProtocol):
    def do_datagram_received(self, datagram):
        print("received", datagram.payload, flush=True)
        if not is_echo_server(datagram):
            datagram.reply(datagram.payload)


def passed_fds():
    """What sd_listen_fds(3) does: the variables may be meant for another process."""
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        return range(0)
    return range(FIRST_FD, FIRST_FD + int(os.environ.get("LISTEN_FDS", 0)))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.parse_args()

    fds = passed_fds()
    if not fds:
        sys.exit("systemd passed no socket")

    # One protocol may serve several ports.
    echo = Echo()
    for fd in fds:
        # The unit file says which family it is; the port takes it from the socket.
        try:
            port = Gudpx.adopt_datagram_port(fd, echo)
        except GLib.Error as error:
            sys.exit(error.message)
        os.close(fd)
        print(f"listening on {port.local_address}", flush=True)

    with contextlib.suppress(KeyboardInterrupt):
        GLib.MainLoop().run()


if __name__ == "__main__":
    main()
