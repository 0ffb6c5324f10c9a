// SPDX-License-Identifier: LGPL-2.1-or-later

// Payloads and addresses as people write them, and as the library takes them.

/* exported checkPort, makeEndpoint, toAddress, toBytes, lookUpAddress, makeUnixAddress */

// Whatever stands outside of a function is found by its name each time, in a file that is imported
// this way: that takes longer than all else here. So each of these files is a function.
var {checkPort, makeEndpoint, toAddress, toBytes, lookUpAddress, makeUnixAddress} = (() => {
    const {Gio, GLib} = imports.gi;
    const {ArrayBuffer, Map, Object, Uint8Array, undefined} = globalThis;
    const MAX_ADDRESSES = 4096;
    // So many tell what somebody took an address to be.
    const MAX_KEYS = 5;
    const encoder = new TextEncoder();
    const decoder = new TextDecoder('utf-8', {fatal: true});
    // For each host its addresses by their ports.
    const addresses = new Map();
    let nAddresses = 0;

    function describe(value) {
        if (typeof value === 'function')
            return 'a function';
        if (typeof value === 'string')
            return `the string “${value}”`;
        if (value === null || typeof value !== 'object')
            return String(value);
        if (value.constructor === Object)
            return `{${Object.keys(value).slice(0, MAX_KEYS).join(', ')}}`;
        return value.constructor?.name ?? 'an object';
    }

    function isByte(value) {
        return Number.isInteger(value) && value >= 0 && value <= 255;
    }

    /** The Uint8Array of any payload; not a copy where it need not be one. */
    function toBytes(payload) {
        if (payload instanceof Uint8Array)
            return payload;
        if (typeof payload === 'string')
            return encoder.encode(payload);
        if (payload instanceof ArrayBuffer)
            return new Uint8Array(payload);
        if (ArrayBuffer.isView(payload))
            return new Uint8Array(payload.buffer, payload.byteOffset, payload.byteLength);
        if (payload instanceof GLib.Bytes)
            return payload.toArray();
        if (Array.isArray(payload) && payload.every(isByte))
            return new Uint8Array(payload);
        throw new TypeError('A payload is a string, a Uint8Array, an ArrayBuffer, a DataView, ' +
            `GLib.Bytes or an array of numbers from 0 to 255, and not ${describe(payload)}`);
    }

    function checkPort(port) {
        if (!Number.isInteger(port) || port < 0 || port > 65535)
            throw new TypeError(`A port is a number from 0 to 65535, and not ${describe(port)}`);
        return port;
    }

    function checkEndpoint(value) {
        if (value === null || typeof value !== 'object' || typeof value.host !== 'string') {
            throw new TypeError('An address is {host, port}, a Gio.SocketAddress or the path of a ' +
                `UNIX socket, and not ${describe(value)}`);
        }
        checkPort(value.port);
    }

    // An interface may get another number, so what has a scope is made anew.
    function remember(host, port, address) {
        if (host.includes('%'))
            return;
        if (nAddresses >= MAX_ADDRESSES) {
            addresses.clear();
            nAddresses = 0;
        }
        if (!addresses.has(host))
            addresses.set(host, new Map());
        addresses.get(host).set(port, address);
        nAddresses++;
    }

    /** The address of {host, port}; null where the host is none. */
    function lookUpAddress(endpoint) {
        const {host, port} = endpoint;
        let address = addresses.get(host)?.get(port);

        if (address !== undefined)
            return address;
        checkEndpoint(endpoint);
        address = Gio.InetSocketAddress.new_from_string(
            host === '<broadcast>' ? '255.255.255.255' : host, port);
        if (address !== null)
            remember(host, port, address);
        return address;
    }

    // An abstract name begins with a zero.
    function makeUnixAddress(path) {
        if (!path.startsWith('\0'))
            return Gio.UnixSocketAddress.new(path);
        return Gio.UnixSocketAddress.new_with_type(
            encoder.encode(path.slice(1)), Gio.UnixSocketAddressType.ABSTRACT);
    }

    /** A Gio.SocketAddress of whatever stands for one; null stays null. */
    function toAddress(value) {
        if (value === null || value === undefined)
            return null;
        if (value instanceof Gio.SocketAddress)
            return value;
        if (typeof value === 'string')
            return makeUnixAddress(value);
        checkEndpoint(value);
        const address = lookUpAddress(value);
        if (address === null) {
            throw new Gio.IOErrorEnum({
                code: Gio.IOErrorEnum.INVALID_ARGUMENT,
                message: `“${value.host}” is not an IP address: resolve it first`,
            });
        }
        return address;
    }

    // What makeUnixAddress() makes the address of again; null where no text is that.
    function readUnixName(address) {
        const type = address.get_address_type();

        if (type === Gio.UnixSocketAddressType.ABSTRACT_PADDED)
            return null;
        try {
            const bytes = address.path_as_array;
            const name = decoder.decode(bytes);
            // Of some engines a byte order mark is lost.
            if (encoder.encode(name).length !== bytes.length)
                return null;
            return type === Gio.UnixSocketAddressType.ABSTRACT ? `\0${name}` : name;
        } catch {
            return null;
        }
    }

    /** {host, port} for IP, a path for UNIX, null for nobody; what is neither stays what it is. */
    function makeEndpoint(address) {
        if (address === null)
            return null;
        if (address instanceof Gio.UnixSocketAddress)
            return readUnixName(address) ?? address;

        let host = address.get_address().to_string();
        if (address.get_family() === Gio.SocketFamily.IPV6 && address.get_scope_id() !== 0)
            host += `%${address.get_scope_id()}`;
        return Object.freeze({host, port: address.get_port()});
    }

    return {checkPort, makeEndpoint, toAddress, toBytes, lookUpAddress, makeUnixAddress};
})();
