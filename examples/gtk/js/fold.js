// SPDX-License-Identifier: LGPL-2.1-or-later

// Shows a list next to its content; in a narrow window they take turns.
//
// libadwaita has a widget for this, but has replaced it in version 1.4. This one needs only GTK.

import Gdk from 'gi://Gdk?version=4.0';
import GObject from 'gi://GObject';
import Gtk from 'gi://Gtk?version=4.0';

const {HORIZONTAL} = Gtk.Orientation;

function place(fold, child, x, width, height) {
    if (fold.get_direction() === Gtk.TextDirection.RTL)
        x = fold.get_width() - x - width;
    child.size_allocate(new Gdk.Rectangle({x, y: 0, width, height}), -1);
}

const FoldLayout = GObject.registerClass({
    GTypeName: 'ChatFoldLayout',
}, class FoldLayout extends Gtk.LayoutManager {
    vfunc_measure(fold, orientation, _forSize) {
        const [[least, wanted], [otherLeast, otherWanted]] = fold.measureBoth(orientation);
        const natural = orientation === HORIZONTAL ? wanted + otherWanted
            : Math.max(wanted, otherWanted);
        return [Math.max(least, otherLeast), natural, -1, -1];
    }

    vfunc_allocate(fold, width, height, _baseline) {
        const [[least, wanted], [contentLeast]] = fold.measureBoth(HORIZONTAL);

        fold.setFolded(width < least + contentLeast);
        if (fold.folded) {
            place(fold, fold.shown, 0, width, height);
        } else {
            const side = Math.min(wanted, width - contentLeast);
            place(fold, fold.sidebar, 0, side, height);
            place(fold, fold.content, side, width - side, height);
        }
    }
});

export const Fold = GObject.registerClass({
    GTypeName: 'ChatFold',
    Properties: {
        folded: GObject.ParamSpec.boolean('folded', '', '', GObject.ParamFlags.READWRITE, false),
    },
}, class Fold extends Gtk.Box {
    constructor(properties = {}) {
        super(properties);
        this._showsContent = false;
        this.set_layout_manager(new FoldLayout());
        this.add_css_class('unfolded');
    }

    get sidebar() {
        return this.get_first_child();
    }

    get content() {
        return this.get_last_child();
    }

    // Returns the child that a narrow window shows.
    get shown() {
        return this._showsContent ? this.content : this.sidebar;
    }

    showSidebar() {
        this._show(false);
    }

    showContent() {
        this._show(true);
    }

    _show(content) {
        this._showsContent = content;
        this._update();
        this.queue_allocate();
    }

    measureBoth(orientation) {
        return [this.sidebar, this.content].map(child => child.measure(orientation, -1));
    }

    setFolded(folded) {
        if (folded !== this.folded) {
            this.folded = folded;
            if (folded)
                this.remove_css_class('unfolded');
            else
                this.add_css_class('unfolded');
        }
        this._update();
    }

    _update() {
        for (const child of [this.sidebar, this.content])
            child.set_child_visible(!this.folded || child === this.shown);
    }
});
