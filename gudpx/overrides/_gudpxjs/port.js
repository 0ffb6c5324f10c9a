// SPDX-License-Identifier: LGPL-2.1-or-later

// Methods of a port accept payloads and addresses of any kind, and optional arguments.

/* exported override */

var override = (Gudpx, shared) => {
    const {
        endBatch, flush, getState, handleCoalescing, handleListening, interrupt, prepareStop,
        replace,
    } = shared;
    const {GLib} = imports.gi;
    const {TypeError, Uint8Array, undefined} = globalThis;
    const {checkPort, checkText, needAddress, toAddress, toBytes} =
        imports.overrides._gudpxjs.values;
    const port = Gudpx.Port.prototype;
    const {write: writeToPeer, write_to: writeToAddress, write_bytes: writeBytes} = port;

    function writeNow(self, data, destination) {
        if (destination === null)
            return writeToPeer.call(self, data);
        return writeToAddress.call(self, data, toAddress(destination));
    }

    // Writes to {host, port}, to a Gio.SocketAddress, to the path of a UNIX socket, or to the peer.
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

    // Explains a wrong argument: the message of GJS only has the address of the object.
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
    // Calls the handler of the notification directly, because gjs may block it.
    replace(port, 'set_coalesce_writes', original => function (coalesces) {
        original.call(this, coalesces);
        handleCoalescing(this);
    });

    precede(['disconnect_peer'], endBatch);
    replace(port, 'connect_peer_address', original => function (address) {
        const peer = needAddress(address);

        endBatch(this);
        return original.call(this, peer);
    });
    // Accepts an address, or a host and a port number.
    replace(port, 'connect_peer', () => function (address, number) {
        return this.connect_peer_address(
            number === undefined ? address : {host: address, port: number});
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

    const checkInterface = name => name === null ? null : checkText('An interface', name);

    for (const name of ['join_group', 'leave_group']) {
        replace(port, name, original => function (group, interfaceName = null) {
            return original.call(this, checkText('A group', group), checkInterface(interfaceName));
        });
    }
    for (const name of ['join_source_group', 'leave_source_group']) {
        replace(port, name, original => function (group, source, interfaceName = null) {
            return original.call(this, checkText('A group', group), checkText('A source', source),
                checkInterface(interfaceName));
        });
    }
    replace(port, 'set_multicast_interface', original => function (name = null) {
        return original.call(this, checkInterface(name));
    });
    replace(port, 'set_local_address', original => function (address = null) {
        return original.call(this, toAddress(address));
    });
};
