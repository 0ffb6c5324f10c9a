# SPDX-License-Identifier: LGPL-2.1-or-later
"""Conversion of payloads."""

from gi.repository import GLib


def to_bytes(data):
    """Returns the payload as bytes: only bytes cross into C in one piece."""
    if isinstance(data, bytes):
        return data
    if isinstance(data, str):
        raise TypeError("a payload is bytes, not str: encode it first")
    if isinstance(data, GLib.Bytes):
        return data.get_data() or b""
    # None and lists of numbers, which C accepts, are mistakes here. An empty payload is b"".
    try:
        return bytes(memoryview(data))
    except TypeError:
        raise TypeError("a payload is bytes, bytearray or memoryview, "
                        f"not {type(data).__name__}") from None


def to_gbytes(data):
    return data if isinstance(data, GLib.Bytes) else GLib.Bytes.new(to_bytes(data))


def to_text(data):
    """Decodes like gudpx_datagram_dup_text(): None for invalid UTF-8 or a zero byte inside."""
    try:
        return data.decode() if b"\0" not in data else None
    except UnicodeDecodeError:
        return None
