#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later

// A UDP echo server that creates and binds the socket itself.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Gudpx from 'gi://Gudpx?version=1';

import {fail, orExit, parseOptions} from './options.js';

const Echo = GObject.registerClass(
class Echo extends Gudpx.DatagramProtocol {
    /**
     * @param {Uint8Array} data
     * @param {Gudpx.Endpoint} sender
     */
    datagramReceived(data, sender) {
        print(`received ${data.length} bytes`);
        // A sender with our own number is another echo server, or forged: echoes would never end.
        const {port} = /** @type {Gudpx.Endpoint} */ (this.transport?.localEndpoint);
        if (sender.port !== port)
            this.transport?.write(data, sender);
    }
});

const options = parseOptions('Send every datagram back, on a socket made here.', {
    port: {value: 9999, help: 'port; 0 takes a free one'},
});
// GIO would use the number modulo 65536.
if (options.port > 65535)
    fail('--port wants a number from 0 to 65535');

const port = orExit(() => {
    const socket = Gio.Socket.new(
        Gio.SocketFamily.IPV4, Gio.SocketType.DATAGRAM, Gio.SocketProtocol.UDP);
    // Set socket options here that the library has no property for: socket.set_option()…
    socket.bind(Gio.InetSocketAddress.new_from_string('127.0.0.1', options.port), false);

    const adopted = Gudpx.adopt_datagram_port(
        socket.get_fd(), Gio.SocketFamily.IPV4, new Echo());
    // The port has a duplicate of the descriptor, so close this one.
    socket.close();
    return adopted;
});

print(`listening on ${port.local_address?.to_string()}`);
new GLib.MainLoop(null, false).run();
