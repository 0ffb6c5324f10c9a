# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the programs of the README and of the guides unchanged."""

import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

for directory in ("examples", "gtk"):
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / directory))

import exampletest  # noqa: E402
import snippets  # noqa: E402

ADDRESS = ("127.0.0.1", 9999)
SUFFIXES = {"python": ".py", "js": ".js", "json": ".json", "c": ".c", "vala": ".vala", "sh": ".sh"}

by_name = {snippet.name: snippet for snippet in snippets.read_all()}
used = set()


class SnippetTestCase(exampletest.ExampleTestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)

    def write(self, name, file_name=None):
        used.add(name)
        snippet = by_name[name]
        path = self.directory / (file_name or name + SUFFIXES[snippet.language])
        path.write_text(snippet.code, encoding="utf-8")
        return path

    def need_own_network(self):
        """Skips the test if a script cannot make a network namespace, as in some containers and in
        a chroot."""
        probe = subprocess.run(["unshare", "--map-root-user", "--net", "true"],
                               capture_output=True, check=False, text=True)  # fmt: skip
        if probe.returncode != 0:
            self.skipTest(f"no network of its own: {probe.stderr.strip()}")

    def compile(self, source, *flags):
        result = subprocess.run(
            [
                *shlex.split(os.environ.get("CC", "cc")),
                *("-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter", "-Wno-unused-function"),
                *flags,
                source.name,
                *self.pkg_config(),
            ],
            cwd=self.directory,
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertEqual(result.returncode, 0, result.stderr)

    def pkg_config(self):
        output = subprocess.check_output(
            ["pkg-config", "--cflags", "--libs", "gudpx-1"], env=uninstalled(), text=True
        )
        return shlex.split(output)

    def command_for(self, name):
        source = self.write(name)
        language = by_name[name].language
        if language == "python":
            return [sys.executable, "-u", source]
        if language == "js":
            if not exampletest.GJS:
                self.skipTest("gjs is missing")
            return [exampletest.GJS, "-m", source]
        program = source.with_suffix("")
        if language == "vala":
            self.compile_vala(source, program)
        else:
            self.compile(source, "-o", str(program))
        return [program]

    def compile_vala(self, source, program):
        if not shutil.which("valac") or not (exampletest.BUILD / "gudpx" / "gudpx-1.vapi").exists():
            self.skipTest("valac or the Vala bindings are missing")
        # An installed gudpx-1.deps would name gio-2.0.
        vapidir = f"--vapidir={exampletest.BUILD / 'gudpx'}"
        result = subprocess.run(
            ["valac", vapidir, "--pkg=gio-2.0", "--pkg=gudpx-1", f"--output={program.name}",
             "-X", "-w", source.name],
            cwd=self.directory, env=uninstalled(), capture_output=True, text=True, check=False,
        )  # fmt: skip
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertNotIn("warning", result.stderr)

    def run_snippet(self, name):
        return self.run_command(self.command_for(name))

    def check(self, process):
        for line in process.lines:
            # With GSocket's own calls the library warns about report-errors.
            if "Cannot set report-errors: this build of the library" not in line:
                self.assertRegex(line, exampletest.ALLOWED_IN_OUTPUT)

    def end(self, process):
        """Ends a program that runs until it is stopped."""
        self.assertIsNone(process.stop(), f"it ended by itself:\n{process.output}")
        self.check(process)

    def finish(self, process):
        """Waits for a program that ends by itself."""
        self.assertEqual(process.wait(), 0, process.output)
        self.check(process)

    def wait_until_bound(self, process, number=9999):
        """Waits until the kernel shows that the program listens."""
        deadline = time.monotonic() + exampletest.TIME_LIMIT
        while not is_bound(number):
            ended = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG)
            if ended or time.monotonic() > deadline:
                process.stop()
                self.fail(f"it does not listen:\n{process.output}")
            time.sleep(0.01)

    def start_snippet(self, name):
        process = self.run_snippet(name)
        self.wait_until_bound(process)
        return process

    def check_echo(self, name, host=ADDRESS[0]):
        process = self.start_snippet(name)
        self.assert_echoes(self.connected_socket(host, 9999), b"hello", b"", b"\x00\xff")
        return process

    def peer(self):
        """Returns the socket that a client talks to."""
        sock = self.socket()
        sock.bind(ADDRESS)
        return sock

    def ask_once(self, name):
        sock = self.peer()
        process = self.run_snippet(name)
        payload, sender = sock.recvfrom(65536)
        self.assertEqual(payload, b"hello")
        return process, sock, sender


def is_bound(number):
    """Returns True if a socket of this network namespace is bound to the port number."""
    for table in ("/proc/net/udp", "/proc/net/udp6"):
        for line in pathlib.Path(table).read_text(encoding="ascii").splitlines()[1:]:
            if line.split()[1].endswith(f":{number:04X}"):
                return True
    return False


def uninstalled():
    path = exampletest.BUILD / "meson-uninstalled"
    return {**os.environ, "PKG_CONFIG_PATH": str(path)}


def has_module(name):
    command = [sys.executable, "-c", f"import {name}"]
    return subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode == 0
