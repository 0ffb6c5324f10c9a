// SPDX-License-Identifier: LGPL-2.1-or-later

// Logs errors that datagrams cause. Any host can send datagrams, so a flood of datagrams must not
// become a flood of messages.

/* exported report */

var {report} = (() => {
    const {GLib} = imports.gi;
    const {Error, Map, Object} = globalThis;
    // Logs this many errors of a kind, then those whose number is a power of two, and one a minute.
    const MAX_IN_FULL = 4;
    const INTERVAL = 60 * 1000 * 1000;
    // Kinds to tell apart; further ones count as one kind. A remote host may choose the message,
    // and could otherwise create new kinds for ever.
    const MAX_KINDS = 32;
    const MAX_KEY = 200;
    const kinds = new Map();

    // Returns an error to log and its kind. A program can throw any value, but logError() accepts
    // only objects, and cannot show all of them.
    function makeError(thrown) {
        try {
            const error = Object(thrown) === thrown
                ? thrown : new Error(`${String(thrown)} was thrown`);

            return [error, makeKey(error)];
        } catch {
            return [new Error('Something was thrown that cannot be shown'), ''];
        }
    }

    // Returns the kind of an error: the place that threw it, and the message without its numbers.
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

    /** Logs a thrown value, unless enough errors of its kind were logged. */
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
