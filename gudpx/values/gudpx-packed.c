/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "gudpx-packed-private.h"

/* Begins to pack, when nothing is packed. A full table of peers is cleared: the earlier numbers are
 * not in use any more. */
void
gudpx_packed_begin (GudpxPacked *self)
{
  if (self->peers == NULL)
    self->peers = gudpx_peers_new ();
  else if (gudpx_peers_is_full (self->peers))
    gudpx_peers_clear (self->peers);
  self->payloads = g_byte_array_new ();
  self->index = g_byte_array_new ();
}

static void
add (GudpxPacked *self, const guint8 *payload, gsize size, guint32 peer)
{
  const GudpxPackedEntry entry = { size, peer };

  g_byte_array_append (self->payloads, payload, size);
  g_byte_array_append (self->index, (const guint8 *) &entry, sizeof entry);
}

void
gudpx_packed_add (GudpxPacked *self,
                  const guint8 *payload,
                  gsize size,
                  const GudpxNativeAddress *sender)
{
  add (self, payload, size, gudpx_peers_get_number (self->peers, sender));
}

/* Drops datagrams of senders that are not wanted. Returns their number. */
guint
gudpx_packed_filter (GudpxPacked *self, GudpxPackedFilter filter, gconstpointer data)
{
  g_autoptr (GByteArray) payloads = NULL;
  g_autoptr (GByteArray) index = NULL;
  gsize offset = 0;
  guint n_dropped = 0;

  gudpx_packed_take (self, &payloads, &index);
  self->payloads = g_byte_array_new ();
  self->index = g_byte_array_new ();
  for (gsize i = 0; i < index->len / sizeof (GudpxPackedEntry); i++)
    {
      GudpxPackedEntry entry = gudpx_packed_get_entry (index->data, i);

      if (filter (data, gudpx_peers_get_native (self->peers, entry.peer)))
        add (self, payloads->data + offset, entry.size, entry.peer);
      else
        n_dropped++;
      offset += entry.size;
    }
  return n_dropped;
}

static void
remove_first (GByteArray *payloads, GByteArray *index, guint n)
{
  gsize size = 0;

  for (guint i = 0; i < n; i++)
    size += gudpx_packed_get_entry (index->data, i).size;
  if (size > 0)
    g_byte_array_remove_range (payloads, 0, size);
  if (n > 0)
    g_byte_array_remove_range (index, 0, n * sizeof (GudpxPackedEntry));
}

/* Takes back the arrays that the caller took, without the first @n_taken datagrams. The rest comes
 * before datagrams that a main loop of a handler packed in the meantime. */
void
gudpx_packed_keep (GudpxPacked *self, GByteArray *payloads, GByteArray *index, guint n_taken)
{
  remove_first (payloads, index, n_taken);
  if (self->index != NULL)
    {
      g_byte_array_append (payloads, self->payloads->data, self->payloads->len);
      g_byte_array_append (index, self->index->data, self->index->len);
      g_byte_array_unref (self->payloads);
      g_byte_array_unref (self->index);
    }
  self->payloads = g_byte_array_ref (payloads);
  self->index = g_byte_array_ref (index);
}

/* Drops all datagrams. Returns their number. */
guint
gudpx_packed_drop (GudpxPacked *self)
{
  const guint n = self->index != NULL ? self->index->len / sizeof (GudpxPackedEntry) : 0;

  g_clear_pointer (&self->payloads, g_byte_array_unref);
  g_clear_pointer (&self->index, g_byte_array_unref);
  return n;
}

void
gudpx_packed_forget_peers (GudpxPacked *self)
{
  if (self->peers != NULL)
    gudpx_peers_clear (self->peers);
}

void
gudpx_packed_clear (GudpxPacked *self)
{
  gudpx_packed_drop (self);
  g_clear_pointer (&self->peers, gudpx_peers_free);
}

/* Returns NULL for a number that no peer has. */
const GudpxNativeAddress *
gudpx_packed_get_native_peer (const GudpxPacked *self, guint number)
{
  return self->peers != NULL ? gudpx_peers_get_native (self->peers, number) : NULL;
}

/* Returns NULL for a number that no peer has. The address is the peers' own. */
GSocketAddress *
gudpx_packed_get_peer (const GudpxPacked *self, guint number)
{
  return self->peers != NULL ? gudpx_peers_get_address (self->peers, number) : NULL;
}
