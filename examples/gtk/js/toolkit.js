// SPDX-License-Identifier: LGPL-2.1-or-later

// What the window is made of: libadwaita, or where it is missing, GTK alone.

async function choose() {
    // Classes derive from it, so it is chosen before the options are parsed.
    if (!ARGV.includes('--plain')) {
        try {
            return (await import('gi://Adw?version=1')).default;
        } catch {
            // It is missing.
        }
    }
    return import('./plain.js');
}

export const Adw = await choose();
