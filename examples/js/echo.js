#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later

// A UDP echo server: sends every datagram back to its sender.

import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Gudpx from 'gi://Gudpx?version=1';

import {orExit, parseOptions} from './options.js';

const Echo = GObject.registerClass(
class Echo extends Gudpx.DatagramProtocol {
    vfunc_started() {
        print(`listening on ${this.transport?.local_address?.to_string()}`);
    }

    /**
     * @param {Uint8Array} data
     * @param {Gudpx.Endpoint} sender
     */
    datagramReceived(data, sender) {
        const text = JSON.stringify(new TextDecoder().decode(data));
        print(`received ${text} from ${sender.host}:${sender.port}`);
        // A sender with our own number is another echo server, or forged: echoes would never end.
        const {port} = /** @type {Gudpx.Endpoint} */ (this.transport?.localEndpoint);
        if (sender.port !== port)
            this.transport?.write(data, sender);
    }
});

const options = parseOptions('Send every datagram back to its sender.', {
    address: {value: '127.0.0.1', help: 'address to listen on'},
    port: {value: 9999, help: 'port; 0 takes a free one'},
});

// You do not need to keep the port: it serves until it is stopped.
orExit(() => Gudpx.listen_udp(options.port, new Echo(), options.address));

new GLib.MainLoop(null, false).run();
