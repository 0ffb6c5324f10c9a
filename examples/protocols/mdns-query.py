#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Asks the hosts of the local network for a name or a service (mDNS, RFC 6762).

    examples/run mdns-query python _ipp._tcp.local --interface eth0

Needs python3-zeroconf, which reads and writes the messages. Shows a port number that is shared with
the system's own responder, and a question that is asked twice. The first question asks for answers
to this port only. The second one asks for answers to the group. It contains the known answers, so
that only missing ones are sent."""

import argparse
import socket
import sys

import gi

gi.require_version("Gudpx", "1")
from gi.repository import GLib, Gudpx  # noqa: E402

try:
    import zeroconf
    from zeroconf import DNSAddress, DNSHinfo, DNSPointer, DNSService, DNSText
except ImportError:
    sys.exit("mdns-query needs zeroconf, which Debian has as python3-zeroconf")

GROUPS = {"4": ("224.0.0.251", "0.0.0.0"), "6": ("ff02::fb", "::")}
PORT = 5353
TYPES = {"A": 1, "PTR": 12, "TXT": 16, "AAAA": 28, "SRV": 33, "ANY": 255}
TYPE_NAMES = {number: name for name, number in TYPES.items()} | {13: "HINFO", 47: "NSEC"}
CLASS_IN = 1
MAX_RECORDS = 1000


def value_of(record):
    if isinstance(record, DNSAddress):
        family = socket.AF_INET if len(record.address) == 4 else socket.AF_INET6
        return socket.inet_ntop(family, record.address)
    if isinstance(record, DNSPointer):
        return record.alias
    if isinstance(record, DNSService):
        return f"{record.server} {record.port}"
    if isinstance(record, DNSText):
        return str(record.text)
    if isinstance(record, DNSHinfo):
        return f"{record.cpu} {record.os}"
    return ""


def printable(text):
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


class Querier(Gudpx.DatagramProtocol):
    def __init__(self, name, kind, group):
        super().__init__()
        self.name, self.kind, self.group = name, kind, group
        self.known = {}

    def ask(self, unicast):
        question = zeroconf.DNSQuestion(self.name, self.kind, CLASS_IN)
        question.unicast = unicast
        query = zeroconf.DNSOutgoing(0, multicast=True)
        query.add_question(question)
        for record in self.known.values():
            if question.answered_by(record):
                query.add_answer_at_time(record, 0)
        for packet in query.packets():
            self.transport.write(packet, (self.group, PORT))

    def ask_again(self):
        try:
            self.ask(unicast=False)
        except OSError as error:
            print(error, file=sys.stderr)

    def datagram_received(self, data, sender):
        message = zeroconf.DNSIncoming(data)
        # Answers come from the port of mDNS. Ignore questions, our own and other hosts'.
        if sender.port != PORT or not message.valid or not message.is_response():
            return
        # In newer versions of zeroconf it is a method.
        records = message.answers() if callable(message.answers) else message.answers
        if any(self.is_wanted(record) for record in records):
            for record in records:
                self.learn(record, sender)

    def is_wanted(self, record):
        return (record.name.lower() == self.name.lower() and
                self.kind in (record.type, TYPES["ANY"]))

    def learn(self, record, sender):
        value = value_of(record)
        key = (record.name.lower(), record.type, value)
        if key in self.known or len(self.known) >= MAX_RECORDS:
            return
        # A question must not have the cache-flush bit, which makes other hosts drop records.
        record.unique = False
        self.known[key] = record
        kind = TYPE_NAMES.get(record.type, str(record.type))
        words = f"{record.name} {kind} {value} ({record.ttl} s, from {sender.host})"
        print(printable(words), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", help="such as host.local or _ipp._tcp.local")
    parser.add_argument("-t", "--type", choices=TYPES, help="by default PTR for a service, else A")
    parser.add_argument("-i", "--interface", help="name of the interface to ask on")
    parser.add_argument("-6", "--ipv6", action="store_true", help="ask by IPv6")
    parser.add_argument("-s", "--seconds", type=float, default=3, help="how long to wait")
    args = parser.parse_args()
    name = args.name.removesuffix(".")
    if not all(name.split(".")):
        parser.error(f"“{args.name}” is no name")

    kind = args.type or ("PTR" if args.name.startswith("_") else "A")
    group, address = GROUPS["6" if args.ipv6 else "4"]
    querier = Querier(name + ".", TYPES[kind], group)
    loop = GLib.MainLoop()
    try:
        port = Gudpx.listen_multicast(PORT, querier, listen_multiple=True, interface=address,
                                      multicast_interface=args.interface, multicast_ttl=255)
        port.join_group(group, args.interface)
        # Another program with this port number may get the answer instead, so ask again later.
        querier.ask(unicast=True)
    except OSError as error:
        sys.exit(str(error))
    except zeroconf.Error:
        sys.exit(f"{args.name} is no name")
    # Hosts do not repeat an answer to a group within a second.
    GLib.timeout_add(1100, querier.ask_again)
    GLib.timeout_add(int(args.seconds * 1000), loop.quit)
    loop.run()
    if not querier.known:
        sys.exit(f"no answer about {args.name}")


if __name__ == "__main__":
    main()
