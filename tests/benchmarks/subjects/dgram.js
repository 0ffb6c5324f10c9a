// SPDX-License-Identifier: LGPL-2.1-or-later

// Node's dgram. subject.h describes usage and modes.

'use strict';

const dgram = require('dgram');

const BUFFER_SIZE = 4 * 1024 * 1024;
const [, , , mode, firstPort, nPorts = '1'] = process.argv;
const nAnswers = {receive: 0, echo: 1, send: 64}[mode];
let nListening = 0;

function listen(number) {
    const socket = dgram.createSocket('udp4');

    socket.on('message', (data, sender) => {
        for (let i = 0; i < nAnswers; i++)
            socket.send(data, sender.port, sender.address);
    });
    socket.bind(number, '127.0.0.1', () => {
        if (nPorts === '1') {
            socket.setRecvBufferSize(BUFFER_SIZE);
            socket.setSendBufferSize(BUFFER_SIZE);
        }
        if (++nListening === Number(nPorts))
            console.log('ready');
    });
}

for (let i = 0; i < Number(nPorts); i++)
    listen(Number(firstPort) + i);
