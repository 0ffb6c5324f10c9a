// SPDX-License-Identifier: LGPL-2.1-or-later

/* Tests the number of datagrams that the hook takes from a batch, by the time each takes. */

import {advance, align} from './fakeclock.js';

import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Gudpx from 'gi://Gudpx?version=1';

import {
    assertEqual, assertTrue, iterateUntil, listen, main, range, test, text
} from './gudpxtest.js';

const N_DATAGRAMS = 384;
const BUDGET = 2;
// Most datagrams between two readings of the clock.
const STRIDE = 8;

const Hook = GObject.registerClass(class Hook extends Gudpx.DatagramProtocol {
    _init(getCost) {
        super._init();
        this.getCost = getCost;
        this.texts = [];
        this.calls = [];
    }

    datagramReceived(data) {
        const {costs} = this;
        this.texts.push(text(data));
        const cost = this.getCost(this.texts.length - 1);
        costs.push(cost);
        advance(cost);
    }
});

// Overrides the function that the override adds to a class with the hook.
const Counting = GObject.registerClass(class Counting extends Hook {
    vfunc_packed_received(port, payloads, index) {
        const costs = [];
        this.costs = costs;
        align();
        const taken = super.vfunc_packed_received(port, payloads, index);
        this.calls.push({offered: (index?.length ?? 0) / 8, taken, costs});
        return taken;
    }
});

// Sends datagrams, and asserts that all arrive in order, whatever they cost.
function run(getCost) {
    const protocol = new Counting(getCost);
    const port = listen(protocol);
    const words = range(0, N_DATAGRAMS).map(i => `${i}`.padStart(4, '0'));
    port.receive_buffer_size = 4 * 1024 * 1024;
    listen().write_datagrams(words.map(word => Gudpx.Datagram.new(word, port.localEndpoint)));
    iterateUntil(() => protocol.texts.length === N_DATAGRAMS);
    assertEqual(protocol.texts, words);
    return protocol.calls;
}

// Maps the cost of a datagram to the number of datagrams that use up the budget.
const COSTS = {0: Infinity, 0.125: 16, 0.25: 8, 1: 2, 2: 1, 30: 1};

for (const [cost, most] of Object.entries(COSTS)) {
    test(`each takes ${cost} ms`, () => {
        for (const {offered, taken} of run(() => Number(cost)))
            assertEqual(taken, Math.min(offered, most));
    });
}

test('cheap ones become costly', () => {
    for (const {costs} of run(i => i % 100 < 32 ? 0 : 1)) {
        const nCostly = costs.filter(cost => cost > 0).length;
        assertTrue(nCostly <= STRIDE, `${nCostly} of 1 ms`);
    }
});

test('one of many is costly', () => {
    for (const {costs, offered, taken} of run(i => i % 20 === 10 ? 1.5 : 0)) {
        const spent = costs.reduce((a, b) => a + b, 0);
        assertTrue(taken === offered || spent >= BUDGET, `${taken} after ${spent} ms`);
        assertTrue(spent <= 2 * BUDGET, `${spent} ms`);
    }
});

test('a clock that is set back', () => {
    const [first, ...others] = run(i => i === 0 ? -5000 : 0);
    assertEqual(first.taken, 1);
    for (const {offered, taken} of others)
        assertEqual(taken, offered);
});

test('the rest of a batch, in a main loop that a handler runs', () => {
    let isNested = false;
    const calls = run(i => {
        if (i > 0 || isNested)
            return 1;
        isNested = true;
        GLib.MainContext.default().iteration(false);
        return 1;
    });
    assertTrue(calls.every(({offered, taken}) => offered === 0 || taken > 0), 'nothing was taken');
});

main();
