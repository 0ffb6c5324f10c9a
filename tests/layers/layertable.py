# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads layers.toml: the layers of the library, and the files of each.

Every file name here is a path relative to the root of the sources.
"""

import fnmatch
import pathlib
import tomllib

LIBRARY = "gudpx"


def get_part(file):
    """Returns the name of a file's part: sender for gudpx-sender.c and gudpx-sender-private.h."""
    return file.stem.removeprefix("gudpx-").removesuffix("-private")


def is_private_header(file):
    return file.name.endswith("-private.h")


def is_layered(file):
    """Returns False for public headers, which every layer may include."""
    return file.suffix == ".c" or is_private_header(file)


def list_library(root):
    files = (root / LIBRARY).rglob("*.[ch]")
    return sorted(file.relative_to(root) for file in files)


class Table:
    def __init__(self, text):
        table = tomllib.loads(text)
        self.names = table["layers"]
        self.ranks = {layer: rank for rank, layer in enumerate(self.names)}
        self.implementations = table.get("implementations", {})
        self.value_structs = frozenset(table.get("value-structs", []))

    def get_layer(self, file):
        """Returns None for public headers and for files that the table does not know."""
        if not is_layered(file):
            return None
        folder = file.parts[1]
        return folder if folder in self.names else self._find_layer(get_part(file))

    def _find_layer(self, part):
        matches = [(len(name), layer)
                   for layer, names in self.names.items()
                   for name in names if fnmatch.fnmatchcase(part, name)]
        return max(matches)[1] if matches else None

    def is_above(self, file, other):
        """Returns whether a file is in a higher layer than another file."""
        ranks = [self.ranks.get(self.get_layer(one)) for one in (file, other)]
        return None not in ranks and ranks[0] > ranks[1]

    def may_touch(self, file, struct, owner):
        """Returns whether code in a file may use the fields of a struct of its owner's."""
        if struct in self.value_structs or not is_layered(owner):
            return True
        names = (get_part(owner), *self.implementations.get(get_part(owner), []))
        return any(fnmatch.fnmatchcase(get_part(file), name) for name in names)


def read_table(file=pathlib.Path(__file__).with_name("layers.toml")):
    return Table(file.read_text(encoding="utf-8"))
