# SPDX-License-Identifier: LGPL-2.1-or-later
"""The override: addresses, payloads and attributes in the form of Python."""

import array
import os
import pathlib
import random
import socket
import unittest.mock

import tap
from gudpxtest import (DESTINATION_UNSET, LOCALHOST, Code, Gio, GLib, Gudpx, Recorder, TestCase,
                       address, number, settle)


class AddressTest(TestCase):
    def receive(self, host, payload=b"x"):
        recorder = Recorder()
        port = self.listen(recorder, host)
        peer = self.send(port, payload)
        settle()
        return recorder.datagrams[0], port, peer

    def test_a_sender(self):
        datagram, port, peer = self.receive(LOCALHOST)
        host, port_number = datagram.sender
        self.assertEqual((host, port_number), peer.getsockname())
        self.assertEqual((datagram.sender.host, datagram.sender.port), peer.getsockname())
        self.assertEqual({datagram.sender: 1}[peer.getsockname()], 1)
        self.assertEqual({peer.getsockname(): 1}[datagram.sender], 1)
        self.assertLess(datagram.sender, ("128.0.0.1", 0))
        self.assertEqual(str(datagram.sender), "127.0.0.1:%d" % port_number)
        self.assertEqual(repr(datagram.sender), repr(peer.getsockname()))
        self.assertIsInstance(datagram.get_sender(), Gio.InetSocketAddress)
        self.assertIsInstance(datagram.props.sender, Gio.InetSocketAddress)

    def test_ipv6(self):
        datagram, _, peer = self.receive("::1")
        self.assertEqual(datagram.sender, peer.getsockname()[:2])
        self.assertEqual(str(datagram.sender), "[::1]:%d" % peer.getsockname()[1])

    def test_nobody(self):
        datagram = Gudpx.Datagram.new(b"x")
        self.assertIsNone(datagram.sender)
        self.assertIsNone(datagram.destination)

    def test_those_of_a_port(self):
        port = self.listen()
        self.assertEqual(port.local_address, (LOCALHOST, number(port)))
        self.assertIsNone(port.peer_address)
        peer = self.peer_of(port)
        self.assertEqual(port.peer_address, peer.getsockname())
        self.assertIsInstance(port.get_peer_address(), Gio.InetSocketAddress)
        self.assertIsInstance(port.props.local_address, Gio.InetSocketAddress)

    def test_every_way_to_write(self):
        port, peer = self.listen(), self.socket()
        to = peer.getsockname()
        port.write(b"1", to)
        port.write(b"2", list(to))
        port.write(b"3", address(*to))
        port.write_to(b"4", to)
        port.write_to_host(b"5", *to)
        port.write_bytes(GLib.Bytes.new(b"6"), to)
        port.write_bytes(b"7", to)
        port.write_async(b"8", to)
        port.write_datagrams([Gudpx.Datagram.new(b"9", to)])
        self.assertEqual([peer.recv(10) for _ in range(9)], [b"%d" % i for i in range(1, 10)])

    def test_outside_of_a_handler_it_leaves_at_once(self):
        port, peer = self.listen(), self.socket()
        peer.setblocking(False)
        for i in range(3):
            port.write(b"%d" % i, peer.getsockname())
            self.assertEqual(peer.recv(10), b"%d" % i)

    def test_more_destinations_than_are_kept(self):
        port, peer = self.listen(), self.socket()
        number_of_peer = peer.getsockname()[1]
        for i in range(9000):
            Gudpx.Datagram.new(b"", (LOCALHOST, 1 + i))
        port.write(b"x", (LOCALHOST, number_of_peer))
        self.assertEqual(peer.recv(10), b"x")
        from gi.overrides._gudpx import addresses
        self.assertLessEqual(len(addresses.parsed), 4096)

    def test_ipv6_with_a_scope(self):
        port = self.listen(host="::")
        peer = self.socket("::1")
        port.write(b"x", peer.getsockname())
        self.assertEqual(peer.recv(10), b"x")
        with_scope = Gudpx.Datagram.new(b"x", ("fe80::1", 9, 0, 1)).destination
        self.assertEqual(with_scope, ("fe80::1%lo", 9))
        self.assertEqual(Gudpx.Datagram.new(b"x", with_scope).destination, with_scope)
        self.assertEqual(Gudpx.Datagram.new(b"x", ("fe80::1%4000000", 9)).destination,
                         ("fe80::1%4000000", 9))

    def test_unix(self):
        for name in self.temporary_path("peer"), "\0gudpx-%d" % random.getrandbits(60):
            recorder = Recorder()
            peer = self.own(Gudpx.listen_unix_datagram(name, recorder))
            port = self.listen_unix()
            self.assertEqual(peer.local_address, name)
            port.write(b"x", name)
            settle()
            self.assertEqual(recorder.datagrams[0].sender, port.local_address)

    def test_unix_beyond_ascii(self):
        """Tests invalid UTF-8, which Python escapes, and zero bytes in abstract names."""
        for name in b"caf\xc3\xa9", b"\xff-%d" % random.getrandbits(60), b"a\0b\xff\0":
            path = os.fsencode(self.temporary_path("")) + name.replace(b"\0", b"")
            for wanted in path, b"\0gudpx-%d-" % random.getrandbits(60) + name:
                recorder = Recorder()
                peer = self.own(Gudpx.listen_unix_datagram(wanted, recorder))
                self.assertEqual(peer.local_address, os.fsdecode(wanted))
                with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as plain:
                    plain.connect(wanted)
                port = self.listen_unix()
                for destination in wanted, os.fsdecode(wanted), peer.get_local_address():
                    port.write(b"x", destination)
                port.connect_peer_address(peer.local_address)
                self.assertEqual(port.peer_address, peer.local_address)
                self.assertTrue(repr(port).encode())
                settle()
                self.assertEqual(recorder.payloads, [b"x"] * 3)

    def test_unix_paths_as_bytes(self):
        path = self.temporary_path("socket")
        for given in path.encode(), pathlib.Path(path):
            port = Gudpx.listen_unix_datagram(given, Recorder())
            self.assertEqual(port.local_address, path)
            self.assertEqual(Gudpx.Datagram.new(b"x", given).destination, path)
            port.stop_listening()
        port = self.listen_unix(path=b"@gudpx-%d" % random.getrandbits(60))
        self.assertEqual(port.local_address[0], "\0")

    def test_an_interface_that_is_no_utf8(self):
        from gi.overrides._gudpx import addresses
        with unittest.mock.patch("socket.if_indextoname", return_value="e\udcff"):
            gio = Gio.InetSocketAddress.new_from_string("fe80::1%1", 9)
            self.assertEqual(addresses.from_gio(gio), ("fe80::1%1", 9))

    def test_wrong_ones(self):
        port = self.listen()
        for wrong in (LOCALHOST,), (LOCALHOST, 1, 2), 5:
            with self.subTest(wrong), self.assertRaisesRegex(TypeError, "an address is"):
                port.write(b"x", wrong)
        for host, wrong, words in ((LOCALHOST, "9", "port number .* not '9'$"),
                                   (5, 9, "host .* not 5$"),
                                   (b"127.0.0.1", 9, "host .* not b'127")):
            with self.assertRaisesRegex(TypeError, words):
                port.write(b"x", (host, wrong))
            with self.assertRaisesRegex(TypeError, words):
                Gudpx.listen_udp(wrong, Recorder(), host)
        with self.assert_error(Code.INVALID_ARGUMENT, "“lo”", "pass bind_device='lo'"):
            Gudpx.listen_udp(0, Recorder(), "lo")
        for text in "127.0.0.1:9999", "":
            with self.assert_error(Code.INVALID_ARGUMENT,
                                   "an IP address is (host, port)") as caught:
                port.write(b"x", text)
            self.assertEqual(str(caught.exception).count("path of a UNIX socket"), 1)
        for wrong in -1, 65536:
            with self.assertRaises(OverflowError):
                port.write(b"x", (LOCALHOST, wrong))
        with self.assert_error(Code.INVALID_ARGUMENT, "nonesuch.example", "resolve"):
            port.write(b"x", ("nonesuch.example", 9))
        with self.assert_error(Code.INVALID_ARGUMENT, "fe80::1%nonesuch0", "existing interface"):
            port.write(b"x", ("fe80::1%nonesuch0", 9))
        for path in "", b"", "/" + 107 * "x", 200 * "x":
            with self.assert_error(Code.INVALID_ARGUMENT, "empty or too long"):
                self.listen_unix().write(b"x", path)
        with self.assert_error(DESTINATION_UNSET):
            port.write(b"x")
        with self.assertRaises(TypeError):
            port.write_to(b"x", None)

    def test_a_zero_ends_nothing(self):
        """Text with a zero byte is rejected: PyGObject would drop the rest of the text."""
        port = self.listen()
        local = LOCALHOST + "\0.example.org"
        group = "239.1.1.1\0.example.org"
        for call, *args in ((port.write, b"x", (local, 9)), (port.write_to_host, b"x", local, 9),
                            (port.write, b"x", ("<broadcast>\0", 9)),
                            (Gudpx.Datagram.new_full, b"x", (LOCALHOST, 9), local),
                            (Gudpx.listen_udp, 0, Recorder(), local),
                            (Gudpx.listen_unix_datagram, self.temporary_path("a\0b"), Recorder()),
                            (port.connect_peer, local, 9), (port.join_group, group),
                            (port.join_group, group[:9], "lo\0"), (port.leave_group, group),
                            (port.set_multicast_interface, "lo\0"), (Gudpx.resolve, local),
                            (Gudpx.resolve_all, local)):
            with self.subTest(call=call, args=args), self.assertRaises(ValueError) as caught:
                call(*args)
            self.assertEqual(caught.exception.code, Code.INVALID_ARGUMENT)
        with self.assertRaises(ValueError):
            Gudpx.listen_udp(0, Recorder(), bind_device="lo\0")
        with self.assertRaises(ValueError):
            port.join_group("239.1.1.1", interface="lo\0")

    def test_of_gio(self):
        for host, port in ((LOCALHOST, 9), ("::1", 9)):
            made = Gudpx.address_from_gio(Gio.InetSocketAddress.new_from_string(host, port))
            self.assertIsInstance(made, Gudpx.Address)
            self.assertEqual(made, (host, port))
        self.assertEqual(Gudpx.address_from_gio(Gio.UnixSocketAddress.new("/a")), "/a")
        self.assertIsNone(Gudpx.address_from_gio(None))
        with self.assertRaisesRegex(TypeError, "Gio.SocketAddress"):
            Gudpx.address_from_gio((LOCALHOST, 9))

    def test_what_takes_an_address(self):
        peer = self.socket()
        port = self.own(Gudpx.Port(protocol=Recorder(), local_address=(LOCALHOST, 0)))
        self.assertEqual(port.local_address, (LOCALHOST, 0))
        port.local_address = ("127.0.0.2", 0)
        port.start_listening()
        self.assertEqual(port.local_address.host, "127.0.0.2")
        port.connect_peer_address(peer.getsockname())
        self.assertEqual(port.peer_address, peer.getsockname())
        port = self.own(Gudpx.Port.new(Recorder(), ("127.0.0.3", 0)))
        self.assertEqual(port.local_address, ("127.0.0.3", 0))
        group = Gudpx.PortGroup.new(1, (LOCALHOST, 0), lambda *_: Recorder())
        self.assertEqual(group.local_address, (LOCALHOST, 0))

    def test_a_source(self):
        port, peer = self.listen(host="0.0.0.0"), self.socket()
        port.write_datagrams([Gudpx.Datagram.new_full(b"x", peer.getsockname(), "127.0.0.5")])
        self.assertEqual(peer.recvfrom(10), (b"x", ("127.0.0.5", number(port))))


class PayloadTest(TestCase):
    def writers(self, port, to):
        """Returns all functions that take a payload."""
        recorder = Recorder()
        peer = self.send(self.listen(recorder), b"x")
        settle()
        writers = {
            "write": lambda data: port.write(data, to),
            "write_to": lambda data: port.write_to(data, to),
            "write_to_host": lambda data: port.write_to_host(data, *to),
            "write_bytes": lambda data: port.write_bytes(data, to),
            "write_async": lambda data: port.write_async(data, to),
            "write_packed": lambda data: port.write_packed(data, b""),
            "new": lambda data: port.write_datagrams([Gudpx.Datagram.new(data, to)]),
            "new_full": lambda data: port.write_datagrams([Gudpx.Datagram.new_full(data, to)]),
            "reply": recorder.datagrams[0].reply,
        }
        return writers, peer

    def test_what_is_not_one(self):
        port, peer = self.listen(), self.socket()
        writers, _ = self.writers(port, peer.getsockname())
        for name, write in writers.items():
            with self.subTest(name):
                with self.assertRaisesRegex(TypeError, "bytes, not str: encode"):
                    write("text")
                for wrong, kind in ((1.5, "float"), (None, "NoneType"), ([97], "list"),
                                    ([b"a"], "list"), ((97,), "tuple")):
                    with self.assertRaisesRegex(TypeError, f"not {kind}$"):
                        write(wrong)
        self.assert_nothing_to_read(peer)

    def test_what_is_one(self):
        port, peer = self.listen(), self.socket()
        writers, asker = self.writers(port, peer.getsockname())
        del writers["write_packed"]
        for name, write in writers.items():
            for data in (b"ab", bytearray(b"ab"), memoryview(b"ab"), memoryview(b"a1b1")[::2],
                         array.array("B", b"ab"), GLib.Bytes.new(b"ab")):
                with self.subTest(name, data=data):
                    write(data)
                    self.assertEqual((asker if name == "reply" else peer).recv(10), b"ab")

    def test_text(self):
        for payload, text in ((b"", ""), (b"plain", "plain"), ("Grüße €".encode(), "Grüße €"),
                              (b"\xff", None), ("€".encode()[:2], None), (b"\xed\xa0\x80", None),
                              (b"\xc0\xaf", None), (b"a\0b", None), (b"a\0", None)):
            with self.subTest(payload):
                self.assertEqual(Gudpx.Datagram.new(payload).text, text)

    def test_packed(self):
        port = self.listen()
        peer = self.peer_of(port)
        port.write_packed(bytearray(b"abc"), memoryview(array.array("I", [1, 0, 2, 0])))
        self.assertEqual([peer.recv(10), peer.recv(10)], [b"a", b"bc"])

    def test_long_ones_are_copied_at_once(self):
        """Reading each item separately would take a thousand times as long."""
        port, peer = self.listen(), self.socket()
        for data in bytearray(60000), memoryview(bytes(60000)):
            port.write(data, peer.getsockname())
            self.assertEqual(len(peer.recv(65536)), 60000)


class AttributeTest(TestCase):
    def test_every_property_is_one(self):
        port = self.listen()
        datagram = Gudpx.Datagram.new(b"x")
        group = Gudpx.PortGroup.new(1, None, lambda *_: Recorder())
        for thing in port, datagram, group, Recorder():
            for spec in thing.list_properties():
                if not spec.owner_type.name.startswith("Gudpx"):
                    continue
                name = spec.name.replace("-", "_")
                value = getattr(thing.props, name)
                if not isinstance(value, Gio.SocketAddress):
                    self.assertEqual(getattr(thing, name), value, name)

    def test_help_has_each(self):
        for spec in self.listen().list_properties():
            self.assertRegex(Gudpx.Port.__doc__, rf"\b{spec.name.replace('-', '_')}\b")
        for name, member in vars(Gudpx.Port).items():
            if callable(member) and not name.startswith(("_", "set_")):
                self.assertTrue(member.__doc__, name)

    def test_what_came(self):
        recorder = Recorder()
        port = self.listen(recorder, "::")
        port.metadata = Gudpx.MetadataFlags.DESTINATION | Gudpx.MetadataFlags.HOP_LIMIT
        peer = self.socket("::1")
        peer.sendto(b"payload", ("::1", number(port)))
        settle()
        datagram = recorder.datagrams[0]
        self.assertEqual(datagram.payload, b"payload")
        self.assertIs(type(datagram.payload), bytes)
        self.assertEqual(bytes(datagram), b"payload")
        self.assertEqual(datagram.destination, ("::1", number(port)))
        self.assertEqual(datagram.hop_limit, 64)
        self.assertIs(datagram.transport, port)
        self.assertFalse(datagram.truncated)
        self.assertEqual(datagram.original_size, 7)
        self.assertEqual(port.statistics.datagrams_received, 1)

    def test_assigning(self):
        port = self.listen()
        port.ttl = 7
        self.assertEqual((port.ttl, port.get_ttl(), port.props.ttl), (7, 7, 7))
        port.props.ttl = 8
        self.assertEqual(port.ttl, 8)
        port.reading = False
        self.assertFalse(port.props.reading)
        port.multicast_interface = None
        with self.assert_error(Code.INVALID_ARGUMENT, "500"):
            port.ttl = 500
        for name in "listening", "peer_address", "protocol", "reuse_port", "statistics":
            with self.assertRaises(AttributeError):
                setattr(port, name, None)

    def test_assigning_what_is_wrong_is_never_only_a_warning(self):
        port = self.listen()
        for assign in (lambda value: setattr(port, "ttl", value),
                       lambda value: setattr(port.props, "ttl", value), port.set_ttl,
                       lambda value: port.set_property("ttl", value),
                       lambda value: port.set_properties(ttl=value)):
            with self.assertRaisesRegex(TypeError, "^ttl: Must be number, not str"):
                assign("4")
            for value in 0, 300:
                with self.assert_error(Code.INVALID_ARGUMENT, "ttl", value):
                    assign(value)
            assign(9)
            self.assertEqual(port.ttl, 9)
            port.ttl = 8

    def test_properties_of_gobject(self):
        port = self.listen()
        self.assertEqual(Gudpx.Port.props.ttl.name, "ttl")
        self.assertEqual([spec.name for spec in port.props],
                         [spec.name for spec in Gudpx.Port.list_properties()])
        self.assertIn("ttl", dir(port.props))
        with self.assertRaises(AttributeError):
            port.props.nonesuch
        for name in "nonesuch", "listening":
            with self.assertRaises(TypeError):
                setattr(port.props, name, 1)

    def test_an_attribute_that_does_not_exist(self):
        port = self.listen()
        group = Gudpx.PortGroup.new(1, None, lambda *_: Recorder())
        for thing, wrong, words in ((port, "brodcast_allowed",
                                     "; did you mean 'broadcast_allowed'"),
                                    (port, "transport_of_mine", "'$"),
                                    (group, "ster_by_cpu", "; did you mean 'steer_by_cpu'")):
            with self.assertRaisesRegex(AttributeError, f"has no attribute '{wrong}'?{words}"):
                setattr(thing, wrong, True)
            self.assertFalse(hasattr(thing, wrong))
            thing._of_the_program = 5
            self.assertEqual(thing._of_the_program, 5)
        # Tests of programs replace methods.
        port.write = print
        self.assertIs(port.write, print)
        del port.write
        self.assertNotEqual(port.write, print)
        # The program may add attributes to its protocol.
        recorder = Recorder()
        recorder.nonesuch = 1


class ReprTest(TestCase):
    def test_port(self):
        port = self.listen(Gudpx.DatagramProtocol())
        where = "127.0.0.1:%d" % number(port)
        self.assertEqual(repr(port), f"<Gudpx.Port {where} listening, DatagramProtocol>")
        port.reading = False
        self.assertIn("paused", repr(port))
        peer = self.peer_of(port)
        self.assertIn("connected to 127.0.0.1:%d" % peer.getsockname()[1], repr(port))
        port.stop_listening()
        self.assertEqual(repr(port), "<Gudpx.Port 127.0.0.1:0 stopped, DatagramProtocol>")
        self.assertIn("@gudpx-repr", repr(self.listen_unix(path="@gudpx-repr-%d" %
                                                           random.getrandbits(60))))

    def test_protocol(self):
        recorder = Recorder()
        self.assertEqual(repr(recorder), "<Recorder without a port>")
        port = self.listen(recorder)
        self.assertEqual(repr(recorder), f"<Recorder on {port.local_address}>")
        self.assertIn("<Gudpx.DatagramProtocol ", repr(Gudpx.DatagramProtocol()))

    def test_datagram(self):
        datagram = Gudpx.Datagram.new(b"x" * 100, (LOCALHOST, 9))
        self.assertEqual(repr(datagram), "<Gudpx.Datagram b'%s'…, 100 bytes to 127.0.0.1:9>" %
                         ("x" * 32))
        recorder = Recorder()
        port = self.listen(recorder)
        port.max_packet_size = 3
        peer = self.send(port, b"12345")
        settle()
        self.assertEqual(repr(recorder.datagrams[0]),
                         "<Gudpx.Datagram b'123', 3 bytes truncated from 5 from 127.0.0.1:%d>" %
                         peer.getsockname()[1])

    def test_what_is_counted(self):
        port = self.listen()
        self.assertEqual(repr(port.statistics), "<Gudpx.Statistics nothing yet>")
        port.write(b"12", self.socket().getsockname())
        self.assertIn("datagrams_sent=1, bytes_sent=2", repr(port.statistics))

    def test_group(self):
        group = Gudpx.PortGroup.new(2, (LOCALHOST, 0), lambda *_: Recorder())
        self.assertEqual(repr(group), "<Gudpx.PortGroup of 2 on 127.0.0.1:0, stopped>")
        with group:
            group.start()
            self.assertIn("listening", repr(group))
            self.assertNotEqual(group.local_address.port, 0)
        self.assertFalse(group.listening)

    def test_details(self):
        self.assertEqual(repr(Gudpx.ErrorDetails()), "<Gudpx.ErrorDetails 0>")


if __name__ == "__main__":
    tap.main()
