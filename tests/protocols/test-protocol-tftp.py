#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Fetches files with curl, tftp and atftp, also over a lossy network. Sends invalid requests."""

import os
import struct

import protocoltest
from lossyrelay import LossyRelay
from protocoltest import ProtocolTestCase

SIZES = (0, 511, 512, 513, 65536)
READ, WRITE, DATA, ACK, ERROR, OPTION_ACK = range(1, 7)
NOT_FOUND, ACCESS_VIOLATION, ILLEGAL_OPERATION = 1, 2, 4


def request(name, *options, operation=READ, mode="octet"):
    return struct.pack("!H", operation) + b"".join(
        str(word).encode() + b"\0" for word in (name, mode, *options)
    )


def acknowledge(block):
    return struct.pack("!HH", ACK, block)


class Tftp(ProtocolTestCase):
    def setUp(self):
        self.root = self.directory() / "root"
        self.root.mkdir()
        self.local = self.directory()

    def start_tftp(self, *arguments):
        server, host, port = self.start_server(
            "tftp-server", "--port", "0", "--address", "127.0.0.1", *arguments, self.root,
            language="c",
        )
        return server, (host, port)

    def make_file(self, size, name="file"):
        data = os.urandom(size)
        (self.root / name).write_bytes(data)
        return data

    def curl(self, host, port, name, *options):
        target = self.local / "curl"
        self.run_foreign(
            "curl", "--silent", "--show-error", "--max-time", "60", "--globoff", *options,
            "--output", str(target), f"tftp://{host}:{port}/{name}",
        )
        return target.read_bytes() if target.exists() else b""

    def tftp(self, host, port, name):
        target = self.local / "tftp"
        output = self.run_foreign(
            "tftp", "-m", "octet", host, str(port), "-c", "get", name, str(target)
        )
        self.assertNotIn("Error", output)
        return target.read_bytes()

    def atftp(self, host, port, name, *options):
        target = self.local / "atftp"
        self.run_foreign(
            "atftp", *options, "--get", "--remote-file", name, "--local-file", str(target),
            host, str(port),
        )
        return target.read_bytes()

    def test_clients(self):
        _, address = self.start_tftp()
        for fetch in (self.curl, self.tftp, self.atftp):
            for size in SIZES:
                data = self.make_file(size)
                # Some versions of curl treat the size of an empty file as an error.
                options = ["--tftp-no-options"] if fetch == self.curl and size == 0 else []
                got = fetch(*address, "file", *options)
                self.assertEqual(got, data, f"{fetch.__name__}, {size} bytes")

    def test_block_sizes(self):
        _, address = self.start_tftp()
        for size in (1427, 1428, 1429, 65464, 70000):
            data = self.make_file(size)
            for block_size in (8, 1428, 65464):
                got = self.curl(*address, "file", "--tftp-blksize", str(block_size))
                self.assertEqual(got, data, f"{size} bytes, blocks of {block_size}")
            got = self.atftp(*address, "file", "--option", "blksize 1428", "--option", "tsize 0")
            self.assertEqual(got, data)

    def test_block_numbers_begin_anew(self):
        _, address = self.start_tftp()
        data = self.make_file(8 * 65536 + 3)
        self.assertEqual(self.curl(*address, "file", "--tftp-blksize", "8"), data)

    def test_losses(self):
        _, address = self.start_tftp("--timeout", "50")
        data = self.make_file(65536)
        # Skip atftp: it repeats an acknowledgement only once, then waits for five seconds.
        for seed, fetch in enumerate((self.curl, self.tftp)):
            relay = LossyRelay(address, 0.1, seed)
            self.addCleanup(relay.close)
            relay.start()
            self.assertEqual(fetch(*relay.address, "file"), data, fetch.__name__)
            self.assertGreater(relay.lost, 10)

    def test_addresses(self):
        data = self.make_file(1000)
        _, _, port = self.start_server(
            "tftp-server", "--port", "0", "--address", "::", self.root, language="c"
        )
        for host in ("127.0.0.1", "[::1]", "10.99.0.1", "[fd99::1]", "[fe80::1%25gudpx0]"):
            self.assertEqual(self.curl(host, port, "file"), data, host)
        # The answer comes from the requested address, whatever the system would choose.
        sock = self.socket()
        sock.sendto(request("file"), ("127.0.0.2", port))
        _, sender = sock.recvfrom(1000)
        self.assertEqual(sender[0], "127.0.0.2")
        self.assertNotEqual(sender[1], port)

    def ask(self, address, *arguments, **keywords):
        """Sends a request. Returns the first answer, its sender, and the socket."""
        sock = self.socket()
        sock.sendto(request(*arguments, **keywords), address)
        packet, sender = sock.recvfrom(65536)
        return packet, sender, sock

    def test_options(self):
        self.make_file(3000)
        _, address = self.start_tftp("--timeout", "60000")
        packet, sender, sock = self.ask(
            address, "file", "TSIZE", 0, "unknown", 5, "BlkSize", 1024, "timeout", 3
        )
        self.assertEqual(packet, b"\0\x06tsize\x003000\0blksize\x001024\0")
        sock.sendto(acknowledge(0), sender)
        self.assertEqual(sock.recv(2000)[:4], struct.pack("!HH", DATA, 1))
        for options in ((), ("blksize", 7), ("blksize", 65465), ("blksize", "x"), ("tsize",),
                        ("x", 1)):
            packet, _, _ = self.ask(address, "file", *options)
            self.assertEqual((len(packet), packet[:4]), (516, struct.pack("!HH", DATA, 1)), options)

    def read(self, sock, sender, copies):
        """Reads a file, and sends each acknowledgement several times.

        Returns block numbers and data.
        """
        numbers, data = [], b""
        while True:
            packet, source = sock.recvfrom(1000)
            self.assertEqual(source, sender)
            operation, number = struct.unpack("!HH", packet[:4])
            self.assertEqual(operation, DATA)
            numbers.append(number)
            data += packet[4:]
            for _ in range(copies):
                sock.sendto(acknowledge(number), sender)
            if len(packet) < 516:
                return numbers, data

    def test_acknowledged_twice_is_sent_once(self):
        data = self.make_file(512 * 40)
        _, address = self.start_tftp("--timeout", "60000")
        for copies in (1, 2, 5):
            packet, sender, sock = self.ask(address, "file", "blksize", 512)
            self.assertEqual(packet[:2], b"\0\x06")
            for _ in range(copies):
                sock.sendto(acknowledge(0), sender)
            self.assertEqual(self.read(sock, sender, copies), (list(range(1, 42)), data))

    def test_asked_twice_is_one_transfer(self):
        self.make_file(10)
        _, address = self.start_tftp("--timeout", "60000")
        sock = self.socket()
        for _ in range(3):
            sock.sendto(request("file"), address)
        _, sender = sock.recvfrom(1000)
        sock.sendto(acknowledge(1), sender)
        self.assert_nothing_comes(sock, address)

    def assert_nothing_comes(self, sock, address):
        """Sends another request: its answer shows that the server has handled everything before."""
        self.ask(address, "file")
        sock.setblocking(False)
        self.assertRaises(BlockingIOError, sock.recv, 1000)
        sock.settimeout(protocoltest.TIME_LIMIT)

    def test_other_acknowledgements(self):
        self.make_file(5000)
        _, address = self.start_tftp("--timeout", "60000")
        _, sender, sock = self.ask(address, "file")
        sock.sendto(acknowledge(1), sender)
        self.assertEqual(sock.recv(1000)[:4], struct.pack("!HH", DATA, 2))
        for packet in (acknowledge(1), acknowledge(0), acknowledge(3), acknowledge(0x0200), b"",
                       b"\0\4\0", b"\0\3\0\2", b"\1\4\0\2", request("file")):
            sock.sendto(packet, sender)
        # Send from another socket than that of the transfer.
        self.socket().sendto(acknowledge(2), sender)
        self.assert_nothing_comes(sock, address)
        sock.sendto(acknowledge(2), sender)
        self.assertEqual(sock.recv(1000)[:4], struct.pack("!HH", DATA, 3))

    def test_repeats_and_gives_up(self):
        self.make_file(10)
        server, address = self.start_tftp("--timeout", "1")
        packet, sender, sock = self.ask(address, "file", "tsize", 0)
        for _ in range(5):
            self.assertEqual(sock.recvfrom(1000), (packet, sender))
        server.wait_for("^a client does not answer any more$")

    def test_clients_that_end(self):
        self.make_file(1000)
        server, address = self.start_tftp("--timeout", "1000")
        _, sender, sock = self.ask(address, "file")
        sock.sendto(struct.pack("!HH", ERROR, 0) + b"enough\0", sender)
        server.wait_for("^a client gave up$")
        _, sender, sock = self.ask(address, "file")
        sock.close()
        server.wait_for("^a client refuses datagrams$")

    def assert_refused(self, address, code, *arguments, **keywords):
        packet, _, _ = self.ask(address, *arguments, **keywords)
        self.assertEqual(struct.unpack("!HH", packet[:4]), (ERROR, code), arguments)
        self.assertTrue(packet[4:-1].isascii() and packet.endswith(b"\0"))

    def test_names(self):
        outside = self.local / "secret"
        outside.write_text("secret", encoding="ascii")
        outside.chmod(0o644)
        self.make_file(5, "hidden")
        (self.root / "hidden").chmod(0o640)
        (self.root / "inside").mkdir()
        data = self.make_file(5, "inside/file")
        (self.root / "link").symlink_to(outside)
        (self.root / "inside" / "up").symlink_to("..")
        (self.root / "elsewhere").symlink_to(self.local)
        os.mkfifo(self.root / "fifo", 0o644)

        _, address = self.start_tftp()
        relative = os.path.relpath(outside, self.root)
        for name in (relative, "/" + relative, "inside/../../" + relative, str(outside), "..", ".",
                     "", "/", "inside", "inside/", "link", "elsewhere/secret", "inside/up/link",
                     "fifo", "hidden", "nothing", "inside/file/x", "x" * 500,
                     "inside/../inside/file"):
            self.assert_refused(address, NOT_FOUND, name)
        for name in ("inside/file", "/inside//file", "./inside/./file"):
            packet, _, _ = self.ask(address, name)
            self.assertEqual(packet, struct.pack("!HH", DATA, 1) + data, name)

    def test_other_requests(self):
        self.make_file(5)
        _, address = self.start_tftp()
        self.assert_refused(address, ACCESS_VIOLATION, "new", operation=WRITE)
        self.assertFalse((self.root / "new").exists())
        self.assert_refused(address, ILLEGAL_OPERATION, "file", mode="netascii")
        for operation in (0, DATA, ACK, 7, 257):
            self.assert_refused(address, ILLEGAL_OPERATION, "file", operation=operation)

        sock = self.socket()
        for data in (b"", b"\0", struct.pack("!HH", ERROR, 0) + b"x\0"):
            sock.sendto(data, address)
        for data in (b"\0\1", b"\0\1file\0", b"\0\1file\0octet", b"\0\1\xff\xfe\0octet\0",
                     b"\0\1\0\0"):
            sock.sendto(data, address)
            self.assertEqual(sock.recv(1000)[:2], b"\0\x05", data)

    def test_many(self):
        data = self.make_file(600)
        _, address = self.start_tftp("--timeout", "60000")
        transfers = [self.ask(address, "file") for _ in range(100)]
        self.assert_refused(address, 0, "file")
        self.assertEqual(len({sender for _, sender, _ in transfers}), 100)
        for packet, sender, sock in transfers:
            sock.sendto(acknowledge(1), sender)
            self.assertEqual(packet[4:] + sock.recv(1000)[4:], data)
            sock.sendto(acknowledge(2), sender)
        self.assertEqual(self.retry(lambda: self.ask(address, "file")[0][1] == DATA, "room"), True)

    def test_errors(self):
        for arguments, message in (
            ([], "give a directory"),
            (["/nowhere"], "/nowhere: No such file"),
            (["--port", "70000", "/"], "give a directory, a port up to 65535"),
            (["--port", "0", "--address", "localhost", "/"], "localhost"),
        ):
            self.assert_fails("tftp-server", *arguments, message=message, language="c")


if __name__ == "__main__":
    protocoltest.tap.main()
