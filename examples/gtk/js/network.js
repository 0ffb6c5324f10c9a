// SPDX-License-Identifier: LGPL-2.1-or-later

// Finds the other chat programs of the local network, and exchanges messages with them.
//
// Each datagram is a JSON object: {"v": 1, "type": …, "id": …, "name": …}. The types:
//
//   here     to the groups, every few seconds, and to each new peer
//   bye      to the groups, at the end
//   message  to a peer: "number" and "text"; repeated until the peer acknowledges it
//   ack      to a peer: the "number" of its message
//
// One port sends all datagrams, so the sender's address is the address of the peer. The messages
// are neither secret nor authenticated: any program in the network may claim any name.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Gudpx from 'gi://Gudpx?version=1';

const VERSION = 1;
export const PORT = 46987;
export const GROUPS = ['239.255.71.88', 'ff02::1:4788'];
const INTERVAL = 5; // seconds from one announcement to the next
const PATIENCE = 3; // announcements that may be missed
const RESEND_MS = 500; // at first; twice as long each time
const ATTEMPTS = 4;

// Limits for the memory that received datagrams can use.
const MAX_DATAGRAM = 1400;
const MAX_NAME = 40;
export const MAX_TEXT = 280;
const MAX_PEERS = 200;
const MAX_ADDRESSES = 8;
const MAX_REMEMBERED = 64;

const TYPES = ['here', 'bye', 'message', 'ack'];
const ID = /^[0-9a-f]{16}$/;
// Control characters, halves of surrogate pairs, and characters that change the writing direction.
// eslint-disable-next-line no-control-regex
const UNWANTED = /[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]/gu;

// Returns one line of text that is safe to show.
function clean(text, limit) {
    const line = text.replace(UNWANTED, ' ').replace(/\s+/gu, ' ').trim();
    return [...line].slice(0, limit).join('').trim();
}

function check(condition, message) {
    if (!condition)
        throw new Error(message);
}

function isNumber(value) {
    return Number.isInteger(value) && value >= 0 && value < 2 ** 32;
}

// Returns the fields of a datagram after checking them. Throws for other datagrams.
export function parse(data) {
    check(data.length <= MAX_DATAGRAM, 'too long');
    const fields = JSON.parse(new TextDecoder('utf-8', {fatal: true}).decode(data));
    check(fields?.v === VERSION, 'another version');

    const {type, id, name, number, text = ''} = fields;
    check(typeof id === 'string' && ID.test(id) && typeof name === 'string', 'no sender');
    check(TYPES.includes(type), 'another type');
    check(!['message', 'ack'].includes(type) || isNumber(number), 'no number');
    check(type !== 'message' || typeof fields.text === 'string', 'no text');
    return {
        type,
        id,
        name: clean(name, MAX_NAME) || '?',
        number,
        text: type === 'message' ? clean(text, MAX_TEXT) : '',
    };
}

function listInterfaces() {
    try {
        const [, table] = GLib.file_get_contents('/proc/net/dev');
        return [...new TextDecoder().decode(table).matchAll(/^ *(\S+):/gm)].map(match => match[1]);
    } catch {
        // On systems other than Linux, the system chooses one interface.
        return [null];
    }
}

function makeId() {
    return GLib.uuid_string_random().replaceAll('-', '').slice(0, 16);
}

function stringProperty(name, value = '') {
    return GObject.ParamSpec.string(name, '', '', GObject.ParamFlags.READWRITE, value);
}

// A peer in the network. Its addresses are the recent ones, oldest first.
export const Peer = GObject.registerClass({
    GTypeName: 'ChatPeer',
    Properties: {name: stringProperty('name'), address: stringProperty('address')},
}, class Peer extends GObject.Object {
    constructor(id) {
        super();
        this.id = id;
        this.numbers = [];
        this._addresses = new Map();
    }

    get destination() {
        const [first] = this._addresses.values();
        return first?.sender ?? null;
    }

    knows({host, port}) {
        return this._addresses.has(`${host} ${port}`);
    }

    hear(sender) {
        if (this.knows(sender) || this._addresses.size < MAX_ADDRESSES) {
            this._addresses.set(`${sender.host} ${sender.port}`,
                {sender, time: GLib.get_monotonic_time()});
        }
        this._updateAddress();
    }

    forgetBefore(oldest) {
        for (const [key, {time}] of [...this._addresses]) {
            if (time < oldest)
                this._addresses.delete(key);
        }
        this._updateAddress();
    }

    _updateAddress() {
        const address = this.destination?.host ?? this.address;
        if (address !== this.address)
            this.address = address;
    }
});

// A message of a conversation. The state of our own messages is sending, delivered or failed.
export const Message = GObject.registerClass({
    GTypeName: 'ChatMessage',
    Properties: {state: stringProperty('state', 'delivered')},
}, class Message extends GObject.Object {
    constructor(text, isOwn = false) {
        super({state: isOwn ? 'sending' : 'delivered'});
        this.text = text;
        this.isOwn = isOwn;
        this.time = GLib.DateTime.new_now_local();
    }
});

export const Network = GObject.registerClass({
    GTypeName: 'ChatNetwork',
    Signals: {
        'peer-added': {param_types: [Peer.$gtype]},
        'peer-removed': {param_types: [Peer.$gtype]},
        'message-received': {param_types: [Peer.$gtype, Message.$gtype]},
        'problem': {param_types: [GObject.TYPE_STRING]},
    },
}, class Network extends Gudpx.DatagramProtocol {
    constructor({
        name, number = PORT, groups = GROUPS, interfaceName = null, interval = INTERVAL,
        resendMs = RESEND_MS,
    }) {
        super();
        this.id = makeId();
        this.name = clean(name, MAX_NAME) || '?';
        this.number = number;
        this.groups = groups;
        this.interfaceName = interfaceName;
        this.interval = interval;
        this.resendMs = resendMs;
        this.peers = new Map();
        this.ignored = 0;
        this._nextNumber = 1;
        this._sending = new Map(); // number → message that is not acknowledged yet
        this._ports = [];
    }

    // Starts the ports. Throws if a port cannot listen, or if joining fails for every group.
    start() {
        // The monitor reports changes from now on.
        this._monitor = Gio.NetworkMonitor.get_default();
        try {
            this._unicast = this._listen(host => Gudpx.listen_udp(0, this, host));
            this._multicast = this._listen(
                host => Gudpx.listen_multicast(this.number, this, true, host));
            this._join();
        } catch (error) {
            this._stopPorts();
            throw error;
        }

        this._changedId = this._monitor.connect('network-changed', () => this._onNetworkChanged());
        this._timer = GLib.timeout_add(GLib.PRIORITY_DEFAULT, this.interval * 1000,
            () => this._onInterval());
        this._announce('here');
    }

    // Says good-bye and stops the ports.
    stop() {
        if (this._ports.length === 0)
            return;
        this._announce('bye');
        for (const {timer} of this._sending.values())
            GLib.source_remove(timer);
        this._sending.clear();
        GLib.source_remove(this._timer);
        this._monitor.disconnect(this._changedId);
        this._stopPorts();
    }

    // Sends a text. Returns the message; its state shows if the peer has received it.
    send(peer, text) {
        const message = new Message(clean(text, MAX_TEXT), true);
        const number = this._nextNumber++;
        const data = this._encode('message', {number, text: message.text});

        this._sending.set(number, {message, peer, data, attempts: 0, timer: 0});
        this._try(number);
        return message;
    }

    // Returns the numbers of datagrams received and sent so far.
    count() {
        const statistics = this._ports.map(port => port.statistics);
        return {
            received: statistics.reduce((sum, each) => sum + each.datagrams_received, 0),
            sent: statistics.reduce((sum, each) => sum + each.datagrams_sent, 0),
        };
    }

    datagramReceived(data, sender) {
        let fields;
        try {
            fields = parse(data);
        } catch {
            this.ignored++;
            return;
        }

        if (fields.id === this.id)
            return;
        if (fields.type === 'bye') {
            this._takeBye(fields.id, sender);
            return;
        }

        const peer = this._meet(fields, sender);
        if (peer === null)
            this.ignored++;
        else if (fields.type === 'message')
            this._takeMessage(peer, fields, sender);
        else if (fields.type === 'ack')
            this._takeAck(peer, fields.number);
    }

    vfunc_error_received(_port, error, _destination) {
        this.emit('problem', error.message);
    }

    // Listens on IPv6 and IPv4, or on IPv4 if the system lacks IPv6.
    _listen(listen) {
        let port;
        try {
            port = listen('::');
        } catch {
            port = listen('0.0.0.0');
        }
        this._ports.push(port);
        return port;
    }

    _stopPorts() {
        for (const port of this._ports)
            port.stop_listening();
        this._ports = [];
    }

    _listInterfaces() {
        return this.interfaceName ? [this.interfaceName] : listInterfaces();
    }

    // Joins each group on each interface that supports it.
    _join() {
        let joined = false;
        let failure = null;

        for (const name of this._listInterfaces()) {
            for (const group of this.groups) {
                try {
                    joined = this._multicast.join_group(group, name);
                } catch (error) {
                    failure = error;
                }
            }
        }
        if (failure !== null && !joined)
            throw failure;
    }

    _onNetworkChanged() {
        try {
            this._join();
        } catch {
            // Every group was joined before.
        }
        this._announce('here');
    }

    _onInterval() {
        this._announce('here');
        const oldest = GLib.get_monotonic_time() - PATIENCE * this.interval * 1000000;
        for (const peer of [...this.peers.values()]) {
            peer.forgetBefore(oldest);
            if (peer.destination === null)
                this._remove(peer);
        }
        return GLib.SOURCE_CONTINUE;
    }

    _encode(type, fields = {}) {
        const {id, name} = this;
        return new TextEncoder().encode(JSON.stringify({v: VERSION, type, id, name, ...fields}));
    }

    // Announces through each interface, because peers may be on any of these networks.
    _announce(type) {
        const data = this._encode(type);

        for (const name of this._listInterfaces()) {
            for (const host of this.groups) {
                try {
                    this._unicast.multicast_interface = name;
                    this._unicast.write(data, {host, port: this.number});
                } catch {
                    // The interface is down, or lacks an address of this family.
                }
            }
        }
    }

    _write(data, destination) {
        try {
            this._unicast.write(data, destination);
        } catch (error) {
            this.emit('problem', error.message);
        }
    }

    _meet({id, name}, sender) {
        const known = this.peers.get(id);
        if (known === undefined && this.peers.size >= MAX_PEERS)
            return null;

        const peer = known ?? new Peer(id);
        peer.hear(sender);
        if (peer.name !== name)
            peer.name = name;
        if (known === undefined) {
            this.peers.set(id, peer);
            // Answer now: the peer should not wait for our next announcement.
            this._write(this._encode('here'), sender);
            this.emit('peer-added', peer);
        }
        return peer;
    }

    _takeBye(id, sender) {
        const peer = this.peers.get(id);
        if (peer?.knows(sender))
            this._remove(peer);
    }

    _remove(peer) {
        this.peers.delete(peer.id);
        this.emit('peer-removed', peer);
    }

    _takeMessage(peer, {number, text}, sender) {
        // Acknowledge a repeated message, too: our first answer was lost.
        this._write(this._encode('ack', {number}), sender);
        if (peer.numbers.includes(number) || text === '')
            return;
        peer.numbers.push(number);
        if (peer.numbers.length > MAX_REMEMBERED)
            peer.numbers.shift();
        this.emit('message-received', peer, new Message(text));
    }

    _try(number) {
        const sending = this._sending.get(number);
        this._write(sending.data, sending.peer.destination);
        sending.timer = GLib.timeout_add(GLib.PRIORITY_DEFAULT, this.resendMs << sending.attempts,
            () => this._onNoAck(number));
        sending.attempts++;
    }

    _onNoAck(number) {
        const sending = this._sending.get(number);
        sending.timer = 0;
        if (sending.attempts < ATTEMPTS && this.peers.get(sending.peer.id) === sending.peer)
            this._try(number);
        else
            this._settle(number, 'failed');
        return GLib.SOURCE_REMOVE;
    }

    _takeAck(peer, number) {
        // Accept the acknowledgement only from the receiver of the message.
        if (this._sending.get(number)?.peer === peer)
            this._settle(number, 'delivered');
    }

    _settle(number, state) {
        const {message, timer} = this._sending.get(number);
        this._sending.delete(number);
        if (timer !== 0)
            GLib.source_remove(timer);
        message.state = state;
    }
});
