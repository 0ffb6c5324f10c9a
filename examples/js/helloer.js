#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later

// Says hello to one peer and prints the answer, or that the connection was refused.

import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Gudpx from 'gi://Gudpx?version=1';
import System from 'system';

import {orExit, parseOptions} from './options.js';

const loop = new GLib.MainLoop(null, false);
let exitStatus = 0;

const Helloer = GObject.registerClass(
class Helloer extends Gudpx.DatagramProtocol {
    /** @param {Uint8Array} data */
    datagramReceived(data) {
        print(`received ${JSON.stringify(new TextDecoder().decode(data))}`);
        loop.quit();
    }

    vfunc_connection_refused() {
        print('connection refused: no one is listening');
        exitStatus = 1;
        loop.quit();
    }
});

const options = parseOptions('Say hello to a peer.', {}, ['host', 'port']);

// An IPv6 peer needs an IPv6 socket. Only connected ports receive refusals.
orExit(() => {
    const address = options.host.includes(':') ? '::' : '0.0.0.0';
    const port = Gudpx.listen_udp(0, new Helloer(), address);
    port.connect_peer({host: options.host, port: Number(options.port)});
    port.write('hello');
});

loop.run();
System.exit(exitStatus);
