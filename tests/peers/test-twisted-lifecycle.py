#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests starting, stopping and refusals through Twisted's API: cases in which Gudpx does what
Twisted documents, and twisted.internet.udp does not."""

import errno
import os
import socket

from twistedtest import Fixtures, Recorder, address_of, main, reactor

from gudpxreactor import GudpxReactor
from twisted.internet import defer, error, protocol
from twisted.internet.test.reactormixins import ReactorBuilder
from twisted.trial import unittest


class ExpectedError(Exception):
    pass


class StopTests(Fixtures, unittest.TestCase):
    @defer.inlineCallbacks
    def test_restart_reads(self):
        recorder = Recorder()
        port = self.listen(recorder)
        yield port.stopListening()
        port.startListening()
        self.socket().sendto(b"hello", address_of(port))
        yield recorder.received.get()
        self.assertEqual(recorder.events, ["start", "stop", "start", b"hello"])

    @defer.inlineCallbacks
    def test_restart_keeps_the_number_that_was_asked_for(self):
        number = self.deaf_port()
        port = self.listen(port=number)
        yield port.stopListening()
        port.startListening()
        self.assertEqual(port.getHost().port, number)

    @defer.inlineCallbacks
    def test_second_stop_is_answered(self):
        recorder = Recorder()
        port = self.listen(recorder)
        yield defer.gatherResults([port.stopListening(), port.stopListening()])
        self.assertEqual(recorder.events, ["start", "stop"])
        self.assertIsNone(port.stopListening())

    @defer.inlineCallbacks
    def test_stop_of_what_was_just_restarted(self):
        recorder = Recorder()
        port = self.listen(recorder)

        def restart(ignored):
            port.startListening()
            return port.stopListening()

        yield port.stopListening().addCallback(restart)
        self.assertEqual(recorder.events, ["start", "stop", "start", "stop"])

    @defer.inlineCallbacks
    def test_stop_while_datagrams_are_delivered(self):
        class Stopping(Recorder):
            def datagramReceived(self, data, addr):
                super().datagramReceived(data, addr)
                self.stopped = self.transport.stopListening()

        stopping = Stopping()
        address = address_of(self.listen(stopping))
        sock = self.socket()
        for i in range(20):
            sock.sendto(b"%d" % i, address)
        yield stopping.received.get()
        yield stopping.stopped
        yield self.turns()
        self.assertEqual(stopping.events, ["start", b"0", "stop"])

    @defer.inlineCallbacks
    def test_connection_lost_while_datagrams_are_delivered(self):
        class Lost(Recorder):
            def datagramReceived(self, data, addr):
                super().datagramReceived(data, addr)
                self.transport.connectionLost()
                self.events.append("returned")

        lost = Lost()
        address = address_of(self.listen(lost))
        sock = self.socket()
        for i in range(20):
            sock.sendto(b"%d" % i, address)
        yield lost.received.get()
        yield self.turns()
        self.assertEqual(lost.events, ["start", b"0", "stop", "returned"])

    @defer.inlineCallbacks
    def test_stop_does_not_call_back_at_once(self):
        recorder = Recorder()
        port = self.listen(recorder)
        stopped = port.stopListening()
        self.assertEqual(recorder.events, ["start"])
        self.assertFalse(stopped.called)
        yield stopped

    @defer.inlineCallbacks
    def test_stop_in_start(self):
        class Stopping(Recorder):
            def startProtocol(self):
                super().startProtocol()
                self.stopped = self.transport.stopListening()

        stopping = Stopping()
        self.listen(stopping)
        self.assertEqual(stopping.events, ["start"])
        yield stopping.stopped
        self.assertEqual(stopping.events, ["start", "stop"])

    @defer.inlineCallbacks
    def test_listen_in_stop(self):
        class Again(Recorder):
            again = None

            def stopProtocol(inner):
                super().stopProtocol()
                if inner.again is None:
                    inner.again = self.listen(inner)

        again = Again()
        yield self.listen(again).stopListening()
        self.assertEqual(again.events, ["start", "stop", "start"])
        self.assertIs(again.transport, again.again)
        self.socket().sendto(b"hello", address_of(again.again))
        data, _ = yield again.received.get()
        self.assertEqual(data, b"hello")

    @defer.inlineCallbacks
    def check_what_was_written_leaves(self, stop):
        class Answering(Recorder):
            def datagramReceived(self, data, addr):
                super().datagramReceived(data, addr)
                for i in range(3):
                    self.transport.write(b"%d" % i, addr)
                self.stopped = stop(self.transport)

        answering = Answering()
        sock = self.socket()
        sock.sendto(b"hello", address_of(self.listen(answering)))
        yield answering.received.get()
        yield answering.stopped
        self.assertEqual([sock.recv(10) for _ in range(3)], [b"0", b"1", b"2"])

    def test_what_was_written_leaves_before_the_stop(self):
        return self.check_what_was_written_leaves(lambda port: port.stopListening())

    def test_what_was_written_leaves_before_the_connection_is_lost(self):
        return self.check_what_was_written_leaves(lambda port: port.connectionLost())


class ExceptionTests(Fixtures, unittest.TestCase):
    def test_in_start(self):
        class Failing(Recorder):
            def startProtocol(self):
                raise ExpectedError()

        failing = Failing()
        number = self.deaf_port()
        self.assertRaises(ExpectedError, self.listen, failing, port=number)
        self.assertIsNone(failing.transport)
        # The number must be free again.
        self.listen(port=number)

    @defer.inlineCallbacks
    def test_in_stop(self):
        class Failing(Recorder):
            def stopProtocol(self):
                raise ExpectedError()

        port = self.listen(Failing())
        number = port.getHost().port
        yield port.stopListening()
        self.assertEqual(len(self.flushLoggedErrors(ExpectedError)), 1)
        self.listen(port=number)

    @defer.inlineCallbacks
    def test_in_connection_refused(self):
        class Failing(Recorder):
            def connectionRefused(self):
                super().connectionRefused()
                raise ExpectedError()

        failing = Failing()
        port = self.listen(failing)
        sock = self.socket()
        port.connect("127.0.0.1", self.deaf_port())
        port.write(b"hello")
        yield failing.refused.get()
        port.reconnect(*sock.getsockname())
        port.write(b"still here")
        self.assertEqual(sock.recv(20), b"still here")
        self.assertEqual(len(self.flushLoggedErrors(ExpectedError)), 1)

    @defer.inlineCallbacks
    def test_any_exception_in_datagram_received(self):
        for exception in (ExpectedError, KeyboardInterrupt, SystemExit):

            class Failing(Recorder):
                def datagramReceived(self, data, addr):
                    super().datagramReceived(data, addr)
                    raise exception()

            failing = Failing()
            address = address_of(self.listen(failing))
            sock = self.socket()
            for _ in range(2):
                sock.sendto(b"hello", address)
                yield failing.received.get()
            self.assertEqual(len(self.flushLoggedErrors(exception)), 2)


class RefusalTests(Fixtures, unittest.TestCase):
    @defer.inlineCallbacks
    def test_noticed_while_idle(self):
        # Twisted's GLib and epoll reactors close the port.
        recorder = Recorder()
        port = self.listen(recorder)
        number = self.deaf_port()
        port.connect("127.0.0.1", number)
        port.write(b"hello")
        yield recorder.refused.get()

        sock = self.socket(address=("127.0.0.1", number))
        port.write(b"hello again")
        data, address = sock.recvfrom(20)
        self.assertEqual((data, address), (b"hello again", address_of(port)))
        sock.sendto(b"good day", address)
        data, _ = yield recorder.received.get()
        self.assertEqual(data, b"good day")
        self.assertEqual(recorder.events, ["start", "refused", b"good day"])

    @defer.inlineCallbacks
    def test_does_not_lose_the_next_datagram(self):
        recorder = Recorder()
        port = self.listen(recorder)
        number = self.deaf_port()
        port.connect("127.0.0.1", number)
        port.write(b"lost")
        # The refusal has arrived, but is not reported yet.
        sock = self.socket(address=("127.0.0.1", number))
        self.assertEqual(port.write(b"hello"), 5)
        self.assertEqual(sock.recv(10), b"hello")
        yield recorder.refused.get()

    @defer.inlineCallbacks
    def test_each_is_told(self):
        recorder = Recorder()
        port = self.listen(recorder)
        port.connect("127.0.0.1", self.deaf_port())
        for _ in range(5):
            port.write(b"hello")
            yield recorder.refused.get()
        self.assertEqual(recorder.events, ["start"] + 5 * ["refused"])

    @defer.inlineCallbacks
    def test_unconnected(self):
        recorder = Recorder()
        port = self.listen(recorder)
        sock = self.socket()
        for _ in range(5):
            port.write(b"lost", ("127.0.0.1", self.deaf_port()))
            port.write(b"hello", sock.getsockname())
            self.assertEqual(sock.recv(10), b"hello")
        yield self.turns()
        sock.sendto(b"good day", address_of(port))
        yield recorder.received.get()
        self.assertEqual(recorder.events, ["start", b"good day"])

    @defer.inlineCallbacks
    def test_between_datagrams(self):
        recorder = Recorder()
        port = self.listen(recorder)
        peer = self.socket()
        number = peer.getsockname()[1]
        port.connect("127.0.0.1", number)
        peer.sendto(b"before", address_of(port))
        peer.close()
        port.write(b"lost")
        peer = self.socket(address=("127.0.0.1", number))
        peer.sendto(b"after", address_of(port))
        yield recorder.refused.get()
        for expected in (b"before", b"after"):
            data, _ = yield recorder.received.get()
            self.assertEqual(data, expected)

    @defer.inlineCallbacks
    def test_stop_in_connection_refused(self):
        class Stopping(Recorder):
            def connectionRefused(self):
                super().connectionRefused()
                self.stopped = self.transport.stopListening()

        stopping = Stopping()
        port = self.listen(stopping)
        port.connect("127.0.0.1", self.deaf_port())
        port.write(b"hello")
        yield stopping.refused.get()
        yield stopping.stopped
        self.assertEqual(stopping.events, ["start", "refused", "stop"])


class SeveralPortsTests(Fixtures, unittest.TestCase):
    @defer.inlineCallbacks
    def test_one_protocol(self):
        recorder = Recorder()
        first = self.listen(recorder)
        second = self.listen(recorder, interface="::1")
        self.assertEqual(recorder.events, ["start"])
        self.assertIs(recorder.transport, second)

        for port, family in ((first, socket.AF_INET), (second, socket.AF_INET6)):
            host = address_of(port)[0]
            self.socket(family, (host, 0)).sendto(host.encode(), address_of(port))
            data, sender = yield recorder.received.get()
            self.assertEqual((data, sender[0]), (host.encode(), host))

        yield second.stopListening()
        self.assertNotIn("stop", recorder.events)
        self.assertIs(recorder.transport, first)
        yield first.stopListening()
        self.assertEqual(recorder.events[-1], "stop")
        self.assertEqual(recorder.events.count("stop"), 1)
        self.assertIsNone(recorder.transport)

    @defer.inlineCallbacks
    def test_started_again_with_another(self):
        recorder = Recorder()
        for _ in range(3):
            yield self.listen(recorder).stopListening()
        self.assertEqual(recorder.events, 3 * ["start", "stop"])


class AdoptTests(Fixtures, unittest.TestCase):
    def adopt(self, sock, family=None, protocol=None):
        port = reactor.adoptDatagramPort(sock.fileno(), family or sock.family,
                                         protocol or Recorder())
        self.addCleanup(port.stopListening)
        return port

    @defer.inlineCallbacks
    def test_blocking(self):
        # Twisted hangs here.
        recorder = Recorder()
        sock = self.socket()
        sock.setblocking(True)
        port = self.adopt(sock, protocol=recorder)
        self.socket().sendto(b"hello", address_of(port))
        yield recorder.received.get()
        yield self.turns()
        self.assertEqual(recorder.events, ["start", b"hello"])

    @defer.inlineCallbacks
    def test_connected(self):
        # Twisted does not notice that the socket is connected.
        recorder = Recorder()
        peer = self.socket()
        sock = self.socket()
        sock.connect(peer.getsockname())
        port = self.adopt(sock, protocol=recorder)
        port.write(b"hello")
        self.assertEqual(peer.recv(10), b"hello")
        peer.close()
        port.write(b"lost")
        yield recorder.refused.get()

    def test_unbound(self):
        port = self.adopt(self.socket(address=None))
        peer = self.socket()
        port.write(b"hello", peer.getsockname())
        self.assertEqual(peer.recv(10), b"hello")

    def test_what_is_none(self):
        stream = socket.socket()
        self.addCleanup(stream.close)
        read_end, write_end = os.pipe()
        self.addCleanup(os.close, read_end)
        self.addCleanup(os.close, write_end)
        ipv6 = self.socket(socket.AF_INET6, ("::1", 0))
        for fd, family in (
            (stream.fileno(), socket.AF_INET),
            (read_end, socket.AF_INET),
            (ipv6.fileno(), socket.AF_INET),
            (self.socket().fileno(), socket.AF_INET6),
        ):
            recorder = Recorder()
            self.assertRaises(OSError, reactor.adoptDatagramPort, fd, family, recorder)
            self.assertEqual(recorder.events, [])

    @defer.inlineCallbacks
    def test_stopped(self):
        sock = self.socket()
        port = self.adopt(sock)
        yield port.stopListening()
        self.assertRaises(OSError, port.startListening)
        # The caller's socket still works.
        self.socket().sendto(b"hello", sock.getsockname())
        self.assertEqual(sock.recv(10), b"hello")


class BusyTests(Fixtures, unittest.TestCase):
    def test_address_in_use(self):
        port = self.listen()
        for method in ("listenUDP", "listenMulticast"):
            busy = self.assertRaises(
                error.CannotListenError, self.listen, port=port.getHost().port, method=method
            )
            self.assertEqual(busy.socketError.errno, errno.EADDRINUSE)

    def flood(self):
        """Returns a protocol whose port always has a datagram waiting: for each received datagram,
        another socket immediately sends one more."""
        sock = self.socket()

        class Endless(protocol.DatagramProtocol):
            noisy = False
            received = 0

            def datagramReceived(self, data, addr):
                self.received += 1
                sock.sendto(data, address)

        endless = Endless()
        address = address_of(self.listen(endless))
        for _ in range(50):
            sock.sendto(b"x" * 100, address)
        return endless

    @defer.inlineCallbacks
    def test_flood_does_not_starve_timers(self):
        endless = self.flood()
        for _ in range(10):
            yield self.turns()
        # Timers must not starve the port either.
        count = endless.received
        while endless.received == count:
            yield self.turns()

    @defer.inlineCallbacks
    def test_flood_does_not_starve_another_port(self):
        self.flood()
        recorder = Recorder()
        self.socket().sendto(b"hello", address_of(self.listen(recorder)))
        yield recorder.received.get()


class ShutdownTests(ReactorBuilder, unittest.SynchronousTestCase):
    reactorFactory = GudpxReactor

    def test_all_ports_are_stopped(self):
        reactor = self.buildReactor()
        recorders = [Recorder() for _ in range(3)]
        for recorder in recorders:
            reactor.listenUDP(0, recorder, interface="127.0.0.1")
        reactor.callWhenRunning(reactor.stop)
        self.runReactor(reactor)
        for recorder in recorders:
            self.assertEqual(recorder.events, ["start", "stop"])


if __name__ == "__main__":
    main()
