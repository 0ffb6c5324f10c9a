#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Sends metrics to the example with Python's statsd client, and with hand-written lines."""

import os
import signal

import protocoltest
from protocoltest import ProtocolTestCase

try:
    import statsd
except ImportError:
    statsd = None


class StatsD(ProtocolTestCase):
    def start_counter(self, *arguments):
        counter = self.start("statsd", "--port", "0", *arguments, language="vala")
        match = counter.wait_for(r"^listening on \[?([^\]]*)\]?:(\d+)$")
        return counter, match[1], int(match[2])

    def finish(self, counter, number=signal.SIGTERM):
        """Ends the example, and returns its last report."""
        os.kill(counter.pid, number)
        self.assertEqual(counter.wait(), 0, counter.output)
        self.check_lines(counter)
        self.assertEqual(counter.lines[-1], "flushed")
        return counter.lines[1:-1]

    def count(self, *datagrams):
        """Sends datagrams and returns the report. The first bad line is printed immediately, and
        shows that the datagrams before it were read."""
        counter, host, port = self.start_counter()
        sock = self.connected_socket(host, port)
        for datagram in datagrams:
            sock.send(datagram)
        sock.send(b"end")
        counter.wait_for('^"end" is not "name:value.kind"$')
        lines = self.finish(counter)
        self.assertEqual(lines[-1], "1 bad lines")
        return lines[1:-1]

    def test_client_of_python(self):
        if statsd is None:
            self.skipTest("Python's statsd is missing")
        counter, host, port = self.start_counter("--interval", "1")
        client = statsd.StatsClient(host, port, prefix="shop")
        with client.pipeline() as pipe:
            pipe.incr("sales")
            pipe.incr("sales", 4)
            pipe.decr("sales", 2)
            pipe.gauge("stock", 70)
            pipe.gauge("stock", -3, delta=True)
            pipe.timing("checkout", 320)
            pipe.set("visitors", "alice")
            pipe.set("visitors", "bob")
            pipe.set("visitors", "alice")
        # The report comes when the interval is over.
        for line in (
            r"^shop\.checkout ms: count 1, mean 320, median 320, 90 % up to 320, max 320$",
            r"^shop\.sales c: 3$",
            r"^shop\.stock g: 67$",
            r"^shop\.visitors s: 2$",
            r"^flushed$",
        ):
            counter.wait_for(line)
        # A gauge keeps its value.
        counter.wait_for(r"^shop\.stock g: 67$")
        self.finish(counter)
        self.assertEqual(sum("sales" in line for line in counter.lines), 1)

    def test_lines_of_socat(self):
        counter, host, port = self.start_counter("--address", "::1")
        self.need("socat", "sh")
        self.run_foreign("sh", "-c", f"printf 'hits:2|c\\nend' | socat -u - 'UDP6:[{host}]:{port}'")
        counter.wait_for('^"end" is not')
        self.assertIn("hits c: 2", self.finish(counter, signal.SIGINT))

    def test_kinds(self):
        lines = self.count(
            b"a:1|c\na:0.5|c|@0.5\n",
            b"g:5|g\r\ng:-7|g",
            b"h:+2|g",
            b"n:with:colon:1|c",
            b"",
            b"\n\n",
            b"\n".join(b"t:%d|ms" % value for value in range(100, 0, -1)),
            b"x:2|h",
        )
        self.assertEqual(
            lines,
            [
                "a c: 2",
                "g g: -2",
                "h g: 2",
                "n:with:colon c: 1",
                "t ms: count 100, mean 50.5, median 50, 90 % up to 90, max 100",
                "x h: count 1, mean 2, median 2, 90 % up to 2, max 2",
            ],
        )

    def test_bad_lines(self):
        for line in (b"a", b"a:1", b"a:1|", b"a:1|x", b":1|c", b"a:|c", b"a:x|c", b"a:nan|c",
                     b"a:1|c|@0", b"a:1|c|@2", b"a:1|c|@", b"a:1e999|g", b"\xff\0|\x1b[31m"):
            counter, host, port = self.start_counter()
            self.connected_socket(host, port).send(line)
            counter.wait_for('^".*" is no')
            self.assertNotIn("\x1b", counter.output)
            self.assertEqual(self.finish(counter)[-1], "1 bad lines")

    def test_errors(self):
        for arguments, message in (
            (["--port", "70000"], "Invalid port"),
            (["--interval", "0"], "Invalid port or interval"),
            (["--address", "localhost"], "localhost"),
            (["8125"], "Unexpected argument"),
        ):
            self.assert_fails("statsd", *arguments, message=message, language="vala")


if __name__ == "__main__":
    protocoltest.tap.main()
