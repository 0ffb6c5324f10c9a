# SPDX-License-Identifier: LGPL-2.1-or-later
"""Exceptions of handlers: reports them to sys.excepthook, at a limited rate. Passes on Ctrl+C."""

import _thread
import signal
import sys
import threading
from time import monotonic

from gi.repository import GLib

# Strangers can cause exceptions, so each kind has a budget: first a few, later one in a second.
_N_AT_ONCE = 5
_SECONDS_PER_EXCEPTION = 1
# The budgets are cleared when more kinds of exceptions than this number are known.
_MAX_KINDS = 256
# The highest priority: the iteration that dispatches the interrupt dispatches nothing else.
_FIRST = -2**31


class _Budget:
    """The number of exceptions of one kind that may be reported now."""

    def __init__(self):
        self.n_allowed = _N_AT_ONCE
        self.time = monotonic()
        self.n_left_out = 0

    def take(self):
        now = monotonic()
        self.n_allowed = min(_N_AT_ONCE,
                             self.n_allowed + (now - self.time) / _SECONDS_PER_EXCEPTION)
        self.time = now
        if self.n_allowed < 1:
            self.n_left_out += 1
            return False
        self.n_allowed -= 1
        return True


budgets = {}


def _find_kind(error):
    """Returns the type of an exception and the place that raised it."""
    trace = error.__traceback__
    if trace is None:
        return type(error), None, None
    while trace.tb_next is not None:
        trace = trace.tb_next
    return type(error), trace.tb_frame.f_code, trace.tb_lineno


def _find_budget(error):
    kind = _find_kind(error)
    if kind not in budgets:
        if len(budgets) >= _MAX_KINDS:
            budgets.clear()
        budgets[kind] = _Budget()
    return budgets[kind]


def _add_number(error, n_left_out):
    words = f"{n_left_out} more exceptions of this kind were not printed"
    # Python 3.11 and newer print notes with the exception.
    if hasattr(error, "add_note"):
        error.add_note(words)
    else:
        print(words, file=sys.stderr)


def _call_hook(error):
    try:
        sys.excepthook(type(error), error, error.__traceback__)
    except Exception:
        sys.__excepthook__(type(error), error, error.__traceback__)


def report(error):
    """Calls sys.excepthook, but rarely for frequent exceptions of one kind."""
    budget = _find_budget(error)
    if not budget.take():
        return
    if budget.n_left_out:
        _add_number(error, budget.n_left_out)
        budget.n_left_out = 0
    _call_hook(error)


def _hand_on_interrupt():
    """Interrupts the program again after the handler, in its call that iterates the main context.
    If the program has its own SIGINT handler, that has been called already."""
    if (threading.current_thread() is not threading.main_thread() or
            signal.getsignal(signal.SIGINT) is not signal.default_int_handler):
        return False
    current = GLib.main_current_source()
    source = GLib.Idle(priority=_FIRST)
    # Use a C function: a Python function would be interrupted itself.
    source.set_callback(_thread.interrupt_main, signal.SIGINT)
    source.attach(None if current is None else current.get_context())
    return True


def report_exception():
    """Reports the current exception. Returns True if the program will be interrupted."""
    error = sys.exc_info()[1]
    if isinstance(error, KeyboardInterrupt) and _hand_on_interrupt():
        return True
    report(error)
    return False


class Guarded:
    """A handler whose exceptions are reported when C calls it. Calls from Python get the function
    as it was written."""

    def __init__(self, handler, function):
        self.handler = handler
        self.function = function

    def __get__(self, protocol, kind=None):
        return self.handler.__get__(protocol, kind)

    def __call__(self, *args):
        try:
            self.function(*args)
        except SystemExit:
            raise
        except BaseException:
            report_exception()


class SignalHandler(Guarded):
    """A connected handler. Equal to the function that the program connected, so that it can be
    disconnected with this function."""

    def __eq__(self, other):
        return self.handler == other

    def __hash__(self):
        return hash(self.handler)
