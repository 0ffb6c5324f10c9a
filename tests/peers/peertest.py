# SPDX-License-Identifier: LGPL-2.1-or-later
"""Starts the peers, including Gudpx, each as a separate process."""

import importlib.util
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile

from exampletest import TIME_LIMIT, Process
from payload import payload

HERE = pathlib.Path(__file__).parent
SIZES = (0, 1, 1472, 9000, 65507)
NODE = shutil.which("node") or shutil.which("nodejs")

COMMANDS = {
    "gudpx": [sys.executable, HERE / "gudpxpeer.py"],
    "twisted": [sys.executable, HERE / "twistedpeer.py"],
    "node": [NODE, HERE / "nodepeer.js"],
}


def have_ipv6():
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
            sock.bind(("::1", 0))
    except OSError:
        return False
    return True


def free_number(host):
    """Returns a port number that was free just now, for peers that cannot print their number."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.bind((host, 0))
        return sock.getsockname()[1]


class Peers:
    """A mixin for tests."""

    def require(self, peer):
        if peer == "twisted" and importlib.util.find_spec("twisted") is None:
            self.skipTest("Twisted is missing")
        if peer == "node" and NODE is None:
            self.skipTest("Node is missing")
        if peer == "socat" and shutil.which("socat") is None:
            self.skipTest("socat is missing")

    def require_ipv6(self):
        if not have_ipv6():
            self.skipTest("there is no IPv6 here")

    def directory(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        return directory.name

    def start(self, command):
        process = Process(command)
        self.addCleanup(process.stop)
        return process

    def start_server(self, peer, *words):
        """Starts a server, and returns its process and port number."""
        server = self.start([*COMMANDS[peer], "echo", *words])
        return server, server.wait_for(r"^listening ?(\d*)$")[1]

    def run_client(self, peer, address, port, interface="-", sizes=SIZES):
        client = self.start([*COMMANDS[peer], "client", address, port, interface, *sizes])
        for size in sizes:
            line = client.wait_for("^(echoed|wrong|got|Traceback)")[0]
            self.assertEqual(client.lines[-1], f"echoed {size}", f"{line}\n{client.output}")
        self.assertEqual(client.wait(), 0, client.output)

    def check_received(self, server, sizes=SIZES):
        for size in sizes:
            server.wait_for(f"^received {size}$")

    # socat as a server and as a client

    def start_socat_server(self, address):
        server = self.start(["socat", "-d", "-d", "-b", "65536", address + ",fork", "PIPE"])
        server.wait_for("receiving on AF=")
        return server

    def run_socat_client(self, address, sizes):
        for size in sizes:
            with tempfile.TemporaryFile() as file:
                file.write(payload(size))
                file.seek(0)
                self.exchange(address, file, size)

    def exchange(self, address, file, size):
        # socat reads the whole file, and then waits for the answer until it is terminated.
        command = ["socat", "-b", "65536", "-t", str(TIME_LIMIT), "-", address]
        with subprocess.Popen(command, stdin=file, stdout=subprocess.PIPE) as process:
            data = b""
            while len(data) < size:
                more = os.read(process.stdout.fileno(), size)
                self.assertNotEqual(more, b"", f"{len(data)} of {size} bytes came back")
                data += more
            process.terminate()
        self.assertEqual(data, payload(size))

    def send_empty_with_socat(self, address):
        # socat sends an empty datagram when its input ends.
        command = ["socat", "-u", "/dev/null", address + ",shut-null"]
        subprocess.run(command, check=True, timeout=TIME_LIMIT)
