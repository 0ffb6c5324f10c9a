// SPDX-License-Identifier: LGPL-2.1-or-later

// Chooses the toolkit of the window: libadwaita, or GTK alone if libadwaita is missing.

async function choose() {
    // Classes derive from the toolkit's classes, so choose before the options are parsed.
    if (!ARGV.includes('--plain')) {
        try {
            return (await import('gi://Adw?version=1')).default;
        } catch {
            // libadwaita is missing.
        }
    }
    return import('./plain.js');
}

export const Adw = await choose();
