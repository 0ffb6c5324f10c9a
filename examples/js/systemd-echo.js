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
 * Detects a sender with our own number: another echo server, or forged. Echoes would never end.
 * UNIX sockets have no port numbers.
 *
 * @param {any} sender
 * @param {any} own
 */
function isEchoServer(sender, own) {
    return sender.port !== undefined && sender.port === own.port;
}

const Echo = GObject.registerClass(
class Echo extends Gudpx.DatagramProtocol {
    /**
     * @param {Uint8Array} data
     * @param {Gudpx.Sender | null} sender
     */
    datagramReceived(data, sender) {
        print(`received ${data.length} bytes`);
        // Only clients whose UNIX socket is bound can get an answer.
        if (sender !== null && !isEchoServer(sender, this.transport?.localEndpoint))
            this.transport?.write(data, sender);
    }
});

// Returns the number of passed descriptors, like sd_listen_fds(3). The variables may be for another
// process, so check the process id.
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

// A protocol may serve several ports.
const echo = new Echo();
for (let fd = FIRST_FD; fd < FIRST_FD + nFds; fd++) {
    // The unit file sets the address family; the port reads it from the socket.
    const port = orExit(() => Gudpx.adopt_datagram_port(fd, Gio.SocketFamily.INVALID, echo));
    GLib.close(fd);
    print(`listening on ${port.local_address?.to_string()}`);
}

new GLib.MainLoop(null, false).run();
