# SPDX-License-Identifier: LGPL-2.1-or-later
"""The override: await and async for."""

import asyncio
import errno
import warnings

import gi
import tap
from gudpxtest import LOCALHOST, Gio, GLib, Gudpx, Recorder, TestCase, number, settle
from gi.overrides._gudpx import awaiting

try:
    from gi import events
except ImportError:
    events = None

TIME_LIMIT = 20


async def iterate_context():
    """Stands for PyGObject's event loop where there is none: asyncio's own, which has GLib's turn."""
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
            # It closes the loop, whose source may else be collected first: GLib complains of that.
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
            # The peer does not read, so that in the end the kernel takes no more.
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
        peer.settimeout(TIME_LIMIT)

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
            # The kernel keeps no more than a few hundred.
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
