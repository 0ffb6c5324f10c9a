# SPDX-License-Identifier: LGPL-2.1-or-later
"""gudpx from Python. Variants: “hook” (data and sender, as in Twisted) and “datagram” (the virtual
function, with an object for each datagram). The suffix “-plain” turns offload off.

subject.h describes usage and modes."""

import socket
import sys

import gi
gi.require_version('Gudpx', '1')
from gi.repository import GLib, Gudpx  # noqa: E402

BUFFER_SIZE = 4 * 1024 * 1024
ANSWERS = {'receive': 0, 'echo': 1, 'send': 64}
UDP_GRO = 104
SO_NO_CHECK = 11

variant, mode, first_port = sys.argv[1:4]
n_ports = int(sys.argv[4]) if len(sys.argv) > 4 else 1
n_answers = ANSWERS[mode]


class HookReceive(Gudpx.DatagramProtocol):
    def datagram_received(self, data, sender):
        pass


class HookEcho(Gudpx.DatagramProtocol):
    def datagram_received(self, data, sender):
        self.transport.write(data, sender)


class HookSend(Gudpx.DatagramProtocol):
    def datagram_received(self, data, sender):
        for _ in range(n_answers):
            self.transport.write(data, sender)


class Receive(Gudpx.DatagramProtocol):
    def do_datagram_received(self, datagram):
        datagram.get_payload()


class Answer(Gudpx.DatagramProtocol):
    def do_datagram_received(self, datagram):
        payload = datagram.get_payload()
        for _ in range(n_answers):
            datagram.reply(payload)


def set_up(port):
    sock = socket.socket(fileno=socket.dup(port.get_socket().get_fd()))
    with sock:
        if n_ports == 1:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_SIZE)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER_SIZE)
        if variant.endswith('-plain'):
            sock.setsockopt(socket.IPPROTO_UDP, UDP_GRO, 0)
            # The kernel segments datagrams only if they have a checksum.
            sock.setsockopt(socket.SOL_SOCKET, SO_NO_CHECK, 1)


if variant.startswith('hook'):
    kind = {0: HookReceive, 1: HookEcho}.get(n_answers, HookSend)
else:
    kind = Answer if n_answers else Receive
for number in range(int(first_port), int(first_port) + n_ports):
    set_up(Gudpx.listen_udp(number, kind(), '127.0.0.1'))
print('ready', flush=True)
GLib.MainLoop().run()
