// SPDX-License-Identifier: LGPL-2.1-or-later

// What a port takes: payloads and addresses of any kind, and trailing arguments left out.

/* exported override */

var override = (Gudpx, shared) => {
    const {endBatch, flush, getState, handleListening, interrupt, prepareStop, replace} = shared;
    const {Gio, GLib} = imports.gi;
    const {Object, TypeError, Uint8Array, undefined} = globalThis;
    const {checkPort, lookUpAddress, makeUnixAddress, toAddress, toBytes} =
        imports.overrides._gudpxjs.values;
    const port = Gudpx.Port.prototype;
    const {write: writeToPeer, write_to: writeToAddress, write_to_host: writeToHost,
        write_bytes: writeBytes} = port;

    function writeNow(self, data, destination) {
        if (destination === null)
            return writeToPeer.call(self, data);
        if (destination instanceof Gio.SocketAddress)
            return writeToAddress.call(self, data, destination);
        if (typeof destination === 'string')
            return writeToAddress.call(self, data, makeUnixAddress(destination));
        const address = lookUpAddress(destination);
        if (address !== null)
            return writeToAddress.call(self, data, address);
        // It says what is wrong with the host.
        return writeToHost.call(self, data, destination.host, destination.port);
    }

    // To {host, port}, a Gio.SocketAddress or the path of a UNIX socket; to the peer without one.
    port.write = function (payload, destination = null) {
        const state = getState(this);
        const data = payload instanceof Uint8Array ? payload : toBytes(payload);

        if (state.isCollecting && destination !== null) {
            if (state.collect(this, data, destination))
                return true;
        }
        if (state.length > 0)
            state.flush(this);
        return writeNow(this, data, destination);
    };
    port.write_to = function (payload, destination) {
        if (destination === null || destination === undefined)
            throw new TypeError('A destination is {host, port}, a Gio.SocketAddress or a path');
        return this.write(payload, destination);
    };
    port.write_to_host = function (payload, host, number) {
        flush(this);
        return writeNow(this, toBytes(payload), {host, port: checkPort(number)});
    };
    port.write_bytes = function (payload, destination = null) {
        flush(this);
        const bytes = payload instanceof GLib.Bytes ? payload : toBytes(payload);
        return writeBytes.call(this, bytes, toAddress(destination));
    };

    function precede(names, prepare) {
        for (const name of names) {
            replace(port, name, original => function (...args) {
                prepare(this);
                return original.apply(this, args);
            });
        }
    }

    // GJS names but the address of an object that is none.
    replace(port, 'write_datagrams', original => function (datagrams) {
        try {
            return original.call(this, datagrams);
        } catch (error) {
            if (error instanceof GLib.Error)
                throw error;
            throw new TypeError('write_datagrams() takes an array of Gudpx.Datagram');
        }
    });
    precede(['write_datagrams', 'write_packed', 'get_send_queue_size'], flush);
    precede(['set_reading'], interrupt);

    precede(['disconnect_peer'], endBatch);
    replace(port, 'connect_peer', original => function (host, number) {
        endBatch(this);
        if (typeof host !== 'string')
            return this.connect_peer_address(host);
        return original.call(this, host, checkPort(number));
    });
    replace(port, 'connect_peer_address', original => function (address) {
        endBatch(this);
        return original.call(this, toAddress(address));
    });

    replace(port, 'stop_listening', original => function () {
        prepareStop(this);
        original.call(this);
        handleListening(this);
    });
    replace(port, 'start_listening', original => function () {
        getState(this).forgetPeers();
        return original.call(this);
    });

    for (const name of ['join_group', 'leave_group', 'join_source_group', 'leave_source_group']) {
        replace(port, name, original => function (...args) {
            while (args.length < original.length)
                args.push(null);
            return original.apply(this, args);
        });
    }
    replace(port, 'set_local_address', original => function (address = null) {
        return original.call(this, toAddress(address));
    });

    // As properties too, these go by their methods.
    function defineProperty(name, accessors) {
        Object.defineProperty(port, name, {configurable: true, enumerable: true, ...accessors});
    }

    defineProperty('reading', {
        get() {
            return this.get_reading();
        },
        set(reading) {
            this.set_reading(reading);
        },
    });
    for (const name of ['send_queue_size', 'sendQueueSize']) {
        defineProperty(name, {
            get() {
                return this.get_send_queue_size();
            },
        });
    }
};
