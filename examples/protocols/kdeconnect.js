#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later

// Announces a device, and prints the other devices of the local network (KDE Connect's discovery).
//
//   examples/run kdeconnect --name="My laptop"
//
// Shows broadcast on all interfaces, a port number that is shared with the system's own KDE Connect
// or GSConnect, and how to check datagrams before using them. Devices that receive the announcement
// connect to our --tcp-port by TCP, and use another protocol there.

import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Gudpx from 'gi://Gudpx?version=1';

import {fail, orExit, parseOptions} from '../js/options.js';

const PORT = 1716;
const LAST_TCP_PORT = 1764;
const PROTOCOL_VERSION = 7;
const MAX_SIZE = 8192;
const MAX_DEVICES = 100;
const MAX_INTERVAL = 24 * 60 * 60;
const TYPES = ['desktop', 'laptop', 'phone', 'tablet', 'tv'];

const decoder = new TextDecoder('utf-8', {fatal: true});

// Returns the device that a packet describes, or null. A packet is an object in one line of JSON.
function parseIdentity(data) {
    let packet;
    try {
        packet = data.length <= MAX_SIZE ? JSON.parse(decoder.decode(data)) : null;
    } catch {
        return null;
    }
    if (packet?.type !== 'kdeconnect.identity')
        return null;

    const {deviceId, deviceName, deviceType, tcpPort} = packet.body ?? {};
    const isSound = typeof deviceId === 'string' && /^[\w-]{1,64}$/.test(deviceId) &&
        typeof deviceName === 'string' &&
        Number.isInteger(tcpPort) && tcpPort >= PORT && tcpPort <= LAST_TCP_PORT;
    if (!isSound)
        return null;
    return {
        id: deviceId,
        // Remove characters that are unsafe to show.
        name: deviceName.replace(/[\p{C}"',;:.!?()[\]<>]/gu, '').slice(0, 32),
        type: TYPES.includes(deviceType) ? deviceType : 'unknown',
        tcpPort,
    };
}

function formatIdentity({id, name, tcpPort}) {
    return `${JSON.stringify({
        id: Date.now(),
        type: 'kdeconnect.identity',
        body: {
            deviceId: id,
            deviceName: name,
            deviceType: 'desktop',
            protocolVersion: PROTOCOL_VERSION,
            incomingCapabilities: [],
            outgoingCapabilities: [],
            tcpPort,
        },
    })}\n`;
}

const Discovery = GObject.registerClass(
class Discovery extends Gudpx.DatagramProtocol {
    constructor(identity) {
        super();
        this._identity = identity;
        this._devices = new Map();
    }

    announce() {
        this.transport.write(formatIdentity(this._identity), {host: '<broadcast>', port: PORT});
    }

    datagramReceived(data, sender) {
        const device = parseIdentity(data);
        // Ignore our own broadcasts, which come back to us.
        if (!device || device.id === this._identity.id)
            return;

        const place = `${sender.host}:${device.tcpPort}`;
        const known = this._devices.get(device.id);
        if (known === place || !known && this._devices.size >= MAX_DEVICES)
            return;
        this._devices.set(device.id, place);
        print(`${place} ${device.type} ${device.id} ${device.name}`);
    }

    vfunc_error_received(_port, error, _destination) {
        printerr(error.message);
    }
});

const options = parseOptions('Find KDE Connect devices in the local network.', {
    name: {value: GLib.get_host_name(), help: 'name of this device'},
    id: {value: GLib.uuid_string_random().replaceAll('-', '_'), help: 'id of this device'},
    'tcp-port': {value: PORT, help: 'TCP port that others connect to'},
    interval: {value: 30, help: 'seconds between announcements'},
});
// Other devices accept only these ports.
if (options['tcp-port'] < PORT || options['tcp-port'] > LAST_TCP_PORT)
    fail(`--tcp-port wants a number from ${PORT} to ${LAST_TCP_PORT}`);
if (options.interval < 1 || options.interval > MAX_INTERVAL)
    fail(`--interval wants a number from 1 to ${MAX_INTERVAL}`);
const discovery = new Discovery({
    id: options.id,
    name: options.name,
    tcpPort: options['tcp-port'],
});

// listen_multiple: the desktop's own KDE Connect may already use the number.
orExit(() => {
    const port = Gudpx.listen_multicast(PORT, discovery, true);
    port.broadcast_allowed = true;
    discovery.announce();
});
print(`announcing ${options.id}`);

GLib.timeout_add_seconds(GLib.PRIORITY_DEFAULT, options.interval, () => {
    try {
        discovery.announce();
    } catch (error) {
        printerr(error.message);
    }
    return GLib.SOURCE_CONTINUE;
});
new GLib.MainLoop(null, false).run();
