#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Asks chrony and misbehaving servers for the time."""

import struct
import threading
import time

import protocoltest
from protocoltest import ProtocolTestCase

NTP_PORT = 123
EPOCH = 2208988800


class Sntp(ProtocolTestCase):
    def start_chrony(self):
        directory = self.directory()
        config = directory / "chrony.conf"
        # Serve the local time, and do not change the clock (-x).
        config.write_text(
            f"local stratum 10\nallow\ncmdport 0\nbindcmdaddress /\npidfile {directory}/pid\n",
            encoding="ascii",
        )
        chrony = self.start_foreign("chronyd", "-x", "-d", "-u", "root", "-f", str(config))
        chrony.wait_for("chronyd version .* starting")
        return chrony

    def ask(self, *arguments):
        (line,) = self.run_example("sntp-client", "--timeout", "60000", *arguments, language="c")
        self.assertRegex(
            line, r"^offset [+-]\d+\.\d{6} s, delay -?\d+\.\d{6} s, stratum \d+, "
                  r"arrival by the kernel$"
        )
        return line

    def test_chrony(self):
        self.start_chrony()
        self.retry(self.is_answering, "answer of chrony")
        for host in ("127.0.0.1", "::1", "localhost", "10.99.0.1"):
            line = self.ask(host)
            self.assertIn("stratum 10", line)
            # Client and server use the same clock. With a wrong formula or epoch the offset would
            # be years.
            self.assertLess(abs(float(line.split()[1])), 60)

    def is_answering(self):
        client = self.start("sntp-client", "--timeout", "2000", "127.0.0.1", language="c")
        return client.wait() == 0

    def serve(self, answer, times=1):
        """Starts a server that answers with the packets that a function returns."""
        sock = self.socket()
        sock.bind(("127.0.0.1", 0))

        def run():
            request, client = sock.recvfrom(100)
            for packet in answer(request):
                sock.sendto(packet, client)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        self.addCleanup(thread.join, protocoltest.TIME_LIMIT)
        return ("127.0.0.1", "--port", sock.getsockname()[1])

    def packet(self, request, off=0, first=0x24, stratum=1, size=48):
        now = struct.pack("!I", int(time.time() + EPOCH + off) % 2**32) + bytes(4)
        packet = bytes([first, stratum]) + bytes(22) + request[40:48] + now + now
        return packet[:size]

    def test_offset(self):
        # Test clocks that are fast, slow, and past the overflow of the timestamps in 2036.
        for off in (1000, -1000, 20 * 365 * 86400):
            line = self.ask(*self.serve(lambda request, off=off: [self.packet(request, off)]))
            self.assertLess(abs(float(line.split()[1]) - off), 60)

    def test_request(self):
        requests = []

        def answer(request):
            requests.append(request)
            return [self.packet(request)]

        for _ in range(2):
            self.ask(*self.serve(answer))
        for request in requests:
            self.assertEqual((len(request), request[0], request[1:40]), (48, 0x23, bytes(39)))
        self.assertNotEqual(*requests)

    def test_what_is_wrong_is_left_out(self):
        def answer(request):
            return [
                b"",
                self.packet(request, size=47),
                self.packet(request, first=0x23),
                self.packet(bytes(48)),
                self.packet(request, stratum=0),
                self.packet(request, first=0xE4),
                self.packet(request, 5000),
                self.packet(request, 9000),
            ]

        client = self.start("sntp-client", "--timeout", "60000", *self.serve(answer), language="c")
        self.assertEqual(client.wait(), 0, client.output)
        *faults, result = client.lines
        self.assertEqual(
            [fault.removeprefix("sntp-client: ") for fault in faults],
            ["ignored a datagram: not from a time server"] * 3 + [
                "ignored a datagram: the answer to another request",
                "the server rejects requests",
                "the server does not know the time",
            ],
        )
        self.assertLess(abs(float(result.split()[1]) - 5000), 60)

    def test_errors(self):
        silent = self.socket()
        silent.bind(("127.0.0.1", 0))
        port = silent.getsockname()[1]
        for arguments, message in (
            ([], "give one host"),
            (["127.0.0.1"], "no time server is listening"),
            (["--port", port, "--timeout", "50", "127.0.0.1"], "no answer in time"),
            (["--port", "0", "127.0.0.1"], "invalid port"),
            (["198.51.100.1"], "198.51.100.1.*unreachable"),
            (["no-such-host.invalid"], "no-such-host.invalid"),
        ):
            self.assert_fails("sntp-client", *arguments, message=message, language="c")


if __name__ == "__main__":
    protocoltest.tap.main()
