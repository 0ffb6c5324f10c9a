#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later

// A UDP echo server: sends every datagram back to where it came from.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Gudpx from 'gi://Gudpx?version=1';

import {orExit, parseOptions} from './options.js';

/** @param {Gio.SocketAddress | null | undefined} address */
function numberOf(address) {
    return address instanceof Gio.InetSocketAddress ? address.get_port() : 0;
}

const Echo = GObject.registerClass(
class Echo extends Gudpx.DatagramProtocol {
    vfunc_started() {
        print(`listening on ${this.transport?.local_address?.to_string()}`);
    }

    /** @param {Gudpx.Datagram} datagram */
    vfunc_datagram_received(datagram) {
        const text = JSON.stringify(datagram.text);
        print(`received ${text} from ${datagram.get_sender()?.to_string()}`);
        // A sender with our own number is another echo server, or forged: echoes would never end.
        if (numberOf(datagram.sender) !== numberOf(this.transport?.local_address))
            datagram.reply(datagram.payload);
    }
});

const options = parseOptions('Send every datagram back to where it came from.', {
    address: {value: '127.0.0.1', help: 'address to listen on'},
    port: {value: 9999, help: 'port; 0 takes a free one'},
});

// Nothing needs to hold on to the port: it serves until it is stopped.
orExit(() => Gudpx.listen_udp(options.port, new Echo(), options.address));

new GLib.MainLoop(null, false).run();
