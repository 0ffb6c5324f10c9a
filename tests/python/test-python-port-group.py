#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Groups of ports: the factory and the handlers are called in the threads of the group."""

import gc
import threading
import time

import tap
from gudpxtest import LOCALHOST, TIME_LIMIT, Code, TestCase, address

from gi.repository import Gio, GLib, Gudpx


class Member(Gudpx.DatagramProtocol):
    def __init__(self, index):
        super().__init__()
        self.index = index
        self.made_in = threading.get_ident()
        self.called_in = set()
        self.is_stopped = threading.Event()

    def do_started(self):
        self.called_in.add(threading.get_ident())

    def do_datagram_received(self, datagram):
        self.called_in.add(threading.get_ident())
        datagram.reply(b"%d" % self.index)

    def do_stopped(self):
        self.called_in.add(threading.get_ident())
        self.is_stopped.set()


class Groups(TestCase):
    def group(self, factory, n_ports=2, local_address=address(LOCALHOST, 0)):
        group = Gudpx.PortGroup.new(n_ports, local_address, factory)
        self.addCleanup(group.stop)
        return group

    def members(self, **kwargs):
        members = []

        def make(_, index, *__):
            members.append(Member(index))
            return members[-1]

        return self.group(make, **kwargs), members

    def ask(self, plain, group):
        plain.sendto(b"ask", (LOCALHOST, group.get_local_address().get_port()))
        return plain.recv(10)

    def test_each_in_its_own_thread(self):
        group, members = self.members()
        group.start()
        met = set()
        for _ in range(64):
            plain = self.socket()
            answers = {self.ask(plain, group) for _ in range(3)}
            self.assertEqual(len(answers), 1)
            met |= answers
        self.assertEqual(met, {b"0", b"1"})
        group.stop()
        threads = {member.made_in for member in members}
        self.assertEqual(len(threads | {threading.get_ident()}), 3)
        for member in members:
            self.assertEqual(member.called_in, {member.made_in})
            self.assertTrue(member.is_stopped.is_set())
        statistics = group.get_statistics()
        self.assertEqual((statistics.datagrams_received, statistics.datagrams_sent), (192, 192))

    def test_properties(self):
        group, _ = self.members(n_ports=3)
        notified = []
        group.connect("notify::listening", lambda *_: notified.append(group.props.listening))
        self.assertEqual((group.props.n_ports, group.props.listening, group.props.steer_by_cpu),
                         (3, False, False))
        self.assertEqual(group.props.local_address.get_port(), 0)
        group.start()
        self.assertNotEqual(group.props.local_address.get_port(), 0)
        group.stop()
        self.assertEqual(notified, [True, False])

    def test_steered(self):
        group, _ = self.members()
        group.set_steer_by_cpu(True)
        self.assertTrue(group.props.steer_by_cpu)
        try:
            group.start()
        except GLib.Error as error:
            self.skipTest(error.message)
        self.assertIn(self.ask(self.socket(), group), (b"0", b"1"))

    def test_invoke(self):
        group, members = self.members()
        group.start()
        plain = self.socket()
        called_in = []

        def write(port, *_):
            called_in.append(threading.get_ident())
            port.write_to_host(b"hello", *plain.getsockname())

        self.assertTrue(group.invoke(1, write))
        self.assertEqual(plain.recv(10), b"hello")
        self.assertEqual(called_in, [members[1].made_in])
        group.stop()
        self.assertFalse(group.invoke(1, write))

    def test_factories_that_fail(self):
        def fail(*_):
            raise ValueError("no protocol today")

        with self.assert_error(Code.FAILED, "port 0"):
            self.group(fail).start()
        self.assertEqual([str(error) for error in self.take_exceptions()], ["no protocol today"])
        with self.assert_error(Code.FAILED, "port 0"):
            self.group(lambda *_: None).start()
        with self.assert_error(Code.INVALID_ARGUMENT, "port 1"):
            member = Member(0)
            self.group(lambda *_: member).start()
        with self.assert_error(Code.INVALID_ARGUMENT):
            Gudpx.PortGroup(n_ports=2).start()
        with self.assert_error(Code.NOT_SUPPORTED):
            self.group(lambda *_: Member(0), local_address=Gio.UnixSocketAddress.new("/x")).start()

    def test_address_in_use(self):
        plain = self.socket()
        group, members = self.members(local_address=address(*plain.getsockname()))
        with self.assert_error(Code.ADDRESS_IN_USE, plain.getsockname()[1]):
            group.start()
        self.assertEqual((members, group.get_listening()), ([], False))

    def test_let_go_of(self):
        """The garbage collector frees the group while it has Python's lock, which the handlers
        need."""
        members = []

        def make(_, index, *__):
            members.append(Member(index))
            return members[-1]

        group = Gudpx.PortGroup.new(2, address(LOCALHOST, 0), make)
        group.own = group  # needs the collector
        group.start()
        del group
        gc.collect()
        for member in members:
            self.assertTrue(member.is_stopped.wait(TIME_LIMIT))

    def test_nothing_is_left(self):
        gone = []

        def make(_, index, *__):
            member = Member(index)
            member.weak_ref(lambda: gone.append(index))
            return member

        for _ in range(3):
            group = Gudpx.PortGroup.new(2, address(LOCALHOST, 0), make)
            group.start()
            group.stop()
        del group
        gc.collect()
        until = time.monotonic() + TIME_LIMIT
        while len(gone) < 6 and time.monotonic() < until:
            time.sleep(0.01)
        self.assertEqual(sorted(gone), [0, 0, 0, 1, 1, 1])


if __name__ == "__main__":
    tap.main()
