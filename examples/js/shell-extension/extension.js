// SPDX-License-Identifier: LGPL-2.1-or-later

// A GNOME Shell extension that shows datagrams to UDP port 9999 of this computer:
//
//   echo 'The build is done' | socat - udp-sendto:127.0.0.1:9999
//
// Copy this directory to ~/.local/share/gnome-shell/extensions/datagram-notifier@gudpx.example.

import Gio from 'gi://Gio';
import GObject from 'gi://GObject';
import Gudpx from 'gi://Gudpx?version=1';

import {Extension} from 'resource:///org/gnome/shell/extensions/extension.js';
import * as Main from 'resource:///org/gnome/shell/ui/main.js';

const MAX_LENGTH = 200;

// Register a class once, when the module is loaded, and not in enable().
const Notifier = GObject.registerClass(
class Notifier extends Gudpx.DatagramProtocol {
    /**
     * @param {Uint8Array} data
     * @param {Gudpx.Endpoint} sender
     */
    datagramReceived(data, sender) {
        const text = new TextDecoder().decode(data).trim().slice(0, MAX_LENGTH);

        Main.notify(`From ${sender.host}`, text);
    }
});

export default class DatagramNotifier extends Extension {
    address = {host: '127.0.0.1', port: 9999};
    // Program that receives a “hello” when the extension is enabled.
    observer = {host: 'localhost', port: 9998};

    /** @type {Gudpx.Port | null} */
    _port = null;
    /** @type {Gio.Cancellable | null} */
    _cancellable = null;

    enable() {
        this._cancellable = new Gio.Cancellable();
        try {
            this._port = Gudpx.listen_udp(this.address.port, new Notifier(), this.address.host);
        } catch (error) {
            // Another program may use the number: log this, but do not fail for good.
            logError(error);
            return;
        }
        this._announce(this._port, this._cancellable);
    }

    // Ends every operation, and drops every reference.
    disable() {
        this._cancellable?.cancel();
        this._cancellable = null;
        this._port?.stop_listening();
        this._port = null;
    }

    /**
     * @param {Gudpx.Port} port
     * @param {Gio.Cancellable} cancellable
     */
    async _announce(port, cancellable) {
        try {
            const host = await Gudpx.resolve(this.observer.host, cancellable);

            await port.writeAsync('hello', {host, port: this.observer.port}, cancellable);
        } catch (error) {
            // Cancelled means that disable() was called.
            if (!cancellable.is_cancelled())
                logError(error);
        }
    }
}
