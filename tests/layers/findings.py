# SPDX-License-Identifier: LGPL-2.1-or-later
"""A finding is a place that breaks a rule. An exception allows such places in one file."""

import dataclasses
import itertools
import pathlib


@dataclasses.dataclass(frozen=True)
class Finding:
    kind: str
    file: pathlib.Path
    what: str = ""  # the header, function or struct
    line: int = 0
    text: str = ""

    @property
    def exception(self):
        """The line of exceptions.txt that allows this."""
        return " ".join(filter(None, (self.kind, self.file.as_posix(), self.what)))


def get_exception(finding):
    return finding.exception


def describe(findings):
    """Yields a line for each exception that would be needed."""
    for _, group in itertools.groupby(sorted(findings, key=get_exception), get_exception):
        places = list(group)
        lines = sorted({place.line for place in places if place.line})
        numbers = ":" + ",".join(map(str, lines)) if lines else ""
        yield f"{places[0].file}{numbers} {places[0].text}"


def parse_exceptions(text):
    lines = (line.strip() for line in text.splitlines())
    return {line for line in lines if line and not line.startswith("#")}


def read_exceptions(file):
    return parse_exceptions(file.read_text(encoding="utf-8"))


def compare(findings, exceptions):
    """Returns the findings without an exception, and the exceptions without a finding."""
    wrong = [finding for finding in findings if finding.exception not in exceptions]
    return wrong, exceptions - {finding.exception for finding in findings}


def select(exceptions, kinds):
    return {exception for exception in exceptions if exception.split()[0] in kinds}
