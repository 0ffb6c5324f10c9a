#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Sends messages with logger, in every way that logger supports."""

import os
import signal
import socket

import protocoltest
from protocoltest import ProtocolTestCase

HOST = socket.gethostname()


class Syslog(ProtocolTestCase):
    def start_receiver(self, *arguments):
        """Starts the receiver, and returns the process and its address."""
        receiver = self.start("syslog-receiver", *arguments, language="python")
        self.addCleanup(self.check_server, receiver)
        return receiver, receiver.wait_for("^listening on (.*)$")[1]

    def start_udp(self):
        receiver, address = self.start_receiver("--port", "0")
        return receiver, address.rpartition(":")[2]

    def log(self, *arguments):
        self.assertEqual(self.run_foreign("logger", "--tag", "it", *arguments), "")

    def test_logger_over_udp(self):
        receiver, port = self.start_udp()
        for host, origin in (("127.0.0.1", "127.0.0.1"), ("::1", "::1"),
                             ("10.99.0.1", "10.99.0.1")):
            for option in ("--rfc3164", "--rfc5424"):
                self.log("--udp", "--server", host, "--port", port, option, "--id=42",
                         "-p", "local3.err", f"says {option}: grüße")
                receiver.wait_for(
                    rf"^{origin} local3\.err \S.* {HOST} it\[42\]: says {option}: grüße$"
                )

    def test_logger_with_structured_data(self):
        receiver, port = self.start_udp()
        self.log("--udp", "--server", "127.0.0.1", "--port", port, "--rfc5424", "--id=7",
                 "--sd-id", "zoo@123", "--sd-param", 'tiger="hungry \\] \\" \\\\"', "fed")
        receiver.wait_for(rf" {HOST} it\[7\]: fed$")

    def test_logger_over_a_unix_socket(self):
        path = str(self.directory() / "log")
        receiver, address = self.start_receiver("--unix", path)
        self.assertEqual(address, path)
        self.log("--socket", path, "-p", "mail.debug", "two: words")
        receiver.wait_for(r"^here mail\.debug \w\w\w [ \d]\d [\d:]{8} it: two: words$")

    def test_the_file_goes_with_the_receiver(self):
        path = str(self.directory() / "log")
        receiver = self.start("syslog-receiver", "--unix", path, language="python")
        receiver.wait_for("^listening on")
        os.kill(receiver.pid, signal.SIGINT)
        self.assertEqual(receiver.wait(), 0, receiver.output)
        self.assertFalse(os.path.exists(path))

    def test_socket_from_systemd(self):
        self.need("systemd-socket-activate")
        path = str(self.directory() / "log")
        receiver = self.run_command(
            ["systemd-socket-activate", "--datagram", "-l", path,
             *(f"-E{name}" for name in os.environ), *self.command("syslog-receiver",
                                                                  language="python")]
        )
        receiver.wait_for("^Listening on")
        # The first message starts the receiver, and must arrive too.
        self.log("--socket", path, "woken")
        receiver.wait_for("^listening on")
        receiver.wait_for(r"^here user\.notice .* it: woken$")
        self.assertIsNone(receiver.stop(), receiver.output)

    def test_foreign_formats(self):
        receiver, port = self.start_udp()
        sock = self.connected_socket("127.0.0.1", int(port))
        for message, expected in (
            (b"", "user.notice "),
            (b"no priority", "user.notice no priority"),
            (b"<0>short", "kern.emerg short"),
            (b"<191>last one", "local7.debug last one"),
            (b"<192>no such facility", "user.notice <192>no such facility"),
            (b"<13>1 - - - - - -", "user.notice - - -[-]: "),
            (b"<34>Oct 11 22:14:15 mymachine su: 'su root' failed for lonvick on /dev/pts/8",
             "auth.crit Oct 11 22:14:15 mymachine su: 'su root' failed for lonvick on /dev/pts/8"),
            (b"<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 "
             b'[exampleSDID@32473 iut="3" eventSource="App\\]"][a b="c"] \xef\xbb\xbfAn event',
             "local4.notice 2003-10-11T22:14:15.003Z mymachine.example.com evntslog[-]: An event"),
            (b"<165>1 2003-10-11T22:14:15.003Z half [open",
             "local4.notice 1 2003-10-11T22:14:15.003Z half [open"),
            (b"<13>\xff\x1b[31mred\nline\0", "user.notice \ufffd\\x1b[31mred\\nline"),
        ):
            sock.send(message)
            receiver.wait_for("")
            self.assertEqual(receiver.lines[-1], f"127.0.0.1 {expected}")

    def test_errors(self):
        for arguments, message in (
            ([], "neither --port nor --unix"),
            (["--port", "0", "--address", "localhost"], "localhost"),
            (["--unix", "/nowhere/log"], "/nowhere/log"),
            (["--port", "70000"], "70000|65535"),
        ):
            self.assert_fails("syslog-receiver", *arguments, message=message, language="python")


if __name__ == "__main__":
    protocoltest.tap.main()
