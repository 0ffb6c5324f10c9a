// SPDX-License-Identifier: LGPL-2.1-or-later

// The window: the list of peers, the conversation with one of them, and the plot.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Gtk from 'gi://Gtk?version=4.0';

import {Conversation, getShared, MessageRow, PeerRow} from './conversation.js';
import './fold.js'; // the template names it
import {MAX_TEXT} from './network.js';
import './plot.js'; // the template names it
import {Adw} from './toolkit.js';

export const Window = GObject.registerClass({
    GTypeName: 'ChatWindow',
    Template: getShared('window.ui'),
    InternalChildren: [
        'toasts', 'fold', 'own_title', 'peer_list', 'plot', 'received_label', 'sent_label',
        'peer_title', 'pages', 'status', 'scrolled', 'message_list', 'entry',
    ],
}, class Window extends Gtk.ApplicationWindow {
    constructor(network, properties = {}) {
        super(properties);
        this._network = network;
        this._conversations = Gio.ListStore.new(Conversation.$gtype);
        this._current = null;
        this._problems = new Map();
        this._counts = network.count();

        this._own_title.subtitle = network.name;
        this._entry.set_max_length(MAX_TEXT);
        this._plot.useColorsOf(this._received_label, this._sent_label);
        this._peer_list.bind_model(this._conversations, item => new PeerRow(item));
        this._addActions();
        this._connectWidgets();
        this._handlers = [
            network.connect('peer-added', (_network, peer) => this._onPeerAdded(peer)),
            network.connect('peer-removed', (_network, peer) => this._onPeerRemoved(peer)),
            network.connect('message-received',
                (_network, peer, message) => this._onMessageReceived(peer, message)),
            network.connect('problem', (_network, text) => this._onProblem(text)),
        ];
        this._timer = GLib.timeout_add_seconds(GLib.PRIORITY_DEFAULT, 1, () => this._updatePlot());
        this._updatePlot();
        this._showEmpty();
    }

    _addActions() {
        const handlers = {send: () => this._send(), back: () => this._showSidebar()};

        for (const [name, handler] of Object.entries(handlers)) {
            const action = new Gio.SimpleAction({name});
            action.connect('activate', handler);
            this.add_action(action);
        }
        this.lookup_action('send').set_enabled(false);
    }

    _connectWidgets() {
        this._peer_list.connect('row-selected', (_list, row) => this._onRowSelected(row));
        this._peer_list.connect('row-activated', (_list, row) => this._onRowActivated(row));
        this._entry.connect('activate', () => this._send());
        this._entry.connect('changed', () => this._updateSend());
        this._fold.connect('notify::folded', () => this._onFolded());
        // Keep the newest message in view.
        const adjustment = this._scrolled.get_vadjustment();
        adjustment.connect('notify::upper', () => adjustment.set_value(adjustment.get_upper()));
    }

    vfunc_close_request() {
        // The network may live longer than the window.
        for (const handler of this._handlers)
            this._network.disconnect(handler);
        // Dismiss the toasts now: the garbage collector must not call a handler.
        for (const toast of [...this._problems.values()])
            toast.dismiss();
        GLib.source_remove(this._timer);
        return false;
    }

    _find(peer) {
        const conversations = [...this._conversations];
        const position = conversations.findIndex(conversation => conversation.peer === peer);
        return {position, conversation: conversations[position]};
    }

    _onPeerAdded(peer) {
        const current = this._current;

        if (current?.isPresent === false && current.peer.id === peer.id) {
            // The peer came back while its conversation was shown.
            current.peer = peer;
            current.isPresent = true;
            this._conversations.append(current);
            this._showPresence();
            return;
        }
        this._conversations.append(new Conversation(peer));
        if (current === null)
            this._showEmpty();
    }

    _onPeerRemoved(peer) {
        const {position, conversation} = this._find(peer);

        conversation.isPresent = false;
        this._conversations.remove(position);
        if (conversation === this._current)
            this._showPresence();
        else if (this._current === null)
            this._showEmpty();
    }

    _onMessageReceived(peer, message) {
        const {conversation} = this._find(peer);

        conversation.add(message);
        if (conversation !== this._current || !this._showsContent())
            conversation.unread++;
    }

    _onProblem(text) {
        // Show a problem only once while its toast is visible.
        if (this._problems.has(text))
            return;
        const toast = Adw.Toast.new(GLib.markup_escape_text(text, -1));
        this._problems.set(text, toast);
        toast.connect('dismissed', () => this._problems.delete(text));
        this._toasts.add_toast(toast);
    }

    _showsContent() {
        return !this._fold.folded || this._fold.shown === this._fold.content;
    }

    _onRowSelected(row) {
        // null: the peer has left; its conversation stays readable.
        if (row !== null)
            this._show(row.conversation);
    }

    _onRowActivated(row) {
        // In a narrow window the user may also activate the selected row.
        this._show(row.conversation);
        this._fold.showContent();
        this._entry.grab_focus();
    }

    _onFolded() {
        if (this._current === null)
            this._fold.showSidebar();
    }

    _showSidebar() {
        this._fold.showSidebar();
    }

    _showEmpty() {
        if (this._conversations.get_n_items() > 0) {
            this._status.icon_name = 'user-available-symbolic';
            this._status.title = 'Choose Somebody';
            this._status.description = 'The people of this network are in the list.';
        } else {
            this._status.icon_name = 'network-wired-symbolic';
            this._status.title = 'Nobody Here Yet';
            this._status.description = 'Start LAN Chat on another computer of this network.';
        }
        this._pages.set_visible_child_name('empty');
    }

    _show(conversation) {
        conversation.unread = 0;
        if (conversation === this._current)
            return;
        this._current = conversation;
        this._message_list.bind_model(conversation.messages, message => new MessageRow(message));
        this._pages.set_visible_child_name('conversation');
        this._showPresence();
    }

    _showPresence() {
        const {peer, isPresent} = this._current;

        this._peer_title.title = peer.name;
        this._peer_title.subtitle = isPresent ? peer.address : 'Has left';
        this._entry.set_sensitive(isPresent);
        this._updateSend();
    }

    _updateSend() {
        const canSend = this._current.isPresent && this._entry.get_text().trim() !== '';
        this.lookup_action('send').set_enabled(canSend);
    }

    _send() {
        const text = this._entry.get_text().trim();

        if (text !== '' && this._current.isPresent) {
            this._current.add(this._network.send(this._current.peer, text));
            this._entry.set_text('');
            this._entry.grab_focus();
        }
    }

    _updatePlot() {
        const counts = this._network.count();
        const received = counts.received - this._counts.received;
        const sent = counts.sent - this._counts.sent;

        this._counts = counts;
        this._plot.add(received, sent);
        this._received_label.set_text(`${received} in`);
        this._sent_label.set_text(`${sent} out`);
        return GLib.SOURCE_CONTINUE;
    }
});
