#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs what the README and the guides print, as it is printed, against a real exchange."""

import json
import os
import pathlib
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree

for directory in ("examples", "gtk"):
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / directory))

import exampletest  # noqa: E402
import snippets  # noqa: E402
import stage  # noqa: E402
import tap  # noqa: E402

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
        # What is installed names gio-2.0 itself.
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
            self.assertRegex(line, exampletest.ALLOWED_IN_OUTPUT)

    def end(self, process):
        """For programs that run until they are ended."""
        self.assertIsNone(process.stop(), f"it ended by itself:\n{process.output}")
        self.check(process)

    def finish(self, process):
        """For programs that end."""
        self.assertEqual(process.wait(), 0, process.output)
        self.check(process)

    def wait_until_bound(self, process, number=9999):
        """The kernel knows when the program listens, whatever it prints."""
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
        """The other end of a program that is a client."""
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
    """Whether a socket of this network is bound to the number."""
    for table in ("/proc/net/udp", "/proc/net/udp6"):
        for line in pathlib.Path(table).read_text(encoding="ascii").splitlines()[1:]:
            if line.split()[1].endswith(f":{number:04X}"):
                return True
    return False


def uninstalled():
    path = exampletest.BUILD / "meson-uninstalled"
    return {**os.environ, "PKG_CONFIG_PATH": str(path)}


class Readme(SnippetTestCase):
    def test_python(self):
        process = self.start_snippet("echo-python")
        sock = self.connected_socket(*ADDRESS)
        self.assert_echoes(sock, b"hello")
        number = sock.getsockname()[1]
        process.wait_for(rf"^received b'hello' from 127\.0\.0\.1:{number}$")
        self.end(process)

    def test_js(self):
        self.end(self.check_echo("echo-js"))

    def test_c(self):
        self.end(self.check_echo("echo-c"))

    def test_compile(self):
        # As printed, but for the name of the compiler.
        self.write("echo-c", "echo.c")
        command = by_name["compile-c"].code
        used.add("compile-c")
        self.assertTrue(command.startswith("cc "))
        compiler = os.environ.get("CC", "cc")
        subprocess.run(
            ["sh", "-c", compiler + command[2:]], cwd=self.directory, env=uninstalled(), check=True
        )
        self.assertTrue((self.directory / "echo").exists())

    def test_commands(self):
        used.add("commands")
        for line in by_name["commands"].code.splitlines():
            self.assertTrue(os.access(snippets.ROOT / line.split()[0], os.X_OK), line)

    def test_install(self):
        # The installation itself is tested elsewhere.
        for line in by_name["install"].code.splitlines():
            self.assertRegex(line, r"^(sudo )?meson (setup|compile|install) ")
        used.add("install")


class GettingStarted(SnippetTestCase):
    def check_server(self, name):
        process = self.check_echo(name)
        process.wait_for(r"^listening on 127\.0\.0\.1:9999$")
        self.end(process)

    def test_server_python(self):
        self.check_server("server-python")

    def test_server_js(self):
        self.check_server("server-js")

    def test_server_c(self):
        process = self.start_snippet("server-c")
        sock = self.connected_socket(*ADDRESS)
        for expected in (b"0", b"1", b"2"):
            sock.send(b"")
            self.assertEqual(sock.recv(10), expected)
        self.end(process)

    def test_server_vala(self):
        self.end(self.check_echo("server-vala"))

    def test_resolve_vala(self):
        self.finish(self.ask_once("resolve-vala")[0])

    def check_client(self, name):
        process, sock, sender = self.ask_once(name)
        sock.sendto(b"hello", sender)
        process.wait_for("^received .*hello")
        self.finish(process)
        sock.close()

        process = self.run_snippet(name)
        process.wait_for("^nobody listens there$")
        self.finish(process)

        process, sock, sender = self.ask_once(name)
        process.wait_for("^no answer$")
        self.finish(process)

    def test_client_python(self):
        self.check_client("client-python")

    def test_client_js(self):
        self.check_client("client-js")

    def test_resolve_python(self):
        self.finish(self.ask_once("resolve-python")[0])

    def test_resolve_js(self):
        self.finish(self.ask_once("resolve-js")[0])

    def check_errors(self, name):
        process = self.run_snippet(name)
        process.wait_for(r"^Cannot listen on 192\.0\.2\.1:9999: ")
        self.finish(process)

    def test_errors_python(self):
        self.check_errors("errors-python")

    def test_errors_js(self):
        self.check_errors("errors-js")

    def test_writable_python(self):
        sock = self.peer()
        process = self.run_snippet("writable-python")
        self.assertEqual([sock.recv(10) for _ in range(3)], [b"one", b"two", b"three"])
        self.finish(process)

    def test_metadata_js(self):
        process = self.start_snippet("metadata-js")
        for host, text in (("127.0.0.2", r"127\.0\.0\.2"), ("::1", r"\[?::1\]?")):
            # Connected, it gets the answer of that address alone.
            self.assert_echoes(self.connected_socket(host, 9999), b"hello")
            process.wait_for(rf"^sent to {text}:9999$")
        self.end(process)

    def test_group_python(self):
        process = self.run_snippet("group-python")
        process.wait_for("^received b'hello'$")
        self.end(process)

    def test_peers_c(self):
        self.compile(self.write("peers-c"), "-c")

    def test_adopt_python(self):
        # What systemd does: descriptor 3.
        sock = self.peer()
        command = ["sh", "-c", f'exec "$@" 3<&{sock.fileno()}', "sh"]
        process = self.run_command(
            command + self.command_for("adopt-python"), pass_fds=[sock.fileno()]
        )
        sock.close()
        self.assert_echoes(self.connected_socket(*ADDRESS), b"hello")
        self.end(process)


class Twisted(SnippetTestCase):
    """Each program twice: as it is with Twisted, and as it is here."""

    def each(self, what):
        yield f"gudpx-{what}"
        used.add(f"twisted-{what}")
        if has_twisted():
            yield f"twisted-{what}"

    def test_echo(self):
        for name in self.each("echo"):
            self.end(self.check_echo(name))

    def test_adopt(self):
        for name in self.each("adopt"):
            self.end(self.check_echo(name))

    def test_ipv6(self):
        for name in self.each("ipv6"):
            self.end(self.check_echo(name, "::1"))

    def test_connected(self):
        for name in self.each("connected"):
            process, sock, sender = self.ask_once(name)
            sock.sendto(b"hello yourself", sender)
            process.wait_for("^received b'hello yourself'$")
            self.finish(process)
            sock.close()

    def test_refused(self):
        # Twisted's port closes without a word.
        process = self.run_snippet("gudpx-connected")
        process.wait_for("^nobody listens there$")
        self.finish(process)

    def test_resolve(self):
        for name in self.each("resolve"):
            process, sock, _ = self.ask_once(name)
            self.finish(process)
            sock.close()

    def test_multicast(self):
        for name in self.each("multicast"):
            process = self.run_snippet(name)
            self.wait_until_bound(process, 8005)
            sock = self.socket()
            sock.settimeout(0.2)
            # It joins after it is bound.
            for _ in range(exampletest.TIME_LIMIT * 5):
                sock.sendto(b"Client: Ping", ("228.0.0.5", 8005))
                try:
                    self.assertEqual(sock.recv(100), b"Server: Pong")
                    break
                except TimeoutError:
                    continue
            else:
                self.fail(f"{name} does not answer")
            self.end(process)

    def test_broadcast(self):
        for name in self.each("broadcast"):
            process = self.run_snippet(name)
            process.wait_for(r"^received b'who is there\?'$")
            self.finish(process)


def has_twisted():
    return has_module("twisted.internet.reactor")


def has_module(name):
    command = [sys.executable, "-c", f"import {name}"]
    return subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode == 0


class Python(SnippetTestCase):
    def test_first(self):
        process = self.check_echo("python-first")
        process.wait_for(r"^listening on 127\.0\.0\.1:9999$")
        self.end(process)

    def test_datagram(self):
        process = self.check_echo("python-datagram", "::1")
        process.wait_for(r"^<Gudpx.Datagram b'hello', 5 bytes from \[::1\]:\d+ to \[::1\]:9999>$")
        process.wait_for(r"^from \[::1\]:\d+ to \[::1\]:9999 after 64$")
        self.end(process)

    def test_addresses(self):
        other = self.socket()
        other.bind(("127.0.0.1", 9998))
        process = self.start_snippet("python-addresses")
        sock = self.connected_socket(*ADDRESS)
        for count in b"1", b"2":
            sock.send(b"hello")
            self.assertEqual(sock.recv(10), count)
            text = f"127.0.0.1:{sock.getsockname()[1]} was here"
            self.assertEqual(other.recv(100), text.encode())
        self.end(process)

    def test_keywords(self):
        process = self.check_echo("python-keywords", "::1")
        for number in 9998, 9997:
            self.wait_until_bound(process, number)
            self.assert_echoes(self.connected_socket("127.0.0.1", number), b"hello")
        self.end(process)

    def test_errors(self):
        process = self.run_snippet("python-errors")
        process.wait_for(r"^True Cannot listen on 0\.0\.0\.0:9999: Address already in use$")
        process.wait_for("localhost.*resolve")
        for _ in range(2):
            process.wait_for("^True$")
        self.finish(process)

    def test_context(self):
        process, sock, sender = self.ask_once("python-context")
        sock.sendto(b"hi", sender)
        process.wait_for(r"^127\.0\.0\.1:9999 says b'hi'$")
        process.wait_for("stopped, Ask>$")
        self.finish(process)

    def test_asyncio(self):
        if has_module("gi.events"):
            self.end(self.check_echo("python-asyncio"))
            return
        process = self.run_snippet("python-asyncio")
        process.wait_for("No module named 'gi.events'")
        self.assertEqual(process.wait(), 1)


class JavaScript(SnippetTestCase):
    def test_first(self):
        process = self.check_echo("javascript-first")
        process.wait_for(r"^\[Echo on 0\.0\.0\.0:9999\]$")
        self.end(process)

    def test_loop(self):
        process = self.start_snippet("javascript-loop")
        self.assert_echoes(self.connected_socket(*ADDRESS), b"hello", b"")
        process.wait_for(r"^\[Gudpx.Datagram 5 bytes from 127\.0\.0\.1:\d+\]$")
        self.finish(process)

    def test_values(self):
        sock = self.peer()
        process = self.run_snippet("javascript-values")
        for payload in b"hello", bytes([1, 2, 3]), bytes(4):
            self.assertEqual(sock.recv(100), payload)
        process.wait_for(r'^{"host":"127\.0\.0\.1","port":9999}$')
        self.finish(process)

    def test_promises(self):
        process, sock, sender = self.ask_once("javascript-promises")
        sock.sendto(b"hi", sender)
        process.wait_for(r"^\[Gudpx.Datagram 2 bytes from 127\.0\.0\.1:9999\]$")
        self.finish(process)

    def test_errors(self):
        process = self.run_snippet("javascript-errors")
        process.wait_for("^refused: .*localhost.*resolve")
        process.wait_for("^A port is a number from 0 to 65535, and not 70000$")
        self.finish(process)

    def test_imports(self):
        if not exampletest.GJS:
            self.skipTest("gjs is missing")
        process = self.run_command([exampletest.GJS, self.write("javascript-imports")])
        self.wait_until_bound(process)
        self.assert_echoes(self.connected_socket(*ADDRESS), b"hello")
        self.end(process)

    def test_tsconfig(self):
        config = json.loads(self.write("javascript-tsconfig").read_text(encoding="utf-8"))
        name = pathlib.Path(config["include"][-1]).name
        self.assertTrue((snippets.ROOT / "gudpx" / "overrides" / name).exists())

    def test_extension(self):
        """Only the shell has a loader for extensions: a program stands for it."""
        if not exampletest.GJS:
            self.skipTest("gjs is missing")
        extension = self.write("javascript-extension")
        shell = self.directory / "shell.js"
        shell.write_text(
            f"""
            import GLib from 'gi://GLib';
            import Extension from 'file://{extension}';

            const extension = new Extension();
            for (let i = 0; i < 10; i++) {{
                extension.enable();
                extension.disable();
            }}
            extension.enable();
            new GLib.MainLoop(null, false).run();
            """,
            encoding="utf-8",
        )
        greeted = self.socket()
        greeted.bind(("127.0.0.1", 9998))
        process = self.run_command([exampletest.GJS, "-m", shell])
        self.assertEqual(greeted.recv(100), b"Hello")
        sock = self.connected_socket(*ADDRESS)
        sock.send(b"x")
        self.assertEqual(sock.recv(100), b"Hello, too")
        self.end(process)


class Lifetimes(SnippetTestCase):
    def test_kept_python(self):
        self.end(self.check_echo("kept-python"))

    def check_once(self, name):
        process = self.start_snippet(name)
        self.assert_echoes(self.connected_socket(*ADDRESS), b"hello")
        self.finish(process)

    def test_transport_js(self):
        self.check_once("transport-js")

    def test_cycle_python(self):
        self.check_once("cycle-python")

    def test_later_python(self):
        self.end(self.check_echo("later-python"))

    def test_thread_python(self):
        process = self.start_snippet("thread-python")
        self.assert_echoes(self.connected_socket(*ADDRESS), b"hello")
        process.wait_for("^received in net$")
        self.finish(process)

    def test_gc_js(self):
        process = self.start_snippet("gc-js")
        self.assert_echoes(self.connected_socket(*ADDRESS), *[b"hello"] * 4001)
        self.end(process)

    def test_extension_js(self):
        # Only the shell has a loader for extensions: this stands for it.
        extension = self.write("extension-js", "extension.js")
        shell = self.directory / "shell.js"
        shell.write_text(
            f"""
            import GLib from 'gi://GLib';
            import Extension from 'file://{extension}';

            const extension = new Extension();
            extension.enable();
            extension.disable();
            extension.enable();
            print('enabled');
            new GLib.MainLoop(null, false).run();
            """,
            encoding="utf-8",
        )
        if not exampletest.GJS:
            self.skipTest("gjs is missing")
        process = self.run_command([exampletest.GJS, "-m", shell])
        process.wait_for("^enabled$")
        self.assert_echoes(self.connected_socket(*ADDRESS), b"hello")
        self.end(process)


class SeveralCores(SnippetTestCase):
    def test_cores_c(self):
        self.end(self.check_echo("cores-c"))

    def test_cores_python(self):
        sock = self.socket()
        sock.bind(("127.0.0.1", 9998))
        process = self.check_echo("cores-python")
        payload, sender = sock.recvfrom(10)
        self.assertEqual((payload, sender), (b"hello", ADDRESS))
        self.end(process)

    def test_steered_c(self):
        self.compile(self.write("steered-c"), "-c", "-D_GNU_SOURCE")


class Contributing(SnippetTestCase):
    def test_commands(self):
        for name in ("contributing-all", "contributing-one"):
            used.add(name)
            for line in by_name[name].code.splitlines():
                command = line.split()[0]
                found = shutil.which(command) or os.access(snippets.ROOT / command, os.X_OK)
                self.assertTrue(found, line)


class Testing(SnippetTestCase):
    def check_tests(self, name, pattern):
        process = self.run_snippet(name)
        self.finish(process)
        self.assertRegex(process.output, pattern)

    def test_python(self):
        self.check_tests("testing-python", "(?s)Ran 4 tests.*OK$")

    def test_c(self):
        self.check_tests("testing-c", r"ok 2 /shout/refusal")

    def test_js(self):
        self.check_tests("testing-js", "(?m)^ok - refusal$")

    def test_bad_network(self):
        self.check_tests("testing-bad-network-python", "^asked until there was an answer$")

    def test_hook(self):
        self.finish(self.run_snippet("testing-hook-python"))

    def test_two_machines(self):
        script = self.write("testing-two-machines", "two-machines")
        if not self.has_netem():
            # Not every kernel has it; a slow cable stands for the bad one.
            code, n = re.subn(" netem .*", " tbf rate 10mbit burst 20kb limit 40kb", script.read_text())
            self.assertEqual(n, 1)
            script.write_text(code)
        script.chmod(0o755)
        server = [*self.command("echo", language="c"), "--address", "192.0.2.2", "--port", "9999"]
        # What is lost is asked again.
        client = [*self.command("client", language="c"), "--timeout", "1", "192.0.2.2", "9999", "hi"]
        client = "for i in 1 2 3 4 5 6 7 8; do {} && break; done".format(shlex.join(map(str, client)))
        process = self.run_command([script, "9999", shlex.join(map(str, server)), client])
        self.finish(process)
        self.assertRegex(process.output, r'received "hi" from 192\.0\.2\.1')
        self.assertRegex(process.output, r'(?m)^received "hi"$')

    def has_netem(self):
        command = "ip link set lo up && tc qdisc add dev lo root netem loss 1%"
        probe = subprocess.run(
            ["unshare", "--map-root-user", "--net", "sh", "-c", command],
            capture_output=True, check=False, text=True,
        )  # fmt: skip
        if probe.returncode != 0 and "qdisc kind is unknown" not in probe.stderr:
            self.skipTest(f"no network for it: {probe.stderr}")
        return probe.returncode == 0


class Multicast(SnippetTestCase):
    def sender(self, ttl=1):
        sock = self.socket()
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, ttl)
        return sock

    def test_second_port(self):
        first = self.run_snippet("multicast-second-port")
        first.wait_for(r"^me at 10\.99\.0\.1 \d+$")
        second = self.run_snippet("multicast-second-port")
        numbers = {second.wait_for(r"^me at 10\.99\.0\.1 (\d+)$")[1] for _ in range(2)}
        self.assertEqual(len(numbers), 2)
        self.end(first)
        self.end(second)

    def check_everywhere(self, name, number):
        process = self.run_snippet(name)
        process.wait_for("^joined on gudpx1$")
        address = f"192.0.2.{number}"
        for command in (
            f"link add late{number} type veth peer name end{number}",
            f"link set end{number} up",
            f"link set late{number} up",
            f"address add {address}/32 dev late{number}",
        ):
            subprocess.run(["ip", *command.split()], check=True)
        process.wait_for(f"^joined on late{number}$")
        sock = self.sender()
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(address))
        sock.sendto(b"late", ("239.255.77.77", 8007))
        process.wait_for("^received .*late")
        return process

    def test_everywhere_python(self):
        process = self.check_everywhere("multicast-everywhere-python", 21)
        self.assertIn("received b'hello' from 10.99.0.1", process.lines)
        self.end(process)

    def test_everywhere_js(self):
        self.end(self.check_everywhere("multicast-everywhere-js", 22))

    def test_source(self):
        subprocess.run(["ip", "address", "add", "192.0.2.1/32", "dev", "gudpx0"], check=True)
        process = self.start_snippet_on("multicast-source-python", 8008)
        for source in ("10.99.0.1", "192.0.2.1"):
            sock = self.sender()
            sock.bind((source, 0))
            sock.sendto(source.encode(), ("232.1.2.3", 8008))
        process.wait_for("^received b'192.0.2.1' from 192.0.2.1$")
        self.assertEqual(len(process.lines), 1)
        self.end(process)

    def start_snippet_on(self, name, number):
        """Started when the group was joined: that is in /proc."""
        process = self.run_snippet(name)
        self.wait_until_bound(process, number)
        group = "030201E8"
        deadline = time.monotonic() + exampletest.TIME_LIMIT
        while group not in pathlib.Path("/proc/net/igmp").read_text(encoding="ascii"):
            self.assertLess(time.monotonic(), deadline, process.output)
            time.sleep(0.01)
        return process

    def test_discovery(self):
        command = self.command_for("multicast-discovery-python")
        first = self.run_command([*command, "first"])
        self.wait_until_bound(first, 8009)
        second = self.run_command([*command, "second"])
        first.wait_for(r"^\+ 'second' at 10\.99\.0\.1$")
        second.wait_for(r"^\+ 'first' at 10\.99\.0\.1$")
        for data in (b"", b"[", b"[]", b"[" * 900, b'{"kind": "hello", "id": 1, "name": "x"}'):
            self.sender().sendto(data, ("239.255.77.77", 8009))
        os.kill(second.pid, signal.SIGTERM)
        self.finish(second)
        first.wait_for("^- 'second'$")
        self.end(first)

    def test_on_link(self):
        process = self.run_snippet("multicast-on-link-python")
        process.wait_for("^received b'hello'$")
        for ttl in (64, 255):
            self.sender(ttl).sendto(str(ttl).encode(), ("239.255.77.77", 8010))
        process.wait_for("^received b'255'$")
        self.assertEqual(len(process.lines), 2)
        self.end(process)

    def test_namespace(self):
        script = self.write("multicast-namespace", "own-network")
        script.chmod(0o755)
        process = self.run_command([script, *self.command_for("multicast-on-link-python")])
        process.wait_for("^received b'hello'$")
        self.end(process)


class Reference(SnippetTestCase):
    """The examples that stand in the comments of the library's own functions."""

    def test_examples_compile(self):
        gir = xml.etree.ElementTree.parse(exampletest.BUILD / "gudpx" / "Gudpx-1.gir")
        texts = [element.text or "" for element in gir.iter("{http://www.gtk.org/introspection/core/1.0}doc")]
        examples = re.findall(r"^```c\n(.*?)^```$", "\n".join(texts), re.MULTILINE | re.DOTALL)
        self.assertGreater(len(examples), 8)
        for number, example in enumerate(examples):
            with self.subTest(example=example):
                source = self.directory / f"reference-{number}.c"
                source.write_text(f"#include <gudpx/gudpx.h>\n{example}", encoding="utf-8")
                self.compile(source, "-fsyntax-only")


class Gtk(SnippetTestCase):
    def open_display(self):
        missing = stage.find_missing()
        if missing:
            self.skipTest(f"missing: {', '.join(missing)}")
        display = stage.Display()
        self.addCleanup(display.close)
        return display

    def start_window(self, display, name):
        process = self.run_command(self.command_for(name), env=display.environment)
        self.wait_until_bound(process)
        return process

    def close_window(self, display, process):
        """As its user does, if there is no window manager."""
        window = display.find_window(process.pid)
        display.close_window(window)
        self.finish(process)
        self.assertFalse(is_bound(9999))

    def test_service(self):
        process = self.check_echo("gtk-service-python")
        os.kill(process.pid, signal.SIGINT)
        process.wait()
        self.assertFalse(is_bound(9999))

    def test_window(self):
        display = self.open_display()
        process = self.start_window(display, "gtk-window-python")
        display.wait_for_title(process.pid, "^Waiting$")
        self.connected_socket(*ADDRESS).send(b"<b>\xff\0" + b"x" * 1000)
        display.wait_for_title(process.pid, r"^From 127\.0\.0\.1$")
        self.close_window(display, process)

    def test_frames(self):
        display = self.open_display()
        process = self.start_window(display, "gtk-frames-js")
        sock = self.connected_socket(*ADDRESS)
        for _ in range(100):
            sock.send(b"")
        display.wait_for_title(process.pid, "^100 datagrams$")
        self.close_window(display, process)

    def test_toast(self):
        display = self.open_display()
        sock = self.peer()
        process = self.run_command(self.command_for("gtk-toast-python"), env=display.environment)
        self.assertEqual(sock.recv(10), b"hello")
        process.wait_for("^cannot greet: .*<nobody>")
        sock.close()
        self.close_window(display, process)

    def test_monitor(self):
        process = self.run_snippet("gtk-monitor-python")
        process.wait_for("^joined on gudpx0$")
        for command in ("link add gudpx9 type veth peer name gudpx8", "link set gudpx9 up",
                        "address add 10.98.0.1/24 dev gudpx9"):
            subprocess.run(["ip", *command.split()], check=True)
        self.addCleanup(subprocess.run, ["ip", "link", "del", "gudpx9"], check=True)
        process.wait_for("^joined on gudpx9$")
        self.end(process)

    def test_run(self):
        used.add("gtk-run")
        program = by_name["gtk-run"].code.split()[0]
        self.assertTrue(os.access(snippets.ROOT / program, os.X_OK))


class ZCompleteness(SnippetTestCase):
    """Runs last."""

    def test_each_has_a_name_of_its_own(self):
        names = set()
        for snippet in snippets.read_all():
            self.assertIn(snippet.language, SUFFIXES, snippet.place)
            self.assertIsNotNone(snippet.name, f"{snippet.place} has no name")
            self.assertNotIn(snippet.name, names, snippet.place)
            names.add(snippet.name)

    def test_each_is_tested(self):
        if sys.argv[1:]:
            self.skipTest("not all tests were run")
        self.assertEqual(sorted(set(by_name) - used), [])


if __name__ == "__main__":
    tap.main()
