# SPDX-License-Identifier: LGPL-2.1-or-later
# What a program calls before it imports Gudpx, where PyGObject has no stubs itself.

from typing import Any

__version__: str
version_info: tuple[int, int, int]

def require_version(namespace: str, version: str) -> None: ...
def __getattr__(name: str) -> Any: ...
