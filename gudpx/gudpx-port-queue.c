/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The way of a datagram whose destination is right: to the kernel at once, or by the send queue,
 * and what becomes of it there. */

#include "gudpx-datagram-protocol-private.h"
#include "gudpx-port-private.h"

/* What fits behind the headers of a packet of 65535 bytes: RFC 768, RFC 791, RFC 8200. */
#define MAX_IPV4_PAYLOAD (65535 - 20 - 8)
#define MAX_IPV6_PAYLOAD (65535 - 8)

/* So many datagrams of a dispatch leave before its end. */
#define SEND_BATCH 256

/* The time for handlers that hear what became of queued datagrams, in each dispatch. */
#define MAX_REPORT_TIME (1 * G_TIME_SPAN_MILLISECOND)

/* What became of a queued datagram. The application hears it from the main loop, never from the
 * midst of a call of its own. */
typedef struct
{
  GTask *task; /* NULL: nobody asked */
  GError *error;
  GSocketAddress *destination;
} Outcome;

static void
outcome_free (Outcome *self)
{
  g_clear_object (&self->task);
  g_clear_error (&self->error);
  g_clear_object (&self->destination);
  g_free (self);
}

/* Takes @error; without a @task the protocol hears it. */
void
gudpx_port_add_outcome (GudpxPort *self, GTask *task, GError *error, GSocketAddress *destination)
{
  Outcome *outcome = g_new0 (Outcome, 1);

  g_set_object (&outcome->task, task);
  outcome->error = error;
  g_set_object (&outcome->destination, destination);
  g_queue_push_tail (&self->outcomes, outcome);
  gudpx_port_wake (self);
}

static void
answer (Outcome *outcome)
{
  if (outcome->error != NULL)
    g_task_return_error (outcome->task, g_steal_pointer (&outcome->error));
  else
    g_task_return_boolean (outcome->task, TRUE);
}

static gboolean
is_flushed (GudpxPort *self, GTask *task)
{
  const guint64 *serial = g_task_get_task_data (task);

  return gudpx_send_queue_get_oldest_serial (&self->queue) > *serial;
}

static void
answer_flushes (GudpxPort *self)
{
  while (!g_queue_is_empty (&self->flush_tasks) &&
         is_flushed (self, g_queue_peek_head (&self->flush_tasks)))
    {
      g_autoptr (GTask) task = g_queue_pop_head (&self->flush_tasks);

      g_task_return_boolean (task, TRUE);
    }
}

/* Tells some of them, as long as the port is not stopped by that. */
static void
report_some_outcomes (GudpxPort *self, guint epoch)
{
  gudpx_budget_begin (&self->budget, g_get_monotonic_time (), MAX_REPORT_TIME);
  /* What they cause is for the next time. */
  for (guint n = self->outcomes.length; n > 0 && self->epoch == epoch && !self->budget.is_spent &&
                                        !g_queue_is_empty (&self->outcomes);
       n--)
    {
      Outcome *outcome = g_queue_pop_head (&self->outcomes);

      if (outcome->task != NULL)
        answer (outcome);
      else
        gudpx_datagram_protocol_report (self->protocol, self, outcome->error,
                                        outcome->destination);
      outcome_free (outcome);
      gudpx_budget_spend (&self->budget, 0);
    }
  if (self->epoch == epoch && !g_queue_is_empty (&self->outcomes))
    gudpx_port_wake (self);
}

/* Tells what became of queued datagrams. */
void
gudpx_port_report_outcomes (GudpxPort *self)
{
  const guint epoch = self->epoch;
  const GudpxLinkError *outer_error = g_steal_pointer (&self->reported_error);

  if (!g_queue_is_empty (&self->outcomes))
    report_some_outcomes (self, epoch);
  self->reported_error = outer_error;
  if (self->epoch == epoch)
    answer_flushes (self);
}

/* The queue has grown. */
static void
queue_grew (GudpxPort *self)
{
  self->statistics.send_queue_peak = MAX (self->statistics.send_queue_peak, self->queue.size);
  if (gudpx_send_queue_get_ready_size (&self->queue) > gudpx_send_queue_high_mark (&self->queue))
    self->owes_writable = TRUE;
}

void
gudpx_port_notify_queue (GudpxPort *self)
{
  if (self->queue.size == self->notified_queue_size)
    return;

  self->notified_queue_size = self->queue.size;
  gudpx_port_notify (self, GUDPX_PORT_PROP_SEND_QUEUE_SIZE);
}

static gboolean
is_for_now (int errsv)
{
  return errsv == EAGAIN || errsv == ENOBUFS || errsv == ENOMEM;
}

/* The kernel has no room. The socket tells when it has; where it would say so at once and falsely,
 * a timer does: ENOBUFS, and a UNIX peer that does not read. */
static void
wait_for_room (GudpxPort *self, int errsv, gboolean was_writable)
{
  gboolean by_timer = was_writable || self->waited_in_vain || self->retry_delay > 0 ||
                      errsv == ENOBUFS || errsv == ENOMEM;

  self->waits_for_writable = TRUE;
  /* Of a joined run the kernel drops what has no room, and says nothing. */
  self->is_congested = TRUE;
  if (by_timer)
    {
      self->retry_delay = gudpx_port_grow_delay (self->retry_delay);
      self->retry_time = g_get_monotonic_time () + self->retry_delay * G_TIME_SPAN_MILLISECOND;
      gudpx_port_rearm (self);
    }
  gudpx_port_update_source (self);
}

static void
room_was_found (GudpxPort *self)
{
  self->waited_in_vain = FALSE;
  self->retry_delay = 0;
}

/* 0: not known. */
static guint
find_path_mtu (GudpxPort *self, GSocketAddress *destination)
{
  GudpxNativeAddress native;

  if (self->peer.length > 0)
    return gudpx_port_get_path_mtu (self);
  return destination != NULL && gudpx_address_to_native (destination, &native, NULL)
             ? gudpx_options_find_path_mtu (&native)
             : 0;
}

static GError *
make_send_error (GudpxPort *self, int errsv, gsize size, GSocketAddress *destination)
{
  g_autofree char *description = gudpx_address_describe (destination);
  guint path_mtu = errsv == EMSGSIZE ? find_path_mtu (self, destination) : 0;
  GError *error = NULL;

  if (errsv == EMSGSIZE && g_socket_get_family (self->socket) == G_SOCKET_FAMILY_UNIX)
    gudpx_set_error_errno (&error, errsv,
                           "Cannot send %" G_GSIZE_FORMAT " bytes to %s, with a send buffer of %u",
                           size, description, gudpx_port_get_send_buffer_size (self));
  else if (path_mtu > 0)
    gudpx_set_error_errno (&error, errsv,
                           "Cannot send %" G_GSIZE_FORMAT " bytes to %s, with a path MTU of %u", size,
                           description, path_mtu);
  else
    gudpx_set_error_errno (&error, errsv, "Cannot send %" G_GSIZE_FORMAT " bytes to %s", size,
                           description);
  return error;
}

static void
count_sent (GudpxPort *self, guint n_datagrams, gsize size)
{
  self->statistics.datagrams_sent += n_datagrams;
  self->statistics.bytes_sent += size;
}

static void
first_were_sent (GudpxPort *self, GQueue *runs, guint n_datagrams)
{
  while (n_datagrams > 0)
    {
      GudpxQueuedRun *run = g_queue_peek_head (runs);
      guint n = MIN (n_datagrams, run->n_datagrams);

      if (run->task != NULL)
        gudpx_port_add_outcome (self, run->task, NULL, NULL);
      count_sent (self, n, gudpx_send_queue_discard (&self->queue, run, n));
      n_datagrams -= n;
    }
}

static void
first_was_refused (GudpxPort *self, GQueue *runs, int errsv)
{
  GudpxQueuedRun *run = g_queue_peek_head (runs);
  g_autoptr (GSocketAddress) destination = gudpx_port_get_destination (self, &run->destination);
  gsize size = gudpx_queued_run_get_first_size (run);

  if (run->task == NULL && gudpx_link_absorb_refusal (self->link, &run->destination, errsv))
    gudpx_port_wake (self);
  else
    {
      gudpx_port_count_error (self, errsv);
      gudpx_port_add_outcome (self, run->task, make_send_error (self, errsv, size, destination),
                              destination);
    }
  gudpx_send_queue_discard (&self->queue, run, 1);
}

/* Sends @runs. 0: they have left; else what the first that is there still met, for want of room. */
int
gudpx_port_send_runs (GudpxPort *self, GQueue *runs)
{
  GudpxOutgoing outgoing[GUDPX_LINK_BATCH];
  guint n;

  while ((n = gudpx_send_queue_peek (runs, outgoing, GUDPX_LINK_BATCH)) > 0)
    {
      int errsv;
      guint n_sent = gudpx_link_send (self->link, outgoing, n, gudpx_port_may_join (self), &errsv);

      first_were_sent (self, runs, n_sent);
      if (n_sent > 0)
        room_was_found (self);
      if (is_for_now (errsv))
        return errsv;
      if (errsv != 0)
        first_was_refused (self, runs, errsv);
    }
  return 0;
}

/* TRUE if the queue of @destination is full: an unconnected UNIX socket gets EAGAIN for that, see
 * unix(7). */
static gboolean
is_of_destination (int errsv, const GudpxNativeAddress *destination)
{
  return errsv == EAGAIN && destination != NULL && destination->length > 0 &&
         destination->u.any.sa_family == AF_UNIX;
}

/* Sends what is queued, until the kernel has no room. */
void
gudpx_port_flush (GudpxPort *self, gboolean was_writable)
{
  const guint64 n_sent_before = self->statistics.datagrams_sent;
  int errsv;

  self->waits_for_writable = FALSE;
  if (was_writable)
    self->waited_in_vain = TRUE;
  if (self->queue.held.length > 0)
    gudpx_port_retry_held (self);
  while ((errsv = gudpx_port_send_runs (self, &self->queue.runs)) != 0)
    {
      const GudpxQueuedRun *first = gudpx_send_queue_get_first (&self->queue);

      if (!is_of_destination (errsv, &first->destination))
        {
          wait_for_room (self, errsv,
                         was_writable && self->statistics.datagrams_sent == n_sent_before);
          break;
        }
      gudpx_port_hold (self, &first->destination);
    }

  if (!self->waits_for_writable)
    self->is_congested = FALSE;
  gudpx_port_update_source (self);

  /* A dispatch looks after itself at its end. */
  if (self->dispatch_depth == 0 &&
      (self->link->pending_errsv != 0 || !g_queue_is_empty (&self->flush_tasks) || self->owes_writable))
    gudpx_port_wake (self);
}

typedef enum
{
  SENT,
  FAILED,
  NO_ROOM,
} SendResult;

static SendResult
send_directly (GudpxPort *self, const GudpxOutgoing *outgoing, GError **error)
{
  int errsv;
  g_autoptr (GSocketAddress) destination = NULL;

  if (gudpx_link_send (self->link, outgoing, 1, gudpx_port_may_join (self), &errsv) == 1)
    {
      count_sent (self, 1, gudpx_outgoing_get_size (outgoing));
      room_was_found (self);
      if (self->link->pending_errsv != 0)
        gudpx_port_wake (self);
      return SENT;
    }
  if (is_for_now (errsv))
    {
      if (is_of_destination (errsv, outgoing->destination))
        gudpx_port_hold (self, outgoing->destination);
      else
        wait_for_room (self, errsv, FALSE);
      return NO_ROOM;
    }
  if (gudpx_link_absorb_refusal (self->link, outgoing->destination, errsv))
    {
      gudpx_port_wake (self);
      return SENT;
    }

  gudpx_port_count_error (self, errsv);
  destination = gudpx_port_get_destination (self, outgoing->destination);
  g_propagate_error (error, make_send_error (self, errsv, gudpx_outgoing_get_size (outgoing),
                                             destination));
  return FAILED;
}

static void
set_too_large (const GudpxNativeAddress *destination, gsize size, gsize limit, GError **error)
{
  g_autoptr (GSocketAddress) object = gudpx_native_address_to_object (destination);
  g_autofree char *description = gudpx_address_describe (object);

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE,
               "Cannot send %" G_GSIZE_FORMAT " bytes to %s: a datagram takes %" G_GSIZE_FORMAT
               " at most",
               size, description, limit);
}

gboolean
gudpx_port_check_size (GudpxPort *self, const GudpxOutgoing *outgoing, gsize size, GError **error)
{
  const GudpxNativeAddress *destination =
      outgoing->destination != NULL ? outgoing->destination : &self->peer;
  gsize limit;

  if (size <= MAX_IPV4_PAYLOAD || destination->u.any.sa_family == AF_UNIX)
    return TRUE;
  limit = gudpx_native_address_is_ipv4 (destination) ? MAX_IPV4_PAYLOAD : MAX_IPV6_PAYLOAD;
  if (size <= limit)
    return TRUE;

  set_too_large (destination, size, limit, error);
  return FALSE;
}

static void
push (GudpxPort *self, GudpxHeldDestination *held, const GudpxOutgoing *outgoing, gsize size)
{
  if (held != NULL)
    gudpx_send_queue_push_held (&self->queue, held, outgoing);
  else
    gudpx_send_queue_push (&self->queue, outgoing, size);
  queue_grew (self);
}

/* NULL: the destination of @outgoing is not held. */
static GudpxHeldDestination *
lookup_held (GudpxPort *self, const GudpxOutgoing *outgoing)
{
  return self->queue.held.length > 0 ? gudpx_port_lookup_held (self, outgoing) : NULL;
}

/* TRUE if the queued datagrams are to leave before the dispatch or the call ends. A UNIX port sends
 * earlier: a client that does not read must be known before its datagrams fill the queue. */
static gboolean
is_gathered (GudpxPort *self)
{
  return self->queue.n_datagrams - self->queue.n_held_datagrams >= SEND_BATCH ||
         (self->bound.u.any.sa_family == AF_UNIX &&
          gudpx_send_queue_get_ready_size (&self->queue) > self->queue.limit / 4);
}

/* What is written in a dispatch leaves together at its end. */
static gboolean
is_gathering (GudpxPort *self)
{
  return self->dispatch_depth > 0 && self->coalesce_writes;
}

/* TRUE if the datagram would be the first for its destination. */
static gboolean
is_first (GudpxPort *self, GudpxHeldDestination *held)
{
  return held != NULL ? g_queue_is_empty (&held->runs)
                      : gudpx_send_queue_has_only_held (&self->queue);
}

/* Sends a datagram whose destination and size are right, or queues it. */
static gboolean
send_or_queue (GudpxPort *self, const GudpxOutgoing *outgoing, gsize size, GError **error)
{
  GudpxHeldDestination *held;
  gboolean is_dropped;

  if (!self->waits_for_writable && !gudpx_send_queue_has_room (&self->queue, size))
    gudpx_port_flush (self, FALSE);
  held = lookup_held (self, outgoing);
  if (!self->waits_for_writable && is_first (self, held) &&
      (!is_gathering (self) || !gudpx_send_queue_has_room (&self->queue, size)))
    {
      SendResult result = send_directly (self, outgoing, error);

      if (result != NO_ROOM)
        return result == SENT;
      held = lookup_held (self, outgoing);
    }

  if ((held != NULL || !gudpx_send_queue_has_room (&self->queue, size)) &&
      !gudpx_port_make_room (self, held, size, &is_dropped, error))
    return is_dropped;
  push (self, held, outgoing, size);

  if (is_gathering (self) && !self->waits_for_writable && is_gathered (self))
    gudpx_port_flush (self, FALSE);
  return TRUE;
}

/* In a dispatch, one that goes the way of the last: what was found right of that one is not looked
 * at again; connecting elsewhere would have flushed it. FALSE: it does not, or is not that
 * simple. */
gboolean
gudpx_port_queue_alike (GudpxPort *self, guint64 way, const GOutputVector *vector)
{
  if (!is_gathering (self) || self->waits_for_writable ||
      self->queue.n_datagrams >= SEND_BATCH - 1 ||
      !gudpx_send_queue_has_room (&self->queue, vector->size) ||
      !gudpx_send_queue_push_alike (&self->queue, way, vector))
    return FALSE;

  queue_grew (self);
  return TRUE;
}

/* Whoever is told of the queue may do anything to the port; a dispatch tells at its end. */
void
gudpx_port_end_call (GudpxPort *self)
{
  if (self->dispatch_depth == 0)
    gudpx_port_notify_queue (self);
}

gboolean
gudpx_port_send (GudpxPort *self, const GudpxOutgoing *outgoing, GError **error)
{
  gsize size = gudpx_outgoing_get_size (outgoing);
  gboolean is_taken = gudpx_port_check_size (self, outgoing, size, error) &&
                      send_or_queue (self, outgoing, size, error);

  gudpx_port_end_call (self);
  return is_taken;
}

static gboolean
has_room_to_queue (GudpxPort *self, gsize size)
{
  return gudpx_send_queue_has_room (&self->queue, size) &&
         (self->bound.u.any.sa_family != AF_UNIX || !is_gathered (self));
}

/* Puts one datagram of several behind the others, whose destination is right. */
gboolean
gudpx_port_queue (GudpxPort *self, const GudpxOutgoing *outgoing, GError **error)
{
  gsize size = gudpx_outgoing_get_size (outgoing);

  if (!gudpx_port_check_size (self, outgoing, size, error))
    return FALSE;

  if (!self->waits_for_writable && !has_room_to_queue (self, size))
    gudpx_port_flush (self, FALSE);
  if (lookup_held (self, outgoing) == NULL && gudpx_send_queue_has_room (&self->queue, size))
    {
      push (self, NULL, outgoing, size);
      return TRUE;
    }
  /* What is larger than the queue goes past it. */
  return send_or_queue (self, outgoing, size, error);
}

/* Sends what was queued at once. How many were taken, as the callers are to be told. */
gssize
gudpx_port_finish_queueing (GudpxPort *self, gsize n_taken, GError *refusal, GError **error)
{
  g_autoptr (GError) local_error = refusal;

  if (!self->waits_for_writable)
    gudpx_port_flush (self, FALSE);
  gudpx_port_end_call (self);

  if (n_taken > 0 || local_error == NULL)
    return n_taken;

  g_propagate_error (error, g_steal_pointer (&local_error));
  return -1;
}

/* Puts one behind the others whatever room there is: its task is answered when the kernel took
 * it. */
void
gudpx_port_queue_with_task (GudpxPort *self,
                            const GudpxOutgoing *outgoing,
                            GBytes *bytes,
                            GTask *task)
{
  gudpx_send_queue_push_bytes (&self->queue, lookup_held (self, outgoing), outgoing, bytes, task);
  queue_grew (self);
  if (!is_gathering (self) && !self->waits_for_writable)
    gudpx_port_flush (self, FALSE);
}

static void
add_closed (GPtrArray *outcomes, GTask *task, GError *error)
{
  Outcome *outcome = g_new0 (Outcome, 1);

  outcome->task = g_object_ref (task);
  outcome->error = error;
  g_ptr_array_add (outcomes, outcome);
}

static GError *
make_unsent_error (GudpxPort *self, const GudpxQueuedRun *run)
{
  g_autoptr (GSocketAddress) destination = gudpx_port_get_destination (self, &run->destination);
  g_autofree char *description = gudpx_address_describe (destination);
  g_autofree char *port_description = gudpx_port_describe (self);

  return g_error_new (G_IO_ERROR, G_IO_ERROR_CLOSED,
                      "The port %s was stopped before the kernel took the datagram to %s",
                      port_description, description);
}

static GError *
make_unflushed_error (GudpxPort *self)
{
  g_autofree char *description = gudpx_port_describe (self);

  return g_error_new (G_IO_ERROR, G_IO_ERROR_CLOSED,
                      "The port %s was stopped before its send queue was flushed", description);
}

static void
drop_runs (GudpxPort *self, GQueue *runs, GPtrArray *outcomes)
{
  GudpxQueuedRun *run;

  while ((run = g_queue_peek_head (runs)) != NULL)
    {
      self->statistics.send_queue_drops += run->n_datagrams;
      if (run->task != NULL)
        add_closed (outcomes, run->task, make_unsent_error (self, run));
      gudpx_send_queue_discard (&self->queue, run, run->n_datagrams);
    }
}

/* The port was stopped: what waited is dropped. Those who wait for it are to be answered by
 * gudpx_port_answer(), when the port is as they may find it. */
GPtrArray *
gudpx_port_drop_queue (GudpxPort *self)
{
  GPtrArray *outcomes = g_ptr_array_new_with_free_func ((GDestroyNotify) outcome_free);
  GudpxHeldDestination *held;
  Outcome *outcome;

  self->waits_for_writable = FALSE;
  self->owes_writable = FALSE;
  room_was_found (self);

  while ((outcome = g_queue_pop_head (&self->outcomes)) != NULL)
    g_ptr_array_add (outcomes, outcome);
  drop_runs (self, &self->queue.runs, outcomes);
  while ((held = g_queue_peek_head (&self->queue.held)) != NULL)
    {
      drop_runs (self, &held->runs, outcomes);
      gudpx_send_queue_let_go (&self->queue, held);
    }
  self->held_retry_delay = 0;
  for (GList *l = self->flush_tasks.head; l != NULL; l = l->next)
    add_closed (outcomes, l->data, make_unflushed_error (self));
  g_queue_clear_full (&self->flush_tasks, g_object_unref);
  return outcomes;
}

/* Answers those who waited for what was dropped, and frees @outcomes. */
void
gudpx_port_answer (GPtrArray *outcomes)
{
  for (guint i = 0; i < outcomes->len; i++)
    {
      Outcome *outcome = outcomes->pdata[i];

      if (outcome->task != NULL)
        answer (outcome);
    }
  g_ptr_array_unref (outcomes);
}
