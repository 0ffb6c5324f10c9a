// SPDX-License-Identifier: LGPL-2.1-or-later

// The messages exchanged with a peer, and the rows that show them.

import Gio from 'gi://Gio';
import GObject from 'gi://GObject';
import Gtk from 'gi://Gtk?version=4.0';

import {Message} from './network.js';

const MAX_MESSAGES = 500;
const {READWRITE} = GObject.ParamFlags;

const STATES = {sending: 'Sending…', delivered: 'Delivered', failed: 'Not delivered'};

// Returns the URI of a file that the program shares with the program in Python.
export function getShared(name) {
    const directory = Gio.File.new_for_uri(import.meta.url).get_parent().get_parent();
    return directory.get_child(name).get_uri();
}

function makeCaption(message, state) {
    const time = message.time.format('%H:%M');
    return message.isOwn ? `${time} · ${STATES[state]}` : time;
}

export const Conversation = GObject.registerClass({
    GTypeName: 'ChatConversation',
    Properties: {
        unread: GObject.ParamSpec.int('unread', '', '', READWRITE, 0, 0x7fffffff, 0),
        preview: GObject.ParamSpec.string('preview', '', '', READWRITE, ''),
    },
}, class Conversation extends GObject.Object {
    constructor(peer) {
        super({preview: peer.address});
        this.peer = peer;
        this.isPresent = true;
        this.messages = Gio.ListStore.new(Message.$gtype);
    }

    add(message) {
        if (this.messages.get_n_items() >= MAX_MESSAGES)
            this.messages.remove(0);
        this.messages.append(message);
        this.preview = message.isOwn ? `You: ${message.text}` : message.text;
    }
});

export const PeerRow = GObject.registerClass({
    GTypeName: 'ChatPeerRow',
    Template: getShared('peer-row.ui'),
    InternalChildren: ['name', 'preview', 'unread'],
}, class PeerRow extends Gtk.ListBoxRow {
    constructor(conversation) {
        super();
        this.conversation = conversation;
        const {SYNC_CREATE} = GObject.BindingFlags;
        conversation.peer.bind_property('name', this._name, 'label', SYNC_CREATE);
        conversation.bind_property('preview', this._preview, 'label', SYNC_CREATE);
        conversation.bind_property('unread', this._unread, 'label', SYNC_CREATE);
        conversation.bind_property('unread', this._unread, 'visible', SYNC_CREATE);
    }
});

export const MessageRow = GObject.registerClass({
    GTypeName: 'ChatMessageRow',
    Template: getShared('message-row.ui'),
    InternalChildren: ['text', 'caption'],
}, class MessageRow extends Gtk.ListBoxRow {
    constructor(message) {
        super();
        // Show plain text, not markup: the text comes from the network.
        this._text.set_text(message.text);
        const side = message.isOwn ? Gtk.Align.END : Gtk.Align.START;
        this._text.set_halign(side);
        this._caption.set_halign(side);
        if (message.isOwn)
            this.add_css_class('own');
        this._bind(message, 'label', state => makeCaption(message, state));
        this._bind(message, 'css-classes',
            state => ['caption', state === 'failed' ? 'error' : 'dim-label']);
    }

    // Binds a property: a binding ends with the row, while a handler would keep the row alive.
    _bind(message, property, convert) {
        message.bind_property_full('state', this._caption, property,
            GObject.BindingFlags.SYNC_CREATE, (_binding, state) => [true, convert(state)], null);
    }
});
