// SPDX-License-Identifier: LGPL-2.1-or-later

/* Tests every way to write a datagram, every error of a write, and the send queue. */

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import Gudpx from 'gi://Gudpx?version=1';

import {
    Code, DESTINATION_UNSET, LOCALHOST, Recorder, address, assertEqual, assertError, assertRejects,
    assertSame, assertThrows, assertTrue, cleanUp, iterateUntil, listen, listenUnix, main, own,
    range, send, settle, temporaryPath, test, unixAddress, unusedNumber
} from './gudpxtest.js';

/* Returns a port, and the protocol and address of another port to write to. */
function pair(host = LOCALHOST) {
    const reader = new Recorder();
    const reading = listen(reader, host);
    return [listen(new Recorder(), host), reader, reading.local_address];
}

test('every form', async () => {
    const [port, reader, to] = pair();
    assertSame(port.write_to('1', to), true);
    assertSame(port.write_to_host('2', LOCALHOST, to.port), true);
    assertSame(port.write_bytes(new GLib.Bytes('3'), to), true);
    assertEqual(
        port.write_datagrams([Gudpx.Datagram.new('4', to), Gudpx.Datagram.new('5', to)]), 2);
    assertSame(await port.write_async(new GLib.Bytes('6'), to, null), true);
    port.connect_peer_address(to);
    port.write('7');
    port.write_to('8', to);
    port.write_bytes(new GLib.Bytes('9'), null);
    port.write_datagrams([Gudpx.Datagram.new('10', null)]);
    await port.write_async(new GLib.Bytes('11'), null, null);
    settle();
    assertEqual(reader.texts, range(1, 12).map(i => `${i}`));
    assertTrue(reader.datagrams.every(d => d.sender.port === port.local_address.port));
});

test('what a payload may be', () => {
    const [port, reader, to] = pair();
    port.write_to('abc', to);
    port.write_to(new Uint8Array([97, 98, 99]), to);
    port.write_to([97, 98, 99], to);
    port.write_to(new TextEncoder().encode('abc'), to);
    port.write_bytes(new Uint8Array([97, 98, 99]), to);
    port.write_bytes(new GLib.Bytes('abc'), to);
    settle();
    assertEqual(reader.texts, Array(6).fill('abc'));
    for (const payload of [3, {}])
        assertThrows(() => port.write_to(payload, to));
});

test('bytes of every value, and names of every script', () => {
    const [port, reader, to] = pair();
    port.write_to(new Uint8Array(range(0, 256)), to);
    port.write_to('Grüße, 世界', to);
    port.write_to('x\0y', to);
    settle();
    assertEqual([...reader.datagrams[0].get_payload()], range(0, 256));
    assertEqual(reader.texts.slice(1), ['Grüße, 世界', 'x\0y']);
});

test('empty ones and the longest', () => {
    const [port, reader, to] = pair();
    port.write_to('', to);
    port.write_to(new Uint8Array(0), to);
    port.write_to(new Uint8Array(65507), to);
    settle();
    assertEqual(reader.datagrams.map(d => d.get_payload().length), [0, 0, 65507]);
});

test('the payload belongs to the caller again', () => {
    const [port, reader, to] = pair();
    const payload = new Uint8Array([97, 98, 99]);
    const echo = listen(new Recorder({
        'datagram-received': datagram => {
            datagram.transport.write_to(payload, to);
            payload.fill(120);
        },
    }));
    port.write_to(payload, to);
    port.write_to('go', echo.local_address);
    settle();
    assertEqual(reader.texts, ['abc', 'abc']);
});

test('in order, also from a handler', () => {
    const client = new Recorder();
    const port = listen(new Recorder({
        'datagram-received': datagram => {
            datagram.reply('1');
            port.write_to('2', datagram.sender);
            port.write_datagrams([Gudpx.Datagram.new('3', datagram.sender)]);
            port.write_bytes(new GLib.Bytes('4'), datagram.sender);
            port.write_async(new GLib.Bytes('5'), datagram.sender, null);
            range(6, 100).forEach(i => datagram.reply(`${i}`));
        },
    }));
    listen(client).write_to('go', port.local_address);
    settle();
    assertEqual(client.texts, range(1, 100).map(i => `${i}`));
});

test('many in one call', () => {
    const [port, reader, to] = pair();
    const wanted = range(0, 200).map(i => `${i % 3 === 0 ? 'x' : 'yy'}${i}`);
    assertEqual(port.write_datagrams(wanted.map(one => Gudpx.Datagram.new(one, to))), 200);
    settle();
    assertEqual(reader.texts, wanted);
    const statistics = port.get_statistics();
    assertEqual(statistics.datagrams_sent, 200);
    assertEqual(statistics.bytes_sent, wanted.join('').length);
    assertEqual(port.write_datagrams([]), 0);
});

test('many end at the first error', () => {
    const [port, reader, to] = pair();
    const good = Gudpx.Datagram.new('x', to);
    const bad = Gudpx.Datagram.new('y', null);
    assertEqual(port.write_datagrams([good, good, bad, good]), 2);
    assertError(DESTINATION_UNSET, [], () => port.write_datagrams([bad, good]));
    settle();
    assertEqual(reader.texts, ['x', 'x']);
});

/* Asserts that every form of writing fails with the same error, and that the port continues. */
function assertFails(port, code, payload, host, number, ...words) {
    const bytes = new Uint8Array(payload);
    assertError(code, words, () => port.write_to(bytes, address(host, number)));
    assertError(code, words, () => port.write_to_host(bytes, host, number));
    assertError(code, words, () => port.write_bytes(new GLib.Bytes(bytes), address(host, number)));
    assertError(code, words, () => port.write_datagrams(
        [Gudpx.Datagram.new(bytes, address(host, number))]));
    return assertRejects(code, words,
        port.write_async(new GLib.Bytes(bytes), address(host, number), null));
}

test('too long', async () => {
    const [port,, to] = pair();
    await assertFails(port, Code.MESSAGE_TOO_LARGE, 65508, LOCALHOST, to.port, 65508, 65507,
        to.port);
    const [other,, there] = pair('::1');
    await assertFails(other, Code.MESSAGE_TOO_LARGE, 65528, '::1', there.port, 65528, 65527);
});

test('no destination', async () => {
    const [port] = pair();
    assertError(DESTINATION_UNSET, [], () => port.write('x'));
    assertError(DESTINATION_UNSET, [], () => port.write_bytes(new GLib.Bytes('x'), null));
    await assertRejects(DESTINATION_UNSET, [], port.write_async(new GLib.Bytes('x'), null, null));
    assertThrows(() => port.write_to('x', null));
});

test('what cannot be reached', async () => {
    const [port] = pair();
    await assertFails(port, Code.INVALID_ARGUMENT, 1, '::1', 9, '::1');
    await assertFails(port, Code.INVALID_ARGUMENT, 1, LOCALHOST, 0);
    await assertFails(port, Code.PERMISSION_DENIED, 1, '255.255.255.255', 9);
    assertError(Code.PERMISSION_DENIED, [], () => port.write_to_host('x', '<broadcast>', 9));
    for (const name of ['localhost', '127.1', '256.1.1.1', '', '[::1]', 'fe80::1%nosuch0'])
        assertError(Code.INVALID_ARGUMENT, [name], () => port.write_to_host('x', name, 9));
    assertError(Code.INVALID_ARGUMENT, [], () => port.write_to('x', unixAddress('/nowhere')));
    const one = listen(new Recorder(), '::1');
    await assertFails(one, Code.INVALID_ARGUMENT, 1, LOCALHOST, 9, '127.0.0.1:9');
    const only = own(new Gudpx.Port({
        protocol: new Recorder(), local_address: address('::', 0), ipv6_only: true,
    }));
    only.start_listening();
    await assertFails(only, Code.INVALID_ARGUMENT, 1, LOCALHOST, 9, '127.0.0.1:9');
});

test('another destination than the peer', async () => {
    const [port,, to] = pair();
    port.connect_peer_address(to);
    const other = unusedNumber();
    await assertFails(port, Code.INVALID_ARGUMENT, 1, LOCALHOST, other, other, to.port);
});

test('not listening', async () => {
    const [port] = pair();
    port.stop_listening();
    await assertFails(port, Code.CLOSED, 1, LOCALHOST, 9);
    assertError(Code.CLOSED, [], () => port.write('x'));
    assertError(Code.CLOSED, [], () => port.connect_peer(LOCALHOST, 9));
    assertError(Code.CLOSED, [], () => port.disconnect_peer());
    assertError(Code.CLOSED, [], () => port.join_group('239.1.2.3', null));
    await assertRejects(Code.CLOSED, [], port.flush_async(null));
});

test('an error is no error of the next', () => {
    const [port, reader, to] = pair();
    for (let i = 0; i < 20; i++) {
        port.write_to_host('lost', LOCALHOST, unusedNumber());
        port.write_to(`${i}`, to);
    }
    settle();
    assertEqual(reader.texts, range(0, 20).map(i => `${i}`));
});

test('what cannot be listened on', () => {
    const protocol = new Recorder();
    const taken = listen().local_address.port;
    assertError(Code.ADDRESS_IN_USE, [taken], () => Gudpx.listen_udp(taken, protocol, LOCALHOST));
    assertError(Code.ADDRESS_IN_USE, [taken],
        () => Gudpx.listen_multicast(taken, protocol, true, LOCALHOST));
    for (const name of ['localhost', '127.1', 'fe80::1%nosuch0'])
        assertError(Code.INVALID_ARGUMENT, [name], () => Gudpx.listen_udp(0, protocol, name));
    assertError(Code.NOT_FOUND, ['192.0.2.1'], () => Gudpx.listen_udp(0, protocol, '192.0.2.1'));
    assertThrows(() => Gudpx.listen_udp(0, null, null));
    assertThrows(() => Gudpx.listen_udp(70000, protocol, null));
    // JavaScript may omit nullable arguments only with the override.
    if (!('resolve' in Gudpx))
        assertThrows(() => Gudpx.listen_udp(0, protocol));
    assertEqual(protocol.events, []);
});

test('several listen', () => {
    const first = own(Gudpx.listen_multicast(0, new Recorder(), true, LOCALHOST));
    const second = own(Gudpx.listen_multicast(first.local_address.port, new Recorder(), true,
        LOCALHOST));
    assertEqual(first.local_address.port, second.local_address.port);
});

/* Returns a writer, a paused reader, and the written datagrams. */
function slow(limit = null) {
    const reader = new Recorder();
    const reading = listenUnix(reader);
    reading.reading = false;
    const port = listenUnix();
    if (limit !== null)
        port.send_queue_limit = limit;
    const written = [];
    const write = payload => {
        port.write_to(payload, reading.local_address);
        written.push(payload);
    };
    const read = () => {
        reading.reading = true;
        iterateUntil(() => reader.datagrams.length >= written.length);
        settle();
        assertEqual(reader.texts, written);
    };
    return {port, reading, reader, write, read, written, to: reading.local_address};
}

function fillKernel({port, write, written}) {
    while (port.send_queue_size === 0)
        write(`${written.length}`);
}

function fill({write, written}) {
    assertError(Code.WOULD_BLOCK, [], () => {
        for (;;)
            write(`${written.length} ${'x'.repeat(500)}`);
    });
}

test('what the kernel does not take waits, in order', () => {
    const s = slow();
    fillKernel(s);
    range(0, 300).forEach(i => s.write(`later ${i}`));
    ['', 'x', '', ''].forEach(s.write);
    s.read();
    assertEqual(s.port.send_queue_size, 0);
    assertEqual(s.port.protocol.count('writable'), 0);
});

test('writable once', () => {
    const s = slow(20000);
    for (const times of [1, 2]) {
        s.reading.reading = false;
        fill(s);
        settle();
        assertTrue(s.port.send_queue_size <= 20000);
        assertEqual(s.port.protocol.count('writable'), times - 1);
        s.read();
        assertEqual(s.port.protocol.count('writable'), times);
    }
});

test('the pattern of writable', () => {
    const s = slow(20000);
    const left = range(0, 2000).map(i => `${i} ${'x'.repeat(200)}`);
    const wanted = [...left];
    const pump = () => {
        try {
            while (left.length > 0) {
                s.write(left[0]);
                left.shift();
            }
        } catch (error) {
            assertTrue(error.matches(Gio.io_error_quark(), Code.WOULD_BLOCK));
        }
    };
    s.port.protocol.handlers.writable = pump;
    pump();
    assertTrue(left.length > 0);
    s.reading.reading = true;
    iterateUntil(() => s.reader.datagrams.length === 2000);
    assertEqual(s.reader.texts, wanted);
});

test('the size notifies', () => {
    const s = slow();
    const sizes = [];
    s.port.connect('notify::send-queue-size', port => sizes.push(port.send_queue_size));
    fillKernel(s);
    assertEqual(sizes, [s.port.send_queue_size]);
    s.read();
    assertEqual(sizes.at(-1), 0);
});

test('connected elsewhere while it waits', () => {
    const s = slow();
    const other = listenUnix();
    s.port.connect_peer_address(s.to);
    fillKernel(s);
    range(0, 50).forEach(i => {
        s.port.write(`later ${i}`);
        s.written.push(`later ${i}`);
    });
    s.port.connect_peer_address(other.local_address);
    s.port.write('to the other');
    s.read();
    iterateUntil(() => other.protocol.datagrams.length > 0);
    assertEqual(other.protocol.texts, ['to the other']);
});

test('write_async waits for the kernel', () => {
    const s = slow(5000);
    fill(s);
    let done = 0;
    for (let i = 0; i < 50; i++) {
        s.port.write_async(new GLib.Bytes(`waits ${i}`), s.to, null).then(() => done++);
        s.written.push(`waits ${i}`);
    }
    settle();
    assertEqual(done, 0);
    s.read();
    iterateUntil(() => done === 50);
});

test('write_async cancelled', async () => {
    const s = slow();
    fillKernel(s);
    const cancellable = new Gio.Cancellable();
    const cancelled = s.port.write_async(new GLib.Bytes('cancelled'), s.to, cancellable);
    const other = s.port.write_async(new GLib.Bytes('other'), s.to, null);
    s.written.push('other');
    settle();
    cancellable.cancel();
    await assertRejects(Code.CANCELLED, [], cancelled);
    s.read();
    assertTrue(await other);
});

test('write_async of a port that is stopped', async () => {
    const s = slow();
    fillKernel(s);
    const answers = [s.port.write_async(new GLib.Bytes('x'), s.to, null), s.port.flush_async(null)];
    s.port.stop_listening();
    for (const answer of answers)
        await assertRejects(Code.CLOSED, [], answer);
});

test('write_async to nobody', async () => {
    const path = temporaryPath('nobody');
    await assertRejects(Code.NOT_FOUND, [path],
        listenUnix().write_async(new GLib.Bytes('x'), unixAddress(path), null));
});

test('flush_async', async () => {
    const s = slow();
    fillKernel(s);
    let flushed = false;
    const answer = s.port.flush_async(null).then(() => (flushed = true));
    settle();
    assertSame(flushed, false);
    s.read();
    assertTrue(await answer);
    assertTrue(await s.port.flush_async(null));
});

test('flush_async cancelled', async () => {
    const s = slow();
    fillKernel(s);
    const cancellable = new Gio.Cancellable();
    const answer = s.port.flush_async(cancellable);
    settle();
    cancellable.cancel();
    await assertRejects(Code.CANCELLED, [], answer);
    s.read();
});

test('unix: a path, an abstract name, and no name', () => {
    for (const path of [temporaryPath('socket'), `@gudpx-js-${GLib.uuid_string_random()}`]) {
        const server = new Recorder({'datagram-received': datagram => datagram.reply('pong')});
        const port = listenUnix(server, path);
        const client = new Recorder();
        listenUnix(client).write_to('ping', port.local_address);
        settle();
        assertEqual([server.texts, client.texts], [['ping'], ['pong']]);
        assertEqual(port.local_address.path, path.replace('@', ''));
        assertEqual(port.local_address.address_type, path.startsWith('@')
            ? Gio.UnixSocketAddressType.ABSTRACT : Gio.UnixSocketAddressType.PATH);
        const error = path.startsWith('@') ? [] : [path];
        assertError(Code.ADDRESS_IN_USE, error,
            () => Gudpx.listen_unix_datagram(path, new Recorder()));
    }
});

test('unix: a sender without a name', () => {
    const protocol = new Recorder();
    const port = listenUnix(protocol);
    const socket = Gio.Socket.new(Gio.SocketFamily.UNIX, Gio.SocketType.DATAGRAM,
        Gio.SocketProtocol.DEFAULT);
    cleanUp(() => socket.close());
    socket.send_to(port.local_address, 'x', null);
    settle();
    assertEqual(protocol.texts, ['x']);
    assertSame(protocol.datagrams[0].sender, null);
    assertError(DESTINATION_UNSET, [], () => protocol.datagrams[0].reply('y'));
});

test('unix: a stale path, and connected', () => {
    const path = temporaryPath('stale');
    const socket = Gio.Socket.new(Gio.SocketFamily.UNIX, Gio.SocketType.DATAGRAM,
        Gio.SocketProtocol.DEFAULT);
    socket.bind(unixAddress(path), false);
    socket.close();
    const port = listenUnix();
    assertError(Code.CONNECTION_REFUSED, [path],
        () => port.connect_peer_address(unixAddress(path)));
    const reader = new Recorder();
    const reading = listenUnix(reader, path);
    port.connect_peer_address(unixAddress(path));
    reading.connect_peer_address(port.local_address);
    port.write('ping');
    reading.write('pong');
    settle();
    assertEqual([reader.texts, port.protocol.texts], [['ping'], ['pong']]);
    assertEqual(port.peer_address.path, path);
});

main();
