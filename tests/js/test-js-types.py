#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks the TypeScript declarations with the examples, with wrong calls, and with the API."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "examples"))
sys.path.insert(0, str(ROOT / "tests" / "docs"))

import snippets  # noqa: E402
import tap  # noqa: E402

TYPES = ROOT / "tests" / "js" / "types"
DECLARATIONS = ROOT / "gudpx" / "overrides" / "gudpx-1.d.ts"
TSC = shutil.which("tsc")
OPTIONS = ["--strict", "--noEmit", "--allowJs", "--checkJs", "--target", "es2022",
           "--lib", "es2022", "--module", "esnext", "--typeRoots", str(TYPES)]
LENIENT = ["--noImplicitAny", "false", "--strictNullChecks", "false",
           "--useUnknownInCatchVariables", "false"]
GIR = "{http://www.gtk.org/introspection/core/1.0}"
# A PortGroup calls its factory in other threads, which GJS does not allow.
LEFT_OUT = {"PortGroup"}


def check(*files):
    """Returns the messages of tsc."""
    command = [TSC, *OPTIONS, str(DECLARATIONS), str(TYPES / "gi.d.ts"), *map(str, files)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


@unittest.skipUnless(TSC, "tsc is missing")
class Checked(unittest.TestCase):
    maxDiff = None

    def test_right_calls(self):
        self.assertEqual(check(TYPES / "right.ts"), "")

    def test_wrong_calls(self):
        wrong = TYPES / "wrong.ts"
        lines = wrong.read_text(encoding="utf-8").splitlines()
        marked = {i for i, line in enumerate(lines, 1) if line.endswith("// wrong")}
        rejected = {int(line) for line in re.findall(r"wrong\.ts\((\d+),", check(wrong))}
        self.assertGreater(len(marked), 20)
        self.assertEqual(rejected, marked)

    def test_examples(self):
        examples = sorted((ROOT / "examples" / "js").rglob("*.js"))
        self.assertGreater(len(examples), 9)
        self.assertEqual(check(*examples), "")

    def test_guide(self):
        """Checks without annotations. Skips snippets with “imports”, which is not declared."""
        found = [s for s in snippets.read_all()
                 if s.language == "js" and "javascript.md" in s.place and "import " in s.code]
        self.assertGreater(len(found), 4)
        with tempfile.TemporaryDirectory() as directory:
            for snippet in found:
                path = pathlib.Path(directory, f"{snippet.name}.js")
                path.write_text(snippet.code, encoding="utf-8")
            files = sorted(pathlib.Path(directory).iterdir())
            self.assertEqual(check(*LENIENT, *files), "")


class Complete(unittest.TestCase):
    """Every public name of the introspection data is declared."""

    def setUp(self):
        gir = pathlib.Path(os.environ["GUDPX_BUILD_DIR"], "gudpx", "Gudpx-1.gir")
        self.namespace = xml.etree.ElementTree.parse(gir).getroot().find(f"{GIR}namespace")
        self.text = DECLARATIONS.read_text(encoding="utf-8")

    def body(self, name):
        match = re.search(rf"\n( *)(?:class|interface|enum) {name}\b.*?\n\1}}\n", self.text,
                          re.DOTALL)
        self.assertIsNotNone(match, f"{name} is not declared")
        return match[0]

    def assert_declared(self, name, body, where):
        self.assertRegex(body, rf"(?m)^ *(?:static |readonly |function |const |get )*{name}\b",
                         where)

    def test_functions(self):
        functions = [f.get("name") for f in self.namespace.findall(f"{GIR}function")]
        self.assertGreater(len(functions), 8)
        for name in functions:
            self.assert_declared(name, self.text, name)

    def test_classes(self):
        for node in self.namespace.findall(f"{GIR}class"):
            if node.get("name") in LEFT_OUT:
                continue
            body = self.body(node.get("name"))
            for name in members(node):
                with self.subTest(f"{node.get('name')}.{name}"):
                    self.assert_declared(name, body, name)

    def test_camel_case(self):
        """Each function also has a camel-case name."""
        for function in self.namespace.findall(f"{GIR}function"):
            self.assert_declared(camel(function.get("name")), self.text, "Gudpx")
        for node in self.namespace.findall(f"{GIR}class"):
            if node.get("name") in LEFT_OUT:
                continue
            body = self.body(node.get("name"))
            for name in members(node):
                if not name.startswith("vfunc_"):
                    self.assert_declared(camel(name), body, node.get("name"))

    def test_enumerations(self):
        for kind in ("enumeration", "bitfield"):
            for node in self.namespace.findall(GIR + kind):
                body = self.body(node.get("name"))
                for member in node.findall(f"{GIR}member"):
                    self.assert_declared(member.get("name").upper(), body, node.get("name"))

    def test_records(self):
        for name in ("Statistics", "ErrorDetails"):
            node = self.namespace.find(f"{GIR}record[@name='{name}']")
            body = self.body(name)
            for field in node.findall(f"{GIR}field"):
                self.assert_declared(field.get("name"), body, name)


def camel(name):
    return re.sub("_([a-z0-9])", lambda match: match[1].upper(), name)


def members(node):
    for kind, prefix in (("method", ""), ("constructor", ""), ("virtual-method", "vfunc_")):
        for member in node.findall(GIR + kind):
            if member.get("introspectable") != "0":
                yield prefix + member.get("name")
    for prop in node.findall(f"{GIR}property"):
        yield prop.get("name").replace("-", "_")


if __name__ == "__main__":
    tap.main()
