# SPDX-License-Identifier: LGPL-2.1-or-later
"""Other libraries for Python: variants “twisted”, “asyncio” and “uvloop”.

subject.h describes usage and modes."""

import asyncio
import socket
import sys

BUFFER_SIZE = 4 * 1024 * 1024
ANSWERS = {'receive': 0, 'echo': 1, 'send': 64}


def set_buffers(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_SIZE)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER_SIZE)


def run_twisted(n_answers, ports):
    from twisted.internet import protocol, reactor

    class Receive(protocol.DatagramProtocol):
        def datagramReceived(self, data, sender):
            pass

    class Echo(protocol.DatagramProtocol):
        def datagramReceived(self, data, sender):
            self.transport.write(data, sender)

    class Send(protocol.DatagramProtocol):
        def datagramReceived(self, data, sender):
            for _ in range(n_answers):
                self.transport.write(data, sender)

    kind = {0: Receive, 1: Echo}.get(n_answers, Send)
    for number in ports:
        port = reactor.listenUDP(number, kind(), interface='127.0.0.1', maxPacketSize=65536)
        if len(ports) == 1:
            set_buffers(port.socket)
    print('ready', flush=True)
    reactor.run()


def run_asyncio(n_answers, ports):
    class Receive(asyncio.DatagramProtocol):
        def connection_made(self, transport):
            self.transport = transport

        def datagram_received(self, data, sender):
            pass

    class Echo(Receive):
        def datagram_received(self, data, sender):
            self.transport.sendto(data, sender)

    class Send(Receive):
        def datagram_received(self, data, sender):
            for _ in range(n_answers):
                self.transport.sendto(data, sender)

    async def serve():
        loop = asyncio.get_running_loop()
        kind = {0: Receive, 1: Echo}.get(n_answers, Send)
        for number in ports:
            transport, _ = await loop.create_datagram_endpoint(
                kind, local_addr=('127.0.0.1', number))
            if len(ports) == 1:
                set_buffers(transport.get_extra_info('socket'))
        print('ready', flush=True)
        await asyncio.Event().wait()

    asyncio.run(serve())


def main():
    variant, mode, first = sys.argv[1:4]
    n_ports = int(sys.argv[4]) if len(sys.argv) > 4 else 1
    ports = range(int(first), int(first) + n_ports)
    if variant == 'twisted':
        run_twisted(ANSWERS[mode], ports)
    else:
        if variant == 'uvloop':
            import uvloop
            uvloop.install()
        run_asyncio(ANSWERS[mode], ports)


main()
