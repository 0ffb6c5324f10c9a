// SPDX-License-Identifier: LGPL-2.1-or-later

// Parses command line options for the examples. GLib's own parser does not work from JavaScript.

import System from 'system';

/** @typedef {Record<string, {value: any, help: string}>} Options */

/**
 * @param {string} description
 * @param {string[]} positional
 * @param {Options} options
 */
function printHelp(description, positional, options) {
    const program = System.programInvocationName.replace(/.*\//, '');
    const names = positional.map(name => name.toUpperCase());
    const entries = Object.entries(options).map(([name, {value, help}]) => {
        const kinds = new Map([['boolean', ''], ['number', '=NUMBER']]);
        const kind = kinds.get(typeof value) ?? '=TEXT';
        return [`--${name}${kind}`, help];
    });

    print(`Usage: ${[program, '[OPTION…]', ...names].join(' ')}\n\n${description}\n`);
    for (const [option, help] of [['--help', 'show this'], ...entries])
        print(`  ${option.padEnd(20)} ${help}`);
}

/**
 * Ends the program.
 *
 * @param {string} message
 * @returns {never}
 */
export function fail(message) {
    printerr(message);
    return System.exit(1);
}

/**
 * @param {string} name
 * @param {string} text
 * @param {any} value
 */
function convert(name, text, value) {
    if (typeof value !== 'number')
        return text;
    if (!/^\d+$/.test(text))
        fail(`${name} wants a number, not ${text}`);
    return Number(text);
}

/**
 * Returns an object with the value of each option and of each positional argument. The type of an
 * option is that of its default value; false makes it a flag.
 *
 * @param {string} description
 * @param {Options} options
 * @param {string[]} positional
 */
export function parseOptions(description, options = {}, positional = []) {
    /** @type {Record<string, any>} */
    const values = {};
    /** @type {string[]} */
    const words = [];

    for (const [name, {value}] of Object.entries(options))
        values[name] = value;

    for (let i = 0; i < ARGV.length; i++) {
        const [, name, attached] = ARGV[i].match(/^--([^=]+)(?:=(.*))?$/) ?? [];

        if (!name) {
            words.push(ARGV[i]);
        } else if (name === 'help') {
            printHelp(description, positional, options);
            System.exit(0);
        } else if (!(name in options)) {
            fail(`Unknown option ${ARGV[i]}`);
        } else if (options[name].value === false) {
            values[name] = true;
        } else {
            const text = attached ?? ARGV[++i] ?? fail(`--${name} wants a value`);
            values[name] = convert(`--${name}`, text, options[name].value);
        }
    }

    if (words.length !== positional.length)
        fail(`Wanted: ${positional.join(' ') || 'no arguments'}. See --help`);
    positional.forEach((name, i) => (values[name] = words[i]));

    return values;
}

/**
 * Runs a function, and ends the program with the message of the error that it throws.
 *
 * @template T
 * @param {() => T} action
 * @returns {T}
 */
export function orExit(action) {
    try {
        return action();
    } catch (error) {
        return fail(/** @type {Error} */ (error).message);
    }
}
