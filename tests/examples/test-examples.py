#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs every example in every language, and exchanges datagrams over the loopback interface."""

import os
import shutil
import socket
import subprocess
import tempfile

import tap
from exampletest import ALL_LANGUAGES, EXAMPLES, TIME_LIMIT, ExampleTestCase
from exampletest import in_each_language, names_in


def have_ipv6():
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
            sock.bind(("::1", 0))
    except OSError:
        return False
    return True


@in_each_language(*ALL_LANGUAGES)
class Echo:
    def test_echo(self):
        server, host, port = self.start_server("echo", "--port", "0")
        self.assertEqual(host, "127.0.0.1")
        sock = self.connected_socket(host, port)
        self.assert_echoes(sock)
        server.wait_for(rf"received .*hello.* from 127\.0\.0\.1:{sock.getsockname()[1]}$")

    def test_address(self):
        _server, host, port = self.start_server("echo", "--address", "127.0.0.2", "--port", "0")
        self.assertEqual(host, "127.0.0.2")
        self.assert_echoes(self.connected_socket(host, port))

    def test_raw_bytes_do_not_reach_the_terminal(self):
        server, host, port = self.start_server("echo", "--port", "0")
        self.assert_echoes(self.connected_socket(host, port), b"\x1b[31mred")
        server.wait_for("received .*red")
        self.assertNotIn("\x1b", server.output)

    def test_an_echo_server_is_not_answered(self):
        self.assert_answers_no_echo_server(*self.start_server("echo", "--port", "0"))

    def test_text_that_is_none(self):
        server, host, port = self.start_server("echo", "--port", "0")
        self.assert_echoes(self.connected_socket(host, port), b"\xff\0x")
        server.wait_for("received .* from")

    def test_address_in_use(self):
        sock = self.socket()
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
        echo = self.start("echo", "--port", port)
        self.assertEqual(echo.wait(), 1)
        self.assertIn(f"127.0.0.1:{port}", echo.output)
        self.assertIn("in use", echo.output)

    def test_host_name_is_no_address(self):
        echo = self.start("echo", "--address", "localhost", "--port", "0")
        self.assertEqual(echo.wait(), 1)
        self.assertIn("localhost", echo.output)


@in_each_language()
class EchoAdopted:
    def test_echo(self):
        server, host, port = self.start_server("echo-adopted", "--port", "0")
        self.assert_echoes(self.connected_socket(host, port))
        server.wait_for("received")

    def test_an_echo_server_is_not_answered(self):
        self.assert_answers_no_echo_server(*self.start_server("echo-adopted", "--port", "0"))


@in_each_language()
class EchoIpv6:
    def test_ipv6(self):
        if not have_ipv6():
            self.skipTest("no IPv6 here")
        server, host, port = self.start_server("echo-ipv6", "--port", "0")
        self.assertEqual(host, "::")
        self.assert_echoes(self.connected_socket("::1", port))
        server.wait_for(rf"from \[::1\]:\d+ to \[::1\]:{port}$")

    def test_ipv4(self):
        if not have_ipv6():
            self.skipTest("no IPv6 here")
        server, _host, port = self.start_server("echo-ipv6", "--port", "0")
        # The answer comes from this address, although the system would choose 127.0.0.1.
        self.assert_echoes(self.connected_socket("127.0.0.2", port))
        server.wait_for(rf"from 127\.0\.0\.\d:\d+ to 127\.0\.0\.2:{port}$")

    def test_one_address(self):
        if not have_ipv6():
            self.skipTest("no IPv6 here")
        _server, host, port = self.start_server("echo-ipv6", "--port", "0", "--address", "::1")
        self.assertEqual(host, "::1")
        self.assert_echoes(self.connected_socket(host, port))

    def test_an_echo_server_is_not_answered(self):
        # IPv6 has one loopback address, and "::" would keep the number of 127.0.0.2, too.
        server = self.start_server("echo-ipv6", "--port", "0", "--address", "127.0.0.1")
        self.assert_answers_no_echo_server(*server)


@in_each_language(*ALL_LANGUAGES)
class Helloer:
    def greet(self, host, family):
        sock = self.socket(family)
        sock.bind((host, 0))
        helloer = self.start("helloer", host, sock.getsockname()[1])
        payload, sender = sock.recvfrom(100)
        self.assertEqual(payload, b"hello")
        sock.sendto(b"good day", sender)
        helloer.wait_for("received .*good day")
        self.assertEqual(helloer.wait(), 0)

    def test_answer(self):
        self.greet("127.0.0.1", socket.AF_INET)

    def test_ipv6_answer(self):
        if not have_ipv6():
            self.skipTest("no IPv6 here")
        self.greet("::1", socket.AF_INET6)

    def test_refusal(self):
        # A connected socket keeps the port number, and receives only from its peer: other senders
        # are refused.
        sock = self.socket()
        sock.bind(("127.0.0.1", 0))
        sock.connect(("127.0.0.1", 9))
        helloer = self.start("helloer", "127.0.0.1", sock.getsockname()[1])
        helloer.wait_for("connection refused")
        self.assertEqual(helloer.wait(), 1)

    def test_host_name_is_no_address(self):
        helloer = self.start("helloer", "localhost", "9")
        self.assertEqual(helloer.wait(), 1)
        self.assertIn("localhost", helloer.output)


@in_each_language(*ALL_LANGUAGES)
class Resolve:
    def test_localhost(self):
        resolve = self.start("resolve", "localhost")
        self.assertEqual(resolve.wait(), 0, resolve.output)
        self.assertEqual(resolve.lines, ["127.0.0.1"])

    def test_all(self):
        resolve = self.start("resolve", "--all", "localhost")
        self.assertEqual(resolve.wait(), 0, resolve.output)
        self.assertIn("127.0.0.1", resolve.lines)

    def test_literal(self):
        resolve = self.start("resolve", "127.0.0.2")
        self.assertEqual(resolve.wait(), 0, resolve.output)
        self.assertEqual(resolve.lines, ["127.0.0.2"])

    def test_bad_name(self):
        # A label of 64 letters is too long: the resolver does not query a name server.
        for options in ([], ["--all"]):
            resolve = self.start("resolve", *options, "x" * 64)
            self.assertEqual(resolve.wait(), 1, resolve.output)
            self.assertEqual(len(resolve.lines), 1, resolve.output)


@in_each_language()
class SystemdEcho:
    def start_activated(self, *addresses):
        if not shutil.which("systemd-socket-activate"):
            self.skipTest("systemd-socket-activate is missing")
        # systemd-socket-activate passes only the variables of --setenv on.
        names = ("G_DEBUG GI_TYPELIB_PATH GJS_PATH LC_ALL LD_LIBRARY_PATH LD_PRELOAD "
                 "PYTHONPATH").split()
        variables = [f"--setenv={name}={os.environ[name]}" for name in names if name in os.environ]
        listen = [f"--listen={address}" for address in addresses]
        command = self.command("systemd-echo")
        activate = ["systemd-socket-activate", "--datagram", *variables, *listen, *command]
        service = self.run_command(activate)
        self.addCleanup(self.check_server, service)
        for _address in addresses:
            service.wait_for("Listening on")
        return service

    def free_port(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.bind(("127.0.0.1", 0))
            return sock.getsockname()[1]

    def test_echo(self):
        port = self.free_port()
        service = self.start_activated(f"127.0.0.1:{port}")
        # The service also answers the first datagram, which starts it.
        self.assert_echoes(self.connected_socket("127.0.0.1", port))
        service.wait_for(rf"listening on 127\.0\.0\.1:{port}$")

    def test_two_sockets(self):
        if not have_ipv6():
            self.skipTest("no IPv6 here")
        ports = [self.free_port(), self.free_port()]
        service = self.start_activated(f"127.0.0.1:{ports[0]}", f"[::1]:{ports[1]}")
        self.assert_echoes(self.connected_socket("127.0.0.1", ports[0]))
        self.assert_echoes(self.connected_socket("::1", ports[1]))
        service.wait_for(rf"listening on 127\.0\.0\.1:{ports[0]}$")
        service.wait_for(rf"listening on \[::1\]:{ports[1]}$")

    def test_an_echo_server_is_not_answered(self):
        port = self.free_port()
        # The port that was attached last is protocol.transport, which has another number.
        service = self.start_activated(f"127.0.0.1:{port}", f"127.0.0.3:{self.free_port()}")
        self.assert_answers_no_echo_server(service, "127.0.0.1", port)

    def test_unix_socket(self):
        with tempfile.TemporaryDirectory() as directory:
            self.start_activated(f"{directory}/service")
            sock = self.socket(socket.AF_UNIX)
            sock.bind(f"{directory}/client")
            sock.connect(f"{directory}/service")
            self.assert_echoes(sock, b"hello")

    def test_without_systemd(self):
        service = self.start("systemd-echo")
        self.assertEqual(service.wait(), 1)
        self.assertIn("systemd passed no socket", service.output)


class SystemdUnits(ExampleTestCase):
    def test_units_are_valid(self):
        if not shutil.which("systemd-analyze"):
            self.skipTest("systemd-analyze is missing")
        units = sorted(str(unit) for unit in (EXAMPLES / "systemd").glob("gudpx-echo.*"))
        self.assertEqual(len(units), 2)
        analysis = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", *units],
            capture_output=True, check=False, encoding="utf-8", timeout=TIME_LIMIT,
        )  # fmt: skip
        # The service is not installed where its unit looks for it.
        complaints = [
            line
            for line in analysis.stderr.splitlines()
            if "gudpx" in line and "No such file" not in line and "not executable" not in line
        ]
        self.assertEqual(complaints, [])


@in_each_language("c")
class Client:
    def test_answers(self):
        _server, host, port = self.start_server("echo", "--port", "0")
        client = self.start("client", host, port, "one", "two")
        self.assertEqual(client.wait(), 0, client.output)
        answers = [line for line in client.lines if line.startswith("received")]
        self.assertEqual(answers, ['received "one"', 'received "two"'])

    def test_time_limit(self):
        sock = self.socket()
        sock.bind(("127.0.0.1", 0))
        client = self.start("client", "--timeout", "1", "127.0.0.1", sock.getsockname()[1], "one")
        self.assertEqual(client.wait(), 1)
        self.assertIn("no answer", client.output)

    def test_refusal(self):
        sock = self.socket()
        sock.bind(("127.0.0.1", 0))
        sock.connect(("127.0.0.1", 9))
        client = self.start("client", "127.0.0.1", sock.getsockname()[1], "one")
        self.assertEqual(client.wait(), 1)
        self.assertIn("no answer to 1", client.output)


@in_each_language(*ALL_LANGUAGES)
class Help:
    def test_help(self):
        names = names_in(self.language)
        self.assertTrue(names)
        for name in names:
            example = self.start(name, "--help")
            self.assertEqual(example.wait(), 0, example.output)
            self.assertRegex(example.output, r"(?i)usage:.*\n")
            self.assertIn("--help", example.output)
            # GLib prints “?” for letters that the locale does not have.
            self.assertNotIn("?", example.output)

    def test_unknown_option(self):
        for name in names_in(self.language):
            example = self.start(name, "--no-such-option")
            self.assertIn(example.wait(), (1, 2), example.output)
            self.assertNotRegex(example.output, "Traceback|JS ERROR")

    def test_surplus_argument(self):
        for name in names_in(self.language):
            # No example accepts these arguments.
            example = self.start(name, "one", "two", "three")
            self.assertIn(example.wait(), (1, 2), example.output)
            self.assertNotRegex(example.output, "Traceback|JS ERROR")

    def test_no_such_port_number(self):
        names = ["broadcast", "echo", "echo-adopted", "echo-ipv6"]
        arguments = dict.fromkeys(names, ["--port=65536"])
        arguments["helloer"] = ["127.0.0.1", "65536"]
        for name in set(arguments).intersection(names_in(self.language)):
            example = self.start(name, *arguments[name])
            self.assertIn(example.wait(), (1, 2), example.output)
            self.assertNotRegex(example.output, "Traceback|JS ERROR")


if __name__ == "__main__":
    tap.main()
