/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The one place where a port asks its parts what they wait for. Each public call ends with
 * gudpx_port_settle(), each dispatch with gudpx_port_update_wants(). */

#include "gudpx-port-private.h"

/* TRUE if datagrams wait that were read before the port was paused. Within a dispatch the watch asks for
 * them before it polls. */
static gboolean
is_reading_again (GudpxPort *self)
{
  return !gudpx_watch_is_dispatching (&self->watch) && gudpx_port_may_receive (self) &&
         gudpx_port_has_undelivered (self);
}

static GudpxWants
get_wants (GudpxPort *self)
{
  GudpxWants wants = gudpx_wants_merge (gudpx_sender_get_wants (&self->sender),
                                        gudpx_link_get_wants (self->link));

  if (gudpx_port_may_receive (self))
    wants.condition |= G_IO_IN;
  if (self->resume_time > 0)
    wants.time = gudpx_wants_get_earlier (wants.time, self->resume_time);
  if (gudpx_reports_get_length (&self->reports) > 0 || gudpx_link_has_pending_error (self->link) ||
      is_reading_again (self))
    wants.time = 0;
  return wants;
}

/* Has the port dispatched when a part of it waits for that. */
void
gudpx_port_update_wants (GudpxPort *self)
{
  if (!gudpx_gate_is_open (&self->gate))
    return;

  if (gudpx_sender_needs_time (&self->sender))
    gudpx_sender_begin_delays (&self->sender, g_get_monotonic_time ());
  gudpx_watch_set_paused (&self->watch, self->errors_are_unreadable);
  gudpx_watch_want (&self->watch, get_wants (self));
}

void
gudpx_port_notify_queue (GudpxPort *self)
{
  const gsize size = gudpx_port_get_send_queue_size (self);

  if (size == self->notified_queue_size)
    return;

  self->notified_queue_size = size;
  gudpx_port_notify (self, GUDPX_PORT_PROP_SEND_QUEUE_SIZE);
}

/* Ends a public call. A call within a dispatch leaves this to the end of the dispatch. Handlers of the
 * notification may do anything to the port. */
void
gudpx_port_settle (GudpxPort *self)
{
  if (gudpx_watch_is_dispatching (&self->watch))
    return;

  gudpx_port_update_wants (self);
  gudpx_port_notify_queue (self);
}
