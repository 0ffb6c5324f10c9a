// SPDX-License-Identifier: LGPL-2.1-or-later

/* Tests connecting, changing and losing peers, and adopted sockets. */

import Gio from 'gi://Gio';
import Gudpx from 'gi://Gudpx?version=1';

import {
    Code, DESTINATION_UNSET, LOCALHOST, Recorder, address, assertEqual, assertError, assertSame,
    assertTrue, cleanUp, iterateUntil, listen, main, own, plainSocket, range, send, settle,
    temporaryPath, test, unixAddress, unusedNumber
} from './gudpxtest.js';

/* Returns a port and its peer, another port that is not connected. */
function pair(host = LOCALHOST) {
    const port = listen(new Recorder(), host);
    const peer = listen(new Recorder(), host);
    return [port, peer];
}

test('both ways', () => {
    const [port, peer] = pair();
    assertSame(port.connect_peer(LOCALHOST, peer.local_address.port), true);
    port.write('ping');
    peer.write_to('pong', port.local_address);
    settle();
    assertEqual([peer.protocol.texts, port.protocol.texts], [['ping'], ['pong']]);
});

test('peer-address notifies', () => {
    const [port, peer] = pair();
    const seen = [];
    port.connect('notify::peer-address', () => seen.push(port.peer_address?.to_string() ?? null));
    assertSame(port.peer_address, null);
    for (let i = 0; i < 2; i++)
        port.connect_peer_address(peer.local_address);
    for (let i = 0; i < 2; i++)
        assertSame(port.disconnect_peer(), true);
    assertEqual(seen, [peer.local_address.to_string(), null]);
});

test('local-address notifies', () => {
    const port = listen(new Recorder(), null);
    const seen = [];
    port.connect('notify::local-address', () => seen.push(port.local_address.to_string()));
    const {port: number} = port.local_address;
    port.connect_peer(LOCALHOST, 9);
    port.disconnect_peer();
    assertEqual(seen, [`127.0.0.1:${number}`, `0.0.0.0:${number}`]);
});

test('strangers are filtered, also those that came before', () => {
    const [port, peer] = pair();
    const stranger = plainSocket();
    stranger.send_to(port.local_address, 'early stranger', null);
    peer.write_to('early peer', port.local_address);
    port.connect_peer_address(peer.local_address);
    stranger.send_to(port.local_address, 'stranger', null);
    peer.write_to('peer', port.local_address);
    settle();
    assertEqual(port.protocol.texts, ['early peer', 'peer']);
});

test('connected in the middle of a batch', () => {
    const protocol = new Recorder({
        'datagram-received': datagram => datagram.transport.connect_peer_address(datagram.sender),
    });
    const port = listen(protocol);
    const senders = [plainSocket(), plainSocket()];
    for (let i = 0; i < 20; i++)
        senders[i % 2].send_to(port.local_address, `${i}`, null);
    settle();
    assertEqual(protocol.texts, range(0, 10).map(i => `${2 * i}`));
});

test('connected elsewhere, with the same number', () => {
    const [port, first] = pair();
    const second = listen();
    const {port: number} = port.local_address;
    for (const peer of [first, second, first, second]) {
        port.connect_peer_address(peer.local_address);
        assertEqual(port.local_address.port, number);
        peer.protocol.datagrams.length = port.protocol.datagrams.length = 0;
        port.write('x');
        first.write_to('first', address(LOCALHOST, number));
        second.write_to('second', address(LOCALHOST, number));
        settle();
        assertEqual(peer.protocol.texts, ['x']);
        assertEqual(peer.protocol.datagrams[0].sender.port, number);
        assertEqual(port.protocol.texts, [peer === first ? 'first' : 'second']);
    }
});

test('the number is kept, whatever is bound', () => {
    for (const host of [LOCALHOST, null, '::']) {
        const port = listen(new Recorder(), host);
        const {port: number} = port.local_address;
        for (let i = 0; i < 5; i++) {
            port.connect_peer(LOCALHOST, 9);
            assertEqual(port.local_address.port, number);
            port.disconnect_peer();
            assertEqual(port.local_address.port, number);
        }
        plainSocket().send_to(address(LOCALHOST, number), 'stranger', null);
        settle();
        assertEqual(port.protocol.texts, ['stranger']);
    }
});

test('disconnected', () => {
    const [port, peer] = pair();
    port.connect_peer_address(peer.local_address);
    port.disconnect_peer();
    send(port, 'stranger');
    settle();
    assertEqual(port.protocol.texts, ['stranger']);
    assertError(DESTINATION_UNSET, [], () => port.write('x'));
});

test('an error leaves the old peer', () => {
    const [port, peer] = pair();
    port.connect_peer_address(peer.local_address);
    for (const name of ['localhost', '', '127.1', '::1'])
        assertError(Code.INVALID_ARGUMENT, [name], () => port.connect_peer(name, 9));
    port.write('x');
    settle();
    assertEqual(peer.protocol.texts, ['x']);
    assertEqual(port.peer_address.to_string(), peer.local_address.to_string());
});

test('no peer after a restart', () => {
    const [port, peer] = pair();
    port.connect_peer_address(peer.local_address);
    port.stop_listening();
    assertSame(port.peer_address, null);
    port.start_listening();
    assertSame(port.peer_address, null);
});

test('refused while idle, and usable afterwards', () => {
    for (const [host, to] of [[LOCALHOST, LOCALHOST], ['::1', '::1'], ['::', LOCALHOST]]) {
        const port = listen(new Recorder(), host);
        const gone = Gudpx.listen_udp(0, new Recorder(), to);
        port.connect_peer(to, gone.local_address.port);
        gone.stop_listening();
        for (const times of [1, 2]) {
            port.write('x');
            iterateUntil(() => port.protocol.count('connection-refused') === times);
        }
        assertEqual(port.protocol.errors, []);
        const peer = listen(new Recorder(), to);
        port.connect_peer(to, peer.local_address.port);
        port.write('ping');
        peer.write_to_host('pong', to, port.local_address.port);
        settle();
        assertEqual([peer.protocol.texts, port.protocol.texts], [['ping'], ['pong']]);
    }
});

test('refused while busy', () => {
    const [port, peer] = pair();
    port.connect_peer_address(peer.local_address);
    range(0, 20).forEach(i => peer.write_to(`${i}`, port.local_address));
    peer.stop_listening();
    for (let i = 0; i < 20; i++)
        assertSame(port.write('x'), true);
    iterateUntil(() => port.protocol.count('connection-refused') > 0);
    settle();
    assertEqual(port.protocol.texts, range(0, 20).map(i => `${i}`));
    assertEqual(port.get_statistics().datagrams_sent, 20);
});

test('unconnected ports hear of no refusal', () => {
    const port = listen();
    for (let i = 0; i < 5; i++)
        port.write_to_host('x', LOCALHOST, unusedNumber());
    send(port, 'last');
    settle();
    assertEqual(port.protocol.events, ['started', 'datagram-received']);
});

test('path_mtu', () => {
    const port = listen();
    assertEqual(port.path_mtu, 0);
    port.connect_peer(LOCALHOST, 9);
    assertTrue(port.path_mtu === 65535 || port.path_mtu === 65536);
});

function adopt(socket, family = Gio.SocketFamily.INVALID) {
    return own(Gudpx.adopt_datagram_port(socket.fd, family, new Recorder()));
}

function assertServes(port) {
    const client = listen(new Recorder(), port.local_address.address.to_string());
    port.protocol.handlers = {'datagram-received': datagram => datagram.reply('pong')};
    client.write_to('ping', port.local_address);
    settle();
    assertEqual([port.protocol.texts, client.protocol.texts], [['ping'], ['pong']]);
}

test('adopt, and close at once', () => {
    for (const host of [LOCALHOST, '::1']) {
        const socket = plainSocket(host);
        const bound = socket.local_address.to_string();
        const port = adopt(socket, socket.family);
        socket.close();
        assertEqual(port.local_address.to_string(), bound);
        assertEqual(port.protocol.events, ['started']);
        assertServes(port);
    }
});

test('adopt one that blocks', () => {
    const socket = plainSocket();
    assertSame(socket.blocking, true);
    const port = adopt(socket);
    // A read that blocks would never return.
    settle();
    assertTrue(port.socket.fd !== socket.fd);
    assertServes(port);
});

test('adopt a connected one', () => {
    const peer = listen();
    const socket = plainSocket();
    const {connect} = Object.getPrototypeOf(socket);
    connect.call(socket, peer.local_address, null);
    const port = adopt(socket);
    assertEqual(port.peer_address.to_string(), peer.local_address.to_string());
    port.write('ping');
    peer.write_to('pong', port.local_address);
    settle();
    assertEqual([peer.protocol.texts, port.protocol.texts], [['ping'], ['pong']]);
    // Stopping does not shut down the caller's socket.
    port.stop_listening();
    socket.send('still', null);
    settle();
    assertEqual(peer.protocol.texts, ['ping', 'still']);
});

test('adopt a unix socket', () => {
    const path = temporaryPath('socket');
    const socket = Gio.Socket.new(Gio.SocketFamily.UNIX, Gio.SocketType.DATAGRAM,
        Gio.SocketProtocol.DEFAULT);
    cleanUp(() => socket.close());
    socket.bind(unixAddress(path), false);
    const port = adopt(socket, Gio.SocketFamily.UNIX);
    socket.send_to(port.local_address, 'x', null);
    settle();
    assertEqual(port.protocol.texts, ['x']);
});

test('adopt no second time', () => {
    const port = adopt(plainSocket());
    port.stop_listening();
    assertError(Code.NOT_SUPPORTED, [], () => port.start_listening());
});

test('adopt nothing else', () => {
    const protocol = new Recorder();
    const stream = Gio.Socket.new(Gio.SocketFamily.IPV4, Gio.SocketType.STREAM,
        Gio.SocketProtocol.DEFAULT);
    cleanUp(() => stream.close());
    for (const [fd, family] of [[stream.fd, Gio.SocketFamily.INVALID], [-1, Gio.SocketFamily.IPV4],
        [100000, Gio.SocketFamily.INVALID], [plainSocket().fd, Gio.SocketFamily.IPV6],
        [plainSocket('::1').fd, Gio.SocketFamily.IPV4]]) {
        assertError(Code.INVALID_ARGUMENT, [fd],
            () => Gudpx.adopt_datagram_port(fd, family, protocol));
    }
    assertEqual(protocol.events, []);
});

main();
