// SPDX-License-Identifier: LGPL-2.1-or-later

/* Tests details of errors, policies for a full queue, and datagrams with their own options. */

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import Gudpx from 'gi://Gudpx?version=1';

import {
    Code, LOCALHOST, Recorder, address, assertEqual, assertSame, assertTrue, collect, iterateUntil,
    listen, listenUnix, main, range, settle, temporaryPath, test, unixAddress, unusedNumber
} from './gudpxtest.js';

const ECONNREFUSED = 111;

test('details of refusals, kept', () => {
    const kept = [];
    const port = listen(new Recorder({
        'connection-refused': of => kept.push(of.dup_error_details()),
    }));
    port.connect_peer(LOCALHOST, unusedNumber());
    for (let times = 1; times <= 100; times++) {
        port.write('x');
        iterateUntil(() => kept.length === times);
    }
    port.stop_listening();
    collect();
    assertTrue(kept.every(details => details.error_number === ECONNREFUSED));
    assertEqual(kept[0].copy().error_number, ECONNREFUSED);
    assertSame(port.dup_error_details(), null);
    assertEqual(port.get_statistics().connection_refusals, 100);
});

// GSocket's own calls do not report errors.
if (GLib.getenv('GUDPX_TEST_IO') !== 'generic') {
    test('errors without a peer', () => {
        const kept = [];
        const protocol = new Recorder({
            'error-received': port => kept.push(port.dup_error_details()),
        });
        const port = listen(protocol);
        const number = unusedNumber();
        port.write_to_host('x', LOCALHOST, number);
        settle();
        assertEqual(kept, []);
        port.report_errors = true;
        port.write_to_host('x', LOCALHOST, number);
        iterateUntil(() => kept.length > 0);
        const [[error, destination]] = protocol.errors;
        assertTrue(error.matches(Gio.io_error_quark(), Code.CONNECTION_REFUSED));
        assertEqual(destination.to_string(), `${LOCALHOST}:${number}`);
        assertEqual([kept[0].is_icmp, kept[0].icmp_type, kept[0].icmp_code], [true, 3, 3]);
        assertEqual(kept[0].offender.address.to_string(), LOCALHOST);
    });
}

test('no details of what has not left', () => {
    const path = temporaryPath('nobody');
    const kept = [];
    const port = listenUnix(new Recorder({
        'datagram-received': datagram => datagram.transport.write_to('x', unixAddress(path)),
        'error-received': of => kept.push(of.dup_error_details()),
    }));
    listenUnix().write_to('go', port.local_address);
    iterateUntil(() => kept.length > 0);
    assertEqual(kept, [null]);
});

function floodWith(policy) {
    const reader = new Recorder();
    const reading = listenUnix(reader);
    reading.reading = false;
    const writer = listenUnix();
    writer.send_queue_limit = 20000;
    writer.send_queue_policy = policy;
    for (let i = 0; i < 3000; i++)
        assertSame(writer.write_to(`${i}`, reading.local_address), true);
    reading.reading = true;
    iterateUntil(() => writer.send_queue_size === 0);
    settle();
    const statistics = writer.get_statistics();
    assertEqual(reader.datagrams.length, 3000 - statistics.send_queue_drops);
    return [reader.texts, statistics];
}

test('the newest dropped', () => {
    const [received, statistics] = floodWith(Gudpx.QueuePolicy.DROP_NEWEST);
    assertEqual(received, range(0, received.length).map(i => `${i}`));
    assertTrue(statistics.queue_dropped_newest > 0);
});

test('the oldest dropped', () => {
    const [received, statistics] = floodWith(Gudpx.QueuePolicy.DROP_OLDEST);
    assertTrue(received.every((one, i) => i === 0 || Number(one) > Number(received[i - 1])));
    assertEqual(received.at(-1), '2999');
    assertTrue(statistics.queue_dropped_oldest > 0);
});

test('datagrams that differ', () => {
    for (const [host, to, from] of [[null, LOCALHOST, '127.0.0.5'], ['::', LOCALHOST, '127.0.0.5'],
        ['::', '::1', '::1']]) {
        const protocol = new Recorder();
        const port = listen(protocol, host);
        port.metadata = Gudpx.MetadataFlags.HOP_LIMIT | Gudpx.MetadataFlags.TRAFFIC_CLASS;
        const destination = address(to, port.local_address.port);
        const source = Gio.InetAddress.new_from_string(from);
        listen(new Recorder(), host).write_datagrams([
            Gudpx.Datagram.new_full('x', destination, source, 0, 17, 0x2a),
            Gudpx.Datagram.new('x', destination),
            Gudpx.Datagram.new_full('x', destination, null, 0, -1, -1),
        ]);
        settle();
        assertEqual(protocol.datagrams.map(d => [d.hop_limit, d.traffic_class, d.ecn]),
            [[17, 0x2a, 2], [64, 0, 0], [64, 0, 0]]);
        assertEqual(protocol.datagrams[0].sender.address.to_string(), from);
    }
});

main();
