# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the peers send each other: nodepeer.js makes the same."""


def payload(size):
    return bytes((i * 31 + size) % 251 for i in range(size))
