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
from harness import SKIPPED, Missing, cpus, measure_case, median, ratios, spread
from tables import Report


def describe_machine():
    with open('/proc/cpuinfo') as cpuinfo:
        models = [line.split(':', 1)[1].strip() for line in cpuinfo if line.startswith('model name')]
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
            f'Linux {platform.release()}, {", ".join(versions)}; receive buffers of {rmem_max} bytes; '
            f'subject on CPU {cpus()[0]}, load on CPU {cpus()[1]}')


def find_programs(build, programs, report):
    found = []
    for program in programs:
        try:
            program.check(build)
            found.append(program)
        except Missing as reason:
            report.note(f'{program.name} is not measured: {reason}')
    return found


def draw_costs(report, programs, measured):
    """A row for each program, a column for each case."""
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
    """How many times better; the median of the rounds' ratios, the worst and the best."""
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


def run_table(report, build, table, rounds, milliseconds):
    report.heading(table.title, table.text)
    programs = find_programs(build, table.programs, report)
    measured = []
    for case in table.cases:
        # Several columns may be about the same measurements.
        seen = next((seen for other, seen in measured if other.is_like(case)), None)
        if seen is None:
            print(f'… {table.title}: {case.name}', file=sys.stderr, flush=True)
            seen = measure_case(build, case, programs, rounds, milliseconds)
        measured.append((case, seen))
        for name, rounds_ in seen.items():
            lost = sum(round_['lost'] for round_ in rounds_)
            if lost > 0:
                report.note(f'{name}, {case.name}: {lost} datagrams were lost')
    draw_costs(report, programs, measured)
    draw_ratios(report, programs, measured, table.comparisons)


def main():
    names = list(cases.TABLES) + list(growth.TABLES)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--build', required=True, help='the build directory')
    parser.add_argument('--table', action='append', choices=names, help='only this one')
    parser.add_argument('--rounds', type=int, default=9)
    parser.add_argument('--milliseconds', type=int, default=100, help='for each measurement')
    parser.add_argument('--markdown', help='write the tables to this file, too')
    parser.add_argument('--smoke', action='store_true',
                        help='one round of a few milliseconds: only to see that everything runs')
    arguments = parser.parse_args()
    if arguments.smoke:
        arguments.rounds, arguments.milliseconds = 1, 5

    report = Report(describe_machine(), arguments.rounds, arguments.milliseconds)
    for name in arguments.table or names:
        if name in cases.TABLES:
            run_table(report, arguments.build, cases.TABLES[name], arguments.rounds,
                      arguments.milliseconds)
        else:
            growth.TABLES[name](report, arguments)
    report.finish(arguments.markdown)


if __name__ == '__main__':
    try:
        main()
    except Missing as reason:
        print(reason)
        sys.exit(SKIPPED)
