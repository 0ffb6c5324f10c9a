// SPDX-License-Identifier: LGPL-2.1-or-later

// The override: Twisted's hook, and addresses as objects.

imports.gi.versions.Gudpx = '1';
const {Gio, GLib, GObject, Gudpx} = imports.gi;
const ByteArray = imports.byteArray;

const LOCALHOST = '127.0.0.1';
const DIGITS = [...'0123456789'];

const Hook = GObject.registerClass(class Hook extends Gudpx.DatagramProtocol {
    _init(handler = null) {
        super._init();
        this.handler = handler;
        this.received = [];
    }

    get texts() {
        return this.received.map(([data]) => ByteArray.toString(data));
    }

    datagramReceived(data, sender) {
        this.received.push([data, sender]);
        this.handler?.(this, data, sender);
    }
});

const ports = [];

function listen(protocol, host = LOCALHOST) {
    const port = Gudpx.listen_udp(0, protocol, host);

    ports.push(port);
    return port;
}

function getNumber(port) {
    return port.get_local_address().get_port();
}

function settle() {
    while (GLib.MainContext.default().iteration(false))
        ;
}

// From a port of their own, whose protocol is the answer.
function send(port, texts, host = LOCALHOST) {
    const peer = listen(new Hook(), host);

    for (const text of texts)
        peer.write(ByteArray.fromString(text), {host, port: getNumber(port)});
    return peer;
}

function echo(protocol, data, sender) {
    protocol.transport.write(data, sender);
}

function assertEqual(actual, expected) {
    const [a, e] = [JSON.stringify(actual), JSON.stringify(expected)];

    if (a !== e)
        throw new Error(`${a} is not ${e}`);
}

function assertThrows(callback, code) {
    try {
        callback();
    } catch (error) {
        if (error.matches(Gio.IOErrorEnum, code))
            return;
        throw error;
    }
    throw new Error('nothing was thrown');
}

const tests = {
    'data and sender'() {
        const protocol = new Hook();
        const peer = send(listen(protocol), ['one', '', 'two']);

        settle();
        assertEqual(protocol.texts, ['one', '', 'two']);
        assertEqual(protocol.received[0][0] instanceof Uint8Array, true);
        assertEqual(protocol.received[2][1], {host: LOCALHOST, port: getNumber(peer)});
    },

    'echo in order'() {
        const texts = Array.from({length: 200}, (_, i) => `${i}`.repeat(i % 30 + 1));
        const peer = send(listen(new Hook(echo)), texts);

        settle();
        assertEqual(peer.get_protocol().texts, texts);
    },

    'IPv6, and IPv4 on dual-stack'() {
        const port = listen(new Hook(echo), '::');

        for (const host of ['::1', LOCALHOST]) {
            const peer = send(port, ['x'], host);

            settle();
            assertEqual(peer.get_protocol().texts, ['x']);
            assertEqual(port.get_protocol().received.pop()[1], {host, port: getNumber(peer)});
        }
    },

    'UNIX'() {
        const directory = GLib.dir_make_tmp('gudpx-XXXXXX');
        const protocol = new Hook(echo);
        const answers = new Hook();
        const port = Gudpx.listen_unix_datagram(`${directory}/port`, protocol);
        const peer = Gudpx.listen_unix_datagram(`${directory}/peer`, answers);

        peer.write(ByteArray.fromString('x'), `${directory}/port`);
        settle();
        assertEqual(protocol.received[0][1], `${directory}/peer`);
        assertEqual(answers.texts, ['x']);
        port.stop_listening();
        peer.stop_listening();
        GLib.rmdir(directory);
    },

    'an exception loses its datagram'() {
        const protocol = new Hook((self, data, sender) => {
            if (data[0] === 0x33)
                throw new Error('on purpose');
            echo(self, data, sender);
        });
        const peer = send(listen(protocol), DIGITS);

        GLib.test_expect_message('Gjs', GLib.LogLevelFlags.LEVEL_WARNING, '*on purpose*');
        settle();
        GLib.test_assert_expected_messages_internal('Gjs', '', 0, '');
        assertEqual(protocol.texts, DIGITS);
        assertEqual(peer.get_protocol().texts, [...'012456789']);
    },

    'stop in the middle'() {
        const protocol = new Hook((self, data, sender) => {
            echo(self, data, sender);
            if (data[0] === 0x34) {
                self.transport.stop_listening();
                assertEqual(self.transport, null);
            }
        });
        const port = listen(protocol);
        const peer = send(port, DIGITS);

        settle();
        assertEqual(protocol.texts, [...'01234']);
        assertEqual(peer.get_protocol().texts, [...'01234']);
        assertThrows(() => port.write(new Uint8Array(1), {host: LOCALHOST, port: 9}),
            Gio.IOErrorEnum.CLOSED);
    },

    'start again in the middle'() {
        const protocol = new Hook((self, data) => {
            if (data[0] === 0x34) {
                port.stop_listening();
                port.start_listening();
            }
        });
        const port = listen(protocol);

        send(port, DIGITS);
        settle();
        send(port, ['again']);
        settle();
        assertEqual(protocol.texts, [...'01234', 'again']);
    },

    'pause in the middle'() {
        const pauses = [
            port => port.set_reading(false),
            port => {
                port.reading = false;
            },
            port => port.set_property('reading', false),
        ];

        for (const pause of pauses) {
            const protocol = new Hook((self, data) => {
                if (data[0] === 0x34)
                    pause(self.transport);
            });
            const port = listen(protocol);

            send(port, DIGITS);
            settle();
            assertEqual(protocol.texts, [...'01234']);
            assertEqual(port.reading, false);
            port.reading = true;
            settle();
            assertEqual(protocol.texts, DIGITS);
        }
    },

    'a main loop in a handler'() {
        const protocol = new Hook((self, data, sender) => {
            echo(self, data, sender);
            if (data[0] !== 0x34)
                return;
            settle();
            assertEqual(self.texts, DIGITS);
            assertEqual(peer.get_protocol().texts, DIGITS);
        });
        const peer = send(listen(protocol), DIGITS);

        settle();
        assertEqual(protocol.texts, DIGITS);
    },

    'errors are thrown by the write'() {
        let n = 0;
        const protocol = new Hook((self, data, sender) => {
            const port = self.transport;
            const {INVALID_ARGUMENT, MESSAGE_TOO_LARGE} = Gio.IOErrorEnum;

            assertThrows(() => port.write(new Uint8Array(65508), sender), MESSAGE_TOO_LARGE);
            assertThrows(() => port.write(data, {host: '::1', port: 9}), INVALID_ARGUMENT);
            assertThrows(() => port.write(data, {host: 'localhost', port: 9}), INVALID_ARGUMENT);
            n++;
        });

        send(listen(protocol), ['x']);
        settle();
        assertEqual(n, 1);
    },

    'kept data'() {
        const protocol = new Hook();
        const port = listen(protocol);

        send(port, DIGITS);
        settle();
        for (let i = 0; i < 10; i++) {
            send(port, Array(20).fill('other'));
            settle();
            imports.system.gc();
        }
        assertEqual(protocol.texts.slice(0, 10), DIGITS);
    },

    'handlers of the signal'() {
        const protocol = new Hook(echo);
        const texts = [];

        protocol.connect('datagram-received',
            (_, datagram) => texts.push(ByteArray.toString(datagram.get_payload())));
        const peer = send(listen(protocol), DIGITS);
        settle();
        assertEqual([texts, protocol.texts, peer.get_protocol().texts], [DIGITS, DIGITS, DIGITS]);
    },

    'an inherited hook'() {
        const Derived = GObject.registerClass(class Derived extends Hook {
            datagramReceived(data, sender) {
                super.datagramReceived(ByteArray.fromString(`${ByteArray.toString(data)}!`), sender);
            }
        });
        const protocol = new Derived();

        send(listen(protocol), ['x']);
        settle();
        assertEqual(protocol.texts, ['x!']);
    },

    'the virtual function'() {
        const payloads = [];
        const Plain = GObject.registerClass(class Plain extends Gudpx.DatagramProtocol {
            vfunc_datagram_received(datagram) {
                payloads.push(ByteArray.toString(datagram.get_payload()));
            }
        });

        send(listen(new Plain()), DIGITS);
        settle();
        assertEqual(payloads, DIGITS);
    },

    // With garbage for each, which makes the engine collect while the main loop never rests.
    'saturation loses nothing'() {
        const seconds = Number(GLib.getenv('GUDPX_SOAK_SECONDS') ?? 3);
        const kept = [];
        let [sum, count, next, isOrdered] = [0, 0, 0, true];
        const protocol = new Hook();
        protocol.datagramReceived = data => {
            const n = data[0] | data[1] << 8 | data[2] << 16 | data[3] << 24;

            isOrdered &&= n >= next;
            next = n + 1;
            sum += n;
            kept[count++ % 5000] = {numbers: [n, n, {}], text: `number ${n}`};
        };
        const port = listen(protocol);
        port.set_receive_buffer_size(4 * 1024 * 1024);
        const sender = Gio.Subprocess.new([GLib.getenv('PYTHON') ?? 'python3', '-c', `
import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect(("${LOCALHOST}", ${getNumber(port)}))
end = time.monotonic() + ${seconds}
n = 0
while time.monotonic() < end:
    for _ in range(100):
        s.send(n.to_bytes(4, "little") + bytes(60))
        n += 1
print(n)
`], Gio.SubprocessFlags.STDOUT_PIPE);
        let nSent = null;

        sender.communicate_utf8_async(null, null, (_, result) => {
            nSent = Number(sender.communicate_utf8_finish(result)[1]);
        });
        const limit = GLib.get_monotonic_time() + (seconds + 60) * 1e6;
        const tick = GLib.timeout_add(GLib.PRIORITY_DEFAULT, 10, () => GLib.SOURCE_CONTINUE);
        // Only Linux's own calls can tell what the kernel dropped; else all is done when nothing comes.
        const knowsDrops = GLib.getenv('GUDPX_TEST_IO') !== 'generic';
        let [lastCount, lastTime] = [0, 0];
        const isQuiet = () => {
            const now = GLib.get_monotonic_time();

            if (count !== lastCount || nSent === null)
                [lastCount, lastTime] = [count, now];
            return now > lastTime + 1e6;
        };
        const isDone = () => knowsDrops
            ? nSent !== null && count + port.get_statistics().kernel_drops >= nSent
            : isQuiet();
        while (!isDone() && GLib.get_monotonic_time() < limit)
            GLib.MainContext.default().iteration(true);
        GLib.source_remove(tick);

        const {datagrams_received: nReceived, kernel_drops: nDropped} = port.get_statistics();
        print(`# ${nSent} sent, ${nDropped} dropped by the kernel, ${count} delivered`);
        assertEqual([count, isOrdered], [nReceived, true]);
        if (knowsDrops)
            assertEqual(count + nDropped, nSent);
        if (count === nSent)
            assertEqual(sum, nSent * (nSent - 1) / 2);
        assertEqual(count > 1000, true);
    },
};

const names = Object.keys(tests);
let nFailed = 0;

print(`1..${names.length}`);
names.forEach((name, i) => {
    let failure = null;

    try {
        tests[name]();
    } catch (error) {
        failure = error;
        nFailed++;
    }
    ports.splice(0).forEach(port => port.stop_listening());
    settle();
    print(`${failure ? 'not ok' : 'ok'} ${i + 1} - ${name}`);
    if (failure)
        print(`${failure}\n${failure.stack}`.replace(/^/gm, '# '));
});
imports.system.exit(nFailed > 0 ? 1 : 0);
