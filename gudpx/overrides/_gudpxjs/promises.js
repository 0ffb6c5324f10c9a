// SPDX-License-Identifier: LGPL-2.1-or-later

// Asynchronous calls return a promise unless they get a callback. The camel-case names never take
// a callback.

/* exported override */

var override = (Gudpx, {flush, handleListening, prepareStop, replace}) => {
    const {Gio, GLib} = imports.gi;
    const {Error, Promise} = globalThis;
    const {toAddress, toBytes} = imports.overrides._gudpxjs.values;
    const port = Gudpx.Port.prototype;

    // Adds the caller's stack, as GJS does: the stack of the error itself does not show the caller.
    function addStack(error, stack) {
        error.stack = `${error.stack ?? ''}### Promise created here: ###\n${stack}`;
        return error;
    }

    // Calls begin() with the callback. Without a callback, returns a promise for finish(result).
    function start(begin, finish, callback) {
        if (typeof callback === 'function')
            return begin(callback);
        return new Promise((resolve, reject) => {
            const {stack} = new Error();

            begin((_, result) => {
                try {
                    resolve(finish(result));
                } catch (error) {
                    reject(addStack(error, stack));
                }
            });
        });
    }

    // Takes the callback, the last argument. Any arguments before it may be missing.
    function takeCallback(args) {
        return typeof args[args.length - 1] === 'function' ? args.pop() : null;
    }

    replace(port, 'write_async', original => function (payload, ...args) {
        const callback = takeCallback(args);
        const [destination, cancellable = null] = args;

        return start(ready => {
            const bytes = payload instanceof GLib.Bytes ? payload : toBytes(payload);
            const address = toAddress(destination);

            flush(this);
            original.call(this, bytes, address, cancellable, ready);
        }, result => this.write_finish(result), callback);
    });

    replace(port, 'flush_async', original => function (...args) {
        const callback = takeCallback(args);
        const [cancellable = null] = args;

        flush(this);
        return start(ready => original.call(this, cancellable, ready),
            result => this.flush_finish(result), callback);
    });

    replace(port, 'stop_listening_async', original => function (...args) {
        const callback = takeCallback(args);
        const [cancellable = null] = args;
        const self = this;

        prepareStop(this);
        return start(ready => original.call(this, cancellable, function (...results) {
            handleListening(self);
            ready.apply(this, results);
        }), result => this.stop_listening_finish(result), callback);
    });

    port.writeAsync = function (payload, destination = null, cancellable = null) {
        return this.write_async(payload, destination, cancellable);
    };
    port.flushAsync = function (cancellable = null) {
        return this.flush_async(cancellable);
    };
    port.stopListening = function (cancellable = null) {
        return this.stop_listening_async(cancellable);
    };

    replace(Gudpx, 'resolve_async', original => function (host, ...args) {
        const callback = takeCallback(args);
        const [cancellable = null] = args;

        return start(ready => original(host, cancellable, ready), Gudpx.resolve_finish, callback);
    });
    replace(Gudpx, 'resolve_all_async', original => function (host, ...args) {
        const callback = takeCallback(args);
        const [family = Gio.SocketFamily.INVALID, timeout = 0, cancellable = null] = args;

        return start(ready => original(host, family, timeout, cancellable, ready),
            Gudpx.resolve_all_finish, callback);
    });

    // Resolve to one address and to all addresses: strings for the host of {host, port}.
    Gudpx.resolve = async function (host, cancellable = null) {
        const address = await Gudpx.resolve_async(host, cancellable);

        return address.to_string();
    };
    Gudpx.resolveAll = async function (host, options = {}) {
        const {family = Gio.SocketFamily.INVALID, timeoutMs = 0, cancellable = null} = options;
        const addresses = await Gudpx.resolve_all_async(host, family, timeoutMs, cancellable);

        return addresses.map(address => address.to_string());
    };
};
