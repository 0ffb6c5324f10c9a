#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Receives log messages (syslog, RFC 3164 and RFC 5424) and prints them.

    examples/run syslog-receiver --port 5140
    logger --udp --server 127.0.0.1 --port 5140 hello

Shows one protocol on several ports: UDP, a UNIX socket (--unix), and sockets that systemd passes,
for example “systemd-socket-activate --datagram -l 5140 -E …”. Text from a network is escaped before
it is printed."""

import argparse
import os
import re
import signal
import sys

import gi

gi.require_version("Gudpx", "1")
from gi.repository import GLib, Gudpx  # noqa: E402

FACILITIES = (
    "kern user mail daemon auth syslog lpr news uucp cron authpriv ftp ntp audit alert clock "
    "local0 local1 local2 local3 local4 local5 local6 local7"
).split()
SEVERITIES = "emerg alert crit err warning notice info debug".split()
USER_NOTICE = 13

RFC5424 = re.compile(
    r"<(?P<priority>\d{1,3})>1 (?P<time>\S+) (?P<host>\S+) (?P<app>\S+) (?P<pid>\S+) \S+ "
    r'(?:-|(?:\[(?:[^]"]|"(?:\\.|[^"\\])*")*\])+)(?: \ufeff?(?P<text>.*))?',
    re.DOTALL,
)
# Local programs leave out the host.
RFC3164 = re.compile(
    r"<(?P<priority>\d{1,3})>(?P<time>[A-Z][a-z]{2} [ \d]\d [\d:]{8}) "
    r"(?:(?P<host>[^][\s]*[^][:\s]) )?(?P<app>[^][:\s]+)(?:\[(?P<pid>[^]\s]*)\])?: ?(?P<text>.*)",
    re.DOTALL,
)
OTHER = re.compile(r"(?:<(?P<priority>\d{1,3})>)?(?P<text>.*)", re.DOTALL)


def parse(message):
    for pattern in (RFC5424, RFC3164, OTHER):
        match = pattern.fullmatch(message)
        if match and int(match.groupdict()["priority"] or USER_NOTICE) < len(FACILITIES) * 8:
            return match.groupdict()
    return {"text": message}


def describe(fields):
    priority = int(fields.get("priority") or USER_NOTICE)
    words = [f"{FACILITIES[priority >> 3]}.{SEVERITIES[priority & 7]}"]
    words += [fields[name] for name in ("time", "host") if fields.get(name)]
    if fields.get("app"):
        pid = f"[{fields['pid']}]" if fields["pid"] else ""
        words.append(f"{fields['app']}{pid}:")
    return " ".join([*words, (fields["text"] or "").rstrip("\n\0")])


def printable(text):
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


class Receiver(Gudpx.DatagramProtocol):
    def datagram_received(self, data, sender):
        # A sender on a UNIX socket is a path. An unnamed sender is None.
        origin = sender.host if isinstance(sender, Gudpx.Address) else sender or "here"
        fields = parse(data.decode("utf-8", "replace"))
        print(printable(f"{origin} {describe(fields)}"), flush=True)


def passed_sockets():
    """Works like sd_listen_fds(3). LISTEN_PID shows if the variables are meant for this process."""
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        return range(0)
    return range(3, 3 + int(os.environ.get("LISTEN_FDS", 0)))


def listen(receiver, args):
    for fd in passed_sockets():
        yield Gudpx.adopt_datagram_port(fd, receiver)
        os.close(fd)
    if args.unix:
        yield Gudpx.listen_unix_datagram(args.unix, receiver)
    if args.port is not None:
        yield Gudpx.listen_udp(args.port, receiver, interface=args.address)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-a", "--address", default="::", help="address to listen on; :: is any")
    parser.add_argument("-p", "--port", type=int,
                        help="UDP port, 514 by the standard; 0: a free one")
    parser.add_argument("-u", "--unix", metavar="PATH", help="UNIX datagram socket")
    args = parser.parse_args()

    loop = GLib.MainLoop()
    for number in (signal.SIGINT, signal.SIGTERM):
        GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, number, loop.quit)

    ports = []
    try:
        for port in listen(Receiver(), args):
            ports.append(port)
            print("listening on", port.local_address, flush=True)
    except (OSError, OverflowError) as error:
        sys.exit(str(error))
    if not ports:
        parser.error("neither --port nor --unix, and systemd passed no socket")

    loop.run()
    # Stopping a port removes the file of its UNIX socket.
    for port in ports:
        port.stop_listening()


if __name__ == "__main__":
    main()
