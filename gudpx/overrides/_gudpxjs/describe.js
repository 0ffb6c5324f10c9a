// SPDX-License-Identifier: LGPL-2.1-or-later

// Getters for addresses as {host, port} and for payloads, and toString() of each class.

/* exported override */

var override = Gudpx => {
    const {Gio} = imports.gi;
    const {Object} = globalThis;
    const {makeEndpoint, toText} = imports.overrides._gudpxjs.values;

    function defineGetters(prototype, getters) {
        for (const [name, get] of Object.entries(getters))
            Object.defineProperty(prototype, name, {configurable: true, get});
    }

    defineGetters(Gudpx.Port.prototype, {
        localEndpoint() {
            return makeEndpoint(this.get_local_address());
        },
        peerEndpoint() {
            return makeEndpoint(this.get_peer_address());
        },
    });
    defineGetters(Gudpx.Datagram.prototype, {
        payload() {
            return this.get_payload();
        },
        text() {
            return toText(this.get_payload());
        },
        senderEndpoint() {
            return makeEndpoint(this.get_sender());
        },
        destinationEndpoint() {
            return makeEndpoint(this.get_destination());
        },
    });

    function describeEndpoint(endpoint) {
        if (endpoint === null || typeof endpoint === 'string')
            return endpoint?.replace('\0', '@') || 'no address';
        if (endpoint instanceof Gio.SocketAddress)
            return endpoint.to_string();
        const {host, port} = endpoint;
        return `${host.includes(':') ? `[${host}]` : host}:${port}`;
    }

    Gudpx.Port.prototype.toString = function () {
        const local = describeEndpoint(this.localEndpoint);
        const peer = this.get_peer_address() === null
            ? '' : `, connected to ${describeEndpoint(this.peerEndpoint)}`;
        let state = 'stopped';

        if (this.get_listening())
            state = this.get_reading() ? 'listening' : 'paused';
        return `[Gudpx.Port ${local}, ${state}${peer}]`;
    };

    Gudpx.Datagram.prototype.toString = function () {
        const {senderEndpoint, destinationEndpoint} = this;
        const size = `${this.payload.length} bytes`;
        const truncated = this.get_truncated() ? ` of ${this.get_original_size()}` : '';
        const from = senderEndpoint === null ? '' : ` from ${describeEndpoint(senderEndpoint)}`;
        const to = destinationEndpoint === null
            ? '' : ` to ${describeEndpoint(destinationEndpoint)}`;

        return `[Gudpx.Datagram ${size}${truncated}${from}${to}]`;
    };

    Gudpx.DatagramProtocol.prototype.toString = function () {
        const port = this.get_transport();
        const where = port === null
            ? ', not listening' : ` on ${describeEndpoint(port.localEndpoint)}`;

        return `[${this.constructor.name}${where}]`;
    };
};
