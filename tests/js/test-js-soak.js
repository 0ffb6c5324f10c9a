// SPDX-License-Identifier: LGPL-2.1-or-later

/* Floods a port, and creates garbage for each datagram, so that the engine collects meanwhile.
 * GUDPX_SOAK_SECONDS sets the duration. */

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Gudpx from 'gi://Gudpx?version=1';

import {LOCALHOST, TIME_LIMIT, assertEqual, assertTrue, listen, main, test} from './gudpxtest.js';

const SECONDS = Number(GLib.getenv('GUDPX_SOAK_SECONDS') ?? 3);
// Only Linux's own calls report datagrams that the kernel dropped. Otherwise the test waits until
// no datagram arrives.
const KNOWS_DROPS = GLib.getenv('GUDPX_TEST_IO') !== 'generic';

// Sends numbers as fast as possible, reads the answers, and prints the counts of both.
const SENDER = `
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect(("${LOCALHOST}", int(sys.argv[1])))
end = time.monotonic() + ${SECONDS}
n = n_answers = 0
def drain(flags):
    global n_answers
    try:
        while s.recv(2000, flags):
            n_answers += 1
    except (BlockingIOError, TimeoutError):
        pass
# Send enough for a meaningful test, on a slow machine too.
while time.monotonic() < end or n < 20000:
    for _ in range(100):
        s.send(n.to_bytes(4, "little") + bytes(60))
        n += 1
    drain(socket.MSG_DONTWAIT)
s.settimeout(1)
drain(0)
print(n, n_answers)
`;

const Counter = GObject.registerClass(class Counter extends Gudpx.DatagramProtocol {
    _init(answers) {
        super._init();
        this.answers = answers;
        this.count = 0;
        this.next = 0;
        this.isOrdered = true;
        this.kept = [];
        this.longestPause = 0;
        this.lastTime = GLib.get_monotonic_time();
    }

    datagramReceived(data, sender) {
        const n = data[0] | data[1] << 8 | data[2] << 16 | data[3] << 24;

        this.isOrdered &&= n >= this.next;
        this.next = n + 1;
        this.kept[this.count++ % 5000] = {numbers: [n, n, {}], text: `number ${n}`};
        if (this.count % 1000 === 0)
            this.measurePause();
        if (this.answers)
            this.transport.write(data, sender);
    }

    measurePause() {
        const now = GLib.get_monotonic_time();

        this.longestPause = Math.max(this.longestPause, now - this.lastTime);
        this.lastTime = now;
    }
});

// Runs the sender. Returns a function that returns its output, or null.
function start(port) {
    const sender = Gio.Subprocess.new(
        [GLib.getenv('PYTHON') ?? 'python3', '-c', SENDER, `${port.local_address.port}`],
        Gio.SubprocessFlags.STDOUT_PIPE);
    let printed = null;

    sender.communicate_utf8_async(null, null, (_, result) => {
        printed = sender.communicate_utf8_finish(result)[1].split(' ').map(Number);
    });
    return () => printed;
}

// Waits until every datagram has arrived that the kernel did not drop.
function wait(port, protocol, getPrinted) {
    const limit = GLib.get_monotonic_time() + (SECONDS + TIME_LIMIT) * 1e6;
    const tick = GLib.timeout_add(GLib.PRIORITY_DEFAULT, 10, () => GLib.SOURCE_CONTINUE);
    let [lastCount, lastTime] = [0, 0];
    const isQuiet = () => {
        const now = GLib.get_monotonic_time();

        if (protocol.count !== lastCount)
            [lastCount, lastTime] = [protocol.count, now];
        return now > lastTime + 1e6;
    };
    const isDone = () => getPrinted() !== null && (KNOWS_DROPS
        ? protocol.count + port.get_statistics().kernel_drops >= getPrinted()[0]
        : isQuiet());

    while (!isDone() && GLib.get_monotonic_time() < limit)
        GLib.MainContext.default().iteration(true);
    GLib.source_remove(tick);
}

function soak(answers) {
    const protocol = new Counter(answers);
    const port = listen(protocol);

    port.set_receive_buffer_size(4 * 1024 * 1024);
    port.set_send_queue_limit(16 * 1024 * 1024);
    const getPrinted = start(port);
    wait(port, protocol, getPrinted);

    const [nSent, nAnswers] = getPrinted();
    const {datagrams_received: nReceived, datagrams_sent: nAnswered, kernel_drops: nDropped} =
        port.get_statistics();
    print(`# ${nSent} sent, ${nDropped} dropped by the kernel, ${protocol.count} delivered, ` +
        `${nAnswered} answered, ${nAnswers} of them read; longest time for a thousand ` +
        `${protocol.longestPause} µs`);
    assertEqual([protocol.count, protocol.isOrdered], [nReceived, true]);
    if (KNOWS_DROPS)
        assertEqual(protocol.count + nDropped, nSent);
    if (answers)
        assertEqual(nAnswered, protocol.count);
    assertTrue(protocol.count > 1000);
}

test('saturation loses nothing', () => soak(false));
test('saturation with answers loses nothing', () => soak(true));

main();
