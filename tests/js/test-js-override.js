// SPDX-License-Identifier: LGPL-2.1-or-later

// Tests the hook of Twisted, and addresses as objects, in a script without modules.

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

const AsyncHook = GObject.registerClass(class AsyncHook extends Hook {
    async datagramReceived(data, sender) {
        await null;
        super.datagramReceived(data, sender);
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

function iterateUntil(condition) {
    const limit = GLib.get_monotonic_time() + 120e6;
    const tick = GLib.timeout_add(GLib.PRIORITY_DEFAULT, 50, () => GLib.SOURCE_CONTINUE);

    while (!condition() && GLib.get_monotonic_time() < limit)
        GLib.MainContext.default().iteration(true);
    GLib.source_remove(tick);
    if (!condition())
        throw new Error('it did not come about in time');
}

// Sends texts from a new port, and returns its protocol.
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

// Fills the queue with a UNIX peer that does not read.
function checkFullQueue(write) {
    const directory = GLib.dir_make_tmp('gudpx-XXXXXX');
    const codes = new Set();
    let nTaken = 0;
    const protocol = new Hook((self, data, sender) => {
        for (let i = 0; i < 3000; i++) {
            try {
                write(self.transport, `${nTaken}`, sender, i);
                nTaken++;
            } catch (error) {
                codes.add(error.code);
            }
        }
    });
    const answers = new Hook();
    const port = Gudpx.listen_unix_datagram(`${directory}/port`, protocol);
    const peer = Gudpx.listen_unix_datagram(`${directory}/peer`, answers);

    ports.push(port, peer);
    port.set_send_queue_limit(100000);
    peer.set_reading(false);
    peer.write('x', `${directory}/port`);
    iterateUntil(() => protocol.received.length > 0);
    peer.set_reading(true);
    iterateUntil(() => answers.received.length === nTaken);
    assertEqual([...codes], [Gio.IOErrorEnum.WOULD_BLOCK]);
    assertEqual(nTaken < 3000, true);
    assertEqual(answers.texts, Array.from({length: nTaken}, (_, i) => `${i}`));
    port.stop_listening();
    peer.stop_listening();
    GLib.rmdir(directory);
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

    'what is thrown and is no error'() {
        const thrown = ['on purpose', null, Symbol('on purpose'), {}];
        const protocol = new Hook((self, data) => {
            throw thrown[Number(ByteArray.toString(data))];
        });

        send(listen(protocol), ['0', '1', '2', '3']);
        for (const words of ['on purpose was', 'null was', 'Symbol(on purpose) was', 'Object'])
            GLib.test_expect_message('Gjs', GLib.LogLevelFlags.LEVEL_WARNING, `*${words}*`);
        settle();
        GLib.test_assert_expected_messages_internal('Gjs', '', 0, '');
        assertEqual(protocol.texts, ['0', '1', '2', '3']);
    },

    'an asynchronous hook that throws'() {
        for (const connect of [() => null, self => self.connect('datagram-received', () => null)]) {
            const protocol = new AsyncHook(() => {
                throw new Error('on purpose');
            });

            connect(protocol);
            send(listen(protocol), ['0', '1']);
            for (let i = 0; i < 2; i++)
                GLib.test_expect_message('Gjs', GLib.LogLevelFlags.LEVEL_WARNING, '*on purpose*');
            settle();
            GLib.test_assert_expected_messages_internal('Gjs', '', 0, '');
            assertEqual(protocol.texts, ['0', '1']);
        }
    },

    'an error of a promise names who asked for it'() {
        const port = listen(new Hook());
        const asks = {
            writes: () => port.writeAsync('x', {host: '::1', port: 9}),
            resolves: () => Gudpx.resolve(''),
            flushes: () => port.stop_listening() ?? port.flushAsync(),
        };
        const stacks = {};

        for (const [name, ask] of Object.entries(asks))
            ask().catch(({stack}) => (stacks[name] = stack));
        iterateUntil(() => Object.keys(stacks).length === 3);
        for (const [name, stack] of Object.entries(stacks)) {
            if (!stack.includes(`${name}@`))
                throw new Error(`no ${name} in ${stack}`);
        }
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
                super.datagramReceived(ByteArray.fromString(`${ByteArray.toString(data)}!`),
                    sender);
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

    'order with other ways to write'() {
        const protocol = new Hook((self, data, sender) => {
            const port = self.transport;
            const address = Gio.InetSocketAddress.new_from_string(sender.host, sender.port);

            port.write('1', sender);
            port.write_to('2', address);
            port.write('3', sender);
            port.write_to_host('4', sender.host, sender.port);
            port.write('5', {...sender});
            port.write('6', sender);
            port.write_bytes('7', sender);
            port.write('8', sender);
            port.write_datagrams([Gudpx.Datagram.new('9', sender)]);
            port.write('a', sender);
            port.write_async('b', sender);
            port.write('c', sender);
        });
        const peer = send(listen(protocol), ['x', 'y']);

        settle();
        assertEqual(peer.get_protocol().texts.join(''), '123456789abc'.repeat(2));
    },

    'what is written may be changed at once'() {
        const protocol = new Hook((self, data, sender) => {
            for (let i = 0; i < 3; i++) {
                data[0] = 0x61 + i;
                self.transport.write(data, sender);
            }
        });
        const peer = send(listen(protocol), ['x', 'y']);

        settle();
        assertEqual(peer.get_protocol().texts, [...'abcabc']);
    },

    'large ones and many'() {
        const sizes = [1, 65507, 0, 1400, 60000, 65507, 3];
        const protocol = new Hook((self, data, sender) => {
            if (data[0] === 0x78) {
                for (const size of sizes)
                    self.transport.write(new Uint8Array(size).fill(size % 251), sender);
            } else {
                for (let i = 0; i < 2000; i++)
                    self.transport.write(`${i}`, sender);
            }
        });
        const port = listen(protocol);
        port.send_queue_limit = 4 * 1024 * 1024;
        const peer = send(port, ['x']);
        peer.set_receive_buffer_size(4 * 1024 * 1024);

        settle();
        const {received} = peer.get_protocol();
        assertEqual(received.map(([data]) => data.length), sizes);
        assertEqual(received.every(([data]) => data.every(byte => byte === data.length % 251)),
            true);

        received.length = 0;
        peer.write('y', {host: LOCALHOST, port: getNumber(port)});
        settle();
        assertEqual(peer.get_protocol().texts,
            Array.from({length: 2000}, (_, i) => `${i}`));
    },

    'the cost of a queued datagram is that of C'() {
        const {QUEUED_DATAGRAM_COST} = imports.overrides._gudpxjs.limits;
        const sizes = [];
        const protocol = new Hook((self, data, sender) => {
            self.transport.write_to_host(data, sender.host, sender.port);
            sizes.push(self.transport.get_send_queue_size());
        });

        send(listen(protocol), ['abc']);
        settle();
        assertEqual(sizes, [3 + QUEUED_DATAGRAM_COST]);
    },

    'a queue that is small'() {
        const protocol = new Hook((self, data, sender) => {
            for (let i = 0; i < 20; i++)
                self.transport.write(new Uint8Array(400), sender);
        });
        const port = listen(protocol);

        port.set_send_queue_limit(2000);
        send(port, DIGITS);
        settle();
        assertEqual(port.get_statistics().datagrams_sent, 200);
    },

    'a full queue refuses, and nothing that it took is lost'() {
        checkFullQueue((port, data, sender) => port.write(data, sender));
    },

    'a queue that is filled in two ways'() {
        checkFullQueue((port, data, sender, i) => {
            // The override collects datagrams to known senders only.
            port.write(data, i % 3 === 0 ? sender : Gio.UnixSocketAddress.new(sender));
        });
    },

    'stop asynchronously in the middle'() {
        let nStopped = 0;
        const protocol = new Hook((self, data, sender) => {
            echo(self, data, sender);
            if (data[0] === 0x34)
                self.transport.stop_listening_async(null, () => nStopped++);
        });
        const peer = send(listen(protocol), DIGITS);

        settle();
        assertEqual(protocol.texts, [...'01234']);
        assertEqual(peer.get_protocol().texts, [...'01234']);
        assertEqual(nStopped, 1);
    },

    'flushing in the middle'() {
        let nFlushed = 0;
        const protocol = new Hook((self, data, sender) => {
            echo(self, data, sender);
            self.transport.flush_async(null, () => nFlushed++);
        });
        const peer = send(listen(protocol), DIGITS);

        settle();
        assertEqual(peer.get_protocol().texts, DIGITS);
        assertEqual(nFlushed, 10);
    },

    'connect in the middle'() {
        let destination = null;
        const protocol = new Hook((self, data, sender) => {
            echo(self, data, sender);
            if (data[0] !== 0x31)
                return;
            self.transport.connect_peer_address(destination);
            self.transport.write('to the peer');
            assertThrows(() => self.transport.write('x', self.received[0][1]),
                Gio.IOErrorEnum.INVALID_ARGUMENT);
        });
        const port = listen(protocol);
        const peers = [listen(new Hook()), listen(new Hook())];
        const to = {host: LOCALHOST, port: getNumber(port)};

        destination = peers[1].localEndpoint;
        for (const digit of DIGITS)
            peers[digit % 2].write(digit, to);
        settle();
        assertEqual(protocol.texts, [...'013579']);
        assertEqual(peers[0].get_protocol().texts, ['0']);
        assertEqual(peers[1].get_protocol().texts, ['1', 'to the peer', ...'3579']);
    },

    'another peer after another start'() {
        const protocol = new Hook(echo);
        const port = listen(protocol);
        const first = send(port, ['a']);

        settle();
        port.stop_listening();
        port.start_listening();
        const second = send(port, ['b']);
        settle();
        assertEqual([first, second].map(peer => peer.get_protocol().texts), [['a'], ['b']]);
        assertEqual(protocol.received.map(([, sender]) => sender.port),
            [first, second].map(getNumber));
    },

    'main loops in every handler'() {
        const protocol = new Hook((self, data, sender) => {
            self.transport.write(data, sender);
            settle();
            assertEqual(peer.get_protocol().texts.includes(ByteArray.toString(data)), true);
        });
        const peer = send(listen(protocol), DIGITS);

        settle();
        assertEqual(protocol.texts, DIGITS);
        assertEqual(peer.get_protocol().texts.sort(), DIGITS);
    },

    'two ports of one protocol'() {
        const protocol = new Hook(echo);
        const hosts = [LOCALHOST, '::1'];
        const listening = hosts.map(host => listen(protocol, host));
        const peers = listening.map((port, i) => send(port, ['a', 'b'], hosts[i]));

        settle();
        assertEqual(peers.map(peer => peer.get_protocol().texts), [['a', 'b'], ['a', 'b']]);
        assertEqual(protocol.transport === listening[1], true);
    },

    'a write to another port'() {
        const other = listen(new Hook());
        const protocol = new Hook((self, data, sender) => other.write(data, sender));
        const peer = send(listen(protocol), DIGITS);

        settle();
        assertEqual(peer.get_protocol().texts, DIGITS);
        assertEqual(peer.get_protocol().received[0][1].port, getNumber(other));
    },

    'outside of a handler writes leave at once'() {
        const protocol = new Hook();
        const port = listen(protocol);

        send(port, ['x']);
        settle();
        for (let i = 1; i < 5; i++) {
            port.write('y', protocol.received[0][1]);
            assertEqual(port.get_statistics().datagrams_sent, i);
        }
    },

    'truncation'() {
        const protocol = new Hook();
        const port = listen(protocol);

        port.set_max_packet_size(3);
        send(port, ['12345', '12', '1234']);
        settle();
        assertEqual(protocol.texts, ['123', '12', '123']);
    },

    'ports and protocols are freed'() {
        const groups = [];

        for (let i = 0; i < 20; i++) {
            const protocol = new Hook(echo);
            const port = listen(protocol);
            const peer = send(port, DIGITS);

            settle();
            for (const object of [port, protocol, peer]) {
                const group = new GObject.BindingGroup();
                group.source = object;
                groups.push(group);
            }
            port.stop_listening();
            peer.stop_listening();
        }
        ports.length = 0;
        // The collector may still find references in old frames: one of each.
        for (let i = 0; i < 3; i++) {
            settle();
            imports.system.gc();
        }
        assertEqual(groups.filter(group => group.dup_source() !== null).length <= 3, true);
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
