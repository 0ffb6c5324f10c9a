#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later

// A UDP echo server for IPv6 and IPv4 that answers from the address that a datagram was sent to.

import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Gudpx from 'gi://Gudpx?version=1';

import {orExit, parseOptions} from './options.js';

const Echo = GObject.registerClass(
class Echo extends Gudpx.DatagramProtocol {
    // Gets a datagram object, which has the destination and replies from that address.
    /** @param {Gudpx.Datagram} datagram */
    vfunc_datagram_received(datagram) {
        const sender = datagram.sender?.to_string();
        const destination = datagram.destination?.to_string();
        print(`received ${datagram.payload.length} bytes from ${sender} to ${destination}`);
        // A sender with our own number is another echo server, or forged: echoes would never end.
        if (numberOf(datagram.senderEndpoint) !== numberOf(this.transport?.localEndpoint))
            datagram.reply(datagram.payload);
    }
});

/** @param {any} endpoint */
function numberOf({port}) {
    return port;
}

const options = parseOptions('Echo over IPv6 and IPv4.', {
    address: {
        value: '::',
        help: 'address to listen on, such as ::1 or fe80::1%eth0; ' +
            '::, the default, is any, IPv4 included',
    },
    port: {value: 9999, help: 'port; 0 takes a free one'},
});

const port = orExit(() => Gudpx.listen_udp(options.port, new Echo(), options.address));
// A host has several IPv6 addresses. With the destination a reply knows which one to use.
orExit(() => (port.metadata = Gudpx.MetadataFlags.DESTINATION));

print(`listening on ${port.local_address?.to_string()}`);
new GLib.MainLoop(null, false).run();
