# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs a module's unittest tests and prints their results as TAP."""

import sys
import traceback
import unittest


class TapResult(unittest.TestResult):
    """Prints one line for each test, even if both a test and its clean-up fail."""

    def startTest(self, test):
        super().startTest(test)
        self.traces = []
        self.skip_reason = None

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.skip_reason = reason

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.traces += traceback.format_exception(*err)

    def addError(self, test, err):
        super().addError(test, err)
        self.traces += traceback.format_exception(*err)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.traces += [f"{subtest}\n", *traceback.format_exception(*err)]

    def stopTest(self, test):
        super().stopTest(test)
        outcome = "not ok" if self.traces else "ok"
        name = test.id().split(".", 1)[-1]
        directive = f" # SKIP {self.skip_reason}" if self.skip_reason and not self.traces else ""
        print(f"{outcome} {self.testsRun} - {name}{directive}")
        for line in "".join(self.traces).splitlines():
            print(f"# {line}")
        sys.stdout.flush()


def main():
    # With the name of one or more tests, only those: test-….py EchoPython.test_echo
    loader = unittest.TestLoader()
    module = sys.modules["__main__"]
    if sys.argv[1:]:
        suite = loader.loadTestsFromNames(sys.argv[1:], module)
    else:
        suite = loader.loadTestsFromModule(module)

    print(f"1..{suite.countTestCases()}", flush=True)
    result = TapResult()
    suite.run(result)
    sys.exit(not result.wasSuccessful())
