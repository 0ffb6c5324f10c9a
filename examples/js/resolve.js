#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later

// Resolves a host name: prints one address, an IPv4 address if there is one, or all addresses.

import Gudpx from 'gi://Gudpx?version=1';
import System from 'system';

import {parseOptions} from './options.js';

const options = parseOptions('Resolve a host name.', {
    all: {value: false, help: 'print all addresses, IPv6 too'},
}, ['host']);

async function resolve() {
    if (options.all)
        return Gudpx.resolveAll(options.host, {timeoutMs: 10 * 1000});
    return [await Gudpx.resolve(options.host)];
}

try {
    for (const address of await resolve())
        print(address);
} catch (error) {
    printerr(/** @type {Error} */ (error).message);
    System.exit(1);
}
