# SPDX-License-Identifier: LGPL-2.1-or-later
"""Finds with libclang the functions and the fields that the files of the library use.

The reader reads every .c of the library, also a file that the build does not compile. A file of
the second kind may be for another system: the reader leaves it out if it has errors.
"""

import collections
import json
import os
import pathlib
import re
import shlex
import tempfile

from layertable import is_private_header

SYSTEM_HEADER = re.compile(r"^#include (<(?:gio/|glib|gmodule)[^>]*>)", re.MULTILINE)

Use = collections.namedtuple("Use", "file line name definition")


class Missing(Exception):
    """A part of libclang is missing."""


class Unreadable(Exception):
    """A file that this build compiles has errors."""


def load_libclang():
    try:
        import clang.cindex
        clang.cindex.Index.create()
    except (ImportError, AttributeError, OSError) as error:
        raise Missing(f"libclang for Python is missing: {error}") from error
    except clang.cindex.LibclangError as error:
        raise Missing(f"libclang is missing: {error}") from error
    return clang.cindex


class CompileCommands:
    def __init__(self, root, build):
        self.root = root
        entries = json.loads((build / "compile_commands.json").read_text(encoding="utf-8"))
        self.arguments = {}
        for entry in entries:
            file = pathlib.Path(entry["directory"], entry["file"]).resolve()
            if file.is_relative_to(root / "gudpx"):
                self.arguments[file.relative_to(root)] = list(self._select(entry))
        if not self.arguments:
            raise Unreadable(f"no file of the library is in {build / 'compile_commands.json'}")

    @staticmethod
    def _select(entry):
        """Keeps the arguments that every compiler knows."""
        for argument in shlex.split(entry["command"]):
            if argument.startswith(("-D", "-U", "-std=")):
                yield argument
            elif argument.startswith("-I"):
                yield "-I" + os.path.join(entry["directory"], argument[2:])

    def is_compiled(self, file):
        return file in self.arguments

    def get(self, file):
        return self.arguments.get(file) or self.get_any()

    def get_any(self):
        return next(iter(self.arguments.values()))


class Reader:
    """Collects from all files: definitions, calls and touches.

    definitions: the files that define a function or a variable, by its name; none are static
    calls: where a function is called, its address taken, or a variable used
    touches: where a field of a struct is used
    unread: the files that were left out
    """

    def __init__(self, root, build, files):
        self.root = root
        self.libclang = load_libclang()
        self.commands = CompileCommands(root, build)
        self.files = files
        self.paths = {}
        self.headers = set()
        self.unread = []
        self.definitions = collections.defaultdict(set)
        self.calls = []
        self.touches = []
        self.index = self.libclang.Index.create(excludeDecls=True)
        kinds = self.libclang.CursorKind
        self.records = (kinds.STRUCT_DECL, kinds.UNION_DECL)
        self.linked = (kinds.FUNCTION_DECL, kinds.VAR_DECL)
        self.visitors = {
            kinds.DECL_REF_EXPR: self._visit_reference,
            kinds.MEMBER_REF_EXPR: self._visit_member,
            kinds.MEMBER_REF: self._visit_member,
            kinds.INIT_LIST_EXPR: self._visit_initializer,
        }
        self._check_headers()

    def _check_headers(self):
        unit = self.index.parse("probe.c", unsaved_files=[("probe.c", "#include <stddef.h>\n")])
        if self._get_errors(unit):
            raise Missing("the compiler's own headers for libclang are missing")

    def read_all(self):
        with tempfile.TemporaryDirectory(prefix="gudpx-layers-") as directory:
            include = self._precompile(pathlib.Path(directory) / "system.h")
            for file in self.files:
                if file.suffix == ".c":
                    self._read(file, include)
        return self

    def _precompile(self, header):
        """Reads GLib's headers once for all files, which is four times as fast."""
        names = set()
        for file in self.files:
            names.update(SYSTEM_HEADER.findall((self.root / file).read_text(encoding="utf-8")))
        header.write_text("".join(f"#include {name}\n" for name in sorted(names)), encoding="utf-8")
        unit = self.index.parse(str(header), [*self.commands.get_any(), "-x", "c-header"])
        if self._get_errors(unit):
            return []
        unit.save(str(header) + ".pch")
        return ["-include-pch", str(header) + ".pch"]

    def _read(self, file, include):
        unit = self.index.parse(str(self.root / file), [*self.commands.get(file), *include])
        errors = self._get_errors(unit)
        if errors and self.commands.is_compiled(file):
            raise Unreadable(f"{file}: {errors[0]}")
        if errors:
            self.unread.append(file)
            return
        read = set()
        for cursor in unit.cursor.get_children():
            place = self._get_place(cursor)
            if place == file or (is_ours(place) and place not in self.headers):
                read.add(place)
                self._visit(cursor, place)
        self.headers |= read

    def _get_errors(self, unit):
        return [error for error in unit.diagnostics
                if error.severity >= self.libclang.Diagnostic.Error]

    def _get_place(self, cursor):
        """Returns the file of the library that a cursor is in. Macros count where they are used."""
        if cursor is None or cursor.location.file is None:
            return None
        name = cursor.location.file.name
        if name not in self.paths:
            path = pathlib.Path(name).resolve()
            self.paths[name] = (path.relative_to(self.root)
                                if path.is_relative_to(self.root / "gudpx") else None)
        return self.paths[name]

    def _visit(self, cursor, place):
        if (cursor.kind in self.linked and cursor.is_definition() and
                cursor.linkage == self.libclang.LinkageKind.EXTERNAL):
            self.definitions[cursor.spelling].add(place)
        for node in cursor.walk_preorder():
            visitor = self.visitors.get(node.kind)
            if visitor:
                visitor(node)

    def _visit_reference(self, node):
        target = node.referenced
        if (target is not None and target.kind in self.linked and
                target.linkage != self.libclang.LinkageKind.NO_LINKAGE):
            self._add(self.calls, node, node.spelling, self._get_place(target.get_definition()))

    def _visit_member(self, node):
        field = node.referenced
        if field is not None and field.kind == self.libclang.CursorKind.FIELD_DECL:
            self._add_touch(node, field.semantic_parent)

    def _visit_initializer(self, node):
        """Initialisers need not name the fields that they touch. { 0 } touches none."""
        record = node.type.get_canonical().get_declaration()
        if record.kind in self.records and self._get_place(record) is not None:
            values = node.get_children()
            tokens = [token.spelling for value in values for token in value.get_tokens()]
            if tokens not in ([], ["0"]):
                self._add_touch(node, record)

    def _add_touch(self, node, record):
        while record.semantic_parent.kind in self.records:
            record = record.semantic_parent
        place = self._get_place(record)
        if place is not None:
            name = re.sub(r"^(struct |union )?_?", "", record.type.spelling)
            self._add(self.touches, node, name, place)

    def _add(self, uses, node, name, definition):
        uses.append(Use(self._get_place(node), node.location.line, name, definition))


def is_ours(place):
    return place is not None and is_private_header(place)
