# SPDX-License-Identifier: LGPL-2.1-or-later
"""“await” and “async for”, for a PyGObject that has an event loop."""

import asyncio
import collections

import gi
from gi.repository import Gio, GLib

from . import limits, reports
from .errors import convert

# Keeps the tasks: asyncio holds only weak references.
_tasks = set()


def explain_version():
    """Returns the reason why PyGObject has no event loop, or None if it has one."""
    try:
        from gi import events  # noqa: F401
    except ImportError:
        return f"needs the event loop of PyGObject 3.50 or newer, and this is {gi.__version__}"
    return None


def get_loop():
    """Returns the running event loop. Only a loop of PyGObject iterates the main context of the
    port."""
    reason = explain_version()
    if reason is not None:
        raise RuntimeError(f"await {reason}")
    from gi import events
    loop = asyncio.get_running_loop()
    if not isinstance(loop, events.GLibEventLoop):
        raise RuntimeError("await needs PyGObject's event loop: run the coroutine with "
                           "gi.events.GLibEventLoopPolicy().get_event_loop().run_until_complete()")
    return loop


def _finish_task(task):
    _tasks.discard(task)
    if not task.cancelled() and task.exception() is not None:
        reports.report(task.exception())


def run(coroutine):
    """Runs the coroutine of a handler as a task, and reports its exception."""
    try:
        loop = get_loop()
    except RuntimeError:
        coroutine.close()
        raise
    task = loop.create_task(coroutine)
    _tasks.add(task)
    task.add_done_callback(_finish_task)


def make_runner(handle):
    """A plain function that runs a coroutine function as a task."""

    def call(*args):
        run(handle(*args))

    return call


class Operation:
    """An asynchronous call that has begun. It may be awaited."""

    def __init__(self, finish):
        self.cancellable = Gio.Cancellable()
        self._finish = finish
        self._future = None
        self._is_done = False
        self._value = None
        self._error = None

    def complete(self, _source, result, *_):
        """The GAsyncReadyCallback."""
        self._is_done = True
        try:
            self._value = self._finish(result)
        except GLib.Error as error:
            self._error = convert(error)
        if self._future is not None and not self._future.done():
            self._future.set_result(None)

    def __await__(self):
        loop = get_loop()
        if not self._is_done:
            if self._future is None:
                self._future = loop.create_future()
            try:
                yield from self._future
            except asyncio.CancelledError:
                self.cancellable.cancel()
                raise
        if self._error is not None:
            raise self._error
        return self._value


def begin(start, finish, cancellable=None, callback=None, user_data=()):
    """Starts a call of GIO. Without a callback it returns an Operation that can be awaited."""
    if callback is not None:
        start(cancellable, callback, *user_data)
        return None
    operation = Operation(finish)
    if cancellable is not None:
        operation.cancellable = cancellable
    start(operation.cancellable, operation.complete)
    return operation


class _Inbox:
    """The datagrams of a port that wait for “async for”. The signal handlers refer to the inbox,
    not to the iterator, so an unused iterator is freed and closes the inbox."""

    def __init__(self, port):
        self.port = port
        self.datagrams = collections.deque()
        self.futures = []
        self.has_paused = False
        self.is_over = not port.get_listening()
        self.handlers = [] if self.is_over else self.connect(port.get_protocol())

    def connect(self, protocol):
        return [(protocol, protocol.connect("datagram-received", self.put)),
                (self.port, self.port.connect("notify::listening", self.end))]

    def end(self, *_):
        """Drops the waiting datagrams: a stopped port delivers none."""
        self.is_over = True
        self.datagrams.clear()
        for emitter, handler in self.handlers:
            emitter.disconnect(handler)
        self.handlers.clear()
        self.wake()

    def close(self):
        self.end()
        self.go_on()

    def wake(self):
        for future in self.futures:
            if not future.done():
                future.set_result(None)

    def put(self, _protocol, datagram):
        if datagram.get_transport() is not self.port:
            return
        self.datagrams.append(datagram)
        if len(self.datagrams) >= limits.MAX_WAITING and self.port.get_reading():
            self.has_paused = True
            self.port.set_reading(False)
        self.wake()

    def take(self):
        datagram = self.datagrams.popleft()
        if self.has_paused and len(self.datagrams) <= limits.RESUME_WAITING:
            self.go_on()
        return datagram

    def go_on(self):
        if self.has_paused:
            self.has_paused = False
            self.port.set_reading(True)

    async def wait(self, loop):
        """Waits for a datagram or the end. If it is cancelled, the datagrams stay."""
        future = loop.create_future()
        self.futures.append(future)
        try:
            await future
        finally:
            self.futures.remove(future)


class Datagrams:
    """The iterator of “async for”: the datagrams of a port from now on, until it is stopped."""

    def __init__(self, port):
        self._inbox = _Inbox(port)

    def __aiter__(self):
        return self

    async def __anext__(self):
        loop = get_loop()
        inbox = self._inbox
        while not inbox.datagrams:
            if inbox.is_over:
                raise StopAsyncIteration
            await inbox.wait(loop)
        return inbox.take()

    async def aclose(self):
        """Ends the iteration before the port is stopped."""
        self._inbox.close()

    def __del__(self):
        try:
            self._inbox.close()
        except RuntimeError:
            # Another thread collects garbage. It may not make the port read again.
            pass
