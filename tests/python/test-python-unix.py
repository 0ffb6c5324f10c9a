#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""UNIX sockets: paths and abstract names, in use and stale, connected, long and empty datagrams."""

import os
import socket

import tap
from gudpxtest import DESTINATION_UNSET, Code, Recorder, TestCase, settle, unix_address

from gi.repository import Gio, Gudpx


class Unix(TestCase):
    def plain(self, path=None):
        plain = self.socket(None, family=socket.AF_UNIX)
        if path:
            plain.bind(path)
        return plain

    def echo(self, path, back):
        protocol = Recorder(datagram_received=lambda _, datagram: datagram.reply(b"pong"))
        port = self.own(Gudpx.listen_unix_datagram(path, protocol))
        native = "\0" + path[1:] if path.startswith("@") else path
        plain = self.plain(back)
        plain.sendto(b"ping", native)
        settle()
        self.assertEqual(protocol.payloads, [b"ping"])
        self.assertEqual(plain.recvfrom(10), (
            b"pong", native.encode() if path.startswith("@") else native))
        return port, protocol.datagrams[0]

    def test_a_path(self):
        path, back = self.temporary_path("there"), self.temporary_path("back")
        port, datagram = self.echo(path, back)
        self.assertEqual(port.get_local_address().get_path(), path)
        self.assertEqual(datagram.get_sender().get_path(), back)
        port.stop_listening()
        self.assertFalse(os.path.exists(path))

    def test_an_abstract_name(self):
        path, back = f"@gudpx-there-{os.getpid()}", f"\0gudpx-back-{os.getpid()}"
        port, datagram = self.echo(path, back)
        self.assertEqual(port.get_local_address().get_path(), path[1:])
        self.assertEqual(port.get_local_address().get_address_type(),
                         Gio.UnixSocketAddressType.ABSTRACT)
        self.assertEqual(datagram.get_sender().get_path(), back[1:])
        self.assertFalse(os.path.exists(path))
        with self.assert_error(Code.ADDRESS_IN_USE):
            Gudpx.listen_unix_datagram(path, Recorder())

    def test_an_unbound_sender(self):
        protocol = Recorder()
        path = self.temporary_path("socket")
        self.listen_unix(protocol, path)
        self.plain().sendto(b"x", path)
        settle()
        self.assertEqual(protocol.payloads, [b"x"])
        self.assertIsNone(protocol.datagrams[0].get_sender())
        with self.assert_error(DESTINATION_UNSET):
            protocol.datagrams[0].reply(b"y")

    def test_a_stale_path(self):
        path = self.temporary_path("socket")
        self.plain(path).close()
        self.assertTrue(os.path.exists(path))
        self.listen_unix(path=path)

    def test_a_path_in_use(self):
        path = self.temporary_path("socket")
        taken = self.plain(path)
        with self.assert_error(Code.ADDRESS_IN_USE, path):
            Gudpx.listen_unix_datagram(path, Recorder())
        self.plain().sendto(b"still there", path)
        self.assertEqual(taken.recv(20), b"still there")

    def test_a_file_that_is_no_socket(self):
        path = self.temporary_path("file")
        with open(path, "w", encoding="ascii") as file:
            file.write("precious")
        with self.assert_error(Code.ADDRESS_IN_USE, path):
            Gudpx.listen_unix_datagram(path, Recorder())
        with open(path, encoding="ascii") as file:
            self.assertEqual(file.read(), "precious")

    def test_somebody_elses_file_is_left(self):
        path = self.temporary_path("socket")
        port = self.listen_unix(path=path)
        os.unlink(path)
        self.plain(path)
        port.stop_listening()
        self.assertTrue(os.path.exists(path))

    def test_paths_that_cannot_be(self):
        for path in ("", "x" * 200):
            with self.assert_error(Code.INVALID_ARGUMENT):
                Gudpx.listen_unix_datagram(path, Recorder())
        with self.assert_error(Code.NOT_FOUND, "/nonexistent/socket"):
            Gudpx.listen_unix_datagram("/nonexistent/socket", Recorder())

    def test_restarted(self):
        path = self.temporary_path("socket")
        protocol = Recorder()
        port = self.listen_unix(protocol, path)
        port.stop_listening()
        port.start_listening()
        self.plain().sendto(b"x", path)
        settle()
        self.assertEqual(protocol.payloads, [b"x"])

    def test_connected(self):
        protocol = Recorder()
        port = self.listen_unix(protocol)
        path = self.temporary_path("peer")
        peer = self.plain(path)
        port.connect_peer_address(unix_address(path))
        self.assertEqual(port.get_peer_address().get_path(), path)
        port.write(b"ping")
        data, sender = peer.recvfrom(10)
        peer.sendto(b"pong", sender)
        settle()
        self.assertEqual((data, protocol.payloads), (b"ping", [b"pong"]))

    def test_connected_to_nobody(self):
        port = self.listen_unix()
        with self.assert_error(Code.NOT_FOUND):
            port.connect_peer_address(unix_address(self.temporary_path("nobody")))
        stale = self.temporary_path("stale")
        self.plain(stale).close()
        with self.assert_error(Code.CONNECTION_REFUSED, stale):
            port.connect_peer_address(unix_address(stale))
        self.assertIsNone(port.get_peer_address())

    def test_errors_of_write(self):
        port = self.listen_unix()
        path = self.temporary_path("nobody")
        with self.assert_error(Code.NOT_FOUND, path):
            port.write_to(b"x", unix_address(path))
        self.plain(path).close()
        with self.assert_error(Code.CONNECTION_REFUSED, path):
            port.write_to(b"x", unix_address(path))

    def test_long_datagrams(self):
        protocol = Recorder()
        port = self.listen_unix(protocol)
        port.set_max_packet_size(200000)
        writer = self.listen_unix()
        writer.write_to(bytes(150000), port.get_local_address())
        settle()
        self.assertEqual(protocol.payloads, [bytes(150000)])
        with self.assert_error(Code.MESSAGE_TOO_LARGE):
            writer.write_to(bytes(5000000), port.get_local_address())

    def test_cut_off(self):
        protocol = Recorder()
        port = self.listen_unix(protocol)
        self.listen_unix().write_to(bytes(100000), port.get_local_address())
        settle()
        self.assertEqual(len(protocol.payloads[0]), 65535)
        self.assertTrue(protocol.datagrams[0].get_truncated())
        self.assertEqual(protocol.datagrams[0].get_original_size(), 100000)

    def test_empty_datagrams(self):
        protocol = Recorder()
        port = self.listen_unix(protocol)
        writer = self.listen_unix()
        for _ in range(3):
            writer.write_to(b"", port.get_local_address())
        settle()
        self.assertEqual(protocol.payloads, [b""] * 3)

    def test_no_multicast(self):
        port = self.listen_unix()
        with self.assert_error(Code.INVALID_ARGUMENT):
            port.join_group("239.1.2.3", None)


if __name__ == "__main__":
    tap.main()
