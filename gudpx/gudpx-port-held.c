/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Datagrams for a UNIX destination that does not read. They wait apart, so that others are
 * served. */

#include "gudpx-port-private.h"

/* System calls of one dispatch, each of which tries another destination. */
#define MAX_RETRIES 64

static void
schedule_retry (GudpxPort *self)
{
  self->held_retry_delay = gudpx_port_grow_delay (self->held_retry_delay);
  self->held_retry_time =
      g_get_monotonic_time () + self->held_retry_delay * G_TIME_SPAN_MILLISECOND;
  gudpx_port_rearm (self);
}

static GError *
make_full_error (GudpxPort *self, const GudpxHeldDestination *held)
{
  g_autoptr (GSocketAddress) address = gudpx_native_address_to_object (&held->address);
  g_autofree char *description = gudpx_address_describe (address);
  g_autofree char *port_description = gudpx_port_describe (self);

  return g_error_new (G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK,
                      "Cannot send to %s: it does not read, and the send queue of the port %s has "
                      "%" G_GSIZE_FORMAT " bytes for it already",
                      description, port_description, held->size);
}

/* A write to @held found no room. */
void
gudpx_port_set_held_full (GudpxPort *self, GudpxHeldDestination *held, GError **error)
{
  g_propagate_error (error, make_full_error (self, held));
}

static gboolean
is_over (GudpxPort *self, const GudpxHeldDestination *held)
{
  return self->queue.held_size > self->queue.limit / 2 ||
         (held->size > self->queue.limit / 4 && held->runs.length > 0 &&
          (held->runs.length > 1 ||
           ((GudpxQueuedRun *) held->runs.head->data)->n_datagrams > 1));
}

/* The last that nobody waits for; NULL: there is none. */
static GudpxQueuedRun *
find_last (const GudpxHeldDestination *held)
{
  GList *l = held->runs.tail;

  while (l != NULL && ((GudpxQueuedRun *) l->data)->task != NULL)
    l = l->prev;
  return l != NULL ? l->data : NULL;
}

static void
refuse_last (GudpxPort *self, GudpxHeldDestination *held, GudpxQueuedRun *run)
{
  g_autoptr (GSocketAddress) address = gudpx_native_address_to_object (&held->address);

  gudpx_port_add_outcome (self, NULL, make_full_error (self, held), address);
  gudpx_send_queue_discard_last (&self->queue, run);
}

/* Drops datagrams that are too many for the destination: they were taken when it seemed to read. */
static void
drop_excess (GudpxPort *self, GudpxHeldDestination *held)
{
  GudpxQueuedRun *run;

  while (is_over (self, held) && (run = find_last (held)) != NULL)
    {
      self->statistics.send_queue_drops++;
      held->owes_writable = TRUE;
      switch (self->send_queue_policy)
        {
        case GUDPX_QUEUE_POLICY_DROP_OLDEST:
          self->statistics.queue_dropped_oldest++;
          gudpx_send_queue_discard (&self->queue, gudpx_queued_runs_find (&held->runs, NULL), 1);
          break;
        case GUDPX_QUEUE_POLICY_DROP_NEWEST:
          self->statistics.queue_dropped_newest++;
          gudpx_send_queue_discard_last (&self->queue, run);
          break;
        case GUDPX_QUEUE_POLICY_REFUSE:
        default:
          refuse_last (self, held, run);
          break;
        }
    }
}

/* The queue of @destination is full: its datagrams wait apart from here on. */
GudpxHeldDestination *
gudpx_port_hold (GudpxPort *self, const GudpxNativeAddress *destination)
{
  GudpxHeldDestination *held = gudpx_send_queue_hold (&self->queue, destination);

  drop_excess (self, held);
  if (self->queue.held.length == 1)
    schedule_retry (self);
  return held;
}

/* NULL: the destination of @outgoing is not held. */
GudpxHeldDestination *
gudpx_port_lookup_held (GudpxPort *self, const GudpxOutgoing *outgoing)
{
  return gudpx_send_queue_lookup_held (
      &self->queue, outgoing->destination != NULL ? outgoing->destination : &self->peer);
}

static void
tell_of_room (GudpxPort *self, GudpxHeldDestination *held)
{
  if (!held->owes_writable || held->size > self->queue.limit / 8)
    return;

  held->owes_writable = FALSE;
  self->owes_writable = TRUE;
}

/* Sends datagrams of @held until its queue is full again. TRUE: some left. */
static gboolean
retry_one (GudpxPort *self, GudpxHeldDestination *held)
{
  const guint n_before = self->queue.n_held_datagrams;

  gudpx_port_send_runs (self, &held->runs);
  tell_of_room (self, held);
  if (g_queue_is_empty (&held->runs))
    gudpx_send_queue_let_go (&self->queue, held);
  else
    {
      g_queue_unlink (&self->queue.held, &held->link);
      g_queue_push_tail_link (&self->queue.held, &held->link);
    }
  return self->queue.n_held_datagrams < n_before;
}

/* Tries held destinations again when their time has come, the one that waited longest first. */
void
gudpx_port_retry_held (GudpxPort *self)
{
  gboolean has_progress = FALSE;

  if (g_get_monotonic_time () < self->held_retry_time)
    return;

  for (guint n = MIN (self->queue.held.length, MAX_RETRIES); n > 0; n--)
    has_progress |= retry_one (self, self->queue.held.head->data);
  if (has_progress)
    self->held_retry_delay = 0;
  if (self->queue.held.length > 0)
    schedule_retry (self);
}
