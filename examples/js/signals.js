// SPDX-License-Identifier: LGPL-2.1-or-later

// Handles the signals that request a program to end.

import GLib from 'gi://GLib';

const SIGINT = 2, SIGTERM = 15;

// GLib 2.80 has moved the function, and GJS prints a warning for the old name.
function getAdd() {
    try {
        const {GLibUnix} = imports.gi;
        return GLibUnix.signal_add ?? GLibUnix.signal_add_full;
    } catch {
        return GLib.unix_signal_add;
    }
}

/**
 * Calls the handler from the main loop when a signal requests the program to end.
 *
 * @param {() => void} handler
 */
export function onTermination(handler) {
    const add = getAdd();

    for (const number of [SIGINT, SIGTERM]) {
        add(GLib.PRIORITY_DEFAULT, number, () => {
            handler();
            return GLib.SOURCE_REMOVE;
        });
    }
}
