#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests writing, receiving, addresses and names through Twisted's API. Some tests use real sockets
for cases that Twisted tests with fake ones."""

import errno
import os
import socket
import tempfile

from twistedtest import Fixtures, Recorder, address_of, main, reactor

from twisted.internet import defer, error, interfaces, protocol
from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.trial import unittest
from zope.interface.verify import verifyObject


class WriteTests(Fixtures, unittest.TestCase):
    def test_interfaces(self):
        port = self.listen()
        for interface in (interfaces.IListeningPort, interfaces.IUDPTransport):
            self.assertTrue(verifyObject(interface, port))
        multicast = self.listen(method="listenMulticast")
        self.assertTrue(verifyObject(interfaces.IMulticastTransport, multicast))

    def test_returns_the_size(self):
        port, sock = self.listen(), self.socket()
        for data in (b"", b"hello", b"x" * 1472):
            self.assertEqual(port.write(data, sock.getsockname()), len(data))
            self.assertEqual(sock.recvfrom(2000), (data, address_of(port)))

    def test_what_is_like_bytes(self):
        port, sock = self.listen(), self.socket()
        for data in (bytearray(b"hello"), memoryview(b"hello")):
            port.write(data, sock.getsockname())
            self.assertEqual(sock.recv(10), b"hello")
        port.write(b"hello", (b"127.0.0.1", sock.getsockname()[1]))
        self.assertEqual(sock.recv(10), b"hello")

    def test_str(self):
        port, sock = self.listen(), self.socket()
        self.assertRaises(TypeError, port.write, "hello", sock.getsockname())
        self.assertRaises(error.InvalidAddressError, port.write, "hello", ("localhost", 1))
        port.write(b"next", sock.getsockname())
        self.assertEqual(sock.recv(10), b"next")

    def test_write_sequence(self):
        port, sock = self.listen(), self.socket()
        self.assertIsNone(port.writeSequence([b"a", b"", b"bc"], sock.getsockname()))
        self.assertEqual(sock.recv(10), b"abc")

    def test_longest(self):
        port, sock = self.listen(), self.socket()
        port.write(b"x" * 65507, sock.getsockname())
        self.assertEqual(len(sock.recv(65536)), 65507)
        self.assertRaises(
            error.MessageLengthError, port.write, b"x" * 65508, sock.getsockname()
        )
        port.connect(*sock.getsockname())
        self.assertRaises(error.MessageLengthError, port.write, b"x" * 65508)
        # Like test_NoWarningOnBroadcast, use this name as an address: it is not resolved.
        refused = self.assertRaises(OSError, self.listen().write, b"x", ("<broadcast>", 1))
        self.assertEqual(refused.errno, errno.EACCES)

    def test_wrong_destinations(self):
        port, port6, sock = self.listen(), self.listen(interface="::1"), self.socket()
        number = sock.getsockname()[1]
        for host in ("localhost", "127.1", "256.1.1.1", "", "::1", "0x7f.1"):
            self.assertRaises(error.InvalidAddressError, port.write, b"x", (host, number))
        for host in ("localhost", "127.0.0.1", "<broadcast>", "::1::"):
            self.assertRaises(error.InvalidAddressError, port6.write, b"x", (host, number))
        self.assertRaises(AssertionError, port.write, b"x")
        self.assertRaises(OverflowError, port.write, b"x", ("127.0.0.1", 70000))
        self.assertRaises(Exception, port.write, b"x", ("127.0.0.1", 0))
        port.write(b"right", sock.getsockname())
        self.assertEqual(sock.recv(10), b"right")

    def test_in_start(self):
        sock = self.socket()

        class Early(Recorder):
            def startProtocol(self):
                self.transport.connect(*sock.getsockname())
                self.transport.write(b"early")

        self.listen(Early())
        self.assertEqual(sock.recv(10), b"early")

    def test_broadcast_allowed(self):
        port = self.listen()
        self.assertFalse(port.getBroadcastAllowed())
        for allowed in (True, False):
            port.setBroadcastAllowed(allowed)
            self.assertEqual(port.getBroadcastAllowed(), allowed)

    @defer.inlineCallbacks
    def test_not_listening(self):
        port, sock = self.listen(), self.socket()
        yield port.stopListening()
        self.assertRaises(OSError, port.write, b"x", sock.getsockname())
        self.assertRaises(OSError, port.reconnect, *sock.getsockname())


class ConnectTests(Fixtures, unittest.TestCase):
    def test_connected(self):
        port, peer, stranger = self.listen(), self.socket(), self.socket()
        port.connect(*peer.getsockname())
        self.assertRaises(AssertionError, port.write, b"x", stranger.getsockname())
        port.write(b"hello", peer.getsockname())
        self.assertEqual(peer.recv(10), b"hello")

    @defer.inlineCallbacks
    def test_strangers_are_not_heard(self):
        recorder = Recorder()
        port, peer, stranger = self.listen(recorder), self.socket(), self.socket()
        # This datagram arrived earlier and is still in the kernel.
        stranger.sendto(b"early", address_of(port))
        port.connect(*peer.getsockname())
        stranger.sendto(b"late", address_of(port))
        peer.sendto(b"hello", address_of(port))
        yield recorder.received.get()
        self.assertEqual(recorder.events, ["start", b"hello"])

    @defer.inlineCallbacks
    def test_connect_elsewhere(self):
        recorder = Recorder()
        port, first, second = self.listen(recorder), self.socket(), self.socket()
        host = port.getHost()
        for peer, other in ((first, second), (second, first)):
            port.reconnect(*peer.getsockname())
            self.assertEqual(port.getHost(), host)
            port.write(b"hello")
            self.assertEqual(peer.recv(10), b"hello")
            other.sendto(b"stranger", address_of(port))
            peer.sendto(b"peer", address_of(port))
            data, address = yield recorder.received.get()
            self.assertEqual((data, address), (b"peer", peer.getsockname()))

        port.disconnect()
        self.assertEqual(port.getHost(), host)
        self.assertRaises(AssertionError, port.write, b"x")
        first.sendto(b"anybody", address_of(port))
        data, _ = yield recorder.received.get()
        self.assertEqual(data, b"anybody")

    def test_concrete_address(self):
        port, peer = self.listen(interface=""), self.socket()
        self.assertEqual(port.getHost().host, "0.0.0.0")
        port.connect(*peer.getsockname())
        self.assertEqual(port.getHost().host, "127.0.0.1")

    def test_wrong_peers(self):
        port, peer = self.listen(), self.socket()
        for host in ("localhost", "127.1", "", "::1"):
            self.assertRaises(error.InvalidAddressError, port.connect, host, 1)
        # After a failed connect the port is unconnected. In Twisted it counts as connected.
        port.connect(*peer.getsockname())
        port.write(b"hello")
        self.assertEqual(peer.recv(10), b"hello")


class ReceiveTests(Fixtures, unittest.TestCase):
    @defer.inlineCallbacks
    def test_one_after_the_other(self):
        # Like test_socketReadNormal.
        recorder = Recorder()
        port, sock = self.listen(recorder), self.socket()
        for batch in ((b"result", b"123"), (b"456",)):
            for data in batch:
                sock.sendto(data, address_of(port))
            for data in batch:
                received = yield recorder.received.get()
                self.assertEqual(received, (data, sock.getsockname()))
        self.assertEqual(recorder.events, ["start", b"result", b"123", b"456"])

    @defer.inlineCallbacks
    def test_truncated(self):
        recorder = Recorder()
        port, sock = self.listen(recorder, maxPacketSize=10), self.socket()
        for size in (9, 10, 11, 1000):
            sock.sendto(b"x" * size, address_of(port))
            data, _ = yield recorder.received.get()
            self.assertEqual(data, b"x" * min(size, 10))

    @defer.inlineCallbacks
    def test_empty(self):
        recorder = Recorder()
        port, sock = self.listen(recorder), self.socket()
        for data in (b"", b"", b"end"):
            sock.sendto(data, address_of(port))
        yield recorder.received.get()
        yield recorder.received.get()
        yield recorder.received.get()
        self.assertEqual(recorder.events, ["start", b"", b"", b"end"])

    @defer.inlineCallbacks
    def test_paused(self):
        recorder = Recorder()
        port, sock = self.listen(recorder), self.socket()
        port.pauseProducing()
        for data in (b"1", b"2"):
            sock.sendto(data, address_of(port))
        yield self.turns()
        self.assertEqual(recorder.events, ["start"])
        port.resumeProducing()
        yield recorder.received.get()
        yield recorder.received.get()
        self.assertEqual(recorder.events, ["start", b"1", b"2"])

    @defer.inlineCallbacks
    def test_paused_in_the_midst(self):
        class Pausing(Recorder):
            def datagramReceived(self, data, addr):
                super().datagramReceived(data, addr)
                self.transport.pauseProducing()

        pausing = Pausing()
        port, sock = self.listen(pausing), self.socket()
        for i in range(5):
            sock.sendto(b"%d" % i, address_of(port))
        for i in range(5):
            data, _ = yield pausing.received.get()
            yield self.turns()
            self.assertEqual(pausing.events, ["start"] + [b"%d" % j for j in range(i + 1)])
            port.resumeProducing()

    @defer.inlineCallbacks
    def test_nobody_holds_the_port(self):
        recorder = Recorder()
        port, sock = self.listen(recorder), self.socket()
        address = address_of(port)
        reactor.gudpxPorts.discard(port)
        del port
        import gc

        gc.collect()
        sock.sendto(b"hello", address)
        data, _ = yield recorder.received.get()
        self.assertEqual(data, b"hello")


class AddressTests(Fixtures, unittest.TestCase):
    def test_hosts(self):
        for interface, host, kind in (
            ("", "0.0.0.0", IPv4Address),
            ("127.0.0.1", "127.0.0.1", IPv4Address),
            ("::", "::", IPv6Address),
            ("::1", "::1", IPv6Address),
        ):
            port = self.listen(interface=interface)
            self.assertIsInstance(port.getHost(), kind)
            self.assertEqual(port.getHost().host, host)
            self.assertEqual(port.getHost().type, "UDP")
            self.assertGreater(port.getHost().port, 0)

    def test_wrong_interfaces(self):
        for interface in ("localhost", "127.1", "256.1.1.1", "example.com", "::1::"):
            recorder = Recorder()
            self.assertRaises(error.InvalidAddressError, self.listen, recorder, interface)
            self.assertEqual(recorder.events, [])
        # An address that the system rejects causes another error.
        refused = self.assertRaises(error.CannotListenError, self.listen, None, "192.0.2.1")
        self.assertEqual(refused.socketError.errno, errno.EADDRNOTAVAIL)
        self.assertEqual(refused.interface, "192.0.2.1")
        refused = self.assertRaises(error.CannotListenError, self.listen, None, "fe80::1")
        self.assertEqual(refused.socketError.errno, errno.EINVAL)

    def test_wrong_numbers(self):
        for number, exception in ((-1, OverflowError), (65536, OverflowError), (None, TypeError)):
            recorder = Recorder()
            self.assertRaises(exception, self.listen, recorder, port=number)
            self.assertEqual(recorder.events, [])

    @defer.inlineCallbacks
    def test_ipv4_on_a_dual_stack_port(self):
        class Echo(Recorder):
            def datagramReceived(self, data, addr):
                super().datagramReceived(data, addr)
                self.transport.write(data, addr)

        echo = Echo()
        number = self.listen(echo, interface="::").getHost().port
        for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
            sock = self.socket(family, (host, 0))
            sock.sendto(b"hello", (host, number))
            _, address = yield echo.received.get()
            self.assertEqual(address, sock.getsockname()[:2])
            self.assertEqual(sock.recv(10), b"hello")


class ResolveTests(Fixtures, unittest.TestCase):
    def test_at_once(self):
        for name, address in (("", "0.0.0.0"), ("192.0.2.7", "192.0.2.7")):
            self.assertEqual(self.successResultOf(reactor.resolve(name)), address)

    @defer.inlineCallbacks
    def test_localhost(self):
        address = yield reactor.resolve("localhost")
        self.assertEqual(address, "127.0.0.1")

    @defer.inlineCallbacks
    def test_no_ipv4_address(self):
        for name in ("::1", "256.1.1.1", "x" * 300):
            yield self.assertFailure(reactor.resolve(name), error.DNSLookupError)

    @defer.inlineCallbacks
    def test_resolve_host_name(self):
        for name, types, expected in (
            ("::1", None, IPv6Address("UDP", "::1", 53)),
            ("127.0.0.1", [IPv4Address], IPv4Address("UDP", "127.0.0.1", 53)),
            ("127.0.0.1", [IPv6Address], None),
        ):
            events = []
            complete = defer.Deferred()

            class Receiver:
                def resolutionBegan(self, resolution):
                    events.append(resolution.name)

                def addressResolved(self, address):
                    events.append(address)

                def resolutionComplete(self):
                    complete.callback(None)

            reactor.nameResolver.resolveHostName(Receiver(), name, 53, types, "UDP")
            self.assertEqual(events, [name])
            yield complete
            self.assertEqual(events[1:], [expected] if expected else [])


class UnixTests(Fixtures, unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.path = os.path.join(directory.name, "server")
        self.client_path = os.path.join(directory.name, "client")

    def listen_unix(self, protocol, path):
        port = reactor.listenUNIXDatagram(path, protocol)
        self.addCleanup(port.stopListening)
        return port

    @defer.inlineCallbacks
    def test_the_same_path_again(self):
        # Twisted leaves the file, and then the address is in use.
        for _ in range(3):
            port = self.listen_unix(Recorder(), self.path)
            yield port.stopListening()
            self.assertFalse(os.path.exists(self.path))

    @defer.inlineCallbacks
    def test_exchange(self):
        for path in (self.path, "\0" + self.path):
            recorder = Recorder()
            port = self.listen_unix(recorder, path)
            self.assertEqual(port.getHost(), UNIXAddress(path))
            sock = self.socket(socket.AF_UNIX, self.client_path)
            sock.sendto(b"hello", path)
            received = yield recorder.received.get()
            self.assertEqual(received, (b"hello", self.client_path))
            port.write(b"good day", self.client_path)
            self.assertEqual(sock.recvfrom(10)[0], b"good day")
            os.unlink(self.client_path)

    @defer.inlineCallbacks
    def test_unbound_sender(self):
        recorder = Recorder()
        self.listen_unix(recorder, self.path)
        self.socket(socket.AF_UNIX, None).sendto(b"hello", self.path)
        received = yield recorder.received.get()
        self.assertEqual(received, (b"hello", None))

    @defer.inlineCallbacks
    def test_connected(self):
        class Client(protocol.ConnectedDatagramProtocol):
            noisy = False

            def __init__(self):
                self.received = defer.DeferredQueue()

            def datagramReceived(self, data):
                reactor.callLater(0, self.received.put, data)

        server, client = self.socket(socket.AF_UNIX, self.path), Client()
        port = reactor.connectUNIXDatagram(self.path, client, bindAddress=self.client_path)
        self.addCleanup(port.stopListening)
        self.assertEqual(port.getPeer(), UNIXAddress(self.path))
        port.write(b"hello")
        self.assertEqual(server.recvfrom(10), (b"hello", self.client_path))
        server.sendto(b"good day", self.client_path)
        data = yield client.received.get()
        self.assertEqual(data, b"good day")

    def test_nobody_there(self):
        class Client(protocol.ConnectedDatagramProtocol):
            failure = None

            def startProtocol(self):
                raise AssertionError("there is nothing to start")

            def connectionFailed(self, failure):
                self.failure = failure

        client = Client()
        reactor.connectUNIXDatagram(self.path, client)
        self.assertIsInstance(client.failure.value, OSError)
        self.assertEqual(client.failure.value.errno, errno.ENOENT)


if __name__ == "__main__":
    main()
