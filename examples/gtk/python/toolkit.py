# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the window is made of: libadwaita, or where it is missing, GTK alone."""

import sys

import gi


def _choose():
    # Classes derive from it, so it is chosen before the options are parsed.
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
