// SPDX-License-Identifier: LGPL-2.1-or-later

// State that the override keeps for each port: the peers by their numbers, the batches that are
// being delivered, and the datagrams that handlers write meanwhile.

/* exported create */

var create = Gudpx => {
    const {Map, Object, Set, Uint8Array, Uint32Array, WeakMap, undefined} = globalThis;
    const {makeEndpoint, toAddress} = imports.overrides._gudpxjs.values;
    const {report} = imports.overrides._gudpxjs.reports;
    const {MAX_PAYLOAD, MAX_PEERS, QUEUED_DATAGRAM_COST: COST} =
        imports.overrides._gudpxjs.limits;
    const MIN_ARENA = 4096;
    const MAX_ARENA = 256 * 1024;
    const {write_packed: writePacked, write_to: writeTo, get_send_queue_size: getQueueSize,
        dup_peer_host: dupPeerHost} =
        Gudpx.Port.prototype;

    // Counts the events that may end a batch: a port is stopped, paused or connected.
    let interruptions = 0;
    let nCollecting = 0;
    // States of ports that are not extensible.
    const hiddenStates = new WeakMap();

    function interrupt() {
        interruptions++;
    }

    function countInterruptions() {
        return interruptions;
    }

    function hasOwn(object, name) {
        return Object.prototype.hasOwnProperty.call(object, name);
    }

    // Defines a property: a plain assignment would search the inherited properties first.
    function define(object, name, value) {
        Object.defineProperty(object, name, {value, configurable: true, writable: true});
    }

    // Returns null as the host if the name of an interface is not valid UTF-8.
    function readHost(port, number) {
        try {
            return dupPeerHost.call(port, number);
        } catch {
            return [null, 0];
        }
    }

    // Makes {host, port}. If the host has a scope, makeEndpoint() writes the scope as a number.
    function makeSender(port, number) {
        const [host, portNumber] = readHost(port, number);

        if (host === null || host.includes('%'))
            return makeEndpoint(port.get_peer(number));
        return Object.freeze({host, port: portNumber});
    }

    class State {
        constructor(port) {
            this.senders = new Map();
            this.numbers = new Map();
            this.lastSender = undefined;
            this.lastNumber = 0;
            this.batches = [];
            this.stopHandlers = new Set();
            this.isPaused = false;

            this.coalesces = port.get_coalesce_writes();
            this.isCollecting = false;
            this.room = 0;
            this.payloads = null;
            this.entries = null;
            this.size = 0;
            this.length = 0;
        }

        forgetPeers() {
            this.senders.clear();
            this.numbers.clear();
            this.lastSender = undefined;
        }

        learn(port, number) {
            if (this.senders.size >= MAX_PEERS)
                this.forgetPeers();
            const sender = makeSender(port, number);
            this.senders.set(number, sender);
            if (sender !== null)
                this.numbers.set(sender, number);
            return sender;
        }

        /** Returns {host, port} of a peer's number, the same object each time. */
        getSender(port, number) {
            let sender = this.senders.get(number);

            if (sender === undefined)
                sender = this.learn(port, number);
            this.lastSender = sender;
            this.lastNumber = number;
            return sender;
        }

        startCollecting() {
            if (!this.coalesces)
                return;
            this.isCollecting = true;
            this.room = 0;
            nCollecting++;
        }

        stopCollecting(port) {
            if (!this.isCollecting)
                return;
            this.isCollecting = false;
            nCollecting--;
            if (this.length > 0)
                this.flush(port);
        }

        /** Collects a datagram if its destination is a known sender. Returns false otherwise. */
        collect(port, data, destination) {
            const number = destination === this.lastSender
                ? this.lastNumber : this.numbers.get(destination);
            const size = data.length;

            if (number === undefined || size > MAX_PAYLOAD)
                return false;
            if (this.room < size + COST && !this.findRoom(port, size))
                return false;
            if (this.payloads === null || this.size + size > this.payloads.length)
                this.growPayloads(port, size);
            if (this.entries === null || this.length === this.entries.length)
                this.growEntries();

            this.room -= size + COST;
            this.payloads.set(data, this.size);
            this.size += size;
            this.entries[this.length] = size;
            this.entries[this.length + 1] = number;
            this.length += 2;
            return true;
        }

        findRoom(port, size) {
            if (this.length > 0)
                this.flush(port);
            // A quarter is the limit for one UNIX destination that does not read.
            this.room = port.get_send_queue_limit() / 4 - getQueueSize.call(port);
            return this.room >= size + COST;
        }

        growPayloads(port, size) {
            if (this.size + size > MAX_ARENA && this.length > 0)
                this.flush(port);

            const old = this.payloads;
            let length = old === null ? MIN_ARENA : old.length;
            while (length < this.size + size)
                length *= 2;
            if (old !== null && length === old.length)
                return;
            this.payloads = new Uint8Array(length);
            if (old !== null)
                this.payloads.set(old.subarray(0, this.size));
        }

        growEntries() {
            const old = this.entries;

            this.entries = new Uint32Array(old === null ? 128 : old.length * 2);
            if (old !== null)
                this.entries.set(old);
        }

        /** Writes the collected datagrams, to keep the order with later ones. */
        flush(port) {
            let entries = this.entries.subarray(0, this.length);
            let payloads = this.payloads.subarray(0, this.size);

            // Resets the room: other writes may fill the queue before more is collected.
            this.size = this.length = this.room = 0;
            while (entries.length > 0) {
                const n = this.writeSome(port, payloads, entries);

                payloads = payloads.subarray(addSizes(entries, n));
                entries = entries.subarray(2 * n);
            }
        }

        // Returns the number of datagrams that are done, written or not.
        writeSome(port, payloads, entries) {
            try {
                return writePacked.call(port, payloads,
                    new Uint8Array(entries.buffer, entries.byteOffset, entries.byteLength));
            } catch (error) {
                this.writeAfterAll(port, payloads.slice(0, entries[0]), entries[1], error);
                return 1;
            }
        }

        // Writes a datagram by its address if the port has forgotten the peer's number. Reports any
        // other error.
        writeAfterAll(port, data, number, error) {
            const sender = this.senders.get(number);

            if (port.get_peer(number) !== null || sender === undefined) {
                report(error);
                return;
            }
            try {
                writeTo.call(port, data, toAddress(sender));
            } catch (otherError) {
                report(otherError);
            }
        }
    }

    // Adds the sizes of the first n entries.
    function addSizes(entries, n) {
        let size = 0;

        for (let i = 0; i < n; i++)
            size += entries[2 * i];
        return size;
    }

    // Handles “notify::listening”. Also called after a stop, because gjs may block notifications.
    function handleListening(port) {
        const state = getState(port);

        interrupt();
        state.forgetPeers();
        if (port.get_listening())
            return;
        for (const handler of [...state.stopHandlers])
            handler();
    }

    // Flushes when coalescing is turned off: from now on each datagram is sent when it is written.
    function handleCoalescing(port) {
        const state = getState(port);

        state.coalesces = port.get_coalesce_writes();
        if (!state.coalesces)
            state.stopCollecting(port);
    }

    // Keeps the state in an own property, which is fast: for inherited ones the engine asks
    // GObject.
    function keep(port, state) {
        if (!Object.isExtensible(port)) {
            hiddenStates.set(port, state);
            return;
        }
        define(port, '_gudpx', state);
        define(port, 'write', port.write);
    }

    function own(port) {
        const state = new State(port);

        keep(port, state);
        port.connect('notify::reading', interrupt);
        port.connect('notify::listening', handleListening);
        port.connect('notify::peer-address', interrupt);
        port.connect('notify::coalesce-writes', handleCoalescing);
        return state;
    }

    function getState(port) {
        return port._gudpx ?? hiddenStates.get(port) ?? own(port);
    }

    /** Flushes collected datagrams: call it before an action that must come after them. */
    function flush(port) {
        if (nCollecting > 0 && port && getState(port).length > 0)
            getState(port).flush(port);
    }

    /** Ends the batch that is being delivered: call it before an action that invalidates it. */
    function endBatch(port) {
        getState(port).stopCollecting(port);
        interrupt();
    }

    function prepareStop(port) {
        const protocol = port.get_protocol();

        endBatch(port);
        if (protocol !== null && hasOwn(protocol, '_gudpxPort') && protocol._gudpxPort === port)
            protocol._gudpxPort = null;
    }

    function makeCamel(name) {
        return name.replace(/_([a-z0-9])/g, (_, letter) => letter.toUpperCase());
    }

    /** Replaces a function by make(original). Keeps its length, which Gio._promisify() reads. */
    function replace(object, name, make) {
        const original = object[name];

        object[name] = make(original);
        Object.defineProperty(object[name], 'length', {value: original.length});
    }

    return {
        countInterruptions, define, endBatch, flush, getState, handleCoalescing, handleListening,
        hasOwn, interrupt, makeCamel, prepareStop, replace,
    };
};
