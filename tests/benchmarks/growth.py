# SPDX-License-Identifier: LGPL-2.1-or-later
"""How cost and memory grow with the number of peers and of ports."""

import sys
import time

import plots
from cases import GSOCKET, LIBUV, NODE, PYTHON, RAW, TWISTED, VFUNC
from harness import Case, Subject, find_programs, measure_case, median, ratios, spread
from statistics import median as middle

PEERS = (1, 10, 100, 1000, 10000, 100000)
N_PORTS = 10000


def say(text):
    print(f'… {text}', file=sys.stderr, flush=True)


def peers(report, arguments):
    report.heading('Cost against the number of peers',
                   'CPU time of the program per echoed datagram of 64 bytes, in ns: median '
                   '(least–most). 256 datagrams are outstanding, each from the next peer. The last '
                   'rows tell how many times less the first program costs.')
    programs = find_programs(arguments.build, [RAW, LIBUV, GSOCKET, VFUNC, TWISTED, PYTHON],
                             report)
    counts = PEERS[:2] if arguments.smoke else PEERS
    rows = [[program.name] for program in programs]
    pairs = [(a, b) for a, b in ((VFUNC, RAW), (VFUNC, LIBUV), (PYTHON, TWISTED))
             if a in programs and b in programs]
    costs = {program.name: [] for program in programs}
    comparisons = [[f'{a.name} against {b.name}'] for a, b in pairs]
    for count in counts:
        say(f'{count} peers')
        # Each peer is seen a few times.
        milliseconds = max(arguments.milliseconds, 0 if arguments.smoke else count // 100)
        case = Case('', 'echo', window=256, peers=count)
        seen = measure_case(arguments.build, case, programs, arguments.rounds, milliseconds)
        for row, program in zip(rows, programs):
            low, high = spread(seen[program.name], 'cpu')
            row.append(f'{report.number(median(seen[program.name], "cpu"))} '
                       f'({report.number(low)}–{report.number(high)})')
        for row, (a, b) in zip(comparisons, pairs):
            row.append(f'{middle(ratios(seen, a.name, b.name, "cpu")):.2f}')
        for program in programs:
            costs[program.name].append(median(seen[program.name], 'cpu'))
    if report.path is not None:
        title = 'CPU per echoed datagram, in ns, against the number of peers'
        plots.lines(report.add_plot('performance-peers.svg', title), title, counts, costs)
    report.table(['peers'] + [f'{count:,}' for count in counts], rows + comparisons)


def cost_of_ports(arguments, program, count):
    """Measures the memory of many ports, the time to open them, and the cost of an echo through one
    port and through all ports in turn."""
    with Subject(arguments.build, program, 'echo') as subject:
        alone = subject.memory()
        cost_alone = subject.measure(arguments.build, mode='echo', window=1,
                                     milliseconds=arguments.milliseconds)['cpu']
    start = time.monotonic()
    with Subject(arguments.build, program, 'echo', count) as subject:
        seconds = time.monotonic() - start
        memory = (subject.memory() - alone) / (count - 1)
        costs = [subject.measure(arguments.build, mode='echo', window=window, ports=n_ports,
                                 milliseconds=arguments.milliseconds)['cpu']
                 for window, n_ports in ((1, 1), (64, count))]
    return memory, seconds, cost_alone, *costs


def ports(report, arguments):
    count = 20 if arguments.smoke else N_PORTS
    report.heading(f'{count:,} ports',
                   'Private memory of the process for each port, in bytes; seconds until all '
                   'listen; CPU time per echoed datagram, in ns: with one port, and one datagram '
                   'outstanding; the same while the other ports are idle; 64 outstanding, to all '
                   'ports in turn. Medians.')
    rows = []
    programs = [RAW, LIBUV, GSOCKET, VFUNC, TWISTED, PYTHON, NODE]
    for program in find_programs(arguments.build, programs, report):
        say(f'{count} ports: {program.name}')
        rounds = [cost_of_ports(arguments, program, count)
                  for _ in range(min(arguments.rounds, 3))]
        memory, seconds, *costs = (middle(values) for values in zip(*rounds))
        rows.append([program.name, f'{max(memory, 0):,.0f}', f'{seconds:.2f}'] +
                    [report.number(cost) for cost in costs])
    report.table(['', 'bytes a port', 'seconds to open', 'one port', 'others idle',
                  'all in turn'], rows)


TABLES = {'peers': peers, 'ports': ports}
