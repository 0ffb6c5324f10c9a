# SPDX-License-Identifier: LGPL-2.1-or-later
"""Lists the programs, the measurements and the comparisons."""

import collections

from harness import Case, Program

RAW = Program('raw', ['raw', 'plain'])
RAW_OFFLOAD = Program('raw GSO+GRO', ['raw', 'offload'])
LIBUV = Program('libuv', ['libuv', '-'])
GSOCKET = Program('GSocket', ['gsocket', '-'])
TWISTED = Program('Twisted', ['python', 'peers.py', 'twisted'], 'import twisted')
UVLOOP = Program('uvloop', ['python', 'peers.py', 'uvloop'], 'import uvloop')
ASYNCIO = Program('asyncio', ['python', 'peers.py', 'asyncio'])
NODE = Program('Node', ['node', 'dgram.js', '-'])
GUDPX_IMPORT = 'import gi; gi.require_version("Gudpx", "1"); from gi.repository import Gudpx'
HOOK_IMPORT = GUDPX_IMPORT + '; import gi.overrides.Gudpx'
GJS_IMPORT = 'imports.gi.versions.Gudpx = "1"; const {Gudpx} = imports.gi'
GJS_HOOK = GJS_IMPORT + '; imports.overrides.Gudpx._init.name'
VFUNC = Program('gudpx C', ['gudpx', 'vfunc'])
BATCH = Program('gudpx C batch', ['gudpx', 'batch'])
SIGNAL = Program('gudpx C signal', ['gudpx', 'signal'])
PLAIN = Program('gudpx C plain', ['gudpx', 'vfunc-plain'])
SIGNAL_PLAIN = Program('gudpx C signal plain', ['gudpx', 'signal-plain'])
PYTHON = Program('gudpx Python', ['python', 'gudpx.py', 'hook'], HOOK_IMPORT)
PYTHON_PLAIN = Program('gudpx Python plain', ['python', 'gudpx.py', 'hook-plain'], HOOK_IMPORT)
PYTHON_OBJECT = Program('gudpx Python objects', ['python', 'gudpx.py', 'datagram'], GUDPX_IMPORT)
GJS = Program('gudpx gjs', ['gjs', '-m', 'gudpx.js', 'hook'], GJS_HOOK)

C = [RAW, RAW_OFFLOAD, LIBUV, GSOCKET, VFUNC, BATCH, SIGNAL, PLAIN, SIGNAL_PLAIN]
LANGUAGES = [TWISTED, UVLOOP, ASYNCIO, PYTHON, PYTHON_PLAIN, PYTHON_OBJECT, NODE, GJS]


Table = collections.namedtuple('Table', 'title text programs cases comparisons plot',
                               defaults=[None])

C_COMPARISONS = (
    [(VFUNC, peer) for peer in (RAW, RAW_OFFLOAD, LIBUV, GSOCKET)] +
    [(BATCH, RAW_OFFLOAD), (SIGNAL, RAW), (SIGNAL, LIBUV), (PLAIN, RAW), (PLAIN, LIBUV),
     (SIGNAL_PLAIN, RAW)])
LANGUAGE_COMPARISONS = (
    [(PYTHON, peer) for peer in (TWISTED, UVLOOP, ASYNCIO)] +
    [(PYTHON_PLAIN, TWISTED), (PYTHON_PLAIN, UVLOOP), (PYTHON_OBJECT, TWISTED), (GJS, NODE)])


def cost_cases(size=64):
    """CPU time per datagram."""
    return [
        Case('receive', 'receive', size=size, gso=1),
        Case('receive, plain sender', 'receive', mode='hold', size=size),
        Case('echo', 'echo', size=size),
        Case('echo, GSO peer', 'echo', size=size, gso=1),
        Case('echo, GSO+GRO peer', 'echo', size=size, gso=1, gro=1),
        Case('echo, GSO+GRO peer, 256', 'echo', size=size, gso=1, gro=1, window=256),
        Case('echo, 64 peers', 'echo', size=size, peers=64),
        Case('send', 'send', size=size, window=2),
    ]


def size_cases():
    """CPU time per datagram, for larger datagrams."""
    return [Case(f'{what}, {size}', serve, size=size, **load)
            for size in (512, 1400)
            for what, serve, load in (
                ('receive', 'receive', {'gso': 1}),
                ('echo', 'echo', {}),
                ('echo, GSO+GRO peer', 'echo', {'gso': 1, 'gro': 1}),
                ('send', 'send', {'window': 2}))]


def latency_cases():
    return [
        Case('p50', 'echo', 'p50', window=1),
        Case('p90', 'echo', 'p90', window=1),
        Case('p99', 'echo', 'p99', window=1),
        Case('p50 at 10,000/s', 'echo', 'p50', window=1, rate=10000),
        Case('p50 at 1,000/s', 'echo', 'p50', window=1, rate=1000),
        Case('CPU at 10,000/s', 'echo', 'cpu', window=1, rate=10000),
        Case('CPU at 1,000/s', 'echo', 'cpu', window=1, rate=1000),
    ]


def bulk_cases():
    return [Case(name + unit, serve, metric, size=1400, **load)
            for metric, unit in (('gbit', ''), ('gbit a CPU', ', per CPU'))
            for name, serve, load in (
                ('receive', 'receive', {'gso': 1}),
                ('send', 'send', {'window': 2}),
                ('send, GRO peer', 'send', {'window': 4, 'gro': 1}))]


COST = 'CPU time of the program per datagram, in ns: median (least–most).'
PLOTTED = ('receive', 'echo', 'echo, GSO+GRO peer, 256', 'send')
TABLES = {
    'c': Table('C: CPU per datagram of 64 bytes',
               COST + ' Echo keeps 64 datagrams outstanding.', C, cost_cases(), C_COMPARISONS,
               ('performance-c.svg', PLOTTED)),
    'languages': Table('Python and JavaScript: CPU per datagram of 64 bytes',
                       COST + ' Echo keeps 64 datagrams outstanding.',
                       LANGUAGES, cost_cases(), LANGUAGE_COMPARISONS,
                       ('performance-languages.svg', PLOTTED)),
    'sizes': Table('CPU per datagram of 512 and 1400 bytes', COST,
                   [RAW, RAW_OFFLOAD, LIBUV, GSOCKET, TWISTED, UVLOOP, NODE, VFUNC, PYTHON, GJS],
                   size_cases(),
                   [(VFUNC, RAW), (VFUNC, RAW_OFFLOAD), (VFUNC, LIBUV), (PYTHON, TWISTED),
                    (PYTHON, UVLOOP), (GJS, NODE)]),
    'bulk': Table('Bulk: datagrams of 1400 bytes',
                  'Goodput in Gbit/s: median (least–most); the CPU of the load limits it as well. '
                  'The columns “per CPU” tell what one second of the program’s CPU time would '
                  'carry.',
                  [RAW, RAW_OFFLOAD, LIBUV, GSOCKET, TWISTED, UVLOOP, NODE, VFUNC, BATCH, PYTHON,
                   GJS],
                  bulk_cases(),
                  [(VFUNC, peer) for peer in (RAW, RAW_OFFLOAD, LIBUV, GSOCKET)] +
                  [(PYTHON, TWISTED), (PYTHON, UVLOOP), (GJS, NODE)]),
    'latency': Table('Latency: one datagram outstanding',
                     'Round trip in µs, and CPU time of the program per round trip in ns: median '
                     '(least–most).',
                     [RAW, RAW_OFFLOAD, LIBUV, GSOCKET, TWISTED, UVLOOP, ASYNCIO, NODE, VFUNC,
                      PYTHON, GJS],
                     latency_cases(),
                     [(VFUNC, RAW), (VFUNC, LIBUV), (VFUNC, GSOCKET), (PYTHON, TWISTED),
                      (PYTHON, UVLOOP), (GJS, NODE)]),
}
