#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later

// A UDP echo service on the sockets that systemd passes to it.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Gudpx from 'gi://Gudpx?version=1';
import System from 'system';

import {orExit, parseOptions} from './options.js';

const FIRST_FD = 3;

/**
 * A sender with our own number is another echo server, or forged: echoes would never end.
 * UNIX sockets have no port numbers.
 *
 * @param {Gudpx.Datagram} datagram
 */
function isEchoServer(datagram) {
    const sender = datagram.get_sender();
    const own = datagram.get_transport()?.get_local_address();
    return sender instanceof Gio.InetSocketAddress && own instanceof Gio.InetSocketAddress &&
        sender.get_port() === own.get_port();
}

const Echo = GObject.registerClass(
class Echo extends Gudpx.DatagramProtocol {
    /** @param {Gudpx.Datagram} datagram */
    vfunc_datagram_received(datagram) {
        const payload = datagram.get_payload();
        print(`received ${payload.length} bytes`);
        if (!isEchoServer(datagram))
            datagram.reply(payload);
    }
});

// What sd_listen_fds(3) does: the variables may be meant for another process.
function countPassedFds() {
    const pid = new Gio.Credentials().get_unix_pid();
    if (GLib.getenv('LISTEN_PID') !== String(pid))
        return 0;
    return Number(GLib.getenv('LISTEN_FDS') ?? 0);
}

parseOptions('Send every datagram back, on the sockets that systemd passes.');

const nFds = countPassedFds();
if (nFds === 0) {
    printerr('systemd passed no socket');
    System.exit(1);
}

// One protocol may serve several ports.
const echo = new Echo();
for (let fd = FIRST_FD; fd < FIRST_FD + nFds; fd++) {
    // The unit file says which family it is; the port takes it from the socket.
    const port = orExit(() => Gudpx.adopt_datagram_port(fd, Gio.SocketFamily.INVALID, echo));
    GLib.close(fd);
    print(`listening on ${port.local_address?.to_string()}`);
}

new GLib.MainLoop(null, false).run();
