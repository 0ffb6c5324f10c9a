// SPDX-License-Identifier: LGPL-2.1-or-later

/* Tests the handlers of an application: virtual functions, signals, or both. */

import Gio from 'gi://Gio';
import GObject from 'gi://GObject';
import Gudpx from 'gi://Gudpx?version=1';

import {
    Batches, LOCALHOST, Recorder, assertEqual, assertSame, assertThrows, assertTrue, iterateUntil,
    listen, listenUnix, main, plainSocket, range, send, settle, temporaryPath, test, text,
    unixAddress, unusedNumber
} from './gudpxtest.js';

const SIGNALS = ['started', 'stopped', 'datagram-received', 'connection-refused', 'error-received',
    'writable'];

/* Connects to all signals. Returns an array that records the name and arguments of each. */
function rememberSignals(protocol) {
    const calls = [];
    for (const name of SIGNALS)
        protocol.connect(name, (_, ...args) => calls.push([name, ...args]));
    return calls;
}

test('started is called before listen returns', () => {
    const seen = [];
    const port = listen(new Recorder({
        started: protocol => seen.push(protocol.transport, protocol.get_transport(),
            protocol.transport.listening),
    }));
    assertSame(seen[0], port);
    assertSame(seen[1], port);
    assertSame(seen[2], true);
});

test('started may write', () => {
    const reader = new Recorder();
    const to = listen(reader).local_address;
    listen(new Recorder({started: protocol => protocol.transport.write_to('hi', to)}));
    settle();
    assertEqual(reader.texts, ['hi']);
});

test('datagram_received', () => {
    const protocol = new Recorder();
    const port = listen(protocol);
    const sender = send(port, 'one', '', 'three');
    settle();
    assertEqual(protocol.texts, ['one', '', 'three']);
    for (const datagram of protocol.datagrams) {
        assertSame(datagram.transport, port);
        assertSame(datagram.get_transport(), port);
        assertEqual(datagram.sender.to_string(), sender.local_address.to_string());
        assertTrue(datagram.get_payload() instanceof Uint8Array);
    }
});

test('datagrams_received has the whole batch', () => {
    const batches = [];
    const Taker = GObject.registerClass(class Taker extends Recorder {
        vfunc_datagrams_received(datagrams) {
            batches.push(datagrams);
        }
    });
    const protocol = new Taker();
    const calls = rememberSignals(protocol);
    send(listen(protocol), ...range(0, 20).map(i => `${i}`));
    settle();
    assertEqual(batches.map(batch => batch.map(d => text(d.get_payload()))),
        [range(0, 20).map(i => `${i}`)]);
    assertEqual(protocol.datagrams, []);
    assertEqual(calls, [['started']]);
});

test('datagrams_received chains up', () => {
    const protocol = new Batches();
    const calls = rememberSignals(protocol);
    send(listen(protocol), 'a', 'b');
    settle();
    assertEqual(protocol.events,
        ['started', 'datagrams-received', 'datagram-received', 'datagram-received']);
    assertEqual(calls.map(call => call[0]), ['started', 'datagram-received', 'datagram-received']);
    assertSame(calls[1][1], protocol.datagrams[0]);
    assertSame(calls[2][1], protocol.datagrams[1]);
});

test('connection_refused', () => {
    const refused = [];
    const port = listen(new Recorder({'connection-refused': of => refused.push(of)}));
    port.connect_peer(LOCALHOST, unusedNumber());
    port.write('x');
    iterateUntil(() => refused.length > 0);
    assertSame(refused[0], port);
});

test('error_received', () => {
    const path = temporaryPath('nobody');
    const protocol = new Recorder({
        'datagram-received': datagram => datagram.transport.write_to('x', unixAddress(path)),
    });
    const port = listenUnix(protocol);
    listenUnix().write_to('go', port.local_address);
    iterateUntil(() => protocol.errors.length > 0);
    const [error, destination] = protocol.errors[0];
    assertTrue(error.message.includes(path));
    assertEqual(destination.path, path);
});

test('stopped', () => {
    const seen = [];
    const port = listen(new Recorder({stopped: protocol => seen.push(protocol.transport)}));
    port.stop_listening();
    assertEqual(seen, [null]);
    assertSame(port.listening, false);
});

test('a protocol that overrides nothing', () => {
    const port = listen(new Gudpx.DatagramProtocol());
    send(port, 'x');
    settle();
    assertEqual(port.get_statistics().datagrams_received, 1);
});

test('classes inherit', () => {
    const Derived = GObject.registerClass(class Derived extends Recorder {
        vfunc_datagram_received(datagram) {
            this.events.push('derived');
            super.vfunc_datagram_received(datagram);
        }
    });
    const protocol = new Derived();
    send(listen(protocol), 'x');
    settle();
    assertEqual(protocol.events, ['started', 'derived', 'datagram-received']);
});

test('signals have their arguments', () => {
    const protocol = Gudpx.DatagramProtocol.new();
    const calls = rememberSignals(protocol);
    const port = listen(protocol);
    send(port, 'x');
    settle();
    port.connect_peer(LOCALHOST, unusedNumber());
    port.write('x');
    iterateUntil(() => calls.length === 3);
    port.stop_listening();
    assertEqual(calls.map(call => call[0]),
        ['started', 'datagram-received', 'connection-refused', 'stopped']);
    assertEqual(text(calls[1][1].get_payload()), 'x');
    assertSame(calls[2][1], port);
});

test('error-received', () => {
    const path = temporaryPath('nobody');
    const protocol = new Gudpx.DatagramProtocol();
    const calls = rememberSignals(protocol);
    protocol.connect('datagram-received', (_, datagram) => datagram.transport.write_to('x',
        unixAddress(path)));
    const port = listenUnix(protocol);
    listenUnix().write_to('go', port.local_address);
    iterateUntil(() => calls.length === 3);
    const [name, of, error, destination] = calls[2];
    assertEqual(name, 'error-received');
    assertSame(of, port);
    assertTrue(error.message.includes(path));
    assertEqual(destination.path, path);
});

test('handlers run before the virtual function', () => {
    const protocol = new Recorder();
    protocol.connect('datagram-received', self => self.events.push('handler'));
    send(listen(protocol), 'x');
    settle();
    assertEqual(protocol.events, ['started', 'handler', 'datagram-received']);
});

test('handlers may come and go', () => {
    const protocol = new Recorder();
    const port = listen(protocol);
    let seen = 0;
    const id = protocol.connect('datagram-received', () => seen++);
    send(port, '1');
    settle();
    protocol.disconnect(id);
    send(port, '2');
    settle();
    assertEqual(seen, 1);
    assertEqual(protocol.texts, ['1', '2']);
});

// Records when each function has returned from its parent class.
const Chaining = GObject.registerClass(class Chaining extends Gudpx.DatagramProtocol {
    _init() {
        super._init();
        this.returned = [];
    }

    vfunc_started() {
        super.vfunc_started();
        this.returned.push('started');
    }

    vfunc_stopped() {
        super.vfunc_stopped();
        this.returned.push('stopped');
    }

    vfunc_datagram_received(datagram) {
        super.vfunc_datagram_received(datagram);
        this.returned.push(text(datagram.get_payload()));
    }

    vfunc_datagrams_received(datagrams) {
        super.vfunc_datagrams_received(datagrams);
        this.returned.push('datagrams-received');
    }

    vfunc_connection_refused(port) {
        super.vfunc_connection_refused(port);
        this.returned.push('connection-refused');
    }

    vfunc_error_received(port, error, destination) {
        super.vfunc_error_received(port, error, destination);
        this.returned.push('error-received');
    }

    vfunc_writable(port) {
        super.vfunc_writable(port);
        this.returned.push('writable');
    }
});

test('each virtual function chains up', () => {
    const protocol = new Chaining();
    const port = listen(protocol);
    const error = new Gio.IOErrorEnum({code: Gio.IOErrorEnum.FAILED, message: 'on purpose'});
    send(port, 'one', 'two');
    settle();
    protocol.emit('connection-refused', port);
    protocol.emit('error-received', port, error, null);
    protocol.emit('error-received', port, error, port.local_address);
    protocol.emit('writable', port);
    port.stop_listening();
    assertEqual(protocol.returned, ['started', 'one', 'two', 'datagrams-received',
        'connection-refused', 'error-received', 'error-received', 'writable', 'stopped']);
});

test('packed_received takes nothing where it chains up', () => {
    const {vfunc_packed_received: packedReceived} = Gudpx.DatagramProtocol.prototype;
    const port = listen();
    assertSame(packedReceived.call(port.protocol, port, new Uint8Array(3), new Uint8Array(8)), 0);
});

test('a virtual function that one class overrides and the next one chains up to', () => {
    const Lower = GObject.registerClass(class Lower extends Recorder {
        vfunc_datagram_received(datagram) {
            super.vfunc_datagram_received(datagram);
            this.events.push('lower');
        }
    });
    const protocol = new Lower();
    send(listen(protocol), 'x');
    settle();
    assertEqual([protocol.texts, protocol.events],
        [['x'], ['started', 'datagram-received', 'lower']]);
});

test('transport notifies and is read-only', () => {
    const protocol = new Gudpx.DatagramProtocol();
    const seen = [];
    protocol.connect('notify::transport', self => seen.push(self.transport));
    const port = listen(protocol);
    port.stop_listening();
    assertEqual(seen.length, 2);
    assertSame(seen[0], port);
    assertSame(seen[1], null);
    assertThrows(() => {
        protocol.transport = port;
    });
});

test('many datagrams come in order', () => {
    const protocol = new Batches();
    const port = listen(protocol);
    port.set_receive_buffer_size(200000);
    const wanted = range(0, 150).map(i => `${i}`);
    send(port, ...wanted);
    settle();
    assertEqual(protocol.texts, wanted);
    assertTrue(protocol.count('datagrams-received') > 1);
});

test('the words of the protocol are names of JavaScript too', () => {
    const socket = plainSocket();
    for (const member of ['connect', 'disconnect', 'emit', 'notify'])
        assertSame(Gudpx.Port.prototype[member], GObject.Object.prototype[member]);
    assertTrue(socket.connect !== GObject.Object.prototype.connect);
});

main();
