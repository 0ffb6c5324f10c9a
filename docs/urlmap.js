// SPDX-License-Identifier: LGPL-2.1-or-later

// Addresses of the pages of other libraries.
const baseURLs = [
  ['GLib', 'https://docs.gtk.org/glib/'],
  ['GObject', 'https://docs.gtk.org/gobject/'],
  ['Gio', 'https://docs.gtk.org/gio/'],
];

// Removes rows without an address from gi-docgen's index, and adds a picture, for which gi-docgen
// has no place.
function completeIndex() {
  for (const link of document.querySelectorAll('.meta.info a[href=""]'))
    link.closest('tr').remove();

  const description = document.querySelector('header > .description');
  if (document.querySelector('header > h3')?.textContent !== 'Namespace' || description === null)
    return;
  const picture = document.createElement('a');
  picture.href = 'architecture.html';
  picture.innerHTML = '<img src="way-of-a-datagram.svg" style="max-width: 100%; height: auto"' +
    ' alt="The way of a datagram, from the kernel to the application and back">';
  description.append(picture);
}

document.addEventListener('DOMContentLoaded', completeIndex);
