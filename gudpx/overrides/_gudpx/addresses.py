# SPDX-License-Identifier: LGPL-2.1-or-later
"""Addresses as people write them: (host, port), or the path of a UNIX socket."""

import os
import socket
from typing import NamedTuple

from gi.repository import Gio

from . import errors, limits

# Parsed addresses, by the tuple of the caller. A full cache is cleared.
parsed = {}
# sun_path, unix(7)
_UNIX_PATH_MAX = 108


class Address(NamedTuple):
    """A host and a port number. Equal to the plain tuple of both, with the same hash."""

    host: str
    port: int

    def __str__(self):
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    __repr__ = tuple.__repr__


def _name_interface(index):
    try:
        name = socket.if_indextoname(index)
        # GIO accepts only UTF-8.
        name.encode()
    except (OSError, UnicodeEncodeError):
        return str(index)
    return name


def _from_unix(address):
    """Returns the path. An abstract name begins with a zero byte, as in Python's socket module."""
    abstract = address.get_address_type() == Gio.UnixSocketAddressType.ABSTRACT
    # get_path() ends at a zero byte and accepts only UTF-8.
    return "\0" * abstract + os.fsdecode(address.props.path_as_array)


def from_gio(address):
    """Returns an Address for IP, a path for UNIX, or None for anything else."""
    if isinstance(address, Gio.InetSocketAddress):
        host = address.get_address().to_string()
        if address.get_family() == Gio.SocketFamily.IPV6 and address.get_scope_id():
            host += "%" + _name_interface(address.get_scope_id())
        return Address(host, address.get_port())
    if isinstance(address, Gio.UnixSocketAddress):
        return _from_unix(address)
    return None


def address_from_gio(address):
    """Returns (host, port) of a Gio.SocketAddress, such as the destination of do_error_received().
    The result is the path for a UNIX socket, and None for None."""
    if address is not None and not isinstance(address, Gio.SocketAddress):
        raise TypeError(f"address_from_gio() needs a Gio.SocketAddress, not {address!r}")
    return recall(address)


def show(address):
    """Returns an address as text for people: an abstract name begins with @."""
    shown = str(address or "no address").replace("\0", "@", 1)
    # Escape bytes that are not UTF-8: print() would fail.
    return shown.encode(errors="backslashreplace").decode()


def recall(address):
    """Like from_gio(), but keeps the result for the next call: the addresses of peers are used
    often."""
    try:
        return address.gudpx_address
    except AttributeError:
        if address is None:
            return None
        made = address.gudpx_address = from_gio(address)
        return made


def _split(destination):
    """Returns host and port of a tuple. The tuple of an IPv6 socket may have four members, with a
    scope."""
    if len(destination) not in (2, 4):
        raise TypeError(f"an address is (host, port), not {destination!r}")
    host, port = destination[:2]
    if len(destination) == 4 and destination[3] and "%" not in host:
        host += f"%{destination[3]}"
    return host, port


def parse(host, port):
    """Returns the Gio.InetSocketAddress of an IP address."""
    if not isinstance(host, str):
        raise TypeError(f"the host of an address is a string, not {host!r}")
    if not isinstance(port, int):
        raise TypeError(f"the port number of an address is an int, not {port!r}")
    # GIO would use the number modulo 65536.
    if not 0 <= port <= 65535:
        raise OverflowError(f"the port number {port} is not in range 0 to 65535")
    try:
        # PyGObject would drop the text after a zero byte.
        return Gio.InetSocketAddress.new_from_string(
            "255.255.255.255" if host == "<broadcast>" else host.replace("\0", "?"), port)
    except (TypeError, UnicodeEncodeError):
        message = ("“{}” is not an IP address with an existing interface after “%”"
                   if "%" in host
                   else "“{}” is not an IP address; resolve a host name first")
        raise errors.make(Gio.IOErrorEnum.INVALID_ARGUMENT, message.format(show(host))) from None


def _remember(destination, address):
    # Interfaces may change their names, and paths may name another socket: do not cache these.
    if not isinstance(destination, tuple) or "%" in destination[0]:
        return
    if len(parsed) >= limits.MAX_CACHED_ADDRESSES:
        parsed.clear()
    parsed[destination] = address


def _parse_tuple(destination):
    host, port = _split(destination)
    address = parse(host, port)
    _remember(tuple(destination), address)
    return address


def _to_unix(path):
    name = os.fsencode(path)
    # GIO would truncate a long path, or drop a long abstract name.
    if not name or len(name) >= _UNIX_PATH_MAX:
        raise errors.make(Gio.IOErrorEnum.INVALID_ARGUMENT,
                          f"Cannot use “{show(path)}”: the path is empty or too long for a "
                          "socket address")
    if name.startswith(b"\0"):
        return _make_unix(name[1:], Gio.UnixSocketAddressType.ABSTRACT)
    if b"\0" in name:
        raise errors.make(Gio.IOErrorEnum.INVALID_ARGUMENT,
                          f"Cannot use “{show(path)}”: it contains a zero byte")
    if name.isascii():
        return Gio.UnixSocketAddress.new(name.decode())
    return _make_unix(name, Gio.UnixSocketAddressType.PATH)


def _make_unix(name, kind):
    # PyGObject expects signed numbers.
    return Gio.UnixSocketAddress.new_with_type(memoryview(name).cast("b").tolist(), kind)


def to_gio(address):
    """Returns the Gio.SocketAddress of a value such as from_gio() returns. A Gio.SocketAddress and
    None are returned unchanged."""
    if address is None or isinstance(address, Gio.SocketAddress):
        return address
    if isinstance(address, (tuple, list)):
        return _parse_tuple(address)
    if isinstance(address, (str, bytes, os.PathLike)):
        return _to_unix(address)
    raise TypeError("an address is (host, port), a Gio.SocketAddress or the path of a UNIX socket, "
                    f"not {type(address).__name__}")
