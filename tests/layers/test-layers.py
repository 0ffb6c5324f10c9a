#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks the architecture of the library; layercheck.py has the rules."""

import functools
import os
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "examples"))

import layercheck  # noqa: E402
import layertable  # noqa: E402
import tap  # noqa: E402
import uses  # noqa: E402
from findings import compare, describe, read_exceptions, select  # noqa: E402

EXCEPTIONS = read_exceptions(layercheck.EXCEPTIONS)


def make_check():
    build = pathlib.Path(os.environ.get("GUDPX_BUILD_DIR", layercheck.ROOT / "build"))
    return layercheck.Check(layercheck.ROOT, layertable.read_table(), build)


@functools.cache
def read_uses():
    return make_check().read_uses()


class LayersTestCase(unittest.TestCase):
    def setUp(self):
        self.check = make_check()

    def assert_right(self, findings, kind):
        wrong, stale = compare(list(findings), select(EXCEPTIONS, [kind]))
        lines = list(describe(wrong))
        lines += [f"delete from exceptions.txt: {exception}" for exception in sorted(stale)]
        if lines:
            self.fail("\n" + "\n".join(lines))


class Text(LayersTestCase):
    def test_exceptions(self):
        known = select(EXCEPTIONS, layercheck.KINDS)
        self.assertEqual(EXCEPTIONS - known, set(), "exceptions.txt has kinds that do not exist")

    def test_layers(self):
        self.assert_right(self.check.find_homeless(), "layer")

    def test_includes(self):
        self.assert_right(self.check.find_includes(), "include")

    def test_lengths(self):
        self.assert_right(self.check.find_long_files(), "length")

    def test_columns(self):
        self.assert_right(self.check.find_long_lines(), "columns")


class Uses(LayersTestCase):
    """The rules that need libclang."""

    def setUp(self):
        super().setUp()
        try:
            self.uses = read_uses()
        except uses.Missing as reason:
            self.skipTest(str(reason))

    def test_calls(self):
        self.assert_right(self.check.find_calls(self.uses), "call")

    def test_structs(self):
        self.assert_right(self.check.find_touches(self.uses), "struct")

    def test_circles(self):
        """Prints a number for each layer. No number is wrong."""
        for line in self.check.describe(self.uses):
            print("#", line)


if __name__ == "__main__":
    tap.main()
