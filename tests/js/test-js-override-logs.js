// SPDX-License-Identifier: LGPL-2.1-or-later

/* Limits the messages about errors of hooks and about failed writes during a flood of datagrams. */

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Gudpx from 'gi://Gudpx?version=1';

import {
    assertEqual, assertTrue, iterateUntil, listen, listenUnix, main, own, range, send, settle,
    temporaryPath, test
} from './gudpxtest.js';

const Hook = GObject.registerClass(class Hook extends Gudpx.DatagramProtocol {
    _init(handler) {
        super._init();
        this.handler = handler;
        this.count = 0;
    }

    datagramReceived(data, sender) {
        this.count++;
        return this.handler(data, sender, this);
    }
});

// Asserts that run() logs exactly these messages, in this order.
function assertLogs(patterns, run) {
    for (const pattern of [...patterns, 'the last message'])
        GLib.test_expect_message('Gjs', GLib.LogLevelFlags.LEVEL_WARNING, `*${pattern}*`);
    run();
    logError(new Error('the last message'));
    GLib.test_assert_expected_messages_internal('Gjs', '', 0, '');
}

function flood(protocol, n, prefix = '') {
    const port = listen(protocol);
    for (let sent = 0; sent < n; sent += 50) {
        send(port, ...range(sent, Math.min(n, sent + 50)).map(i => `${prefix}${i}`));
        settle();
    }
    assertEqual(protocol.count, n);
}

// Returns the messages for a hundred errors of one kind: the first four, then each power of two.
function logged(words) {
    return [words, words, words, words, ...['3', '7', '15', '31'].map(n => `${n} more*${words}`)];
}

const WAYS_TO_FAIL = {
    'an error': () => {
        throw new Error('wrong in one way');
    },
    'errors that differ by numbers alone': data => {
        throw new Error(`wrong in byte ${data[0]} of 0x${data[0].toString(16)}, another way`);
    },
    'what is no error': () => {
        throw 'wrong and a string'; // eslint-disable-line no-throw-literal
    },
    'what cannot be shown': () => {
        throw {
            get name() {
                throw new Error('wrong');
            },
            get message() {
                throw new Error('wrong');
            },
            get stack() {
                throw new Error('wrong');
            },
        };
    },
    'an error of the library': (data, sender, {transport}) => transport.write('x', '/no/port'),
    'a rejected promise': async () => {
        await null;
        throw new Error('wrong and late');
    },
};
const WORDS = {
    'an error': 'wrong in one way',
    'errors that differ by numbers alone': 'another way',
    'what is no error': 'wrong and a string',
    'what cannot be shown': '',
    'an error of the library': 'Gio.IOErrorEnum',
    'a rejected promise': 'wrong and late',
};

for (const [what, handler] of Object.entries(WAYS_TO_FAIL)) {
    test(`a hundred times the same: ${what}`, () => {
        assertLogs(logged(WORDS[what]), () => flood(new Hook(handler), 100));
    });
}

test('a hundred times the same, one by one', () => {
    const protocol = new Hook(() => {
        throw new Error('wrong one by one');
    });
    protocol.connect('datagram-received', () => null);
    assertLogs(logged('wrong one by one'), () => flood(protocol, 100));
});

test('each place and each text is a kind of its own', () => {
    const protocol = new Hook(data => {
        if (data[0] % 2 === 0)
            throw new Error('even');
        if (data[0] === 7)
            throw new Error('odd');
        throw new Error(data[0] % 3 === 0 ? 'three' : 'odd');
    });
    // Send each kind four times.
    const port = listen(protocol);
    const words = ['even', 'three', 'odd', 'odd'];
    assertLogs([...words, ...words, ...words, ...words], () => {
        for (let i = 0; i < 4; i++) {
            send(port, [2], [3], [5], [7]);
            settle();
        }
    });
});

// Runs a test with a clock of the override that the test can advance.
function withClock(run) {
    const {get_monotonic_time: getTime} = GLib;
    let ahead = 0;

    GLib.get_monotonic_time = () => getTime() + ahead;
    try {
        run(seconds => (ahead += seconds * 1000 * 1000));
    } finally {
        GLib.get_monotonic_time = getTime;
    }
}

test('one a minute of those that go on', () => {
    const port = listen(new Hook(() => {
        throw new Error('wrong for long');
    }));
    const LATE = [7, 12];
    withClock(advance => {
        // Logs the first four errors, the seventh, which is late, the eighth, and the twelfth.
        const patterns = ['*', '*', '*', '*', ': 2 more*', '*', ': 3 more*'];
        assertLogs(patterns.map(pattern => `${pattern}wrong for long`), () => {
            for (let i = 1; i <= 15; i++) {
                if (LATE.includes(i))
                    advance(61);
                send(port, 'x');
                settle();
            }
        });
    });
});

test('kinds of long ago make room for others', () => {
    let what = '';
    const port = listen(new Hook(() => {
        throw new Error(what);
    }));
    const fail = message => {
        what = message;
        send(port, 'x');
        settle();
    };
    withClock(advance => {
        for (let i = 0; i < 40; i++)
            fail('z'.repeat(i + 1));
        advance(61);
        assertLogs(['fresh', 'fresh', 'fresh', 'another', 'another'], () => {
            for (const message of ['fresh', 'fresh', 'fresh', 'another', 'another'])
                fail(message);
        });
    });
});

// Makes writes of a handler fail later: the queue is full when the collected writes are sent.
function answerInVain(n) {
    const peer = listenUnix(new Gudpx.DatagramProtocol());
    let isFull = false;
    const protocol = new Hook((data, sender, {transport}) => {
        if (isFull) {
            for (let i = 0; i < n; i++)
                transport.write(`${i}`, sender);
            transport.send_queue_limit = 0;
        }
    });
    const port = own(Gudpx.listen_unix_datagram(temporaryPath('port'), protocol));

    peer.write('a', port.localEndpoint);
    iterateUntil(() => protocol.count === 1);
    peer.reading = false;
    try {
        for (;;)
            port.write('full', peer.localEndpoint);
    } catch {
        isFull = true;
    }
    port.send_queue_limit = 16 * 1024 * 1024;
    peer.write('b', port.localEndpoint);
    iterateUntil(() => protocol.count === 2);
}

test('writes that fail when they leave', () => {
    assertLogs(logged('Gio.IOErrorEnum'), () => answerInVain(100));
});

// Runs as a separate program, which has not logged errors before.
const PROGRAM = `
imports.gi.versions.Gudpx = '1';
const {GObject, GLib, Gudpx} = imports.gi;
let n = 0;
const Parser = GObject.registerClass(class Parser extends Gudpx.DatagramProtocol {
    datagramReceived(data) {
        n++;
        throw new SyntaxError('Cannot parse ' + new TextDecoder().decode(data));
    }
});
const port = Gudpx.listen_udp(0, new Parser(), '127.0.0.1');
const letter = i => String.fromCharCode(97 + i);
for (let i = 0; i < 385; i++) {
    port.write(letter(i % 26) + letter(Math.floor(i / 26)), port.localEndpoint);
    while (n <= i)
        GLib.MainContext.default().iteration(true);
}
`;

test('385 errors whose text a stranger chooses', () => {
    const gjs = GLib.file_read_link('/proc/self/exe');
    const child = Gio.Subprocess.new([gjs, '-c', PROGRAM], Gio.SubprocessFlags.STDERR_PIPE);
    let stderr = null;
    child.communicate_utf8_async(null, null, (_, result) => {
        [, , stderr] = child.communicate_utf8_finish(result);
    });
    iterateUntil(() => stderr !== null, 60);
    assertTrue(child.get_successful(), stderr);
    const n = stderr.match(/JS ERROR/g).length;
    assertTrue(n >= 30 && n <= 50, `${n} messages`);
    assertTrue(/\d+ more/.test(stderr), 'no number of those left out');
});

main();
