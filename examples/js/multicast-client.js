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
    /** @param {Gudpx.Datagram} datagram */
    vfunc_datagram_received(datagram) {
        print(`received ${JSON.stringify(datagram.text)} from ${datagram.get_sender()?.to_string()}`);
    }
});

const options = parseOptions(`Ping the members of ${GROUP}.`, {
    interface: {value: null, help: 'name of the interface to send by'},
});

// A port number of its own: were it the server's, on the same machine, the kernel would hand the
// answer, which is sent to one receiver, to one of the two.
orExit(() => {
    const port = Gudpx.listen_multicast(0, new MulticastPingClient(), false, null);
    port.set_multicast_interface(options.interface);
    port.write_to_host('Client: Ping', GROUP, PORT);
});

print(`sent "Client: Ping" to ${GROUP}:${PORT}`);
new GLib.MainLoop(null, false).run();
