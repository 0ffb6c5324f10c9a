# SPDX-License-Identifier: LGPL-2.1-or-later
"""Draws plots as SVG: bars in panels, and lines over a logarithmic axis."""

import math
from html import escape

COLOURS = ['#5d3a9b', '#1a85ff', '#40b0a6', '#d41159', '#8a6d00']
OURS = '#e66100'
THEIRS = '#7f8fa6'
ROW, PANEL, LABEL, MARGIN = 18, 190, 140, 10


class Drawing:
    def __init__(self, width, height, title):
        self.lines = [
            '<!-- SPDX-License-Identifier: LGPL-2.1-or-later -->',
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
            f'width="{width:.0f}" height="{height:.0f}" role="img" '
            'font-family="sans-serif" font-size="11">',
            f'<title>{escape(title)}</title>',
            f'<rect width="{width:.0f}" height="{height:.0f}" fill="#ffffff"/>',
        ]

    def text(self, x, y, content, anchor='start', weight='normal'):
        self.lines.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="#222222" '
                          f'font-weight="{weight}">{escape(content)}</text>')

    def bar(self, x, y, width, colour):
        self.lines.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 1):.1f}" '
                          f'height="{ROW - 5}" fill="{colour}"/>')

    def rule(self, x1, y1, x2, y2, colour='#dddddd'):
        self.lines.append(f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" stroke="{colour}"/>')

    def curve(self, points, colour):
        path = 'L'.join(f'{x:.1f} {y:.1f}' for x, y in points)
        self.lines.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        for x, y in points:
            self.lines.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>')

    def write(self, path):
        with open(path, 'w') as file:
            file.write('\n'.join(self.lines + ['</svg>', '']))


def bars(path, title, panels, names):
    """Draws a panel for each (heading, {name: value}), with a bar for each name. The longest bar of
    a panel fills its width."""
    drawing = Drawing(LABEL + len(panels) * PANEL + MARGIN, 56 + len(names) * ROW, title)
    drawing.text(MARGIN, 18, title, weight='bold')
    for row, name in enumerate(names):
        drawing.text(LABEL - 6, 64 + row * ROW, name, anchor='end')
    for column, (heading, values) in enumerate(panels):
        left = LABEL + column * PANEL
        longest = max(values.values())
        drawing.text(left, 42, heading)
        for row, name in enumerate(names):
            width = values[name] / longest * (PANEL - 60)
            drawing.bar(left, 54 + row * ROW, width, OURS if 'gudpx' in name else THEIRS)
            value = values[name]
            drawing.text(left + width + 5, 64 + row * ROW,
                         f'{value:,.0f}' if value >= 10 else f'{value:.1f}')
    drawing.write(path)


def lines(path, title, xs, series):
    """Draws a line for each of {name: values}, over the logarithms of xs."""
    left, top, width, height = 60, 40, 480, 260
    highest = max(max(values) for values in series.values())
    step = 10 ** math.floor(math.log10(highest))
    highest = math.ceil(highest / step) * step
    drawing = Drawing(left + width + 130, top + height + 40, title)
    drawing.text(MARGIN, 18, title, weight='bold')

    def place(x, y):
        return (left + math.log(x / xs[0]) / math.log(xs[-1] / xs[0]) * width,
                top + height - y / highest * height)

    for i in range(round(highest / step) + 1):
        _, y = place(xs[0], i * step)
        drawing.rule(left, y, left + width, y)
        drawing.text(left - 6, y + 4, f'{i * step:,.0f}', anchor='end')
    for x in xs:
        drawing.text(place(x, 0)[0], top + height + 18, f'{x:,}', anchor='middle')

    # Names of lines that end close to each other must not overlap.
    below = None
    ordered = sorted(series.items(), key=lambda item: item[1][-1])
    for colour, (name, values) in zip(COLOURS * len(ordered), ordered):
        colour = OURS if name == 'gudpx C' else colour
        points = [place(x, y) for x, y in zip(xs, values)]
        drawing.curve(points, colour)
        y = points[-1][1] + 4
        below = y if below is None else min(y, below - 14)
        drawing.lines.append(f'<text x="{left + width + 10}" y="{below:.1f}" fill="{colour}">'
                             f'{escape(name)}</text>')
    drawing.write(path)
