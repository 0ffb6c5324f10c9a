// SPDX-License-Identifier: LGPL-2.1-or-later

/* Tests stopping, starting again, pausing and nested main loops, in every handler. */

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import Gudpx from 'gi://Gudpx?version=1';

import {
    Batches, Code, LOCALHOST, Recorder, assertEqual, assertError, assertRejects, assertSame,
    assertTrue, iterateUntil, listen, listenUnix, main, range, send, settle,
    temporaryPath, test, unixAddress, unusedNumber
} from './gudpxtest.js';

const numbers = (from, to) => range(from, to).map(i => `${i}`);

/* Asserts that the port has stopped, and that “stopped” was its last event and came once. */
function assertStopped(port, protocol = port.protocol) {
    settle();
    assertSame(port.listening, false);
    assertSame(port.socket, null);
    assertSame(protocol.transport, null);
    assertEqual(protocol.events.at(-1), 'stopped');
    assertEqual(protocol.count('stopped'), 1);
}

function assertServes(port) {
    const {protocol} = port;
    protocol.handlers = {};
    settle();
    assertSame(port.listening, true);
    assertSame(protocol.transport, port);
    const before = protocol.datagrams.length;
    send(port, 'again');
    settle();
    assertEqual(protocol.texts.slice(before), ['again']);
}

function fill(writer, destination) {
    assertError(Code.WOULD_BLOCK, [], () => {
        for (;;)
            writer.write_to(new Uint8Array(1000), destination);
    });
}

/* Maps each handler to a function that causes its call, for a protocol with this handler. */
const occasions = {
    'started': protocol => listen(protocol),
    'datagram-received': protocol => {
        const port = listen(protocol);
        send(port, '1', '2', '3');
        return port;
    },
    'connection-refused': protocol => {
        const port = listen(protocol);
        port.connect_peer(LOCALHOST, unusedNumber());
        port.write('x');
        return port;
    },
    'error-received': protocol => {
        const path = temporaryPath('nobody');
        protocol.handlers['datagram-received'] = datagram => {
            for (let i = 0; i < 3; i++)
                datagram.transport.write_to('x', unixAddress(path));
        };
        const port = listenUnix(protocol);
        listenUnix().write_to('go', port.local_address);
        return port;
    },
    'writable': protocol => {
        const reader = listenUnix();
        reader.reading = false;
        const port = listenUnix(protocol);
        port.send_queue_limit = 5000;
        fill(port, reader.local_address);
        reader.reading = true;
        return port;
    },
};

for (const [event, provoke] of Object.entries(occasions)) {
    test(`stop in ${event}`, () => {
        const protocol = new Recorder();
        protocol.handlers[event] = () => protocol.transport.stop_listening();
        const port = provoke(protocol);
        iterateUntil(() => !port.listening);
        assertStopped(port, protocol);
        assertEqual(protocol.count(event), 1);
    });

    test(`stop in the signal ${event}`, () => {
        const protocol = new Recorder();
        const id = protocol.connect(event, () => {
            protocol.disconnect(id);
            protocol.transport.stop_listening();
        });
        const port = provoke(protocol);
        iterateUntil(() => !port.listening);
        settle();
        assertSame(port.listening, false);
        // The same emission had already called the virtual function.
        assertEqual([protocol.count(event), protocol.count('stopped')], [1, 1]);
    });

    test(`stop and start in ${event}`, () => {
        const protocol = new Recorder();
        protocol.handlers[event] = () => {
            delete protocol.handlers[event];
            const port = protocol.transport;
            port.stop_listening();
            port.start_listening();
        };
        const port = provoke(protocol);
        iterateUntil(() => protocol.count('stopped') === 1);
        settle();
        assertSame(port.listening, true);
        assertSame(protocol.transport, port);
        // Events of the first start are not reported in the second.
        assertEqual(protocol.count(event), event === 'started' ? 2 : 1);
        if (!(port.local_address instanceof Gio.UnixSocketAddress))
            assertServes(port);
    });

    test(`stop asynchronously in ${event}`, () => {
        const protocol = new Recorder();
        let answered = false;
        protocol.handlers[event] = () =>
            protocol.transport.stop_listening_async(null).then(() => (answered = true));
        const port = provoke(protocol);
        iterateUntil(() => answered);
        assertStopped(port, protocol);
    });
}

for (const Kind of [Recorder, Batches]) {
    test(`stop in the middle of a batch of ${Kind.name}`, () => {
        const protocol = new Kind();
        protocol.handlers['datagram-received'] = () => {
            if (protocol.datagrams.length === 11)
                protocol.transport.stop_listening();
        };
        const port = listen(protocol);
        send(port, ...numbers(0, 100));
        assertStopped(port);
        assertEqual(protocol.texts, numbers(0, 11));
    });

    test(`pause in the middle of a batch of ${Kind.name}`, () => {
        const protocol = new Kind();
        protocol.handlers['datagram-received'] = () => {
            if (protocol.datagrams.length === 11)
                protocol.transport.reading = false;
        };
        const port = listen(protocol);
        send(port, ...numbers(0, 50));
        settle();
        assertEqual(protocol.texts, numbers(0, 11));
        send(port, ...numbers(50, 60));
        settle();
        port.reading = true;
        settle();
        assertEqual(protocol.texts, numbers(0, 60));
    });

    test(`pause at each datagram of ${Kind.name}`, () => {
        const protocol = new Kind();
        protocol.handlers['datagram-received'] = () => (protocol.transport.reading = false);
        const port = listen(protocol);
        send(port, ...numbers(0, 40));
        for (let i = 1; i <= 40; i++) {
            settle();
            assertEqual(protocol.datagrams.length, i);
            port.reading = true;
        }
        assertEqual(protocol.texts, numbers(0, 40));
    });

    test(`a main loop in a handler of ${Kind.name}`, () => {
        const protocol = new Kind();
        protocol.handlers['datagram-received'] = () => {
            if (protocol.datagrams.length === 6)
                settle();
        };
        const port = listen(protocol);
        send(port, ...numbers(0, 40));
        settle();
        assertEqual(protocol.texts, numbers(0, 40));
    });
}

test('stop outside, twice, and never started', () => {
    const port = listen();
    send(port, 'never read');
    port.stop_listening();
    port.stop_listening();
    assertStopped(port);
    assertEqual(port.protocol.events, ['started', 'stopped']);
    const other = Gudpx.Port.new(new Recorder(), null);
    other.stop_listening();
    assertEqual(other.protocol.events, []);
});

test('stop in stopped', () => {
    const port = listen();
    port.protocol.handlers.stopped = () => port.stop_listening();
    port.stop_listening();
    assertStopped(port);
});

test('stop in notify::listening', () => {
    const protocol = new Recorder();
    const port = Gudpx.Port.new(protocol, null);
    port.connect('notify::listening', () => port.stop_listening());
    port.start_listening();
    settle();
    assertSame(port.listening, false);
    assertSame(protocol.transport, null);
    assertEqual(protocol.count('started'), protocol.count('stopped'));
});

test('start in stopped', () => {
    const port = listen();
    port.protocol.handlers.stopped = () => port.start_listening();
    port.stop_listening();
    assertServes(port);
});

test('what a handler wrote before it stopped leaves', () => {
    const client = new Recorder();
    const port = listen(new Recorder({
        'datagram-received': datagram => {
            datagram.reply('1');
            datagram.reply('2');
            datagram.transport.stop_listening();
        },
    }));
    listen(client).write_to('x', port.local_address);
    settle();
    assertEqual(client.texts, ['1', '2']);
});

test('what a handler wrote before its main loop leaves', () => {
    const client = new Recorder();
    let seen = null;
    const port = listen(new Recorder({
        'datagram-received': datagram => {
            datagram.reply('before');
            settle();
            seen = client.texts;
            datagram.reply('after');
        },
    }));
    listen(client).write_to('x', port.local_address);
    settle();
    assertEqual(seen, ['before']);
    assertEqual(client.texts, ['before', 'after']);
});

test('several ports of one protocol', () => {
    const protocol = new Recorder();
    const ports = [listen(protocol), listen(protocol, '::1'), listen(protocol)];
    assertEqual(protocol.events, ['started']);
    for (const port of ports) {
        send(port, 'x');
        settle();
        assertSame(protocol.datagrams.at(-1).transport, port);
    }
    assertSame(protocol.transport, ports[2]);
    ports[1].stop_listening();
    assertSame(protocol.transport, ports[2]);
    ports[2].stop_listening();
    assertSame(protocol.transport, ports[0]);
    assertEqual(protocol.count('stopped'), 0);
    ports[0].stop_listening();
    assertSame(protocol.transport, null);
    assertEqual(protocol.count('stopped'), 1);
});

/* Returns a writer with a filled queue, its paused reader, and the queued datagrams. */
function blocked() {
    const reader = listenUnix();
    reader.reading = false;
    const writer = listenUnix();
    const wanted = [];
    while (writer.send_queue_size < 50000) {
        wanted.push(`${wanted.length}`);
        writer.write_to(wanted.at(-1), reader.local_address);
    }
    return [writer, reader, wanted];
}

test('stop_listening_async sends what is queued first', async () => {
    const [writer, reader, wanted] = blocked();
    const stopped = Promise.all(range(0, 3).map(() => writer.stop_listening_async(null)));
    assertSame(writer.listening, false);
    settle();
    assertEqual(writer.protocol.count('stopped'), 0);
    assertError(Code.PENDING, [], () => writer.start_listening());
    assertError(Code.CLOSED, [], () => writer.write_to('x', reader.local_address));
    reader.reading = true;
    assertEqual(await stopped, [true, true, true]);
    settle();
    assertEqual(reader.protocol.texts, wanted);
    assertStopped(writer);
});

test('stop_listening_async cancelled', async () => {
    const [writer, reader, wanted] = blocked();
    const cancellable = new Gio.Cancellable();
    const patient = writer.stop_listening_async(null);
    const impatient = writer.stop_listening_async(cancellable);
    settle();
    cancellable.cancel();
    await assertRejects(Code.CANCELLED, [], impatient);
    assertEqual(writer.protocol.count('stopped'), 0);
    reader.reading = true;
    assertTrue(await patient);
    settle();
    assertEqual(reader.protocol.texts, wanted);
});

test('stop_listening_async cut short', async () => {
    const [writer, reader, wanted] = blocked();
    const stopped = writer.stop_listening_async(null);
    settle();
    writer.stop_listening();
    assertTrue(await stopped);
    assertStopped(writer);
    reader.reading = true;
    settle();
    assertTrue(reader.protocol.datagrams.length < wanted.length);
});

test('stop_listening_async of a stopped port', async () => {
    const port = listen();
    port.stop_listening();
    assertTrue(await port.stop_listening_async(null));
    assertStopped(port);
});

test('started again after stop_listening_async', async () => {
    const port = listen();
    await port.stop_listening_async(null);
    port.start_listening();
    assertServes(port);
});

test('a flood starves no timeout', () => {
    let ticks = 0;
    const port = listen(new Recorder({
        'datagram-received': datagram => {
            if (ticks === 0) {
                datagram.reply('x');
                datagram.reply('x');
            }
        },
    }));
    GLib.timeout_add(GLib.PRIORITY_DEFAULT, 1, () => {
        ticks++;
        return GLib.SOURCE_REMOVE;
    });
    port.write_to('x', port.local_address);
    iterateUntil(() => ticks === 1);
});

test('promises have their turn in a flood', () => {
    let resolved = false;
    const port = listen(new Recorder({
        'datagram-received': datagram => {
            if (!resolved) {
                datagram.reply('x');
                datagram.reply('x');
            }
        },
    }));
    port.write_to('x', port.local_address);
    port.flush_async(null).then(() => (resolved = true));
    iterateUntil(() => resolved);
});

main();
