// SPDX-License-Identifier: LGPL-2.1-or-later

/* Before 1.82 gjs does not call JavaScript while it collects garbage in small steps, and makes the
 * next step only when it is called. The library ends the collection. Otherwise gjs would not call a
 * handler that keeps many objects for seconds. */

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Gudpx from 'gi://Gudpx?version=1';

import {LOCALHOST, assertTrue, listen, main, test} from './gudpxtest.js';

// The library offers datagrams again after at most 16 ms: in some seconds this makes hundreds of
// calls.
const MAX_BLOCKED = 50;

// Sends two thousand datagrams a second, then “last” until the port has stopped.
const SENDER = `
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect(("${LOCALHOST}", int(sys.argv[1])))
for i in range(10000):
    s.send(bytes(64))
    if i % 2 == 0:
        time.sleep(0.001)
try:
    while True:
        s.send(b"last")
        time.sleep(0.1)
except ConnectionRefusedError:
    pass
`;

const Hoarder = GObject.registerClass(class Hoarder extends Gudpx.DatagramProtocol {
    _init(loop) {
        super._init();
        this.loop = loop;
        this.count = 0;
        this.kept = [];
    }

    datagramReceived(data) {
        const objects = [];

        if (data.length === 4)
            this.loop.quit();
        for (let i = 0; i < 200; i++)
            objects.push({i, text: `x${i}${this.count}`, numbers: new Array(10)});
        this.kept[this.count++ % 1000] = objects;
    }
});

// Lets only datagrams call JavaScript: any other call would continue the collection.
function hoard() {
    const loop = new GLib.MainLoop(null, false);
    const port = listen(new Hoarder(loop));

    GLib.spawn_async(null,
        [GLib.getenv('PYTHON') ?? 'python3', '-c', SENDER, `${port.local_address.port}`],
        null, GLib.SpawnFlags.SEARCH_PATH, null);
    loop.run();
    port.stop_listening();
}

// Counts the blocked calls to JavaScript: gjs logs each of them.
function countBlocked() {
    const [file] = GLib.filename_from_uri(import.meta.url);
    const launcher = new Gio.SubprocessLauncher({flags: Gio.SubprocessFlags.STDERR_PIPE});

    launcher.unsetenv('G_DEBUG');
    const child = launcher.spawnv(['gjs', '-m', file, 'hoard']);
    const [, , complaints] = child.communicate_utf8(null, null);

    assertTrue(child.get_successful(), complaints);
    return complaints.split('\n').filter(line => line.includes('packed_received')).length;
}

if (ARGV[0] === 'hoard') {
    hoard();
} else {
    test('a collection does not block it for long', () => {
        const nBlocked = countBlocked();

        print(`# JavaScript could not be called ${nBlocked} times`);
        assertTrue(nBlocked < MAX_BLOCKED);
    });
    main();
}
