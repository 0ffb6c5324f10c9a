# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads the programs in the README and in the guides.

The line before a program names it: <!-- snippet: NAME -->
"""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
FILES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

FENCE = re.compile(r"^```(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NAME = re.compile(r"<!-- snippet: (\S+) -->\n\Z")


class Snippet:
    def __init__(self, file, text, match):
        name = NAME.search(text, 0, match.start())
        self.name = name[1] if name else None
        self.language = match[1]
        self.code = match[2]
        self.line = text.count("\n", 0, match.start()) + 1
        self.place = f"{file.relative_to(ROOT)}:{self.line}"


def read(file):
    text = file.read_text(encoding="utf-8")
    return [Snippet(file, text, match) for match in FENCE.finditer(text)]


def read_all():
    return [snippet for file in FILES for snippet in read(file)]
