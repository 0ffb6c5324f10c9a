/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The order of a dispatch: errors, input, output, busy polling, reports. */

#include "gudpx-datagram-protocol-private.h"
#include "gudpx-port-private.h"
#include "gudpx-turns-private.h"

/* Datagrams of a dispatch that count as bulk traffic. */
#define MIN_BULK 32
/* Time for handlers of reports, in each dispatch. */
#define MAX_REPORT_TIME (1 * G_TIME_SPAN_MILLISECOND)

typedef enum
{
  READ_NOTHING,
  READ_ALL,   /* the link is empty */
  READ_LIMIT, /* the budget is spent, or bulk traffic is to accumulate before the next read */
} ReadResult;

static gboolean
has_undelivered (GudpxPort *self)
{
  return gudpx_port_may_receive (self) &&
         (gudpx_receiver_has_undelivered (&self->receiver) || gudpx_port_has_suspended_call (self));
}

static gboolean
may_receive (GudpxPort *self, guint epoch)
{
  return gudpx_gate_listens (&self->gate, epoch) && gudpx_port_may_receive (self);
}

/* TRUE after many datagrams without a write. A wake-up for as many costs little per datagram, and
 * no peer waits for an answer. */
static gboolean
is_bulk (GudpxPort *self, guint n_datagrams, guint64 last_serial)
{
  return n_datagrams >= MIN_BULK && gudpx_sender_get_last_serial (&self->sender) == last_serial;
}

static gboolean
read_batch (GudpxPort *self)
{
  if (!gudpx_receiver_read (&self->receiver, self->link, self->config.max_packet_size,
                            gudpx_budget_get_now (&self->budget)))
    return FALSE;

  /* An adopted socket may get its number with its first datagram. */
  gudpx_port_handle_set_bound (self->handle, gudpx_link_get_bound (self->link));
  return TRUE;
}

/* Reads and delivers batch by batch. */
static ReadResult
receive (GudpxPort *self, guint epoch)
{
  const guint64 last_serial = gudpx_sender_get_last_serial (&self->sender);
  const guint n_before = gudpx_budget_get_left (&self->budget);
  gboolean may_have_more = TRUE;
  guint n_received;

  do
    {
      if (!gudpx_receiver_has_undelivered (&self->receiver))
        {
          if (!may_have_more || !read_batch (self))
            break;
          may_have_more = gudpx_receiver_may_have_more (&self->receiver);
        }
      gudpx_port_deliver (self);
    }
  while (may_receive (self, epoch) && !gudpx_budget_is_spent (&self->budget));

  n_received = n_before - gudpx_budget_get_left (&self->budget);
  if (n_received == 0)
    return READ_NOTHING;
  return gudpx_budget_is_spent (&self->budget) || is_bulk (self, n_received, last_serial)
             ? READ_LIMIT
             : READ_ALL;
}

/* Returns the back-off of this port, or of the thread: spinning for one of many ports delays
 * them all. */
static GudpxBusyPolls *
get_busy_polls (GudpxPort *self)
{
  static __thread GudpxBusyPolls shared_polls;

  return gudpx_watch_shares_poller (&self->watch) ? &shared_polls : &self->busy_polls;
}

static void
flush (GudpxPort *self, guint epoch, gboolean is_writable)
{
  if (gudpx_gate_lasts (&self->gate, epoch))
    gudpx_sender_flush (&self->sender, self->link, is_writable,
                        gudpx_budget_get_now (&self->budget));
}

static gboolean
is_before (GudpxPort *self, gint64 deadline)
{
  return gudpx_budget_get_now (&self->budget) <
         MIN (deadline, gudpx_budget_get_deadline (&self->budget));
}

/* Reads again for a while: the answer to a datagram that was just sent arrives before the main loop
 * could sleep and wake. */
static void
busy_poll (GudpxPort *self, guint epoch)
{
  GudpxBusyPolls *polls = get_busy_polls (self);
  gint64 deadline;
  gboolean has_paid = FALSE;
  ReadResult result = READ_NOTHING;

  if (!gudpx_busy_polls_is_due (polls))
    return;

  gudpx_budget_look (&self->budget);
  deadline = gudpx_budget_get_now (&self->budget) + self->config.busy_poll;
  for (; may_receive (self, epoch) && result != READ_LIMIT && is_before (self, deadline);
       gudpx_budget_look (&self->budget))
    {
      result = receive (self, epoch);
      if (result == READ_NOTHING)
        continue;
      has_paid = TRUE;
      flush (self, epoch, FALSE);
      deadline = g_get_monotonic_time () + self->config.busy_poll;
    }
  /* A handler may have written though the port received nothing. */
  flush (self, epoch, FALSE);
  gudpx_busy_polls_learn (polls, has_paid);
}

/* TRUE if another owner of the socket shut it down or closed it: polling would spin. */
static gboolean
is_shut_down (GudpxPort *self, GIOCondition condition)
{
  return gudpx_link_is_shut_down (self->link) || (condition & (G_IO_HUP | G_IO_NVAL)) != 0;
}

static void
check_shut_down (GudpxPort *self, GIOCondition condition)
{
  const GIOCondition suspicious = G_IO_IN | G_IO_HUP | G_IO_NVAL;

  if ((condition & suspicious) == 0 || !gudpx_watch_is_polled (&self->watch) ||
      !is_shut_down (self, condition))
    return;

  gudpx_watch_shut_down (&self->watch);
  gudpx_reports_add (&self->reports, GUDPX_REPORT_SHUT_DOWN, EPIPE);
}

/* Ends waits whose time has come. */
static void
end_waits (GudpxPort *self)
{
  gudpx_watch_end_turn (&self->watch);
  gudpx_receiver_end_wait (&self->receiver, gudpx_budget_get_now (&self->budget));
}

/* Reads errors and tells them. A dispatch whose handler runs this main loop may have read errors
 * that it has not told yet. */
static void
report_errors (GudpxPort *self, guint epoch, GIOCondition condition)
{
  const gboolean may_have_errors =
      (condition & G_IO_ERR) != 0 || gudpx_link_has_pending_error (self->link);

  if (may_have_errors)
    gudpx_receiver_read_errors (&self->receiver, self->link, gudpx_budget_get_now (&self->budget));
  else if (condition != 0)
    gudpx_receiver_forget_vain_errors (&self->receiver);
  if (may_have_errors || gudpx_reports_has_network_error (&self->reports))
    gudpx_port_tell_reports (self, epoch);
}

/* Lets sources of lower priority have their turn, if they have waited for long. */
static void
begin_turn (GudpxPort *self, guint epoch)
{
  const gint64 now = gudpx_budget_get_now (&self->budget);

  if (may_receive (self, epoch) &&
      gudpx_turns_begin (gudpx_watch_get_context (&self->watch), now))
    gudpx_watch_step_back (&self->watch);
}

/* Called while the port is still attached. */
static void
end_turn (GudpxPort *self, gint64 start)
{
  const gint64 now = gudpx_budget_get_now (&self->budget);

  gudpx_turns_end (gudpx_watch_get_context (&self->watch), gudpx_watch_get_time (&self->watch),
                   now - start, now);
  if (!gudpx_port_may_receive (self))
    gudpx_receiver_detach (&self->receiver, self->link);
}

static void
tell_writable (GudpxPort *self, guint epoch)
{
  if (gudpx_gate_listens (&self->gate, epoch) && gudpx_sender_take_writable (&self->sender))
    gudpx_datagram_protocol_emit_writable (self->protocol, self);
}

/* Tells the results, and looks ahead. The calls of handlers count as calls from outside: the
 * datagrams that they write leave at once. A handler may have stopped the port and started it
 * again: the new start has its reports told by a dispatch of its own. */
static void
end_dispatch (GudpxPort *self, guint epoch)
{
  gudpx_port_notify_queue (self);
  if (gudpx_reports_get_length (&self->reports) > 0)
    {
      gudpx_budget_begin (&self->budget, g_get_monotonic_time (), MAX_REPORT_TIME);
      gudpx_port_tell_reports (self, epoch);
    }
  if (gudpx_sender_has_flush_tasks (&self->sender))
    gudpx_port_tell_flushed (self, epoch);
  tell_writable (self, epoch);
  if (gudpx_gate_lasts (&self->gate, epoch) && gudpx_gate_is_stopping (&self->gate) &&
      gudpx_sender_is_drained (&self->sender, g_get_monotonic_time ()))
    gudpx_port_finish_stop (self);
  else
    gudpx_port_update_wants (self);
}

/* Gives the dispatch whose handler runs this main loop the rest of its time. */
static void
continue_outer (GudpxPort *self, gint64 deadline)
{
  const gint64 now = gudpx_budget_get_now (&self->budget);

  gudpx_budget_begin (&self->budget, now, deadline - now);
}

/* Handlers may stop the port, and start it again. */
static void
dispatch (GObject *owner, GIOCondition condition)
{
  GudpxPort *self = GUDPX_PORT (owner);
  g_autoptr (GudpxDatagramProtocol) keep G_GNUC_UNUSED = g_object_ref (self->protocol);
  const guint epoch = gudpx_gate_get_epoch (&self->gate);
  const gint64 outer_deadline = gudpx_budget_get_deadline (&self->budget);
  const gint64 start = g_get_monotonic_time ();
  ReadResult result = READ_NOTHING;

  self->statistics.wakeups++;
  gudpx_port_handle_claim (self->handle);
  gudpx_budget_begin (&self->budget, start, gudpx_turns_get_share ());
  end_waits (self);
  report_errors (self, epoch, condition);
  begin_turn (self, epoch);
  if (may_receive (self, epoch) && gudpx_port_has_suspended_call (self))
    gudpx_port_resume_calls (self);
  if (may_receive (self, epoch))
    result = receive (self, epoch);
  if (result == READ_NOTHING && gudpx_gate_listens (&self->gate, epoch))
    check_shut_down (self, condition);
  flush (self, epoch, (condition & G_IO_OUT) != 0);
  if (result == READ_ALL && self->config.busy_poll > 0)
    busy_poll (self, epoch);
  if (gudpx_gate_lasts (&self->gate, epoch))
    end_turn (self, start);
  if (gudpx_watch_is_nested (&self->watch))
    continue_outer (self, outer_deadline);
  gudpx_watch_end_dispatch (&self->watch);
  end_dispatch (self, epoch);
}

/* Sends the datagrams that a handler wrote before it ran a main loop. TRUE: received datagrams
 * wait, so the port is dispatched without polling. */
static gboolean
before_poll (GObject *owner)
{
  GudpxPort *self = GUDPX_PORT (owner);

  if (gudpx_watch_is_dispatching (&self->watch) && gudpx_gate_is_open (&self->gate))
    {
      gudpx_sender_flush (&self->sender, self->link, FALSE, 0);
      gudpx_port_update_wants (self);
    }
  return has_undelivered (self);
}

static void
lost (GObject *owner)
{
  gudpx_port_release (GUDPX_PORT (owner));
}

static const GudpxWatchFuncs watch_funcs = { dispatch, before_poll, lost };

/* Attaches the port to the thread-default main context, which keeps it from then on. */
void
gudpx_port_attach (GudpxPort *self)
{
  gudpx_watch_start (&self->watch, G_OBJECT (self), &watch_funcs, gudpx_link_get_fd (self->link),
                     self->config.priority, gudpx_port_may_receive (self) ? G_IO_IN : 0);
}
