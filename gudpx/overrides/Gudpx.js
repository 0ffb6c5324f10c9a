// SPDX-License-Identifier: LGPL-2.1-or-later

// What JavaScript has beyond what the library itself offers it; each part is a file in _gudpxjs/.
// Everything works without it but that.

/* exported _init */

function _init() {
    const parts = imports.overrides._gudpxjs;
    const state = parts.state.create(this);

    for (const name of ['functions', 'port', 'promises', 'iterate', 'properties', 'names', 'hook',
        'describe'])
        parts[name].override(this, state);
}
