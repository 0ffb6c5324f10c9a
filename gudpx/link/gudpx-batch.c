/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "gudpx-link-private.h"

/* A batch in one block of memory: the struct, the messages, and the payloads. */
typedef struct
{
  GudpxBatch parent;
  GudpxIncoming incoming[];
} Detached;

/* Returns a copy of the batch from byte @offset of message @first on, which needs no reader. Free
 * the copy with g_free(). */
GudpxBatch *
gudpx_batch_detach (const GudpxBatch *self, guint first, gsize offset)
{
  const guint n_incoming = self->n_incoming - first;
  gsize size = sizeof (Detached) + n_incoming * sizeof (GudpxIncoming);
  Detached *detached;
  guint8 *payload;

  for (guint i = first; i < self->n_incoming; i++)
    size += self->incoming[i].size;

  detached = g_malloc (size);
  detached->parent = (GudpxBatch){ detached->incoming, n_incoming, self->may_have_more, TRUE };
  memcpy (detached->incoming, &self->incoming[first], n_incoming * sizeof (GudpxIncoming));
  detached->incoming[0].data += offset;
  detached->incoming[0].size -= offset;

  payload = (guint8 *) &detached->incoming[n_incoming];
  for (guint i = 0; i < n_incoming; i++)
    {
      GudpxIncoming *incoming = &detached->incoming[i];

      memcpy (payload, incoming->data, incoming->size);
      incoming->data = payload;
      payload += incoming->size;
    }
  return &detached->parent;
}
