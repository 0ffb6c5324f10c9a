// SPDX-License-Identifier: LGPL-2.1-or-later

// Adds a camel-case name for each function: port.writeTo() is port.write_to(). GJS itself does so
// for properties only.

/* exported override */

var override = (Gudpx, {define, hasOwn, makeCamel}) => {
    const {Object} = globalThis;

    // Looks the function up at each call: GJS creates it on demand, and a program may replace it.
    function makeAlias(object, name) {
        if (object === Gudpx)
            return (...args) => Gudpx[name](...args);
        return function (...args) {
            return this[name](...args);
        };
    }

    // Adds the missing names. Properties have both already, and functions that return a promise
    // keep their own name: stopListening() is not stop_listening().
    function addAliases(object) {
        for (const name of Object.getOwnPropertyNames(object)) {
            const camel = makeCamel(name);

            if (/^[a-z]+_/.test(name) && !hasOwn(object, camel))
                define(object, camel, makeAlias(object, name));
        }
    }

    addAliases(Gudpx);
    for (const klass of [Gudpx.Datagram, Gudpx.DatagramProtocol, Gudpx.Port]) {
        addAliases(klass);
        addAliases(klass.prototype);
    }
};
