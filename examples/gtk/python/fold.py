# SPDX-License-Identifier: LGPL-2.1-or-later
"""A list next to its content. A narrow window shows only one of them.

libadwaita has a widget for this, but another one since version 1.4. This widget needs only GTK."""

import gi

gi.require_version("Gdk", "4.0")
gi.require_version("Gtk", "4.0")
from gi.repository import Gdk, GObject, Gtk  # noqa: E402

HORIZONTAL = Gtk.Orientation.HORIZONTAL


def place(fold, child, x, width, height):
    if fold.get_direction() == Gtk.TextDirection.RTL:
        x = fold.get_width() - x - width
    rectangle = Gdk.Rectangle()
    rectangle.x, rectangle.width, rectangle.height = x, width, height
    child.size_allocate(rectangle, -1)


class FoldLayout(Gtk.LayoutManager):
    def do_measure(self, fold, orientation, _for_size):
        (least, wanted), (other_least, other_wanted) = fold.measure_both(orientation)
        combine = sum if orientation == HORIZONTAL else max
        return max(least, other_least), combine((wanted, other_wanted)), -1, -1

    def do_allocate(self, fold, width, height, _baseline):
        (least, wanted), (content_least, _) = fold.measure_both(HORIZONTAL)
        fold.set_folded(width < least + content_least)
        if fold.folded:
            place(fold, fold.shown, 0, width, height)
        else:
            side = min(wanted, width - content_least)
            place(fold, fold.sidebar, 0, side, height)
            place(fold, fold.content, side, width - side, height)


class Fold(Gtk.Box):
    __gtype_name__ = "ChatFold"

    folded = GObject.Property(type=bool, default=False)

    def __init__(self, **properties):
        super().__init__(**properties)
        self._shows_content = False
        self.set_layout_manager(FoldLayout())
        self.add_css_class("unfolded")

    @property
    def sidebar(self):
        return self.get_first_child()

    @property
    def content(self):
        return self.get_last_child()

    @property
    def shown(self):
        """The child that a narrow window shows."""
        return self.content if self._shows_content else self.sidebar

    def show_sidebar(self):
        self._show(False)

    def show_content(self):
        self._show(True)

    def _show(self, content):
        self._shows_content = content
        self._update()
        self.queue_allocate()

    def measure_both(self, orientation):
        return [child.measure(orientation, -1)[:2] for child in (self.sidebar, self.content)]

    def set_folded(self, folded):
        if folded != self.folded:
            self.folded = folded
            (self.remove_css_class if folded else self.add_css_class)("unfolded")
        self._update()

    def _update(self):
        for child in (self.sidebar, self.content):
            child.set_child_visible(not self.folded or child is self.shown)
