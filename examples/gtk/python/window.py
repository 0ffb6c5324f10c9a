# SPDX-License-Identifier: LGPL-2.1-or-later
"""The window: the list of peers, the conversation with one of them, and the plot."""

import gi

gi.require_version("Gtk", "4.0")
from gi.repository import Gio, GLib, Gtk  # noqa: E402

from conversation import SHARED, Conversation, MessageRow, PeerRow  # noqa: E402
from fold import Fold  # noqa: E402, F401  (the template names it)
from network import MAX_TEXT  # noqa: E402
from plot import Plot  # noqa: E402, F401  (the template names it)
from toolkit import Adw  # noqa: E402


@Gtk.Template(filename=str(SHARED / "window.ui"))
class Window(Gtk.ApplicationWindow):
    __gtype_name__ = "ChatWindow"

    toasts = Gtk.Template.Child()
    fold = Gtk.Template.Child()
    own_title = Gtk.Template.Child()
    peer_list = Gtk.Template.Child()
    plot = Gtk.Template.Child()
    received_label = Gtk.Template.Child()
    sent_label = Gtk.Template.Child()
    peer_title = Gtk.Template.Child()
    pages = Gtk.Template.Child()
    status = Gtk.Template.Child()
    scrolled = Gtk.Template.Child()
    message_list = Gtk.Template.Child()
    entry = Gtk.Template.Child()

    def __init__(self, network, **properties):
        super().__init__(**properties)
        self._network = network
        self._conversations = Gio.ListStore.new(Conversation)
        self._current = None
        self._problems = {}
        self._counts = network.count()

        self.own_title.props.subtitle = network.name
        self.entry.set_max_length(MAX_TEXT)
        self.plot.use_colors_of(self.received_label, self.sent_label)
        self.peer_list.bind_model(self._conversations, PeerRow)
        self._add_actions()
        self._connect_widgets()
        self._handlers = [
            network.connect("peer-added", self._on_peer_added),
            network.connect("peer-removed", self._on_peer_removed),
            network.connect("message-received", self._on_message_received),
            network.connect("problem", self._on_problem),
        ]
        self._timer = GLib.timeout_add_seconds(1, self._update_plot)
        self._update_plot()
        self._show_empty()

    def _add_actions(self):
        for name, handler in (("send", self._send), ("back", self._show_sidebar)):
            action = Gio.SimpleAction.new(name, None)
            action.connect("activate", handler)
            self.add_action(action)
        self.lookup_action("send").set_enabled(False)

    def _connect_widgets(self):
        self.peer_list.connect("row-selected", self._on_row_selected)
        self.peer_list.connect("row-activated", self._on_row_activated)
        self.entry.connect("activate", self._send)
        self.entry.connect("changed", self._update_send)
        self.fold.connect("notify::folded", self._on_folded)
        # The newest message stays in view.
        adjustment = self.scrolled.get_vadjustment()
        adjustment.connect("notify::upper", lambda *_: adjustment.set_value(adjustment.get_upper()))

    def do_close_request(self):
        # The network may live longer than the window.
        for handler in self._handlers:
            self._network.disconnect(handler)
        for toast in list(self._problems.values()):
            toast.dismiss()
        GLib.source_remove(self._timer)
        return False

    def _find(self, peer):
        for position, conversation in enumerate(self._conversations):
            if conversation.peer is peer:
                return position, conversation
        return None, None

    def _on_peer_added(self, _network, peer):
        current = self._current
        if current is not None and not current.is_present and current.peer.id == peer.id:
            # The peer came back while its conversation was still shown.
            current.peer = peer
            current.is_present = True
            self._conversations.append(current)
            self._show_presence()
            return
        self._conversations.append(Conversation(peer))
        if current is None:
            self._show_empty()

    def _on_peer_removed(self, _network, peer):
        position, conversation = self._find(peer)
        conversation.is_present = False
        self._conversations.remove(position)
        if conversation is self._current:
            self._show_presence()
        elif self._current is None:
            self._show_empty()

    def _on_message_received(self, _network, peer, message):
        _, conversation = self._find(peer)
        conversation.add(message)
        if conversation is not self._current or not self._shows_content():
            conversation.unread += 1

    def _on_problem(self, _network, text):
        # Show a problem only once at a time.
        if text in self._problems:
            return
        toast = self._problems[text] = Adw.Toast.new(GLib.markup_escape_text(text))
        toast.connect("dismissed", lambda _toast: self._problems.pop(text))
        self.toasts.add_toast(toast)

    def _shows_content(self):
        return not self.fold.folded or self.fold.shown is self.fold.content

    def _on_row_selected(self, _list, row):
        # The row is None if its peer has left. The conversation stays readable.
        if row is not None:
            self._show(row.conversation)

    def _on_row_activated(self, _list, row):
        # A narrow window also activates the row that is selected already.
        self._show(row.conversation)
        self.fold.show_content()
        self.entry.grab_focus()

    def _on_folded(self, *_):
        if self._current is None:
            self.fold.show_sidebar()

    def _show_sidebar(self, *_):
        self.fold.show_sidebar()

    def _show_empty(self):
        if self._conversations.get_n_items():
            self.status.props.icon_name = "user-available-symbolic"
            self.status.props.title = "Choose Somebody"
            self.status.props.description = "The people of this network are in the list."
        else:
            self.status.props.icon_name = "network-wired-symbolic"
            self.status.props.title = "Nobody Here Yet"
            self.status.props.description = "Start LAN Chat on another computer of this network."
        self.pages.set_visible_child_name("empty")

    def _show(self, conversation):
        conversation.unread = 0
        if conversation is self._current:
            return
        self._current = conversation
        self.message_list.bind_model(conversation.messages, MessageRow)
        self.pages.set_visible_child_name("conversation")
        self._show_presence()

    def _show_presence(self):
        peer = self._current.peer
        is_present = self._current.is_present
        self.peer_title.props.title = peer.name
        self.peer_title.props.subtitle = peer.address if is_present else "Has left"
        self.entry.set_sensitive(is_present)
        self._update_send()

    def _update_send(self, *_):
        can_send = self._current.is_present and bool(self.entry.get_text().strip())
        self.lookup_action("send").set_enabled(can_send)

    def _send(self, *_):
        text = self.entry.get_text().strip()
        if text and self._current.is_present:
            self._current.add(self._network.send(self._current.peer, text))
            self.entry.set_text("")
            self.entry.grab_focus()

    def _update_plot(self):
        counts = self._network.count()
        received, sent = (now - before for now, before in zip(counts, self._counts))
        self._counts = counts
        self.plot.add(received, sent)
        self.received_label.set_text(f"{received} in")
        self.sent_label.set_text(f"{sent} out")
        return GLib.SOURCE_CONTINUE
