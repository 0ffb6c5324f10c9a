#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later

// Sends a datagram to every host on the link, and prints received datagrams, including its own.

import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Gudpx from 'gi://Gudpx?version=1';

import {orExit, parseOptions} from './options.js';

const Listener = GObject.registerClass(
class Listener extends Gudpx.DatagramProtocol {
    /**
     * @param {Uint8Array} data
     * @param {Gudpx.Endpoint} sender
     */
    datagramReceived(data, sender) {
        const text = JSON.stringify(new TextDecoder().decode(data));
        print(`received ${text} from ${sender.host}:${sender.port}`);
    }
});

const {destination, port: number} = parseOptions('Send to every host on the link.', {
    destination: {
        value: '<broadcast>',
        help: 'broadcast address; <broadcast>, the default, is 255.255.255.255',
    },
    port: {value: 8006, help: 'port to send to and listen on'},
});

orExit(() => {
    const port = Gudpx.listen_udp(number, new Listener());
    // The system rejects broadcasts unless this is set.
    port.broadcast_allowed = true;
    port.write('Is anybody there?', {host: destination, port: number});
});

print(`sent "Is anybody there?" to ${destination} port ${number}`);
new GLib.MainLoop(null, false).run();
