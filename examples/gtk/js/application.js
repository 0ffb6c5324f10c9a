// SPDX-License-Identifier: LGPL-2.1-or-later

// The application owns the window and stops the network.

import Gdk from 'gi://Gdk?version=4.0';
import Gio from 'gi://Gio';
import GObject from 'gi://GObject';
import Gtk from 'gi://Gtk?version=4.0';

import {onTermination} from '../../js/signals.js';
import {getShared} from './conversation.js';
import {Adw} from './toolkit.js';
import {Window} from './window.js';

export const Application = GObject.registerClass({
    GTypeName: 'ChatApplication',
}, class Application extends Adw.Application {
    constructor(network) {
        // Not unique: several instances may run on one machine, as different people.
        super({application_id: 'org.example.GudpxChat', flags: Gio.ApplicationFlags.NON_UNIQUE});
        this.network = network;
        this.window = null;
    }

    vfunc_startup() {
        super.vfunc_startup();
        const style = new Gtk.CssProvider();
        style.load_from_file(Gio.File.new_for_uri(getShared('style.css')));
        Gtk.StyleContext.add_provider_for_display(
            Gdk.Display.get_default(), style, Gtk.STYLE_PROVIDER_PRIORITY_APPLICATION);
        this._addAction('about', () => this._showAbout());
        this._addAction('quit', () => this.window.close(), '<Control>q');
        this.set_accels_for_action('window.close', ['<Control>w']);
        // Stops the network, so that the other programs receive the good-bye.
        onTermination(() => this._onTermination());
    }

    vfunc_activate() {
        this.window ??= new Window(this.network, {application: this});
        this.window.present();
    }

    vfunc_shutdown() {
        this.network.stop();
        super.vfunc_shutdown();
    }

    _onTermination() {
        this.window?.close();
        this.quit();
    }

    _addAction(name, handler, ...accelerators) {
        const action = new Gio.SimpleAction({name});
        action.connect('activate', handler);
        this.add_action(action);
        this.set_accels_for_action(`app.${name}`, accelerators);
    }

    _showAbout() {
        new Gtk.AboutDialog({
            transient_for: this.window,
            modal: true,
            program_name: 'LAN Chat',
            logo_icon_name: 'user-available-symbolic',
            authors: ['The gudpx developers'],
            license_type: Gtk.License.LGPL_2_1,
            comments: 'An example of gudpx in a GTK program.',
        }).present();
    }
});
