# SPDX-License-Identifier: LGPL-2.1-or-later
"""The rules that need no compiler: includes, lengths of files, lengths of lines."""

import os
import re

from findings import Finding
from layertable import is_layered, is_private_header

MAX_LINES = 500
MAX_COLUMNS = 100

FOLDERS = ("gudpx", "examples", "tests", "docs")
SUFFIXES = (".c", ".cc", ".h", ".js", ".py", ".pyi", ".ts", ".vala")
PYTHON_PROGRAM = "#!/usr/bin/env python3\n"

INCLUDE = re.compile(r'^\s*#\s*include\s+["<](?:[^">]*/)?([^/">]+)[">]')
DOCUMENTATION = re.compile(r"/\*\*\s.*?\*/", re.DOTALL)
LICENSE = re.compile(r"/\* SPDX-License-Identifier.*?\*/", re.DOTALL)


def read(root, file):
    return (root / file).read_text(encoding="utf-8")


def find_homeless(table, files):
    for file in files:
        if is_layered(file) and table.get_layer(file) is None:
            yield Finding("layer", file, text="is in no layer: add its name to layers.toml")


def find_includes(root, table, files):
    headers = {file.name: file for file in files if is_private_header(file)}
    for file in files:
        for number, line in enumerate(read(root, file).splitlines(), 1):
            match = INCLUDE.match(line)
            header = headers.get(match[1]) if match else None
            if header and table.is_above(header, file):
                yield Finding("include", file, header.name, number,
                              f"includes {header.name} of the layer {table.get_layer(header)}")


def count_lines(text):
    """Counts the lines with code or plain comments: without blank ones, documentation, licence."""
    text = LICENSE.sub("", DOCUMENTATION.sub("", text))
    return sum(1 for line in text.splitlines() if line.strip())


def find_long_files(root, files):
    for file in files:
        n_lines = count_lines(read(root, file))
        if n_lines > MAX_LINES:
            yield Finding("length", file, text=f"has {n_lines} lines without documentation")


def list_sources(root):
    """Lists the programs of the project: C, C++, Python, JavaScript, TypeScript and Vala."""
    for folder in FOLDERS:
        for directory, _, names in os.walk(root / folder):
            for name in names:
                file = (root / directory / name).relative_to(root)
                if file.suffix in SUFFIXES or (not file.suffix and is_python(root / file)):
                    yield file


def is_python(path):
    with path.open("rb") as file:
        return file.readline() == PYTHON_PROGRAM.encode()


def find_long_lines(root, files):
    for file in files:
        for number, line in enumerate(read(root, file).splitlines(), 1):
            if len(line) > MAX_COLUMNS:
                yield Finding("columns", file, line=number,
                              text=f"has more than {MAX_COLUMNS} columns")
