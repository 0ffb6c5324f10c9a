# SPDX-License-Identifier: LGPL-2.1-or-later
"""Stands for a window manager, as far as GTK has to know of one to draw windows as on a desktop."""

from Xlib import Xatom
from Xlib.display import Display

BACKGROUND = 0x99C1F1


def claim(name):
    """Says on the X server that windows may draw their own shadows; holds until it is closed."""
    display = Display(name)
    root = display.screen().root
    window = root.create_window(0, 0, 1, 1, 0, 0)
    check = display.intern_atom("_NET_SUPPORTING_WM_CHECK")
    for each in (root, window):
        each.change_property(check, Xatom.WINDOW, 32, [window.id])
    supported = [display.intern_atom("_GTK_FRAME_EXTENTS")]
    root.change_property(display.intern_atom("_NET_SUPPORTED"), Xatom.ATOM, 32, supported)
    paint_background(display, root)
    display.sync()
    return display


def paint_background(display, root):
    """Where the compositor looks for it: one pixel is repeated."""
    pixel = root.create_pixmap(1, 1, display.screen().root_depth)
    pixel.fill_rectangle(root.create_gc(foreground=BACKGROUND), 0, 0, 1, 1)
    root.change_property(display.intern_atom("_XROOTPMAP_ID"), Xatom.PIXMAP, 32, [pixel.id])
