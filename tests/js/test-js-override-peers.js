// SPDX-License-Identifier: LGPL-2.1-or-later

/* Distinguishes and answers a hundred thousand peers, and remembers only some of them. */

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Gudpx from 'gi://Gudpx?version=1';

import {
    TIME_LIMIT, assertEqual, assertTrue, collect, iterateUntil, listen, main, test
} from './gudpxtest.js';

const N_PEERS = 100000;
// The limit of the library and of the override.
const MAX_PEERS = 65536;

// Sends from many addresses of 127/8 with a single socket, and checks the address of each answer.
const PEERS = `
import socket, struct, sys
IP_PKTINFO = 8
port, first, last = map(int, sys.argv[1:])
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
s.settimeout(${TIME_LIMIT})
s.bind(("0.0.0.0", 0))
def host(i):
    return f"127.{1 + i // 62500}.{i // 250 % 250}.{1 + i % 250}"
for start in range(first, last, 32):
    block = range(start, min(start + 32, last))
    for i in block:
        info = struct.pack("=i4s4s", 0, socket.inet_aton(host(i)), bytes(4))
        s.sendmsg([f"{host(i)} {s.getsockname()[1]}".encode()],
                  [(socket.IPPROTO_IP, IP_PKTINFO, info)], 0, ("127.0.0.1", port))
    for i in block:
        sender = None
        # Other tests may send to addresses of 127/8, so ignore other senders.
        while sender != ("127.0.0.1", port):
            data, ancillary, _, sender = s.recvmsg(100, 200)
        to = socket.inet_ntoa(ancillary[0][2][8:])
        assert data.decode().split()[0] == to == host(i), (data, to, host(i))
`;

const Checker = GObject.registerClass(class Checker extends Gudpx.DatagramProtocol {
    _init() {
        super._init();
        this.count = 0;
        this.wrong = [];
        this.first = null;
        this.handleEmpty = () => null;
    }

    datagramReceived(data, sender) {
        if (data.length === 0) {
            this.handleEmpty();
            return;
        }
        this.first ??= sender;
        this.count++;
        if (new TextDecoder().decode(data) !== `${sender.host} ${sender.port}`)
            this.wrong.push([new TextDecoder().decode(data), sender]);
        this.transport.write(data, sender);
    }
});

function runPeers(port, first, last) {
    const peers = Gio.Subprocess.new([GLib.getenv('PYTHON') ?? 'python3', '-c', PEERS,
        `${port.local_address.port}`, `${first}`, `${last}`], Gio.SubprocessFlags.NONE);
    let isDone = false;

    peers.wait_async(null, () => (isDone = true));
    iterateUntil(() => isDone, 2 * TIME_LIMIT);
    assertTrue(peers.get_successful(), 'the peers fail');
}

// Returns the memory of this process in MiB.
function measureMemory() {
    collect();
    const [, contents] = GLib.file_get_contents('/proc/self/statm');
    return Number(new TextDecoder().decode(contents).split(' ')[1]) * 4096 / 1024 / 1024;
}

test('a hundred thousand peers, and as many again', () => {
    const protocol = new Checker();
    const port = listen(protocol, '127.0.0.1');

    const before = measureMemory();
    runPeers(port, 0, N_PEERS);
    const after = measureMemory();
    runPeers(port, N_PEERS, 2 * N_PEERS);
    const last = measureMemory();
    print(`# ${before} MiB before, ${after} behind the first, ${last} behind the second`);
    assertEqual([protocol.count, protocol.wrong], [2 * N_PEERS, []]);
    assertEqual(port.get_statistics().datagrams_sent, 2 * N_PEERS);
    // The override remembers 34464 other peers than before, but at most 65536 in total.
    assertTrue(last - after < (after - before) / 2, 'memory grows with the peers');

    // Writing to a forgotten peer still works.
    port.write('late', protocol.first);
    assertEqual(port.get_statistics().datagrams_sent, 2 * N_PEERS + 1);
});

// A batch that is being delivered may keep its peers; the tables of other peers must not grow.
test('peers beyond those that are remembered, while a handler runs a main loop', () => {
    const protocol = new Checker();
    const port = listen(protocol, '127.0.0.1');
    let isOver = false;

    protocol.handleEmpty = () => {
        runPeers(port, 0, 67000);
        isOver = true;
    };
    port.write('', port.localEndpoint);
    iterateUntil(() => isOver, 240);
    assertEqual([protocol.count, protocol.wrong], [67000, []]);
    const {senders: known} = port._gudpx;
    print(`# ${known.size} are remembered`);
    assertTrue(known.size <= MAX_PEERS && port._gudpx.numbers.size <= MAX_PEERS,
        `${known.size} are remembered`);
});

main();
