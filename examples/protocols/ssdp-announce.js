#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later

// Announces a service to the local network, and answers searches for it (SSDP, of UPnP 1.1).
//
//   examples/run ssdp-announce --target=urn:example-org:service:Coffee:1
//
// Shows a group whose port number other programs share, repeated announcements, answers that wait
// for a random time so that they do not arrive together, and a good-bye.

import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Gudpx from 'gi://Gudpx?version=1';

import {orExit, parseOptions} from '../js/options.js';
import {onTermination} from '../js/signals.js';
import {GROUP, PORT, formatMessage, parseMessage, printable} from './common/ssdp.js';

const MAX_AGE = 1800;
const MAX_DELAY = 5;
const MAX_WAITING = 100;

const Announcer = GObject.registerClass(
class Announcer extends Gudpx.DatagramProtocol {
    constructor(target, location) {
        super();
        this._target = target;
        this._location = location;
        this._name = `uuid:${GLib.uuid_string_random()}::${target}`;
        this._waiting = 0;
    }

    announce(kind) {
        this.transport.write(formatMessage('NOTIFY * HTTP/1.1', {
            HOST: `${GROUP}:${PORT}`,
            'CACHE-CONTROL': `max-age=${MAX_AGE}`,
            LOCATION: this._location,
            NT: this._target,
            NTS: kind,
            SERVER: 'Linux/6 UPnP/1.1 gudpx/1',
            USN: this._name,
        }), {host: GROUP, port: PORT});
    }

    datagramReceived(data, sender) {
        const message = parseMessage(data);
        if (!message || !message.start.startsWith('M-SEARCH * HTTP/1.') ||
            message.headers.get('man') !== '"ssdp:discover"')
            return;

        const wanted = message.headers.get('st');
        if (wanted !== 'ssdp:all' && wanted !== this._target)
            return;
        print(printable(`${sender.host} searches for ${wanted}`));
        this._answerLater(sender, Number(message.headers.get('mx')) || 0);
    }

    // Answers after a random delay. The client chooses the longest delay; MAX_WAITING limits the
    // number of waiting answers.
    _answerLater(sender, seconds) {
        if (this._waiting >= MAX_WAITING)
            return;
        this._waiting++;
        const delay = Math.random() * 1000 * Math.min(Math.max(seconds, 0), MAX_DELAY);
        GLib.timeout_add(GLib.PRIORITY_DEFAULT, delay, () => {
            this._waiting--;
            this._answer(sender);
            return GLib.SOURCE_REMOVE;
        });
    }

    _answer(sender) {
        try {
            this.transport.write(formatMessage('HTTP/1.1 200 OK', {
                'CACHE-CONTROL': `max-age=${MAX_AGE}`,
                EXT: '',
                LOCATION: this._location,
                SERVER: 'Linux/6 UPnP/1.1 gudpx/1',
                ST: this._target,
                USN: this._name,
            }), sender);
        } catch (error) {
            printerr(error.message);
        }
    }
});

const options = parseOptions('Announce a service to the local network.', {
    target: {value: 'urn:example-org:service:Example:1', help: 'type of the service'},
    location: {value: 'http://127.0.0.1/description.xml', help: 'URL of its description'},
    interface: {value: null, help: 'name of the interface to announce it on'},
});
const loop = new GLib.MainLoop(null, false);
const announcer = new Announcer(options.target, options.location);

// listen_multiple: desktops and media servers listen to this number, too.
const port = orExit(() => {
    const listening = Gudpx.listen_multicast(PORT, announcer, true);
    listening.multicast_interface = options.interface;
    listening.multicast_ttl = 2;
    listening.join_group(GROUP, options.interface);
    announcer.announce('ssdp:alive');
    return listening;
});
print(`announcing ${options.target}`);

GLib.timeout_add_seconds(GLib.PRIORITY_DEFAULT, MAX_AGE / 3, () => {
    announcer.announce('ssdp:alive');
    return GLib.SOURCE_CONTINUE;
});
onTermination(() => loop.quit());
loop.run();
announcer.announce('ssdp:byebye');
port.stop_listening();
