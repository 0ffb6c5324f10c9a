# SPDX-License-Identifier: LGPL-2.1-or-later
"""Functions that listen, with the properties of a port as keyword arguments, and that resolve."""

import os
import socket

from gi.module import get_introspection_module
from gi.repository import Gio, GObject

from . import addresses, awaiting, errors
from .attributes import set_by_attributes, suggest
from .port import Port

Gudpx = get_introspection_module("Gudpx")

_CONSTRUCT_ONLY = GObject.ParamFlags.CONSTRUCT_ONLY
_PROPERTIES = {spec.name.replace("-", "_"): spec
               for spec in GObject.list_properties(Gudpx.Port)
               if spec.flags & GObject.ParamFlags.WRITABLE and
               spec.name not in ("protocol", "local-address")}


def _check_protocol(function, protocol):
    if not isinstance(protocol, Gudpx.DatagramProtocol):
        raise TypeError(f"{function}() needs a Gudpx.DatagramProtocol, not {protocol!r}")
    try:
        protocol.get_transport()
    except RuntimeError:
        raise RuntimeError(f"{type(protocol).__qualname__}.__init__() did not call "
                           "super().__init__()") from None


def _check_names(function, properties):
    known = [*_PROPERTIES]
    if function in ("listen_udp", "listen_multicast"):
        known.append("interface")
    for name in properties:
        if name not in _PROPERTIES:
            raise TypeError(f"{function}() got an unexpected keyword argument '{name}'" +
                            suggest(name, known))


def _check(function, protocol, properties):
    _check_protocol(function, protocol)
    _check_names(function, properties)


def _is_construct_only(name):
    return bool(_PROPERTIES[name].flags & _CONSTRUCT_ONLY)


def _add_size(properties, max_packet_size):
    if max_packet_size is not None:
        properties["max_packet_size"] = max_packet_size


def _listen(function, address, protocol, properties):
    _check(function, protocol, properties)
    port = Port(protocol=protocol, local_address=address, **properties)
    port.start_listening()
    return port


def _choose(function, interface, bind_address):
    if interface is not None and bind_address is not None:
        raise TypeError(f"{function}() takes either interface or bind_address: both mean the same")
    return interface or bind_address or "0.0.0.0"


def _parse(host, port):
    """Returns the address to bind. Other functions accept the name of an interface, so callers
    often pass a name here, too: the message then explains bind_device."""
    try:
        return addresses.parse(host, port)
    except ValueError:
        if host not in (name for _, name in socket.if_nameindex()):
            raise
        raise errors.make(Gio.IOErrorEnum.INVALID_ARGUMENT,
                          f"“{host}” is not an IP address: to bind to this interface, pass "
                          f"bind_device='{host}'") from None


def listen_udp(port, protocol, interface=None, max_packet_size=None, *, bind_address=None,
               **properties):
    """Listens for datagrams on an IP address, and returns the Gudpx.Port.

    port is a number, 0 for any free one. protocol is a Gudpx.DatagramProtocol. interface is the
    address to bind: all of IPv4 by default, "::" for all of IPv6 and IPv4. Each property of a
    Gudpx.Port that can be set is a keyword argument: broadcast_allowed=True, ttl=4."""
    _add_size(properties, max_packet_size)
    host = _choose("listen_udp", interface, bind_address)
    return _listen("listen_udp", _parse(host, port), protocol, properties)


def listen_multicast(port, protocol, listen_multiple=False, interface=None,
                     max_packet_size=None, *, bind_address=None, **properties):
    """Listens like listen_udp(). listen_multiple lets several programs of the machine listen."""
    # Twisted's third argument is the interface: a string, which would count as true.
    if isinstance(listen_multiple, str):
        raise TypeError("the third argument of listen_multicast() is listen_multiple, True or "
                        f"False: pass interface={listen_multiple!r}")
    _add_size(properties, max_packet_size)
    host = _choose("listen_multicast", interface, bind_address)
    return _listen("listen_multicast", _parse(host, port), protocol,
                   {**properties, "listen_multiple": listen_multiple})


def listen_unix_datagram(path, protocol, max_packet_size=None, **properties):
    """Listens on a UNIX datagram socket. An abstract name begins with a zero byte, or with @."""
    _add_size(properties, max_packet_size)
    path = os.fsdecode(path)
    if path.startswith("@"):
        path = "\0" + path[1:]
    return _listen("listen_unix_datagram", addresses.to_gio(path), protocol, properties)


def adopt_datagram_port(fd, family=None, protocol=None, max_packet_size=None, **properties):
    """Listens on an existing socket, a socket.socket or a descriptor. The port duplicates the
    descriptor. The family may be left out."""
    _add_size(properties, max_packet_size)
    if isinstance(family, Gudpx.DatagramProtocol):
        family, protocol = None, family
    _check("adopt_datagram_port", protocol, properties)
    for name in filter(_is_construct_only, properties):
        raise TypeError(f"adopt_datagram_port() cannot set '{name}': the socket exists already")
    if isinstance(family, socket.AddressFamily):
        family = int(family)
    port = errors.converting(Gudpx.adopt_datagram_port)(
        fd if isinstance(fd, int) else fd.fileno(), Gio.SocketFamily(family or 0), protocol)
    try:
        set_by_attributes(port, properties)
    except BaseException:
        port.stop_listening()
        raise
    return port


resolve_finish = errors.converting(Gudpx.resolve_finish)
resolve_all_finish = errors.converting(Gudpx.resolve_all_finish)


def resolve(host, cancellable=None):
    """Resolves a host name to one IP address. Await the result."""
    errors.check_strings([host])
    return awaiting.begin(lambda *rest: Gudpx.resolve_async(host, *rest),
                          lambda result: resolve_finish(result).to_string(), cancellable)


def resolve_all(host, family=Gio.SocketFamily.INVALID, timeout=60, cancellable=None):
    """Resolves a host name to all its IP addresses. timeout is in seconds. Await the result."""
    errors.check_strings([host])
    return awaiting.begin(
        lambda *rest: Gudpx.resolve_all_async(host, family, int(timeout * 1000), *rest),
        lambda result: [address.to_string() for address in resolve_all_finish(result)], cancellable)
