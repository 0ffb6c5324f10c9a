#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later

// Sends "Client: Ping" to a multicast group and prints the answers.

import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Gudpx from 'gi://Gudpx?version=1';

import {orExit, parseOptions} from './options.js';

const GROUP = '228.0.0.5';
const PORT = 8005;

const MulticastPingClient = GObject.registerClass(
class MulticastPingClient extends Gudpx.DatagramProtocol {
    /**
     * @param {Uint8Array} data
     * @param {Gudpx.Endpoint} sender
     */
    datagramReceived(data, sender) {
        const text = JSON.stringify(new TextDecoder().decode(data));
        print(`received ${text} from ${sender.host}:${sender.port}`);
    }
});

const options = parseOptions(`Ping the members of ${GROUP}.`, {
    interface: {value: null, help: 'name of the interface to send on'},
});

// Number 0 takes a free port number. If client and server shared a number on one machine, the
// kernel would deliver the answer to only one of the two.
orExit(() => {
    const port = Gudpx.listen_multicast(0, new MulticastPingClient());
    port.multicast_interface = options.interface;
    port.write('Client: Ping', {host: GROUP, port: PORT});
});

print(`sent "Client: Ping" to ${GROUP}:${PORT}`);
new GLib.MainLoop(null, false).run();
