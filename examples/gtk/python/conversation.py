# SPDX-License-Identifier: LGPL-2.1-or-later
"""The messages exchanged with a peer, and the rows that show them."""

import pathlib

import gi

gi.require_version("Gtk", "4.0")
from gi.repository import Gio, GObject, Gtk  # noqa: E402

from network import Message  # noqa: E402

SHARED = pathlib.Path(__file__).resolve().parents[1]
MAX_MESSAGES = 500

STATES = {"sending": "Sending…", "delivered": "Delivered", "failed": "Not delivered"}


def make_caption(message, state):
    time = message.time.format("%H:%M")
    return f"{time} · {STATES[state]}" if message.is_own else time


class Conversation(GObject.Object):
    unread = GObject.Property(type=int)
    preview = GObject.Property(type=str, default="")

    def __init__(self, peer):
        super().__init__()
        self.peer = peer
        self.is_present = True
        self.messages = Gio.ListStore.new(Message)
        self.preview = peer.address

    def add(self, message):
        if self.messages.get_n_items() >= MAX_MESSAGES:
            self.messages.remove(0)
        self.messages.append(message)
        self.preview = f"You: {message.text}" if message.is_own else message.text


@Gtk.Template(filename=str(SHARED / "peer-row.ui"))
class PeerRow(Gtk.ListBoxRow):
    __gtype_name__ = "ChatPeerRow"

    name = Gtk.Template.Child()
    preview = Gtk.Template.Child()
    unread = Gtk.Template.Child()

    def __init__(self, conversation):
        super().__init__()
        self.conversation = conversation
        create = GObject.BindingFlags.SYNC_CREATE
        conversation.peer.bind_property("name", self.name, "label", create)
        conversation.bind_property("preview", self.preview, "label", create)
        conversation.bind_property("unread", self.unread, "label", create)
        conversation.bind_property("unread", self.unread, "visible", create)


@Gtk.Template(filename=str(SHARED / "message-row.ui"))
class MessageRow(Gtk.ListBoxRow):
    __gtype_name__ = "ChatMessageRow"

    text = Gtk.Template.Child()
    caption = Gtk.Template.Child()

    def __init__(self, message):
        super().__init__()
        # Set the text without markup: another person wrote it.
        self.text.set_text(message.text)
        side = Gtk.Align.END if message.is_own else Gtk.Align.START
        self.text.set_halign(side)
        self.caption.set_halign(side)
        if message.is_own:
            self.add_css_class("own")
        self._bind(message, "label", lambda state: make_caption(message, state))
        self._bind(message, "css-classes",
                   lambda state: ["caption", "error" if state == "failed" else "dim-label"])

    def _bind(self, message, name, convert):
        """Binds a property of the caption to the state. A binding ends with the row. A handler of
        the message would keep the row alive."""
        message.bind_property("state", self.caption, name, GObject.BindingFlags.SYNC_CREATE,
                              lambda _binding, state: convert(state))
