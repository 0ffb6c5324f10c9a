#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later

// Sends a datagram to everybody on the link, and prints what others send, and its own.

import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Gudpx from 'gi://Gudpx?version=1';

import {orExit, parseOptions} from './options.js';

const Listener = GObject.registerClass(
class Listener extends Gudpx.DatagramProtocol {
    /** @param {Gudpx.Datagram} datagram */
    vfunc_datagram_received(datagram) {
        print(`received ${JSON.stringify(datagram.text)} from ${datagram.get_sender()?.to_string()}`);
    }
});

const {destination, port: number} = parseOptions('Send to everybody on the link.', {
    destination: {
        value: '<broadcast>',
        help: 'broadcast address; <broadcast>, the default, is 255.255.255.255',
    },
    port: {value: 8006, help: 'port to send to and listen on'},
});

orExit(() => {
    const port = Gudpx.listen_udp(number, new Listener(), null);
    // Without it the system refuses to send to a broadcast address.
    port.set_broadcast_allowed(true);
    port.write_to_host('Is anybody there?', destination, number);
});

print(`sent "Is anybody there?" to ${destination} port ${number}`);
new GLib.MainLoop(null, false).run();
