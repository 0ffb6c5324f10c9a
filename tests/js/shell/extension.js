// SPDX-License-Identifier: LGPL-2.1-or-later

// Stands in for GNOME Shell's module of this name.
export class Extension {
    constructor(metadata) {
        this.metadata = metadata;
    }
}
