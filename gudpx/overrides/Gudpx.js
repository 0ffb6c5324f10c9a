// SPDX-License-Identifier: LGPL-2.1-or-later

// Twisted's hook for protocols, and addresses as people write them. A protocol that defines
// datagramReceived(data, sender) is called with a Uint8Array and with {host, port}, and has whole
// batches fetched in one call. Everything works without this module but that.

/* exported _init */

const {Gio, GObject} = imports.gi;
const System = imports.system;

// The port itself forgets its peers behind so many.
const MAX_PEERS = 65536;
// Before 1.82 gjs blocks every call into JS while it sweeps in small steps, and makes no steps unless
// it is called. A whole collection now and then keeps it from beginning with that.
const NEEDS_COLLECTIONS = System.version < 18200;
const BYTES_PER_COLLECTION = 16 * 1024 * 1024;
const BYTES_PER_DATAGRAM = 512;

let Gudpx;
// Counts what may end a batch: ports that stop, pause or are connected.
let interruptions = 0;
let bytesSinceCollection = 0;

function interrupt() {
    interruptions++;
}

// {host, port} for IP, a path for UNIX (an abstract name begins with a zero), null for nobody.
function makeSender(address) {
    if (address === null)
        return null;
    if (address instanceof Gio.UnixSocketAddress) {
        const isAbstract = address.get_address_type() === Gio.UnixSocketAddressType.ABSTRACT;
        return (isAbstract ? '\0' : '') + address.get_path();
    }

    let host = address.get_address().to_string();
    if (address.get_family() === Gio.SocketFamily.IPV6 && address.get_scope_id() !== 0)
        host += `%${address.get_scope_id()}`;
    return Object.freeze({host, port: address.get_port()});
}

// What a port knows for the sake of the hook.
class State {
    constructor(port) {
        this.senders = new Map();
        this.numbers = new Map();
        this.batches = [];
        port.connect('notify::reading', interrupt);
        port.connect('notify::listening', interrupt);
        port.connect('notify::peer-address', interrupt);
    }

    learn(port, number) {
        if (this.senders.size >= MAX_PEERS) {
            this.senders.clear();
            this.numbers.clear();
        }
        const sender = makeSender(port.get_peer(number));
        this.senders.set(number, sender);
        if (sender !== null)
            this.numbers.set(sender, number);
        return sender;
    }
}

const states = new WeakMap();

function getState(port) {
    let state = states.get(port);

    if (state === undefined) {
        state = new State(port);
        states.set(port, state);
    }
    return state;
}

// Calls the hook for each, until there are no more or the port may not have them now.
function deliver(protocol, port, state, batch) {
    const {payloads, entries} = batch;
    const before = interruptions;
    let last = -1;
    let sender = null;

    while (batch.next < entries.length) {
        const number = entries[batch.next + 1];
        const end = batch.offset + entries[batch.next];

        if (number !== last) {
            sender = state.senders.get(number);
            if (sender === undefined)
                sender = state.learn(port, number);
            last = number;
        }
        const data = payloads.slice(batch.offset, end);
        batch.offset = end;
        batch.next += 2;
        try {
            protocol.datagramReceived(data, sender);
        } catch (error) {
            logError(error);
        }
        if (interruptions !== before)
            return false;
    }
    return true;
}

// From a main loop that a handler runs: what came with its datagram.
function drain(protocol, port, state) {
    for (const batch of [...state.batches]) {
        if (batch.next < batch.entries.length && !deliver(protocol, port, state, batch))
            return false;
    }
    return true;
}

function collectGarbage(size) {
    if (!NEEDS_COLLECTIONS)
        return;
    bytesSinceCollection += size;
    if (bytesSinceCollection < BYTES_PER_COLLECTION)
        return;
    bytesSinceCollection = 0;
    System.gc();
}

function takePacked(port, payloads, index) {
    const state = getState(port);

    if (state.batches.length > 0 && !drain(this, port, state))
        return 0;
    if (index === null || index.length === 0)
        return 0;

    const outerPort = this._gudpxPort;
    const batch = {
        payloads: payloads ?? new Uint8Array(),
        entries: new Uint32Array(index.slice().buffer),
        next: 0,
        offset: 0,
    };

    state.batches.push(batch);
    this._gudpxPort = port;
    try {
        deliver(this, port, state, batch);
    } finally {
        state.batches.splice(state.batches.indexOf(batch), 1);
        this._gudpxPort = outerPort;
    }
    collectGarbage(batch.offset + batch.next / 2 * BYTES_PER_DATAGRAM);
    return batch.next / 2;
}

// One by one, where a handler is connected as well.
function takeDatagram(datagram) {
    const outerPort = this._gudpxPort;

    this._gudpxPort = datagram.get_transport();
    try {
        this.datagramReceived(datagram.get_payload(), makeSender(datagram.get_sender()));
    } finally {
        this._gudpxPort = outerPort;
    }
}

function hasOwn(object, name) {
    return Object.prototype.hasOwnProperty.call(object, name);
}

// To assign would look for what is inherited first, which a virtual function need not have.
function define(object, name, value) {
    Object.defineProperty(object, name, {value, configurable: true, writable: true});
}

// Whether it is the first of its family to have the hook.
function introducesHook(klass) {
    return typeof klass.prototype.datagramReceived === 'function' &&
        !klass.prototype._gudpxHasHook;
}

function overrideProtocol() {
    Gudpx.DatagramProtocol._classInit = function (klass) {
        if (introducesHook(klass)) {
            define(klass.prototype, '_gudpxHasHook', true);
            define(klass.prototype, 'vfunc_packed_received', takePacked);
            if (!hasOwn(klass.prototype, 'vfunc_datagram_received'))
                define(klass.prototype, 'vfunc_datagram_received', takeDatagram);
        }
        return GObject.Object._classInit(klass);
    };

    // The port that was attached last; in datagramReceived() the one that the datagram came through.
    Object.defineProperty(Gudpx.DatagramProtocol.prototype, 'transport', {
        configurable: true,
        enumerable: true,
        get() {
            const port = this._gudpxPort;
            return port && port.get_listening() ? port : this.get_transport();
        },
    });
}

// The methods that may end a batch tell so themselves: gjs may block the notification.
function overrideInterrupting(name) {
    const original = Gudpx.Port.prototype[name];

    Gudpx.Port.prototype[name] = function (...args) {
        interruptions++;
        return original.apply(this, args);
    };
}

function makeAddress(destination) {
    if (typeof destination !== 'string')
        return destination;
    if (!destination.startsWith('\0'))
        return Gio.UnixSocketAddress.new(destination);
    return Gio.UnixSocketAddress.new_with_type(
        new TextEncoder().encode(destination.slice(1)), Gio.UnixSocketAddressType.ABSTRACT);
}

function overridePort() {
    const {write, write_to: writeTo, write_to_host: writeToHost} = Gudpx.Port.prototype;

    // To {host, port}, a Gio.SocketAddress or the path of a UNIX socket; to the peer without one.
    Gudpx.Port.prototype.write = function (data, destination = null) {
        if (destination === null)
            return write.call(this, data);

        const number = states.get(this)?.numbers.get(destination);
        const address = number === undefined ? null : this.get_peer(number);
        if (address !== null)
            return writeTo.call(this, data, address);
        if (typeof destination === 'object' && !(destination instanceof Gio.SocketAddress))
            return writeToHost.call(this, data, destination.host, destination.port);
        return writeTo.call(this, data, makeAddress(destination));
    };
    Gudpx.Port.prototype.write_to = function (data, destination) {
        if (destination === null || destination === undefined)
            throw new TypeError('A destination is {host, port}, a Gio.SocketAddress or a path');
        return this.write(data, destination);
    };

    for (const name of ['stop_listening', 'stop_listening_async', 'set_reading', 'connect_peer',
        'connect_peer_address', 'disconnect_peer'])
        overrideInterrupting(name);
    Object.defineProperty(Gudpx.Port.prototype, 'reading', {
        configurable: true,
        enumerable: true,
        get() {
            return this.get_reading();
        },
        set(reading) {
            this.set_reading(reading);
        },
    });
}

function _init() {
    Gudpx = this;
    overrideProtocol();
    overridePort();
}
