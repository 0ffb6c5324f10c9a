/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "gudpx-sender-private.h"

/* System calls of one flush that try held destinations. */
#define MAX_RETRIES 64

/* A stop waits for the queue: while the link takes nothing, and in all. */
#define MAX_DRAIN_STALL (5 * G_TIME_SPAN_SECOND)
#define MAX_DRAIN_TIME (60 * G_TIME_SPAN_SECOND)

void
gudpx_sender_init (GudpxSender *self, GudpxReports *reports, GudpxStatistics *statistics)
{
  gudpx_backlog_init (&self->backlog, reports, statistics);
  self->coalesces = TRUE;
}

/* Begins with a new link. @sends_early: the link has destinations that can be full each by
 * itself. */
void
gudpx_sender_start (GudpxSender *self, gboolean sends_early)
{
  self->sends_early = sends_early;
  self->is_congested = FALSE;
}

void
gudpx_sender_set_limit (GudpxSender *self, gsize limit)
{
  gudpx_send_queue_set_limit (gudpx_backlog_get_queue (&self->backlog), limit);
}

/* Datagrams queued for the current peer keep @peer as destination when the link connects
 * elsewhere. */
void
gudpx_sender_pin_destination (GudpxSender *self, const GudpxNativeAddress *peer)
{
  gudpx_send_queue_pin_destination (gudpx_backlog_get_queue (&self->backlog), peer);
}

static gboolean
means_no_room (int errsv)
{
  return errsv == EAGAIN || errsv == ENOBUFS || errsv == ENOMEM;
}

/* TRUE if the queue of @destination is full: an unconnected UNIX socket gets EAGAIN for that, see
 * unix(7). */
static gboolean
is_of_destination (int errsv, const GudpxNativeAddress *destination)
{
  return errsv == EAGAIN && destination != NULL && destination->length > 0 &&
         destination->u.any.sa_family == AF_UNIX;
}

/* Waits until the socket is writable, or for a delay: after ENOBUFS, and with a UNIX peer that
 * does not read, a socket is writable though it has no room. */
static void
wait_for_room (GudpxSender *self, int errsv, gboolean was_writable)
{
  gboolean by_timer = was_writable || self->last_wait_failed || self->retry_delay > 0 ||
                      errsv == ENOBUFS || errsv == ENOMEM;

  self->waits = TRUE;
  /* The kernel drops the rest of a joined run without an error if it lacks room. */
  self->is_congested = TRUE;
  self->retry_time = 0;
  if (by_timer)
    self->retry_delay = gudpx_delay_grow (self->retry_delay);
}

static void
schedule_held_retry (GudpxSender *self)
{
  self->held_retry_delay = gudpx_delay_grow (self->held_retry_delay);
  self->held_retry_time = 0;
}

/* Begins the delays that are due from @now on. */
void
gudpx_sender_begin_delays (GudpxSender *self, gint64 now)
{
  if (self->waits && self->retry_delay > 0 && self->retry_time == 0)
    self->retry_time = now + self->retry_delay * G_TIME_SPAN_MILLISECOND;
  if (self->held_retry_delay > 0 && self->held_retry_time == 0)
    self->held_retry_time = now + self->held_retry_delay * G_TIME_SPAN_MILLISECOND;
}

static void
room_was_found (GudpxSender *self)
{
  self->last_wait_failed = FALSE;
  self->retry_delay = 0;
}

static gboolean
may_join (const GudpxSender *self)
{
  return self->coalesces && !self->is_congested;
}

static void
first_was_refused (GudpxSender *self, GudpxLink *link, GQueue *runs, int errsv)
{
  GudpxQueuedRun *run = g_queue_peek_head (runs);

  if (gudpx_queued_run_get_task (run) == NULL &&
      gudpx_link_absorb_refusal (link, gudpx_queued_run_get_destination (run), errsv))
    gudpx_send_queue_discard (gudpx_backlog_get_queue (&self->backlog), run, 1);
  else
    gudpx_backlog_refused (&self->backlog, runs, errsv, gudpx_link_get_peer (link));
}

/* Sends @runs. Returns 0, or the errno of the first datagram that has no room. */
static int
send_runs (GudpxSender *self, GudpxLink *link, GQueue *runs)
{
  GudpxOutgoing outgoing[GUDPX_LINK_BATCH];
  guint n;

  while ((n = gudpx_send_queue_peek (runs, outgoing, GUDPX_LINK_BATCH)) > 0)
    {
      int errsv;
      guint n_sent = gudpx_link_send (link, outgoing, n, may_join (self), &errsv);

      gudpx_backlog_sent (&self->backlog, runs, n_sent);
      if (n_sent > 0)
        room_was_found (self);
      if (means_no_room (errsv))
        return errsv;
      if (errsv != 0)
        first_was_refused (self, link, runs, errsv);
    }
  return 0;
}

static void
hold (GudpxSender *self, const GudpxNativeAddress *destination)
{
  gudpx_backlog_hold (&self->backlog, destination);
  if (self->held_retry_delay == 0)
    schedule_held_retry (self);
}

/* Sends datagrams of @held until its queue is full again. Returns TRUE if some left. */
static gboolean
retry_one (GudpxSender *self, GudpxLink *link, GudpxHeldDestination *held)
{
  const GudpxSendQueue *queue = gudpx_backlog_look_at_queue (&self->backlog);
  const guint n_before = gudpx_send_queue_get_n_held_datagrams (queue);

  send_runs (self, link, gudpx_held_destination_get_runs (held));
  gudpx_backlog_retried (&self->backlog, held);
  return gudpx_send_queue_get_n_held_datagrams (queue) < n_before;
}

/* Tries held destinations again when their time has come, the one that waited longest first. */
static void
retry_held (GudpxSender *self, GudpxLink *link, gint64 now)
{
  const GudpxSendQueue *queue = gudpx_backlog_look_at_queue (&self->backlog);
  gboolean has_progress = FALSE;

  if (self->held_retry_time == 0 || now < self->held_retry_time)
    return;

  for (guint n = MIN (gudpx_send_queue_get_n_held (queue), MAX_RETRIES); n > 0; n--)
    has_progress |= retry_one (self, link, gudpx_send_queue_get_first_held (queue));
  if (has_progress || gudpx_send_queue_get_n_held (queue) == 0)
    self->held_retry_delay = 0;
  if (gudpx_send_queue_get_n_held (queue) > 0)
    schedule_held_retry (self);
}

/* Sends the datagrams that are not held, until the link has no room. */
static void
send_ready (GudpxSender *self, GudpxLink *link, gboolean was_writable, guint64 n_sent_before)
{
  GudpxSendQueue *queue = gudpx_backlog_get_queue (&self->backlog);
  int errsv;

  while ((errsv = send_runs (self, link, gudpx_send_queue_get_runs (queue))) != 0)
    {
      const GudpxNativeAddress *destination =
          gudpx_queued_run_get_destination (gudpx_send_queue_get_first (queue));
      const gboolean is_stuck = gudpx_backlog_get_n_sent (&self->backlog) == n_sent_before;

      if (!is_of_destination (errsv, destination))
        {
          wait_for_room (self, errsv, was_writable && is_stuck);
          return;
        }
      hold (self, destination);
    }
}

static gboolean
may_send (const GudpxSender *self, gboolean is_writable, gint64 now)
{
  return !self->waits || is_writable ||
         (self->retry_delay > 0 && self->retry_time > 0 && now >= self->retry_time);
}

/* Sends the queue, until the link has no room. Does nothing while the sender waits for room.
 * @now ends delays; 0 ends none. */
void
gudpx_sender_flush (GudpxSender *self, GudpxLink *link, gboolean is_writable, gint64 now)
{
  const guint64 n_sent_before = gudpx_backlog_get_n_sent (&self->backlog);

  if (!may_send (self, is_writable, now))
    return;

  self->waits = FALSE;
  if (is_writable)
    self->last_wait_failed = TRUE;
  if (self->held_retry_delay > 0)
    retry_held (self, link, now);
  send_ready (self, link, is_writable, n_sent_before);
  if (!self->waits)
    self->is_congested = FALSE;
}

static GudpxHeldDestination *
lookup_held (GudpxSender *self, GudpxLink *link, const GudpxOutgoing *outgoing)
{
  return gudpx_backlog_lookup_held (
      &self->backlog,
      outgoing->destination != NULL ? outgoing->destination : gudpx_link_get_peer (link));
}

/* TRUE if the destination of @outgoing does not read; @size is what waits for it. */
gboolean
gudpx_sender_is_held (GudpxSender *self,
                      GudpxLink *link,
                      const GudpxOutgoing *outgoing,
                      gsize *size)
{
  const GudpxHeldDestination *held = lookup_held (self, link, outgoing);

  *size = held != NULL ? gudpx_held_destination_get_size (held) : 0;
  return held != NULL;
}

/* TRUE if the queued datagrams are to leave before the dispatch or the call ends. A destination
 * that does not read must be found before its datagrams fill the queue. */
static gboolean
has_gathered (const GudpxSender *self)
{
  const GudpxSendQueue *queue = gudpx_backlog_look_at_queue (&self->backlog);
  const guint n_ready = gudpx_send_queue_get_n_datagrams (queue) -
                        gudpx_send_queue_get_n_held_datagrams (queue);

  return n_ready >= GUDPX_SENDER_GATHERED ||
         (self->sends_early &&
          gudpx_send_queue_get_ready_size (queue) > gudpx_send_queue_get_limit (queue) / 4);
}

/* TRUE if no other datagram for the destination waits. */
static gboolean
is_first (const GudpxSender *self, const GudpxHeldDestination *held)
{
  return held != NULL
             ? gudpx_held_destination_is_empty (held)
             : gudpx_send_queue_has_only_held (gudpx_backlog_look_at_queue (&self->backlog));
}

/* FALSE: the link has no room, and the datagram has to be queued. */
static gboolean
send_directly (GudpxSender *self,
               GudpxLink *link,
               const GudpxOutgoing *outgoing,
               gsize size,
               GudpxSendResult *result,
               int *errsv)
{
  *result = GUDPX_SEND_SENT;
  if (gudpx_link_send (link, outgoing, 1, may_join (self), errsv) == 1)
    {
      gudpx_backlog_count_sent (&self->backlog, size);
      room_was_found (self);
      if (gudpx_link_has_pending_error (link))
        *result = GUDPX_SEND_TAKEN;
      return TRUE;
    }
  if (is_of_destination (*errsv, outgoing->destination))
    {
      hold (self, outgoing->destination);
      return FALSE;
    }
  if (means_no_room (*errsv))
    {
      wait_for_room (self, *errsv, FALSE);
      return FALSE;
    }

  *result = GUDPX_SEND_TAKEN;
  if (!gudpx_link_absorb_refusal (link, outgoing->destination, *errsv))
    {
      gudpx_backlog_count_error (&self->backlog, *errsv);
      *result = GUDPX_SEND_FAILED;
    }
  return TRUE;
}

/* Queues a datagram, or drops or refuses it by the policy. */
static GudpxSendResult
queue (GudpxSender *self, GudpxLink *link, const GudpxOutgoing *outgoing, gsize size)
{
  GudpxHeldDestination *held = lookup_held (self, link, outgoing);

  if (held != NULL || !gudpx_backlog_has_room (&self->backlog, size))
    {
      GudpxRoom room = gudpx_backlog_make_room (&self->backlog, held, size);

      if (room != GUDPX_ROOM_FOUND)
        return room == GUDPX_ROOM_FULL ? GUDPX_SEND_FULL : GUDPX_SEND_TAKEN;
    }
  gudpx_backlog_push (&self->backlog, held, outgoing, size);
  return GUDPX_SEND_TAKEN;
}

static gboolean
has_room_in_batch (const GudpxSender *self, gsize size)
{
  return gudpx_backlog_has_room (&self->backlog, size) &&
         (!self->sends_early || !has_gathered (self));
}

/* As gudpx_sender_write(), for datagrams that a flush or a policy may concern. */
GudpxSendResult
gudpx_sender_write_slowly (GudpxSender *self,
                           GudpxLink *link,
                           const GudpxOutgoing *outgoing,
                           gsize size,
                           GudpxWhen when,
                           int *errsv)
{
  const gboolean is_gathering = when == GUDPX_SEND_GATHER && self->coalesces;
  const gboolean has_room = when == GUDPX_SEND_BATCH
                                ? has_room_in_batch (self, size)
                                : gudpx_backlog_has_room (&self->backlog, size);
  GudpxSendResult result;

  if (!self->waits && !has_room)
    gudpx_sender_flush (self, link, FALSE, 0);
  if (!self->waits && is_first (self, lookup_held (self, link, outgoing)) &&
      ((!is_gathering && when != GUDPX_SEND_BATCH) ||
       !gudpx_backlog_has_room (&self->backlog, size)) &&
      send_directly (self, link, outgoing, size, &result, errsv))
    return result == GUDPX_SEND_SENT && !has_room ? GUDPX_SEND_TAKEN : result;

  result = queue (self, link, outgoing, size);
  if (result == GUDPX_SEND_TAKEN && is_gathering && has_gathered (self))
    gudpx_sender_flush (self, link, FALSE, 0);
  return result;
}

/* As gudpx_sender_write(), outside of a dispatch. */
GudpxSendResult
gudpx_sender_write_now (GudpxSender *self,
                        GudpxLink *link,
                        const GudpxOutgoing *outgoing,
                        gsize size,
                        int *errsv)
{
  GudpxSendResult result;

  if (self->waits || !gudpx_sender_is_empty (self))
    return gudpx_sender_write_slowly (self, link, outgoing, size, GUDPX_SEND_NOW, errsv);

  return send_directly (self, link, outgoing, size, &result, errsv)
             ? result
             : queue (self, link, outgoing, size);
}

/* Queues a datagram whatever room there is. A report completes @task when the link took it. */
void
gudpx_sender_write_with_task (GudpxSender *self,
                              GudpxLink *link,
                              const GudpxOutgoing *outgoing,
                              GudpxWhen when,
                              GBytes *bytes,
                              GTask *task)
{
  gudpx_backlog_push_with_task (&self->backlog, lookup_held (self, link, outgoing), outgoing, bytes,
                                task);
  if (when == GUDPX_SEND_NOW || !self->coalesces)
    gudpx_sender_flush (self, link, FALSE, 0);
}

/* FALSE while a stop waits: the port takes no writes. */
static gboolean
is_writable (const GudpxSender *self)
{
  return self->drain_deadline == 0 && gudpx_backlog_has_room_again (&self->backlog) &&
         !(gudpx_sender_is_empty (self) && self->waits);
}

gboolean
gudpx_sender_take_writable_due (GudpxSender *self)
{
  return is_writable (self) && gudpx_backlog_take_writable (&self->backlog);
}

static guint
get_n_left (const GudpxSender *self)
{
  return gudpx_send_queue_get_n_datagrams (gudpx_backlog_look_at_queue (&self->backlog));
}

/* Begins to wait for the end of the queue. */
void
gudpx_sender_begin_drain (GudpxSender *self, gint64 now)
{
  self->n_draining = get_n_left (self);
  self->drain_deadline = now + MAX_DRAIN_STALL;
  self->drain_end = now + MAX_DRAIN_TIME;
}

/* TRUE if the queue is empty, or the link has taken nothing for too long. */
gboolean
gudpx_sender_is_drained (GudpxSender *self, gint64 now)
{
  const guint n_left = get_n_left (self);

  if (n_left == 0)
    return TRUE;
  if (n_left < self->n_draining)
    {
      self->n_draining = n_left;
      self->drain_deadline = MIN (now + MAX_DRAIN_STALL, self->drain_end);
    }
  return now >= self->drain_deadline;
}

/* Drops the queue, and returns to the state before the start. */
void
gudpx_sender_drop (GudpxSender *self, GudpxLink *link)
{
  self->waits = FALSE;
  self->held_retry_delay = 0;
  self->drain_deadline = 0;
  room_was_found (self);
  gudpx_backlog_drop (&self->backlog, gudpx_link_get_peer (link));
}

/* Returns what the sender waits for if it is not idle. */
GudpxWants
gudpx_sender_get_busy_wants (const GudpxSender *self)
{
  const GudpxBacklog *backlog = &self->backlog;
  GudpxWants wants = GUDPX_WANTS_NOTHING;

  if (self->waits && self->retry_delay == 0)
    wants.condition = G_IO_OUT;
  else if (self->waits)
    wants.time = self->retry_time;
  else if (self->held_retry_delay > 0)
    wants.time = self->held_retry_time;
  if (self->drain_deadline > 0)
    wants.time = gudpx_wants_get_earlier (wants.time, gudpx_sender_is_empty (self)
                                                          ? 0
                                                          : self->drain_deadline);
  if ((!self->waits && !gudpx_send_queue_has_only_held (gudpx_backlog_look_at_queue (backlog))) ||
      (gudpx_backlog_is_writable_due (backlog) && is_writable (self)) ||
      gudpx_backlog_has_flushed (backlog))
    wants.time = 0;
  return wants;
}
