// SPDX-License-Identifier: LGPL-2.1-or-later

// Functions and constructors accept payloads and addresses of any kind, and optional arguments.

/* exported override */

var override = (Gudpx, {flush, replace}) => {
    const {GObject} = imports.gi;
    const {TypeError} = globalThis;
    const {checkPort, checkText, toAddress, toBytes} = imports.overrides._gudpxjs.values;

    // Detects a missing super._init(): GJS calls an object without its GObject a prototype.
    function isUnborn(protocol) {
        return GObject.Object.prototype.toString.call(protocol).startsWith('[object prototype of');
    }

    // Rejects a hook that is not in a registered class: such a hook is never called.
    function checkHook(protocol) {
        const hook = protocol?.datagramReceived;
        const isOverridden = hook !== Gudpx.DatagramProtocol.prototype.datagramReceived;

        if (typeof hook === 'function' && isOverridden && !protocol._gudpxHasHook) {
            throw new TypeError('datagramReceived() must be a method of the class ' +
                'that GObject.registerClass() registers, not a property of an object');
        }
    }

    function checkProtocol(protocol) {
        if (!(protocol instanceof Gudpx.DatagramProtocol))
            throw new TypeError('A protocol is a Gudpx.DatagramProtocol: make one with “new”');
        if (isUnborn(protocol))
            throw new TypeError('A protocol has to call super._init() in its _init()');
        checkHook(protocol);
        return protocol;
    }

    function checkBindAddress(address) {
        return address === null ? null : checkText('The address to bind', address);
    }

    replace(Gudpx, 'listen_udp', original => function (port, protocol, bindAddress = null) {
        return original(checkPort(port), checkProtocol(protocol), checkBindAddress(bindAddress));
    });
    replace(Gudpx, 'listen_multicast',
        original => function (port, protocol, listenMultiple = false, bindAddress = null) {
            return original(checkPort(port), checkProtocol(protocol), listenMultiple,
                checkBindAddress(bindAddress));
        });
    replace(Gudpx, 'listen_unix_datagram',
        original => (path, protocol) => original(checkText('A path', path),
            checkProtocol(protocol)));
    replace(Gudpx, 'adopt_datagram_port', original => function (fd, family, protocol) {
        return original(fd, family, checkProtocol(protocol));
    });
    replace(Gudpx, 'address_equal', original => (a, b) => original(toAddress(a), toAddress(b)));
    replace(Gudpx, 'address_hash', original => address => original(toAddress(address)));

    replace(Gudpx.Port, 'new', original => function (protocol, localAddress = null) {
        return original.call(this, checkProtocol(protocol), toAddress(localAddress));
    });
    replace(Gudpx.Port.prototype, 'start_listening', original => function () {
        checkHook(this.get_protocol());
        return original.call(this);
    });
    replace(Gudpx.Datagram, 'new', original => function (payload, destination = null) {
        return original.call(this, toBytes(payload), toAddress(destination));
    });
    replace(Gudpx.Datagram, 'new_full', original => function (payload, destination = null,
        source = null, interfaceIndex = 0, hopLimit = -1, trafficClass = -1) {
        return original.call(this, toBytes(payload), toAddress(destination), source,
            interfaceIndex, hopLimit, trafficClass);
    });
    replace(Gudpx.Datagram.prototype, 'reply', original => function (payload) {
        flush(this.get_transport());
        return original.call(this, toBytes(payload));
    });
};
