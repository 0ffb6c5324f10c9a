// SPDX-License-Identifier: LGPL-2.1-or-later

// Draws how many datagrams came and went in each second of the last minute.

import GObject from 'gi://GObject';
import Gtk from 'gi://Gtk?version=4.0';

const SECONDS = 60;
// So that one or two datagrams do not fill the picture.
const LEAST_HEIGHT = 8;
const RECEIVED = 'accent_color';
const SENT = 'success_color';

export const Plot = GObject.registerClass({
    GTypeName: 'ChatPlot',
}, class Plot extends Gtk.DrawingArea {
    constructor(properties = {}) {
        super(properties);
        this.received = new Array(SECONDS + 1).fill(0);
        this.sent = new Array(SECONDS + 1).fill(0);
        this.set_draw_func((_area, cr, width, height) => {
            this._draw(cr, width, height);
            // What JavaScript holds of it would wait for the garbage collector.
            cr.$dispose();
        });
    }

    add(received, sent) {
        this.received = [...this.received.slice(1), received];
        this.sent = [...this.sent.slice(1), sent];
        this.queue_draw();
    }

    _draw(cr, width, height) {
        const highest = Math.max(LEAST_HEIGHT, ...this.received, ...this.sent);

        this._drawGrid(cr, width, height);
        for (const [values, color] of [[this.received, RECEIVED], [this.sent, SENT]]) {
            const points = values.map((value, i) =>
                [i * width / SECONDS, height - 1 - (height - 3) * value / highest]);
            this._drawCurve(cr, points, this._lookUp(color), height);
        }
    }

    _lookUp(name) {
        const [, color] = this.get_style_context().lookup_color(name);
        return [color.red, color.green, color.blue];
    }

    _drawGrid(cr, width, height) {
        const {red, green, blue} = this.get_style_context().get_color();

        cr.setSourceRGBA(red, green, blue, 0.12);
        cr.setLineWidth(1);
        for (let row = 0; row < 4; row++) {
            const y = Math.round(row * (height - 1) / 3) + 0.5;
            cr.moveTo(0, y);
            cr.lineTo(width, y);
        }
        cr.stroke();
    }

    _drawCurve(cr, points, color, height) {
        cr.moveTo(...points[0]);
        points.slice(1).forEach(([x, y], i) => {
            const [lastX, lastY] = points[i];
            const middle = (lastX + x) / 2;
            cr.curveTo(middle, lastY, middle, y, x, y);
        });
        cr.setSourceRGBA(...color, 1);
        cr.setLineWidth(2);
        cr.strokePreserve();

        // The area below it, closed along the bottom.
        cr.lineTo(points.at(-1)[0], height);
        cr.lineTo(points[0][0], height);
        cr.closePath();
        cr.setSourceRGBA(...color, 0.15);
        cr.fill();
    }
});
