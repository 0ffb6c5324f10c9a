// SPDX-License-Identifier: LGPL-2.1-or-later

/* Tests handlers that throw: the port continues, and GJS logs critical messages. */

import GObject from 'gi://GObject';

import {
    Batches, Code, LOCALHOST, Recorder, assertEqual, assertError, assertSame, iterateUntil, listen,
    listenUnix, main, range, send, settle, temporaryPath, test, text, unixAddress,
    unusedNumber
} from './gudpxtest.js';

let thrown = 0;

function fail() {
    thrown++;
    throw new Error('thrown on purpose');
}

/* Counts only errors that this test throws. */
function throwing(name, run) {
    test(name, () => {
        thrown = 0;
        run();
    });
}

function assertServes(port) {
    const {protocol} = port;
    protocol.handlers = {};
    const before = protocol.datagrams.length;
    port.disconnect_peer();
    send(port, 'still there');
    settle();
    assertEqual(protocol.texts.slice(before), ['still there']);
}

throwing('in started', () => {
    const port = listen(new Recorder({started: fail}));
    assertSame(port.listening, true);
    assertServes(port);
    assertEqual(thrown, 1);
});

throwing('in datagram_received', () => {
    const port = listen(new Recorder({'datagram-received': fail}));
    send(port, ...range(0, 40).map(i => `${i}`));
    settle();
    assertEqual(thrown, 40);
    assertEqual(port.protocol.texts, range(0, 40).map(i => `${i}`));
    assertServes(port);
});

throwing('in datagrams_received', () => {
    const protocol = new Batches({'datagrams-received': fail});
    const port = listen(protocol);
    send(port, '1', '2');
    settle();
    send(port, '3');
    settle();
    assertEqual(thrown, 2);
    assertServes(port);
});

throwing('in a batch that is handed on', () => {
    const protocol = new Batches({'datagram-received': fail});
    const port = listen(protocol);
    send(port, '1', '2', '3');
    settle();
    assertEqual(thrown, 3);
    assertEqual(protocol.texts, ['1', '2', '3']);
    assertServes(port);
});

throwing('in a signal handler', () => {
    const protocol = new Recorder();
    const id = protocol.connect('datagram-received', fail);
    const port = listen(protocol);
    send(port, 'x');
    settle();
    assertEqual(thrown, 1);
    assertEqual(protocol.texts, ['x']);
    protocol.disconnect(id);
    assertServes(port);
});

throwing('in connection_refused', () => {
    const port = listen(new Recorder({'connection-refused': fail}));
    port.connect_peer(LOCALHOST, unusedNumber());
    port.write('x');
    iterateUntil(() => thrown === 1);
    assertServes(port);
});

throwing('in error_received', () => {
    const path = temporaryPath('nobody');
    const protocol = new Recorder({
        'datagram-received': datagram => datagram.transport.write_to('x', unixAddress(path)),
        'error-received': fail,
    });
    const port = listenUnix(protocol);
    const writer = listenUnix();
    writer.write_to('go', port.local_address);
    iterateUntil(() => thrown === 1);
    protocol.handlers = {};
    writer.write_to('again', port.local_address);
    settle();
    assertEqual(protocol.texts, ['go', 'again']);
});

throwing('in writable', () => {
    const reader = listenUnix();
    reader.reading = false;
    const writer = listenUnix(new Recorder({writable: fail}));
    writer.send_queue_limit = 5000;
    assertError(Code.WOULD_BLOCK, [], () => {
        for (;;)
            writer.write_to(new Uint8Array(1000), reader.local_address);
    });
    reader.reading = true;
    iterateUntil(() => thrown === 1);
    writer.write_to('after', reader.local_address);
    iterateUntil(() => reader.protocol.texts.includes('after'));
});

throwing('in stopped', () => {
    const protocol = new Recorder({stopped: fail});
    const port = listen(protocol);
    port.stop_listening();
    assertEqual(thrown, 1);
    protocol.handlers = {};
    port.start_listening();
    assertServes(port);
});

throwing('in a notify handler', () => {
    const port = listen();
    port.connect('notify::listening', fail);
    port.stop_listening();
    assertEqual(thrown, 1);
    assertEqual(port.protocol.events, ['started', 'stopped']);
});

throwing('what is no error is thrown too', () => {
    const port = listen(new Recorder({
        'datagram-received': () => {
            thrown++;
            throw null; // eslint-disable-line no-throw-literal
        },
    }));
    send(port, 'x', 'y');
    settle();
    assertEqual(thrown, 2);
    assertServes(port);
});

throwing('an asynchronous handler that is rejected', () => {
    const Asynchronous = GObject.registerClass(class Asynchronous extends Recorder {
        async vfunc_datagram_received(datagram) {
            this.datagrams.push(datagram);
            if (text(datagram.get_payload()) === 'still there')
                return;
            await null;
            fail();
        }
    });
    const port = listen(new Asynchronous());
    send(port, 'x', 'y');
    iterateUntil(() => thrown === 2);
    assertServes(port);
});

main();
