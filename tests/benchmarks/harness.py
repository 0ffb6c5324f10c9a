# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs subjects under load, in turn, and keeps the measurements.

A round measures every subject once; ratios are taken within a round, because the same program moves
by a fifth between rounds. Subjects run on one CPU, the load on another."""

import ctypes
import json
import os
import random
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
LOAD_TIMEOUT = 120
MAX_STARTS = 5
SKIPPED = 77  # an exit status, as of tests
MAX_CPU_SECONDS = 600
MAX_OUTPUT = 16 * 1024 * 1024
PR_SET_PDEATHSIG = 1


class Missing(Exception):
    """A program cannot run here. The message names what is missing."""


def cpus():
    """Returns the CPU of the subjects and the CPU of the load, which are the same if there is only
    one."""
    available = sorted(os.sched_getaffinity(0))
    return available[0], available[-1]


def find_free_ports(count):
    """Returns the first of @count consecutive free port numbers. They are lower than the numbers
    that the system assigns."""
    for _ in range(100):
        first = random.randrange(10000, 32000 - count)
        try:
            for port in range(first, first + count):
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                    sock.bind(('127.0.0.1', port))
            return first
        except OSError:
            continue
    raise RuntimeError('there are no free ports')


def prepare_process(cpu):
    """Pins a process to a CPU. The process ends with its parent, or when it uses too much time."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    os.sched_setaffinity(0, [cpu])
    resource.setrlimit(resource.RLIMIT_CPU, (MAX_CPU_SECONDS, MAX_CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (MAX_OUTPUT, MAX_OUTPUT))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class Program:
    """A program that can be measured: its command, and code in its language that fails if a
    dependency is missing."""

    def __init__(self, name, command, needs=None):
        self.name = name
        self.command = command
        self.needs = needs

    def check(self, build):
        program = self.resolve(build)[0]
        if shutil.which(program) is None:
            raise Missing(f'{os.path.basename(program)} is not there')
        if self.needs is not None:
            found = subprocess.run([program, '-c', self.needs], env=self.environment(build),
                                   capture_output=True, text=True)
            if found.returncode != 0:
                raise Missing(f'this fails: {self.needs}')

    def resolve(self, build):
        """Returns the command. C programs are in the build directory, scripts next to this file."""
        first, *rest = self.command
        if first == 'python':
            first = sys.executable
        elif not shutil.which(first):
            first = os.path.join(build, 'tests', 'benchmarks', first)
        return [first] + [os.path.join(HERE, 'subjects', a) if a.endswith(('.py', '.js')) else a
                          for a in rest]

    @staticmethod
    def environment(build):
        env = dict(os.environ, PYTHONDONTWRITEBYTECODE='1')
        paths = {'GI_TYPELIB_PATH': 'gudpx', 'LD_LIBRARY_PATH': 'gudpx',
                 'PYTHONPATH': 'gudpx/overrides', 'GJS_PATH': 'gudpx'}
        for variable, directory in paths.items():
            previous = [env[variable]] if env.get(variable) else []
            env[variable] = ':'.join([os.path.join(build, directory)] + previous)
        return env


def find_programs(build, programs, report):
    """Returns the programs that can run. The report says why the others cannot."""
    found = []
    for program in programs:
        try:
            program.check(build)
            found.append(program)
        except Missing as reason:
            report.note(f'{program.name} is not measured: {reason}')
    return found


class Subject:
    """A program that serves until the end of the “with” block."""

    def __init__(self, build, program, serve, n_ports=1):
        self.program = program
        self.complaints = tempfile.TemporaryFile()
        for _ in range(MAX_STARTS):
            self.port = find_free_ports(n_ports)
            command = program.resolve(build) + [serve, str(self.port), str(n_ports)]
            self.process = subprocess.Popen(
                command, env=program.environment(build), text=True, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=self.complaints,
                preexec_fn=lambda: prepare_process(cpus()[0]))
            if self.process.stdout.readline() == 'ready\n':
                return
            # Another process may have taken a port in the meantime.
            self.stop()
        raise RuntimeError(
            f'{program.name} does not start: {" ".join(command)}: {self.complaint()}')

    def complaint(self):
        """Returns the first line of the standard error, or an empty string."""
        self.complaints.seek(0)
        return self.complaints.read(500).decode(errors='replace').strip().partition('\n')[0]

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.stop()

    def memory(self):
        """Returns the private memory of the process, in bytes."""
        with open(f'/proc/{self.process.pid}/smaps_rollup') as rollup:
            return sum(int(line.split()[1]) * 1024 for line in rollup
                       if line.startswith(('Private_Clean', 'Private_Dirty')))

    def measure(self, build, **options):
        """Measures once. Returns the values that load.c prints, and the values calculated from
        them."""
        arguments = [f'{name}={value}' for name, value in options.items()]
        load = [os.path.join(build, 'tests', 'benchmarks', 'load'),
                f'pid={self.process.pid}', f'port={self.port}'] + arguments
        run = subprocess.run(load, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                             timeout=LOAD_TIMEOUT,
                             preexec_fn=lambda: prepare_process(cpus()[1]))
        if run.returncode == SKIPPED:
            raise Missing(run.stderr.strip())
        if run.returncode != 0:
            raise RuntimeError(f'{" ".join(load)}: {run.stderr.strip()}')
        seen = json.loads(run.stdout)
        if seen['datagrams'] == 0:
            raise RuntimeError(f'{self.program.name} handled nothing: {" ".join(load)}')
        seen['cpu'] = max(seen['cpu_ns'], 1) / seen['datagrams']
        bits = seen['datagrams'] * options.get('size', 64) * 8
        seen['gbit'] = bits / seen['wall_ns']
        seen['gbit a CPU'] = bits / max(seen['cpu_ns'], 1)
        for name in ('p50', 'p90', 'p99'):
            seen[name] = seen[name + '_ns'] / 1000
        return seen


class Case:
    """A column of a table: the task of the subjects, their load, and the value that is shown."""

    def __init__(self, name, serve, metric='cpu', **load):
        self.name, self.serve, self.metric = name, serve, metric
        self.load = dict({'mode': serve}, **load)

    def is_like(self, other):
        return (self.serve, self.load) == (other.serve, other.load)


def measure_case(build, case, programs, rounds, milliseconds):
    """Returns a list for each program, with the measurements of each round. Programs take turns,
    and each round begins with another program."""
    seen = {program.name: [] for program in programs}
    subjects = []
    try:
        for program in programs:
            subjects.append(Subject(build, program, case.serve))
        for number in range(rounds):
            start = number % len(subjects)
            for subject in subjects[start:] + subjects[:start]:
                seen[subject.program.name].append(
                    subject.measure(build, milliseconds=milliseconds, **case.load))
        for subject in subjects:
            if subject.complaint():
                raise RuntimeError(f'{subject.program.name}: {subject.complaint()}')
    finally:
        for subject in subjects:
            subject.stop()
    return seen


def median(seen, metric):
    return statistics.median(round_[metric] for round_ in seen)


def spread(seen, metric):
    values = [round_[metric] for round_ in seen]
    return min(values), max(values)


def ratios(seen, better, worse, metric):
    """Returns how many times better one program is than the other, for each round. A higher rate is
    better; a lower value is better for everything else."""
    pairs = zip(seen[better], seen[worse])
    if metric.startswith('gbit'):
        return [a[metric] / b[metric] for a, b in pairs]
    return [b[metric] / a[metric] for a, b in pairs]
