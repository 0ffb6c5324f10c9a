#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later

// Chat with the people of the local network. Nobody needs to be told an address.

import GLib from 'gi://GLib';
import System from 'system';

import {orExit, parseOptions} from '../../js/options.js';
import {GROUPS, Network, PORT} from './network.js';

const options = parseOptions('Chat with the people of the local network.', {
    name: {value: GLib.get_real_name(), help: 'what others call you'},
    interface: {value: null, help: 'the one network interface to use; without it all'},
    group: {value: GROUPS.join(), help: 'multicast groups to meet in, with commas between them'},
    port: {value: PORT, help: `port number of the group (${PORT})`},
    // What looks for it is in toolkit.js.
    plain: {value: false, help: 'do without libadwaita'},
});

try {
    await import('gi://Gtk?version=4.0');
} catch (error) {
    printerr(`${error.message}. On Debian: apt install gir1.2-gtk-4.0`);
    System.exit(1);
}
const {Application} = await import('./application.js');

const network = new Network({
    name: options.name,
    number: options.port,
    groups: options.group.split(','),
    interfaceName: options.interface,
});
orExit(() => network.start());
System.exit(new Application(network).run(null));
