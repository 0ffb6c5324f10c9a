// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Node's dgram as a server or a client: see gudpxpeer.py.

'use strict';

const dgram = require('dgram');
const os = require('os');

function payload(size) {
  return Buffer.from(Array.from({length: size}, (_, i) => (i * 31 + size) % 251));
}

function createSocket(address) {
  return dgram.createSocket(address.includes(':') ? 'udp6' : 'udp4');
}

// Returns an interface as Node names it: its address, or the scope for IPv6.
function interfaceAddress(name, group) {
  if (group.includes(':'))
    return `::%${name}`;
  return os.networkInterfaces()[name].find(address => address.family === 'IPv4' ||
                                                      address.family === 4).address;
}

function echo(address, group, interfaceName) {
  const socket = createSocket(address);

  socket.on('message', (data, sender) => {
    socket.send(data, sender.port, sender.address);
    console.log(`received ${data.length}`);
  });
  socket.bind(0, address, () => {
    if (group !== undefined)
      socket.addMembership(group, interfaceAddress(interfaceName, group));
    console.log(`listening ${socket.address().port}`);
  });
}

function client(address, port, interfaceName, ...sizes) {
  const socket = createSocket(address);

  function send() {
    if (sizes.length > 0)
      socket.send(payload(Number(sizes[0])), Number(port), address);
    else
      socket.close();
  }

  socket.on('message', data => {
    const size = sizes.shift();
    console.log(`${data.equals(payload(Number(size))) ? 'echoed' : 'wrong'} ${size}`);
    send();
  });
  socket.bind(0, () => {
    if (interfaceName !== '-')
      socket.setMulticastInterface(interfaceAddress(interfaceName, address));
    send();
  });
}

const [command, ...words] = process.argv.slice(2);
({echo, client})[command](...words);
