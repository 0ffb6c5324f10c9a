# SPDX-License-Identifier: LGPL-2.1-or-later
"""Draws the number of datagrams received and sent in each second of the last minute."""

import collections

import gi

gi.require_version("Gtk", "4.0")
gi.require_foreign("cairo")
from gi.repository import Gtk  # noqa: E402

SECONDS = 60
# The least range of the vertical axis: one or two datagrams must not fill the picture.
LEAST_HEIGHT = 8


def color_of(widget):
    # GTK 4.10 added a function for this, and deprecated the style context.
    source = widget if hasattr(widget, "get_color") else widget.get_style_context()
    color = source.get_color()
    return color.red, color.green, color.blue


class Plot(Gtk.DrawingArea):
    __gtype_name__ = "ChatPlot"

    def __init__(self, **properties):
        super().__init__(**properties)
        zeros = [0] * (SECONDS + 1)
        self.received = collections.deque(zeros, SECONDS + 1)
        self.sent = collections.deque(zeros, SECONDS + 1)
        self._labels = ()
        self.set_draw_func(self._draw)

    def use_colors_of(self, received_label, sent_label):
        self._labels = received_label, sent_label

    def add(self, received, sent):
        self.received.append(received)
        self.sent.append(sent)
        self.queue_draw()

    def _draw(self, _area, cr, width, height):
        highest = max(LEAST_HEIGHT, *self.received, *self.sent)
        self._draw_grid(cr, width, height)
        for values, label in zip((self.received, self.sent), self._labels):
            points = [
                (i * width / SECONDS, height - 1 - (height - 3) * value / highest)
                for i, value in enumerate(values)
            ]
            self._draw_curve(cr, points, color_of(label), height)

    def _draw_grid(self, cr, width, height):
        cr.set_source_rgba(*color_of(self), 0.12)
        cr.set_line_width(1)
        for row in range(4):
            y = round(row * (height - 1) / 3) + 0.5
            cr.move_to(0, y)
            cr.line_to(width, y)
        cr.stroke()

    def _draw_curve(self, cr, points, color, height):
        cr.move_to(*points[0])
        for (x, y), (next_x, next_y) in zip(points, points[1:]):
            middle = (x + next_x) / 2
            cr.curve_to(middle, y, middle, next_y, next_x, next_y)
        cr.set_source_rgb(*color)
        cr.set_line_width(2)
        cr.stroke_preserve()

        # Fill the area below the curve, down to the bottom.
        cr.line_to(points[-1][0], height)
        cr.line_to(points[0][0], height)
        cr.close_path()
        cr.set_source_rgba(*color, 0.15)
        cr.fill()
