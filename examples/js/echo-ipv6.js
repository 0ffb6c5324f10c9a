#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later

// A UDP echo server for IPv6 and IPv4, which answers from the address that it was asked at.

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
    /** @param {Gudpx.Datagram} datagram */
    vfunc_datagram_received(datagram) {
        const payload = datagram.get_payload();
        const sender = datagram.get_sender()?.to_string();
        const destination = datagram.get_destination()?.to_string();
        print(`received ${payload.length} bytes from ${sender} to ${destination}`);
        // A sender with our own number is another echo server, or forged: echoes would never end.
        if (numberOf(datagram.sender) !== numberOf(this.transport?.local_address))
            datagram.reply(payload);
    }
});

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
orExit(() => port.set_metadata(Gudpx.MetadataFlags.DESTINATION));

print(`listening on ${port.local_address?.to_string()}`);
new GLib.MainLoop(null, false).run();
