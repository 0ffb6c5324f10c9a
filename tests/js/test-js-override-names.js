// SPDX-License-Identifier: LGPL-2.1-or-later

/* Tests the camel-case names, statistics as a property, and the text of a datagram. */

import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Gudpx from 'gi://Gudpx?version=1';

import {
    LOCALHOST, Recorder, assertEqual, assertSame, assertTrue, listen, main, own, settle, test
} from './gudpxtest.js';

const {Datagram, DatagramProtocol, Port} = Gudpx;

function camel(name) {
    return name.replace(/_([a-z0-9])/g, (_, letter) => letter.toUpperCase());
}

test('every function has a name in camel case', () => {
    let n = 0;
    for (const object of [Gudpx, Datagram, Datagram.prototype, DatagramProtocol.prototype, Port,
        Port.prototype]) {
        const names = Object.getOwnPropertyNames(object).filter(name => /^[a-z0-9]+_/.test(name));
        for (const name of names) {
            assertTrue(camel(name) in object, camel(name));
            n++;
        }
    }
    assertTrue(n > 100, `${n} names alone`);
    for (const name of ['writeTo', 'joinGroup', 'setTtl', 'connectPeer', 'startListening',
        'getStatistics'])
        assertSame(typeof Port.prototype[name], 'function', `${name}: `);
});

test('they do the same', () => {
    const recorder = new Recorder();
    const to = own(Gudpx.listenUdp(0, recorder, LOCALHOST));
    const port = Port.new(new Recorder());
    port.setLocalAddress({host: LOCALHOST, port: 0});
    assertSame(port.startListening(), true);
    own(port).setTtl(9);
    assertEqual([port.getTtl(), port.ttl], [9, 9]);
    assertSame(port.writeTo('a', to.localEndpoint), true);
    port.writeToHost('b', LOCALHOST, to.getLocalAddress().port);
    port.writeBytes('c', to.localEndpoint);
    port.writeDatagrams([Datagram.newFull('d', to.localEndpoint)]);
    port.connectPeer(to.localEndpoint);
    port.write('e');
    settle();
    assertEqual(recorder.texts, [...'abcde']);
    recorder.datagrams[0].reply('f');
    settle();
    assertEqual(port.protocol.texts, ['f']);
    assertEqual([recorder.datagrams[0].hopLimit, port.sendQueueSize], [-1, 0]);
    assertTrue(Gudpx.addressEqual(recorder.datagrams[0].getSender(), port.getLocalAddress()));
});

test('they follow a function that is replaced', () => {
    const port = listen();
    port.join_group = (...args) => args;
    assertEqual(port.joinGroup('239.1.2.3', 'lo'), ['239.1.2.3', 'lo']);
});

test('stopListening() stays what it is: a promise', async () => {
    const port = listen();
    const promise = port.stopListening();
    assertTrue(promise instanceof Promise);
    await promise;
    assertSame(port.listening, false);
});

test('statistics as a property', () => {
    const port = listen();
    port.write('abc', port.localEndpoint);
    settle();
    assertTrue(port.statistics instanceof Gudpx.Statistics);
    assertEqual([port.statistics.datagrams_received, port.statistics.bytes_received,
        port.statistics.datagrams_sent], [1, 3, 1]);
});

const TEXTS = {
    'ASCII': ['abc', 'abc'],
    'nothing': [[], ''],
    'more bytes than letters': ['€ and 🙂', '€ and 🙂'],
    'a byte order mark': [[0xef, 0xbb, 0xbf, 0x61], '\ufeffa'],
    'two byte order marks': ['\ufeff\ufeffa', '\ufeff\ufeffa'],
    'a zero inside': [[0x61, 0, 0x62], null],
    'a zero at the end': [[0x61, 0], null],
    'a zero alone': [[0], null],
    'no UTF-8': [[0x61, 0xff], null],
    'cut off': [[0xe2, 0x82], null],
    'overlong': [[0xc0, 0x80], null],
    'a surrogate': [[0xed, 0xa0, 0x80], null],
    'beyond Unicode': [[0xf4, 0x90, 0x80, 0x80], null],
    'no character': [[0xef, 0xbf, 0xbf], '\uffff'],
    'a line and its end': ['a\r\n', 'a\r\n'],
};

for (const [what, [payload, text]] of Object.entries(TEXTS)) {
    test(`text: ${what}`, () => {
        const recorder = new Recorder();
        const port = listen(recorder);
        port.write(payload, port.localEndpoint);
        settle();
        for (const datagram of [recorder.datagrams[0], Datagram.new(payload)]) {
            assertSame(datagram.text, text);
            // Compare with the result of C, if C has the function.
            if (typeof datagram.dup_text === 'function')
                assertSame(datagram.dup_text(), text);
        }
    });
}

test('text in a handler', () => {
    const seen = [];
    const Reader = GObject.registerClass(class Reader extends DatagramProtocol {
        vfunc_datagram_received(datagram) {
            seen.push(datagram.text);
        }
    });
    const port = listen(new Reader());
    for (const payload of ['a', new GLib.Bytes([0xff]), 'b'])
        port.write(payload, port.localEndpoint);
    settle();
    assertEqual(seen, ['a', null, 'b']);
});

main();
