#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later

// Says hello to one peer and prints what comes back, or that the connection was refused.

import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Gudpx from 'gi://Gudpx?version=1';
import System from 'system';

import {orExit, parseOptions} from './options.js';

const loop = new GLib.MainLoop(null, false);
let exitStatus = 0;

const Helloer = GObject.registerClass(
class Helloer extends Gudpx.DatagramProtocol {
    /** @param {Gudpx.Datagram} datagram */
    vfunc_datagram_received(datagram) {
        print(`received ${JSON.stringify(datagram.text)}`);
        loop.quit();
    }

    /** @param {Gudpx.Port} _port */
    vfunc_connection_refused(_port) {
        print('connection refused: no one is listening');
        exitStatus = 1;
        loop.quit();
    }
});

const options = parseOptions('Say hello to a peer.', {}, ['host', 'port']);

// An IPv6 peer needs an IPv6 socket. Only a connected port hears of a refusal.
orExit(() => {
    const port = Gudpx.listen_udp(0, new Helloer(), options.host.includes(':') ? '::' : null);
    port.connect_peer(options.host, Number(options.port));
    port.write('hello');
});

loop.run();
System.exit(exitStatus);
