// SPDX-License-Identifier: LGPL-2.1-or-later

/* Tests the override in a separate network, made by tests/netns. */

import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Gudpx from 'gi://Gudpx?version=1';

import {
    Recorder, assertEqual, assertTrue, iterateUntil, listen, main, test, text
} from './gudpxtest.js';

const Echo = GObject.registerClass(class Echo extends Gudpx.DatagramProtocol {
    datagramReceived(data, sender) {
        this.sender = sender;
        this.transport.write(data, sender);
    }
});

function run(command) {
    const [, output, errors, status] = GLib.spawn_command_line_sync(`sh -c '${command}'`);
    assertTrue(status === 0, `${command}: ${text(errors)}`);
    return text(output);
}

function renameInterface() {
    run(String.raw`name=$(printf "gudpx\377") &&
        ip link set gudpx0 down && ip link set gudpx0 name "$name" && ip link set "$name" up &&
        (ip address add fe80::1/64 dev "$name" nodad || true)`);
}

test('a sender by an interface whose name is no UTF-8', () => {
    const index = parseInt(run('ip -o link show dev gudpx0'));
    renameInterface();
    const host = `fe80::1%${index}`;
    const port = listen(new Echo(), '::');
    const recorder = new Recorder();
    const peer = listen(recorder, '::');

    peer.write('x', {host, port: port.localEndpoint.port});
    iterateUntil(() => recorder.datagrams.length > 0, 5);
    assertEqual([port.protocol.sender, recorder.texts],
        [{host, port: peer.localEndpoint.port}, ['x']]);
});

main();
