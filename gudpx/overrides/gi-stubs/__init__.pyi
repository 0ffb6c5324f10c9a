# SPDX-License-Identifier: LGPL-2.1-or-later
# Functions that a program calls before it imports Gudpx, if PyGObject itself has no stubs.

from typing import Any

__version__: str
version_info: tuple[int, int, int]

def require_version(namespace: str, version: str) -> None: ...
def __getattr__(name: str) -> Any: ...
