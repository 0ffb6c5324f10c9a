#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Shows in made-up libraries of a few files that each rule finds its violations."""

import dataclasses
import json
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "examples"))

import layercheck  # noqa: E402
import tap  # noqa: E402
import textrules  # noqa: E402
import uses  # noqa: E402
from findings import Finding, compare, describe, parse_exceptions  # noqa: E402
from layertable import Table  # noqa: E402

TABLE = """
value-structs = ["GudpxValue"]

[layers]
low = ["low", "low-*"]
high = ["high", "high-*", "low-but-high"]

[implementations]
low = ["low-linux*"]
"""

LOW_HEADER = """
#pragma once
typedef struct { int size; struct { int depth; } inner; } GudpxLow;
typedef struct { int port; } GudpxValue;
int gudpx_low_get (GudpxLow *self);
static inline int
gudpx_low_get_size (GudpxLow *self)
{
  return self->size;
}
"""

HIGH_HEADER = """
#pragma once
#include "gudpx-low-private.h"
int gudpx_high_get (GudpxLow *low);
"""

HIGH_CODE = """
#include "gudpx-high-private.h"
int
gudpx_high_get (GudpxLow *low)
{
  return gudpx_low_get (low) + gudpx_low_get_size (low);
}
"""

LOW_CODE = """
#include "gudpx-low-private.h"
int
gudpx_low_get (GudpxLow *self)
{
  return self->inner.depth;
}
"""

RIGHT = {
    "gudpx/gudpx-low-private.h": LOW_HEADER,
    "gudpx/gudpx-low.c": LOW_CODE,
    "gudpx/gudpx-high-private.h": HIGH_HEADER,
    "gudpx/gudpx-high.c": HIGH_CODE,
}


class RulesTestCase(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="gudpx-layers-")
        self.addCleanup(directory.cleanup)
        self.root = pathlib.Path(directory.name).resolve()
        self.write(RIGHT)

    def write(self, files):
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def make_check(self):
        return layercheck.Check(self.root, Table(TABLE), self.root / "build")

    def assert_finds(self, findings, *exceptions):
        self.assertEqual(sorted({finding.exception for finding in findings}), sorted(exceptions))


class Layers(RulesTestCase):
    def test_no_layer(self):
        self.write({"gudpx/gudpx-new.c": "", "gudpx/gudpx-new.h": ""})
        self.assert_finds(self.make_check().find_homeless(), "layer gudpx/gudpx-new.c")

    def test_folder(self):
        table = Table(TABLE)
        self.assertEqual(table.get_layer(pathlib.Path("gudpx/high/gudpx-low.c")), "high")
        self.assertEqual(table.get_layer(pathlib.Path("gudpx/high/gudpx-new-private.h")), "high")
        self.assertEqual(table.get_layer(pathlib.Path("gudpx/gudpx-low.c")), "low")

    def test_longest_name(self):
        table = Table(TABLE)
        self.assertEqual(table.get_layer(pathlib.Path("gudpx/gudpx-low-but-high.c")), "high")
        self.assertEqual(table.get_layer(pathlib.Path("gudpx/gudpx-low-but.c")), "low")

    def test_public_header(self):
        self.assertIsNone(Table(TABLE).get_layer(pathlib.Path("gudpx/gudpx-low.h")))


class Includes(RulesTestCase):
    def test_right(self):
        self.assert_finds(self.make_check().find_includes())

    def test_code(self):
        self.write({"gudpx/gudpx-low-a.c": '#include "gudpx-high-private.h"\n'})
        self.assert_finds(self.make_check().find_includes(),
                          "include gudpx/gudpx-low-a.c gudpx-high-private.h")

    def test_header(self):
        self.write({"gudpx/gudpx-low-a-private.h": '# include "gudpx-high-private.h"\n'})
        self.assert_finds(self.make_check().find_includes(),
                          "include gudpx/gudpx-low-a-private.h gudpx-high-private.h")

    def test_folder(self):
        self.write({"gudpx/low/gudpx-a.c": '#include "../high/gudpx-b-private.h"\n',
                    "gudpx/high/gudpx-b-private.h": ""})
        self.assert_finds(self.make_check().find_includes(),
                          "include gudpx/low/gudpx-a.c gudpx-b-private.h")

    def test_public_header(self):
        self.write({"gudpx/gudpx-high.h": "", "gudpx/gudpx-low-a.c": '#include "gudpx-high.h"\n'})
        self.assert_finds(self.make_check().find_includes())


class Lengths(RulesTestCase):
    def check_text(self, text, *exceptions):
        self.write({"gudpx/gudpx-low-a.c": text})
        self.assert_finds(self.make_check().find_long_files(), *exceptions)

    def test_right(self):
        self.check_text("int a;\n" * textrules.MAX_LINES)

    def test_long(self):
        self.check_text("int a;\n" * (textrules.MAX_LINES + 1), "length gudpx/gudpx-low-a.c")

    def test_not_counted(self):
        self.check_text("/* SPDX-License-Identifier: X */\n\n/**\n * a:\n *\n * A.\n */\n" +
                        "int a;\n" * textrules.MAX_LINES)

    def test_comment(self):
        self.check_text("/* Because. */\n" + "int a;\n" * textrules.MAX_LINES,
                        "length gudpx/gudpx-low-a.c")


class Columns(RulesTestCase):
    def test_right(self):
        self.write({"tests/a.py": "é" * textrules.MAX_COLUMNS})
        self.assert_finds(self.make_check().find_long_lines())

    def test_long(self):
        line = "\n" + "a" * (textrules.MAX_COLUMNS + 1) + "\n"
        names = ["gudpx/a.h", "gudpx/b/c.py", "examples/a.vala", "tests/a.js", "tests/b/a.cc"]
        self.write({name: line for name in names})
        self.write({"docs/a.md": line, "tests/program": "#!/usr/bin/env python3\n" + line})
        self.assert_finds(self.make_check().find_long_lines(),
                          "columns tests/program", *("columns " + name for name in names))


class Exceptions(unittest.TestCase):
    FINDING = Finding("call", pathlib.Path("gudpx/gudpx-low.c"), "gudpx_high_get", 7, "uses it")

    def test_new(self):
        self.assertEqual(compare([self.FINDING], set()), ([self.FINDING], set()))

    def test_allowed(self):
        exceptions = parse_exceptions("# Today.\n\ncall gudpx/gudpx-low.c gudpx_high_get\n")
        self.assertEqual(compare([self.FINDING, self.FINDING], exceptions), ([], set()))

    def test_stale(self):
        self.assertEqual(compare([], {"columns a.py"}), ([], {"columns a.py"}))

    def test_message(self):
        again = dataclasses.replace(self.FINDING, line=9)
        long = Finding("length", pathlib.Path("gudpx/gudpx-low.c"), text="is long")
        self.assertEqual(list(describe([self.FINDING, long, again])),
                         ["gudpx/gudpx-low.c:7,9 uses it", "gudpx/gudpx-low.c is long"])


class UsesTestCase(RulesTestCase):
    def setUp(self):
        super().setUp()
        try:
            uses.load_libclang()
        except uses.Missing as reason:
            self.skipTest(str(reason))

    def read(self, files, compiled="gudpx/gudpx-low.c"):
        self.write(files)
        entry = {"directory": str(self.root), "file": compiled,
                 "command": f"cc -DGUDPX_COMPILATION -Igudpx -flto -c {compiled}"}
        self.write({"build/compile_commands.json": json.dumps([entry])})
        self.check = self.make_check()
        return self.check.read_uses()


class Calls(UsesTestCase):
    def check_code(self, code, *exceptions):
        found = self.read({"gudpx/gudpx-low-a.c": code})
        self.assert_finds(self.check.find_calls(found), *exceptions)

    def test_right(self):
        self.check_code("")

    def test_call(self):
        self.check_code("int gudpx_high_get (void *);\n"
                        "int gudpx_low_a (void) { return gudpx_high_get (0); }\n",
                        "call gudpx/gudpx-low-a.c gudpx_high_get")

    def test_address(self):
        self.check_code("int gudpx_high_get (void *);\n"
                        "int (*const table[]) (void *) = { gudpx_high_get };\n",
                        "call gudpx/gudpx-low-a.c gudpx_high_get")

    def test_macro(self):
        self.check_code("int gudpx_high_get (void *);\n"
                        "#define GET(x) gudpx_high_get (x)\n"
                        "int gudpx_low_a (void) { return GET (0); }\n",
                        "call gudpx/gudpx-low-a.c gudpx_high_get")

    def test_inline(self):
        self.write({"gudpx/gudpx-high-b-private.h":
                    "static inline int gudpx_high_b (void) { return 1; }\n"})
        self.check_code('#include "gudpx-high-b-private.h"\n'
                        "int gudpx_low_a (void) { return gudpx_high_b (); }\n",
                        "call gudpx/gudpx-low-a.c gudpx_high_b")

    def test_variable(self):
        self.write({"gudpx/gudpx-high-b.c": "int gudpx_high_limit = 1;\n"})
        self.check_code("extern int gudpx_high_limit;\n"
                        "int gudpx_low_a (void) { return gudpx_high_limit; }\n",
                        "call gudpx/gudpx-low-a.c gudpx_high_limit")

    def test_static_namesake(self):
        self.check_code("static int gudpx_high_get (void) { return 1; }\n"
                        "int gudpx_low_a (void) { return gudpx_high_get (); }\n")

    def test_static_namesake_above(self):
        self.write({"gudpx/gudpx-low-b.c": "int gudpx_low_b (void) { return 1; }\n",
                    "gudpx/gudpx-high-b.c": "static int gudpx_low_b (void) { return 2; }\n"})
        self.check_code("int gudpx_low_b (void);\n"
                        "int gudpx_low_a (void) { return gudpx_low_b (); }\n")

    def test_type(self):
        self.write({"gudpx/gudpx-high-b.c": "long gudpx_high_b_get_type (void) { return 1; }\n"})
        self.check_code("long gudpx_high_b_get_type (void);\n"
                        "long gudpx_low_a (void) { return gudpx_high_b_get_type (); }\n")

    def test_broken(self):
        with self.assertRaises(uses.Unreadable):
            self.read({"gudpx/gudpx-low.c": "#include <no-such-header.h>\n"})

    def test_not_compiled(self):
        found = self.read({"gudpx/gudpx-low-a.c": "#include <no-such-header.h>\n"})
        self.assertEqual(found.unread, [pathlib.Path("gudpx/gudpx-low-a.c")])

    def test_circle(self):
        code = "void gudpx_high_{0} (void); void gudpx_high_{1} (void) {{ gudpx_high_{0} (); }}\n"
        found = self.read({"gudpx/gudpx-high-a.c": code.format("b", "a"),
                           "gudpx/gudpx-high-b.c": code.format("c", "b"),
                           "gudpx/gudpx-high-c.c": code.format("a", "c"),
                           "gudpx/gudpx-high-d.c": code.format("a", "d"),
                           "gudpx/gudpx-high-e.c": code.format("d", "e")})
        self.assertEqual(list(self.check.describe(found)),
                         ["largest circle of low: 0",
                          "largest circle of high: 3 high-a high-b high-c"])


class Structs(UsesTestCase):
    def check_code(self, body, *exceptions, file="gudpx/gudpx-high-a.c"):
        code = f'#include "gudpx-low-private.h"\nint gudpx_a (GudpxLow *low) {{ {body} }}\n'
        found = self.read({file: code})
        self.assert_finds(self.check.find_touches(found), *exceptions)

    def check_touch(self, body):
        self.check_code(body, "struct gudpx/gudpx-high-a.c GudpxLow")

    def test_right(self):
        self.check_code("return gudpx_low_get_size (low) + (int) sizeof (GudpxLow);")

    def test_read(self):
        self.check_touch("return low->size;")

    def test_inner(self):
        self.check_touch("__typeof__ (low->inner) inner = low->inner; return inner.depth;")

    def test_named_initializer(self):
        self.check_touch("*low = (GudpxLow){ .inner.depth = 1 }; return 1;")

    def test_plain_initializer(self):
        self.check_touch("GudpxLow other = { 1, { 2 } }; return gudpx_low_get (&other);")

    def test_clearing(self):
        self.check_code("GudpxLow other = { 0 }; *low = other; return 1;")

    def test_offset(self):
        self.check_touch("return __builtin_offsetof (GudpxLow, size);")

    def test_same_layer(self):
        self.check_code("return low->size;", "struct gudpx/gudpx-low-a.c GudpxLow",
                        file="gudpx/gudpx-low-a.c")

    def test_implementation(self):
        self.check_code("return low->size;", file="gudpx/gudpx-low-linux.c")

    def test_folder(self):
        self.check_code("return low->size;", "struct gudpx/high/gudpx-a.c GudpxLow",
                        file="gudpx/high/gudpx-a.c")

    def test_value(self):
        self.check_code("GudpxValue value = { .port = 9 }; return value.port;")

    def test_inline_of_another(self):
        self.write({"gudpx/gudpx-high-private.h": HIGH_HEADER +
                    "static inline int gudpx_high_cheat (GudpxLow *low) { return low->size; }\n"})
        self.check_code("return 1;", "struct gudpx/gudpx-high-private.h GudpxLow")


if __name__ == "__main__":
    tap.main()
