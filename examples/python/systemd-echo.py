#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""An echo service on the sockets that systemd passes."""

import argparse
import contextlib
import os
import sys

import gi

gi.require_version("Gudpx", "1")
from gi.repository import GLib, Gudpx  # noqa: E402

FIRST_FD = 3


def is_echo_server(sender, own):
    """True for a sender with our own number: it is another echo server, or forged. Echoes would
    never end."""
    # The address of a UNIX socket is a path, without a number.
    return isinstance(sender, Gudpx.Address) and sender.port == own.port


class Echo(Gudpx.DatagramProtocol):
    def datagram_received(self, data, sender):
        print("received", data, flush=True)
        # An unnamed sender on a UNIX socket cannot be answered.
        if sender is not None and not is_echo_server(sender, self.transport.local_address):
            self.transport.write(data, sender)


def passed_fds():
    """Works like sd_listen_fds(3). LISTEN_PID shows if the variables are meant for this process."""
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        return range(0)
    return range(FIRST_FD, FIRST_FD + int(os.environ.get("LISTEN_FDS", 0)))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.parse_args()

    fds = passed_fds()
    if not fds:
        sys.exit("systemd passed no socket")

    # A protocol may serve several ports.
    echo = Echo()
    for fd in fds:
        # The unit file chooses the address family. The port takes the family from the socket.
        try:
            port = Gudpx.adopt_datagram_port(fd, echo)
        except OSError as error:
            sys.exit(str(error))
        os.close(fd)
        print(f"listening on {port.local_address}", flush=True)

    with contextlib.suppress(KeyboardInterrupt):
        GLib.MainLoop().run()


if __name__ == "__main__":
    main()
