// SPDX-License-Identifier: LGPL-2.1-or-later

// Runs the chat program in JavaScript, and lets a test look at its widgets and use them.
//
// Each line of the standard input is a command in JSON, [NAME, ARGUMENT…]. The answer to each
// command is one line.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import Gtk from 'gi://Gtk?version=4.0';
import System from 'system';

import {Application} from '../../examples/gtk/js/application.js';
import {Network} from '../../examples/gtk/js/network.js';

function rowsOf(list) {
    const rows = [];
    for (let row = list.get_row_at_index(0); row !== null; row = list.get_row_at_index(rows.length))
        rows.push(row);
    return rows;
}

function *walk(widget) {
    yield widget;
    for (let child = widget.get_first_child(); child !== null; child = child.get_next_sibling())
        yield *walk(child);
}

// Returns the text of the first label in the widget of that name, if there is one.
function findText(widget, cssName) {
    for (const inner of walk(widget)) {
        if (inner.get_css_name() === cssName)
            return [...walk(inner)].find(each => each instanceof Gtk.Label).get_text();
    }
    return null;
}

function sum(values) {
    return values.reduce((total, value) => total + value, 0);
}

// GLib 2.80 has moved the class, and GJS warns of the old name.
function openInput() {
    let InputStream;
    try {
        ({InputStream} = imports.gi.GioUnix);
    } catch {
        InputStream = Gio.UnixInputStream;
    }
    return new InputStream({fd: 0, close_fd: false});
}

class Driver {
    constructor(application) {
        this.application = application;
        this.input = new Gio.DataInputStream({
            base_stream: openInput(),
        });
        application.connect_after('activate', () => this.read());
    }

    get window() {
        return this.application.window;
    }

    read() {
        this.input.read_line_async(GLib.PRIORITY_DEFAULT, null, (input, result) => {
            const [line] = input.read_line_finish_utf8(result);
            if (line === null)
                return;
            const [name, ...args] = JSON.parse(line);
            print(JSON.stringify(this[name](...args) ?? null));
            this.read();
        });
    }

    look() {
        const {window} = this;
        return {
            'peers': rowsOf(window._peer_list).map(row => this.describePeer(row)),
            'messages': rowsOf(window._message_list).map(row => this.describeMessage(row)),
            'page': window._pages.get_visible_child_name(),
            'status': window._status.title,
            'title': window._peer_title.title,
            'subtitle': window._peer_title.subtitle,
            'can-write': window._entry.is_sensitive(),
            'folded': window._fold.folded,
            'shows': window._fold.shown === window._fold.sidebar ? 'list' : 'content',
            'toast': findText(window._toasts, 'toast'),
            'plain': window._toasts instanceof Gtk.Overlay,
            'received': sum(window._plot.received),
            'sent': sum(window._plot.sent),
            'ignored': this.application.network.ignored,
        };
    }

    describePeer(row) {
        const unread = row._unread;
        return [row._name.get_text(), unread.is_visible() ? Number(unread.get_text()) : 0];
    }

    describeMessage(row) {
        // The state follows the time.
        return [row._text.get_text(), row._caption.get_text().slice('12:34 · '.length)];
    }

    select(name) {
        for (const row of rowsOf(this.window._peer_list)) {
            if (row._name.get_text() === name) {
                this.window._peer_list.emit('row-activated', row);
                this.window._peer_list.select_row(row);
            }
        }
    }

    write(text) {
        this.window._entry.set_text(text);
        this.window.lookup_action('send').activate(null);
    }

    back() {
        this.window.lookup_action('back').activate(null);
    }

    close() {
        this.window.close();
    }
}

const options = JSON.parse(ARGV[0]);
const network = new Network({
    name: options.name,
    number: options.port,
    groups: options.groups,
    interfaceName: options.interface,
    interval: options.interval,
    resendMs: options.resend,
});
network.start();
const application = new Application(network);
const driver = new Driver(application);
const status = application.run(null);
driver.application = null;
System.exit(status);
