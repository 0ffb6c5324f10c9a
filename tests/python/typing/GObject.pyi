# SPDX-License-Identifier: LGPL-2.1-or-later
# As much of it as the test needs to see which attributes there are not.

from collections.abc import Callable
from typing import Any

class GFlags: ...
class GEnum: ...

class Object:
    props: Any
    def connect(self, signal: str, handler: Callable[..., object], *user_data: Any) -> int: ...
