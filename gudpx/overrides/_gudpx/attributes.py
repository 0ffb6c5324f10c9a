# SPDX-License-Identifier: LGPL-2.1-or-later
"""Getters and setters as attributes: port.ttl, datagram.payload."""

import difflib

from gi.repository import GObject

from . import addresses

# Attributes that are (host, port).
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
    """Adds an attribute for each getter. Assigning calls the setter, which raises errors."""
    for method in info.get_methods():
        prefix, _, name = method.get_name().partition("_")
        if prefix != "get" or _takes_arguments(method) or name in kind.__dict__:
            continue
        setter = getattr(kind, f"set_{name}", None)
        attribute = _make_attribute(name, getattr(kind, method.get_name()), setter)
        setattr(kind, name, attribute)


def suggest(name, known, cutoff=0.55):
    """Returns the end of a message about an unknown name."""
    near = difflib.get_close_matches(name, known, n=1, cutoff=cutoff)
    return f"; did you mean '{near[0]}'?" if near else ""


def list_settable(kind):
    return {name for name, member in vars(kind).items()
            if isinstance(member, property) and member.fset is not None}


def refuse_unknown(self, name, value):
    """The __setattr__() of classes with properties. A mistyped name would have no effect."""
    kind = type(self)
    if not name.startswith("_") and not hasattr(kind, name):
        raise AttributeError(f"{kind.__name__} has no attribute '{name}'" +
                             suggest(name, list_settable(kind)))
    GObject.Object.__setattr__(self, name, value)


def set_by_attributes(self, properties):
    for name, value in properties.items():
        setattr(self, name, value)


_inherited_props = next(vars(kind)["props"] for kind in GObject.Object.__mro__
                        if "props" in vars(kind))


class _Props:
    """The type of port.props. Reading is GObject's. Assigning an invalid value raises an error."""

    def __init__(self, thing):
        self.__dict__.update(_thing=thing, _props=_inherited_props.__get__(thing, type(thing)))

    def __getattr__(self, name):
        return getattr(self._props, name)

    def __setattr__(self, name, value):
        self._thing.set_property(name, value)

    def __iter__(self):
        # Python 3.13 rejects PyGObject's iterator, because that has no __iter__().
        return iter(self._thing.list_properties())

    def __dir__(self):
        return dir(self._props)


class PropsAttribute:
    """Makes invalid values raise an error. GObject itself only warns."""

    def __get__(self, thing, kind=None):
        return _inherited_props.__get__(None, kind) if thing is None else _Props(thing)
