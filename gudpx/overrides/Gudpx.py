# SPDX-License-Identifier: LGPL-2.1-or-later
"""The override of Gudpx for Python: Twisted's hook, addresses as tuples, properties as attributes,
keyword arguments, await, errors that are also Python's own.

If a protocol defines datagram_received(data, sender), the method is called with bytes and (host,
port), and a whole batch is fetched in one call. Everything works without this module under the
names of C."""

from gi.module import get_introspection_module
from gi.overrides import override
from gi.repository import GObject

# Without this check the imports below fail with an unclear message.
if not get_introspection_module("Gudpx").Port.__gtype__.is_a(GObject.TYPE_OBJECT):
    raise ImportError("Cannot load libgudpx-1.so.0, the library of Gudpx's typelib: run ldconfig, "
                      "or add the library's directory to LD_LIBRARY_PATH")

from gi.overrides._gudpx import listening, objects, port  # noqa: E402
from gi.overrides._gudpx.addresses import Address, address_from_gio  # noqa: E402

__all__ = ["Address", "address_from_gio"]

for _kind in (port.Port, objects.Datagram, objects.DatagramProtocol, objects.PortGroup,
              objects.Statistics, objects.ErrorDetails):
    # override() takes the namespace from __module__.
    _kind.__module__ = __name__
    override(_kind)
    globals()[_kind.__name__] = _kind
    __all__.append(_kind.__name__)

for _name in ("listen_udp", "listen_multicast", "listen_unix_datagram", "adopt_datagram_port",
              "resolve", "resolve_finish", "resolve_all", "resolve_all_finish"):
    globals()[_name] = getattr(listening, _name)
    __all__.append(_name)

Address.__module__ = "gi.repository.Gudpx"
