// SPDX-License-Identifier: LGPL-2.1-or-later

/* Tests a port's properties: assignment, setters and construction. */

import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Gudpx from 'gi://Gudpx?version=1';

import {
    Code, LOCALHOST, Recorder, address, assertEqual, assertError, assertSame, assertThrows,
    assertTrue, listen, listenUnix, main, own, send, settle, test
} from './gudpxtest.js';

// Default, another value, and values out of range.
const SETTABLE = {
    max_packet_size: [65535, 1000, [0, 1048577]],
    broadcast_allowed: [false, true, []],
    ttl: [64, 5, [0, 256]],
    multicast_ttl: [1, 0, [256]],
    multicast_loopback: [true, false, []],
    multicast_interface: [null, 'lo', []],
    dscp: [0, 46, [64]],
    receive_buffer_size: [undefined, 50000, [2 ** 30]],
    send_buffer_size: [undefined, 50000, [2 ** 30]],
    send_queue_limit: [undefined, 5000, []],
    priority: [GLib.PRIORITY_DEFAULT, GLib.PRIORITY_DEFAULT_IDLE, []],
    reading: [true, false, []],
    coalesce_writes: [true, false, []],
    busy_poll: [undefined, 100, [1001]],
    report_errors: [false, true, []],
    send_queue_policy: [Gudpx.QueuePolicy.REFUSE, Gudpx.QueuePolicy.DROP_OLDEST, []],
    dont_fragment: [false, true, []],
    max_pacing_rate: [2 ** 32 - 1, 125000, [0]],
    metadata: [Gudpx.MetadataFlags.NONE, Gudpx.MetadataFlags.TIMESTAMP, []],
};
// With GSocket's own calls the property keeps its value, with a warning.
if (GLib.getenv('GUDPX_TEST_IO') === 'generic')
    delete SETTABLE.report_errors;
const CONSTRUCT_ONLY = ['protocol', 'listen_multiple', 'reuse_port', 'ipv6_only', 'bind_device'];
const READ_ONLY = ['listening', 'peer_address', 'socket', 'send_queue_size', 'path_mtu'];

const settable = Object.entries(SETTABLE).map(([name, [fallback, other, wrong]]) => (
    {name, dashed: name.replaceAll('_', '-'), fallback, other, wrong}));

/* Returns a stopped port and a listening port. */
function bothStates() {
    return [Gudpx.Port.new(new Recorder(), null), listen()];
}

/* Calls the setter of a property, which also works for flags and null. */
function set(port, name, value) {
    return port[`set_${name}`](value);
}

test('defaults', () => {
    for (const port of bothStates()) {
        for (const {name, fallback} of settable) {
            if (fallback !== undefined)
                assertSame(port[name], fallback, `${name}: `);
        }
        assertTrue(port.protocol instanceof Recorder);
        assertEqual(CONSTRUCT_ONLY.slice(1).map(name => port[name]), [false, false, false, null]);
        assertEqual([port.peer_address, port.send_queue_size, port.path_mtu], [null, 0, 0]);
    }
});

test('of the state', () => {
    const [stopped, listening] = bothStates();
    assertEqual([stopped.listening, stopped.socket, stopped.local_address], [false, null, null]);
    assertSame(listening.listening, true);
    assertTrue(listening.socket.fd >= 0);
    assertTrue(listening.local_address.port > 0);
});

test('attributes and getters agree', () => {
    for (const port of bothStates()) {
        for (const name of [...Object.keys(SETTABLE), ...CONSTRUCT_ONLY, ...READ_ONLY]) {
            assertTrue(name in port, name);
            assertSame(port[`get_${name}`](), port[name], `${name}: `);
        }
    }
});

test('camel case', () => {
    const port = listen();
    port.maxPacketSize = 77;
    assertEqual([port.max_packet_size, port['max-packet-size'], port.maxPacketSize], [77, 77, 77]);
    assertSame(port.localAddress, port.local_address);
});

test('set as attributes', () => {
    for (const port of bothStates()) {
        for (const {name, other} of settable) {
            port[name] = other;
            assertSame(port[name], other, `${name}: `);
        }
    }
});

test('set by setters', () => {
    for (const port of bothStates()) {
        for (const {name, other} of settable) {
            assertTrue([true, undefined].includes(set(port, name, other)), name);
            assertSame(port[name], other, `${name}: `);
        }
    }
});

test('set at construction', () => {
    const values = Object.fromEntries(settable.map(({name, other}) => [name, other]));
    const protocol = new Recorder();
    const port = own(new Gudpx.Port({protocol, local_address: address(LOCALHOST, 0), ...values}));
    for (let i = 0; i < 2; i++) {
        assertSame(port.protocol, protocol);
        for (const {name, other} of settable)
            assertSame(port[name], other, `${name}: `);
        if (!port.listening)
            port.start_listening();
    }
    const only = new Gudpx.Port({
        protocol, listen_multiple: true, reuse_port: true, ipv6_only: true, bind_device: 'lo',
    });
    assertEqual(CONSTRUCT_ONLY.slice(1).map(name => only[name]), [true, true, true, 'lo']);
});

test('notify for a change, and never without', () => {
    for (const port of bothStates()) {
        const seen = [];
        port.connect('notify', (_, pspec) => seen.push(pspec.get_name()));
        for (const {name, dashed, other} of settable) {
            for (let i = 0; i < 3; i++)
                port[name] = other;
            set(port, name, other);
            assertEqual(seen, [dashed]);
            seen.length = 0;
        }
    }
});

test('kept across a restart', () => {
    const port = listen();
    for (const {name, other} of settable)
        port[name] = other;
    port.stop_listening();
    for (let i = 0; i < 2; i++) {
        for (const {name, other} of settable)
            assertSame(port[name], other, `${name}: `);
        if (!port.listening)
            port.start_listening();
    }
});

test('out of range', () => {
    for (const port of bothStates()) {
        for (const {name, dashed, wrong} of settable) {
            const before = port[name];
            for (const value of wrong)
                assertError(Code.INVALID_ARGUMENT, [dashed, value], () => set(port, name, value));
            assertSame(port[name], before, `${name}: `);
        }
    }
});

test('what the system refuses', () => {
    const port = listen();
    assertError(Code.NOT_FOUND, ['nosuch0'], () => port.set_multicast_interface('nosuch0'));
    assertSame(port.multicast_interface, null);
    const unix = listenUnix();
    for (const name of ['ttl', 'multicast_ttl', 'dscp'])
        assertError(Code.NOT_SUPPORTED, [], () => set(unix, name, 7));
    const stopped = Gudpx.Port.new(new Recorder(), null);
    stopped.multicast_interface = 'nosuch0';
    assertError(Code.NOT_FOUND, ['nosuch0'], () => stopped.start_listening());
    assertEqual(stopped.protocol.events, []);
});

test('read-only', () => {
    for (const port of bothStates()) {
        for (const name of READ_ONLY) {
            assertThrows(() => {
                port[name] = port[name];
            });
        }
    }
});

test('local_address', () => {
    const port = own(Gudpx.Port.new(new Recorder(), null));
    const seen = [];
    port.connect('notify::local-address', () => seen.push(port.local_address));
    const wanted = address(LOCALHOST, 0);
    port.local_address = wanted;
    assertSame(port.set_local_address(wanted), true);
    assertEqual(seen.length, 1);
    port.start_listening();
    assertEqual(seen.length, 2);
    assertTrue(port.local_address.port > 0);
    assertError(Code.BUSY, [], () => port.set_local_address(wanted));
    port.stop_listening();
    assertTrue(Gudpx.address_equal(port.local_address, wanted));
});

test('listening and socket notify', () => {
    const port = own(Gudpx.Port.new(new Recorder(), address(LOCALHOST, 0)));
    const seen = [];
    port.connect('notify::listening', () => seen.push(port.listening));
    port.connect('notify::socket', () => seen.push(port.socket !== null));
    port.start_listening();
    port.stop_listening();
    assertEqual(seen, [true, true, false, false]);
});

test('bindings', () => {
    const [one, other] = bothStates();
    one.bind_property('ttl', other, 'ttl', GObject.BindingFlags.DEFAULT);
    one.ttl = 7;
    assertEqual(other.ttl, 7);
});

test('statistics', () => {
    const port = listen();
    const before = port.get_statistics();
    send(port, 'abc', 'de', '');
    settle();
    const statistics = port.get_statistics();
    assertEqual([before.datagrams_received, statistics.datagrams_received,
        statistics.bytes_received, statistics.truncated, statistics.errors,
        statistics.send_queue_drops, statistics.datagrams_sent], [0, 3, 5, 0, 0, 0, 0]);
    assertEqual(statistics.copy().bytes_received, 5);
});

test('the version', () => {
    assertEqual(Gudpx.MAJOR_VERSION, 1);
    assertTrue(Number.isInteger(Gudpx.MINOR_VERSION) && Number.isInteger(Gudpx.MICRO_VERSION));
});

main();
