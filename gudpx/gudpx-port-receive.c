/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a port does when it is dispatched: the way of a datagram from the kernel to the protocol. */

#include <poll.h>

#include "gudpx-datagram-private.h"
#include "gudpx-datagram-protocol-private.h"
#include "gudpx-port-private.h"
#include "gudpx-turns-private.h"

#define MAX_SKIPPED_POLLS 63
/* What comes in such lots is not asked for again at once. */
#define MIN_BULK 32
/* A batch for those who want batches. */
#define MAX_DATAGRAMS_PER_BATCH GUDPX_PORT_POOL_SIZE
/* The time that a call with several datagrams is to take: a part of a dispatch. */
#define BATCH_TIME (1 * G_TIME_SPAN_MILLISECOND)
/* The kernel's count of drops has 32 bits. A look at it now and then, in batches, misses no lap. */
#define BATCHES_PER_SAMPLE 65536


/* Whether the start that a dispatch began in still lasts. */
static gboolean
is_current (GudpxPort *self, guint epoch)
{
  return self->epoch == epoch && self->state == GUDPX_PORT_LISTENING;
}

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
    self->link->funcs->release (self->link, batch);
}

/* Adds the kernel's drops to the statistics. */
void
gudpx_port_sample_drops (GudpxPort *self)
{
  gudpx_drops_sample (&self->drops, self->link->funcs->get_drops (self->link), &self->statistics);
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
  gboolean is_new = self->receive_delay == 0;

  self->receive_delay = gudpx_port_grow_delay (self->receive_delay);
  gudpx_port_wait_until (self, self->budget.now +
                                   self->receive_delay * G_TIME_SPAN_MILLISECOND);
  /* An error of an earlier datagram is told as such. */
  if (is_new && !gudpx_link_errno_is_asynchronous (errsv))
    gudpx_port_report_failure (self, errsv, "Cannot receive on");
}

static gboolean
read_batch (GudpxPort *self)
{
  int errsv = 0;

  gudpx_port_update_bound (self);
  self->batch = self->link->funcs->receive (self->link, self->max_packet_size, &errsv);
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
  gudpx_port_resume (self);
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
  if (!gudpx_datagram_is_of (datagram, self->origin))
    gudpx_datagram_set_origin (datagram, self->origin, segment.incoming, self->handle, self->epoch);
  gudpx_datagram_set_payload (datagram, segment.payload, segment.kept_size, segment.original_size);
  gudpx_port_take_segment (self, &segment);
  return datagram;
}

/* What was queued before the port was connected may be of strangers. */
gboolean
gudpx_port_hears (GudpxPort *self, const GudpxNativeAddress *sender)
{
  return self->peer.length == 0 || gudpx_native_address_is_unnamed (&self->peer) ||
         (sender != NULL && gudpx_native_address_equal (&self->peer, sender));
}

/* The next one that is for the protocol, or NULL. */
static GudpxDatagram *
take_next (GudpxPort *self)
{
  while (gudpx_port_is_receiving (self) && gudpx_port_has_undelivered (self))
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
      if (!gudpx_datagram_is_of (datagram, origin))
        has_handlers = gudpx_datagram_protocol_has_handlers (self->protocol);
      origin = gudpx_datagram_get_origin (datagram);
      gudpx_datagram_protocol_receive (self->protocol, datagram, has_handlers);
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
      if (is_current (self, gudpx_datagram_get_epoch (datagrams[i - 1])))
        g_queue_push_head (&self->inbox, g_object_ref (datagrams[i - 1]));
      else
        self->statistics.receive_drops++;
    }

  while (gudpx_port_is_receiving (self) && !g_queue_is_empty (&self->inbox) &&
         !(self->dispatch_depth > 0 && self->budget.is_spent))
    {
      GudpxDatagram *datagram = take_next (self);

      if (datagram == NULL)
        return;
      gudpx_datagram_protocol_receive (self->protocol, datagram,
                                       gudpx_datagram_protocol_has_handlers (self->protocol));
      gudpx_budget_spend (&self->budget, 0);
      g_object_unref (datagram);
    }
}

/* In the form that the protocol likes best. What was packed stays so. */
static void
deliver (GudpxPort *self)
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

typedef enum
{
  NOTHING,
  EVERYTHING, /* that there was */
  ENOUGH,     /* for one dispatch, or so much that it may as well gather again */
} Received;

/* Whether a wake-up for as much as that costs next to nothing, and nobody waits for an answer. */
static gboolean
is_bulk (GudpxPort *self, guint n_datagrams, guint64 last_serial)
{
  return n_datagrams >= MIN_BULK && self->queue.last_serial == last_serial;
}

/* Reads batch by batch, until there is no more or it was enough. */
static Received
receive (GudpxPort *self, guint epoch)
{
  const guint64 last_serial = self->queue.last_serial;
  const guint n_before = self->budget.n_datagrams;
  gboolean may_have_more = TRUE;
  guint n_received;

  do
    {
      if (!gudpx_port_has_undelivered (self))
        {
          if (!may_have_more || !read_batch (self))
            break;
          may_have_more = self->batch->may_have_more;
        }
      deliver (self);
    }
  while (is_current (self, epoch) && gudpx_port_may_receive (self) &&
         !self->budget.is_spent);

  n_received = n_before - self->budget.n_datagrams;
  if (n_received == 0)
    return NOTHING;
  return self->budget.is_spent || is_bulk (self, n_received, last_serial)
             ? ENOUGH
             : EVERYTHING;
}

/* One of many ports has others beside it for whom it would ask in vain, so they learn together. */
static GudpxBusyPolls *
get_busy_polls (GudpxPort *self)
{
  static __thread GudpxBusyPolls shared_polls;

  return self->is_left_to_poller ? &shared_polls : &self->busy_polls;
}

static void
send_written (GudpxPort *self, guint epoch)
{
  if (gudpx_port_is_open (self, epoch) && !self->waits_for_writable &&
      !gudpx_send_queue_is_empty (&self->queue))
    gudpx_port_flush (self, FALSE);
}

/* Asks again for a while: what answers to what was just sent comes sooner than a main loop could be
 * put to sleep and woken. When that was in vain, the next dispatches go without it, the more the
 * more often it was. */
static void
busy_poll (GudpxPort *self, guint epoch)
{
  GudpxBusyPolls *polls = get_busy_polls (self);
  gint64 deadline;
  gboolean has_paid = FALSE;
  Received received = NOTHING;

  if (polls->n_skipped < polls->n_vain)
    {
      polls->n_skipped++;
      return;
    }

  gudpx_budget_look (&self->budget);
  deadline = self->budget.now + self->busy_poll;
  for (; is_current (self, epoch) && gudpx_port_may_receive (self) && received != ENOUGH &&
         self->budget.now < MIN (deadline, self->budget.deadline);
       gudpx_budget_look (&self->budget))
    {
      received = receive (self, epoch);
      if (received == NOTHING)
        continue;
      has_paid = TRUE;
      send_written (self, epoch);
      deadline = g_get_monotonic_time () + self->busy_poll;
    }
  /* Who took nothing may have written. */
  send_written (self, epoch);
  polls->n_vain = has_paid ? 0 : MIN (polls->n_vain * 2 + 1, MAX_SKIPPED_POLLS);
  polls->n_skipped = 0;
}

/* Somebody else who has the socket shut it down, or closed it under us: polling would spin. */
static gboolean
is_shut_down (GudpxPort *self, GIOCondition condition)
{
#ifdef POLLRDHUP
  struct pollfd poll_fd = { .fd = g_socket_get_fd (self->socket), .events = POLLRDHUP };

  if (poll (&poll_fd, 1, 0) > 0 && (poll_fd.revents & POLLRDHUP) != 0)
    return TRUE;
#endif
  return (condition & (G_IO_HUP | G_IO_NVAL)) != 0;
}

static void
report_shut_down (GudpxPort *self)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *description = gudpx_port_describe (self);

  gudpx_port_stop_polling (self);
  self->statistics.errors++;
  g_set_error (&error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE,
               "The socket of the port %s was shut down or closed from outside", description);
  gudpx_datagram_protocol_report (self->protocol, self, error, NULL);
}

static void
tell_writable (GudpxPort *self)
{
  gsize ready_size = gudpx_send_queue_get_ready_size (&self->queue);
  gboolean has_room = ready_size <= gudpx_send_queue_low_mark (&self->queue) &&
                      !(gudpx_send_queue_is_empty (&self->queue) && self->waits_for_writable);

  if (!self->owes_writable || !has_room)
    return;

  self->owes_writable = FALSE;
  gudpx_datagram_protocol_tell_writable (self->protocol, self);
}

/* Whether the queue has waited long enough. */
static gboolean
may_send (GudpxPort *self, GIOCondition condition)
{
  return !self->waits_for_writable || (condition & G_IO_OUT) != 0 ||
         (self->retry_delay > 0 && g_source_get_time (self->source) >= self->retry_time);
}

/* The port has waited long enough to receive again. */
static void
end_wait (GudpxPort *self)
{
  gint64 iteration;

  if (self->resume_time == 0)
    return;

  iteration = g_source_get_time (self->source);
  if (self->last_turn != NULL ? gudpx_turns_may_resume (iteration)
                              : iteration >= self->resume_time)
    gudpx_port_resume (self);
}

/* Lets sources of lower priority have their turn, if they have waited for long. */
static void
begin_turn (GudpxPort *self, guint epoch)
{
  if (is_current (self, epoch) && gudpx_port_may_receive (self) &&
      gudpx_turns_begin (self->context, self->budget.now))
    gudpx_port_step_back (self);
}

/* While the port is still attached. */
static void
end_turn (GudpxPort *self, gint64 start)
{
  gudpx_turns_end (self->context, self->source, self->budget.now - start, self->budget.now);
  if (!gudpx_port_may_receive (self))
    gudpx_port_detach_undelivered (self);
}

/* Tells what has become of what was written, and sees to what is due later. */
static void
end_dispatch (GudpxPort *self, guint epoch)
{
  gudpx_port_notify_queue (self);
  if (!gudpx_port_is_open (self, epoch))
    {
      /* If it was started again, what it has to do since then is a dispatch's of its own. */
      if (self->state != GUDPX_PORT_STOPPED)
        gudpx_port_wake (self);
      return;
    }
  gudpx_port_report_outcomes (self);

  if (is_current (self, epoch))
    tell_writable (self);
  if (gudpx_port_is_open (self, epoch) && self->link->pending_errsv != 0)
    gudpx_port_wake (self);
  if (gudpx_port_is_open (self, epoch) && self->state == GUDPX_PORT_STOPPING &&
      gudpx_port_is_stop_over (self))
    gudpx_port_finish_stop (self);
  else if (gudpx_port_is_open (self, epoch))
    gudpx_port_rearm (self);
}

/* What handlers may do in the middle of it is to stop the port, and to start it again. */
void
gudpx_port_dispatch (GudpxPort *self, GIOCondition condition)
{
  const guint epoch = self->epoch;
  const GIOCondition fatal = G_IO_HUP | G_IO_NVAL;
  const gint64 outer_deadline = self->budget.deadline;
  const gint64 start = g_get_monotonic_time ();
  Received received = NOTHING;

  self->statistics.wakeups++;
  self->dispatch_depth++;
  g_atomic_pointer_set (&self->handle->thread, (gpointer) pthread_self ());
  gudpx_budget_begin (&self->budget, start, gudpx_turns_get_share ());
  end_wait (self);
  if ((condition & G_IO_ERR) != 0 || self->link->pending_errsv != 0)
    gudpx_port_report_errors (self, epoch);
  else if (condition != 0)
    self->n_vain_errors = 0;
  begin_turn (self, epoch);
  if (is_current (self, epoch) && gudpx_port_may_receive (self) && gudpx_port_is_held_up (self))
    gudpx_port_drain_packed (self);
  if (is_current (self, epoch) && gudpx_port_may_receive (self))
    received = receive (self, epoch);
  if (is_current (self, epoch) && self->is_polled && received == NOTHING &&
      (condition & (G_IO_IN | fatal)) != 0 && is_shut_down (self, condition))
    report_shut_down (self);
  if (gudpx_port_is_open (self, epoch) && may_send (self, condition))
    gudpx_port_flush (self, (condition & G_IO_OUT) != 0);
  if (received == EVERYTHING && self->busy_poll > 0)
    busy_poll (self, epoch);
  if (gudpx_port_is_open (self, epoch))
    end_turn (self, start);
  if (self->dispatch_depth > 1)
    gudpx_budget_begin (&self->budget, self->budget.now, outer_deadline - self->budget.now);
  self->dispatch_depth--;
  end_dispatch (self, epoch);
}
