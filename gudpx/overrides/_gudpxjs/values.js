// SPDX-License-Identifier: LGPL-2.1-or-later

// Converts payloads and addresses from the forms that programs use to the forms of the library.

/* exported checkPort, checkText, describe, makeEndpoint, needAddress, toAddress, toBytes, toText */

// Each file of the override is one function: in files that are imported this way, the engine looks
// up names outside of functions at each use, which takes longer than everything else here.
var {
    checkPort, checkText, describe, makeEndpoint, needAddress, toAddress, toBytes, toText,
} = (() => {
    const {Gio, GLib} = imports.gi;
    const {ArrayBuffer, Map, Object, Uint8Array, undefined} = globalThis;
    const {MAX_CACHED_ADDRESSES} = imports.overrides._gudpxjs.limits;
    // Keys of an object to show in a message.
    const MAX_KEYS = 5;
    // Size of sun_path, see unix(7), without the zero byte before or after the name.
    const MAX_UNIX_NAME = 107;
    const encoder = new TextEncoder();
    const decoder = new TextDecoder('utf-8', {fatal: true});
    // Maps each host to a map from port numbers to addresses.
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

    /** Returns a payload as a Uint8Array, without a copy if possible. */
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
            `GLib.Bytes or an array of numbers from 0 to 255, not ${describe(payload)}`);
    }

    function checkPort(port) {
        if (!Number.isInteger(port) || port < 0 || port > 65535)
            throw new TypeError(`A port is a number from 0 to 65535, not ${describe(port)}`);
        return port;
    }

    // Throws INVALID_ARGUMENT. Replaces zero bytes, at which the message would end.
    function refuse(message) {
        throw new Gio.IOErrorEnum({
            code: Gio.IOErrorEnum.INVALID_ARGUMENT,
            message: message.replaceAll('\0', '\\0'),
        });
    }

    // Rejects zero bytes, at which strings of the library end.
    function refuseZeros(text) {
        if (text.includes('\0'))
            refuse(`Cannot use “${text}”: it contains a zero byte`);
    }

    /** Returns a string that the library accepts unchanged. */
    function checkText(what, text) {
        if (typeof text !== 'string')
            throw new TypeError(`${what} is a string, not ${describe(text)}`);
        refuseZeros(text);
        return text;
    }

    function refuseAddress(value) {
        throw new TypeError('An address is {host, port}, a Gio.SocketAddress or the path of a ' +
            `UNIX socket, not ${describe(value)}`);
    }

    function checkEndpoint(value) {
        if (value === null || typeof value !== 'object' || typeof value.host !== 'string')
            refuseAddress(value);
        checkPort(value.port);
    }

    // Caches an address. Addresses with a scope are not cached: interfaces may get other numbers.
    function remember(host, port, address) {
        if (host.includes('%'))
            return;
        if (nAddresses >= MAX_CACHED_ADDRESSES) {
            addresses.clear();
            nAddresses = 0;
        }
        if (!addresses.has(host))
            addresses.set(host, new Map());
        addresses.get(host).set(port, address);
        nAddresses++;
    }

    // Throws the error that the library has for such a host.
    function refuseHost(host) {
        refuse(host.includes('%')
            ? `“${host}” is not an IP address with an existing interface after “%”`
            : `“${host}” is not an IP address; resolve a host name first`);
    }

    function makeInetAddress(host, port) {
        const address = host.includes('\0') ? null : Gio.InetSocketAddress.new_from_string(
            host === '<broadcast>' ? '255.255.255.255' : host, port);

        if (address === null)
            refuseHost(host);
        remember(host, port, address);
        return address;
    }

    // Makes the address of a path or of an abstract name, which begins with a zero byte.
    function makeUnixAddress(path) {
        const isAbstract = path.startsWith('\0');
        const name = encoder.encode(isAbstract ? path.slice(1) : path);

        // Rejects long names, which GIO would truncate.
        if (path === '' || name.length > MAX_UNIX_NAME)
            refuse(`Cannot use “${path}”: the path is empty or too long for a socket address`);
        if (!isAbstract)
            refuseZeros(path);
        return Gio.UnixSocketAddress.new_with_type(name,
            isAbstract ? Gio.UnixSocketAddressType.ABSTRACT : Gio.UnixSocketAddressType.PATH);
    }

    /** Returns the Gio.SocketAddress for any form of address; null for null. */
    function toAddress(value) {
        if (value === null || value === undefined)
            return null;
        if (value instanceof Gio.SocketAddress)
            return value;
        if (typeof value === 'string')
            return makeUnixAddress(value);
        const {host, port} = value;
        const known = addresses.get(host)?.get(port);
        if (known !== undefined)
            return known;
        checkEndpoint(value);
        return makeInetAddress(host, port);
    }

    /** Returns the Gio.SocketAddress like toAddress(), but throws for null. */
    function needAddress(value) {
        return toAddress(value) ?? refuseAddress(value);
    }

    // Returns the string for makeUnixAddress(), or null if the name is not valid UTF-8.
    function readUnixName(address) {
        const type = address.get_address_type();

        if (type === Gio.UnixSocketAddressType.ABSTRACT_PADDED)
            return null;
        try {
            const bytes = address.path_as_array;
            const name = decoder.decode(bytes);
            // Some engines drop a byte order mark.
            if (encoder.encode(name).length !== bytes.length)
                return null;
            return type === Gio.UnixSocketAddressType.ABSTRACT ? `\0${name}` : name;
        } catch {
            return null;
        }
    }

    /** Returns {host, port} for IP, a path for UNIX, null for null. Other names stay addresses. */
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

    /** Returns bytes as text, or null if they are not valid UTF-8 or contain a zero byte. */
    function toText(bytes) {
        if (bytes.includes(0))
            return null;
        try {
            const text = decoder.decode(bytes);
            // Some engines drop a byte order mark.
            return encoder.encode(text).length === bytes.length ? text : `\ufeff${text}`;
        } catch {
            return null;
        }
    }

    return {checkPort, checkText, describe, makeEndpoint, needAddress, toAddress, toBytes, toText};
})();
