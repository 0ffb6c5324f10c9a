#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads the reference's index for Devhelp as Devhelp does."""

import os
import pathlib
import re
import sys
import unittest
import xml.etree.ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "examples"))

import tap  # noqa: E402

REFERENCE = pathlib.Path(os.environ["GUDPX_REFERENCE"])
NAMESPACE = {"book": "http://www.devhelp.net/book"}


def identifiers(page):
    return set(re.findall(r'\bid="([^"]+)"', page.read_text(encoding="utf-8")))


class Devhelp(unittest.TestCase):
    def setUp(self):
        # Devhelp finds a file only if its name is the name of its directory.
        file = REFERENCE / (REFERENCE.name + ".devhelp2")
        self.book = xml.etree.ElementTree.parse(file).getroot()

    def find_all(self, path):
        found = self.book.findall(path, NAMESPACE)
        self.assertNotEqual(found, [])
        return found

    def test_book(self):
        self.assertEqual(self.book.tag, f"{{{NAMESPACE['book']}}}book")
        self.assertEqual(self.book.get("version"), "2")
        self.assertTrue((REFERENCE / self.book.get("link")).exists())

    def test_links(self):
        entries = self.find_all("book:chapters//book:sub")
        entries += self.find_all("book:functions/book:keyword")
        for link in {entry.get("link") for entry in entries}:
            with self.subTest(link=link):
                name, _, fragment = link.partition("#")
                self.assertTrue((REFERENCE / name).exists())
                if fragment:
                    self.assertIn(fragment, identifiers(REFERENCE / name))

    def test_keywords(self):
        keywords = " ".join(element.get("name") for element in self.find_all(".//book:keyword"))
        for name in ("gudpx_listen_udp", "gudpx_port_write", "gudpx_datagram_reply",
                     "GudpxDatagramProtocol", "GudpxPort", "GudpxQueuePolicy"):
            self.assertIn(name, keywords)

    def test_guides(self):
        guides = {element.get("link") for element in self.find_all("book:chapters/book:sub")}
        source = pathlib.Path(__file__).resolve().parents[2] / "docs"
        for guide in source.glob("*.md"):
            self.assertIn(guide.stem + ".html", guides)


if __name__ == "__main__":
    tap.main()
