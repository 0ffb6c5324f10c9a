# SPDX-License-Identifier: LGPL-2.1-or-later
# Namespaces without stubs may be anything. Namespaces with stubs are modules next to this file.

from typing import Any

def __getattr__(name: str) -> Any: ...
