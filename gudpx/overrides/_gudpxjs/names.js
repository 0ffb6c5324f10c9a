// SPDX-License-Identifier: LGPL-2.1-or-later

// Each function by its name in camel case, too: port.writeTo() is port.write_to(). GJS has that of
// properties alone.

/* exported override */

var override = (Gudpx, {define, hasOwn, makeCamel}) => {
    const {Object} = globalThis;

    // Calls by the name: GJS makes a function when it is looked for, and a program may replace it.
    function makeAlias(object, name) {
        if (object === Gudpx)
            return (...args) => Gudpx[name](...args);
        return function (...args) {
            return this[name](...args);
        };
    }

    // Properties have both names already. Functions that return a promise keep theirs: stopListening()
    // is not stop_listening().
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
