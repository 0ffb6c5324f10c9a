# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the chat program in Python, and lets a test look at its widgets and use them.

Each line of the standard input is a command in JSON, [NAME, ARGUMENT…]. The answer to each command
is one line."""

import json
import pathlib
import sys
import warnings

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "examples" / "gtk" / "python"))

from application import Application  # noqa: E402
from gi.repository import Gio, GLib, Gtk  # noqa: E402
from network import Network  # noqa: E402


# The program uses nothing that a newer GTK or libadwaita calls deprecated.
warnings.simplefilter("always", DeprecationWarning)


def rows_of(list_box):
    row = list_box.get_row_at_index(0)
    while row is not None:
        yield row
        row = list_box.get_row_at_index(row.get_index() + 1)


def walk(widget):
    yield widget
    child = widget.get_first_child()
    while child is not None:
        yield from walk(child)
        child = child.get_next_sibling()


def find_text(widget, css_name):
    """Returns the text of the first label in the widget @name, or None."""
    for inner in walk(widget):
        if inner.get_css_name() == css_name:
            return next(each.get_text() for each in walk(inner) if isinstance(each, Gtk.Label))
    return None


class Driver:
    def __init__(self, application):
        self.application = application
        self.input = Gio.DataInputStream.new(Gio.UnixInputStream.new(0, False))
        application.connect_after("activate", lambda _application: self.read())

    @property
    def window(self):
        return self.application.window

    def read(self):
        self.input.read_line_async(GLib.PRIORITY_DEFAULT, None, self.on_line)

    def on_line(self, source, result):
        line, _length = source.read_line_finish_utf8(result)
        if line is None:
            return
        name, *arguments = json.loads(line)
        print(json.dumps(getattr(self, name)(*arguments)), flush=True)
        self.read()

    def look(self):
        window = self.window
        return {
            "peers": [self.describe_peer(row) for row in rows_of(window.peer_list)],
            "messages": [self.describe_message(row) for row in rows_of(window.message_list)],
            "page": window.pages.get_visible_child_name(),
            "status": window.status.props.title,
            "title": window.peer_title.props.title,
            "subtitle": window.peer_title.props.subtitle,
            "can-write": window.entry.is_sensitive(),
            "folded": window.fold.folded,
            "shows": "list" if window.fold.shown is window.fold.sidebar else "content",
            "toast": find_text(window.toasts, "toast"),
            "plain": isinstance(window.toasts, Gtk.Overlay),
            "received": sum(window.plot.received),
            "sent": sum(window.plot.sent),
            "ignored": self.application.network.ignored,
        }

    def describe_peer(self, row):
        unread = row.unread
        return [row.name.get_text(), int(unread.get_text()) if unread.is_visible() else 0]

    def describe_message(self, row):
        # The state follows the time.
        return [row.text.get_text(), row.caption.get_text()[len("12:34 · "):]]

    def select(self, name):
        for row in rows_of(self.window.peer_list):
            if row.name.get_text() == name:
                self.window.peer_list.emit("row-activated", row)
                self.window.peer_list.select_row(row)

    def write(self, text):
        self.window.entry.set_text(text)
        self.window.lookup_action("send").activate(None)

    def back(self):
        self.window.lookup_action("back").activate(None)

    def close(self):
        self.window.close()


def main():
    options = json.loads(sys.argv[1])
    network = Network(options["name"], options["port"], options["groups"], options.get("interface"),
                      options["interval"], options["resend"])
    network.start()
    application = Application(network)
    driver = Driver(application)
    status = application.run(None)
    del driver
    sys.exit(status)


main()
