// SPDX-License-Identifier: LGPL-2.1-or-later

/* exported collectGarbage */

var collectGarbage = (() => {
    const System = imports.system;
    // Before 1.82 gjs blocks every call into JS while it sweeps in small steps, and makes no steps
    // unless it is called. A whole collection now and then keeps it from beginning with that.
    const NEEDS_COLLECTIONS = System.version < 18200;
    const BYTES_PER_COLLECTION = 16 * 1024 * 1024;
    const BYTES_PER_DATAGRAM = 512;
    let bytes = 0;

    /** To be told of the datagrams that JS has had. */
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
