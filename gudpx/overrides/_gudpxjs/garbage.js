// SPDX-License-Identifier: LGPL-2.1-or-later

/* exported collectGarbage */

var collectGarbage = (() => {
    const System = imports.system;
    // Before 1.82 gjs blocks every call into JS while it sweeps in small steps, and it only steps
    // when it is called. Regular full collections keep gjs from sweeping in small steps.
    const NEEDS_COLLECTIONS = System.version < 18200;
    const BYTES_PER_COLLECTION = 16 * 1024 * 1024;
    const BYTES_PER_DATAGRAM = 512;
    let bytes = 0;

    /** Counts datagrams that JS has received, and collects garbage when they need much memory. */
    return function (nDatagrams, size) {
        if (!NEEDS_COLLECTIONS)
            return;
        bytes += size + nDatagrams * BYTES_PER_DATAGRAM;
        if (bytes < BYTES_PER_COLLECTION)
            return;
        bytes = 0;
        System.gc();
    };
})();
