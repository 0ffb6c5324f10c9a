# SPDX-License-Identifier: LGPL-2.1-or-later
# Namespaces without stubs may be anything; those that have some are modules beside this file.

from typing import Any

def __getattr__(name: str) -> Any: ...
