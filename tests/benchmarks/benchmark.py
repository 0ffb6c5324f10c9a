#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Measures gudpx and its peers, and draws the tables. See docs/performance.md."""

import argparse
import os
import platform
import statistics
import subprocess
import sys

import cases
import growth
import instructions
import plots
from harness import SKIPPED, Missing, cpus, find_programs, measure_case, median, ratios, spread
from tables import Report


def describe_machine():
    with open('/proc/cpuinfo') as cpuinfo:
        models = [line.split(':', 1)[1].strip()
                  for line in cpuinfo if line.startswith('model name')]
    with open('/proc/sys/net/core/rmem_max') as limit:
        rmem_max = int(limit.read())
    versions = []
    for command in (['/usr/bin/node', '--version'], ['gjs', '--version'], [sys.executable, '-V']):
        try:
            versions.append(os.path.basename(command[0]) + ' ' + subprocess.run(
                command, capture_output=True, text=True).stdout.split()[-1])
        except (OSError, IndexError):
            pass
    return (f'{os.cpu_count()} × {models[0] if models else platform.machine()}, '
            f'Linux {platform.release()}, {", ".join(versions)}; '
            f'receive buffers of {rmem_max} bytes; '
            f'subject on CPU {cpus()[0]}, load on CPU {cpus()[1]}')


def draw_costs(report, programs, measured):
    """Draws a row for each program, and a column for each case."""
    rows = []
    for program in programs:
        row = [program.name]
        for case, seen in measured:
            low, high = spread(seen[program.name], case.metric)
            row.append(f'{report.number(median(seen[program.name], case.metric))} '
                       f'({report.number(low)}–{report.number(high)})')
        rows.append(row)
    report.table([''] + [case.name for case, _ in measured], rows)


def draw_ratios(report, programs, measured, comparisons):
    """Draws how many times better one program is: the median, the least and the greatest ratio of
    the rounds."""
    names = {program.name for program in programs}
    rows = []
    for better, worse in comparisons:
        if better.name not in names or worse.name not in names:
            continue
        row = [f'{better.name} against {worse.name}']
        for case, seen in measured:
            values = ratios(seen, better.name, worse.name, case.metric)
            row.append(f'{statistics.median(values):.2f} ({min(values):.2f}–{max(values):.2f})')
        rows.append(row)
    report.table([''] + [case.name for case, _ in measured], rows)


def run_table(report, table, arguments):
    report.heading(table.title, table.text)
    programs = find_programs(arguments.build, table.programs, report)
    measured = []
    for case in table.cases:
        # Several columns may be about the same measurements.
        seen = next((seen for other, seen in measured if other.is_like(case)), None)
        if seen is None:
            print(f'… {table.title}: {case.name}', file=sys.stderr, flush=True)
            seen = measure_case(arguments.build, case, programs, arguments.rounds,
                                arguments.milliseconds)
        measured.append((case, seen))
        for name, rounds_ in seen.items():
            lost = sum(round_['lost'] for round_ in rounds_)
            if lost > 0:
                report.note(f'{name}, {case.name}: {lost} datagrams were lost')
    draw_costs(report, programs, measured)
    draw_ratios(report, programs, measured, table.comparisons)
    if table.plot is not None and report.path is not None:
        panels = [(case.name, {name: median(seen[name], case.metric) for name in seen})
                  for case, seen in measured if case.name in table.plot[1]]
        plots.bars(report.add_plot(table.plot[0], table.title), table.title, panels,
                   [program.name for program in programs])


def main():
    others = {**growth.TABLES, **instructions.TABLES}
    names = list(cases.TABLES) + list(others)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--build', required=True, help='the build directory')
    parser.add_argument('--table', action='append', choices=names, help='only this one')
    parser.add_argument('--rounds', type=int, default=9)
    parser.add_argument('--milliseconds', type=int, default=100, help='for each measurement')
    parser.add_argument('--library', action='append', metavar='DIRECTORY',
                        help='count instructions of the library in this build directory; may be '
                             'given several times')
    parser.add_argument('--before', action='append', metavar='DIRECTORY',
                        help='compare with the library in this build directory: the first with the '
                             'first --library, and so on')
    parser.add_argument('--markdown', metavar='FILE',
                        help='write the tables there, behind the mark that it may have, and plots '
                             'beside it')
    parser.add_argument('--smoke', action='store_true',
                        help='one round of a few milliseconds: only to see that everything runs')
    arguments = parser.parse_args()
    if arguments.smoke:
        arguments.rounds, arguments.milliseconds = 1, 5

    report = Report(arguments.markdown, describe_machine(), arguments.rounds,
                    arguments.milliseconds)
    for name in arguments.table or names:
        if name in cases.TABLES:
            run_table(report, cases.TABLES[name], arguments)
        else:
            others[name](report, arguments)
    report.finish()


if __name__ == '__main__':
    try:
        main()
    except Missing as reason:
        print(reason)
        sys.exit(SKIPPED)
