// SPDX-License-Identifier: LGPL-2.1-or-later

/* Assigning a property throws the error of its setter, and assigning an unknown name throws. */

import Gio from 'gi://Gio';
import GObject from 'gi://GObject';
import Gudpx from 'gi://Gudpx?version=1';

import {
    Code, LOCALHOST, Recorder, address, assertEqual, assertError, assertSame, assertTrue, cleanUp,
    collect, listen, listenUnix, main, send, settle, test
} from './gudpxtest.js';

// Values out of range, by the property.
const OUT_OF_RANGE = {
    max_packet_size: [0, 1048577],
    ttl: [0, 256],
    multicast_ttl: [256],
    dscp: [64],
    receive_buffer_size: [1073741824],
    send_buffer_size: [1073741824],
    busy_poll: [1001],
    max_pacing_rate: [0],
};
// Values that are not whole numbers.
const NO_NUMBERS = [undefined, null, NaN, 1.5, 'many', '', {}, [7, 8]];
const NUMBERS = [...Object.keys(OUT_OF_RANGE), 'send_queue_limit', 'priority', 'metadata',
    'send_queue_policy'];

function spell(name) {
    return [name, name.replaceAll('_', '-'),
        name.replace(/_(.)/g, (_, letter) => letter.toUpperCase())];
}

// Ways to assign a property of an open port, and of a port that is being created.
const WAYS = {
    'port.name = value': (name, value) => {
        const port = listen();
        port[name] = value;
        return port;
    },
    'port.set({name: value})': (name, value) => {
        const port = listen();
        port.set({[name]: value});
        return port;
    },
    'port.set_property(name, value)': (name, value) => {
        const port = listen();
        port.set_property(name.replaceAll('_', '-'), value);
        return port;
    },
    'new Gudpx.Port({name: value})': (name, value) =>
        new Gudpx.Port({protocol: new Recorder(), [name]: value}),
};

function assertThrows(kind, words, run) {
    let caught = null;
    try {
        run();
    } catch (error) {
        caught = error;
    }
    assertTrue(caught instanceof kind, `${caught} is no ${kind.name}`);
    for (const word of words)
        assertTrue(caught.message.includes(word), `no ${word} in “${caught.message}”`);
}

for (const [way, assign] of Object.entries(WAYS)) {
    test(`${way}: out of range`, () => {
        for (const [name, values] of Object.entries(OUT_OF_RANGE)) {
            for (const value of values) {
                for (const spelled of spell(name)) {
                    assertError(Code.INVALID_ARGUMENT, [name.replaceAll('_', '-'), value],
                        () => assign(spelled, value));
                }
            }
        }
    });

    test(`${way}: no number`, () => {
        for (const name of NUMBERS) {
            for (const value of NO_NUMBERS)
                assertThrows(TypeError, [name, 'number'], () => assign(name, value));
        }
    });

    test(`${way}: what is right`, () => {
        const values = {
            ttl: 9, multicastTtl: 0, 'send-queue-limit': 0, priority: -5, broadcast_allowed: true,
            metadata: Gudpx.MetadataFlags.DESTINATION, multicast_interface: 'lo',
        };
        for (const [name, value] of Object.entries(values))
            assertSame(assign(name, value)[name], value, `${name}: `);
    });
}

test('a value that is refused leaves the one of before', () => {
    const port = listen();
    port.ttl = 5;
    assertError(Code.INVALID_ARGUMENT, ['ttl', '0'], () => (port.ttl = 0));
    assertSame(port.ttl, 5);
});

test('what the system refuses', () => {
    const unix = listenUnix();
    for (const name of ['ttl', 'multicastTtl', 'dscp'])
        assertError(Code.NOT_SUPPORTED, [], () => (unix[name] = 7));
    assertError(Code.NOT_FOUND, ['nosuch0'], () => (listen().multicast_interface = 'nosuch0'));
});

test('setters, too, want a number', () => {
    const port = listen();
    for (const value of NO_NUMBERS)
        assertThrows(TypeError, ['busy_poll', 'number'], () => port.set_busy_poll(value));
});

test('an address of any kind', () => {
    const port = Gudpx.Port.new(new Recorder());
    for (const value of [{host: '127.0.0.9', port: 99}, address('127.0.0.9', 99)]) {
        port.localAddress = null;
        port.local_address = value;
        assertEqual(port.localEndpoint, {host: '127.0.0.9', port: 99});
    }
    const made = new Gudpx.Port({protocol: new Recorder(), localAddress: '/a/path'});
    assertSame(made.localEndpoint, '/a/path');
    assertThrows(TypeError, ['An address is'], () => (port.local_address = 5));
    assertError(Code.BUSY, [], () => (listen().local_address = address(LOCALHOST, 0)));
});

test('of a port that takes no properties', () => {
    const port = Object.preventExtensions(listen());
    assertError(Code.INVALID_ARGUMENT, ['ttl'], () => (port.ttl = 0));
    port.ttl = 7;
    assertSame(port.ttl, 7);
});

test('what can only be given to the constructor', () => {
    const port = listen();
    const values = {protocol: new Recorder(), listen_multiple: true, reuse_port: true,
        ipv6_only: true, bind_device: 'lo'};
    for (const [name, value] of Object.entries(values)) {
        for (const spelled of spell(name)) {
            const before = port[name];
            assertThrows(TypeError, [name, 'new Gudpx.Port'], () => (port[spelled] = value));
            assertSame(port[name], before);
        }
    }
});

test('what can only be read', () => {
    const port = listen();
    for (const name of ['listening', 'peerAddress', 'socket', 'send_queue_size', 'path-mtu',
        'statistics', 'localEndpoint'])
        assertThrows(TypeError, [name === 'localEndpoint' ? '' : 'only be read'],
            () => (port[name] = port[name]));
});

const TYPOS = {
    brodcast_allowed: 'broadcast_allowed',
    brodcastAllowed: 'broadcastAllowed',
    'brodcast-allowed': 'broadcast_allowed',
    TTL: 'ttl',
    multicast_tll: 'multicast_ttl',
    reciveBufferSize: 'receiveBufferSize',
};

for (const [typo, hint] of Object.entries(TYPOS)) {
    test(`no property: ${typo}`, () => {
        const port = listen();
        assertThrows(TypeError, [typo, `“${hint}”`], () => (port[typo] = true));
        assertThrows(TypeError, [typo, `“${hint}”`], () => port.set({[typo]: true}));
        assertThrows(TypeError, [typo, `“${hint}”`],
            () => new Gudpx.Port({protocol: new Recorder(), [typo]: true}));
        assertSame(port[typo], undefined);
    });
}

test('no property, and nothing like it', () => {
    const port = listen();
    assertThrows(TypeError, ['Gudpx.Port', 'colour'], () => (port.colour = 'green'));
    for (const name of ['colour', '_timer', 'emit'])
        assertThrows(TypeError, [name], () => new Gudpx.Port({[name]: 'green'}));
    // Test a port with a new wrapper, for which the override has no state yet.
    const given = Gio.ListStore.new(Gudpx.Port.$gtype);
    given.append(Gudpx.Port.new(new Recorder()));
    collect();
    assertThrows(TypeError, ['colour'], () => (given.get_item(0).colour = 'green'));
});

test('set_property() with a GObject.Value', () => {
    const port = listen();
    const value = new GObject.Value();
    value.init(GObject.TYPE_UINT);
    value.set_uint(9);
    port.set_property('ttl', value);
    assertSame(port.ttl, 9);
});

test('names of the program’s own', () => {
    const port = listen();
    const symbol = Symbol('mine');
    port._timer = 5;
    port[symbol] = 6;
    assertEqual([port._timer, port[symbol], Object.keys(port)], [5, 6, ['_timer']]);

    // Functions stay replaceable; tests use this.
    port.write_to = () => 'written';
    port.emit = () => 'emitted';
    assertEqual([port.write_to(), port.emit()], ['written', 'emitted']);
    Gudpx.Port.prototype.greet = function () {
        return this.write('hello');
    };
    cleanUp(() => delete Gudpx.Port.prototype.greet);
    port.connect_peer(listen().localEndpoint);
    assertSame(port.greet(), true);
});

test('a port is a GObject.Object as before', () => {
    const port = listen();
    const seen = [];
    assertTrue(port instanceof Gudpx.Port && port instanceof GObject.Object);
    const id = port.connect('notify::ttl', () => seen.push(port.ttl));
    port.ttl = 5;
    port.disconnect(id);
    port.ttl = 6;
    port.bind_property('ttl', port, 'multicast-ttl', GObject.BindingFlags.SYNC_CREATE);
    assertEqual([seen, port.multicast_ttl], [[5], 6]);
    send(port, 'x');
    settle();
    assertEqual(port.protocol.texts, ['x']);
});

main();
