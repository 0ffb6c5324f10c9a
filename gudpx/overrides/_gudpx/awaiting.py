# SPDX-License-Identifier: LGPL-2.1-or-later
"""“await” and “async for”, where PyGObject has an event loop."""

import asyncio
import collections

import gi
from gi.repository import Gio, GLib

from .errors import convert

# Behind so many that nobody took yet the port pauses, and goes on when a quarter is left.
_MAX_WAITING = 1024


def get_loop():
    """The event loop that runs. Only one of PyGObject's iterates the port's main context."""
    try:
        from gi import events
    except ImportError:
        raise RuntimeError("await needs the event loop of PyGObject 3.50 or newer, and this is "
                           f"{gi.__version__}") from None
    loop = asyncio.get_running_loop()
    if not isinstance(loop, events.GLibEventLoop):
        raise RuntimeError("await needs PyGObject's event loop: run the coroutine with "
                           "gi.events.GLibEventLoopPolicy().get_event_loop().run_until_complete()")
    return loop


class Operation:
    """What an asynchronous call returns: it is under way, and may be awaited."""

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
    """Starts a call as GIO has it, with a callback; without one it can be awaited."""
    if callback is not None:
        start(cancellable, callback, *user_data)
        return None
    operation = Operation(finish)
    if cancellable is not None:
        operation.cancellable = cancellable
    start(operation.cancellable, operation.complete)
    return operation


class _Inbox:
    """The datagrams of a port that wait for “async for”."""

    def __init__(self, port):
        self.port = port
        self.datagrams = collections.deque()
        self.future = None
        self.has_paused = False
        self.is_over = not port.get_listening()

    def end(self, *_):
        """What waits is dropped: nothing is delivered of a port that was stopped."""
        self.is_over = True
        self.datagrams.clear()
        self.wake()

    def wake(self):
        if self.future is not None and not self.future.done():
            self.future.set_result(None)

    def put(self, _protocol, datagram):
        if datagram.get_transport() is not self.port:
            return
        self.datagrams.append(datagram)
        if len(self.datagrams) >= _MAX_WAITING and self.port.get_reading():
            self.has_paused = True
            self.port.set_reading(False)
        self.wake()

    def take(self):
        datagram = self.datagrams.popleft()
        if self.has_paused and len(self.datagrams) <= _MAX_WAITING // 4:
            self.go_on()
        return datagram

    def go_on(self):
        if self.has_paused:
            self.has_paused = False
            self.port.set_reading(True)

    async def wait(self, loop):
        self.future = loop.create_future()
        await self.future


async def iterate(port):
    """The datagrams of a port from now on, until it is stopped."""
    loop = get_loop()
    inbox = _Inbox(port)
    protocol = port.get_protocol()
    received = protocol.connect("datagram-received", inbox.put)
    stopped = port.connect("notify::listening", inbox.end)
    try:
        while not inbox.is_over:
            if inbox.datagrams:
                yield inbox.take()
            else:
                await inbox.wait(loop)
    finally:
        protocol.disconnect(received)
        port.disconnect(stopped)
        inbox.go_on()
