// SPDX-License-Identifier: LGPL-2.1-or-later

/* Enables and disables the example of a GNOME Shell extension, like the Shell. */

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import Gudpx from 'gi://Gudpx?version=1';

import {
    Census, LOCALHOST, Recorder, assertEqual, assertSame, assertTrue, iterateUntil, listen, main,
    plainSocket, address, settle, test
} from './gudpxtest.js';

const DIRECTORY = GLib.getenv('GUDPX_EXTENSION_DIR');
const N_TIMES = 1000;

Gio.resources_register(Gio.Resource.load(GLib.getenv('GUDPX_SHELL_RESOURCE')));

// Loads modules without “await”: code after it would be a promise's job, and block other jobs.
function load(...names) {
    let modules = null;
    Promise.all(names.map(name => import(name))).then(loaded => (modules = loaded), logError);
    iterateUntil(() => modules !== null);
    return modules;
}

const [{notifications}, {default: Extension}] =
    load('resource:///org/gnome/shell/ui/main.js', `file://${DIRECTORY}/extension.js`);

function readMetadata() {
    const [, contents] = GLib.file_get_contents(`${DIRECTORY}/metadata.json`);
    return JSON.parse(new TextDecoder().decode(contents));
}

// Makes the extension use a free port number, and an observer that belongs to the test.
function makeExtension(observer = listen()) {
    const extension = new Extension(readMetadata());
    assertEqual([extension.address, extension.observer.port],
        [{host: LOCALHOST, port: 9999}, 9998]);
    extension.address = {host: LOCALHOST, port: 0};
    extension.observer = {...observer.localEndpoint};
    notifications.length = 0;
    return extension;
}

function getDestination(extension) {
    return address(LOCALHOST, extension._port.localEndpoint.port);
}

function countDescriptors() {
    const entries = Gio.File.new_for_path('/proc/self/fd')
        .enumerate_children('standard::name', Gio.FileQueryInfoFlags.NONE, null);
    let count = 0;
    while (entries.next_file(null) !== null)
        count++;
    entries.close(null);
    return count;
}

// Asserts that no source of the default context is ready now, or within 200 ms.
function assertQuiet() {
    const end = GLib.get_monotonic_time() + 200 * 1000;
    settle();
    while (GLib.get_monotonic_time() < end)
        assertTrue(!GLib.MainContext.default().iteration(false), 'a source is left');
}

test('its metadata is what the Shell asks for', () => {
    const metadata = readMetadata();
    for (const key of ['uuid', 'name', 'description', 'shell-version'])
        assertTrue(metadata[key].length > 0, key);
    assertTrue(metadata.uuid.includes('@'));
});

test('what is sent to it is shown', () => {
    const extension = makeExtension();
    extension.enable();
    const socket = plainSocket();
    socket.send_to(getDestination(extension), 'The build is done\n', null);
    socket.send_to(getDestination(extension), 'x'.repeat(1000), null);
    iterateUntil(() => notifications.length === 2);
    extension.disable();
    assertEqual(notifications,
        [['From 127.0.0.1', 'The build is done'], ['From 127.0.0.1', 'x'.repeat(200)]]);
});

test('its observer is told', () => {
    const recorder = new Recorder();
    const extension = makeExtension(listen(recorder));
    extension.observer.host = 'localhost';
    extension.enable();
    iterateUntil(() => recorder.texts.length === 1);
    assertEqual(recorder.texts, ['hello']);
    extension.disable();
});

test('a port that is taken', () => {
    const extension = makeExtension();
    extension.address = listen().localEndpoint;
    GLib.test_expect_message('Gjs', GLib.LogLevelFlags.LEVEL_WARNING, '*Address already in use*');
    extension.enable();
    GLib.test_assert_expected_messages_internal('Gjs', '', 0, '');
    extension.disable();
    extension.address = {host: LOCALHOST, port: 0};
    extension.enable();
    assertSame(extension._port.listening, true);
    extension.disable();
});

test('nothing is shown after it was disabled', () => {
    const extension = makeExtension();
    const socket = plainSocket();
    for (let i = 0; i < 10; i++) {
        extension.enable();
        for (let j = 0; j < 10; j++)
            socket.send_to(getDestination(extension), 'late', null);
        extension.disable();
        settle();
    }
    assertQuiet();
    assertEqual(notifications, []);
});

test('a thousand times leave nothing behind', () => {
    const recorder = new Recorder();
    const extension = makeExtension(listen(recorder));
    const socket = plainSocket();
    const ports = new Census();
    const protocols = new Census();
    let nDescriptors = 0;

    for (let i = 0; i < N_TIMES; i++) {
        extension.enable();
        ports.add(extension._port);
        protocols.add(extension._port.protocol);
        // Some are disabled while they resolve, some while they receive, some at rest.
        if (i % 3 > 0)
            socket.send_to(getDestination(extension), `${i}`, null);
        if (i % 3 > 1)
            settle();
        extension.disable();
        if (i === 10)
            nDescriptors = countDescriptors();
    }
    assertQuiet();
    assertTrue(notifications.length >= N_TIMES / 3 - 1, 'nothing was received at all');
    assertEqual(notifications.filter(([, body]) => Number(body) % 3 !== 2), []);
    // The engine may still see the last one on its stack.
    assertTrue(ports.count() <= 1, `${ports.count()} ports are left`);
    assertTrue(protocols.count() <= 1, `${protocols.count()} protocols are left`);
    assertTrue(countDescriptors() <= nDescriptors, 'descriptors are left');
    assertSame(extension._port, null);
    assertSame(extension._cancellable, null);
});

main();
