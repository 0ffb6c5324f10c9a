#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests Twisted's API with more than a loopback interface, in the network namespace of
tests/netns."""

import errno
import socket
import struct

from twistedtest import Fixtures, Recorder, address_of, main, reactor

from twisted.internet import defer, error
from twisted.python import log
from twisted.trial import unittest

ADDRESS = "10.99.0.1"
GROUP, OTHER_GROUP = "239.99.0.1", "239.99.0.2"
GROUP6 = "ff15::99"


class GroupTests(Fixtures, unittest.TestCase):
    def listen_multicast(self, recorder, interface="", **keywords):
        return self.listen(recorder, interface, method="listenMulticast", **keywords)

    @defer.inlineCallbacks
    def test_failures(self):
        port = self.listen_multicast(Recorder())

        def failure(deferred, number):
            def check(exception):
                self.assertEqual(exception.args[2], number)

            return self.assertFailure(deferred, error.MulticastJoinError).addCallback(check)

        yield port.joinGroup(GROUP)
        yield failure(port.joinGroup(GROUP), errno.EADDRINUSE)
        yield port.leaveGroup(GROUP)
        yield failure(port.leaveGroup(GROUP), errno.EADDRNOTAVAIL)
        yield failure(port.joinGroup("10.0.0.1"), errno.EINVAL)
        yield failure(port.joinGroup(GROUP, "192.0.2.1"), errno.ENODEV)
        # Twisted treats this as a host name.
        yield failure(port.joinGroup(GROUP6), errno.EINVAL)
        yield port.joinGroup(GROUP, ADDRESS)

    @defer.inlineCallbacks
    def test_only_the_groups_that_were_joined(self):
        both, one = Recorder(), Recorder()
        port = self.listen_multicast(both, listenMultiple=True)
        number = port.getHost().port
        other = self.listen_multicast(one, port=number, listenMultiple=True)
        yield port.joinGroup(GROUP)
        yield port.joinGroup(OTHER_GROUP)
        yield other.joinGroup(GROUP)
        for group in (OTHER_GROUP, GROUP):
            other.write(group.encode(), (group, number))
            yield both.received.get()
        yield one.received.get()
        self.assertEqual(both.events, ["start", OTHER_GROUP.encode(), GROUP.encode()])
        self.assertEqual(one.events, ["start", GROUP.encode()])

    @defer.inlineCallbacks
    def test_joined_again_after_a_restart(self):
        recorder = Recorder()
        number = self.deaf_port()
        port = self.listen_multicast(recorder, port=number)
        yield port.joinGroup(GROUP)
        yield port.stopListening()
        port.startListening()
        sender = self.listen_multicast(Recorder())
        sender.write(b"hello", (GROUP, number))
        received = yield recorder.received.get()
        self.assertEqual(received, (b"hello", (ADDRESS, sender.getHost().port)))

    @defer.inlineCallbacks
    def test_ipv6(self):
        recorder = Recorder()
        port = self.listen_multicast(recorder, "::")
        yield port.joinGroup(GROUP6)
        sender = self.listen_multicast(Recorder(), "::")
        sender.write(b"hello", (GROUP6, port.getHost().port))
        received = yield recorder.received.get()
        self.assertEqual(received[0], b"hello")
        yield port.leaveGroup(GROUP6)
        yield self.assertFailure(port.leaveGroup(GROUP6), error.MulticastJoinError)

    @defer.inlineCallbacks
    def test_outgoing_interface(self):
        port = self.listen_multicast(Recorder())
        result = yield port.setOutgoingInterface(ADDRESS)
        self.assertEqual((result, port.getOutgoingInterface()), (1, ADDRESS))
        result = yield port.setOutgoingInterface("")
        self.assertEqual((result, port.getOutgoingInterface()), (1, "0.0.0.0"))
        yield self.assertFailure(port.setOutgoingInterface("192.0.2.1"), OSError)
        yield port.setOutgoingInterface("localhost")
        self.assertEqual(port.getOutgoingInterface(), "127.0.0.1")


class LinkLocalTests(Fixtures, unittest.TestCase):
    @defer.inlineCallbacks
    def test_echo(self):
        # In Twisted both binding the address and answering the sender fail.
        class Echo(Recorder):
            def datagramReceived(self, data, addr):
                super().datagramReceived(data, addr)
                self.transport.write(data, addr)

        echo = Echo()
        port = self.listen(echo, "fe80::1%gudpx0")
        index = socket.if_nametoindex("gudpx0")
        sock = self.socket(socket.AF_INET6, ("fe80::1", 0, 0, index))
        sock.sendto(b"hello", ("fe80::1", port.getHost().port, 0, index))
        yield echo.received.get()
        self.assertEqual(sock.recvfrom(10), (b"hello", ("fe80::1", port.getHost().port, 0, index)))


class BroadcastTests(Fixtures, unittest.TestCase):
    @defer.inlineCallbacks
    def test_broadcast(self):
        recorder = Recorder()
        port = self.listen(recorder, "")
        destination = ("<broadcast>", port.getHost().port)
        refused = self.assertRaises(OSError, port.write, b"hello", destination)
        self.assertEqual(refused.errno, errno.EACCES)
        port.setBroadcastAllowed(True)
        self.assertEqual(port.write(b"hello", destination), 5)
        data, address = yield recorder.received.get()
        self.assertEqual((data, address[0]), (b"hello", ADDRESS))


def icmp_filtered(source, destination):
    """Returns an ICMP message “communication administratively prohibited” (RFC 1812, 5.2.7.1) about
    a UDP datagram from source to destination."""

    def checksummed(header, rest):
        words = struct.unpack(f"!{len(header + rest) // 2}H", header + rest)
        total = sum(words)
        while total >> 16:
            total = (total & 0xFFFF) + (total >> 16)
        return header[:2] + struct.pack("!H", ~total & 0xFFFF) + header[4:] + rest

    addresses = socket.inet_aton(source[0]) + socket.inet_aton(destination[0])
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 28, 0, 0, 64, socket.IPPROTO_UDP, 0) + addresses
    udp = struct.pack("!HHHH", source[1], destination[1], 8, 0)
    return checksummed(struct.pack("!BBHI", 3, 13, 0, 0), ip + udp)


class ErrorTests(Fixtures, unittest.TestCase):
    @defer.inlineCallbacks
    def test_other_than_refused(self):
        # Like test_readUnknownError, whose error closes Twisted's port.
        told = defer.Deferred()

        def observe(event):
            if event.get("isGudpxError") and not told.called:
                reactor.callLater(0, told.callback, event["message"][0])

        log.addObserver(observe)
        self.addCleanup(log.removeObserver, observe)
        recorder = Recorder()
        port, peer = self.listen(recorder), self.socket()
        port.connect(*peer.getsockname())
        raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
        self.addCleanup(raw.close)
        peer.sendto(b"before", address_of(port))
        raw.sendto(icmp_filtered(address_of(port), peer.getsockname()), ("127.0.0.1", 0))
        peer.sendto(b"after", address_of(port))

        message = yield told
        self.assertIn("No route to host", message)
        yield recorder.received.get()
        yield recorder.received.get()
        self.assertEqual(recorder.events, ["start", b"before", b"after"])
        port.write(b"still here")
        self.assertEqual(peer.recv(20), b"still here")

    def test_no_route(self):
        port = self.listen(interface="")
        unreachable = self.assertRaises(OSError, port.write, b"hello", ("192.0.2.1", 9))
        self.assertEqual(unreachable.errno, errno.ENETUNREACH)


class ResolveTests(Fixtures, unittest.TestCase):
    def test_unknown_name(self):
        # Name servers are unreachable here.
        return self.assertFailure(reactor.resolve("nonesuch.invalid"), error.DNSLookupError)


if __name__ == "__main__":
    main()
