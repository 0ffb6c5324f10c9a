// SPDX-License-Identifier: LGPL-2.1-or-later

// Replaces libadwaita if it is missing: the parts that the program uses, made of GTK alone.
//
// The types have the names that the .ui files use.

import Gdk from 'gi://Gdk?version=4.0';
import Gio from 'gi://Gio';
import GObject from 'gi://GObject';
import Gtk from 'gi://Gtk?version=4.0';
import Pango from 'gi://Pango';

const {READWRITE} = GObject.ParamFlags;
const {SYNC_CREATE} = GObject.BindingFlags;

function properties(make, ...names) {
    return Object.fromEntries(names.map(name => [name, make(name)]));
}

function texts(...names) {
    return properties(name => GObject.ParamSpec.string(name, '', '', READWRITE, ''), ...names);
}

function flags(value, ...names) {
    return properties(name => GObject.ParamSpec.boolean(name, '', '', READWRITE, value), ...names);
}

function sizes(...names) {
    return properties(
        name => GObject.ParamSpec.int(name, '', '', READWRITE, 0, 10000, 0), ...names);
}

function convert(owner, name, label, property, conversion) {
    owner.bind_property_full(name, label, property, SYNC_CREATE,
        (_binding, text) => [true, conversion(text ?? '')], null);
}

// Makes a label that shows a property of the owner, and is hidden while the property is empty.
function makeLabel(owner, name, labelProperties) {
    const label = new Gtk.Label(labelProperties);
    owner.bind_property(name, label, 'label', SYNC_CREATE);
    convert(owner, name, label, 'visible', text => text !== '');
    return label;
}

export const Application = GObject.registerClass({
    GTypeName: 'PlainApplication',
}, class Application extends Gtk.Application {
    vfunc_startup() {
        super.vfunc_startup();
        const file = Gio.File.new_for_uri(import.meta.url).get_parent().get_parent();
        const style = new Gtk.CssProvider();
        style.load_from_file(file.get_child('plain.css'));
        Gtk.StyleContext.add_provider_for_display(
            Gdk.Display.get_default(), style, Gtk.STYLE_PROVIDER_PRIORITY_APPLICATION);
    }
});

// Fills the available width.
GObject.registerClass({
    GTypeName: 'AdwClamp',
    Properties: sizes('maximum-size'),
}, class Clamp extends Gtk.Box {
    constructor(args = {}) {
        super(args);
        this.set_homogeneous(true);
    }
});

GObject.registerClass({
    GTypeName: 'AdwHeaderBar',
    Properties: flags(true, 'show-start-title-buttons', 'show-end-title-buttons'),
}, class HeaderBar extends Gtk.HeaderBar {
    constructor(args = {}) {
        super(args);
        for (const name of ['show-start-title-buttons', 'show-end-title-buttons'])
            this.connect(`notify::${name}`, () => this._update());
    }

    _update() {
        const [start, end = ''] = this.get_settings().gtk_decoration_layout.split(':');
        this.set_decoration_layout(`${this.show_start_title_buttons ? start : ''}:${
            this.show_end_title_buttons ? end : ''}`);
    }
});

GObject.registerClass({
    GTypeName: 'AdwWindowTitle',
    Properties: texts('title', 'subtitle'),
}, class WindowTitle extends Gtk.Box {
    constructor(args = {}) {
        super(args);
        this.set_orientation(Gtk.Orientation.VERTICAL);
        this.set_valign(Gtk.Align.CENTER);
        const {END} = Pango.EllipsizeMode;
        for (const name of ['title', 'subtitle'])
            this.append(makeLabel(this, name, {css_classes: [name], ellipsize: END}));
    }
});

GObject.registerClass({
    GTypeName: 'AdwStatusPage',
    Properties: texts('icon-name', 'title', 'description'),
}, class StatusPage extends Gtk.Box {
    constructor(args = {}) {
        super(args);
        this.set_orientation(Gtk.Orientation.VERTICAL);
        this.set_valign(Gtk.Align.CENTER);
        this.set_spacing(12);
        const icon = new Gtk.Image({pixel_size: 96, css_classes: ['dim-label']});
        this.bind_property('icon-name', icon, 'icon-name', SYNC_CREATE);
        this.append(icon);
        this.append(makeLabel(this, 'title', {css_classes: ['title-1'], wrap: true}));
        this.append(makeLabel(this, 'description', {wrap: true}));
    }
});

GObject.registerClass({
    GTypeName: 'AdwAvatar',
    Properties: {...sizes('size'), ...flags(false, 'show-initials'), ...texts('text')},
}, class Avatar extends Gtk.Box {
    constructor(args = {}) {
        super(args);
        this.set_homogeneous(true);
        this.add_css_class('avatar');
        const label = new Gtk.Label();
        convert(this, 'text', label, 'label', text => this._shorten(text));
        this.append(label);
    }

    _shorten(text) {
        const words = text.split(/\s+/);
        return [...words.slice(0, 1), ...words.slice(1).slice(-1)]
            .map(([first]) => first ?? '').join('').toUpperCase();
    }
});

export const Toast = GObject.registerClass({
    GTypeName: 'AdwToast',
    Signals: {dismissed: {}},
}, class Toast extends GObject.Object {
    static new(title) {
        const toast = new Toast();
        toast.title = title;
        return toast;
    }

    dismiss() {
        this.emit('dismissed');
    }
});

// A toast stays until it is dismissed.
GObject.registerClass({
    GTypeName: 'AdwToastOverlay',
}, class ToastOverlay extends Gtk.Overlay {
    add_toast(toast) {
        const button = new Gtk.Button({
            icon_name: 'window-close-symbolic',
            tooltip_text: 'Dismiss',
            css_classes: ['flat', 'circular'],
        });
        button.connect('clicked', () => toast.dismiss());
        const box = new Gtk.Box({
            css_name: 'toast',
            css_classes: ['toast', 'osd'],
            spacing: 12,
            halign: Gtk.Align.CENTER,
            valign: Gtk.Align.END,
        });
        box.append(new Gtk.Label({label: toast.title, use_markup: true, wrap: true}));
        box.append(button);
        this.add_overlay(box);
        toast.connect('dismissed', () => this.remove_overlay(box));
    }
});
