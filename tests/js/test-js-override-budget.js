// SPDX-License-Identifier: LGPL-2.1-or-later

/* A slow hook lets other sources of the main loop run after a few datagrams. */

import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Gudpx from 'gi://Gudpx?version=1';

import {assertEqual, assertSame, assertTrue, listen, main, range, test, text} from './gudpxtest.js';

const context = GLib.MainContext.default();
// Datagrams of one size that a port writes at once arrive as a few messages (UDP_GRO).
const N_DATAGRAMS = 384;
// More iterations than any test needs on an idle machine.
const MAX_ITERATIONS = 100000;

function work(microseconds) {
    const end = GLib.get_monotonic_time() + microseconds;
    while (GLib.get_monotonic_time() < end)
        ;
}

const Hook = GObject.registerClass(class Hook extends Gudpx.DatagramProtocol {
    _init(handler) {
        super._init();
        this.handler = handler;
        this.texts = [];
    }

    datagramReceived(data, sender) {
        this.texts.push(text(data));
        this.handler(this.texts.length, sender, this.transport);
    }
});

function sendJoined(port, n) {
    const peer = listen();
    peer.write_datagrams(range(0, n).map(i =>
        Gudpx.Datagram.new(`${i}`.padStart(4, '0'), port.localEndpoint)));
    return peer;
}

// Returns the most datagrams that one iteration of the main loop delivers, until n have arrived.
function measureMost(protocol, n) {
    let most = 0;
    for (let i = 0; i < MAX_ITERATIONS && protocol.texts.length < n; i++) {
        const before = protocol.texts.length;
        context.iteration(true);
        most = Math.max(most, protocol.texts.length - before);
    }
    assertEqual(protocol.texts, range(0, n).map(i => `${i}`.padStart(4, '0')));
    return most;
}

function listenLong(protocol) {
    const port = listen(protocol);
    port.receive_buffer_size = 4 * 1024 * 1024;
    return port;
}

test('a handler of 1 ms: three in an iteration at most', () => {
    const protocol = new Hook(() => work(1000));
    sendJoined(listenLong(protocol), 64);
    const most = measureMost(protocol, 64);
    assertTrue(most <= 3, `${most} in one iteration`);
});

test('many that the kernel joined', () => {
    const protocol = new Hook(() => work(1000));
    sendJoined(listenLong(protocol), N_DATAGRAMS);
    const most = measureMost(protocol, N_DATAGRAMS);
    assertTrue(most <= 3, `${most} in one iteration`);
});

test('one that takes longer than the budget is alone', () => {
    const protocol = new Hook(() => work(3000));
    sendJoined(listenLong(protocol), 20);
    assertSame(measureMost(protocol, 20), 1);
});

test('cheap ones become costly', () => {
    let nSlow = 0;
    let most = 0;
    const protocol = new Hook(n => {
        if (n > 40) {
            work(1000);
            nSlow++;
        }
    });
    sendJoined(listenLong(protocol), N_DATAGRAMS);
    for (let i = 0; i < MAX_ITERATIONS && protocol.texts.length < N_DATAGRAMS; i++) {
        const before = nSlow;
        context.iteration(true);
        most = Math.max(most, nSlow - before);
    }
    assertTrue(most <= 11, `${most} in one iteration`);
});

test('a source of lower priority and a promise get their turn', () => {
    let nTurns = 0;
    let nJobs = 0;
    const protocol = new Hook(async () => {
        work(1000);
        await null;
        nJobs++;
    });
    sendJoined(listenLong(protocol), 64);
    let isOver = false;
    GLib.timeout_add(GLib.PRIORITY_DEFAULT, 0, () => {
        nTurns++;
        return isOver ? GLib.SOURCE_REMOVE : GLib.SOURCE_CONTINUE;
    });
    measureMost(protocol, 64);
    isOver = true;
    context.iteration(true);
    assertTrue(nTurns >= 20, `${nTurns} turns alone`);
    assertTrue(nJobs >= 60, `${nJobs} jobs alone`);
});

test('what is answered before the budget is used leaves', () => {
    const protocol = new Hook((n, sender, transport) => {
        work(1000);
        transport.write(protocol.texts.at(-1), sender);
    });
    const peer = sendJoined(listenLong(protocol), 64);
    measureMost(protocol, 64);
    while (peer.protocol.datagrams.length < 64)
        context.iteration(true);
    assertEqual(peer.protocol.texts, protocol.texts);
});

test('a handler that runs a main loop has the rest in it', () => {
    let isNested = false;
    const protocol = new Hook(() => {
        work(1000);
        if (isNested)
            return;
        isNested = true;
        while (protocol.texts.length < 64)
            context.iteration(true);
        isNested = false;
    });
    sendJoined(listenLong(protocol), 64);
    while (protocol.texts.length === 0)
        context.iteration(true);
    assertEqual(protocol.texts, range(0, 64).map(i => `${i}`.padStart(4, '0')));
});

main();
