// SPDX-License-Identifier: LGPL-2.1-or-later

// Draws the number of datagrams received and sent in each second of the last minute.

import GObject from 'gi://GObject';
import Gtk from 'gi://Gtk?version=4.0';

const SECONDS = 60;
// Smallest value of the vertical scale, so that one or two datagrams do not fill the picture.
const LEAST_HEIGHT = 8;

function colorOf(widget) {
    // GTK 4.10 has a function for it, and deprecates the older way.
    const source = widget.get_color ? widget : widget.get_style_context();
    const {red, green, blue} = source.get_color();
    return [red, green, blue];
}

export const Plot = GObject.registerClass({
    GTypeName: 'ChatPlot',
}, class Plot extends Gtk.DrawingArea {
    constructor(properties = {}) {
        super(properties);
        this.received = new Array(SECONDS + 1).fill(0);
        this.sent = new Array(SECONDS + 1).fill(0);
        this._labels = [];
        this.set_draw_func((_area, cr, width, height) => {
            this._draw(cr, width, height);
            // Frees the context now; JavaScript's reference would keep it until garbage collection.
            cr.$dispose();
        });
    }

    useColorsOf(receivedLabel, sentLabel) {
        this._labels = [receivedLabel, sentLabel];
    }

    add(received, sent) {
        this.received = [...this.received.slice(1), received];
        this.sent = [...this.sent.slice(1), sent];
        this.queue_draw();
    }

    _draw(cr, width, height) {
        const highest = Math.max(LEAST_HEIGHT, ...this.received, ...this.sent);

        this._drawGrid(cr, width, height);
        this._labels.forEach((label, i) => {
            const points = [this.received, this.sent][i].map((value, j) =>
                [j * width / SECONDS, height - 1 - (height - 3) * value / highest]);
            this._drawCurve(cr, points, colorOf(label), height);
        });
    }

    _drawGrid(cr, width, height) {
        cr.setSourceRGBA(...colorOf(this), 0.12);
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

        // Fills the area below the curve, closed along the bottom.
        cr.lineTo(points.at(-1)[0], height);
        cr.lineTo(points[0][0], height);
        cr.closePath();
        cr.setSourceRGBA(...color, 0.15);
        cr.fill();
    }
});
