/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "gudpx-backlog-private.h"

void
gudpx_backlog_init (GudpxBacklog *self, GudpxReports *reports, GudpxStatistics *statistics)
{
  gudpx_send_queue_init (&self->queue);
  g_queue_init (&self->flush_tasks);
  self->reports = reports;
  self->statistics = statistics;
}

void
gudpx_backlog_set_policy (GudpxBacklog *self, GudpxQueuePolicy policy)
{
  self->policy = policy;
}

static void
drop_one (GudpxBacklog *self, GudpxQueuedRun *run)
{
  self->statistics->send_queue_drops++;
  self->statistics->queue_dropped_oldest++;
  gudpx_send_queue_discard (&self->queue, run, 1);
}

static gboolean
has_room (const GudpxBacklog *self, const GudpxHeldDestination *held, gsize size)
{
  return held != NULL ? gudpx_send_queue_has_room_for_held (&self->queue, held, size)
                      : gudpx_send_queue_has_room (&self->queue, size);
}

static gboolean
can_have_room (const GudpxBacklog *self, const GudpxHeldDestination *held, gsize size)
{
  return held != NULL ? gudpx_send_queue_can_have_room_for_held (&self->queue, held, size)
                      : gudpx_send_queue_can_have_room (&self->queue, size);
}

static GudpxQueuedRun *
find_oldest (GudpxBacklog *self, const GudpxHeldDestination *held)
{
  return held != NULL ? gudpx_held_destination_find_oldest (held)
                      : gudpx_send_queue_find (&self->queue, NULL);
}

/* Drops the datagrams without a task that have waited longest, until there is room for @size
 * bytes. A destination that does not read makes room by its own datagrams only. FALSE: dropping
 * cannot make enough room, and nothing was dropped. */
static gboolean
drop_oldest (GudpxBacklog *self, const GudpxHeldDestination *held, gsize size)
{
  if (!can_have_room (self, held, size))
    return FALSE;

  while (!has_room (self, held, size))
    drop_one (self, find_oldest (self, held));
  return TRUE;
}

/* Makes room by the policy. @held is the destination if it does not read, else NULL. */
GudpxRoom
gudpx_backlog_make_room (GudpxBacklog *self, GudpxHeldDestination *held, gsize size)
{
  if (has_room (self, held, size))
    return GUDPX_ROOM_FOUND;

  if (held != NULL)
    gudpx_held_destination_set_writable_due (held, TRUE);
  else
    self->writable_due = TRUE;
  if (self->policy == GUDPX_QUEUE_POLICY_DROP_OLDEST && drop_oldest (self, held, size))
    return GUDPX_ROOM_FOUND;

  self->statistics->send_queue_drops++;
  if (self->policy == GUDPX_QUEUE_POLICY_DROP_NEWEST)
    {
      self->statistics->queue_dropped_newest++;
      return GUDPX_ROOM_DROPPED;
    }
  self->statistics->queue_refusals++;
  return GUDPX_ROOM_FULL;
}

void
gudpx_backlog_push (GudpxBacklog *self,
                    GudpxHeldDestination *held,
                    const GudpxOutgoing *outgoing,
                    gsize size)
{
  if (held != NULL)
    gudpx_send_queue_push_held (&self->queue, held, outgoing);
  else
    gudpx_send_queue_push (&self->queue, outgoing, size);
  gudpx_backlog_grew (self);
}

/* Queues a datagram whatever room there is. A report completes @task when the link took it. */
void
gudpx_backlog_push_with_task (GudpxBacklog *self,
                              GudpxHeldDestination *held,
                              const GudpxOutgoing *outgoing,
                              GBytes *bytes,
                              GTask *task)
{
  gudpx_send_queue_push_bytes (&self->queue, held, outgoing, bytes, task);
  gudpx_backlog_grew (self);
}

/* Notes that the link took the first @n_datagrams of @runs. */
void
gudpx_backlog_sent (GudpxBacklog *self, GQueue *runs, guint n_datagrams)
{
  self->statistics->datagrams_sent += n_datagrams;
  while (n_datagrams > 0)
    {
      GudpxQueuedRun *run = g_queue_peek_head (runs);
      GTask *task = gudpx_queued_run_get_task (run);
      guint n = MIN (n_datagrams, gudpx_queued_run_get_n_datagrams (run));

      if (task != NULL)
        gudpx_reports_add_datagram (self->reports, GUDPX_REPORT_SENT, 0, task,
                                    gudpx_queued_run_get_first_size (run),
                                    gudpx_queued_run_get_destination (run));
      self->statistics->bytes_sent += gudpx_send_queue_discard (&self->queue, run, n);
      n_datagrams -= n;
    }
}

static const GudpxNativeAddress *
get_destination (const GudpxQueuedRun *run, const GudpxNativeAddress *peer)
{
  const GudpxNativeAddress *destination = gudpx_queued_run_get_destination (run);

  return destination->length > 0 ? destination : peer;
}

/* Notes that the link refused the first datagram of @runs. */
void
gudpx_backlog_refused (GudpxBacklog *self,
                       GQueue *runs,
                       int errsv,
                       const GudpxNativeAddress *peer)
{
  GudpxQueuedRun *run = g_queue_peek_head (runs);

  gudpx_reports_add_datagram (self->reports, GUDPX_REPORT_NOT_SENT, errsv,
                              gudpx_queued_run_get_task (run),
                              gudpx_queued_run_get_first_size (run), get_destination (run, peer));
  gudpx_send_queue_discard (&self->queue, run, 1);
}

static gboolean
is_over (const GudpxBacklog *self, const GudpxHeldDestination *held)
{
  const gsize limit = gudpx_send_queue_get_limit (&self->queue);

  return gudpx_send_queue_get_held_size (&self->queue) > limit / 2 ||
         (gudpx_held_destination_get_size (held) > limit / 4 &&
          gudpx_held_destination_has_several (held));
}

static void
refuse_last (GudpxBacklog *self, GudpxHeldDestination *held, GudpxQueuedRun *run)
{
  gudpx_reports_add_datagram (self->reports, GUDPX_REPORT_NOT_READ, 0, NULL,
                              gudpx_held_destination_get_size (held),
                              gudpx_held_destination_get_address (held));
  gudpx_send_queue_discard_last (&self->queue, run);
}

/* Drops the datagrams that are too many for the destination. They were queued while it still
 * seemed to read. */
static void
drop_excess (GudpxBacklog *self, GudpxHeldDestination *held)
{
  GudpxQueuedRun *run;

  while (is_over (self, held) && (run = gudpx_held_destination_find_last (held)) != NULL)
    {
      gudpx_held_destination_set_writable_due (held, TRUE);
      if (self->policy == GUDPX_QUEUE_POLICY_DROP_OLDEST)
        {
          drop_one (self, find_oldest (self, held));
          continue;
        }
      self->statistics->send_queue_drops++;
      if (self->policy == GUDPX_QUEUE_POLICY_DROP_NEWEST)
        {
          self->statistics->queue_dropped_newest++;
          gudpx_send_queue_discard_last (&self->queue, run);
        }
      else
        refuse_last (self, held, run);
    }
}

/* Keeps the datagrams for @destination, whose own queue is full, apart from the others. */
void
gudpx_backlog_hold (GudpxBacklog *self, const GudpxNativeAddress *destination)
{
  drop_excess (self, gudpx_send_queue_hold (&self->queue, destination));
}

/* Returns @destination if its datagrams wait apart, else NULL. */
GudpxHeldDestination *
gudpx_backlog_lookup_held (GudpxBacklog *self, const GudpxNativeAddress *destination)
{
  return gudpx_send_queue_get_n_held (&self->queue) > 0
             ? gudpx_send_queue_lookup_held (&self->queue, destination)
             : NULL;
}

/* Moves @held after the other held destinations, because an attempt to send is over. If @held is
 * empty, its later datagrams wait with the others again. */
void
gudpx_backlog_retried (GudpxBacklog *self, GudpxHeldDestination *held)
{
  if (gudpx_held_destination_is_writable_due (held) &&
      gudpx_held_destination_get_size (held) <= gudpx_send_queue_get_limit (&self->queue) / 8)
    {
      gudpx_held_destination_set_writable_due (held, FALSE);
      self->writable_due = TRUE;
    }
  if (gudpx_held_destination_is_empty (held))
    gudpx_send_queue_let_go (&self->queue, held);
  else
    gudpx_send_queue_postpone (&self->queue, held);
}

/* Removes the datagram of @task. FALSE: the queue does not have it any more. */
gboolean
gudpx_backlog_cancel (GudpxBacklog *self, GTask *task)
{
  GudpxQueuedRun *run = gudpx_send_queue_find (&self->queue, task);

  if (run != NULL)
    gudpx_send_queue_discard (&self->queue, run, 1);
  return run != NULL;
}

void
gudpx_backlog_add_flush_task (GudpxBacklog *self, GTask *task)
{
  const guint64 serial = gudpx_send_queue_get_last_serial (&self->queue);

  g_task_set_task_data (task, g_memdup2 (&serial, sizeof serial), g_free);
  g_queue_push_tail (&self->flush_tasks, g_object_ref (task));
}

/* FALSE: @task was completed already. */
gboolean
gudpx_backlog_cancel_flush (GudpxBacklog *self, GTask *task)
{
  if (!g_queue_remove (&self->flush_tasks, task))
    return FALSE;

  g_object_unref (task);
  return TRUE;
}

/* TRUE if a flush task can be completed. */
gboolean
gudpx_backlog_has_flushed (const GudpxBacklog *self)
{
  GTask *task = self->flush_tasks.head != NULL ? self->flush_tasks.head->data : NULL;

  return task != NULL && gudpx_send_queue_get_oldest_serial (&self->queue) >
                             *(const guint64 *) g_task_get_task_data (task);
}

/* Returns the next flush task to complete, or NULL. */
GTask *
gudpx_backlog_take_flushed (GudpxBacklog *self)
{
  return gudpx_backlog_has_flushed (self) ? g_queue_pop_head (&self->flush_tasks) : NULL;
}

/* TRUE once, if “writable” is due and there is room. */
gboolean
gudpx_backlog_take_writable (GudpxBacklog *self)
{
  if (!self->writable_due || !gudpx_backlog_has_room_again (self))
    return FALSE;

  self->writable_due = FALSE;
  return TRUE;
}

static void
drop_runs (GudpxBacklog *self, GQueue *runs, const GudpxNativeAddress *peer)
{
  GudpxQueuedRun *run;

  while ((run = g_queue_peek_head (runs)) != NULL)
    {
      const guint n = gudpx_queued_run_get_n_datagrams (run);
      GTask *task = gudpx_queued_run_get_task (run);

      self->statistics->send_queue_drops += n;
      if (task != NULL)
        gudpx_reports_add_datagram (self->reports, GUDPX_REPORT_UNSENT, 0, task,
                                    gudpx_queued_run_get_size (run), get_destination (run, peer));
      gudpx_send_queue_discard (&self->queue, run, n);
    }
}

/* Drops all datagrams. Reports complete the tasks that wait for them. */
void
gudpx_backlog_drop (GudpxBacklog *self, const GudpxNativeAddress *peer)
{
  const GudpxNativeAddress nowhere = { 0 };
  GudpxHeldDestination *held;
  GTask *task;

  self->writable_due = FALSE;
  drop_runs (self, gudpx_send_queue_get_runs (&self->queue), peer);
  while ((held = gudpx_send_queue_get_first_held (&self->queue)) != NULL)
    {
      drop_runs (self, gudpx_held_destination_get_runs (held), peer);
      gudpx_send_queue_let_go (&self->queue, held);
    }
  while ((task = g_queue_pop_head (&self->flush_tasks)) != NULL)
    {
      gudpx_reports_add_datagram (self->reports, GUDPX_REPORT_UNFLUSHED, 0, task, 0, &nowhere);
      g_object_unref (task);
    }
}
