/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Room in the send queue, and datagrams that are dropped or refused for want of it. */

#include "gudpx-port-private.h"

static void
drop_one (GudpxPort *self, GudpxQueuedRun *run)
{
  self->statistics.send_queue_drops++;
  self->statistics.queue_dropped_oldest++;
  gudpx_send_queue_discard (&self->queue, run, 1);
}

static gboolean
has_room (GudpxPort *self, GudpxHeldDestination *held, gsize size)
{
  return held != NULL ? gudpx_send_queue_has_room_for_held (&self->queue, held, size)
                      : gudpx_send_queue_has_room (&self->queue, size);
}

/* The same for a destination that does not read: it makes room by its own datagrams alone. */
static gboolean
drop_oldest_held (GudpxPort *self, GudpxHeldDestination *held, gsize size)
{
  if (!gudpx_send_queue_can_have_room_for_held (&self->queue, held, size))
    return FALSE;

  while (!has_room (self, held, size))
    drop_one (self, gudpx_queued_runs_find (&held->runs, NULL));
  return TRUE;
}

/* Drops those that have waited longest, and that nobody was promised an answer for, until there is
 * room for @size bytes; none, if that would be in vain. */
static gboolean
drop_oldest (GudpxPort *self, GudpxHeldDestination *held, gsize size)
{
  if (held != NULL)
    return drop_oldest_held (self, held, size);
  if (!gudpx_send_queue_can_have_room (&self->queue, size))
    return FALSE;

  while (!gudpx_send_queue_has_room (&self->queue, size))
    drop_one (self, gudpx_send_queue_find (&self->queue, NULL));
  return TRUE;
}

static void
set_queue_full (GudpxPort *self, GudpxHeldDestination *held, GError **error)
{
  g_autofree char *description = NULL;

  self->statistics.send_queue_drops++;
  self->statistics.queue_refusals++;
  if (held != NULL)
    {
      gudpx_port_set_held_full (self, held, error);
      return;
    }

  description = gudpx_port_describe (self);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK,
               "The send queue of the port %s is full: it has %" G_GSIZE_FORMAT
               " of %" G_GSIZE_FORMAT " bytes",
               description, self->queue.size, self->queue.limit);
}

/* By the port's policy. FALSE: there is none, and the datagram was refused or dropped. */
gboolean
gudpx_port_make_room (GudpxPort *self,
                      GudpxHeldDestination *held,
                      gsize size,
                      gboolean *is_dropped,
                      GError **error)
{
  *is_dropped = FALSE;
  if (has_room (self, held, size))
    return TRUE;

  if (held != NULL)
    held->owes_writable = TRUE;
  else
    self->owes_writable = TRUE;
  switch (self->send_queue_policy)
    {
    case GUDPX_QUEUE_POLICY_DROP_OLDEST:
      if (drop_oldest (self, held, size))
        return TRUE;
      break;
    case GUDPX_QUEUE_POLICY_DROP_NEWEST:
      self->statistics.send_queue_drops++;
      self->statistics.queue_dropped_newest++;
      *is_dropped = TRUE;
      return FALSE;
    case GUDPX_QUEUE_POLICY_REFUSE:
    default:
      break;
    }
  set_queue_full (self, held, error);
  return FALSE;
}
