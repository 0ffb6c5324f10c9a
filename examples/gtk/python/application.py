# SPDX-License-Identifier: LGPL-2.1-or-later
"""The application: owns the window, and stops the network."""

import signal

import gi

gi.require_version("Gdk", "4.0")
gi.require_version("Gtk", "4.0")
from gi.repository import Gdk, Gio, GLib, Gtk  # noqa: E402

from conversation import SHARED  # noqa: E402
from toolkit import Adw  # noqa: E402
from window import Window  # noqa: E402


class Application(Adw.Application):
    def __init__(self, chat_network):
        # Not unique: several instances may run on one machine, as different people.
        super().__init__(application_id="org.example.GudpxChat",
                         flags=Gio.ApplicationFlags.NON_UNIQUE)
        self.network = chat_network
        self.window = None

    def do_startup(self):
        Adw.Application.do_startup(self)
        style = Gtk.CssProvider()
        style.load_from_path(str(SHARED / "style.css"))
        Gtk.StyleContext.add_provider_for_display(
            Gdk.Display.get_default(), style, Gtk.STYLE_PROVIDER_PRIORITY_APPLICATION)
        self._add_action("about", self._show_about)
        self._add_action("quit", lambda *_: self.window.close(), "<Control>q")
        self.set_accels_for_action("window.close", ["<Control>w"])
        # Say good-bye to the others when a signal ends the program.
        for number in (signal.SIGINT, signal.SIGTERM):
            GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, number, self._on_signal)

    def do_activate(self):
        if self.window is None:
            self.window = Window(self.network, application=self)
        self.window.present()

    def do_shutdown(self):
        self.network.stop()
        Adw.Application.do_shutdown(self)

    def _on_signal(self):
        if self.window is not None:
            self.window.close()
        self.quit()
        return GLib.SOURCE_REMOVE

    def _add_action(self, name, handler, *accelerators):
        action = Gio.SimpleAction.new(name, None)
        action.connect("activate", handler)
        self.add_action(action)
        self.set_accels_for_action(f"app.{name}", accelerators)

    def _show_about(self, *_):
        about = Gtk.AboutDialog(
            transient_for=self.window,
            modal=True,
            program_name="LAN Chat",
            logo_icon_name="user-available-symbolic",
            authors=["The gudpx developers"],
            license_type=Gtk.License.LGPL_2_1,
            comments="An example of gudpx in a GTK program.",
        )
        about.present()
