// SPDX-License-Identifier: LGPL-2.1-or-later

// Iterates over a port: for await (const datagram of port).

/* exported override */

var override = (Gudpx, {getState, replace}) => {
    const {Promise, Symbol, undefined} = globalThis;
    const {collectGarbage} = imports.overrides._gudpxjs.garbage;
    const {MAX_WAITING, RESUME_WAITING} = imports.overrides._gudpxjs.limits;
    const PER_OBJECT = 1024;
    const {set_reading: setReading} = Gudpx.Port.prototype;

    // Remembers if the program itself paused the port: a loop must not resume such a port.
    replace(Gudpx.Port.prototype, 'set_reading', original => function (reading) {
        getState(this).isPaused = !reading;
        original.call(this, reading);
    });

    class Datagrams {
        constructor(port) {
            this.port = port;
            this.waiting = [];
            this.wishes = [];
            this.isPausing = false;
            this.isOver = false;
            this.begin();
        }

        begin() {
            const {port} = this;
            const state = getState(port);

            if (!port.get_listening()) {
                this.isOver = true;
                return;
            }
            const protocol = port.get_protocol();
            const handler = protocol.connect('datagram-received', (_, datagram) => {
                if (datagram.get_transport() === port)
                    this.push(datagram);
            });
            const end = () => {
                protocol.disconnect(handler);
                state.stopHandlers.delete(end);
                this.handleEnd();
            };
            state.stopHandlers.add(end);
            this.end = end;
        }

        push(datagram) {
            const wish = this.wishes.shift();

            if (wish !== undefined)
                wish({done: false, value: datagram});
            else
                this.waiting.push(datagram);
            if (this.waiting.length >= MAX_WAITING && this.port.get_reading()) {
                this.isPausing = true;
                setReading.call(this.port, false);
            }
        }

        // Drops waiting datagrams: a stopped port does not deliver.
        handleEnd() {
            this.isOver = true;
            this.waiting = [];
            this.goOn();
            for (const wish of this.wishes.splice(0))
                wish({done: true, value: undefined});
        }

        goOn() {
            if (this.isPausing && !getState(this.port).isPaused)
                setReading.call(this.port, true);
            this.isPausing = false;
        }

        resume() {
            if (this.waiting.length <= RESUME_WAITING)
                this.goOn();
        }

        async next() {
            const datagram = this.waiting.shift();

            if (datagram !== undefined) {
                collectGarbage(1, PER_OBJECT + datagram.get_original_size());
                this.resume();
                return {done: false, value: datagram};
            }
            if (this.isOver)
                return {done: true, value: undefined};
            return new Promise(resolve => this.wishes.push(resolve));
        }

        // Ends the iteration when the consumer leaves its loop.
        async return(value) {
            this.waiting = [];
            this.resume();
            if (!this.isOver)
                this.end();
            return {done: true, value};
        }

        [Symbol.asyncIterator]() {
            return this;
        }
    }

    Gudpx.Port.prototype[Symbol.asyncIterator] = function () {
        return new Datagrams(this);
    };
};
