# SPDX-License-Identifier: LGPL-2.1-or-later
"""Simulates a network that loses datagrams, between a TFTP client and a server."""

import random
import select
import socket
import threading


class LossyRelay(threading.Thread):
    """Acts as the server, and loses a share of the datagrams. A seed always loses the same
    datagrams. Requests are never lost, because clients repeat them only after seconds."""

    def __init__(self, server, share, seed):
        super().__init__(daemon=True)
        self.lost = self.carried = 0
        self._server = server
        self._share = share
        self._random = random.Random(seed)
        self._requests, self._to_client, self._to_server = self._sockets = [
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(3)
        ]
        for sock in self._sockets:
            sock.bind(("127.0.0.1", 0))
        self._wake, self._woken = socket.socketpair()
        self._client = self._transfer = None
        self.address = self._requests.getsockname()

    def run(self):
        while True:
            ready, _, _ = select.select([self._woken, *self._sockets], [], [])
            if self._woken in ready:
                return
            for sock in ready:
                self._carry(sock, *sock.recvfrom(65536))

    def close(self):
        self._wake.close()
        self.join()
        for sock in (self._woken, *self._sockets):
            sock.close()

    def _carry(self, sock, data, sender):
        if sock is self._requests:
            self._client = sender
            self._to_server.sendto(data, self._server)
        elif self._random.random() < self._share:
            self.lost += 1
        elif sock is self._to_server:
            self.carried += 1
            self._transfer = sender
            self._to_client.sendto(data, self._client)
        else:
            self.carried += 1
            self._to_server.sendto(data, self._transfer)
