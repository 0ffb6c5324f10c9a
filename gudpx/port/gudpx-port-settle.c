/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The one place where a port asks its parts what they wait for. A public call that leaves something
 * to wait for ends with gudpx_port_settle(), each dispatch with gudpx_port_update_wants(). */

#include "gudpx-port-private.h"

static GudpxWants
get_wants (GudpxPort *self)
{
  const gboolean delivers = gudpx_gate_delivers (&self->gate) &&
                            !gudpx_watch_has_stepped_back (&self->watch);
  GudpxWants wants = gudpx_receiver_get_wants (&self->receiver, delivers);

  wants = gudpx_wants_merge (wants, gudpx_sender_get_wants (&self->sender));
  wants = gudpx_wants_merge (wants, gudpx_link_get_wants (self->link));
  if (gudpx_reports_get_length (&self->reports) > 0 || gudpx_link_has_pending_error (self->link))
    wants.time = 0;
  return wants;
}

/* Asks a link that has no descriptor to poll. */
static void
poll_link (GudpxPort *self, GIOCondition condition)
{
  if (!gudpx_watch_is_polled (&self->watch))
    condition = 0;
  else
    condition = gudpx_link_get_ready (self->link) & (condition | G_IO_ERR);
  gudpx_watch_set_ready (&self->watch, condition);
}

/* Has the port dispatched when a part of it waits for that. */
void
gudpx_port_update_wants (GudpxPort *self)
{
  GudpxWants wants;

  if (!gudpx_gate_is_open (&self->gate))
    return;

  if (gudpx_sender_needs_time (&self->sender))
    gudpx_sender_begin_delays (&self->sender, g_get_monotonic_time ());
  gudpx_watch_set_paused (&self->watch, gudpx_receiver_is_unreadable (&self->receiver));
  wants = get_wants (self);
  gudpx_watch_want (&self->watch, wants);
  if (gudpx_link_get_fd (self->link) < 0)
    poll_link (self, wants.condition);
}

/* Wakes the port if datagrams wait that were read before it was paused. After a dispatch the watch
 * asks for them before it polls. */
static void
read_again (GudpxPort *self)
{
  if (gudpx_port_may_receive (self) && gudpx_receiver_has_undelivered (&self->receiver))
    gudpx_watch_wake (&self->watch);
}

void
gudpx_port_notify_queue (GudpxPort *self)
{
  const gsize size = gudpx_sender_get_size (&self->sender);

  if (size == self->notified_queue_size)
    return;

  self->notified_queue_size = size;
  gudpx_port_notify (self, GUDPX_PORT_PROP_SEND_QUEUE_SIZE);
}

/* Ends a public call. A call within a dispatch leaves this to the end of the dispatch. Handlers
 * of the notification may do anything to the port. */
void
gudpx_port_settle (GudpxPort *self)
{
  if (gudpx_watch_is_dispatching (&self->watch))
    return;

  gudpx_port_update_wants (self);
  read_again (self);
  gudpx_port_notify_queue (self);
}
