#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later

// Joins a multicast group and answers each "Client: Ping" with "Server: Pong".

import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Gudpx from 'gi://Gudpx?version=1';

import {orExit, parseOptions} from './options.js';

const GROUP = '228.0.0.5';
const PORT = 8005;

const MulticastPingPong = GObject.registerClass(
class MulticastPingPong extends Gudpx.DatagramProtocol {
    /** @param {Gudpx.Datagram} datagram */
    vfunc_datagram_received(datagram) {
        print(`received ${JSON.stringify(datagram.text)} from ${datagram.get_sender()?.to_string()}`);
        // The answer goes to the one who asked, not to the group.
        if (datagram.text === 'Client: Ping')
            datagram.reply('Server: Pong');
    }
});

const options = parseOptions(`Answer pings to ${GROUP}.`, {
    interface: {value: null, help: 'name of the interface to join on'},
});

// listen_multiple: several servers may run on one machine, and each receives the ping.
orExit(() => {
    const port = Gudpx.listen_multicast(PORT, new MulticastPingPong(), true, null);
    port.join_group(GROUP, options.interface);
});

print(`listening on port ${PORT} for ${GROUP}`);
new GLib.MainLoop(null, false).run();
