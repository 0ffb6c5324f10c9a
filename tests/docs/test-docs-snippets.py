#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the programs of the README and of the guides, and exchanges datagrams with them."""

import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time

# Import this first: it adds the directories of the other modules to the path.
from snippettest import ADDRESS, SUFFIXES, SnippetTestCase, by_name, has_module, uninstalled, used

import exampletest
import snippets
import tap
from languageguides import Gtk, JavaScript, Python
from makersguides import Contributing, Reference, Testing

__all__ = ["Contributing", "Gtk", "JavaScript", "Python", "Reference", "Testing"]


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
        # Change only the name of the compiler.
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
        # The suite “install” tests the installation.
        for line in by_name["install"].code.splitlines():
            self.assertRegex(line, r"^(sudo )?meson (setup|compile|install) ")
        used.add("install")

    def test_environment(self):
        """The README names the directories of the installed files."""
        used.add("environment")
        command = ["meson", "introspect", "--installed", str(exampletest.BUILD)]
        installed = json.loads(subprocess.check_output(command, text=True)).values()
        if not any("/x86_64-linux-gnu/" in path for path in installed):
            self.skipTest("the README names the directories of Debian on a PC")
        wanted = {"LD_LIBRARY_PATH": "libgudpx-1.so.0", "GI_TYPELIB_PATH": "Gudpx-1.typelib",
                  "PYTHONPATH": "gi/overrides/Gudpx.py", "PKG_CONFIG_PATH": "gudpx-1.pc",
                  "GJS_PATH": "overrides/Gudpx.js", "XDG_DATA_DIRS": "vala/vapi/gudpx-1.vapi"}
        for line in by_name["environment"].code.splitlines()[1:]:
            name, _, directories = line.removeprefix("export ").partition("=$PREFIX")
            self.assertIn(name, wanted)
            ending = f"{directories.partition(':')[0]}/{wanted.pop(name)}"
            self.assertTrue(any(ending in path for path in installed), ending)
        self.assertEqual(wanted, {})


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
        for host in "127.0.0.2", "::1":
            # A connected socket receives only answers that come from its peer.
            self.assert_echoes(self.connected_socket(host, 9999), b"hello")
            process.wait_for(rf"^sent to {re.escape(host)}$")
        self.end(process)

    def test_group_python(self):
        process = self.run_snippet("group-python")
        process.wait_for("^received b'hello'$")
        self.end(process)

    def test_peers_c(self):
        self.compile(self.write("peers-c"), "-c")

    def test_adopt_python(self):
        # Pass the socket as descriptor 3, as systemd does.
        sock = self.peer()
        command = ["sh", "-c", f'exec "$@" 3<&{sock.fileno()}', "sh"]
        process = self.run_command(
            command + self.command_for("adopt-python"), pass_fds=[sock.fileno()]
        )
        sock.close()
        self.assert_echoes(self.connected_socket(*ADDRESS), b"hello")
        self.end(process)


class Twisted(SnippetTestCase):
    """Runs each program twice: with Twisted, and with gudpx."""

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
        # Twisted's port closes silently.
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
            # The program joins the group after it is bound.
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
        # Only GNOME Shell can load extensions: this program replaces it.
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
        self.compile(self.write("steered-c"), "-c")


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
        """Starts a program, and waits until /proc shows that it has joined the group."""
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
        self.need_own_network()
        script.chmod(0o755)
        process = self.run_command([script, *self.command_for("multicast-on-link-python")])
        process.wait_for("^received b'hello'$")
        self.end(process)


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
