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
    /**
     * @param {Uint8Array} data
     * @param {Gudpx.Endpoint} sender
     */
    datagramReceived(data, sender) {
        const text = new TextDecoder().decode(data);
        print(`received ${JSON.stringify(text)} from ${sender.host}:${sender.port}`);
        // Answer the sender, not the group.
        if (text === 'Client: Ping')
            this.transport?.write('Server: Pong', sender);
    }
});

const options = parseOptions(`Answer pings to ${GROUP}.`, {
    interface: {value: null, help: 'name of the interface to join on'},
});

// listen_multiple: several servers may run on one machine, and each receives the ping.
orExit(() => {
    const port = Gudpx.listen_multicast(PORT, new MulticastPingPong(), true);
    port.join_group(GROUP, options.interface);
});

print(`listening on port ${PORT} for ${GROUP}`);
new GLib.MainLoop(null, false).run();
