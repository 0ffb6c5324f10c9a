/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a port does when it is dispatched: the way of a datagram from the kernel to the protocol. */

#include "gudpx-datagram-private.h"
#include "gudpx-datagram-protocol-private.h"
#include "gudpx-port-private.h"

/* A batch for those who want batches. */
#define MAX_DATAGRAMS_PER_BATCH GUDPX_PORT_POOL_SIZE
/* The time that a call with several datagrams is to take: a part of a dispatch. */
#define BATCH_TIME (1 * G_TIME_SPAN_MILLISECOND)
/* The kernel's count of drops has 32 bits. A look at it now and then, in batches, misses no lap. */
#define BATCHES_PER_SAMPLE 65536


/* The pool keeps what nobody else does. */
static void
recycle (GudpxPort *self, GudpxDatagram *datagram)
{
  if (self->n_pooled < GUDPX_PORT_POOL_SIZE && gudpx_datagram_can_be_recycled (datagram))
    self->pool[self->n_pooled++] = datagram;
  else
    g_object_unref (datagram);
}

static GudpxDatagram *
take_from_pool (GudpxPort *self)
{
  return self->n_pooled > 0 ? self->pool[--self->n_pooled] : gudpx_datagram_new_empty ();
}

gboolean
gudpx_port_has_undelivered (GudpxPort *self)
{
  return self->batch != NULL || self->inbox.length > 0 || self->packed_index != NULL;
}

static void
release_batch (GudpxPort *self)
{
  GudpxBatch *batch = g_steal_pointer (&self->batch);

  if (batch->is_detached)
    g_free (batch);
  else
    gudpx_link_release (self->link, batch);
}

/* Adds the kernel's drops to the statistics. */
void
gudpx_port_sample_drops (GudpxPort *self)
{
  gudpx_drops_sample (&self->drops, gudpx_link_get_drops (self->link), &self->statistics);
}

static void
count_batch (GudpxPort *self)
{
  if (self->statistics.receive_batches % BATCHES_PER_SAMPLE == 0)
    gudpx_port_sample_drops (self);
}

/* A receive failed, and would again at once. The protocol is told once. */
static void
receive_failed (GudpxPort *self, int errsv)
{
  /* An error of an earlier datagram is told as such. */
  if (self->receive_delay == 0 && !gudpx_link_errno_is_asynchronous (errsv))
    gudpx_reports_add (&self->reports, GUDPX_REPORT_RECEIVE_FAILED, errsv);
  self->receive_delay = gudpx_delay_grow (self->receive_delay);
  self->resume_time = self->budget.now + self->receive_delay * G_TIME_SPAN_MILLISECOND;
}

gboolean
gudpx_port_read_batch (GudpxPort *self)
{
  int errsv = 0;

  self->batch = gudpx_link_receive (self->link, self->max_packet_size, &errsv);
  /* An adopted socket has no number before it is used. */
  gudpx_port_handle_set_bound (self->handle, &self->link->local);
  self->batch_index = 0;
  self->batch_offset = 0;
  self->origin++;
  if (self->batch == NULL && errsv != EAGAIN)
    {
      receive_failed (self, errsv);
      return FALSE;
    }

  self->receive_delay = 0;
  if (self->batch == NULL)
    return FALSE;
  count_batch (self);
  return TRUE;
}

/* Goes on behind @size bytes of the message that it is at. */
static void
advance (GudpxPort *self, gsize size)
{
  self->batch_offset += size;
  if (self->batch_offset < self->batch->incoming[self->batch_index].size)
    return;

  self->batch_offset = 0;
  self->batch_index++;
  self->origin++;
  self->drops.n_messages++;
  if (self->batch_index == self->batch->n_incoming)
    release_batch (self);
}

static void
count_received (GudpxPort *self, gsize size, gsize original_size)
{
  self->statistics.datagrams_received++;
  self->statistics.bytes_received += original_size;
  if (original_size > size)
    self->statistics.truncated++;
}

/* The next datagram of what was read; a joined message has several. FALSE: there is no more. */
gboolean
gudpx_port_peek_segment (GudpxPort *self, GudpxSegment *segment)
{
  const GudpxIncoming *incoming;
  gsize rest;
  gsize segment_size;

  if (self->batch == NULL)
    return FALSE;

  incoming = &self->batch->incoming[self->batch_index];
  rest = incoming->size - self->batch_offset;
  segment_size = incoming->ancillary.segment_size;
  segment->incoming = incoming;
  segment->payload = incoming->data + self->batch_offset;
  segment->size = segment_size > 0 ? MIN (segment_size, rest) : rest;
  segment->original_size = segment_size > 0 ? segment->size : incoming->original_size;
  segment->kept_size = MIN (segment->size, self->max_packet_size);
  return TRUE;
}

/* Counts it and goes on behind it; its memory may be used again. */
void
gudpx_port_take_segment (GudpxPort *self, const GudpxSegment *segment)
{
  count_received (self, segment->kept_size, segment->original_size);
  advance (self, segment->size);
}

/* Counts what was read and is not to be delivered. While the port still has its I/O. */
void
gudpx_port_drop_undelivered (GudpxPort *self)
{
  GudpxSegment segment;

  self->statistics.receive_drops += self->inbox.length;
  g_queue_clear_full (&self->inbox, g_object_unref);
  gudpx_port_drop_packed (self);
  self->resume_time = 0;
  self->errors_are_unreadable = FALSE;
  self->receive_delay = 0;
  while (gudpx_port_peek_segment (self, &segment))
    {
      self->statistics.receive_drops++;
      gudpx_port_take_segment (self, &segment);
    }
}

/* The port is not about to deliver the rest of its batch: it gives back the buffer, which is the
 * thread's, and keeps a copy. */
void
gudpx_port_detach_undelivered (GudpxPort *self)
{
  GudpxBatch *rest;

  if (self->batch == NULL || self->batch->is_detached)
    return;

  rest = gudpx_batch_detach (self->batch, self->batch_index, self->batch_offset);
  release_batch (self);
  self->batch = rest;
  self->batch_index = 0;
  self->batch_offset = 0;
}

static GudpxDatagram *
take_from_batch (GudpxPort *self)
{
  GudpxDatagram *datagram;
  GudpxSegment segment;

  if (!gudpx_port_peek_segment (self, &segment))
    return NULL;

  datagram = take_from_pool (self);
  if (!gudpx_datagram_is_of_message (datagram, self->origin))
    gudpx_datagram_set_message (datagram, self->origin, &segment.incoming->sender,
                                &segment.incoming->ancillary, self->handle);
  gudpx_datagram_set_payload (datagram, segment.payload, segment.kept_size, segment.original_size);
  gudpx_port_take_segment (self, &segment);
  return datagram;
}

/* What was queued before the port was connected may be of strangers. */
gboolean
gudpx_port_hears (GudpxPort *self, const GudpxNativeAddress *sender)
{
  const GudpxNativeAddress *peer = &self->link->peer;

  return !gudpx_link_has_peer (self->link) || gudpx_native_address_is_unnamed (peer) ||
         (sender != NULL && gudpx_native_address_equal (peer, sender));
}

/* The next one that is for the protocol, or NULL. */
static GudpxDatagram *
take_next (GudpxPort *self)
{
  while (gudpx_gate_delivers (&self->gate) && gudpx_port_has_undelivered (self))
    {
      GudpxDatagram *datagram =
          self->inbox.length > 0 ? g_queue_pop_head (&self->inbox) : take_from_batch (self);

      if (datagram == NULL)
        return NULL;
      if (gudpx_port_hears (self, gudpx_datagram_get_native_sender (datagram)))
        return datagram;
      self->statistics.receive_drops++;
      recycle (self, datagram);
    }
  return NULL;
}

/* A call with @n_datagrams took @duration µs. The next one gets as many as may be delivered in
 * BATCH_TIME, more than before only step by step. */
void
gudpx_port_learn_batch_limit (GudpxPort *self, guint n_datagrams, gint64 duration, guint max)
{
  if (duration > BATCH_TIME)
    self->batch_limit = MAX (n_datagrams * BATCH_TIME / duration, 1);
  else if (n_datagrams >= self->batch_limit && duration < BATCH_TIME / 4)
    self->batch_limit = MIN (self->batch_limit * 2, max);
}

/* Some of them one by one, until the port is paused or stopped. */
static void
deliver_singly (GudpxPort *self)
{
  gboolean has_handlers = FALSE;
  guint64 origin = 0;
  GudpxDatagram *datagram;

  while (!self->budget.is_spent && (datagram = take_next (self)) != NULL)
    {
      /* To ask costs more than a datagram of a joined message does. */
      if (!gudpx_datagram_is_of_message (datagram, origin))
        has_handlers = gudpx_datagram_protocol_has_handlers (self->protocol);
      origin = gudpx_datagram_get_message_serial (datagram);
      gudpx_datagram_protocol_emit_datagram_received (self->protocol, datagram, has_handlers);
      gudpx_budget_spend (&self->budget, gudpx_datagram_get_size (datagram));
      recycle (self, datagram);
    }
}

/* Some of them in one call. */
static void
deliver_as_batch (GudpxPort *self)
{
  const gint64 start = self->budget.now;
  const guint limit = MIN (self->batch_limit, MAX_DATAGRAMS_PER_BATCH);
  g_autoptr (GPtrArray) datagrams = g_ptr_array_new_full (MAX_DATAGRAMS_PER_BATCH, NULL);
  GudpxDatagram *datagram;

  while (datagrams->len < limit && !self->budget.is_spent &&
         (datagram = take_next (self)) != NULL)
    {
      gudpx_budget_take (&self->budget, gudpx_datagram_get_size (datagram));
      g_ptr_array_add (datagrams, datagram);
    }

  if (datagrams->len > 0)
    {
      gudpx_datagram_protocol_receive_batch (self->protocol, datagrams);
      gudpx_budget_look (&self->budget);
      gudpx_port_learn_batch_limit (self, datagrams->len, self->budget.now - start,
                                    MAX_DATAGRAMS_PER_BATCH);
    }
  for (guint i = 0; i < datagrams->len; i++)
    recycle (self, datagrams->pdata[i]);
}

/* A protocol that took a batch wants it one by one after all. What does not fit into the dispatch
 * follows in the next one. */
void
gudpx_port_deliver_again (GudpxPort *self, GudpxDatagram **datagrams, guint n_datagrams)
{
  for (guint i = n_datagrams; i > 0; i--)
    {
      if (gudpx_gate_listens (&self->gate, gudpx_datagram_get_epoch (datagrams[i - 1])))
        g_queue_push_head (&self->inbox, g_object_ref (datagrams[i - 1]));
      else
        self->statistics.receive_drops++;
    }

  while (gudpx_gate_delivers (&self->gate) && !g_queue_is_empty (&self->inbox) &&
         !(gudpx_watch_is_dispatching (&self->watch) && self->budget.is_spent))
    {
      GudpxDatagram *datagram = take_next (self);

      if (datagram == NULL)
        return;
      gudpx_datagram_protocol_emit_datagram_received (
          self->protocol, datagram, gudpx_datagram_protocol_has_handlers (self->protocol));
      gudpx_budget_spend (&self->budget, 0);
      g_object_unref (datagram);
    }
}

/* In the form that the protocol likes best. What was packed stays so. */
void
gudpx_port_deliver (GudpxPort *self)
{
  if (self->inbox.length > 0)
    deliver_singly (self);
  else if (self->packed_index != NULL || gudpx_datagram_protocol_takes_packed (self->protocol))
    gudpx_port_deliver_packed (self);
  else if (gudpx_datagram_protocol_takes_batches (self->protocol))
    deliver_as_batch (self);
  else
    deliver_singly (self);
}
