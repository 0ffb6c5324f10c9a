// SPDX-License-Identifier: LGPL-2.1-or-later

/* Helpers of the JavaScript tests: TAP, waiting in a main context, a protocol that records. */

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Gudpx from 'gi://Gudpx?version=1';
import System from 'system';

export const LOCALHOST = '127.0.0.1';

// Seconds after which a test hangs, even on a busy machine.
export const TIME_LIMIT = 120;

// G_IO_ERROR_DESTINATION_UNSET, which has a name since GLib 2.80.
export const DESTINATION_UNSET = 48;

export const Code = Gio.IOErrorEnum;

const context = GLib.MainContext.default();
const tests = [];
let cleanups = [];

/** Adds a test, which may be asynchronous. */
export function test(name, run) {
    tests.push([name, run]);
}

/** Runs a function when the test has ended. */
export function cleanUp(run) {
    cleanups.push(run);
}

function runOne([name, run], index) {
    let failure = null;
    try {
        const result = run();
        if (result instanceof Promise)
            await_(result);
    } catch (error) {
        failure = error;
    }
    for (const cleanup of cleanups.splice(0).reverse())
        cleanup();
    settle();

    print(`${failure === null ? 'ok' : 'not ok'} ${index + 1} - ${name}`);
    if (failure !== null)
        print(`${failure}\n${failure.stack ?? ''}`.trim().replace(/^/gm, '# '));
    return failure === null;
}

/** Runs all tests, or the tests that the command line names. */
export function main() {
    const wanted = System.programArgs;
    const chosen = tests.filter(([name]) => wanted.length === 0 || wanted.includes(name));
    print(`1..${chosen.length}`);
    System.exit(chosen.map(runOne).every(ok => ok) ? 0 : 1);
}

/** Dispatches every ready source. Datagrams sent over the loopback interface are ready at once. */
export function settle() {
    for (let i = 0; i < 10000; i++) {
        if (!context.iteration(false))
            return;
    }
    throw new Error('the main context never comes to rest');
}

/** Iterates the main context until the condition holds. */
export function iterateUntil(condition, seconds = TIME_LIMIT) {
    let expired = false;
    // Add no other source: the test must fail if the library does not wake the context.
    let timeout = GLib.timeout_add_seconds(GLib.PRIORITY_DEFAULT, seconds, () => {
        expired = true;
        timeout = 0;
        return GLib.SOURCE_REMOVE;
    });
    while (!expired && !condition())
        context.iteration(true);
    if (timeout !== 0)
        GLib.source_remove(timeout);
    if (expired && !condition())
        throw new Error('it did not come about in time');
}

function await_(promise) {
    let outcome = null;
    promise.then(() => (outcome = []), error => (outcome = [error]));
    iterateUntil(() => outcome !== null);
    if (outcome.length > 0)
        throw outcome[0];
}

/** Collects garbage, including objects that only collected objects referenced. */
export function collect() {
    for (let i = 0; i < 3; i++) {
        settle();
        System.gc();
    }
}

/** Counts which of the added objects still exist. */
export class Census {
    // A group of bindings has a weak reference to its source. The WeakRef of GJS 1.74 is strong.
    #groups = [];

    add(object) {
        const group = new GObject.BindingGroup();
        group.source = object;
        this.#groups.push(group);
    }

    count() {
        collect();
        return this.#groups.filter(group => group.dup_source() !== null).length;
    }
}

export function assertEqual(found, wanted, what = '') {
    const [a, b] = [found, wanted].map(value => JSON.stringify(value));
    if (a !== b)
        throw new Error(`${what}${a} is not ${b}`);
}

export function assertSame(found, wanted, what = '') {
    if (found !== wanted)
        throw new Error(`${what}${found} is not ${wanted}`);
}

export function assertTrue(value, what = 'it is not so') {
    if (!value)
        throw new Error(what);
}

function checkError(error, code, words, domain) {
    assertTrue(error.matches?.(domain, code), `another error: ${error}`);
    for (const word of words)
        assertTrue(error.message.includes(`${word}`), `no ${word} in “${error.message}”`);
}

/** Asserts that run() throws a G_IO_ERROR with this code and with these words in its message. */
export function assertError(code, words, run) {
    let caught = null;
    try {
        run();
    } catch (error) {
        caught = error;
    }
    assertTrue(caught !== null, 'nothing was thrown');
    checkError(caught, code, words, Gio.io_error_quark());
}

/** Asserts that a promise is rejected with such an error. */
export async function assertRejects(code, words, promise, domain = Gio.io_error_quark()) {
    let caught = null;
    try {
        await promise;
    } catch (error) {
        caught = error;
    }
    assertTrue(caught !== null, 'it was not rejected');
    checkError(caught, code, words, domain);
}

export function assertThrows(run) {
    try {
        run();
    } catch {
        return;
    }
    throw new Error('nothing was thrown');
}

export function text(payload) {
    return new TextDecoder().decode(payload);
}

export function range(from, to) {
    return Array.from({length: to - from}, (_, i) => from + i);
}

export function address(host, port) {
    return Gio.InetSocketAddress.new_from_string(host, port);
}

export function unixAddress(path) {
    return Gio.UnixSocketAddress.new(path);
}

/** Returns the path of a new file, in a directory that is removed when the test has ended. */
export function temporaryPath(name) {
    const directory = GLib.Dir.make_tmp('gudpx-XXXXXX');
    cleanUp(() => {
        const entries = Gio.File.new_for_path(directory)
            .enumerate_children('standard::name', Gio.FileQueryInfoFlags.NOFOLLOW_SYMLINKS, null);
        for (const entry of entries)
            GLib.unlink(GLib.build_filenamev([directory, entry.get_name()]));
        GLib.rmdir(directory);
    });
    return GLib.build_filenamev([directory, name]);
}

export function countSockets() {
    const entries = Gio.File.new_for_path('/proc/self/fd').enumerate_children(
        'standard::symlink-target', Gio.FileQueryInfoFlags.NOFOLLOW_SYMLINKS, null);
    let count = 0;
    for (const entry of entries)
        count += entry.get_symlink_target()?.startsWith('socket:') ? 1 : 0;
    return count;
}

/** Records each call, then calls the handler of the test for it, if there is one. */
export const Recorder = GObject.registerClass(
class Recorder extends Gudpx.DatagramProtocol {
    constructor(handlers = {}) {
        super();
        this.handlers = handlers;
        this.events = [];
        this.datagrams = [];
        this.errors = [];
    }

    get texts() {
        return this.datagrams.map(datagram => text(datagram.get_payload()));
    }

    count(event) {
        return this.events.filter(other => other === event).length;
    }

    handle(event, ...args) {
        this.events.push(event);
        this.handlers[event]?.(...args, this);
    }

    vfunc_started() {
        this.handle('started');
    }

    vfunc_stopped() {
        this.handle('stopped');
    }

    vfunc_datagram_received(datagram) {
        this.datagrams.push(datagram);
        this.handle('datagram-received', datagram);
    }

    vfunc_connection_refused(port) {
        this.handle('connection-refused', port);
    }

    vfunc_error_received(port, error, destination) {
        this.errors.push([error, destination]);
        this.handle('error-received', port, error, destination);
    }

    vfunc_writable(port) {
        this.handle('writable', port);
    }
});

/** Overrides the function for batches, and chains up. */
export const Batches = GObject.registerClass(
class Batches extends Recorder {
    vfunc_datagrams_received(datagrams) {
        this.handle('datagrams-received', datagrams);
        super.vfunc_datagrams_received(datagrams);
    }
});

/** Stops the port when the test has ended. */
export function own(port) {
    cleanUp(() => port.stop_listening());
    return port;
}

export function listen(protocol = new Recorder(), host = LOCALHOST, number = 0) {
    return own(Gudpx.listen_udp(number, protocol, host));
}

export function listenUnix(protocol = new Recorder(), path = temporaryPath('socket')) {
    return own(Gudpx.listen_unix_datagram(path, protocol));
}

/** Returns a socket to send with: JavaScript cannot read from a GSocket. */
export function plainSocket(host = LOCALHOST) {
    const local = address(host, 0);
    const socket = Gio.Socket.new(local.get_family(), Gio.SocketType.DATAGRAM,
        Gio.SocketProtocol.DEFAULT);
    socket.bind(local, false);
    cleanUp(() => socket.close());
    return socket;
}

/** Sends to a port from a plain socket, and returns the socket. */
export function send(port, ...payloads) {
    const to = port.local_address;
    const socket = plainSocket(to.address.to_string());
    for (const payload of payloads)
        socket.send_to(to, payload, null);
    return socket;
}

/** Returns a port number that is free during the test. */
export function unusedNumber() {
    const port = Gudpx.listen_udp(0, new Recorder(), LOCALHOST);
    const number = port.local_address.port;
    port.stop_listening();
    return number;
}

for (const name of ['write', 'flush', 'stop_listening'])
    Gio._promisify(Gudpx.Port.prototype, `${name}_async`, `${name}_finish`);
Gio._promisify(Gudpx, 'resolve_async', 'resolve_finish');
Gio._promisify(Gudpx, 'resolve_all_async', 'resolve_all_finish');
