# SPDX-License-Identifier: LGPL-2.1-or-later
"""Chooses the toolkit of the window: libadwaita, or only GTK if libadwaita is missing."""

import sys

import gi


def _choose():
    # Classes derive from the toolkit, so choose it before the options are parsed.
    if "--plain" not in sys.argv:
        try:
            gi.require_version("Adw", "1")
            from gi.repository import Adw
            return Adw
        except (ImportError, ValueError):
            pass
    import plain
    return plain


Adw = _choose()
