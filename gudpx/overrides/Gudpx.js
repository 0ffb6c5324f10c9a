// SPDX-License-Identifier: LGPL-2.1-or-later

// Extends the library for JavaScript. Each part is a file in _gudpxjs/. The library itself works
// without the override.

/* exported _init */

function _init() {
    const parts = imports.overrides._gudpxjs;
    const state = parts.state.create(this);

    for (const name of ['functions', 'port', 'promises', 'iterate', 'properties', 'names', 'hook',
        'describe'])
        parts[name].override(this, state);
}
