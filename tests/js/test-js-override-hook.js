// SPDX-License-Identifier: LGPL-2.1-or-later

/* Tests the hook: senders with unusual names, errors outside of the handler, and inheritance. */

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Gudpx from 'gi://Gudpx?version=1';

import {
    Recorder, assertEqual, assertSame, assertTrue, listen, main, own, send, settle, temporaryPath,
    test, text
} from './gudpxtest.js';

const {ABSTRACT, ABSTRACT_PADDED, PATH} = Gio.UnixSocketAddressType;

const Hook = GObject.registerClass(class Hook extends Gudpx.DatagramProtocol {
    _init(handler = () => null) {
        super._init();
        this.handler = handler;
        this.received = [];
    }

    get texts() {
        return this.received.map(([data]) => text(data));
    }

    datagramReceived(data, sender) {
        this.received.push([data, sender]);
        this.handler(this, data, sender);
    }
});

// Tests with batches, and with single datagrams, which come if a handler is connected as well.
function bothWays(name, run) {
    test(`${name}: in batches`, () => run(protocol => protocol));
    test(`${name}: one by one`, () => run(protocol => {
        protocol.connect('datagram-received', () => null);
        return protocol;
    }));
}

function encode(name) {
    return new TextEncoder().encode(name);
}

function uniqueName() {
    return [...encode(`gudpx-${GLib.uuid_string_random()}`)];
}

function expectWarnings(n, words) {
    for (let i = 0; i < n; i++)
        GLib.test_expect_message('Gjs', GLib.LogLevelFlags.LEVEL_WARNING, `*${words}*`);
}

function assertWarned() {
    GLib.test_assert_expected_messages_internal('Gjs', '', 0, '');
}

// Listens on a UNIX address, whose name may be invalid as text.
function listenAt(name, type) {
    const port = own(Gudpx.Port.new(new Recorder(),
        Gio.UnixSocketAddress.new_with_type(name, type)));
    port.start_listening();
    return port;
}

// Makes two addresses of each kind that could have the same text, and the sender for the first.
const NAMES = {
    'a path that is no UTF-8': () => {
        const path = [...encode(temporaryPath('socket-'))];
        return [PATH, [...path, 0xff], [...path, 0xfe], null];
    },
    'a path with a byte order mark': () => {
        const path = temporaryPath('\ufeffsocket');
        return [PATH, encode(path), encode(`${path}2`), path];
    },
    'an abstract name that is no UTF-8': () => {
        const name = uniqueName();
        return [ABSTRACT, [...name, 0xff], [...name, 0xfe], null];
    },
    'an abstract name with zeros': () => {
        const name = uniqueName();
        return [ABSTRACT, [...name, 0, 0x61], [...name, 0, 0x62],
            `\0${text(new Uint8Array(name))}\0a`];
    },
    'an abstract name that begins with a byte order mark': () => {
        const name = [0xef, 0xbb, 0xbf, ...uniqueName()];
        // Some engines cannot convert this name to text.
        return [ABSTRACT, name, name.slice(3)];
    },
    'an abstract name that is as long as can be': () => {
        const name = [...uniqueName(), ...Array(107).fill(0)].slice(0, 107);
        return [ABSTRACT_PADDED, name, [0x78, ...name.slice(1)], null];
    },
};

for (const [what, make] of Object.entries(NAMES)) {
    bothWays(`a sender with ${what}`, connect => {
        const [type, name, otherName, told] = make();
        const peer = listenAt(name, type);
        const other = listenAt(otherName, type);
        const protocol = connect(new Hook(
            ({transport}, data, sender) => transport.write(data, sender)));
        const port = own(Gudpx.listen_unix_datagram(temporaryPath('port'), protocol));

        peer.write('a', port.localEndpoint);
        other.write('b', port.localEndpoint);
        peer.write('c', port.localEndpoint);
        settle();
        const {received} = protocol;
        assertEqual(protocol.texts, ['a', 'b', 'c']);
        assertEqual([peer, other].map(({protocol: {texts}}) => texts), [['a', 'c'], ['b']]);
        assertTrue(Gudpx.address_equal(received[0][1], peer.local_address), 'another address');
        if (told === null)
            assertTrue(received[0][1] instanceof Gio.UnixSocketAddress, 'it has no text');
        else if (told !== undefined)
            assertSame(received[0][1], told);

        // Use the address outside of the handler, as an endpoint, and in toString().
        port.write('d', received[0][1]);
        port.write('e', peer.localEndpoint);
        port.connect_peer_address(received[0][1]);
        settle();
        assertEqual(peer.protocol.texts, ['a', 'c', 'd', 'e']);
        assertTrue(Gudpx.address_equal(port.peerEndpoint, peer.local_address), 'another peer');
        assertTrue(`${port} ${peer} ${peer.protocol.datagrams[0]}`.length > 0);
    });
}

const Chaining = GObject.registerClass(class Chaining extends Gudpx.DatagramProtocol {
    datagramReceived(data, sender) {
        assertSame(super.datagramReceived(data, sender), undefined);
        this.seen = [...this.seen ?? [], text(data)];
    }
});

bothWays('the hook chains up', connect => {
    const protocol = connect(new Chaining());
    send(listen(protocol), 'a', 'b');
    settle();
    assertEqual(protocol.seen, ['a', 'b']);
});

test('the hook below a class that has none', () => {
    const Middle = GObject.registerClass(class Middle extends Recorder {});
    const Lower = GObject.registerClass(class Lower extends Middle {
        datagramReceived(data, sender) {
            super.datagramReceived(data, sender);
            this.seen = text(data);
        }
    });
    const protocols = [new Middle(), new Lower()];
    for (const protocol of protocols)
        send(listen(protocol), 'x');
    settle();
    // The derived class has the virtual function, too, but only the hook is called.
    assertEqual(protocols.map(({texts, seen}) => [texts, seen]), [[['x'], undefined], [[], 'x']]);
});

const Getter = GObject.registerClass(class Getter extends Hook {
    get datagramReceived() {
        if (this.fails)
            throw new Error('on purpose');
        return super.datagramReceived;
    }
});

bothWays('a hook that is a getter and throws', connect => {
    const protocol = connect(new Getter());
    const port = listen(protocol);

    protocol.fails = true;
    expectWarnings(2, 'on purpose');
    send(port, 'a', 'b');
    settle();
    assertWarned();
    protocol.fails = false;
    send(port, 'c');
    settle();
    assertEqual(protocol.texts, ['c']);
});

const PECULIAR = {
    'with a read-only transport of its own': protocol =>
        Object.defineProperty(protocol, 'transport', {value: 'mine'}),
    'that takes no properties': protocol => Object.preventExtensions(protocol),
    'that is frozen': protocol => Object.freeze(protocol),
};

for (const [what, change] of Object.entries(PECULIAR)) {
    bothWays(`a protocol ${what}`, connect => {
        const protocol = connect(new Hook());
        change(protocol);
        send(listen(protocol), 'a', 'b');
        settle();
        assertEqual(protocol.texts, ['a', 'b']);
    });
}

bothWays('a port that takes no properties', connect => {
    const protocol = connect(new Hook(({transport}, data, sender) => {
        transport.write(`${text(data)}1`, sender);
        transport.write_to(`${text(data)}2`, peer.local_address);
    }));
    const port = Object.preventExtensions(listen(protocol));
    const peer = listen();
    for (const payload of ['a', 'b'])
        peer.write(payload, port.localEndpoint);
    settle();
    assertEqual([protocol.texts, peer.protocol.texts], [['a', 'b'], ['a1', 'a2', 'b1', 'b2']]);
    port.stop_listening();
    assertSame(port.listening, false);
});

test('a transport of its own stays', () => {
    const protocol = new Hook();
    protocol.handler = ({transport}) => assertEqual(transport, 'mine');
    Object.defineProperty(protocol, 'transport', {value: 'mine', configurable: true});
    send(listen(protocol), 'a');
    settle();
    assertEqual([protocol.texts, protocol.transport], [['a'], 'mine']);
});

bothWays('what cannot even be shown is thrown', connect => {
    const strange = {
        get message() {
            throw new Error('on purpose');
        },
        get stack() {
            throw new Error('on purpose');
        },
        toString() {
            throw new Error('on purpose');
        },
    };
    const protocol = connect(new Hook(() => {
        throw strange;
    }));
    expectWarnings(2, '');
    send(listen(protocol), 'a', 'b');
    settle();
    assertWarned();
    assertEqual(protocol.texts, ['a', 'b']);
});

// Returns true if a datagram has arrived. Does not need a running main loop.
function hasArrived(socket) {
    return (socket.condition_check(GLib.IOCondition.IN) & GLib.IOCondition.IN) !== 0;
}

bothWays('without coalescing what is written leaves at once', connect => {
    const seen = [];
    const protocol = connect(new Hook(({transport}, data, sender) => {
        transport.write('to the sender', sender);
        seen.push(hasArrived(socket));
    }));
    const port = listen(protocol);
    port.coalesce_writes = false;
    const socket = send(port, 'a');
    settle();
    assertEqual(seen, [true]);
});

const WAYS_TO_STOP = {
    set_coalesce_writes: port => port.set_coalesce_writes(false),
    coalesce_writes: port => (port.coalesce_writes = false),
    coalesceWrites: port => (port.coalesceWrites = false),
    set_property: port => port.set_property('coalesce-writes', false),
};

for (const [way, stop] of Object.entries(WAYS_TO_STOP)) {
    test(`coalescing ends in the middle of a batch: ${way}`, () => {
        const seen = [];
        const recorder = new Recorder();
        const other = listen(recorder);
        const protocol = new Hook(({transport}, data, sender) => {
            if (text(data) === 'b')
                stop(transport);
            transport.write(data, sender);
            seen.push(hasArrived(other.socket), transport.get_statistics().datagrams_sent);
        });
        const port = listen(protocol);
        for (const payload of ['a', 'b', 'c'])
            other.write(payload, port.localEndpoint);
        settle();
        assertEqual(seen, [false, 0, true, 2, true, 3]);
        assertEqual(recorder.texts, ['a', 'b', 'c']);

        seen.length = 0;
        port.coalesce_writes = true;
        other.write('d', port.localEndpoint);
        settle();
        assertEqual(seen, [false, 3]);
    });
}

main();
