# SPDX-License-Identifier: LGPL-2.1-or-later
# As much of it as the test needs to tell an address from what is none.

from typing import Any

class SocketAddress:
    def to_string(self) -> str: ...

class SocketFamily(int):
    INVALID: SocketFamily

class InetAddress:
    def to_string(self) -> str: ...

class Cancellable: ...
class AsyncResult: ...

def __getattr__(name: str) -> Any: ...
