/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "gudpx-receiver-private.h"

/* The kernel counts drops with 32 bits. One look in this many batches misses no overflow. */
#define BATCHES_PER_SAMPLE 65536

#define MAX_REDELIVER_DELAY 16 /* ms */

/* Errors that one dispatch, or a change of the peer, reads from the link. */
#define MAX_ERRORS 64

/* A socket may be ready for errors that it does not have, this often in a row. */
#define MAX_VAIN_ERRORS 8

void
gudpx_receiver_init (GudpxReceiver *self, GudpxReports *reports, GudpxStatistics *statistics)
{
  g_queue_init (&self->inbox);
  self->reports = reports;
  self->statistics = statistics;
}

/* Begins with a new link. */
void
gudpx_receiver_start (GudpxReceiver *self)
{
  gudpx_drops_restart (&self->drops);
  self->error_delay = 0;
}

static void
wait_until (GudpxReceiver *self, gint64 now, guint delay)
{
  self->resume_time = now + delay * G_TIME_SPAN_MILLISECOND;
}

/* Adds the kernel's drops to the statistics. */
void
gudpx_receiver_sample_drops (GudpxReceiver *self, GudpxLink *link)
{
  gudpx_drops_sample (&self->drops, gudpx_link_get_drops (link), self->statistics);
}

/* Adds the kernel's drops to a copy of the statistics, without a sample. */
void
gudpx_receiver_estimate_drops (const GudpxReceiver *self,
                               GudpxLink *link,
                               GudpxStatistics *statistics)
{
  GudpxDrops drops = self->drops;

  gudpx_drops_sample (&drops, gudpx_link_get_drops (link), statistics);
}

/* Notes that the link gave its descriptor to another socket, and lost messages. */
void
gudpx_receiver_renewed (GudpxReceiver *self, guint n_lost_messages)
{
  gudpx_drops_count_messages (&self->drops, n_lost_messages);
}

/* The next receive would fail, too, so it waits. The first failure is reported. */
static void
receive_failed (GudpxReceiver *self, int errsv, gint64 now)
{
  /* An error of an earlier datagram is reported with the other errors of that kind. */
  if (self->receive_delay == 0 && !gudpx_link_errno_is_asynchronous (errsv))
    gudpx_reports_add (self->reports, GUDPX_REPORT_RECEIVE_FAILED, errsv);
  self->receive_delay = gudpx_delay_grow (self->receive_delay);
  wait_until (self, now, self->receive_delay);
}

/* Reads a batch, after the one before was taken. FALSE: there is none. */
gboolean
gudpx_receiver_read (GudpxReceiver *self, GudpxLink *link, gsize max_size, gint64 now)
{
  int errsv = 0;

  self->batch = gudpx_link_receive (link, max_size, &errsv);
  self->batch_index = 0;
  self->batch_offset = 0;
  self->message_serial++;
  if (self->batch == NULL && errsv != EAGAIN)
    {
      receive_failed (self, errsv, now);
      return FALSE;
    }

  self->receive_delay = 0;
  if (self->batch == NULL)
    return FALSE;
  if (self->statistics->receive_batches % BATCHES_PER_SAMPLE == 0)
    gudpx_receiver_sample_drops (self, link);
  return TRUE;
}

/* Gives the memory of the batch back. */
void
gudpx_receiver_release (GudpxReceiver *self, GudpxLink *link)
{
  GudpxBatch *batch = g_steal_pointer (&self->batch);

  if (batch->is_detached)
    g_free (batch);
  else
    gudpx_link_release (link, batch);
}

/* Gives the memory of the batch back, which the ports of the thread share, and keeps a copy of
 * the rest: it is not delivered soon. */
void
gudpx_receiver_detach (GudpxReceiver *self, GudpxLink *link)
{
  GudpxBatch *rest;

  if (self->batch == NULL || self->batch->is_detached)
    return;

  rest = gudpx_batch_detach (self->batch, self->batch_index, self->batch_offset);
  gudpx_receiver_release (self, link);
  self->batch = rest;
  self->batch_index = 0;
  self->batch_offset = 0;
}

/* Counts and drops all received datagrams, and ends the waits. */
void
gudpx_receiver_drop (GudpxReceiver *self, GudpxLink *link)
{
  GudpxSegment segment;

  self->statistics->receive_drops += self->inbox.length;
  g_queue_clear_full (&self->inbox, g_object_unref);
  self->statistics->receive_drops += gudpx_packed_drop (&self->packed);
  while (gudpx_receiver_peek (self, G_MAXSIZE, &segment))
    {
      self->statistics->receive_drops++;
      gudpx_receiver_take (self, link, &segment);
    }
  self->resume_time = 0;
  self->is_unreadable = FALSE;
  self->receive_delay = 0;
  self->redeliver_delay = 0;
}

/* Puts a datagram before all others. */
void
gudpx_receiver_put_back (GudpxReceiver *self, GudpxDatagram *datagram)
{
  g_queue_push_head (&self->inbox, g_object_ref (datagram));
}

static gboolean
accepts (gconstpointer link, const GudpxNativeAddress *sender)
{
  return gudpx_receiver_accepts (link, sender);
}

/* Packs up to @limit datagrams of the batch, unless some are packed already. Drops the
 * datagrams of strangers. */
void
gudpx_receiver_pack (GudpxReceiver *self,
                     GudpxLink *link,
                     gsize max_size,
                     guint limit,
                     GudpxBudget *budget)
{
  GudpxSegment segment;

  if (!gudpx_packed_is_empty (&self->packed))
    {
      if (gudpx_link_has_peer (link))
        self->statistics->receive_drops += gudpx_packed_filter (&self->packed, accepts, link);
      return;
    }

  gudpx_packed_begin (&self->packed);
  for (guint n = 0; n < limit && !gudpx_budget_is_spent (budget) &&
                    gudpx_receiver_next (self, link, max_size, &segment);
       n++)
    {
      gudpx_budget_take (budget, segment.kept_size);
      gudpx_packed_add (&self->packed, segment.payload, segment.kept_size,
                        &segment.incoming->sender);
      gudpx_receiver_take (self, link, &segment);
    }
}

/* The protocol refused packed datagrams: they are delivered again after a delay. */
void
gudpx_receiver_redeliver_later (GudpxReceiver *self, gint64 now)
{
  self->redeliver_delay = MIN (gudpx_delay_grow (self->redeliver_delay), MAX_REDELIVER_DELAY);
  wait_until (self, now, self->redeliver_delay);
}

/* The socket is ready for errors all the time, so it is not polled for a while. */
static void
wait_for_errors (GudpxReceiver *self, gint64 now)
{
  self->error_delay = gudpx_delay_grow (self->error_delay);
  self->is_unreadable = TRUE;
  wait_until (self, now, self->error_delay);
}

static void
reading_failed (GudpxReceiver *self, int errsv, gint64 now)
{
  if (self->error_delay == 0)
    gudpx_reports_add (self->reports, GUDPX_REPORT_ERRORS_FAILED, errsv);
  wait_for_errors (self, now);
}

/* The socket was ready for an error, and has none. */
static void
found_no_error (GudpxReceiver *self, gint64 now)
{
  if (self->n_vain_errors == 0)
    self->error_delay = 0;
  self->n_vain_errors++;
  if (self->n_vain_errors > MAX_VAIN_ERRORS)
    wait_for_errors (self, now);
}

/* Reads errors of datagrams that have left, and reports them. */
void
gudpx_receiver_read_errors (GudpxReceiver *self, GudpxLink *link, gint64 now)
{
  GudpxLinkError error;

  for (guint n = 0; n < MAX_ERRORS; n++)
    {
      if (!gudpx_link_take_error (link, &error))
        {
          if (n == 0)
            found_no_error (self, now);
          return;
        }
      if (error.is_of_reading)
        {
          reading_failed (self, error.errsv, now);
          return;
        }
      self->n_vain_errors = 0;
      self->error_delay = 0;
      gudpx_reports_add_network (self->reports, &error, gudpx_link_get_peer (link));
    }
}

/* Reads and reports the errors that concern the peer, before the link gets another one. */
void
gudpx_receiver_keep_errors (GudpxReceiver *self, GudpxLink *link)
{
  GudpxLinkError error;

  for (guint n = 0;
       n < MAX_ERRORS && gudpx_link_take_error (link, &error) && !error.is_of_reading; n++)
    gudpx_reports_add_network (self->reports, &error, gudpx_link_get_peer (link));
}

void
gudpx_receiver_clear (GudpxReceiver *self)
{
  gudpx_packed_clear (&self->packed);
}
