// SPDX-License-Identifier: LGPL-2.1-or-later

/* Tests payloads and addresses of every kind, optional arguments, promises and descriptions. */

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Gudpx from 'gi://Gudpx?version=1';

import {
    Code, DESTINATION_UNSET, LOCALHOST, Recorder, address, assertEqual, assertError, assertRejects,
    assertSame, assertTrue, iterateUntil, listen, listenUnix, main, own, range, settle,
    temporaryPath, test, unixAddress
} from './gudpxtest.js';

const ABC = new Uint8Array([0x78, 0x61, 0x62, 0x63, 0x79]).subarray(1, 4);
const PAYLOADS = {
    'a string': 'abc',
    'a Uint8Array': new TextEncoder().encode('abc'),
    'a part of a Uint8Array': ABC,
    'an ArrayBuffer': new Uint8Array([97, 98, 99]).buffer,
    'a DataView': new DataView(ABC.buffer, 1, 3),
    'GLib.Bytes': new GLib.Bytes('abc'),
    'an array': [97, 98, 99],
};
const WRONG_PAYLOADS = [undefined, null, 3, {}, [1000], ['a'], true, () => 'abc'];
const WRONG_ADDRESSES = [
    5, {}, {host: LOCALHOST}, {host: 5, port: 5}, {host: LOCALHOST, port: -1},
    {host: LOCALHOST, port: 65536}, {host: LOCALHOST, port: '9'}, {host: LOCALHOST, port: 9.5},
    {host: LOCALHOST, port: NaN}, [LOCALHOST, 9], true, () => LOCALHOST,
];

// Returns a port, and the protocol and address of another port that records datagrams.
function pair(host = LOCALHOST) {
    const recorder = new Recorder();
    const to = listen(recorder, host);
    return [listen(new Recorder(), host), recorder, to.localEndpoint];
}

function assertTypeError(words, run) {
    let caught = null;
    try {
        run();
    } catch (error) {
        caught = error;
    }
    assertTrue(caught instanceof TypeError, `${caught} is no TypeError`);
    for (const word of [words].flat())
        assertTrue(caught.message.includes(word), `no ${word} in “${caught.message}”`);
}

// Ways to write: each accepts every kind of payload and address.
const WAYS = {
    write: (port, payload, to) => port.write(payload, to),
    write_to: (port, payload, to) => port.write_to(payload, to),
    write_to_host: (port, payload, to) => port.write_to_host(payload, to.host, to.port),
    write_bytes: (port, payload, to) => port.write_bytes(payload, to),
    write_datagrams: (port, payload, to) => port.write_datagrams([Gudpx.Datagram.new(payload, to)]),
    'write to the peer'(port, payload, to) {
        port.connect_peer_address(to);
        port.write(payload);
        port.disconnect_peer();
    },
    'write_bytes to the peer'(port, payload, to) {
        port.connect_peer(to);
        port.write_bytes(payload);
        port.disconnect_peer();
    },
};

const ASYNC_WAYS = {
    write_async: (port, payload, to) => port.write_async(payload, to),
    writeAsync: (port, payload, to) => port.writeAsync(payload, to),
};

async function assertRejectsType(words, promise) {
    let caught = null;
    try {
        await promise;
    } catch (error) {
        caught = error;
    }
    assertTypeError(words, () => {
        throw caught;
    });
}

for (const [way, write] of Object.entries({...WAYS, ...ASYNC_WAYS})) {
    test(`${way}: payloads of every kind`, () => {
        const [port, recorder, to] = pair();
        for (const payload of Object.values(PAYLOADS))
            write(port, payload, to);
        settle();
        assertEqual(recorder.texts, Object.keys(PAYLOADS).map(() => 'abc'));
    });
}

for (const [way, write] of Object.entries(WAYS)) {
    test(`${way}: what is no payload`, () => {
        const [port, recorder, to] = pair();
        for (const payload of WRONG_PAYLOADS)
            assertTypeError('payload', () => write(port, payload, to));
        settle();
        assertEqual(recorder.texts, []);
    });
}

for (const [way, write] of Object.entries(ASYNC_WAYS)) {
    test(`${way}: what is no payload or address`, async () => {
        const [port, recorder, to] = pair();
        for (const payload of WRONG_PAYLOADS)
            await assertRejectsType('payload', write(port, payload, to));
        for (const wrong of WRONG_ADDRESSES)
            await assertRejectsType('', write(port, 'x', wrong));
        settle();
        assertEqual(recorder.texts, []);
    });
}

test('reply: payloads of every kind', () => {
    const [port, recorder, to] = pair();
    const payloads = Object.values(PAYLOADS);
    for (const payload of payloads)
        port.write(payload, to);
    settle();
    recorder.datagrams.forEach((datagram, i) => datagram.reply(payloads[i]));
    settle();
    assertEqual(port.protocol.texts, payloads.map(() => 'abc'));
    for (const payload of WRONG_PAYLOADS)
        assertTypeError('payload', () => recorder.datagrams[0].reply(payload));
});

test('bytes of every value, and an empty one', () => {
    const [port, recorder, to] = pair();
    port.write(new Uint8Array(range(0, 256)), to);
    port.write('', to);
    port.write('x\0€', to);
    settle();
    assertEqual(recorder.datagrams.map(({payload}) => [...payload]),
        [range(0, 256), [], [0x78, 0, 0xe2, 0x82, 0xac]]);
});

test('addresses of every kind', () => {
    const [port, recorder, to] = pair();
    const destinations = [to, {...to}, address(to.host, to.port), {...to, more: 1}];
    for (const destination of destinations) {
        port.write('a', destination);
        port.write_to('b', destination);
        port.write_bytes('c', destination);
        assertSame(Gudpx.Datagram.new('', destination).destinationEndpoint.port, to.port);
    }
    settle();
    assertEqual(recorder.texts.join(''), 'abc'.repeat(destinations.length));
    assertTrue(Gudpx.address_equal(to, address(to.host, to.port)));
    assertTrue(!Gudpx.address_equal(to, {host: '127.0.0.2', port: to.port}));
    assertSame(Gudpx.address_hash(to), Gudpx.address_hash({...to}));
});

test('IPv6, and an address that changes', () => {
    const [port, recorder, to] = pair('::1');
    const destination = {...to};
    port.write('a', destination);
    destination.port = port.localEndpoint.port;
    port.write('b', destination);
    settle();
    assertEqual([recorder.texts, port.protocol.texts], [['a'], ['b']]);
});

test('more addresses than are remembered', () => {
    const port = listen();
    for (let i = 1; i <= 10000; i++)
        port.write('x', {host: `127.0.0.${i % 250 + 1}`, port: 60000 + i % 5000});
    assertEqual(port.get_statistics().datagrams_sent, 10000);
});

test('UNIX', () => {
    const recorder = new Recorder();
    const to = listenUnix(recorder);
    const path = to.localEndpoint;
    const port = listenUnix();
    port.write('a', path);
    port.write('b', unixAddress(path));
    for (const connect of ['connect_peer_address', 'connect_peer']) {
        for (const address_ of [path, unixAddress(path)]) {
            port[connect](address_);
            port.write('c');
        }
    }
    settle();
    assertEqual(recorder.texts.join(''), 'abcccc');
    assertEqual(recorder.datagrams[0].senderEndpoint, port.localEndpoint);
    assertEqual(port.peerEndpoint, path);
});

test('an abstract UNIX address', () => {
    const recorder = new Recorder();
    const name = `\0gudpx-${GLib.uuid_string_random()}`;
    const to = own(Gudpx.Port.new(recorder, name));
    const port = listenUnix();
    to.start_listening();
    port.write('a', name);
    settle();
    assertEqual([recorder.texts, to.localEndpoint], [['a'], name]);
    assertEqual(`${to}`, `[Gudpx.Port @${name.slice(1)}, listening]`);
});

test('what is no address', () => {
    const port = listen();
    for (const wrong of WRONG_ADDRESSES) {
        assertTypeError(typeof wrong.host === 'string' ? 'from 0 to 65535' : 'An address is',
            () => port.write('x', wrong));
        assertTypeError('', () => port.write_to('x', wrong));
        assertTypeError('', () => port.write_bytes('x', wrong));
        assertTypeError('', () => port.connect_peer_address(wrong));
        assertTypeError('', () => port.connect_peer(wrong));
        assertTypeError('', () => Gudpx.Datagram.new('x', wrong));
        assertTypeError('', () => Gudpx.Port.new(new Recorder(), wrong));
    }
    for (const wrong of [undefined, null])
        assertTypeError('A destination is', () => port.write_to('x', wrong));
    for (const wrong of [undefined, null]) {
        assertTypeError('An address is', () => port.connect_peer_address(wrong));
        assertTypeError('An address is', () => port.connect_peer(wrong));
    }
    for (const number of [null, '9', -1])
        assertTypeError('from 0 to 65535', () => port.connect_peer(LOCALHOST, number));
    for (const number of [-1, 65536, 1.5, '9', null, undefined])
        assertTypeError('from 0 to 65535', () => port.write_to_host('x', LOCALHOST, number));
    assertEqual(port.get_statistics().datagrams_sent, 0);
});

test('errors show what they were given', () => {
    const port = listen();
    assertTypeError(['array of numbers', 'not Array'], () => port.write([256], port.localEndpoint));
    assertTypeError('not {address, port}', () => port.write('x', {address: LOCALHOST, port: 9}));
    assertTypeError('the string “9”', () => port.write('x', {host: LOCALHOST, port: '9'}));
    assertError(Code.INVALID_ARGUMENT, ['127.0.0.1:9', 'UNIX'],
        () => port.write('x', '127.0.0.1:9'));
});

const Unborn = GObject.registerClass(class Unborn extends Gudpx.DatagramProtocol {
    _init() {
        // Omit super._init().
    }
});

const Field = GObject.registerClass(class Field extends Gudpx.DatagramProtocol {
    datagramReceived = () => null;
});

const LISTEN = {
    listen_udp: protocol => Gudpx.listen_udp(0, protocol, LOCALHOST),
    listen_multicast: protocol => Gudpx.listen_multicast(0, protocol),
    listen_unix_datagram: protocol => Gudpx.listen_unix_datagram('/does/not/exist', protocol),
    adopt_datagram_port: protocol => Gudpx.adopt_datagram_port(-1, Gio.SocketFamily.IPV4, protocol),
    'Port.new': protocol => Gudpx.Port.new(protocol),
};

test('a hook that is no method, and a port of its own', () => {
    const port = new Gudpx.Port({protocol: new Field()});
    assertTypeError('a method of the class', () => port.start_listening());
    assertError(Code.INVALID_ARGUMENT, ['protocol'], () => new Gudpx.Port().start_listening());
});

test('write_datagrams: what is no datagram', () => {
    const port = listen();
    for (const wrong of [undefined, null, 'x', [{payload: 'x'}], ['x']])
        assertTypeError('array of Gudpx.Datagram', () => port.write_datagrams(wrong));
    assertError(DESTINATION_UNSET, [], () => port.write_datagrams([Gudpx.Datagram.new('x')]));
});

for (const [way, make] of Object.entries(LISTEN)) {
    test(`${way}: what is no protocol`, () => {
        for (const wrong of [undefined, null, {}, Recorder, () => null])
            assertTypeError('with “new”', () => make(wrong));
        assertTypeError('super._init()', () => make(new Unborn()));
        assertTypeError('a method of the class', () => make(new Field()));
    });
}

test('what only the library can tell', () => {
    const port = listen();
    const {INVALID_ARGUMENT} = Code;
    const hosts = {
        localhost: 'resolve', '': 'resolve', '127.1': 'resolve', '127.0.0.1\0evil': 'resolve',
        'fe80::1%nosuch0': 'existing interface',
    };
    for (const [host, hint] of Object.entries(hosts)) {
        const words = `“${host.replace('\0', '\\0')}” is not an IP address`;
        for (const write of Object.values(WAYS))
            assertError(INVALID_ARGUMENT, [words, hint], () => write(port, 'x', {host, port: 9}));
        assertError(INVALID_ARGUMENT, [words, hint], () => port.connect_peer(host, 9));
        assertError(INVALID_ARGUMENT, [words, hint], () => port.set_local_address({host, port: 9}));
    }
    assertEqual(port.get_statistics().datagrams_sent, 0);
    assertError(DESTINATION_UNSET, [], () => port.write('x'));
    assertError(Code.PERMISSION_DENIED, [], () => port.write('x', {host: '<broadcast>', port: 9}));
    assertError(INVALID_ARGUMENT, [], () => port.write('x', {host: '::1', port: 9}));
    assertError(INVALID_ARGUMENT, [], () => port.write('x', '/a/path'));
    assertError(Code.MESSAGE_TOO_LARGE, ['65508'],
        () => port.write(new Uint8Array(65508), {host: LOCALHOST, port: 9}));
    port.stop_listening();
    assertError(Code.CLOSED, [], () => port.write('x', {host: LOCALHOST, port: 9}));
});

test('trailing arguments left out', () => {
    const any = own(Gudpx.listen_udp(0, new Recorder()));
    assertEqual(any.localEndpoint.host, '0.0.0.0');
    const multicast = own(Gudpx.listen_multicast(0, new Recorder()));
    assertSame(multicast.listen_multiple, false);
    multicast.join_group('239.1.2.3');
    multicast.leave_group('239.1.2.3');
    multicast.join_source_group('239.1.2.3', LOCALHOST);
    multicast.leave_source_group('239.1.2.3', LOCALHOST);
    multicast.set_multicast_interface(LOCALHOST);
    multicast.set_multicast_interface();
    assertSame(multicast.multicast_interface, null);
    const port = own(Gudpx.Port.new(new Recorder()));
    port.set_local_address({host: LOCALHOST, port: 0});
    port.start_listening();
    assertEqual(port.localEndpoint.host, LOCALHOST);
    assertSame(Gudpx.Datagram.new('x').destination, null);
    assertSame(Gudpx.Datagram.new_full('x', port.localEndpoint).hop_limit, -1);
});

test('what cannot be listened with', () => {
    for (const number of [-1, 65536, '9', undefined, 0.5]) {
        assertTypeError('from 0 to 65535', () => Gudpx.listen_udp(number, new Recorder()));
        assertTypeError('from 0 to 65535', () => Gudpx.listen_multicast(number, new Recorder()));
    }
    for (const protocol of [undefined, null, Recorder, {}, new GObject.Object()]) {
        assertTypeError('Gudpx.DatagramProtocol', () => Gudpx.listen_udp(0, protocol));
        assertTypeError('Gudpx.DatagramProtocol', () => Gudpx.listen_multicast(0, protocol));
        assertTypeError('Gudpx.DatagramProtocol', () => Gudpx.Port.new(protocol));
    }
    assertError(Code.INVALID_ARGUMENT, ['localhost'],
        () => Gudpx.listen_udp(0, new Recorder(), 'localhost'));
});

test('what is no text', () => {
    const port = own(Gudpx.listen_multicast(0, new Recorder()));
    for (const wrong of [5, {}, true, [LOCALHOST]]) {
        assertTypeError('is a string', () => Gudpx.listen_udp(0, new Recorder(), wrong));
        assertTypeError('is a string',
            () => Gudpx.listen_multicast(0, new Recorder(), false, wrong));
        assertTypeError('is a string', () => port.join_group('239.1.2.3', wrong));
        assertTypeError('is a string', () => port.set_multicast_interface(wrong));
    }
    for (const wrong of [undefined, null, 5, {}]) {
        assertTypeError('is a string', () => port.join_group(wrong));
        assertTypeError('is a string', () => port.leave_group(wrong, LOCALHOST));
        assertTypeError('is a string', () => port.join_source_group('239.1.2.3', wrong));
        assertTypeError('is a string', () => port.leave_source_group(wrong, LOCALHOST));
        assertTypeError('is a string', () => Gudpx.listen_unix_datagram(wrong, new Recorder()));
    }
});

// The library would end the text at the zero byte.
test('a zero in a text', () => {
    const {INVALID_ARGUMENT} = Code;
    const port = own(Gudpx.listen_multicast(0, new Recorder()));
    const path = temporaryPath('socket');
    assertError(INVALID_ARGUMENT, ['zero'],
        () => own(Gudpx.listen_udp(0, new Recorder(), '127.0.0.1\0evil')));
    assertError(INVALID_ARGUMENT, ['zero'],
        () => own(Gudpx.listen_unix_datagram(`${path}\0`, new Recorder())));
    assertError(INVALID_ARGUMENT, ['zero'], () => port.join_group('239.1.2.3\0'));
    assertError(INVALID_ARGUMENT, ['zero'], () => port.set_multicast_interface('lo\0'));
    assertError(INVALID_ARGUMENT, ['zero'], () => port.write('x', `${path}\0`));
});

test('paths that are none', () => {
    const port = listenUnix();
    for (const path of ['', 'x'.repeat(108), '\u20ac'.repeat(36), `\0${'x'.repeat(108)}`])
        assertError(Code.INVALID_ARGUMENT, ['empty or too long'], () => port.write('x', path));
});

test('promises of a port', async () => {
    const [port, recorder, to] = pair();
    assertSame(await port.writeAsync('a', to), true);
    assertSame(await port.write_async('b', address(to.host, to.port), null), true);
    port.write('c', to);
    assertSame(await port.flushAsync(), true);
    assertSame(await port.flush_async(), true);
    port.write('d', to);
    assertSame(await port.stopListening(), true);
    assertSame(port.listening, false);
    settle();
    assertEqual(recorder.texts, ['a', 'b', 'c', 'd']);
    await assertRejects(Code.CLOSED, [], port.writeAsync('e', to));
    assertSame(await port.stopListening(), true);
});

test('promises that are cancelled', async () => {
    const cancellable = new Gio.Cancellable();
    const [port, , to] = pair();
    cancellable.cancel();
    await assertRejects(Code.CANCELLED, [], port.writeAsync('a', to, cancellable));
    await assertRejects(Code.CANCELLED, [], Gudpx.resolve('localhost', cancellable));
    await assertRejects(Code.CANCELLED, [], Gudpx.resolveAll('localhost', {cancellable}));
    assertSame(port.listening, true);
});

test('callbacks, wherever they come', () => {
    const [port, recorder, to] = pair();
    let n = 0;
    const count = (source, result) => {
        assertSame(source, port);
        assertTrue(port.write_finish(result));
        n++;
    };
    // Gio._promisify() has wrapped the function of the override.
    const write = port._original_write_async;
    assertSame(write.length, 4);
    write.call(port, 'a', to, null, count);
    write.call(port, 'b', to, count);
    iterateUntil(() => n === 2);
    settle();
    assertEqual(recorder.texts, ['a', 'b']);
});

test('resolving', async () => {
    assertEqual(await Gudpx.resolve('127.0.0.1'), '127.0.0.1');
    assertEqual(await Gudpx.resolveAll('::1'), ['::1']);
    assertTrue((await Gudpx.resolveAll('localhost', {family: Gio.SocketFamily.IPV4}))
        .includes('127.0.0.1'));
    const [port, recorder, to] = pair();
    port.write('x', {host: await Gudpx.resolve(LOCALHOST), port: to.port});
    settle();
    assertEqual(recorder.texts, ['x']);
    await assertRejects(Code.INVALID_ARGUMENT, [], Gudpx.resolve(''));
});

test('endpoints', () => {
    const [port, recorder, to] = pair();
    port.write('x', to);
    settle();
    const [datagram] = recorder.datagrams;
    assertEqual(datagram.senderEndpoint, port.localEndpoint);
    assertTrue(datagram.sender instanceof Gio.InetSocketAddress);
    assertTrue(port.local_address instanceof Gio.InetSocketAddress);
    assertSame(port.peerEndpoint, null);
    port.connect_peer(to);
    assertEqual(port.peerEndpoint, to);
    assertSame(Gudpx.Datagram.new('x').senderEndpoint, null);
});

test('what they say of themselves', () => {
    const [port, recorder, to] = pair();
    const where = `${LOCALHOST}:${port.localEndpoint.port}`;
    const there = `${LOCALHOST}:${to.port}`;
    assertEqual(`${port}`, `[Gudpx.Port ${where}, listening]`);
    assertEqual(`${port.protocol}`, `[Recorder on ${where}]`);
    port.reading = false;
    assertEqual(`${port}`, `[Gudpx.Port ${where}, paused]`);
    port.reading = true;
    port.connect_peer(to);
    assertEqual(`${port}`, `[Gudpx.Port ${where}, listening, connected to ${there}]`);
    port.write('12345');
    settle();
    assertEqual(`${recorder.datagrams[0]}`, `[Gudpx.Datagram 5 bytes from ${where}]`);
    assertEqual(`${Gudpx.Datagram.new('abc', {host: '::1', port: 5})}`,
        '[Gudpx.Datagram 3 bytes to [::1]:5]');
    port.stop_listening();
    assertTrue(`${port}`.includes('stopped'));
    assertEqual(`${port.protocol}`, '[Recorder, not listening]');
    assertEqual(`${Gudpx.Port.new(new Gudpx.DatagramProtocol())}`,
        '[Gudpx.Port no address, stopped]');
    assertEqual(`${listenUnix(undefined, temporaryPath('name'))}`.match(/name, listening/).length,
        1);
});

main();
