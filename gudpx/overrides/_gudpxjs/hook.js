// SPDX-License-Identifier: LGPL-2.1-or-later

// The hook of Twisted, datagramReceived(data, sender), gets a Uint8Array and {host, port}. The
// override fetches a whole batch in one call from C and calls the hook for each datagram.

/* exported override */

var override = (Gudpx, {countInterruptions, define, getState, hasOwn}) => {
    const {GObject} = imports.gi;
    const {Infinity, Math, Object, Promise, Uint8Array, Uint32Array, undefined} = globalThis;
    // Date.now() takes a tenth of the time of GLib.get_monotonic_time().
    const {now} = globalThis.Date;
    const {makeEndpoint} = imports.overrides._gudpxjs.values;
    const {collectGarbage} = imports.overrides._gudpxjs.garbage;
    const {report} = imports.overrides._gudpxjs.reports;

    // A batch may take as long as a dispatch. Then the main loop continues.
    const {MAX_DISPATCH_MILLISECONDS: MAX_TIME} = imports.overrides._gudpxjs.limits;
    // Most datagrams between two readings of the clock, if the hook is fast.
    const MAX_STRIDE = 8;

    // Reports the error of an asynchronous hook. GJS itself would only log the place.
    function watch(result) {
        if (result instanceof Promise)
            result.catch(report);
    }

    // Returns the hook. If the hook is a getter that throws, each datagram reports the error.
    function getHook(protocol) {
        try {
            return protocol.datagramReceived;
        } catch (error) {
            return () => {
                throw error;
            };
        }
    }

    // Calls the hook for each datagram of the batch. Returns false if a port was stopped, paused or
    // connected meanwhile, or MAX_TIME is over: the library then offers the rest again. Reads the
    // clock first after nToLook datagrams. An error loses only its own datagram.
    function deliver(protocol, port, state, batch, nToLook) {
        const {payloads, entries} = batch;
        const handle = getHook(protocol);
        const before = countInterruptions();
        const begin = now();
        let stride = 1;
        let last = -1;
        let sender = null;

        while (batch.next < entries.length) {
            const number = entries[batch.next + 1];
            const start = batch.offset;
            batch.offset += entries[batch.next];
            batch.next += 2;
            try {
                if (number !== last) {
                    sender = state.getSender(port, number);
                    last = number;
                }
                const data = payloads.slice(start, batch.offset);
                const result = handle.call(protocol, data, sender);
                if (result !== undefined)
                    watch(result);
            } catch (error) {
                report(error);
            }
            if (countInterruptions() !== before)
                return false;
            if (--nToLook === 0) {
                const elapsed = now() - begin;

                // The time is negative if the clock was set back.
                if (elapsed >= MAX_TIME || elapsed < 0)
                    return false;
                stride = elapsed > 0 ? 1 : Math.min(2 * stride, MAX_STRIDE);
                nToLook = stride;
            }
        }
        return true;
    }

    // Delivers the rest of unfinished batches, in a main loop that a handler of such a batch runs.
    // Stops collecting writes, because that handler may wait for an answer.
    function drain(protocol, port, state) {
        state.stopCollecting(port);
        for (const batch of [...state.batches]) {
            if (batch.next < batch.entries.length &&
                !deliver(protocol, port, state, batch, Infinity))
                return false;
        }
        return true;
    }

    function makeBatch(payloads, index) {
        return {
            payloads: payloads ?? new Uint8Array(),
            entries: new Uint32Array(index.buffer, index.byteOffset, index.byteLength / 4),
            next: 0,
            offset: 0,
        };
    }

    function takePacked(port, payloads, index) {
        const state = getState(port);

        own(this);
        if (state.batches.length > 0 && !drain(this, port, state))
            return 0;
        if (index === null || index.length === 0)
            return 0;

        const batch = makeBatch(payloads, index);
        const outerPort = this._gudpxPort;
        if (state.batches.length === 0)
            state.startCollecting();
        state.batches.push(batch);
        this._gudpxPort = port;
        try {
            deliver(this, port, state, batch, 1);
        } finally {
            state.batches.splice(state.batches.indexOf(batch), 1);
            state.stopCollecting(port);
            restorePort(this, outerPort);
        }
        collectGarbage(batch.next / 2, batch.offset);
        return batch.next / 2;
    }

    // Delivers a single datagram to the hook, if a signal handler is connected as well.
    function takeDatagram(datagram) {
        own(this);
        const outerPort = this._gudpxPort;

        this._gudpxPort = datagram.get_transport();
        try {
            const sender = makeEndpoint(datagram.get_sender());
            watch(this.datagramReceived(datagram.get_payload(), sender));
        } catch (error) {
            report(error);
        } finally {
            restorePort(this, outerPort);
        }
    }

    // Restores the port of the handler that runs the main loop; usually there is none.
    function restorePort(protocol, outerPort) {
        protocol._gudpxPort = outerPort?.get_listening() ? outerPort : null;
    }

    // The port that was attached last; in datagramReceived() the port that received the datagram.
    const transport = {
        configurable: true,
        enumerable: true,
        get() {
            return hasOwn(this, '_gudpxPort') && this._gudpxPort !== null
                ? this._gudpxPort : this.get_transport();
        },
    };

    function inheritsTransport(protocol) {
        let object = Object.getPrototypeOf(protocol);

        while (!hasOwn(object, 'transport'))
            object = Object.getPrototypeOf(object);
        return object === Gudpx.DatagramProtocol.prototype;
    }

    // Gives the object its own property, which is fast: for inherited ones the engine asks GObject.
    function own(protocol) {
        if (hasOwn(protocol, '_gudpxPort') || !Object.isExtensible(protocol))
            return;
        define(protocol, '_gudpxPort', null);
        if (!hasOwn(protocol, 'transport') && inheritsTransport(protocol)) {
            Object.defineProperty(protocol, 'transport', {
                configurable: true,
                get() {
                    return this._gudpxPort ?? this.get_transport();
                },
            });
        }
    }

    // Does nothing: the parent's hook for super.datagramReceived().
    function ignore() {
    }

    // Returns true if the class has the hook and no parent class has it.
    function introducesHook(klass) {
        const {datagramReceived, _gudpxHasHook: hasHook} = klass.prototype;

        return typeof datagramReceived === 'function' && datagramReceived !== ignore && !hasHook;
    }

    Gudpx.DatagramProtocol._classInit = function (klass) {
        if (introducesHook(klass)) {
            define(klass.prototype, '_gudpxHasHook', true);
            define(klass.prototype, 'vfunc_packed_received', takePacked);
            if (!hasOwn(klass.prototype, 'vfunc_datagram_received'))
                define(klass.prototype, 'vfunc_datagram_received', takeDatagram);
        }
        return GObject.Object._classInit(klass);
    };
    define(Gudpx.DatagramProtocol.prototype, 'datagramReceived', ignore);
    Object.defineProperty(Gudpx.DatagramProtocol.prototype, 'transport', transport);
};
