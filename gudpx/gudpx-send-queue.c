/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "gudpx-send-queue-private.h"

/* What is kept for later: small ones, and not more than leave at once. */
#define MIN_CAPACITY 64
#define MAX_UNUSED_CAPACITY 1500
#define MAX_UNUSED GUDPX_IO_SEND_BATCH

void
gudpx_send_queue_init (GudpxSendQueue *self)
{
  g_queue_init (&self->entries);
  g_queue_init (&self->unused);
  self->limit = GUDPX_SEND_QUEUE_DEFAULT_LIMIT;
}

gboolean
gudpx_send_queue_is_empty (GudpxSendQueue *self)
{
  return g_queue_is_empty (&self->entries);
}

static gsize
get_cost (gsize payload_size)
{
  return payload_size + sizeof (GudpxQueuedDatagram);
}

gboolean
gudpx_send_queue_has_room (GudpxSendQueue *self, gsize payload_size)
{
  return self->size < self->limit && get_cost (payload_size) <= self->limit - self->size;
}

gsize
gudpx_send_queue_high_mark (GudpxSendQueue *self)
{
  return self->limit / 2;
}

gsize
gudpx_send_queue_low_mark (GudpxSendQueue *self)
{
  return self->limit / 4;
}

static void
push (GudpxSendQueue *self, GudpxQueuedDatagram *entry, const GudpxOutgoing *outgoing)
{
  entry->destination.length = 0;
  if (outgoing->destination != NULL)
    entry->destination = *outgoing->destination;
  entry->has_ancillary = !gudpx_ancillary_is_plain (outgoing->ancillary);
  if (entry->has_ancillary)
    entry->ancillary = *outgoing->ancillary;
  entry->link.prev = entry->link.next = NULL;
  entry->serial = ++self->last_serial;
  entry->link.data = entry;
  g_queue_push_tail_link (&self->entries, &entry->link);
  self->size += get_cost (entry->vector.size);
}

static GudpxQueuedDatagram *
entry_new (GudpxSendQueue *self, gsize size)
{
  GudpxQueuedDatagram *entry = g_queue_peek_head (&self->unused);
  gsize capacity = MAX (size, MIN_CAPACITY);

  if (entry != NULL && entry->capacity >= size)
    {
      g_queue_unlink (&self->unused, &entry->link);
      return entry;
    }

  entry = g_malloc (sizeof *entry + capacity);
  entry->capacity = capacity;
  return entry;
}

/* Copies the payload. */
void
gudpx_send_queue_push (GudpxSendQueue *self, const GudpxOutgoing *outgoing)
{
  gsize size = gudpx_outgoing_get_size (outgoing);
  GudpxQueuedDatagram *entry = entry_new (self, size);
  guint8 *payload = (guint8 *) (entry + 1);

  entry->bytes = NULL;
  entry->task = NULL;
  entry->vector = (GOutputVector){ payload, size };
  for (guint i = 0; i < outgoing->n_vectors; i++)
    {
      if (outgoing->vectors[i].size == 0)
        continue;
      memcpy (payload, outgoing->vectors[i].buffer, outgoing->vectors[i].size);
      payload += outgoing->vectors[i].size;
    }
  push (self, entry, outgoing);
}

/* Keeps @bytes instead of a copy, and @task until it can be answered. */
void
gudpx_send_queue_push_bytes (GudpxSendQueue *self,
                             const GudpxOutgoing *outgoing,
                             GBytes *bytes,
                             GTask *task)
{
  GudpxQueuedDatagram *entry = g_new0 (GudpxQueuedDatagram, 1);

  entry->bytes = g_bytes_ref (bytes);
  entry->task = g_object_ref (task);
  entry->vector.buffer = g_bytes_get_data (bytes, &entry->vector.size);
  push (self, entry, outgoing);
}

/* The first of them, as they are to be sent. */
guint
gudpx_send_queue_peek (GudpxSendQueue *self, GudpxOutgoing *outgoing, guint n_outgoing)
{
  guint n = 0;

  for (GList *l = self->entries.head; l != NULL && n < n_outgoing; l = l->next, n++)
    {
      GudpxQueuedDatagram *entry = l->data;

      outgoing[n] = (GudpxOutgoing){
        .vectors = &entry->vector,
        .n_vectors = 1,
        .destination = entry->destination.length > 0 ? &entry->destination : NULL,
        .ancillary = entry->has_ancillary ? &entry->ancillary : NULL,
      };
    }
  return n;
}

static GudpxQueuedDatagram *
unlink_entry (GudpxSendQueue *self, GudpxQueuedDatagram *entry)
{
  g_queue_unlink (&self->entries, &entry->link);
  self->size -= get_cost (entry->vector.size);
  return entry;
}

/* The first, or NULL. */
GudpxQueuedDatagram *
gudpx_send_queue_pop (GudpxSendQueue *self)
{
  GudpxQueuedDatagram *entry = g_queue_peek_head (&self->entries);

  return entry != NULL ? unlink_entry (self, entry) : NULL;
}

/* The one that @task waits for, or NULL if it has left; the first that nobody waits for, for NULL. */
GudpxQueuedDatagram *
gudpx_send_queue_remove (GudpxSendQueue *self, GTask *task)
{
  for (GList *l = self->entries.head; l != NULL; l = l->next)
    {
      GudpxQueuedDatagram *entry = l->data;

      if (entry->task == task)
        return unlink_entry (self, entry);
    }
  return NULL;
}

/* Frees an entry, or keeps it for the next datagram. */
void
gudpx_send_queue_recycle (GudpxSendQueue *self, GudpxQueuedDatagram *entry)
{
  if (entry->bytes != NULL || entry->task != NULL || entry->capacity > MAX_UNUSED_CAPACITY ||
      self->unused.length >= MAX_UNUSED)
    {
      gudpx_queued_datagram_free (entry);
      return;
    }
  entry->link.data = entry;
  g_queue_push_head_link (&self->unused, &entry->link);
}

/* Lets go of what is kept for later. */
void
gudpx_send_queue_trim (GudpxSendQueue *self)
{
  GudpxQueuedDatagram *entry;

  while ((entry = g_queue_peek_head (&self->unused)) != NULL)
    {
      g_queue_unlink (&self->unused, &entry->link);
      gudpx_queued_datagram_free (entry);
    }
}

void
gudpx_queued_datagram_free (GudpxQueuedDatagram *self)
{
  g_clear_pointer (&self->bytes, g_bytes_unref);
  g_clear_object (&self->task);
  g_free (self);
}

/* What waits for the peer goes to @peer, also when the port has another one by then. */
void
gudpx_send_queue_pin_destination (GudpxSendQueue *self, const GudpxNativeAddress *peer)
{
  for (GList *l = self->entries.head; l != NULL; l = l->next)
    {
      GudpxQueuedDatagram *entry = l->data;

      if (entry->destination.length == 0)
        entry->destination = *peer;
    }
}
