// SPDX-License-Identifier: LGPL-2.1-or-later

// Assigning a property of a port calls its setter, which may throw. An unknown name throws, too.

/* exported override */

var override = (Gudpx, {define, makeCamel, replace}) => {
    const {GObject} = imports.gi;
    const {Map, Math, Number, Object, Proxy, Reflect, TypeError, undefined} = globalThis;
    const {describe} = imports.overrides._gudpxjs.values;
    const {CONSTRUCT_ONLY, WRITABLE} = GObject.ParamFlags;
    const NUMERIC = ['gint', 'guint', 'gint64', 'guint64', 'GEnum', 'GFlags'];
    const port = Gudpx.Port.prototype;
    // Setters by each spelling of the name: snake case, camel case, and GObject's with dashes.
    const setters = new Map();

    // Rejects other types: GJS converts any value to a number, mostly 0, often a valid value.
    function checkNumber(name, value) {
        if (typeof value === 'object' || value === '' || !Number.isInteger(Number(value)))
            throw new TypeError(`${name} is a whole number, not ${describe(value)}`);
        return value;
    }

    function checkSetter(name) {
        replace(port, `set_${name}`, original => function (value) {
            return original.call(this, checkNumber(name, value));
        });
    }

    function refuseToWrite(name, flags) {
        if ((flags & CONSTRUCT_ONLY) === 0)
            throw new TypeError(`${name} of a Gudpx.Port can only be read`);
        throw new TypeError(
            `${name} can only be given to the constructor: new Gudpx.Port({${name}: …})`);
    }

    function makeSetter(name, flags) {
        if ((flags & WRITABLE) === 0 || (flags & CONSTRUCT_ONLY) !== 0)
            return () => refuseToWrite(name, flags);
        return function (value) {
            this[`set_${name}`](value);
        };
    }

    function defineProperty(name, flags) {
        const set = makeSetter(name, flags);
        const get = function () {
            return this[`get_${name}`]();
        };

        for (const spelled of [name, makeCamel(name), name.replaceAll('_', '-')]) {
            Object.defineProperty(port, spelled, {configurable: true, enumerable: true, get, set});
            setters.set(spelled, set);
        }
    }

    function isNumeric(spec) {
        return NUMERIC.includes(GObject.type_name(GObject.type_fundamental(spec.value_type)));
    }

    const constructed = new Map();

    for (const spec of GObject.Object.list_properties.call(Gudpx.Port)) {
        const name = spec.get_name().replaceAll('-', '_');

        if (isNumeric(spec) && (spec.flags & WRITABLE) !== 0)
            checkSetter(name);
        defineProperty(name, spec.flags);
        if ((spec.flags & CONSTRUCT_ONLY) !== 0)
            constructed.set(setters.get(name), name);
    }
    if (!setters.has('statistics'))
        defineProperty('statistics', GObject.ParamFlags.READABLE);

    // Returns the Levenshtein distance: the number of different, missing and additional letters.
    function measureDistance(a, b) {
        let row = Array.from({length: b.length + 1}, (_, i) => i);

        for (let i = 1; i <= a.length; i++) {
            const above = row;

            row = [i];
            for (let j = 1; j <= b.length; j++) {
                row.push(Math.min(above[j] + 1, row[j - 1] + 1,
                    above[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)));
            }
        }
        return row[b.length];
    }

    function findSimilar(name) {
        const wanted = name.replaceAll('-', '_').toLowerCase();
        let similar = null;
        let least = Math.max(1, Math.floor(name.length / 4)) + 1;

        for (const known of setters.keys()) {
            const distance = measureDistance(wanted, known.toLowerCase());

            if (distance < least) {
                similar = known;
                least = distance;
            }
        }
        return similar;
    }

    function makeUnknown(name) {
        const similar = findSimilar(name);
        const hint = similar !== null ? `did you mean “${similar}”?`
            : 'names of your own begin with “_”';

        return new TypeError(`Gudpx.Port has no property “${name}”: ${hint}`);
    }

    // Separates construct-only properties from the others, which setters assign. Setters can throw,
    // but GObject's constructor cannot.
    function split(properties) {
        const given = {};
        const assigned = {};

        for (const [name, value] of Object.entries(properties)) {
            if (!setters.has(name))
                throw makeUnknown(name);
            (constructed.has(setters.get(name)) ? given : assigned)[name] = value;
        }
        return [given, assigned];
    }

    const {_init: init, set_property: setProperty} = port;

    define(port, '_init', function (properties = {}) {
        const [given, assigned] = split(properties);

        init.call(this, given);
        Object.assign(this, assigned);
    });
    define(port, 'set_property', function (name, value) {
        if (setters.has(name) && !(value instanceof GObject.Value))
            this[name] = value;
        else
            setProperty.call(this, name, value);
    });

    // Prototype of a port's prototype: only names that neither of them has reach the trap.
    const guard = new Proxy(Object.create(Object.getPrototypeOf(port)), {
        set(parent, name, value, receiver) {
            const isOwn = typeof name !== 'string' || name.startsWith('_');

            if (!isOwn && receiver !== port && !(name in parent))
                throw makeUnknown(name);
            return Reflect.set(parent, name, value, receiver);
        },
    });

    Reflect.setPrototypeOf(port, guard);
};
