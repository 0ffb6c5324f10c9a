// SPDX-License-Identifier: LGPL-2.1-or-later

/* Tests datagrams: keeping, truncating, creating and answering them, and their metadata. */

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Gudpx from 'gi://Gudpx?version=1';

import {
    Batches, Code, DESTINATION_UNSET, LOCALHOST, Recorder, address, assertEqual, assertError,
    assertSame, assertThrows, assertTrue, collect, iterateUntil, listen, listenUnix, main,
    plainSocket, range, send, settle, temporaryPath, test, text, unixAddress
} from './gudpxtest.js';

const {DESTINATION, TIMESTAMP, HOP_LIMIT, TRAFFIC_CLASS, NONE} = Gudpx.MetadataFlags;
const ALL = DESTINATION | TIMESTAMP | HOP_LIMIT | TRAFFIC_CLASS;

const GETTERS = ['sender', 'destination', 'transport', 'interface_index', 'hop_limit',
    'traffic_class', 'ecn', 'timestamp', 'truncated', 'original_size'];

/* Sends from several senders in turn. Returns the expected datagrams. */
function flood(port, first, count) {
    const senders = range(0, 5).map(() => plainSocket());
    const wanted = [];
    for (let i = first; i < first + count; i++) {
        const sender = senders[i % senders.length];
        const payload = `${i} `.repeat(1 + i % 50);
        sender.send_to(port.local_address, payload, null);
        wanted.push([payload, sender.local_address.to_string()]);
        if (i % 20 === 19)
            settle();
    }
    settle();
    return wanted;
}

function describe(datagrams) {
    return datagrams.map(d => [text(d.get_payload()), d.sender.to_string()]);
}

function keptBy(Kind) {
    return () => {
        const protocol = new Kind();
        const port = listen(protocol);
        const wanted = flood(port, 0, 1500);
        collect();
        wanted.push(...flood(port, 1500, 1500));
        assertEqual(describe(protocol.datagrams), wanted);
        assertTrue(protocol.datagrams.every(d => d.transport === port));
        port.stop_listening();
        collect();
        assertEqual(describe(protocol.datagrams), wanted);
    };
}

test('kept by datagram_received', keptBy(Recorder));
test('kept by datagrams_received', keptBy(Batches));

test('kept by a signal', () => {
    const protocol = new Gudpx.DatagramProtocol();
    const kept = [];
    protocol.connect('datagram-received', (_, datagram) => kept.push(datagram));
    const port = listen(protocol);
    const wanted = flood(port, 0, 2000);
    collect();
    assertEqual(describe(kept), wanted);
});

test('batches that are kept', () => {
    const batches = [];
    const protocol = new Batches({'datagrams-received': datagrams => batches.push(datagrams)});
    const port = listen(protocol);
    const wanted = flood(port, 0, 1000);
    protocol.datagrams.length = 0;
    collect();
    flood(port, 1000, 1000);
    collect();
    assertEqual(describe(batches.flat().slice(0, 1000)), wanted);
});

test('some of them kept', () => {
    const kept = [];
    let n = 0;
    const Picker = GObject.registerClass(class Picker extends Gudpx.DatagramProtocol {
        vfunc_datagram_received(datagram) {
            if (n++ % 3 === 0)
                kept.push(datagram);
        }
    });
    const wanted = flood(listen(new Picker()), 0, 3000);
    collect();
    assertEqual(describe(kept), wanted.filter((_, i) => i % 3 === 0));
});

test('kept when all else is gone', () => {
    let protocol = new Recorder();
    let port = Gudpx.listen_udp(0, protocol, LOCALHOST);
    const wanted = flood(port, 0, 100);
    const kept = protocol.datagrams;
    port.stop_listening();
    protocol = port = null;
    collect();
    assertEqual(describe(kept), wanted);
});

test('payloads outlive their datagrams', () => {
    const payloads = [];
    const Taker = GObject.registerClass(class Taker extends Gudpx.DatagramProtocol {
        vfunc_datagram_received(datagram) {
            payloads.push(datagram.get_payload());
        }
    });
    const port = listen(new Taker());
    const wanted = flood(port, 0, 1000);
    collect();
    flood(port, 1000, 500);
    assertEqual(payloads.slice(0, 1000).map(text), wanted.map(([payload]) => payload));
});

test('a payload that is changed is a copy', () => {
    const protocol = new Recorder();
    send(listen(protocol), 'abc');
    settle();
    protocol.datagrams[0].get_payload()[0] = 0;
    assertEqual(protocol.texts, ['abc']);
});

test('what hangs on a datagram is not found on another', () => {
    const seen = [];
    const Marker = GObject.registerClass(class Marker extends Gudpx.DatagramProtocol {
        vfunc_datagram_received(datagram) {
            seen.push(datagram.mark);
            datagram.mark = 'mine';
        }
    });
    flood(listen(new Marker()), 0, 500);
    assertTrue(seen.length === 500 && seen.every(mark => mark === undefined));
});

/* Keeps errors. In a virtual function GJS borrows the GError, which is a boxed type. */
function keepErrors(protocol, errors) {
    protocol.handlers = {
        'datagram-received': datagram =>
            datagram.transport.write_to('x', unixAddress(text(datagram.get_payload()))),
    };
    const port = listenUnix(protocol);
    const writer = listenUnix();
    const path = temporaryPath('nobody');
    const fill = () => {
        for (let i = 0; i < 200; i++) {
            writer.write_to(`${path}${i}`, port.local_address);
            settle();
        }
    };
    fill();
    iterateUntil(() => errors.length === 200);
    collect();
    fill();
    iterateUntil(() => errors.length === 400);
    port.stop_listening();
    collect();
    errors.forEach(([error, destination], i) => {
        assertTrue(error.message.includes(`${path}${i % 200}:`), error.message);
        assertTrue(error.matches(Gio.io_error_quark(), Code.NOT_FOUND));
        assertEqual(destination.path, `${path}${i % 200}`);
    });
}

test('errors kept by error_received', () => {
    const protocol = new Recorder();
    keepErrors(protocol, protocol.errors);
});

test('errors kept by a signal', () => {
    const protocol = new Recorder();
    const errors = [];
    protocol.connect('error-received', (_, port, error, to) => errors.push([error, to]));
    keepErrors(protocol, errors);
});

test('made here', () => {
    const destination = address(LOCALHOST, 1);
    const datagram = Gudpx.Datagram.new('x\0y', destination);
    assertEqual(text(datagram.get_payload()), 'x\0y');
    assertEqual(text(datagram.dup_bytes().toArray()), 'x\0y');
    assertSame(datagram.destination, destination);
    assertSame(datagram.truncated, false);
    assertEqual(datagram.original_size, 3);
    assertEqual([datagram.sender, datagram.transport, datagram.interface_index, datagram.hop_limit,
        datagram.traffic_class, datagram.ecn, datagram.timestamp], [null, null, 0, -1, -1, -1, 0]);
    assertError(DESTINATION_UNSET, [], () => datagram.reply('y'));
});

test('an empty one', () => {
    const datagram = Gudpx.Datagram.new('', null);
    assertEqual(datagram.get_payload().length, 0);
    assertEqual(datagram.dup_bytes().get_size(), 0);
    assertSame(datagram.destination, null);
});

test('what a payload may be', () => {
    for (const payload of ['abc', new Uint8Array([97, 98, 99]), [97, 98, 99]])
        assertEqual(text(Gudpx.Datagram.new(payload, null).get_payload()), 'abc');
    assertEqual([...Gudpx.Datagram.new('€', null).get_payload()], [0xe2, 0x82, 0xac]);
    for (const payload of [3, {}])
        assertThrows(() => Gudpx.Datagram.new(payload, null));
});

test('getters and properties agree, and are read-only', () => {
    const protocol = new Recorder();
    const port = listen(protocol);
    port.metadata = ALL;
    send(port, 'x');
    settle();
    const [datagram] = protocol.datagrams;
    for (const name of GETTERS) {
        assertTrue(name in datagram, name);
        assertSame(datagram[name], datagram[`get_${name}`](), name);
        assertThrows(() => {
            datagram[name] = datagram[name];
        });
    }
});

test('cut off', () => {
    const protocol = new Recorder();
    const port = listen(protocol);
    port.max_packet_size = 4;
    send(port, '0123456789', '0123');
    settle();
    assertEqual(protocol.texts, ['0123', '0123']);
    assertEqual(protocol.datagrams.map(d => [d.truncated, d.original_size]),
        [[true, 10], [false, 4]]);
    assertEqual(port.get_statistics().truncated, 1);
});

test('nothing is cut off by default', () => {
    const protocol = new Recorder();
    send(listen(protocol), new Uint8Array(65507).fill(7));
    settle();
    assertEqual(protocol.datagrams[0].get_payload().length, 65507);
    assertTrue(protocol.datagrams[0].get_payload().every(byte => byte === 7));
});

for (const [host, to] of [[null, LOCALHOST], ['::', '::1'], ['::', LOCALHOST]]) {
    test(`metadata of ${to} on a port of ${host ?? 'IPv4'}`, () => {
        const protocol = new Recorder();
        const port = listen(protocol, host);
        port.metadata = ALL;
        const writer = listen(new Recorder(), to);
        writer.ttl = 33;
        writer.dscp = 46;
        const before = GLib.get_real_time();
        writer.write_to_host('x', to, port.local_address.port);
        settle();
        const after = GLib.get_real_time();
        const [datagram] = protocol.datagrams;
        assertEqual(datagram.destination.address.to_string(), to);
        assertEqual(datagram.destination.port, port.local_address.port);
        assertTrue(datagram.interface_index > 0);
        assertEqual([datagram.hop_limit, datagram.traffic_class, datagram.ecn], [33, 46 << 2, 0]);
        // The kernel's clock may differ from ours by its rounding.
        assertTrue(datagram.timestamp >= before - 20000 && datagram.timestamp <= after + 20000);
    });
}

test('each flag alone', () => {
    for (const flag of [NONE, DESTINATION, TIMESTAMP, HOP_LIMIT, TRAFFIC_CLASS]) {
        const protocol = new Recorder();
        const port = listen(protocol);
        assertTrue(port.set_metadata(flag));
        send(port, 'x');
        settle();
        const [datagram] = protocol.datagrams;
        const known = (datagram.destination !== null ? DESTINATION : 0) |
            (datagram.timestamp !== 0 ? TIMESTAMP : 0) |
            (datagram.hop_limit !== -1 ? HOP_LIMIT : 0) |
            (datagram.traffic_class !== -1 ? TRAFFIC_CLASS : 0);
        assertEqual(known, flag);
    }
});

test('a reply leaves from where the datagram was sent to', () => {
    const client = new Recorder();
    const asker = listen(client);
    for (const host of [null, '::']) {
        const port = listen(new Recorder({'datagram-received': d => d.reply('here')}), host);
        port.metadata = DESTINATION;
        for (const to of ['127.0.0.1', '127.0.0.2', '127.3.4.5']) {
            client.datagrams.length = 0;
            asker.write_to_host('x', to, port.local_address.port);
            settle();
            assertEqual(describe(client.datagrams),
                [['here', `${to}:${port.local_address.port}`]]);
        }
    }
});

test('a late reply', () => {
    const client = new Recorder();
    const protocol = new Recorder();
    const port = listen(protocol);
    listen(client).write_to('x', port.local_address);
    settle();
    const [datagram] = protocol.datagrams;
    assertTrue(datagram.reply(new Uint8Array([1, 2])));
    datagram.reply('');
    settle();
    assertEqual(client.datagrams.map(d => [...d.get_payload()]), [[1, 2], []]);
    assertError(Code.MESSAGE_TOO_LARGE, ['65508'], () => datagram.reply(new Uint8Array(65508)));
    port.stop_listening();
    assertError(Code.CLOSED, [], () => datagram.reply('y'));
});

main();
