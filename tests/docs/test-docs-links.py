#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks that the links of the README and of the guides lead somewhere.

If the argument is the directory of the generated reference, checks the links of its guides, too.
"""

import html.parser
import os
import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "examples"))

import snippets  # noqa: E402
import tap  # noqa: E402

LINK = re.compile(r"\]\(([^)\s]+)\)")
REFERENCE = os.environ.get("GUDPX_REFERENCE")


class Page(html.parser.HTMLParser):
    """Collects the links of a page, and the fragments that links may lead to."""

    def __init__(self, file):
        super().__init__()
        self.links = set()
        self.ids = set()
        self.feed(file.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.ids.add(attributes.get("id"))
        for name in ("href", "src"):
            if attributes.get(name):
                self.links.add(attributes[name])


def is_elsewhere(link):
    return re.match(r"[a-z]+:", link) is not None


def list_headings(file):
    """Returns the fragments of a Markdown file with the names that GitHub gives them."""
    headings = re.findall(r"^#+ (.*)", file.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


class Links(unittest.TestCase):
    def test_readme(self):
        links = LINK.findall(snippets.FILES[0].read_text(encoding="utf-8"))
        self.assertNotEqual(links, [])
        for link in links:
            if is_elsewhere(link):
                continue
            name, _, fragment = link.partition("#")
            target = snippets.ROOT / (name or snippets.FILES[0].name)
            self.assertTrue(target.exists(), link)
            if fragment:
                self.assertIn(fragment, list_headings(target), link)

    def test_guides(self):
        if not REFERENCE:
            self.skipTest("the reference was not built")
        reference = pathlib.Path(REFERENCE)
        pages = {file.name: Page(file) for file in reference.glob("*.html")}
        for name, page in pages.items():
            for link in page.links:
                if is_elsewhere(link):
                    continue
                with self.subTest(page=name, link=link):
                    target, _, fragment = link.partition("#")
                    self.assertTrue((reference / target).exists())
                    if fragment and (target or name) in pages:
                        self.assertIn(fragment, pages[target or name].ids)


if __name__ == "__main__":
    tap.main()
