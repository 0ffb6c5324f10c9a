# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes the payloads that the peers exchange; nodepeer.js makes the same ones."""


def payload(size):
    return bytes((i * 31 + size) % 251 for i in range(size))
