# SPDX-License-Identifier: LGPL-2.1-or-later
"""Replaces libadwaita if it is missing: the widgets that the program uses, made with GTK only.

The types have the names that the .ui files need."""

import pathlib

import gi

gi.require_version("Gdk", "4.0")
gi.require_version("Gtk", "4.0")
from gi.repository import Gdk, GObject, Gtk, Pango  # noqa: E402

STYLE = pathlib.Path(__file__).resolve().parents[1] / "plain.css"
CREATE = GObject.BindingFlags.SYNC_CREATE


def make_label(owner, name, **properties):
    """Makes a label that shows a property of the owner, if the property is not empty."""
    label = Gtk.Label(**properties)
    owner.bind_property(name, label, "label", CREATE)
    owner.bind_property(name, label, "visible", CREATE, lambda _binding, text: bool(text))
    return label


class Application(Gtk.Application):
    def do_startup(self):
        Gtk.Application.do_startup(self)
        style = Gtk.CssProvider()
        style.load_from_path(str(STYLE))
        Gtk.StyleContext.add_provider_for_display(
            Gdk.Display.get_default(), style, Gtk.STYLE_PROVIDER_PRIORITY_APPLICATION)


class Clamp(Gtk.Box):
    """A box that uses the whole width."""

    __gtype_name__ = "AdwClamp"

    maximum_size = GObject.Property(type=int)

    def __init__(self, **properties):
        super().__init__(**properties)
        self.set_homogeneous(True)


class HeaderBar(Gtk.HeaderBar):
    __gtype_name__ = "AdwHeaderBar"

    show_start_title_buttons = GObject.Property(type=bool, default=True)
    show_end_title_buttons = GObject.Property(type=bool, default=True)

    def __init__(self, **properties):
        super().__init__(**properties)
        for name in ("show-start-title-buttons", "show-end-title-buttons"):
            self.connect(f"notify::{name}", self._update)

    def _update(self, *_):
        start, _, end = self.get_settings().props.gtk_decoration_layout.partition(":")
        self.set_decoration_layout((start if self.show_start_title_buttons else "") + ":" +
                                   (end if self.show_end_title_buttons else ""))


class WindowTitle(Gtk.Box):
    __gtype_name__ = "AdwWindowTitle"

    title = GObject.Property(type=str)
    subtitle = GObject.Property(type=str)

    def __init__(self, **properties):
        super().__init__(**properties)
        self.set_orientation(Gtk.Orientation.VERTICAL)
        self.set_valign(Gtk.Align.CENTER)
        for name in ("title", "subtitle"):
            self.append(make_label(self, name, css_classes=[name],
                                   ellipsize=Pango.EllipsizeMode.END))


class StatusPage(Gtk.Box):
    __gtype_name__ = "AdwStatusPage"

    icon_name = GObject.Property(type=str)
    title = GObject.Property(type=str)
    description = GObject.Property(type=str)

    def __init__(self, **properties):
        super().__init__(**properties)
        self.set_orientation(Gtk.Orientation.VERTICAL)
        self.set_valign(Gtk.Align.CENTER)
        self.set_spacing(12)
        icon = Gtk.Image(pixel_size=96, css_classes=["dim-label"])
        self.bind_property("icon-name", icon, "icon-name", CREATE)
        self.append(icon)
        self.append(make_label(self, "title", css_classes=["title-1"], wrap=True))
        self.append(make_label(self, "description", wrap=True))


class Avatar(Gtk.Box):
    __gtype_name__ = "AdwAvatar"

    size = GObject.Property(type=int)
    show_initials = GObject.Property(type=bool, default=False)
    text = GObject.Property(type=str, default="")

    def __init__(self, **properties):
        super().__init__(**properties)
        self.set_homogeneous(True)
        self.add_css_class("avatar")
        label = Gtk.Label()
        self.bind_property("text", label, "label", CREATE, self._shorten)
        self.append(label)

    @staticmethod
    def _shorten(_binding, text):
        words = (text or "").split()
        return "".join(word[0] for word in words[:1] + words[1:][-1:]).upper()


class Toast(GObject.Object):
    __gsignals__ = {"dismissed": (GObject.SignalFlags.RUN_LAST, None, ())}

    @classmethod
    def new(cls, title):
        toast = cls()
        toast.title = title
        return toast

    def dismiss(self):
        self.emit("dismissed")


class ToastOverlay(Gtk.Overlay):
    """A toast stays until it is dismissed."""

    __gtype_name__ = "AdwToastOverlay"

    def add_toast(self, toast):
        button = Gtk.Button(icon_name="window-close-symbolic", tooltip_text="Dismiss",
                            css_classes=["flat", "circular"])
        button.connect("clicked", lambda _button: toast.dismiss())
        box = Gtk.Box(css_name="toast", css_classes=["toast", "osd"], spacing=12,
                      halign=Gtk.Align.CENTER, valign=Gtk.Align.END)
        box.append(Gtk.Label(label=toast.title, use_markup=True, wrap=True))
        box.append(button)
        self.add_overlay(box)
        toast.connect("dismissed", lambda _toast: self.remove_overlay(box))
