// SPDX-License-Identifier: LGPL-2.1-or-later

/* Tests iterating over a port: for await (const datagram of port). */

import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Gudpx from 'gi://Gudpx?version=1';

import {
    LOCALHOST, Recorder, assertEqual, assertSame, assertTrue, listen, main, range, send,
    settle, test, text
} from './gudpxtest.js';

const DATAGRAM_RECEIVED = GObject.signal_lookup('datagram-received', Gudpx.DatagramProtocol.$gtype);

function hasHandler(protocol) {
    return GObject.signal_has_handler_pending(protocol, DATAGRAM_RECEIVED, 0, true);
}

function wait(milliseconds) {
    return new Promise(resolve => GLib.timeout_add(GLib.PRIORITY_DEFAULT, milliseconds, () => {
        resolve();
        return GLib.SOURCE_REMOVE;
    }));
}

// Waits with promises: a main loop inside a promise's job would block all other jobs.
async function until(condition) {
    while (!condition())
        await wait(1);
}

// Sends numbers, and delivers them as they arrive.
function flood(port, count) {
    const words = range(0, count).map(String);

    for (let i = 0; i < count; i += 100) {
        send(port, ...words.slice(i, i + 100));
        settle();
    }
    return words;
}

// Reads in the background; the array grows.
function consume(port, handle = () => null) {
    const texts = [];
    texts.done = (async () => {
        for await (const datagram of port) {
            texts.push(text(datagram.payload));
            await handle(datagram);
        }
        texts.isOver = true;
    })();
    return texts;
}

test('all, in order, until the port stops', async () => {
    const protocol = new Gudpx.DatagramProtocol();
    const port = listen(protocol);
    const texts = consume(port);
    const words = range(0, 100).map(String);
    send(port, ...words);
    await until(() => texts.length === 100);
    assertEqual(texts, words);
    assertTrue(!texts.isOver);
    port.stop_listening();
    await texts.done;
    assertTrue(!hasHandler(protocol));
});

test('what waits when the port stops is dropped', async () => {
    const port = listen(new Gudpx.DatagramProtocol());
    const iterator = port[Symbol.asyncIterator]();
    send(port, 'a', 'b');
    settle();
    assertEqual(text((await iterator.next()).value.payload), 'a');
    port.stop_listening();
    assertSame((await iterator.next()).done, true);
    port.start_listening();
    assertSame((await iterator.next()).done, true);
});

test('stopped by a promise', async () => {
    const port = listen(new Gudpx.DatagramProtocol());
    const texts = consume(port,
        datagram => text(datagram.payload) === 'end' && port.stopListening());
    send(port, 'a', 'end');
    await texts.done;
    assertEqual(texts, ['a', 'end']);
});

test('of a port that does not listen', async () => {
    const texts = consume(Gudpx.Port.new(new Gudpx.DatagramProtocol()));
    await texts.done;
    assertEqual(texts, []);
});

test('several wishes at once', async () => {
    const port = listen(new Gudpx.DatagramProtocol());
    const iterator = port[Symbol.asyncIterator]();
    const wishes = [iterator.next(), iterator.next(), iterator.next()];
    send(port, 'a', 'b');
    assertEqual((await Promise.all(wishes.slice(0, 2))).map(({value}) => text(value.payload)),
        ['a', 'b']);
    port.stop_listening();
    assertSame((await wishes[2]).done, true);
});

test('what comes before the first wish waits for it', async () => {
    const port = listen(new Gudpx.DatagramProtocol());
    const iterator = port[Symbol.asyncIterator]();
    send(port, 'a', 'b');
    settle();
    const texts = [];
    for (let i = 0; i < 2; i++)
        texts.push(text((await iterator.next()).value.payload));
    assertEqual(texts, ['a', 'b']);
});

test('a wish that a timer outran stays, and does not end the iterator', async () => {
    const port = listen(new Gudpx.DatagramProtocol());
    const iterator = port[Symbol.asyncIterator]();
    const wish = iterator.next();
    assertSame(await Promise.race([wish, wait(1).then(() => 'late')]), 'late');
    send(port, 'a', 'b');
    const {value} = await Promise.race([wish, wait(20000)]);
    assertEqual([text(value.payload), text((await iterator.next()).value.payload)], ['a', 'b']);
});

test('a loop that is left at once leaves nothing behind', async () => {
    const protocol = new Gudpx.DatagramProtocol();
    const iterator = listen(protocol)[Symbol.asyncIterator]();
    const wish = iterator.next();
    await iterator.return();
    assertSame((await wish).done, true);
    assertSame((await iterator.next()).done, true);
    assertTrue(!hasHandler(protocol));
});

test('answers, and protocols with functions of their own', async () => {
    const recorder = new Recorder();
    const port = listen(recorder);
    const answers = new Recorder();
    const peer = listen(answers);
    consume(port, datagram => datagram.reply(`${text(datagram.payload)}!`));
    for (const word of ['a', 'b'])
        peer.write(word, port.localEndpoint);
    await until(() => answers.texts.length === 2);
    assertEqual([answers.texts, recorder.texts], [['a!', 'b!'], ['a', 'b']]);
});

test('with the hook as well', async () => {
    const received = [];
    const Hook = GObject.registerClass(class Hook extends Gudpx.DatagramProtocol {
        datagramReceived(data) {
            received.push(text(data));
        }
    });
    const port = listen(new Hook());
    const texts = consume(port);
    send(port, 'a', 'b');
    await until(() => texts.length === 2);
    assertEqual([texts, received], [['a', 'b'], ['a', 'b']]);
});

test('two consumers, and two ports of one protocol', async () => {
    const protocol = new Gudpx.DatagramProtocol();
    const ports = [listen(protocol), listen(protocol)];
    const all = [ports[0], ports[0], ports[1]].map(port => consume(port));
    send(ports[0], 'a');
    send(ports[1], 'b');
    await until(() => all.every(texts => texts.length > 0));
    settle();
    assertEqual(all, [['a'], ['a'], ['b']]);
});

test('a consumer that is behind pauses the port', async () => {
    const port = listen(new Gudpx.DatagramProtocol());
    const iterator = port[Symbol.asyncIterator]();
    // The kernel keeps no more than a few hundred.
    const words = flood(port, 1200);
    assertSame(port.reading, false);
    assertSame(port.get_statistics().datagrams_received < 1200, true);
    assertSame(iterator.waiting.length, 1024);

    const texts = [];
    while (iterator.waiting.length > 257)
        texts.push(text((await iterator.next()).value.payload));
    assertSame(port.reading, false);
    texts.push(text((await iterator.next()).value.payload));
    assertSame(port.reading, true);
    while (texts.length < words.length)
        texts.push(text((await iterator.next()).value.payload));
    assertEqual(texts, words);
});

test('what the program paused stays so when the consumer has caught up', async () => {
    for (const end of [iterator => iterator.return(), async iterator => {
        for (let i = 0; i < 1024; i++)
            await iterator.next();
    }, (_, port) => port.stop_listening()]) {
        const port = listen(new Gudpx.DatagramProtocol());
        const iterator = port[Symbol.asyncIterator]();
        flood(port, 1100);
        port.reading = false;
        await end(iterator, port);
        assertSame(port.reading, false);
        port.reading = true;
        assertSame(port.reading, true);
    }
});

test('a consumer that takes its time', async () => {
    const port = listen(new Gudpx.DatagramProtocol());
    const texts = consume(port, async () => texts.length % 100 === 0 && wait(1));
    port.set_receive_buffer_size(4 * 1024 * 1024);
    send(port, ...range(0, 1000).map(String));
    await until(() => texts.length === 1000);
    port.stop_listening();
    await texts.done;
    assertEqual(texts, range(0, 1000).map(String));
});

test('breaking off leaves nothing behind', async () => {
    const protocol = new Gudpx.DatagramProtocol();
    const port = listen(protocol);
    send(port, 'first');
    for await (const datagram of port) {
        assertTrue(hasHandler(protocol));
        assertEqual(text(datagram.payload), 'first');
        flood(port, 1100);
        assertSame(port.reading, false);
        break;
    }
    assertTrue(!hasHandler(protocol));
    assertSame(port.reading, true);
    settle();
    const texts = consume(port);
    send(port, 'later');
    await until(() => texts.length === 1);
    assertEqual(texts, ['later']);
});

test('a consumer that throws ends the loop, and not the port', async () => {
    const protocol = new Gudpx.DatagramProtocol();
    const port = listen(protocol);
    const texts = consume(port, () => {
        throw new Error('on purpose');
    });
    let message = '';
    texts.done.catch(error => (message = error.message));
    send(port, 'x');
    await until(() => message !== '');
    assertEqual([message, port.listening, hasHandler(protocol)], ['on purpose', true, false]);
});

test('stopping while it is paused, and starting again', async () => {
    const port = listen(new Gudpx.DatagramProtocol(), LOCALHOST);
    const iterator = port[Symbol.asyncIterator]();
    flood(port, 1100);
    assertSame(port.reading, false);
    port.stop_listening();
    assertSame(port.reading, true);
    assertSame((await iterator.next()).done, true);
    port.start_listening();
    const texts = consume(port);
    send(port, 'again');
    await until(() => texts.length === 1);
});

main();
