# SPDX-License-Identifier: LGPL-2.1-or-later
"""Draws how many datagrams came and went in each second of the last minute."""

import collections

import gi

gi.require_version("Gtk", "4.0")
gi.require_foreign("cairo")
from gi.repository import Gtk  # noqa: E402

SECONDS = 60
# So that one or two datagrams do not fill the picture.
LEAST_HEIGHT = 8
RECEIVED, SENT = "accent_color", "success_color"


class Plot(Gtk.DrawingArea):
    __gtype_name__ = "ChatPlot"

    def __init__(self, **properties):
        super().__init__(**properties)
        zeros = [0] * (SECONDS + 1)
        self.received = collections.deque(zeros, SECONDS + 1)
        self.sent = collections.deque(zeros, SECONDS + 1)
        self.set_draw_func(self._draw)

    def add(self, received, sent):
        self.received.append(received)
        self.sent.append(sent)
        self.queue_draw()

    def _draw(self, _area, cr, width, height):
        highest = max(LEAST_HEIGHT, *self.received, *self.sent)
        self._draw_grid(cr, width, height)
        for values, color in ((self.received, RECEIVED), (self.sent, SENT)):
            points = [
                (i * width / SECONDS, height - 1 - (height - 3) * value / highest)
                for i, value in enumerate(values)
            ]
            self._draw_curve(cr, points, self._look_up(color), height)

    def _look_up(self, name):
        _found, color = self.get_style_context().lookup_color(name)
        return color.red, color.green, color.blue

    def _draw_grid(self, cr, width, height):
        color = self.get_style_context().get_color()
        cr.set_source_rgba(color.red, color.green, color.blue, 0.12)
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

        # The area below it, closed along the bottom.
        cr.line_to(points[-1][0], height)
        cr.line_to(points[0][0], height)
        cr.close_path()
        cr.set_source_rgba(*color, 0.15)
        cr.fill()
