#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A port's properties: defaults, setting, notification, restarts, and invalid values."""

import os
import socket
import subprocess
import sys

import tap
from gudpxtest import LOCALHOST, Code, Recorder, TestCase, address, number, settle

from gi.repository import Gio, GLib, GObject, Gudpx

TIMESTAMP = Gudpx.MetadataFlags.TIMESTAMP

# Properties that can be set at any time: the default, another value, and invalid values.
SETTABLE = {
    "max-packet-size": (65535, 1000, (0, 1048577)),
    "broadcast-allowed": (False, True, ()),
    "ttl": (64, 5, (0, 256)),
    "multicast-ttl": (1, 0, (256,)),
    "multicast-loopback": (True, False, ()),
    "multicast-interface": (None, "lo", ()),
    "dscp": (0, 46, (64,)),
    "receive-buffer-size": (None, 50000, (2 ** 30,)),
    "send-buffer-size": (None, 50000, (2 ** 30,)),
    "send-queue-limit": (None, 5000, ()),
    "priority": (GLib.PRIORITY_DEFAULT, GLib.PRIORITY_DEFAULT_IDLE, ()),
    "reading": (True, False, ()),
    "coalesce-writes": (True, False, ()),
    "busy-poll": (None, 100, (1001,)),
    "report-errors": (False, True, ()),
    "send-queue-policy": (Gudpx.QueuePolicy.REFUSE, Gudpx.QueuePolicy.DROP_OLDEST, ()),
    "dont-fragment": (False, True, ()),
    "max-pacing-rate": (2 ** 32 - 1, 125000, (0,)),
    "metadata": (Gudpx.MetadataFlags.NONE, TIMESTAMP, ()),
}
# GSocket's own calls do not report errors: the property keeps its value, with a warning.
NOT_SETTABLE = ["report-errors"] if os.environ.get("GUDPX_TEST_IO") == "generic" else []
for _name in NOT_SETTABLE:
    del SETTABLE[_name]
CONSTRUCT_ONLY = ["protocol", "listen-multiple", "reuse-port", "ipv6-only", "bind-device"]
READ_ONLY = ["listening", "peer-address", "socket", "send-queue-size", "path-mtu"]

# Socket options of the properties: level, name, and value.
OPTIONS = {
    "broadcast-allowed": (socket.SOL_SOCKET, socket.SO_BROADCAST, 1),
    "ttl": (socket.IPPROTO_IP, socket.IP_TTL, 5),
    "multicast-ttl": (socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 0),
    "multicast-loopback": (socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0),
    "dscp": (socket.IPPROTO_IP, socket.IP_TOS, 46 << 2),
    "receive-buffer-size": (socket.SOL_SOCKET, socket.SO_RCVBUF, 100000),
    "send-buffer-size": (socket.SOL_SOCKET, socket.SO_SNDBUF, 100000),
}


def setter(port, name):
    return getattr(port, "set_" + name.replace("-", "_"))


def getter(port, name):
    return getattr(port, "get_" + name.replace("-", "_"))


def option(port, level, name):
    plain = socket.socket(fileno=port.get_socket().get_fd())
    value = plain.getsockopt(level, name)
    plain.detach()
    return value


class Properties(TestCase):
    def both_states(self):
        """Returns a port that is not started, and a port that is listening."""
        return [Gudpx.Port.new(Recorder(), None), self.listen()]

    def test_these_and_no_others(self):
        names = sorted(pspec.name for pspec in Gudpx.Port.list_properties())
        self.assertEqual(names, sorted([*SETTABLE, *NOT_SETTABLE, *CONSTRUCT_ONLY, *READ_ONLY,
                                        "local-address"]))

    def test_defaults(self):
        for port in self.both_states():
            for name, (default, _, _) in SETTABLE.items():
                if default is not None:
                    self.assertEqual(port.get_property(name), default, name)
            self.assertIsNone(port.get_multicast_interface())
            self.assertGreater(port.get_send_queue_limit(), 65536)
            self.assertLessEqual(port.get_busy_poll(), 1000)
            for name in CONSTRUCT_ONLY[1:4]:
                self.assertIs(port.get_property(name), False, name)
            self.assertIsNone(port.get_bind_device())
            self.assertIsInstance(port.get_protocol(), Recorder)
            self.assertIsNone(port.get_peer_address())
            self.assertEqual((port.get_send_queue_size(), port.get_path_mtu()), (0, 0))

    def test_of_the_state(self):
        port, listening = self.both_states()
        self.assertFalse(port.get_listening())
        self.assertIsNone(port.get_socket())
        self.assertIsNone(port.get_local_address())
        self.assertTrue(listening.get_listening())
        self.assertEqual(listening.get_socket().get_family(), Gio.SocketFamily.IPV4)
        self.assertNotEqual(number(listening), 0)

    def test_getters_and_properties_agree(self):
        for port in self.both_states():
            for pspec in port.list_properties():
                self.assertEqual(port.get_property(pspec.name), getter(port, pspec.name)(),
                                 pspec.name)

    def test_set_by_setter(self):
        for port in self.both_states():
            for name, (_, other, _) in SETTABLE.items():
                self.assertIn(setter(port, name)(other), (True, None), name)
                self.assertEqual(getter(port, name)(), other, name)

    def test_set_by_property(self):
        for port in self.both_states():
            for name, (_, other, _) in SETTABLE.items():
                port.set_property(name, other)
                self.assertEqual(port.get_property(name), other, name)

    def test_set_at_construction(self):
        values = {name.replace("-", "_"): other for name, (_, other, _) in SETTABLE.items()}
        port = self.own(Gudpx.Port(protocol=Recorder(), local_address=address(LOCALHOST, 0),
                                   **values))
        port.start_listening()
        for name, (_, other, _) in SETTABLE.items():
            self.assertEqual(port.get_property(name), other, name)

    def test_notify_once_for_a_change_and_never_without(self):
        for port in self.both_states():
            seen = []
            port.connect("notify", lambda _, pspec: seen.append(pspec.name))
            for name, (_, other, _) in SETTABLE.items():
                before = port.get_property(name)
                for value in (before, other, other, before, before):
                    setter(port, name)(value)
                self.assertEqual(seen, [name] * 2)
                seen.clear()
                port.set_property(name, other)
                settle()
                seen.clear()

    def test_kept_across_a_restart(self):
        port = self.listen()
        for name, (_, other, _) in SETTABLE.items():
            setter(port, name)(other)
        port.stop_listening()
        for name, (_, other, _) in SETTABLE.items():
            self.assertEqual(port.get_property(name), other, name)
        port.start_listening()
        for name, (_, other, _) in SETTABLE.items():
            self.assertEqual(port.get_property(name), other, name)

    def test_the_kernel_has_them(self):
        before = self.own(Gudpx.Port.new(Recorder(), None))
        after = self.listen()
        for port in (before, after):
            for name in OPTIONS:
                setter(port, name)(SETTABLE[name][1])
        before.start_listening()
        after.stop_listening()
        after.start_listening()
        for port in (before, after):
            for name, (level, number_of, wanted) in OPTIONS.items():
                self.assertEqual(option(port, level, number_of), wanted, name)

    def test_what_the_kernel_has_shows(self):
        port = self.listen()
        self.assertEqual(port.get_receive_buffer_size() * 2,
                         option(port, socket.SOL_SOCKET, socket.SO_RCVBUF))
        port.get_socket().set_option(socket.IPPROTO_IP, socket.IP_TTL, 9)
        self.assertEqual(port.get_ttl(), 9)

    def test_no_reuse_of_addresses(self):
        port = self.listen()
        for name in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):
            self.assertEqual(option(port, socket.SOL_SOCKET, name), 0)
        multiple = self.own(Gudpx.listen_multicast(0, Recorder(), True, None))
        self.assertEqual(option(multiple, socket.SOL_SOCKET, socket.SO_REUSEADDR), 1)
        self.assertEqual(option(multiple, socket.SOL_SOCKET, socket.SO_REUSEPORT),
                         0 if sys.platform == "linux" else 1)

    def test_out_of_range(self):
        for port in self.both_states():
            for name, (_, _, wrong) in SETTABLE.items():
                before = port.get_property(name)
                for value in wrong:
                    with self.assert_error(Code.INVALID_ARGUMENT, name, value):
                        setter(port, name)(value)
                with self.assertRaises((TypeError, ValueError, OverflowError)):
                    setter(port, name)(object() if name not in (
                        "broadcast-allowed", "multicast-loopback", "reading",
                        "coalesce-writes", "report-errors", "dont-fragment") else ValueErrorBool())
                self.assertEqual(port.get_property(name), before, name)

    def test_what_the_system_refuses(self):
        port = self.listen()
        with self.assert_error(Code.NOT_FOUND, "nosuch0"):
            port.set_multicast_interface("nosuch0")
        self.assertIsNone(port.get_multicast_interface())
        unix = self.listen_unix()
        for name in ("ttl", "multicast-ttl", "dscp"):
            with self.assert_error(Code.NOT_SUPPORTED, name):
                setter(unix, name)(7)
            self.assertEqual(unix.get_property(name), SETTABLE[name][0])

    def test_refused_at_the_start(self):
        protocol = Recorder()
        port = Gudpx.Port.new(protocol, None)
        port.set_multicast_interface("nosuch0")
        with self.assert_error(Code.NOT_FOUND, "nosuch0"):
            port.start_listening()
        self.assertEqual(protocol.events, [])
        self.assertFalse(port.get_listening())
        port.set_multicast_interface(None)
        self.own(port).start_listening()

    def test_construct_only(self):
        found = [pspec.name for pspec in Gudpx.Port.list_properties()
                 if pspec.flags & GObject.ParamFlags.CONSTRUCT_ONLY]
        self.assertEqual(sorted(found), sorted(CONSTRUCT_ONLY))
        port = Gudpx.Port(protocol=Recorder(), listen_multiple=True, reuse_port=True,
                          ipv6_only=True, bind_device="lo")
        self.assertEqual([port.get_property(name) for name in CONSTRUCT_ONLY[1:]],
                         [True, True, True, "lo"])

    def test_read_only(self):
        for port in self.both_states():
            for name in READ_ONLY:
                with self.assertRaises(TypeError):
                    port.set_property(name, port.get_property(name))

    def test_local_address(self):
        port = Gudpx.Port.new(Recorder(), None)
        seen = []
        port.connect("notify::local-address",
                     lambda port, _: seen.append(port.props.local_address))
        wanted = address(LOCALHOST, 0)
        port.props.local_address = wanted
        port.set_local_address(wanted)
        self.assertEqual(seen, [wanted])
        self.own(port).start_listening()
        self.assertEqual(len(seen), 2)
        bound = seen[1].to_string()
        self.assertNotEqual(bound, wanted.to_string())
        with self.assert_error(Code.BUSY):
            port.set_local_address(wanted)
        self.assertEqual(port.get_local_address().to_string(), bound)
        port.stop_listening()
        # The stopped port returns the requested address again.
        self.assertTrue(Gudpx.address_equal(port.get_local_address(), wanted))

    def test_listening_and_socket_notify(self):
        port = Gudpx.Port.new(Recorder(), address(LOCALHOST, 0))
        seen = []
        port.connect("notify::listening", lambda port, _: seen.append(port.get_listening()))
        port.connect("notify::socket", lambda port, _: seen.append(port.get_socket() is not None))
        port.start_listening()
        self.assertEqual(seen, [True, True])
        port.stop_listening()
        self.assertEqual(seen, [True, True, False, False])

    def test_bindings(self):
        one, other = self.both_states()
        one.bind_property("ttl", other, "ttl", GObject.BindingFlags.DEFAULT)
        one.set_ttl(7)
        self.assertEqual(other.get_ttl(), 7)

    def test_priority(self):
        """A port of lower priority waits for all other sources."""
        order = []
        high = self.listen(Recorder(datagram_received=lambda *_: order.append("high")))
        low = self.listen(Recorder(datagram_received=lambda *_: order.append("low")))
        low.set_priority(GLib.PRIORITY_LOW)
        for _ in range(3):
            self.send(low, b"x")
            self.send(high, b"x")
        settle()
        self.assertEqual(order, ["high"] * 3 + ["low"] * 3)
        self.assertEqual(low.get_priority(), GLib.PRIORITY_LOW)

    def test_on_ipv6(self):
        port = self.listen(host="::")
        for name, (_, other, _) in SETTABLE.items():
            setter(port, name)(other)
            self.assertEqual(port.get_property(name), other, name)
        self.assertEqual(option(port, socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS), 5)
        self.assertEqual(option(port, socket.IPPROTO_IP, socket.IP_TTL), 5)
        self.assertEqual(option(port, socket.IPPROTO_IPV6, socket.IPV6_TCLASS), 46 << 2)
        self.assertEqual(option(port, socket.IPPROTO_IP, socket.IP_TOS), 46 << 2)

    def test_a_property_that_is_refused_warns(self):
        """A property cannot raise an error: the library warns, and the program continues."""
        result = subprocess.run([sys.executable, __file__, "--refused"], capture_output=True,
                                text=True, check=True)
        self.assertEqual(result.stdout, "[True, None]\n")
        self.assertIn("Gudpx-WARNING", result.stderr)
        self.assertIn("nosuch0", result.stderr)


class ValueErrorBool:
    """A value whose conversion to bool fails."""

    def __bool__(self):
        raise ValueError


def refused():
    port = Gudpx.listen_udp(0, Recorder(), LOCALHOST)
    port.props.multicast_interface = "nosuch0"
    print([port.get_listening(), port.get_multicast_interface()])


class Constants(TestCase):
    def test_the_version(self):
        self.assertEqual(Gudpx.MAJOR_VERSION, 1)
        self.assertIsInstance(Gudpx.MINOR_VERSION, int)
        self.assertIsInstance(Gudpx.MICRO_VERSION, int)

    def test_flags(self):
        flags = Gudpx.MetadataFlags.HOP_LIMIT | Gudpx.MetadataFlags.TRAFFIC_CLASS
        self.assertEqual(int(flags), 12)
        self.assertTrue(flags & Gudpx.MetadataFlags.HOP_LIMIT)
        self.assertFalse(flags & Gudpx.MetadataFlags.DESTINATION)


if __name__ == "__main__":
    if sys.argv[1:] == ["--refused"]:
        refused()
    else:
        tap.main()
