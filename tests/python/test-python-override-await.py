# SPDX-License-Identifier: LGPL-2.1-or-later
"""The override: await and async for."""

import asyncio
import errno
import gc
import unittest.mock
import warnings
import weakref

import gi
import tap
from gudpxtest import LOCALHOST, TIME_LIMIT, Gio, GLib, Gudpx, Recorder, TestCase, number, settle
from gi.overrides._gudpx import awaiting

try:
    from gi import events
except ImportError:
    events = None


async def iterate_context():
    """Replaces PyGObject's event loop where it is missing: asyncio's own loop iterates GLib's main
    context."""
    while True:
        while GLib.MainContext.default().iteration(False):
            pass
        await asyncio.sleep(0.001)


class AwaitTest(TestCase):
    def run_in_loop(self, coroutine):
        if events is not None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                loop = events.GLibEventLoopPolicy().get_event_loop()
            # Close the loop here: GLib complains if the garbage collector finalizes its source
            # first.
            with asyncio.Runner(loop_factory=lambda: loop) as runner:
                return runner.run(asyncio.wait_for(coroutine, TIME_LIMIT))
        get_loop, awaiting.get_loop = awaiting.get_loop, asyncio.get_running_loop
        self.addCleanup(setattr, awaiting, "get_loop", get_loop)
        return asyncio.run(self.run_with_glib(coroutine))

    async def run_with_glib(self, coroutine):
        iterating = asyncio.ensure_future(iterate_context())
        try:
            return await asyncio.wait_for(coroutine, TIME_LIMIT)
        finally:
            iterating.cancel()

    def test_resolve(self):
        async def resolve():
            host = await Gudpx.resolve("localhost")
            return host, await Gudpx.resolve("192.0.2.7"), await Gudpx.resolve_all("127.0.0.3")

        host, literal, everything = self.run_in_loop(resolve())
        self.assertIn(host, (LOCALHOST, "::1"))
        self.assertEqual((literal, everything), ("192.0.2.7", ["127.0.0.3"]))

    def test_write(self):
        peer, port = self.socket(), self.listen()

        async def write():
            self.assertTrue(await port.write_async(b"1", peer.getsockname()))
            port.write(b"2", peer.getsockname())
            await port.flush_async()

        self.run_in_loop(write())
        self.assertEqual([peer.recv(10), peer.recv(10)], [b"1", b"2"])

    def test_errors(self):
        async def write():
            await self.listen().write_async(b"x" * 70000, (LOCALHOST, 9))

        with self.assertRaises(OSError) as caught:
            self.run_in_loop(write())
        self.assertEqual(caught.exception.errno, errno.EMSGSIZE)

    def test_what_is_done_already(self):
        async def write():
            operation = self.listen().write_async(b"x", self.socket().getsockname())
            while not operation._is_done:
                await asyncio.sleep(0.001)
            return await operation

        self.assertTrue(self.run_in_loop(write()))

    def test_cancelling(self):
        path = self.temporary_path("peer")
        peer, port = self.listen_unix(path=path), self.listen_unix()
        peer.reading = False
        operations = []

        async def write():
            operations.append(port.write_async(b"x" * 1000, path))
            await operations[-1]

        async def cancel():
            # The peer does not read, so the buffer of the kernel fills.
            while port.send_queue_size == 0:
                port.write(b"x" * 1000, path)
            task = asyncio.ensure_future(write())
            await asyncio.sleep(0)
            task.cancel()
            await task

        with self.assertRaises(asyncio.CancelledError):
            self.run_in_loop(cancel())
        self.assertTrue(operations[0].cancellable.is_cancelled())
        settle()
        self.assertIsInstance(operations[0]._error, OSError)

    def test_own_cancellable(self):
        cancellable = Gio.Cancellable()
        cancellable.cancel()

        async def resolve():
            await Gudpx.resolve("localhost", cancellable)

        with self.assertRaises(OSError) as caught:
            self.run_in_loop(resolve())
        self.assertEqual(caught.exception.errno, errno.ECANCELED)

    def test_leaving_sends_what_is_queued(self):
        peer = self.socket()

        async def write():
            async with self.listen() as port:
                port.write_async(b"x", peer.getsockname())
            return port

        self.assertFalse(self.run_in_loop(write()).listening)
        self.assertEqual(peer.recv(10), b"x")

    def test_datagrams(self):
        class Hook(Gudpx.DatagramProtocol):
            def datagram_received(self, data, sender):
                pass

        async def receive(protocol):
            port = self.listen(protocol)
            other = self.listen(protocol)
            payloads = []
            receiving = port.__aiter__()
            first = asyncio.ensure_future(receiving.__anext__())
            await asyncio.sleep(0)
            self.send(other, b"other")
            self.send(port, b"0", b"1", b"2", b"end", b"dropped")
            payloads.append((await first).payload)
            async for datagram in receiving:
                if datagram.payload == b"end":
                    port.stop_listening()
                payloads.append(datagram.payload)
            return payloads

        for protocol in Recorder(), Gudpx.DatagramProtocol(), Hook():
            self.assertEqual(self.run_in_loop(receive(protocol)), [b"0", b"1", b"2", b"end"])

    def test_stopping_ends_the_wait(self):
        async def receive():
            port = self.listen()
            asyncio.get_running_loop().call_soon(port.stop_listening)
            return [datagram async for datagram in port]

        self.assertEqual(self.run_in_loop(receive()), [])

    def test_echo(self):
        peer = self.socket()

        async def echo():
            port = self.listen()
            peer.connect(port.local_address)
            asyncio.get_running_loop().call_soon(peer.send, b"x")
            async for datagram in port:
                port.write(datagram.payload, datagram.sender)
                break

        self.run_in_loop(echo())
        self.assertEqual(peer.recv(10), b"x")

    def test_a_slow_reader_pauses_the_port(self):
        async def receive():
            port = self.listen()
            receiving = port.__aiter__()
            first = asyncio.ensure_future(receiving.__anext__())
            await asyncio.sleep(0)
            # The kernel keeps only a few hundred datagrams.
            n_sent = 0
            while port.reading:
                self.send(port, *[b"x"] * 50)
                n_sent += 50
                while port.reading and port.statistics.datagrams_received < n_sent:
                    await asyncio.sleep(0.001)
            self.assertGreater(n_sent, 1000)
            await first
            for _ in range(n_sent - 1):
                await receiving.__anext__()
            self.assertTrue(port.reading)
            await receiving.aclose()

        self.run_in_loop(receive())

    async def count_received(self, port, n_datagrams):
        while port.statistics.datagrams_received < n_datagrams:
            await asyncio.sleep(0.001)

    def test_a_wait_that_is_cancelled_ends_nothing(self):
        async def receive():
            port = self.listen()
            receiving = aiter(port)
            for _ in range(2):
                with self.assertRaises(asyncio.TimeoutError):
                    await asyncio.wait_for(anext(receiving), 0.01)
            self.send(port, b"1", b"2")
            payloads = [(await anext(receiving)).payload]
            task = asyncio.ensure_future(anext(receiving))
            task.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await task
            return payloads + [(await anext(receiving)).payload]

        self.assertEqual(self.run_in_loop(receive()), [b"1", b"2"])

    def test_a_wait_that_is_cancelled_as_it_ends_loses_nothing(self):
        async def receive():
            port = self.listen()
            receiving = aiter(port)
            task = asyncio.ensure_future(anext(receiving))
            await asyncio.sleep(0)
            port.protocol.connect_after("datagram-received", lambda *_: task.cancel())
            self.send(port, b"x")
            with self.assertRaises(asyncio.CancelledError):
                await task
            return (await anext(receiving)).payload

        self.assertEqual(self.run_in_loop(receive()), b"x")

    def test_what_comes_before_the_first_wait(self):
        async def receive():
            port = self.listen()
            receiving = aiter(port)
            self.send(port, b"1", b"2")
            await self.count_received(port, 2)
            return [(await anext(receiving)).payload for _ in range(2)]

        self.assertEqual(self.run_in_loop(receive()), [b"1", b"2"])

    def test_an_iterator_that_was_made_before_the_loop_ran(self):
        port = self.listen()
        receiving = aiter(port)
        self.send(port, b"x")
        settle()

        async def receive():
            return (await anext(receiving)).payload

        self.assertEqual(self.run_in_loop(receive()), b"x")

    def test_several_that_wait(self):
        async def receive():
            port = self.listen()
            receiving = aiter(port)
            tasks = [asyncio.ensure_future(anext(receiving)) for _ in range(3)]
            await asyncio.sleep(0)
            self.send(port, b"1", b"2")
            done, waiting = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            while len(done) < 2:
                more, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                done |= more
            port.stop_listening()
            with self.assertRaises(StopAsyncIteration):
                await waiting.pop()
            return sorted(task.result().payload for task in done)

        self.assertEqual(self.run_in_loop(receive()), [b"1", b"2"])

    def test_garbage_hears_nothing(self):
        port = self.listen()
        receiving = aiter(port)
        inbox = weakref.ref(receiving._inbox)
        del receiving
        gc.collect()
        self.assertIsNone(inbox())

    def test_garbage_does_not_leave_the_port_paused(self):
        port = self.listen()
        with unittest.mock.patch.object(awaiting.limits, "MAX_WAITING", 3):
            receiving = aiter(port)
            self.send(port, *[b"x"] * 5)
            settle()
        self.assertFalse(port.reading)
        del receiving
        gc.collect()
        self.assertTrue(port.reading)

    def test_closing(self):
        async def close():
            port = self.listen()
            receiving = aiter(port)
            self.send(port, b"x")
            await self.count_received(port, 1)
            waiting = asyncio.ensure_future(anext(aiter(port)))
            await receiving.aclose()
            self.assertFalse(waiting.done())
            waiting.cancel()
            self.assertEqual([datagram async for datagram in receiving], [])

        self.run_in_loop(close())

    def test_a_port_that_is_stopped_has_no_handlers_left(self):
        port = self.listen()
        receiving = aiter(port)
        inbox = weakref.ref(receiving._inbox)
        self.assertTrue(inbox().handlers)
        port.stop_listening()
        self.assertFalse(inbox().handlers)

    def make_class(self, base=Gudpx.DatagramProtocol, **handlers):
        """Also one with “async def” where PyGObject has no loop."""
        with unittest.mock.patch.object(awaiting, "explain_version", lambda: None):
            return type("Made", (base,), handlers)

    def make_coroutines(self):
        """Makes a protocol of each kind. Each answers after a while."""
        async def datagram_received(self, data, sender):
            await asyncio.sleep(0.001)
            self.transport.write(data, sender)

        async def answer(_protocol, datagram):
            await asyncio.sleep(0.001)
            datagram.reply(datagram.payload)

        hook = self.make_class(datagram_received=datagram_received)
        connected, singly = Gudpx.DatagramProtocol(), hook()
        connected.connect("datagram-received", answer)
        singly.connect("datagram-received", lambda *_: None)
        return (hook(), self.make_class(hook)(), self.make_class(do_datagram_received=answer)(),
                connected, singly)

    def test_handlers_that_are_coroutine_functions(self):
        async def ask(protocol):
            port = self.listen(protocol)
            peer = self.send(port, b"1", b"2")
            while port.statistics.datagrams_sent < 2:
                await asyncio.sleep(0.001)
            port.stop_listening()
            return [peer.recv(10), peer.recv(10)]

        for protocol in self.make_coroutines():
            self.assertEqual(self.run_in_loop(ask(protocol)), [b"1", b"2"])

    def test_exceptions_of_coroutines(self):
        async def raise_later(self, data, sender):
            await asyncio.sleep(0)
            raise ValueError(data)

        async def fail():
            self.send(self.listen(self.make_class(datagram_received=raise_later)()), b"x")
            while not self.exceptions:
                await asyncio.sleep(0.001)

        self.run_in_loop(fail())
        self.assertEqual([str(error) for error in self.take_exceptions()], ["b'x'"])
        self.assertEqual(awaiting._tasks, set())

    def test_a_derived_hook_that_is_no_coroutine_function(self):
        payloads = []

        class Plain(type(self.make_coroutines()[0])):
            def datagram_received(self, data, sender):
                payloads.append(data)

        self.send(self.listen(Plain()), b"x")
        settle()
        self.assertEqual(payloads, [b"x"])

    def test_a_coroutine_where_no_loop_runs(self):
        with warnings.catch_warnings(record=True) as never_awaited:
            warnings.simplefilter("always")
            for protocol in self.make_coroutines():
                self.send(self.listen(protocol), b"x")
                settle()
                self.assertEqual([type(error) for error in self.take_exceptions()], [RuntimeError])
            gc.collect()
        self.assertEqual(never_awaited, [])

    def test_coroutine_functions_are_refused_where_there_is_no_loop(self):
        async def handler(*_):
            pass

        with unittest.mock.patch.object(awaiting, "explain_version",
                                        lambda: "needs PyGObject 3.50"):
            for name in "datagram_received", "do_datagram_received", "do_started":
                with self.assertRaisesRegex(TypeError, rf"Wrong\.{name}\(\).*“async def”.*3\.50"):
                    type("Wrong", (Gudpx.DatagramProtocol,), {name: handler})
        if events is None:
            with self.assertRaisesRegex(TypeError, gi.__version__):
                type("Wrong", (Gudpx.DatagramProtocol,), {"datagram_received": handler})

    def test_where_there_is_no_loop(self):
        async def resolve():
            await Gudpx.resolve("localhost")

        async def receive():
            async for _ in self.listen():
                pass

        entered = []

        async def enter():
            async with self.listen():
                entered.append(True)

        for coroutine in resolve(), receive(), enter():
            with self.assertRaisesRegex(RuntimeError, gi.__version__ if events is None else
                                        "GLibEventLoopPolicy"):
                asyncio.run(coroutine)
        self.assertEqual(entered, [])
        settle()

    def test_nobody_needs_to_await(self):
        peer, port = self.socket(), self.listen()
        port.write_async(b"x", peer.getsockname())
        settle()
        self.assertEqual(peer.recv(10), b"x")
        port.stop_listening_async()
        settle()
        self.assertFalse(port.listening)

    def test_callbacks(self):
        peer, port = self.socket(), self.listen()
        answers = []

        def answer(source, result, *data):
            answers.append((source, source.write_finish(result), data))

        self.assertIsNone(port.write_async(b"x", peer.getsockname(), None, answer, 1, 2))
        settle()
        self.assertEqual(answers, [(port, True, (1, 2))])


if __name__ == "__main__":
    tap.main()
