# SPDX-License-Identifier: LGPL-2.1-or-later
"""Imitates a window manager, so that GTK draws windows as on a desktop."""

from Xlib import X, Xatom
from Xlib.display import Display
from Xlib.protocol.event import ClientMessage

BACKGROUND = 0x99C1F1


class Desktop:
    """Imitates a window manager on the X server @name, until close()."""

    def __init__(self, name):
        self._display = Display(name)
        self._root = self._display.screen().root
        self._allow_shadows()
        self._paint_background()
        self._display.sync()

    def _atom(self, name):
        return self._display.intern_atom(name)

    def _allow_shadows(self):
        window = self._root.create_window(0, 0, 1, 1, 0, 0)
        check = self._atom("_NET_SUPPORTING_WM_CHECK")
        for each in (self._root, window):
            each.change_property(check, Xatom.WINDOW, 32, [window.id])
        self._root.change_property(self._atom("_NET_SUPPORTED"), Xatom.ATOM, 32,
                                   [self._atom("_GTK_FRAME_EXTENTS")])

    def _paint_background(self):
        """Sets the property from which the compositor takes the background: a pixmap of one pixel,
        which is repeated."""
        pixel = self._root.create_pixmap(1, 1, self._display.screen().root_depth)
        pixel.fill_rectangle(self._root.create_gc(foreground=BACKGROUND), 0, 0, 1, 1)
        self._root.change_property(self._atom("_XROOTPMAP_ID"), Xatom.PIXMAP, 32, [pixel.id])

    def close_window(self, number):
        """Asks the program to close a window, as a click on the button of a frame does."""
        data = 32, [self._atom("WM_DELETE_WINDOW"), X.CurrentTime, 0, 0, 0]
        window = self._display.create_resource_object("window", number)
        message = ClientMessage(window=window, client_type=self._atom("WM_PROTOCOLS"), data=data)
        window.send_event(message)
        self._display.sync()

    def close(self):
        self._display.close()
