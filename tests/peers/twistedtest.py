# SPDX-License-Identifier: LGPL-2.1-or-later
"""Helpers of the tests that use Gudpx through Twisted's API."""

import importlib.util
import socket
import sys

if importlib.util.find_spec("twisted") is None:
    print("1..0 # SKIP Twisted is missing")
    sys.exit()

import gudpxreactor

reactor = gudpxreactor.install()

import tap  # noqa: E402
from twisted.internet import defer, protocol  # noqa: E402
from twisted.logger import globalLogBeginner  # noqa: E402

TIME_LIMIT = 120


class Recorder(protocol.DatagramProtocol):
    """Records events in order, and keeps events to wait for in queues.

    A waiting test continues from the main loop and not inside of a handler, because datagrams that
    a handler writes are sent only after its end."""

    noisy = False

    def __init__(self):
        self.events = []
        self.received = defer.DeferredQueue()
        self.refused = defer.DeferredQueue()

    def startProtocol(self):
        self.events.append("start")

    def stopProtocol(self):
        self.events.append("stop")

    def datagramReceived(self, data, addr):
        self.events.append(data)
        reactor.callLater(0, self.received.put, (data, addr))

    def connectionRefused(self):
        self.events.append("refused")
        reactor.callLater(0, self.refused.put, None)


class Fixtures:
    timeout = TIME_LIMIT

    def listen(self, protocol=None, interface="127.0.0.1", port=0, method="listenUDP", **keywords):
        protocol = protocol or Recorder()
        method = getattr(reactor, method)
        transport = method(port, protocol, interface=interface, **keywords)
        self.addCleanup(transport.stopListening)
        return transport

    def socket(self, family=socket.AF_INET, address=("127.0.0.1", 0)):
        sock = socket.socket(family, socket.SOCK_DGRAM)
        self.addCleanup(sock.close)
        sock.settimeout(TIME_LIMIT)
        if address is not None:
            sock.bind(address)
        return sock

    def deaf_port(self):
        """Returns a free port number: the number of a socket that was just closed."""
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind(("127.0.0.1", 0))
        number = sock.getsockname()[1]
        sock.close()
        return number

    def turns(self, n=20):
        """Returns a Deferred that fires after some iterations of the main loop, when all immediate
        work is done."""
        result = defer.Deferred()

        def turn(left):
            if left == 0:
                result.callback(None)
            else:
                reactor.callLater(0, turn, left - 1)

        turn(n)
        return result


def address_of(transport):
    host = transport.getHost()
    return host.host, host.port


def main():
    globalLogBeginner.beginLoggingTo([], discardBuffer=True, redirectStandardIO=False)
    tap.main()
