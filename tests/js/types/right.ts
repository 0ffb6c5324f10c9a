// SPDX-License-Identifier: LGPL-2.1-or-later

// Calls that the declarations must accept.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Gudpx from 'gi://Gudpx?version=1';

class Echo extends Gudpx.DatagramProtocol {
    vfunc_started() {
        print(this.transport?.localEndpoint);
    }

    datagramReceived(data: Uint8Array, sender: Gudpx.Endpoint) {
        super.datagramReceived(data, sender);
        this.transport?.write(data, sender);
    }

    vfunc_error_received(port: Gudpx.Port, error: GLib.Error,
        destination: Gio.SocketAddress | null) {
        print(`${port}: ${error.message}: ${destination?.to_string()}`);
    }
}

const EchoClass = GObject.registerClass(Echo);
const port = Gudpx.listen_udp(9999, new EchoClass());
const payloads = ['x', new Uint8Array(1), new ArrayBuffer(1), new DataView(new ArrayBuffer(1)),
    new GLib.Bytes('x'), [1, 2]];

for (const payload of payloads) {
    const isTaken: boolean = port.write(payload, {host: '127.0.0.1', port: 9});
    print(isTaken, port.write(payload), port.write_bytes(payload, '/a/path'));
    port.write_to(payload, Gio.InetSocketAddress.new_from_string('127.0.0.1', 9));
    port.write_to_host(payload, '127.0.0.1', 9);
    port.write_datagrams([Gudpx.Datagram.new(payload), Gudpx.Datagram.new(payload, 'path')]);
}

port.broadcast_allowed = true;
port.sendQueueLimit = 5;
port.metadata = Gudpx.MetadataFlags.DESTINATION | Gudpx.MetadataFlags.HOP_LIMIT;
port.send_queue_policy = Gudpx.QueuePolicy.DROP_OLDEST;
port.connect_peer({host: '::1', port: 9});
port.connect_peer('::1', 9);
port.connect_peer('/a/path');
port.connect_peer(Gio.InetSocketAddress.new_from_string('127.0.0.1', 9));
port.join_group('239.1.2.3');
port.set_multicast_interface();
print(Gudpx.Datagram.new_full('x', '/a/path', null, 1));
port.connect('notify::listening', self => print(self.listening));

port.writeTo('x', {host: '127.0.0.1', port: 9});
port.joinGroup('239.1.2.3');
port.setTtl(5);
port.local_address = {host: '127.0.0.1', port: 9};
port.localAddress = port.local_address;
print(port.statistics.bytes_sent, port.getStatistics().errors,
    Gudpx.Datagram.newFull('x').dupBytes());
Gudpx.listenUdp(0, new EchoClass()).connectPeer('::1', 9);

const protocol = new Gudpx.DatagramProtocol();
protocol.connect('datagram-received', (self, datagram) => {
    const bytes: Uint8Array = datagram.payload;
    const text: string = datagram.text ?? 'no text';
    print(text, self.transport, bytes.length, datagram.hop_limit, datagram.senderEndpoint);
    datagram.reply('x');
});
protocol.connect('error-received', (_self, _port, error) => print(error.code));
new Gudpx.Port({protocol, ipv6_only: true, broadcastAllowed: true}).start_listening();
new Gudpx.Port({protocol, local_address: '/a/path'}).startListening();

class Slow extends Gudpx.DatagramProtocol {
    async datagramReceived(data: Uint8Array, sender: Gudpx.Sender | null) {
        await this.transport?.writeAsync(data, sender);
    }
}
print(Slow);

async function serve() {
    for await (const datagram of port)
        datagram.reply(datagram.payload);
    const host: string = await Gudpx.resolve('localhost');
    const hosts: string[] = await Gudpx.resolveAll('localhost', {timeoutMs: 5});
    const addresses: Gio.InetAddress[] = await Gudpx.resolve_all_async('localhost');
    await port.writeAsync('x', {host, port: 9}, new Gio.Cancellable());
    port.flush_async(null, (self, result) => self.flush_finish(result));
    await port.flushAsync();
    await port.stopListening();
    print(hosts, addresses, port.get_statistics().datagrams_received);
}

serve();
