#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs Twisted's own tests of datagrams and names, with a reactor made of Gudpx, as TAP.

    test-twisted.py local | reactors | network | NAME...

“network” selects the tests that need a multicast route. NAME is a module, a class or a test.
"""

import importlib.util
import os
import sys
import tempfile
import unittest

if importlib.util.find_spec("twisted") is None:
    print("1..0 # SKIP Twisted is missing")
    sys.exit()

import gudpxreactor  # noqa: E402

gudpxreactor.install()

import tap  # noqa: E402
from gudpxreactor import Resolver  # noqa: E402
from gudpxtransport import Port  # noqa: E402
from twisted.internet.test.reactormixins import ReactorBuilder  # noqa: E402
from twisted.logger import globalLogBeginner  # noqa: E402

# Set this before the test modules are loaded: they make a class for each reactor.
ReactorBuilder._reactors = ["gudpxreactor.GudpxReactor"]

from twisted.test import test_udp  # noqa: E402

TIME_LIMIT = 120

SUITES = {
    "local": [
        "twisted.test.test_udp.UDPTests",
        "twisted.test.test_udp.ReactorShutdownInteractionTests",
        "twisted.internet.test.test_udp_internals",
        "twisted.internet.test.test_posixbase.ConnectedDatagramPortTests",
        "twisted.test.test_unix.DatagramUnixSocketTests",
        "twisted.test.test_internet.PortStringificationTests.testUDP",
        "twisted.test.test_internet.ResolveTests.testChildResolve",
        "twisted.test.test_application.InternetTests.test_UDP",
        # Protocols on top of UDP that Twisted tests with real sockets.
        "twisted.names.test.test_names.ServerDNSTests",
        "twisted.mail.test.test_mail.MXTests",
        "twisted.test.test_sip.LiveTests",
    ],
    # These tests replace the reactor. Sources that the first reactor left in the main context would
    # run during these tests, with attributes of another reactor.
    "reactors": [
        "twisted.internet.test.test_udp",
        "twisted.internet.test.test_socket.AdoptDatagramPortErrorsTestsBuilder_GudpxReactorTests",
        "twisted.internet.test.test_unix.UNIXDatagramTestsBuilder_GudpxReactorTests",
    ],
    # The oldest supported Twisted lacks the tests for IPv6.
    "network": [f"twisted.test.test_udp.{name}" for name in ("MulticastTests", "MulticastTestsIPv6")
                if hasattr(test_udp, name)],
}

# Skip tests of the internals of twisted.internet.udp and unix. test-twisted-transport.py and
# similar files test the same with real sockets.
FAKE_SOCKET = ("makes twisted.internet.udp.Port itself, around a fake socket; "
               "the reactor has no part")
UNIX_PORT = "makes twisted.internet.unix.ConnectedDatagramPort itself; the reactor has no part"
SKIPPED = {
    "UDPTests.test_NoWarningOnBroadcast": FAKE_SOCKET,
    "ErrorsTests.test_socketReadNormal": FAKE_SOCKET,
    "ErrorsTests.test_readImmediateError": FAKE_SOCKET,
    "ErrorsTests.test_connectedReadImmediateError": FAKE_SOCKET,
    "ErrorsTests.test_readUnknownError": FAKE_SOCKET,
    "ConnectedDatagramPortTests.test_connectionFailedDoesntCallLoseConnection": UNIX_PORT,
    "ConnectedDatagramPortTests.test_connectionFailedCallsStopListening": UNIX_PORT,
    "AdoptDatagramPortErrorsTestsBuilder_GudpxReactorTests.test_invalidAddressFamily": (
        "Gudpx's call takes no number that is no address family: the adapter raises"
    ),
}

# The reactor of this test is in another process. The output of the process is the result.
ELSEWHERE = {"ResolveTests.testChildResolve"}


def short_name(test):
    return ".".join(test.id().split(".")[-2:])


def used():
    return Port.asked + Resolver.resolved


class TwistedResult(tap.TapResult):
    """Fails each test that passes without using Gudpx."""

    def startTest(self, test):
        super().startTest(test)
        self.used_before = used()

    def addSuccess(self, test):
        super().addSuccess(test)
        if used() == self.used_before and short_name(test) not in ELSEWHERE:
            try:
                raise AssertionError("it passed, but without Gudpx")
            except AssertionError:
                self.addFailure(test, sys.exc_info())


def tests_in(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from tests_in(test)
        else:
            yield test


def main():
    names = sys.argv[1:] or ["local"]
    if names[0] in SUITES:
        names = SUITES[names[0]]
    tests = []
    for test in tests_in(unittest.TestLoader().loadTestsFromNames(names)):
        # Modules also contain names of imported classes.
        if test.id() not in [other.id() for other in tests]:
            tests.append(test)
    for test in tests:
        test.timeout = TIME_LIMIT
        if short_name(test) in SKIPPED:
            test.skip = SKIPPED[short_name(test)]

    # The tests receive log messages, and fail if they do not expect them.
    globalLogBeginner.beginLoggingTo([], discardBuffer=True, redirectStandardIO=False)
    print(f"1..{len(tests)}", flush=True)
    result = TwistedResult()
    with tempfile.TemporaryDirectory() as directory:
        os.chdir(directory)
        unittest.TestSuite(tests).run(result)
        os.chdir("/")
    sys.exit(not result.wasSuccessful())


if __name__ == "__main__":
    main()
