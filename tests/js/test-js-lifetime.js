// SPDX-License-Identifier: LGPL-2.1-or-later

/* Tests the references that keep a port alive, and that afterwards no object is left. */

import GObject from 'gi://GObject';
import GLib from 'gi://GLib';
import Gudpx from 'gi://Gudpx?version=1';
import System from 'system';

import {
    Census, Code, LOCALHOST, Recorder, address, assertEqual, assertError, assertTrue, cleanUp,
    collect, countSockets, iterateUntil, listen, main, plainSocket, send, settle, temporaryPath,
    test, text
} from './gudpxtest.js';

/* Uses the recommended pattern: gets the port from its transport, or from the datagram. */
const Stoppable = GObject.registerClass(class Stoppable extends Gudpx.DatagramProtocol {
    constructor() {
        super();
        this.n = 0;
    }

    vfunc_datagram_received(datagram) {
        this.n++;
        if (text(datagram.get_payload()) === 'stop')
            this.transport.stop_listening();
        else
            datagram.reply(`${this.n}`);
    }
});

/* Asks a port by its number, without a reference to the port. */
function ask(number, payload = 'ping') {
    const client = new Recorder();
    listen(client).write_to_host(payload, LOCALHOST, number);
    settle();
    return client.texts;
}

function stopLater(number) {
    cleanUp(() => {
        plainSocket().send_to(address(LOCALHOST, number), 'stop', null);
        settle();
    });
    return number;
}

/* Stays a separate function, so that the frame of the test has no reference. */
function listenWithoutReference(protocol = new Stoppable()) {
    return stopLater(Gudpx.listen_udp(0, protocol, LOCALHOST).local_address.port);
}

test('a listening port needs no reference', () => {
    const number = listenWithoutReference();
    for (const wanted of ['1', '2', '3']) {
        collect();
        assertEqual(ask(number), [wanted]);
    }
});

test('a paused one neither', () => {
    const Paused = GObject.registerClass(class Paused extends Stoppable {
        vfunc_started() {
            this.transport.reading = false;
        }
    });
    let protocol = new Paused();
    const number = listenWithoutReference(protocol);
    const group = new GObject.BindingGroup();
    group.source = protocol;
    protocol = null;
    collect();
    assertEqual(ask(number), []);
    assertError(Code.ADDRESS_IN_USE, [], () => Gudpx.listen_udp(number, new Recorder(), LOCALHOST));
    group.dup_source().transport.reading = true;
    assertEqual(ask(number), ['2']);
});

test('signals are kept with it', () => {
    const number = (() => {
        const protocol = new Gudpx.DatagramProtocol();
        protocol.connect('datagram-received', (self, datagram) => {
            if (text(datagram.get_payload()) === 'stop')
                self.transport.stop_listening();
            else
                datagram.reply('pong');
        });
        return listenWithoutReference(protocol);
    })();
    collect();
    assertEqual(ask(number), ['pong']);
});

test('a port that was made and started', () => {
    const number = (() => {
        const port = Gudpx.Port.new(new Stoppable(), address(LOCALHOST, 0));
        port.start_listening();
        return stopLater(port.local_address.port);
    })();
    collect();
    assertEqual(ask(number), ['1']);
});

/* Runs a function often, and asserts that its ports and protocols are gone. Their wrappers live as
 * long as the library has a reference to them. */
function goneAfter(name, run) {
    test(`gone: ${name}`, () => {
        const sockets = countSockets();
        const census = new Census();
        const watch = port => {
            census.add(port);
            census.add(port.protocol);
            return port;
        };
        for (let i = 0; i < 20; i++)
            run(watch);
        // GJS scans the stack conservatively: values that look like pointers may keep one or two.
        const left = census.count();
        assertTrue(left <= 4, `${left} of 40 are left`);
        assertEqual(countSockets(), sockets);
    });
}

function use(port) {
    const client = Gudpx.listen_udp(0, new Recorder(), LOCALHOST);
    client.write_to('ping', port.local_address);
    settle();
    assertEqual(client.protocol.datagrams.length, 1);
    client.stop_listening();
}

test('the census counts', () => {
    const census = new Census();
    const kept = Gudpx.Port.new(new Stoppable(), null);
    (() => {
        for (let i = 0; i < 20; i++)
            census.add(Gudpx.Port.new(new Stoppable(), null));
        census.add(kept);
    })();
    const left = census.count();
    assertTrue(left >= 1 && left <= 3, `${left} of 21 are left`);
    assertTrue(!kept.listening);
});

goneAfter('stopped', watch => {
    watch(Gudpx.listen_udp(0, new Stoppable(), LOCALHOST)).stop_listening();
});

goneAfter('used', watch => {
    const port = watch(Gudpx.listen_udp(0, new Stoppable(), LOCALHOST));
    use(port);
    port.stop_listening();
});

goneAfter('stopped in a handler', watch => {
    const number = watch(Gudpx.listen_udp(0, new Stoppable(), LOCALHOST)).local_address.port;
    const client = Gudpx.listen_udp(0, new Recorder(), LOCALHOST);
    client.write_to_host('stop', LOCALHOST, number);
    client.stop_listening();
    settle();
});

goneAfter('never started', watch => {
    watch(Gudpx.Port.new(new Stoppable(), null));
});

goneAfter('failed to start', watch => {
    const taken = Gudpx.listen_udp(0, new Stoppable(), LOCALHOST);
    const port = watch(Gudpx.Port.new(new Stoppable(), taken.local_address));
    assertError(Code.ADDRESS_IN_USE, [], () => port.start_listening());
    taken.stop_listening();
});

goneAfter('restarted', watch => {
    const port = watch(Gudpx.listen_udp(0, new Stoppable(), LOCALHOST));
    for (let i = 0; i < 5; i++) {
        port.stop_listening();
        port.start_listening();
    }
    use(port);
    port.stop_listening();
});

goneAfter('stopped asynchronously', watch => {
    const port = watch(Gudpx.listen_udp(0, new Stoppable(), LOCALHOST));
    let done = false;
    port.stop_listening_async(null).then(() => (done = true));
    iterateUntil(() => done);
});

goneAfter('with signals and answers', watch => {
    const port = watch(Gudpx.listen_udp(0, new Stoppable(), LOCALHOST));
    let answers = 0;
    port.protocol.connect('stopped', self => self.n++);
    port.connect('notify::listening', self => self.listening);
    port.write_async(new GLib.Bytes('x'), address(LOCALHOST, 9), null).then(() => answers++);
    port.flush_async(null).then(() => answers++);
    iterateUntil(() => answers === 2);
    port.stop_listening();
});

goneAfter('a unix socket', watch => {
    watch(Gudpx.listen_unix_datagram(temporaryPath('socket'), new Stoppable())).stop_listening();
});

goneAfter('a protocol that lets go of its port when it stops', watch => {
    const Owner = GObject.registerClass(class extends Gudpx.DatagramProtocol {
        vfunc_started() {
            this.port = this.transport;
        }

        vfunc_stopped() {
            this.port = null;
        }
    });
    watch(Gudpx.listen_udp(0, new Owner(), LOCALHOST)).stop_listening();
});

test('a unix socket leaves no file', () => {
    const path = temporaryPath('socket');
    const port = Gudpx.listen_unix_datagram(path, new Recorder());
    assertTrue(GLib.file_test(path, GLib.FileTest.EXISTS));
    port.stop_listening();
    assertTrue(!GLib.file_test(path, GLib.FileTest.EXISTS));
});

test('datagrams are collected', () => {
    const census = new Census();
    const Watcher = GObject.registerClass(class Watcher extends Gudpx.DatagramProtocol {
        vfunc_datagram_received(datagram) {
            this.n = (this.n ?? 0) + 1;
            census.add(datagram);
        }
    });
    const protocol = new Watcher();
    const port = listen(protocol);
    for (let i = 0; i < 100; i++) {
        send(port, `${i}`).close();
        settle();
    }
    assertEqual(protocol.n, 100);
    const left = census.count();
    assertTrue(left <= 10, `${left} of 100 are left`);
});

test('collecting garbage in the midst of a flood', () => {
    const Collector = GObject.registerClass(class Collector extends Recorder {
        vfunc_datagram_received(datagram) {
            super.vfunc_datagram_received(datagram);
            if (this.datagrams.length % 50 === 0)
                System.gc();
        }
    });
    const protocol = new Collector();
    const port = listen(protocol);
    const wanted = [];
    for (let i = 0; i < 500; i++) {
        wanted.push(`${i}`);
        send(port, `${i}`).close();
        if (i % 25 === 0)
            settle();
    }
    settle();
    assertEqual(protocol.texts, wanted);
});

main();
