# SPDX-License-Identifier: LGPL-2.1-or-later
"""The guides for Python, for JavaScript and for GTK programs."""

import json
import os
import pathlib
import signal
import subprocess

import exampletest
import snippets
import stage
from snippettest import ADDRESS, SnippetTestCase, by_name, has_module, is_bound, used


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

    def test_requests(self):
        device = self.peer()
        process = self.run_snippet("python-requests")
        question, sender = device.recvfrom(1000)
        for answer in b"", b"{", b"[]", b'{"id": []}', b'{"id": 99}', b"[" * 50000:
            device.sendto(answer, sender)
        number = json.loads(question)["id"]
        stranger = self.socket()
        stranger.sendto(b'{"id": %d, "state": false}' % number, sender)
        # The first is lost: it asks again.
        self.assertEqual(device.recvfrom(1000), (question, sender))
        device.sendto(b'{"id": %d, "state": true}' % number, sender)
        self.finish(process)
        self.assertRegex(process.output, r"\('127\.0\.0\.1', 9999\) \{'id': \d+, 'state': True\}")
        self.assertRegex(process.output,
                         r"\('127\.0\.0\.1', 9998\) "
                         r"(A datagram to 127\.0\.0\.1:9998 failed: Connection refused|no answer)")

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

    def test_options(self):
        process = self.check_echo("javascript-options")
        process.wait_for(r"^Cannot set ttl to 1000: it must be from 1 to 255$")
        self.end(process)

    def test_promises(self):
        process, sock, sender = self.ask_once("javascript-promises")
        sock.sendto(b"hi", sender)
        process.wait_for(r"^\[Gudpx.Datagram 2 bytes from 127\.0\.0\.1:9999\]$")
        self.finish(process)

    def test_requests(self):
        device = self.peer()
        process = self.run_snippet("javascript-requests")
        question, sender = device.recvfrom(1000)
        self.socket().sendto(b"of a stranger", sender)
        # The first is lost: it asks again.
        self.assertEqual(device.recvfrom(1000), (question, sender))
        device.sendto(b"hi", sender)
        process.wait_for(r"^\[Gudpx.Datagram 2 bytes from 127\.0\.0\.1:9999\]$")
        self.finish(process)

    def test_requests_without_answer(self):
        process = self.run_snippet("javascript-requests")
        process.wait_for("^no answer$")
        self.finish(process)

    def test_errors(self):
        process = self.run_snippet("javascript-errors")
        process.wait_for("^refused: .*localhost.*resolve")
        process.wait_for("^A port is a number from 0 to 65535, not 70000$")
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
        """Runs the extension from a program: only GNOME Shell can load extensions."""
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
        """Closes the window as a window manager does."""
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
