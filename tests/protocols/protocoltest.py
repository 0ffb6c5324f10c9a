# SPDX-License-Identifier: LGPL-2.1-or-later
"""Helpers of the protocol tests: another host on the cable, and other programs."""

import os
import pathlib
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "examples"))

import exampletest  # noqa: E402
import tap  # noqa: E402, F401

# Daemons are in /usr/sbin, which may be missing from the path.
os.environ["PATH"] += ":/usr/sbin:/sbin"
TIME_LIMIT = exampletest.TIME_LIMIT


class Neighbour:
    """Another host at the other end of gudpx0's cable: 10.99.0.2, fd99::2 and fe80::2 on gudpx1.

    The cable disappears with the host, so a whole program uses one host."""

    ADDRESS = "10.99.0.2"
    SETUP = """
        ip link set lo up
        ip link set gudpx1 addrgenmode none
        ip link set gudpx1 up
        ip address add 10.99.0.2/24 broadcast + dev gudpx1
        ip address add fd99::2/64 dev gudpx1 nodad
        ip address add fe80::2/64 dev gudpx1 nodad
        ip route add 224.0.0.0/4 dev gudpx1
        ip route add 255.255.255.255 dev gudpx1
        ip -6 route add multicast ff00::/8 dev gudpx1 table local metric 1
    """

    def __init__(self):
        # cat ends together with this program, and with it the namespace.
        self._holder = subprocess.Popen(
            ["unshare", "-n", "sh", "-c", "echo there; exec cat"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        if not self._holder.stdout.readline():
            raise AssertionError("no second namespace")
        pid = str(self._holder.pid)
        self.enter = ["nsenter", "-t", pid, "-n"]
        subprocess.run(["ip", "link", "set", "gudpx1", "netns", pid], check=True)
        subprocess.run([*self.enter, "sh", "-ec", self.SETUP], check=True)

    def close(self):
        self._holder.stdin.close()
        self._holder.stdout.close()
        self._holder.wait()


class ProtocolTestCase(exampletest.ExampleTestCase):
    def need(self, *programs):
        for program in programs:
            if not shutil.which(program):
                self.skipTest(f"{program} is missing")

    def need_users(self, program):
        """Skips programs that change users: an ordinary user's namespace has only one user."""
        _, _, n_users = pathlib.Path("/proc/self/uid_map").read_text(encoding="ascii").split()[:3]
        if n_users == "1":
            self.skipTest(f"{program} can be started by root alone")

    def need_own_mounts(self):
        """Skips the test if mounting is not possible, as in a chroot."""
        probe = subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False,
                               text=True)
        if probe.returncode != 0:
            self.skipTest(f"no mounts of its own: {probe.stderr.strip()}")

    def directory(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        return pathlib.Path(directory.name)

    def start_foreign(self, *command, **keywords):
        """Starts another project's program, which ends with the test."""
        self.need(next(word for word in command if not word.startswith("-")))
        return self.run_command(command, **keywords)

    def run_foreign(self, *command, **keywords):
        """Runs another project's program to its end, and returns its output."""
        process = self.start_foreign(*command, **keywords)
        self.assertEqual(process.wait(), 0, process.output)
        return process.output

    def run_example(self, name, *arguments, language):
        example = self.start(name, *arguments, language=language)
        self.assertEqual(example.wait(), 0, example.output)
        self.check_lines(example)
        return example.lines

    def member(self, group, port):
        """Returns a socket that receives from the group only, not datagrams to this host."""
        sock = self.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.bind((group, port))
        index = socket.if_nametoindex("gudpx0")
        request = struct.pack("4s4si", socket.inet_aton(group), bytes(4), index)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, request)
        return sock

    def check_lines(self, process):
        for line in process.lines:
            self.assertRegex(line, exampletest.ALLOWED_IN_OUTPUT)

    def assert_fails(self, name, *arguments, message, language):
        example = self.start(name, *arguments, language=language)
        self.assertNotEqual(example.wait(), 0, example.output)
        self.assertRegex(example.output, message)
        self.assertNotRegex(example.output, "Traceback|JS ERROR|CRITICAL")

    def retry(self, action, what):
        """Repeats an action until it returns a true value: for conditions without an event."""
        deadline = time.monotonic() + TIME_LIMIT
        while time.monotonic() < deadline:
            result = action()
            if result:
                return result
            time.sleep(0.02)
        raise AssertionError(f"no {what} in time")
