# SPDX-License-Identifier: LGPL-2.1-or-later
"""The type stubs: they match the library, and mypy finds mistakes with them."""

import ast
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import venv

import tap
from gudpxtest import Gudpx

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "docs"))
import snippets  # noqa: E402

from gi.repository import GObject

ROOT = pathlib.Path(__file__).resolve().parents[2]
STUBS = ROOT / "gudpx" / "overrides" / "gi-stubs"
HERE = pathlib.Path(__file__).resolve().parent / "typing"
PROGRAMS = sorted([*(ROOT / "examples" / "python").glob("*.py"),
                   *(ROOT / "examples" / "protocols").glob("*.py")])
GUIDES = [ROOT / "README.md", ROOT / "docs" / "python.md", ROOT / "docs" / "coming-from-twisted.md"]
MYPY = os.environ.get("MYPY") or shutil.which("mypy")

# Annotations that programs often omit. The base class has the same types.
ANNOTATIONS = {
    "do_started(self)": "do_started(self) -> None",
    "do_stopped(self)": "do_stopped(self) -> None",
    "do_datagram_received(self, datagram)":
        "do_datagram_received(self, datagram: Gudpx.Datagram) -> None",
    "do_connection_refused(self, port)": "do_connection_refused(self, port: Gudpx.Port) -> None",
    "datagram_received(self, data, sender)":
        "datagram_received(self, data: bytes, sender: Gudpx.Address) -> None",
}


def read_stub():
    return ast.parse((STUBS / "repository" / "Gudpx.pyi").read_text(encoding="utf-8"))


def name_of(node):
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return node.name
    if isinstance(node, ast.AnnAssign):
        return node.target.id
    return node.targets[0].id if isinstance(node, ast.Assign) else None


def names_in(nodes):
    return {name_of(node) for node in nodes} - {None}


def members(kind):
    """Returns the members of a class, from the introspection data."""
    info = kind.__info__
    names = {method.get_name() for method in info.get_methods()}
    if hasattr(info, "get_vfuncs"):
        names |= {"do_" + function.get_name() for function in info.get_vfuncs()}
        names |= {spec.name.replace("-", "_") for spec in kind.list_properties()
                  if spec.owner_type == kind.__gtype__}
    else:
        names |= {field.get_name() for field in info.get_fields()}
    return names


def public_names():
    return {name for name in dir(Gudpx)
            if not name.startswith("_") and not name.endswith("Class")}


class CompleteTest(unittest.TestCase):
    def setUp(self):
        self.stub = read_stub()
        self.classes = {node.name: node for node in self.stub.body
                        if isinstance(node, ast.ClassDef)}

    def test_every_name_is_there(self):
        in_stub = {name for name in names_in(self.stub.body) if not name.startswith("_")}
        callbacks = {"ProtocolFactory", "PortFunc"}
        self.assertEqual(in_stub - callbacks, public_names() - callbacks)

    def test_every_member_is_there(self):
        kinds = [getattr(Gudpx, name) for name in public_names()]
        kinds = [kind for kind in kinds if isinstance(kind, type) and hasattr(kind, "__info__")]
        self.assertGreater(len(kinds), 5)
        for kind in kinds:
            in_stub = names_in(self.classes[kind.__name__].body)
            if issubclass(kind, (GObject.GEnum, GObject.GFlags)):
                values = {value.get_name().upper() for value in kind.__info__.get_values()}
                self.assertEqual(in_stub - {"__or__", "__and__"}, values)
                continue
            self.assertLessEqual(members(kind), in_stub, kind)
            for name in in_stub:
                self.assertTrue(hasattr(kind, name) or name in members(kind), f"{kind} {name}")

    def keywords_of(self, name, kind=None):
        nodes = self.classes[kind].body if kind else self.stub.body
        for node in nodes:
            if isinstance(node, ast.FunctionDef) and node.name == name:
                yield {argument.arg for argument in node.args.args + node.args.kwonlyargs}

    def test_every_property_is_a_keyword(self):
        writable = {spec.name.replace("-", "_"): spec for spec in Gudpx.Port.list_properties()
                    if spec.flags & GObject.ParamFlags.WRITABLE}
        construct_only = {name for name, spec in writable.items()
                          if spec.flags & GObject.ParamFlags.CONSTRUCT_ONLY}
        listening = set(writable) - {"local_address"}
        for name in "listen_udp", "listen_multicast", "listen_unix_datagram":
            for keywords in self.keywords_of(name):
                self.assertLessEqual(listening, keywords, name)
        for keywords in self.keywords_of("adopt_datagram_port"):
            self.assertLessEqual(listening - construct_only | {"protocol"}, keywords)
            self.assertEqual(construct_only & keywords, {"protocol"})
        for keywords in self.keywords_of("__init__", "Port"):
            self.assertLessEqual(set(writable), keywords)


@unittest.skipUnless(MYPY, "mypy is missing")
class MypyTest(unittest.TestCase):
    """Runs mypy with the stubs in the directory of installed stubs."""

    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory(prefix="gudpx-")
        cls.addClassCleanup(cls.directory.cleanup)
        cls.root = pathlib.Path(cls.directory.name)
        venv.create(cls.root / "venv", system_site_packages=False, with_pip=False, symlinks=True)
        cls.packages = next((cls.root / "venv" / "lib").glob("python*")) / "site-packages"
        shutil.copytree(STUBS, cls.packages / "gi-stubs")

    def where(self):
        return "--python-executable", self.root / "venv" / "bin" / "python"

    def add_types_of_glib(self):
        repository = self.packages / "gi-stubs" / "repository"
        for stub in HERE.glob("*.pyi"):
            shutil.copy(stub, repository)
            self.addCleanup((repository / stub.name).unlink)

    def run_mypy(self, *arguments, cwd=None, **environment):
        return subprocess.run(
            [MYPY, "--strict", "--cache-dir", os.devnull, *arguments], cwd=cwd or self.root,
            env={**os.environ, **environment}, capture_output=True, text=True, check=False)

    def assert_right(self, *arguments):
        result = self.run_mypy(*self.where(), *arguments)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_right(self):
        self.assert_right(HERE / "right.py")
        self.add_types_of_glib()
        self.assert_right(HERE / "right.py")

    def assert_wrong(self, result, marks):
        lines = (HERE / "wrong.py").read_text(encoding="utf-8").splitlines()
        expected = {number for number, line in enumerate(lines, 1) if line.endswith(marks)}
        self.assertGreater(len(expected), 10)
        found = {int(number) for number in re.findall(r"wrong\.py:(\d+): error", result.stdout)}
        self.assertEqual(found, expected, result.stdout + result.stderr)

    def test_wrong(self):
        self.assert_wrong(self.run_mypy(*self.where(), HERE / "wrong.py"), "# error")
        self.add_types_of_glib()
        self.assert_wrong(self.run_mypy(*self.where(), HERE / "wrong.py"),
                          ("# error", "# error with GObject"))

    def test_what_is_not_installed(self):
        """Follows the guide."""
        guide = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
        recipe = re.search("`PYTHONPATH=([^ ]+) mypy program.py`", guide)
        result = self.run_mypy(HERE / "wrong.py", cwd=ROOT, PYTHONPATH=recipe[1])
        self.assert_wrong(result, "# error")

    def test_the_stub_itself(self):
        self.add_types_of_glib()
        self.assert_right(self.packages / "gi-stubs" / "repository" / "Gudpx.pyi")

    def check_programs(self, directory, programs, *arguments):
        """Checks a dictionary of programs. Only their handlers get types, as in typical
        programs."""
        self.add_types_of_glib()
        self.assertGreater(len(programs), 5)
        annotated = self.root / directory
        annotated.mkdir()
        for name, text in programs.items():
            for plain, types in ANNOTATIONS.items():
                text = text.replace(f"def {plain}:", f"def {types}:")
            (annotated / f"{name.replace('-', '_')}.py").write_text(text, encoding="utf-8")
        self.assert_right("--allow-untyped-defs", "--allow-untyped-calls",
                          "--ignore-missing-imports", *arguments, *sorted(annotated.iterdir()))

    def test_examples(self):
        self.check_programs("examples", {program.stem: program.read_text(encoding="utf-8")
                                         for program in PROGRAMS})

    def test_guides(self):
        programs = {snippet.name: snippet.code
                    for guide in GUIDES for snippet in snippets.read(guide)
                    if snippet.language == "python" and "Gudpx" in snippet.code}
        self.check_programs("guides", programs, "--disable-error-code=str-bytes-safe",
                            "--disable-error-code=var-annotated")


if __name__ == "__main__":
    tap.main()
