# SPDX-License-Identifier: LGPL-2.1-or-later
"""Getters and setters as attributes: port.ttl, datagram.payload."""

from . import addresses

# What is (host, port) as an attribute.
_ADDRESSES = {"destination", "local_address", "peer_address", "sender"}
# GI_DIRECTION_IN
_IN = 0


def _make_attribute(name, getter, setter):
    if name not in _ADDRESSES:
        return property(getter, setter)
    return property(lambda self: addresses.recall(getter(self)), setter)


def _takes_arguments(method):
    return any(int(argument.get_direction()) == _IN for argument in method.get_arguments())


def add_attributes(kind, info):
    """One for each getter; assigning calls the setter, which raises what is wrong."""
    for method in info.get_methods():
        prefix, _, name = method.get_name().partition("_")
        if prefix != "get" or _takes_arguments(method) or name in kind.__dict__:
            continue
        setter = getattr(kind, f"set_{name}", None)
        attribute = _make_attribute(name, getattr(kind, method.get_name()), setter)
        setattr(kind, name, attribute)
