// SPDX-License-Identifier: LGPL-2.1-or-later

// Parses and formats the messages of SSDP, which look like HTTP.

const MAX_HEADERS = 32;

export const GROUP = '239.255.255.250';
export const PORT = 1900;

const decoder = new TextDecoder('utf-8', {fatal: true});

// Returns the first line of a message and its headers, with lower-case names. Returns null for data
// that is not text.
export function parseMessage(data) {
    let text;
    try {
        text = decoder.decode(data);
    } catch {
        return null;
    }

    const [start, ...lines] = text.split(/\r?\n/);
    const headers = new Map();
    for (const line of lines.slice(0, MAX_HEADERS)) {
        const match = line.match(/^([!-9;-~]+):[ \t]*(.*?)[ \t]*$/);
        if (match)
            headers.set(match[1].toLowerCase(), match[2]);
    }
    return {start, headers};
}

export function formatMessage(start, headers) {
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
    return [start, ...lines, '', ''].join('\r\n');
}

// Replaces characters that are unsafe to print: the text comes from the network.
export function printable(text) {
    return text.replace(/[^\x20-\x7e]/g, '?');
}
