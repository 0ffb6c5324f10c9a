#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later

// Searches the local network for devices and services (SSDP, of UPnP 1.1).
//
//   examples/run ssdp-discover --target=upnp:rootdevice
//
// Shows a search by multicast. The answers come from many hosts to the port that asked, until a
// time limit. A limit for the table of results keeps a flood of answers from filling the memory.

import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Gudpx from 'gi://Gudpx?version=1';

import {orExit, parseOptions} from '../js/options.js';
import {GROUP, PORT, formatMessage, parseMessage, printable} from './common/ssdp.js';

const SEARCHES = 3;
const MAX_RESOURCES = 1000;

const Search = GObject.registerClass(
class Search extends Gudpx.DatagramProtocol {
    resources = new Set();

    datagramReceived(data, sender) {
        const message = parseMessage(data);
        if (!message || !/^HTTP\/1\.[01] 200\b/.test(message.start))
            return;

        const [name, target, location] = ['usn', 'st', 'location'].map(
            header => message.headers.get(header));
        if (!name || !target || this.resources.has(name) || this.resources.size >= MAX_RESOURCES)
            return;
        this.resources.add(name);
        print(printable(`${sender.host} ${target} ${name} ${location ?? 'nowhere'}`));
    }

    vfunc_error_received(_port, error, _destination) {
        printerr(error.message);
    }
});

const options = parseOptions('Search the local network for devices and services.', {
    target: {value: 'ssdp:all', help: 'what to search for'},
    interface: {value: null, help: 'name of the interface to search on'},
    group: {value: GROUP, help: 'ff02::c for IPv6, with an interface'},
    seconds: {value: 3, help: 'how long the answers may take'},
});
const isIpv6 = options.group.includes(':');
const search = formatMessage('M-SEARCH * HTTP/1.1', {
    HOST: isIpv6 ? `[${options.group}]:${PORT}` : `${options.group}:${PORT}`,
    MAN: '"ssdp:discover"',
    MX: Math.max(1, Math.min(5, options.seconds - 1)),
    ST: options.target.replace(/[\r\n]/g, ''),
});
const loop = new GLib.MainLoop(null, false);
const protocol = new Search();
let searches = 0;

// Repeats the search, because datagrams may be lost. Repeated answers are printed once.
function searchAgain() {
    protocol.transport.write(search, {host: options.group, port: PORT});
    return ++searches < SEARCHES ? GLib.SOURCE_CONTINUE : GLib.SOURCE_REMOVE;
}

orExit(() => {
    const port = Gudpx.listen_udp(0, protocol, isIpv6 ? '::' : '0.0.0.0');
    port.multicast_interface = options.interface;
    port.multicast_ttl = 2;
    searchAgain();
});
GLib.timeout_add(GLib.PRIORITY_DEFAULT, 100, searchAgain);
GLib.timeout_add(GLib.PRIORITY_DEFAULT, options.seconds * 1000, () => {
    loop.quit();
    return GLib.SOURCE_REMOVE;
});
loop.run();
