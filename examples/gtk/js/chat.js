#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later

// Chat with the people of the local network, without knowing their addresses.

import GLib from 'gi://GLib';
import System from 'system';

import {orExit, parseOptions} from '../../js/options.js';
import {GROUPS, Network, PORT} from './network.js';

const options = parseOptions('Chat with the people of the local network.', {
    name: {value: GLib.get_real_name(), help: 'name that others see'},
    interface: {value: null, help: 'the only network interface to use; all by default'},
    group: {value: GROUPS.join(), help: 'multicast groups to meet in, separated by commas'},
    port: {value: PORT, help: `port number of the group (${PORT})`},
    // toolkit.js reads this option.
    plain: {value: false, help: 'do not use libadwaita'},
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
