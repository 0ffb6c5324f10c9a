# SPDX-License-Identifier: LGPL-2.1-or-later
"""Draws tables as text and as Markdown."""

import os

MARK = '<!-- What follows is written by tests/benchmarks/run --markdown. -->\n'


class Report:
    def __init__(self, path, machine, rounds, milliseconds):
        self.path = path
        self.markdown = []
        self.noted = set()
        self.both(f'{machine}.')
        self.both(f'{rounds} rounds of {milliseconds} ms each. Load average before: '
                  f'{self.load_average()}.')

    @staticmethod
    def load_average():
        return ' '.join(f'{value:.2f}' for value in os.getloadavg())

    @staticmethod
    def number(value):
        """Formats a value with at least three digits."""
        return f'{value:.0f}' if value >= 100 else f'{value:.1f}' if value >= 10 else f'{value:.2f}'

    def both(self, text):
        print(text + '\n', flush=True)
        self.markdown += [text, '']

    def heading(self, title, text):
        print(title + '\n' + '=' * len(title) + '\n', flush=True)
        self.markdown += [f'## {title}', '']
        if text:
            self.both(text)

    def note(self, text):
        if text not in self.noted:
            self.noted.add(text)
            self.both(f'({text}.)')

    def table(self, header, rows):
        if not rows:
            return
        widths = [max(len(row[i]) for row in [header] + rows) for i in range(len(header))]
        for row in [header] + rows:
            cells = [row[0].ljust(widths[0])]
            cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]
            print('  '.join(cells).rstrip())
        print(flush=True)

        self.markdown.append('| ' + ' | '.join(header) + ' |')
        self.markdown.append('|---' + '|---:' * (len(header) - 1) + '|')
        self.markdown += ['| ' + ' | '.join(row) + ' |' for row in rows]
        self.markdown.append('')

    def add_plot(self, name, title):
        """Adds a plot to the page. Returns the path of the file to draw."""
        self.markdown += [f'![{title}]({name})', '']
        return os.path.join(os.path.dirname(self.path), name)

    def finish(self):
        self.both(f'Load average after: {self.load_average()}.')
        if self.path is None:
            return
        before = ''
        if os.path.exists(self.path):
            with open(self.path) as file:
                before, mark, _ = file.read().partition(MARK)
                before = before if mark else ''
        with open(self.path, 'w') as file:
            file.write(before + MARK + '\n' + '\n'.join(self.markdown))
