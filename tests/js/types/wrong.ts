// SPDX-License-Identifier: LGPL-2.1-or-later

// Each line that ends with a mark is a wrong call: tsc must reject exactly these lines.

import GObject from 'gi://GObject';
import Gudpx from 'gi://Gudpx?version=1';

const protocol = new Gudpx.DatagramProtocol();
const port = Gudpx.listen_udp(9999, protocol);
const datagram = Gudpx.Datagram.new('x');

Gudpx.listen_udp('9999', protocol); // wrong
Gudpx.listen_udp(9999); // wrong
Gudpx.listen_udp(9999, Gudpx.DatagramProtocol); // wrong
Gudpx.listen_udp(9999, new GObject.Object()); // wrong
Gudpx.listen_tcp(9999, protocol); // wrong
port.write(5); // wrong
port.write({}); // wrong
port.write(null); // wrong
port.write('x', {host: 'a'}); // wrong
port.write('x', {host: 'a', port: '9'}); // wrong
port.write('x', ['a', 9]); // wrong
port.write_to('x'); // wrong
port.write_to_host('x', {host: 'a', port: 9}); // wrong
port.connect_peer(5); // wrong
port.listening = true; // wrong
port.localEndpoint.port; // wrong
port.send_queue_policy = 'refuse'; // wrong
port.stopListening().then((n: string) => n); // wrong
port.nothing; // wrong
datagram.sender.to_string(); // wrong
datagram.payload = new Uint8Array(); // wrong
datagram.reply(); // wrong
Gudpx.resolve(5); // wrong
Gudpx.resolve('a').to_string(); // wrong
new Gudpx.Port({protocol, local: 5}); // wrong
new Gudpx.Port({protocol: 5}); // wrong
new Gudpx.Port({protocol, brodcastAllowed: true}); // wrong
port.brodcast_allowed = true; // wrong
port.writeTo('x'); // wrong
port.statistics = port.statistics; // wrong
datagram.text.length; // wrong

class Wrong extends Gudpx.DatagramProtocol {
    vfunc_datagram_received(text: string) { // wrong
        print(text);
    }

    datagramReceived(data: string) { // wrong
        print(data);
    }
}

async function iterate() {
    for await (const text of port)
        text.startsWith('x'); // wrong
    for (const nothing of port) // wrong
        print(nothing, Wrong);
}

iterate();
