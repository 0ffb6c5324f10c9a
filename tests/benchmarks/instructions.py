# SPDX-License-Identifier: LGPL-2.1-or-later
"""Counts instructions per datagram with valgrind's callgrind, whatever else the machine does.

One subject, subjects/counted.c, runs with the library of each build directory."""

import collections
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

from harness import Missing, Program

N_A_ROUND = 64  # as in subjects/counted.c
ROUNDS = 50
TIMEOUT = 300
CASES = {
    'receive, joined': 'receive-joined',
    'echo, joined': 'echo-joined',
    'receive, plain': 'receive-plain',
    'echo, plain': 'echo-plain',
    'write_to': 'write-to',
    'write_datagrams of 64': 'write-datagrams',
    'echo, one a wake-up': 'echo-one',
}
LIBRARY = 'libgudpx-1.so'
SUBJECT = Program('counted', ['counted'])
OBJECT = re.compile(r'c?ob=\((\d+)\)(?: (.*))?')

Count = collections.namedtuple('Count', 'library program')


def sum_by_object(lines):
    """Returns the costs of each program and library, by its path.

    The line after “calls=” has the cost of a called function, which is listed elsewhere."""
    names, costs = {}, collections.Counter()
    current, is_call = None, False
    for line in lines:
        found = OBJECT.match(line)
        if found:
            names.setdefault(found[1], found[2])
            if line.startswith('ob='):
                current = names[found[1]]
        elif line.startswith('calls='):
            is_call = True
        elif re.match(r'[-+*\d]', line):
            if not is_call:
                costs[current] += int(line.split()[1])
            is_call = False
    return costs


def count(arguments, directory, case, rounds):
    """Runs the subject with the library of a build directory."""
    with tempfile.TemporaryDirectory() as scratch:
        path = os.path.join(scratch, 'callgrind.out')
        command = ['valgrind', '--quiet', '--tool=callgrind', '--toggle-collect=count_step*',
                   f'--callgrind-out-file={path}', *SUBJECT.resolve(arguments.build), case,
                   str(rounds)]
        run = subprocess.run(command, env=SUBJECT.environment(directory), text=True,
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=TIMEOUT)
        if run.returncode != 0:
            raise RuntimeError(f'{" ".join(command)}: {run.stderr.strip()}')
        with open(path) as file:
            costs = sum_by_object(file)
    ours = os.path.realpath(os.path.join(directory, 'gudpx'))
    library = sum(cost for name, cost in costs.items()
                  if os.path.basename(name).startswith(LIBRARY) and os.path.dirname(name) == ours)
    if library == 0:
        raise RuntimeError(f'no instruction was counted in the library of {directory}')
    n_datagrams = rounds * N_A_ROUND
    return Count(library / n_datagrams, sum(costs.values()) / n_datagrams)


def count_all(arguments, directory):
    rounds = 1 if arguments.smoke else ROUNDS
    counts = []
    for case in CASES.values():
        print(f'… instructions: {directory}, {case}', file=sys.stderr, flush=True)
        counts.append(count(arguments, directory, case, rounds))
    return counts


def read_options(directory):
    with open(os.path.join(directory, 'meson-info', 'intro-buildoptions.json')) as file:
        return {option['name']: option['value'] for option in json.load(file)}


def describe(directory):
    """Returns the name of a row: where and how the library was built."""
    options = read_options(directory)
    return (f'{os.path.relpath(directory)} ({options["buildtype"]}, '
            f'{"with" if options["library-lto"] else "without"} LTO)')


def check(directories):
    """Raises Missing if nothing can be counted here."""
    if shutil.which('valgrind') is None:
        raise Missing('valgrind is not there')
    run = subprocess.run(['valgrind', '--quiet', '--tool=callgrind',
                          '--callgrind-out-file=/dev/null', 'true'],
                         stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if run.returncode != 0:
        raise Missing(f'valgrind does not run: {run.stderr.strip()}')
    for directory in directories:
        if read_options(directory)['b_sanitize'] != 'none':
            raise Missing(f'{directory} is built with a sanitizer')


def make_row(name, counts):
    cells = [f'{each.library:,.0f} ({each.program:,.0f})' for each in counts]
    return [name] + cells + [f'{sum(each.library for each in counts):,.0f}']


def make_change(name, before, after):
    """Returns a row of changes, in percent of the library's instructions."""
    pairs = [(old.library, new.library) for old, new in zip(before, after)]
    pairs.append(tuple(map(sum, zip(*pairs))))
    return [f'{name}: change'] + [f'{(new / old - 1) * 100:+.1f} %' for old, new in pairs]


def instructions(report, arguments):
    after = arguments.library or [arguments.build]
    before = arguments.before or []
    report.heading('Instructions per datagram',
                   f'Instructions that the library executes per datagram of 64 bytes, and in '
                   f'parentheses those of the whole program; {N_A_ROUND * ROUNDS:,} datagrams, '
                   f'{N_A_ROUND} a round. The last column is the sum of the library’s.')
    try:
        check(before + after)
    except Missing as reason:
        if arguments.table == ['instructions']:
            raise
        report.note(f'Instructions are not counted: {reason}')
        return
    counts = {directory: count_all(arguments, directory)
              for directory in dict.fromkeys(before + after)}
    rows = [make_row(describe(directory), counts[directory]) for directory in counts]
    rows += [make_change(describe(new), counts[old], counts[new])
             for old, new in zip(before, after)]
    report.table([''] + list(CASES) + ['sum'], rows)


TABLES = {'instructions': instructions}
