# SPDX-License-Identifier: LGPL-2.1-or-later
"""The guides to testing and contributing, and the reference."""

import os
import re
import shlex
import shutil
import subprocess
import xml.etree.ElementTree

import exampletest
import snippets
from snippettest import SnippetTestCase, by_name, used


class Contributing(SnippetTestCase):
    def test_commands(self):
        for name in ("contributing-all", "contributing-one"):
            used.add(name)
            for line in by_name[name].code.splitlines():
                command = line.split()[0]
                found = shutil.which(command) or os.access(snippets.ROOT / command, os.X_OK)
                self.assertTrue(found, line)

    def test_release(self):
        """Checks only the syntax: the release itself needs a network and a quarter of an hour."""
        script = self.write("contributing-release")
        result = subprocess.run(["sh", "-n", script], capture_output=True, check=False, text=True)
        self.assertEqual((result.returncode, result.stderr), (0, ""))


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
        self.need_own_network()
        if not self.has_netem():
            # This kernel lacks netem: use a slow cable instead of a bad one.
            slow = " tbf rate 10mbit burst 20kb limit 40kb"
            code, n = re.subn(" netem .*", slow, script.read_text())
            self.assertEqual(n, 1)
            script.write_text(code)
        script.chmod(0o755)
        server = self.command("echo", "--address", "192.0.2.2", "--port", "9999", language="c")
        server = shlex.join(map(str, server))
        client = self.command("client", "--timeout", "1", "192.0.2.2", "9999", "hi", language="c")
        client = shlex.join(map(str, client))
        # Ask again if a datagram was lost.
        client = f"for i in 1 2 3 4 5 6 7 8; do {client} && break; done"
        process = self.run_command([script, "9999", server, client])
        self.finish(process)
        self.assertRegex(process.output, r'received "hi" from 192\.0\.2\.1')
        self.assertRegex(process.output, r'(?m)^received "hi"$')

    def has_netem(self):
        command = "ip link set lo up && tc qdisc add dev lo root netem loss 1%"
        probe = subprocess.run(
            ["unshare", "--map-root-user", "--net", "sh", "-c", command],
            capture_output=True, check=False, text=True,
        )  # fmt: skip
        if probe.returncode != 0:
            self.assertIn("qdisc kind is unknown", probe.stderr)
        return probe.returncode == 0


class Reference(SnippetTestCase):
    """The examples in the comments of the library's functions."""

    def test_examples_compile(self):
        gir = xml.etree.ElementTree.parse(exampletest.BUILD / "gudpx" / "Gudpx-1.gir")
        tag = "{http://www.gtk.org/introspection/core/1.0}doc"
        texts = [element.text or "" for element in gir.iter(tag)]
        examples = re.findall(r"^```c\n(.*?)^```$", "\n".join(texts), re.MULTILINE | re.DOTALL)
        self.assertGreater(len(examples), 8)
        for number, example in enumerate(examples):
            with self.subTest(example=example):
                source = self.directory / f"reference-{number}.c"
                source.write_text(f"#include <gudpx/gudpx.h>\n{example}", encoding="utf-8")
                self.compile(source, "-fsyntax-only")
