#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later

// Resolves a host name: prints one IPv4 address of it, or all its addresses.

import Gio from 'gi://Gio';
import Gudpx from 'gi://Gudpx?version=1';
import System from 'system';

import {parseOptions} from './options.js';

Gio._promisify(Gudpx, 'resolve_async', 'resolve_finish');
Gio._promisify(Gudpx, 'resolve_all_async', 'resolve_all_finish');

const options = parseOptions('Resolve a host name.', {
    all: {value: false, help: 'print all addresses, IPv6 too'},
}, ['host']);

async function resolve() {
    if (!options.all)
        return [await Gudpx.resolve_async(options.host, null)];

    const tenSeconds = 10 * 1000;
    return Gudpx.resolve_all_async(options.host, Gio.SocketFamily.INVALID, tenSeconds, null);
}

try {
    for (const address of await resolve())
        print(address.to_string());
} catch (error) {
    printerr(/** @type {Error} */ (error).message);
    System.exit(1);
}
