// SPDX-License-Identifier: LGPL-2.1-or-later

// gudpx from GJS: data and sender, as in Twisted. An object for each datagram is not measured: GJS
// before 1.82 does not call JavaScript while it collects garbage, which would be most of the time.
// subject.h describes usage and modes.

import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Gudpx from 'gi://Gudpx?version=1';
import System from 'system';

const BUFFER_SIZE = 4 * 1024 * 1024;
const [, mode, firstPort, nPorts = '1'] = System.programArgs;
const nAnswers = {receive: 0, echo: 1, send: 64}[mode];

const Hook = GObject.registerClass(class Hook extends Gudpx.DatagramProtocol {
    datagramReceived(data, sender) {
        for (let i = 0; i < nAnswers; i++)
            this.transport.write(data, sender);
    }
});

for (let i = 0; i < Number(nPorts); i++) {
    const port = Gudpx.listen_udp(Number(firstPort) + i, new Hook(), '127.0.0.1');

    if (nPorts === '1') {
        port.set_receive_buffer_size(BUFFER_SIZE);
        port.set_send_buffer_size(BUFFER_SIZE);
    }
}
print('ready');
new GLib.MainLoop(null, false).run();
