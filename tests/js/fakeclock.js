// SPDX-License-Identifier: LGPL-2.1-or-later

/* Replaces Date.now() by a clock that the test sets. Import this file before Gudpx: the override
 * keeps the function. */

let time = 0;

Date.now = () => Math.floor(time);

export function advance(milliseconds) {
    time += milliseconds;
}

/** Moves the clock to the beginning of a millisecond. */
export function align() {
    time = Math.ceil(time);
}
