// SPDX-License-Identifier: LGPL-2.1-or-later

/* Tests multicast, links and unreachable hosts in a separate network, made by tests/netns. */

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import Gudpx from 'gi://Gudpx?version=1';

import {
    Code, LOCALHOST, Recorder, assertEqual, assertError, assertSame, assertTrue, collect,
    iterateUntil, listen, main, own, settle, test
} from './gudpxtest.js';

const FAMILIES = [
    {
        any: '0.0.0.0', ours: '10.99.0.1', nobodys: '192.0.2.9', group: '239.1.2.3',
        otherGroup: '239.1.2.4', sourceGroup: '232.1.2.3',
    },
    {
        any: '::', ours: 'fd99::1', nobodys: '2001:db8::9', group: 'ff15::1234',
        otherGroup: 'ff15::1235', sourceGroup: 'ff35::1234',
    },
];
// The first address lacks a route; the second has a route, but its host does not exist.
const UNREACHABLE = '192.0.2.1', SILENT = '10.99.0.78';

function assertReceived(port, ...texts) {
    const {protocol} = port;
    iterateUntil(() => protocol.datagrams.length >= texts.length);
    settle();
    assertEqual(protocol.texts, texts);
    protocol.datagrams.length = 0;
}

for (const {any, ours, nobodys, group, otherGroup, sourceGroup} of FAMILIES) {
    const listenMulticast = (number = 0, protocol = new Recorder()) =>
        own(Gudpx.listen_multicast(number, protocol, true, any));

    /* Returns a port for groups, and functions that write to a group. writeMarked() then writes a
     * mark to the port itself, which arrives in any case. */
    const setUp = () => {
        const port = listenMulticast();
        const writer = listen(new Recorder(), any);
        const write = (payload, to = group) =>
            writer.write_to_host(payload, to, port.local_address.port);
        const writeMarked = (payload, to) => {
            write(payload, to);
            write('mark', ours);
        };
        return {port, writer, write, writeMarked};
    };

    test(`join and leave ${group}`, () => {
        const {port, writeMarked} = setUp();
        writeMarked('before');
        assertReceived(port, 'mark');
        for (const interface_ of [null, 'gudpx0', ours]) {
            assertSame(port.join_group(group, interface_), true);
            writeMarked('joined');
            assertReceived(port, 'joined', 'mark');
            assertSame(port.leave_group(group, interface_), true);
            writeMarked('left');
            assertReceived(port, 'mark');
        }
    });

    test(`not the groups of others, with ${group}`, () => {
        const {port, write} = setUp();
        const other = listenMulticast(port.local_address.port);
        port.join_group(group, null);
        other.join_group(otherGroup, null);
        write('x', group);
        write('y', otherGroup);
        assertReceived(port, 'x');
        assertReceived(other, 'y');
    });

    test(`errors with ${group}`, () => {
        const {port} = setUp();
        assertError(Code.NOT_FOUND, [group], () => port.leave_group(group, null));
        port.join_group(group, null);
        assertError(Code.ADDRESS_IN_USE, [group], () => port.join_group(group, null));
        for (const wrong of [ours, 'localhost', ''])
            assertError(Code.INVALID_ARGUMENT, [wrong], () => port.join_group(wrong, null));
        for (const interface_ of ['nosuch0', nobodys]) {
            assertError(Code.NOT_FOUND, [interface_],
                () => port.join_group(otherGroup, interface_));
            assertError(Code.NOT_FOUND, [interface_],
                () => port.set_multicast_interface(interface_));
        }
        port.stop_listening();
        assertError(Code.CLOSED, [], () => port.join_group(otherGroup, null));
    });

    test(`sources of ${sourceGroup}`, () => {
        const {port, write, writeMarked} = setUp();
        port.join_source_group(sourceGroup, ours, 'gudpx0');
        write('x', sourceGroup);
        assertReceived(port, 'x');
        assertError(Code.ADDRESS_IN_USE, [sourceGroup],
            () => port.join_source_group(sourceGroup, ours, 'gudpx0'));
        port.leave_source_group(sourceGroup, ours, 'gudpx0');
        port.join_source_group(sourceGroup, nobodys, 'gudpx0');
        writeMarked('y', sourceGroup);
        assertReceived(port, 'mark');
    });

    test(`${group} after a restart`, () => {
        const {port, writeMarked} = setUp();
        port.join_group(group, 'gudpx0');
        port.join_group(otherGroup, 'gudpx0');
        port.leave_group(otherGroup, 'gudpx0');
        port.stop_listening();
        port.start_listening();
        writeMarked('x');
        assertReceived(port, 'x', 'mark');
        writeMarked('y', otherGroup);
        assertReceived(port, 'mark');
    });

    test(`options of ${group}`, () => {
        const {port, writer, write, writeMarked} = setUp();
        port.metadata = Gudpx.MetadataFlags.HOP_LIMIT | Gudpx.MetadataFlags.DESTINATION;
        port.join_group(group, null);
        writer.multicast_loopback = false;
        writeMarked('not looped');
        assertReceived(port, 'mark');
        writer.multicast_loopback = true;
        for (const ttl of [1, 7, 0]) {
            writer.multicast_ttl = ttl;
            writer.multicast_interface = 'gudpx0';
            write('x');
            iterateUntil(() => port.protocol.datagrams.length === 1);
            const [datagram] = port.protocol.datagrams.splice(0);
            assertEqual(datagram.hop_limit, ttl);
            assertEqual(datagram.destination.address.to_string(), group);
            datagram.reply('here');
            assertReceived(writer, 'here');
        }
    });
}

test('link-local addresses keep their scope', () => {
    const port = listen(new Recorder({'datagram-received': d => d.reply('pong')}),
        'fe80::1%gudpx0');
    const client = listen(new Recorder(), 'fe80::2%gudpx1');
    client.write_to_host('ping', 'fe80::1%gudpx1', port.local_address.port);
    assertReceived(client, 'pong');
    const [{sender}] = port.protocol.datagrams;
    assertEqual(sender.scope_id, port.local_address.scope_id);
    assertTrue(sender.scope_id !== client.local_address.scope_id);
    assertTrue(sender.scope_id > 0);
    client.connect_peer('fe80::1%gudpx1', port.local_address.port);
    assertEqual(client.peer_address.scope_id, client.local_address.scope_id);
    client.write('ping');
    assertReceived(client, 'pong');
    assertError(Code.INVALID_ARGUMENT, ['fe80::1'],
        () => Gudpx.listen_udp(0, new Recorder(), 'fe80::1'));
});

test('broadcast', () => {
    const port = listen(new Recorder(), null);
    const writer = listen(new Recorder(), '10.99.0.1');
    const write = host => writer.write_to_host(host, host, port.local_address.port);
    for (const host of ['<broadcast>', '10.99.0.255'])
        assertError(Code.PERMISSION_DENIED, [], () => write(host));
    writer.broadcast_allowed = true;
    for (const host of ['<broadcast>', '10.99.0.255'])
        assertSame(write(host), true);
    assertReceived(port, '<broadcast>', '10.99.0.255');
});

test('a network that cannot be reached', () => {
    const port = listen(new Recorder(), null);
    assertError(Code.NETWORK_UNREACHABLE, [UNREACHABLE],
        () => port.write_to_host('x', UNREACHABLE, 9));
    assertError(Code.NETWORK_UNREACHABLE, [UNREACHABLE], () => port.connect_peer(UNREACHABLE, 9));
    assertEqual(port.protocol.events, ['started']);
});

test('the same from a handler, and kept', () => {
    const protocol = new Recorder({
        'datagram-received': datagram => {
            for (let i = 1; i <= 50; i++)
                datagram.transport.write_to_host('x', UNREACHABLE, i);
            datagram.reply('y');
        },
    });
    const port = listen(protocol, null);
    const client = listen();
    client.write_to_host('go', LOCALHOST, port.local_address.port);
    iterateUntil(() => protocol.errors.length === 50);
    assertReceived(client, 'y');
    collect();
    protocol.errors.forEach(([error, destination], i) => {
        assertTrue(error.matches(Gio.io_error_quark(), Code.NETWORK_UNREACHABLE));
        assertTrue(error.message.includes(`${UNREACHABLE}:${i + 1}`), error.message);
        assertEqual(destination.to_string(), `${UNREACHABLE}:${i + 1}`);
    });
});

// The kernel reports this only in the error queue, which GSocket does not read.
if (GLib.getenv('GUDPX_TEST_IO') !== 'generic') {
    test('a host that does not answer', () => {
        const protocol = new Recorder();
        const port = listen(protocol, null);
        port.connect_peer(SILENT, 9);
        port.write('x');
        // The kernel searches the host three times, a second apart.
        iterateUntil(() => protocol.errors.length > 0);
        const [[error, destination]] = protocol.errors;
        collect();
        assertTrue(error.matches(Gio.io_error_quark(), Code.HOST_UNREACHABLE));
        assertTrue(error.message.includes(SILENT));
        assertEqual(destination.to_string(), `${SILENT}:9`);
        assertSame(port.write('x'), true);
    });
}

main();
