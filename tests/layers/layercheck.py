#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks the architecture of the library against layers.toml.

  layercheck.py BUILD              prints the places that break a rule, and the circles
  layercheck.py BUILD --update     writes exceptions.txt anew, then does the same

Rules:

  include  The private headers that a file includes are of its own layer or a lower one.
  call     The functions and variables that a file uses are of its own layer or a lower one. To take
           the address of a function is to use the function.
  struct   Only a part itself touches the fields of its structs: the .c and the inline functions of
           the private header. Structs that layers.toml lists as values are free.
  length   A .c or .h of the library has at most 500 lines. Blank lines, documentation (/** … */)
           and the licence do not count.
  columns  A line of a program in C, C++, Python, JavaScript, TypeScript or Vala has at most 100
           characters.

A line in exceptions.txt allows one place. A line that no place needs is an error too, so the list
only gets shorter. Circles break no rule: they are parts of one layer that call each other, directly
or through others. The check counts them.
"""

import argparse
import pathlib
import sys

import layertable
import textrules
import userules
import uses
from findings import compare, describe, read_exceptions

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
EXCEPTIONS = HERE / "exceptions.txt"

KINDS = ("include", "call", "struct", "length", "columns")

HEAD = """\
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Places that break a rule today: KIND FILE [HEADER, FUNCTION or STRUCT]. layercheck.py explains the
# kinds. “layercheck.py BUILD --update” writes this file.

"""


class Check:
    def __init__(self, root, table, build):
        self.root = root
        self.table = table
        self.build = build
        self.files = layertable.list_library(root)

    def find_homeless(self):
        return textrules.find_homeless(self.table, self.files)

    def find_includes(self):
        return textrules.find_includes(self.root, self.table, self.files)

    def find_long_files(self):
        return textrules.find_long_files(self.root, self.files)

    def find_long_lines(self):
        return textrules.find_long_lines(self.root, sorted(textrules.list_sources(self.root)))

    def read_uses(self):
        return uses.Reader(self.root, self.build, self.files).read_all()

    def find_calls(self, found):
        return userules.find_calls(self.table, found)

    def find_touches(self, found):
        return userules.find_touches(self.table, found)

    def find_all(self, found):
        return [*self.find_homeless(), *self.find_includes(), *self.find_calls(found),
                *self.find_touches(found), *self.find_long_files(), *self.find_long_lines()]

    def describe(self, found):
        for layer in self.table.names:
            parts = userules.find_circle(self.table, found, layer)
            yield f"largest circle of {layer}: {len(parts)} {' '.join(sorted(parts))}".rstrip()
        for file in found.unread:
            yield f"left out, as it does not compile here: {file}"


def write_exceptions(findings):
    wanted = sorted({finding.exception for finding in findings if finding.kind in KINDS})
    EXCEPTIONS.write_text(HEAD + "".join(f"{line}\n" for line in wanted), encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--update", action="store_true")
    arguments = parser.parse_args()

    check = Check(ROOT, layertable.read_table(), arguments.build.resolve())
    try:
        found = check.read_uses()
    except (uses.Missing, uses.Unreadable) as error:
        sys.exit(str(error))
    findings = check.find_all(found)
    if arguments.update:
        write_exceptions(findings)
    wrong, stale = compare(findings, read_exceptions(EXCEPTIONS))
    for line in describe(wrong):
        print(line)
    for exception in sorted(stale):
        print("delete from exceptions.txt:", exception)
    for line in check.describe(found):
        print(line)
    return bool(wrong or stale)


if __name__ == "__main__":
    sys.exit(main())
