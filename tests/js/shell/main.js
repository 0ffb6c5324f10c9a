// SPDX-License-Identifier: LGPL-2.1-or-later

// Stands in for GNOME Shell's module of this name.
export const notifications = [];

export function notify(title, body) {
    notifications.push([title, body]);
}
