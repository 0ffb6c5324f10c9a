// SPDX-License-Identifier: LGPL-2.1-or-later

// Errors that datagrams cause, in the log: strangers send these, so that a flood of datagrams must
// not be one of messages.

/* exported report */

var {report} = (() => {
    const {GLib} = imports.gi;
    const {Error, Map, Object} = globalThis;
    // Logs this many errors of a kind, then those whose number is a power of two, and one a minute.
    const MAX_IN_FULL = 4;
    const INTERVAL = 60 * 1000 * 1000;
    // A stranger may choose the message, and so make ever new kinds: from here on they count as one.
    const MAX_KINDS = 32;
    const MAX_KEY = 200;
    const kinds = new Map();

    // A program can throw anything; logError() takes only objects, and shows not all of them.
    function makeError(thrown) {
        try {
            const error = Object(thrown) === thrown ? thrown : new Error(`${String(thrown)} was thrown`);

            return [error, makeKey(error)];
        } catch {
            return [new Error('Something was thrown that cannot be shown'), ''];
        }
    }

    // The kind of an error: the place where it was thrown, and the message without its numbers.
    function makeKey(error) {
        const [place] = `${error.stack ?? ''}`.split('\n', 1);
        const message = `${error.message ?? ''}`.replace(/0x[0-9a-f]+|\d+/gi, '#');

        return `${error.name} ${place} ${message}`.slice(0, MAX_KEY);
    }

    function forgetOld(now) {
        for (const [key, {time}] of [...kinds]) {
            if (now - time >= INTERVAL)
                kinds.delete(key);
        }
    }

    function findKind(key, now) {
        if (!kinds.has(key) && kinds.size >= MAX_KINDS)
            forgetOld(now);

        const known = kinds.has(key) || kinds.size < MAX_KINDS ? key : 'others';
        if (!kinds.has(known))
            kinds.set(known, {count: 0, nLeftOut: 0, time: now});
        return kinds.get(known);
    }

    function isDue(kind, now) {
        const {count, time} = kind;

        return count <= MAX_IN_FULL || (count & count - 1) === 0 || now - time >= INTERVAL;
    }

    /** Logs what was thrown, unless enough was logged of its kind. */
    return {
        report(thrown) {
            const [error, key] = makeError(thrown);
            const now = GLib.get_monotonic_time();
            const kind = findKind(key, now);

            kind.count++;
            if (!isDue(kind, now)) {
                kind.nLeftOut++;
                return;
            }
            log_(error, kind.nLeftOut);
            kind.nLeftOut = 0;
            kind.time = now;
        },
    };

    function log_(error, nLeftOut) {
        const prefix = nLeftOut > 0 ? [`${nLeftOut} more like this were not logged`] : [];

        try {
            logError(error, ...prefix);
        } catch {
            logError(new Error('Something was thrown that cannot be shown'), ...prefix);
        }
    }
})();
