// SPDX-License-Identifier: LGPL-2.1-or-later

/* Tests IPv6, dual-stack ports, addresses as keys, and resolving names. */

import Gio from 'gi://Gio';
import Gudpx from 'gi://Gudpx?version=1';

import {
    Code, LOCALHOST, Recorder, address, assertEqual, assertError, assertRejects, assertSame,
    assertTrue, iterateUntil, listen, main, own, plainSocket, range, settle, test, unixAddress
} from './gudpxtest.js';

const {IPV4, IPV6, INVALID} = Gio.SocketFamily;

const echo = () => new Recorder({'datagram-received': datagram => datagram.reply('pong')});

test('IPv6', () => {
    const port = listen(echo(), '::1');
    assertEqual(port.local_address.to_string(), `[::1]:${port.local_address.port}`);
    const client = listen(new Recorder(), '::1');
    client.write_to('ping', port.local_address);
    client.write_to(new Uint8Array(65527), port.local_address);
    settle();
    assertEqual(client.protocol.texts, ['pong', 'pong']);
    assertEqual(port.protocol.datagrams[1].get_payload().length, 65527);
    assertEqual(port.protocol.datagrams[0].sender.to_string(), client.local_address.to_string());
});

test('null is IPv4 alone', () => {
    assertEqual(listen(new Recorder(), null).local_address.get_family(), IPV4);
});

test('dual-stack senders', () => {
    const port = listen(echo(), '::');
    for (const host of [LOCALHOST, '::1']) {
        const client = listen(new Recorder(), host);
        client.write_to_host('ping', host, port.local_address.port);
        settle();
        assertEqual(client.protocol.texts, ['pong']);
        const {sender} = port.protocol.datagrams.at(-1);
        assertEqual(sender.to_string(), client.local_address.to_string());
        assertTrue(Gudpx.address_equal(sender, client.local_address));
        assertEqual(sender.get_family(), host === LOCALHOST ? IPV4 : IPV6);
    }
});

test('dual-stack destinations and peers', () => {
    const port = listen(echo(), '::');
    const reader = listen();
    port.write_to('1', reader.local_address);
    port.write_to_host('2', LOCALHOST, reader.local_address.port);
    port.write_to_host('3', '::ffff:127.0.0.1', reader.local_address.port);
    port.connect_peer_address(reader.local_address);
    port.write('4');
    assertEqual(port.peer_address.to_string(), reader.local_address.to_string());
    plainSocket('::1').send_to(address('::1', port.local_address.port), 'stranger', null);
    reader.write_to_host('peer', LOCALHOST, port.local_address.port);
    settle();
    assertEqual(reader.protocol.texts, ['1', '2', '3', '4', 'pong']);
    assertEqual(port.protocol.texts, ['peer']);
});

test('ipv6_only', () => {
    const port = own(new Gudpx.Port({
        protocol: new Recorder(), local_address: address('::', 0), ipv6_only: true,
    }));
    port.start_listening();
    const {port: number} = port.local_address;
    // An IPv6-only port leaves the number free for IPv4.
    const other = listen(new Recorder(), LOCALHOST, number);
    plainSocket('::1').send_to(address('::1', number), 'x', null);
    plainSocket().send_to(address(LOCALHOST, number), 'y', null);
    settle();
    assertEqual([port.protocol.texts, other.protocol.texts], [['x'], ['y']]);
});

test('equal addresses', () => {
    const makers = [
        () => address(LOCALHOST, 1), () => address(LOCALHOST, 2), () => address('127.0.0.2', 1),
        () => address('::1', 1), () => address('fe80::1%lo', 1), () => address('fe80::1', 1),
        () => unixAddress('/tmp/x'), () => unixAddress('/tmp/y'), () => null,
    ];
    makers.forEach((make, i) => makers.forEach((makeOther, j) => {
        assertSame(Gudpx.address_equal(make(), makeOther()), i === j, `${i}, ${j}: `);
    }));
    for (const make of makers)
        assertSame(Gudpx.address_hash(make()), Gudpx.address_hash(make()));
    assertEqual(Gudpx.address_hash(null), 0);
});

test('resolve literals', async () => {
    for (const literal of ['127.0.0.1', '192.0.2.7', '::1', '2001:db8::7']) {
        assertEqual((await Gudpx.resolve_async(literal, null)).to_string(), literal);
        const all = await Gudpx.resolve_all_async(literal, INVALID, 1, null);
        assertEqual(all.map(one => one.to_string()), [literal]);
    }
    assertEqual((await Gudpx.resolve_async('fe80::1%lo', null)).to_string(), 'fe80::1');
});

test('resolve from the main loop', () => {
    let done = false;
    Gudpx.resolve_async('127.0.0.1', null).then(() => (done = true));
    assertSame(done, false);
    iterateUntil(() => done);
});

test('resolve localhost', async () => {
    assertEqual((await Gudpx.resolve_async('localhost', null)).to_string(), '127.0.0.1');
    for (const [family, wanted] of [[IPV4, '127.0.0.1'], [IPV6, '::1']]) {
        const all = await Gudpx.resolve_all_async('localhost', family, 0, null);
        assertEqual(all.map(one => one.to_string()), [wanted]);
    }
    const both = await Gudpx.resolve_all_async('localhost', INVALID, 0, null);
    assertTrue(both.length > 0 && both.every(one => one.is_loopback));
});

test('resolve what is not there', async () => {
    const domain = Gio.resolver_error_quark();
    await assertRejects(Gio.ResolverError.NOT_FOUND, ['127.0.0.1'],
        Gudpx.resolve_all_async('127.0.0.1', IPV6, 0, null), domain);
    await assertRejects(Code.INVALID_ARGUMENT, [], Gudpx.resolve_async('', null));
    let error = null;
    try {
        // RFC 6761: this name does not exist.
        await Gudpx.resolve_async('nosuch.invalid', null);
    } catch (caught) {
        error = caught;
    }
    assertEqual(error.domain, domain);
});

test('resolve with a limit of 1 ms', async () => {
    let error = null;
    try {
        await Gudpx.resolve_all_async('nosuch.invalid', INVALID, 1, null);
    } catch (caught) {
        error = caught;
    }
    assertTrue(error.domain === Gio.resolver_error_quark() ||
        error.matches(Gio.io_error_quark(), Code.TIMED_OUT), `${error}`);
});

test('resolve cancelled', async () => {
    for (const host of ['localhost', 'nosuch.invalid', LOCALHOST]) {
        const cancellable = new Gio.Cancellable();
        const answer = Gudpx.resolve_async(host, cancellable);
        cancellable.cancel();
        await assertRejects(Code.CANCELLED, [], answer);
        await assertRejects(Code.CANCELLED, [], Gudpx.resolve_async(host, cancellable));
    }
});

test('resolve many at once, then write', async () => {
    const found = await Promise.all(range(0, 20).map(() => Gudpx.resolve_async('localhost', null)));
    const reader = listen();
    const port = listen();
    for (const host of found)
        port.write_to('x', Gio.InetSocketAddress.new(host, reader.local_address.port));
    settle();
    assertEqual(reader.protocol.texts, Array(20).fill('x'));
});

test('a name is no address', () => {
    const port = listen();
    assertError(Code.INVALID_ARGUMENT, ['localhost', 'resolve'],
        () => port.write_to_host('x', 'localhost', 9));
});

main();
