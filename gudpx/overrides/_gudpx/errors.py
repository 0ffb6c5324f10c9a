# SPDX-License-Identifier: LGPL-2.1-or-later
"""GLib's errors as Python's own exceptions, too: “except ConnectionRefusedError”, “error.errno”."""

import errno
import functools
import os
import socket

from gi.repository import Gio, GLib

_IO_ERROR = GLib.quark_to_string(Gio.io_error_quark())
_RESOLVER_ERROR = GLib.quark_to_string(Gio.resolver_error_quark())

_DOMAINS = {_IO_ERROR, _RESOLVER_ERROR}

# errno of errors that the library itself detects. An error of the system ends the message with its
# text.
_IO_NUMBERS = {
    "ADDRESS_IN_USE": errno.EADDRINUSE,
    "BROKEN_PIPE": errno.EPIPE,
    "BUSY": errno.EBUSY,
    "CANCELLED": errno.ECANCELED,
    "CLOSED": errno.EBADF,
    "CONNECTION_REFUSED": errno.ECONNREFUSED,
    # A port that already listens, a group that is already joined: the kernel uses EADDRINUSE for
    # both.
    "EXISTS": errno.EADDRINUSE,
    "HOST_UNREACHABLE": errno.EHOSTUNREACH,
    "INVALID_ARGUMENT": errno.EINVAL,
    "MESSAGE_TOO_LARGE": errno.EMSGSIZE,
    "NETWORK_UNREACHABLE": errno.ENETUNREACH,
    "NOT_CONNECTED": errno.ENOTCONN,
    # An interface, or a group on an interface, does not exist.
    "NOT_FOUND": errno.ENODEV,
    "NOT_SUPPORTED": errno.EOPNOTSUPP,
    "PENDING": errno.EINPROGRESS,
    "PERMISSION_DENIED": errno.EACCES,
    "TIMED_OUT": errno.ETIMEDOUT,
    "WOULD_BLOCK": errno.EAGAIN,
}
_NUMBERS = {int(getattr(Gio.IOErrorEnum, name)): number for name, number in _IO_NUMBERS.items()}
# G_IO_ERROR_DESTINATION_UNSET, which has a name since GLib 2.80.
_NUMBERS[48] = errno.EDESTADDRREQ

_RESOLVER_NUMBERS = {
    int(Gio.ResolverError.NOT_FOUND): socket.EAI_NONAME,
    int(Gio.ResolverError.TEMPORARY_FAILURE): socket.EAI_AGAIN,
    int(Gio.ResolverError.INTERNAL): socket.EAI_FAIL,
}

_numbers_by_words = {os.strerror(number): number for number in errno.errorcode}


@functools.lru_cache(maxsize=None)
def _make_class(*kinds):
    class Error(GLib.Error, *kinds):
        def __new__(cls, message, domain, code, number):
            return kinds[0].__new__(cls, number, message)

        def __init__(self, message, domain, code, _number):
            super().__init__(message, domain, code)

        def __str__(self):
            return self.message

        def __reduce__(self):
            return _restore, (self.message, self.domain, self.code)

        def copy(self):
            return _restore(*self.__reduce__()[1])

    Error.__name__ = Error.__qualname__ = kinds[0].__name__
    Error.__module__ = "gi.repository.Gudpx"
    return Error


def _find_io_number(message, code):
    words = message.rpartition(": ")[2]
    return _numbers_by_words.get(words) or _NUMBERS.get(code)


def _find_kinds(domain, message, code):
    """Returns the built-in classes and the errno of an error."""
    if domain == _RESOLVER_ERROR:
        return (socket.gaierror,), _RESOLVER_NUMBERS.get(code)
    number = _find_io_number(message, code)
    kinds = (type(OSError(number, "")) if number else OSError,)
    if code == Gio.IOErrorEnum.INVALID_ARGUMENT:
        kinds += (ValueError,)
    return kinds, number


def _restore(message, domain, code):
    kinds, number = _find_kinds(domain, message, code)
    return _make_class(*kinds)(message, domain, code, number)


def convert(error):
    """Returns the error as an exception that is also Python's own, if there is one."""
    if isinstance(error, OSError) or getattr(error, "domain", None) not in _DOMAINS:
        return error
    return _restore(error.message, error.domain, error.code)


def make(code, message):
    return _restore(message, _IO_ERROR, int(code))


def check_strings(values):
    """Rejects strings with a zero byte: PyGObject would drop the rest of the string."""
    for value in values:
        if isinstance(value, str) and "\0" in value:
            raise make(Gio.IOErrorEnum.INVALID_ARGUMENT,
                       f"Cannot use {value!r}: it contains a zero byte")


def raise_thread():
    """Raises an error if C has only warned: the call did nothing and set no GError."""
    raise RuntimeError("the port belongs to another thread or main context: call it there, from a "
                       "callback of GLib.idle_add()")


def _is_nothing(result):
    """True for the result of a call from a wrong thread: C warns and sets no GError."""
    return result is False or (type(result) is int and result == -1)


def converting(function):
    """Wraps a function so that it raises converted errors."""

    @functools.wraps(function)
    def call(*args, **kwargs):
        try:
            result = function(*args, **kwargs)
        except GLib.Error as error:
            raise convert(error) from None
        if _is_nothing(result):
            raise_thread()
        return result

    return call


def checking(function):
    """Like converting(), and also rejects strings with a zero byte."""

    @functools.wraps(function)
    def call(*args, **kwargs):
        check_strings([*args, *kwargs.values()])
        return function(*args, **kwargs)

    return converting(call)


def _naming(name, function):
    """Wraps a setter so that its errors name the property: PyGObject raises “Must be number, not
    str”."""

    @functools.wraps(function)
    def call(*args, **kwargs):
        try:
            return function(*args, **kwargs)
        except (TypeError, OverflowError) as error:
            raise type(error)(f"{name}: {error}") from None

    return call


def _make_converting(method, function):
    name = method.get_name()
    call = checking(function) if method.can_throw_gerror() else function
    return _naming(name[len("set_"):], call) if name.startswith("set_") else call


def add_converting_methods(kind, info):
    """Wraps each method that can fail, and each setter, unless the class overrides it."""
    for method in info.get_methods():
        name = method.get_name()
        is_setter = name.startswith("set_")
        if (method.can_throw_gerror() or is_setter) and name not in kind.__dict__:
            setattr(kind, name, _make_converting(method, getattr(kind, name)))


def converting_handler(handler):
    """Wraps a handler of “error-received” so that it gets a converted error."""

    @functools.wraps(handler)
    def call(protocol, port, error, *args):
        return handler(protocol, port, convert(error), *args)

    return call
