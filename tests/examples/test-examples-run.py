#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs examples/run, with the existing build and in a new copy of the sources."""

import collections
import os
import pathlib
import shutil
import tempfile

import tap
from exampletest import BUILD, ROOT, SUFFIXES, ExampleTestCase, names_in

BUILD_TIME_LIMIT = 600

Process = collections.namedtuple("Process", "name group")


def read_processes():
    """Returns the processes of the system, except zombies."""
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            before, after = path.read_text(errors="replace").rsplit(")", 1)
        except (FileNotFoundError, ProcessLookupError):
            continue
        state, _parent, group = after.split()[:3]
        if state not in "ZX":
            yield Process(before, int(group))


class RunTestCase(ExampleTestCase):
    def start_run(self, *arguments, root=ROOT, **variables):
        return self.run_command(
            [root / "examples" / "run", *arguments],
            cwd="/",
            env={**os.environ, **variables},
            start_new_session=True,
        )

    def assert_shows_echo(self, run):
        self.assertIn('client: received "one"', run.lines)
        self.assertRegex(run.output, r"server: received b'one' from 127\.0\.0\.1:\d+\n")

    def assert_nothing_left(self, run):
        left = [process for process in read_processes() if process.group == run.pid]
        self.assertEqual(left, [])


class RunBuilt(RunTestCase):
    def run_examples(self, *arguments):
        return self.start_run(*arguments, GUDPX_BUILD_DIR=str(BUILD))

    def test_show(self):
        # Run it twice: remains of the first run must not disturb the second.
        for _ in range(2):
            run = self.run_examples()
            self.assertEqual(run.wait(), 0, run.output)
            self.assert_shows_echo(run)
            self.assert_nothing_left(run)

    def test_one_example(self):
        run = self.run_examples("resolve", "c", "127.0.0.1")
        self.assertEqual(run.wait(), 0, run.output)
        self.assertEqual(run.lines, ["127.0.0.1"])

    def test_python_is_the_default(self):
        run = self.run_examples("echo")
        match = run.wait_for(r"listening on 127\.0\.0\.1:(\d+)")
        self.assert_echoes(self.connected_socket("127.0.0.1", int(match[1])), b"hello")
        run.wait_for("received b'hello'")
        run.stop()
        self.assert_nothing_left(run)

    def test_list(self):
        run = self.run_examples("--list")
        self.assertEqual(run.wait(), 0, run.output)
        listed = {}
        for line in run.lines:
            name, *words = line.split()
            languages = [word for word in words if word in SUFFIXES]
            self.assertGreater(len(words), len(languages), f"{name} has no description")
            listed[name] = set(languages)
        self.assertEqual(listed.pop("gtk-chat"), {"python", "js"})
        for language in SUFFIXES:
            in_language = sorted(name for name in listed if language in listed[name])
            self.assertEqual(in_language, names_in(language))

    def test_errors(self):
        for arguments, message in (
            (["nope"], "there is no example nope"),
            (["echo", "cobol"], "cobol"),
            (["client", "js"], "c"),
            (["--nope"], "unknown option --nope"),
        ):
            run = self.run_examples(*arguments)
            self.assertEqual(run.wait(), 1)
            self.assertIn(message, run.output)


class RunFromScratch(RunTestCase):
    def test_builds(self):
        for command in ("meson", "ninja", "g-ir-scanner", "vapigen", "gjs"):
            if not shutil.which(command):
                self.skipTest(f"{command} is missing, and no test installs it")

        with tempfile.TemporaryDirectory() as directory:
            root = pathlib.Path(directory) / "a copy"
            shutil.copytree(ROOT, root, ignore=shutil.ignore_patterns(".git", "build*"))

            for _ in range(2):
                run = self.start_run(root=root, GUDPX_BUILD_DIR="")
                self.assertEqual(run.wait(BUILD_TIME_LIMIT), 0, run.output)
                self.assert_shows_echo(run)
                self.assert_nothing_left(run)

            run = self.start_run("resolve", "js", "127.0.0.1", root=root, GUDPX_BUILD_DIR="")
            self.assertEqual(run.wait(), 0, run.output)
            self.assertEqual(run.lines, ["127.0.0.1"])


if __name__ == "__main__":
    tap.main()
