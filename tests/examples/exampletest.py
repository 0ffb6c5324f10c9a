# SPDX-License-Identifier: LGPL-2.1-or-later
"""Starts examples as separate processes, and reads their output."""

import os
import pathlib
import queue
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
BUILD = pathlib.Path(os.environ.get("GUDPX_BUILD_DIR", ROOT / "build"))
GJS = os.environ.get("GJS") or shutil.which("gjs")
# Seconds after which a test fails, also on a busy machine.
TIME_LIMIT = 120

SUFFIXES = {"c": ".c", "python": ".py", "js": ".js", "vala": ".vala"}
SCRIPT_LANGUAGES = ("c", "python", "js")
ALL_LANGUAGES = (*SCRIPT_LANGUAGES, "vala")
ALLOWED_IN_OUTPUT = re.compile(r"^(?!.*(CRITICAL|WARNING|Traceback|JS ERROR|runtime error))")


def names_in(language):
    helpers = {"options.js", "signals.js"}
    files = []
    for directory in (language, "protocols"):
        files += (EXAMPLES / directory).glob("*" + SUFFIXES[language])
    return sorted(file.stem for file in files if file.name not in helpers)


def source_of(name, language):
    """Twisted's examples have a directory for each language, the protocols only one."""
    for directory in (language, "protocols"):
        source = EXAMPLES / directory / (name + SUFFIXES[language])
        if source.exists():
            return source
    raise AssertionError(f"There is no example {name} in {language}")


class Process:
    """A process. A test can wait for lines of its standard output and standard error."""

    def __init__(self, command, **keywords):
        self.lines = []
        self._queue = queue.Queue()
        self._process = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            **keywords,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def output(self):
        return "\n".join(self.lines)

    @property
    def pid(self):
        return self._process.pid

    def _read(self):
        for line in self._process.stdout:
            self._queue.put(line.rstrip("\n"))
        self._queue.put(None)

    def wait_for(self, pattern):
        """Returns the match in the first unread line that has the pattern."""
        deadline = time.monotonic() + TIME_LIMIT
        while True:
            try:
                line = self._queue.get(timeout=max(0, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"No {pattern!r} in time, but:\n{self.output}") from None
            if line is None:
                self._queue.put(None)
                raise AssertionError(f"It ended without {pattern!r}, but with:\n{self.output}")
            self.lines.append(line)
            match = re.search(pattern, line)
            if match:
                return match

    def wait(self, time_limit=TIME_LIMIT):
        """Waits until the process ends, and returns the exit status."""
        try:
            status = self._process.wait(time_limit)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"It does not end:\n{self.output}") from None
        self._drain()
        return status

    def stop(self):
        """Ends the process. Returns its exit status if the process had ended before."""
        status = self._process.poll()
        if status is None:
            self._process.kill()
            self._process.wait()
        self._drain()
        return status

    def _drain(self):
        self._reader.join(TIME_LIMIT)
        self._process.stdout.close()
        while not self._queue.empty():
            line = self._queue.get()
            if line is not None:
                self.lines.append(line)


class ExampleTestCase(unittest.TestCase):
    language = None

    def command(self, name, *arguments, language=None):
        language = language or self.language
        source = source_of(name, language)
        if language == "python":
            return [sys.executable, source, *arguments]
        if language == "js":
            if not GJS:
                self.skipTest("gjs is missing")
            return [GJS, "-m", source, *arguments]
        program = BUILD / "examples" / source.parent.name / name
        if language == "vala" and not program.exists():
            self.skipTest("the Vala examples were not built")
        return [program, *arguments]

    def run_command(self, command, **keywords):
        process = Process(command, **keywords)
        self.addCleanup(process.stop)
        return process

    def start(self, name, *arguments, language=None):
        return self.run_command(self.command(name, *arguments, language=language))

    def start_server(self, name, *arguments, language=None):
        """Starts a server, waits until it listens, and returns its process, host and port."""
        server = self.start(name, *arguments, language=language)
        self.addCleanup(self.check_server, server)
        match = server.wait_for(r"listening on \[?([^\]]*)\]?:(\d+)$")
        return server, match[1], int(match[2])

    def check_server(self, server):
        self.assertIsNone(server.stop(), f"the server ended by itself:\n{server.output}")
        for line in server.lines:
            self.assertRegex(line, ALLOWED_IN_OUTPUT)

    def socket(self, family=socket.AF_INET):
        try:
            sock = socket.socket(family, socket.SOCK_DGRAM)
        except OSError as error:
            self.skipTest(f"no such socket here: {error}")
        self.addCleanup(sock.close)
        sock.settimeout(TIME_LIMIT)
        return sock

    def connected_socket(self, host, port):
        """Returns a socket that receives answers only from this address."""
        info = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
        sock = self.socket(info[0])
        sock.connect(info[4])
        return sock

    def assert_echoes(self, sock, *payloads):
        for payload in payloads or (b"hello", b"", b"\x00\xff\x1b[31m", b"x" * 1400):
            sock.send(payload)
            self.assertEqual(sock.recv(65536), payload)

    def assert_answers_no_echo_server(self, server, host, port):
        """Sends from the server's own port number: the server answers only other numbers."""
        other = self.socket()
        try:
            other.bind(("127.0.0.2", port))
        except OSError as error:
            self.skipTest(f"127.0.0.2:{port}: {error}")
        other.sendto(b"loop", (host, port))
        server.wait_for("received")
        # An answer to "loop" would have come before this one.
        self.assert_echoes(self.connected_socket(host, port), b"hello")
        other.setblocking(False)
        self.assertRaises(BlockingIOError, other.recv, 100)


def in_each_language(*languages):
    """Makes a class of tests for each language."""

    def decorate(cls):
        module = sys.modules[cls.__module__]
        for language in languages or SCRIPT_LANGUAGES:
            name = cls.__name__ + language.capitalize()
            keep = {"language": language, "__module__": cls.__module__}
            setattr(module, name, type(name, (cls, ExampleTestCase), keep))
        return cls

    return decorate
