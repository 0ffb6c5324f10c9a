/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What connects a port to its main context. Its source polls the socket itself; where the context's
 * poller does, the port has a source only while there is something to do. */

#include "gudpx-port-private.h"
#include "gudpx-turns-private.h"

typedef struct
{
  GSource parent;
  GudpxPort *port; /* the callback data holds the reference */
} PortSource;

/* What a source keeps its port by. */
typedef struct
{
  GudpxPort *port;
  GSource *source;
} Keep;

static int
get_fd (GudpxPort *self)
{
  return g_socket_get_fd (self->socket);
}

static GIOCondition
get_condition (GudpxPort *self)
{
  GIOCondition condition = 0;

  if (gudpx_port_may_receive (self))
    condition |= G_IO_IN;
  if (self->waits_for_writable && self->retry_delay == 0)
    condition |= G_IO_OUT;
  return condition;
}

static gboolean
has_something_to_deliver (GudpxPort *self)
{
  return gudpx_port_may_receive (self) &&
         (gudpx_port_has_undelivered (self) || gudpx_port_is_held_up (self));
}

/* Has the poller poll for what the port waits for now, if it does not. If the poller cannot, the
 * port leaves it. */
static void
arm (GudpxPort *self)
{
  GIOCondition condition = get_condition (self);

  if (!self->is_polled || (self->is_armed && condition == self->polled_condition))
    return;
  self->is_armed = TRUE;
  self->polled_condition = condition;
  if (!gudpx_poller_arm (self->poller, get_fd (self), G_OBJECT (self), condition))
    gudpx_port_leave_poller (self);
}

/* The port has its source no more, but for the poller. */
static void
drop_source (GudpxPort *self)
{
  g_autoptr (GSource) source = g_steal_pointer (&self->source);

  g_source_destroy (source);
}

/* A handler that runs a main loop of its own must not hold back what was written before, nor what
 * came with the datagram that it has. */
static gboolean
port_source_prepare (GSource *source, int *timeout)
{
  GudpxPort *self = ((PortSource *) source)->port;

  *timeout = -1;
  if (self->dispatch_depth > 0 && !self->waits_for_writable)
    gudpx_port_flush (self, FALSE);
  if (self->dispatch_depth > 0 && self->is_left_to_poller)
    arm (self);
  if (self->last_turn != NULL && gudpx_turns_may_resume (g_source_get_time (source)))
    return TRUE;
  return self->ready_condition != 0 || has_something_to_deliver (self);
}

static GIOCondition
take_condition (GudpxPort *self, GSource *source)
{
  GIOCondition condition = self->ready_condition;

  self->ready_condition = 0;
  if (self->poll_tag != NULL)
    condition |= g_source_query_unix_fd (source, self->poll_tag);
  return condition;
}

static gboolean
port_source_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  /* A handler may let go of both. */
  g_autoptr (GudpxPort) self = g_object_ref (((PortSource *) source)->port);
  g_autoptr (GudpxDatagramProtocol) protocol G_GNUC_UNUSED = g_object_ref (self->protocol);
  GIOCondition condition = take_condition (self, source);

  if (g_source_get_ready_time (source) != -1)
    g_source_set_ready_time (source, -1);

  gudpx_port_dispatch (self, condition);

  if (!self->is_left_to_poller || self->source != source || self->dispatch_depth > 0)
    return G_SOURCE_CONTINUE;
  arm (self);
  if (self->is_left_to_poller && g_source_get_ready_time (source) == -1 &&
      !has_something_to_deliver (self) && self->last_turn == NULL)
    drop_source (self);
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs port_source_funcs = {
  .prepare = port_source_prepare,
  .dispatch = port_source_dispatch,
};

/* The source is gone. If the port did not drop it, the context is too. */
static void
source_lost (gpointer data)
{
  Keep *keep = data;

  if (keep->port->source == keep->source)
    gudpx_port_release (keep->port);
  g_object_unref (keep->port);
  g_free (keep);
}

/* It is dispatched in nested main loops too. */
static void
add_source (GudpxPort *self)
{
  GSource *source = g_source_new (&port_source_funcs, sizeof (PortSource));
  Keep *keep = g_new (Keep, 1);

  *keep = (Keep){ g_object_ref (self), source };
  ((PortSource *) source)->port = self;
  g_source_set_static_name (source, "GudpxPort");
  g_source_set_can_recurse (source, TRUE);
  g_source_set_callback (source, NULL, keep, source_lost);
  g_source_set_priority (source, self->priority);
  self->source = source;
  g_source_attach (source, self->context);
}

static void
poll_by_source (GudpxPort *self)
{
  self->polled_condition = get_condition (self);
  self->poll_tag = g_source_add_unix_fd (self->source, get_fd (self), self->polled_condition);
}

static GSource *
ensure_source (GudpxPort *self)
{
  if (self->source == NULL)
    add_source (self);
  return self->source;
}

static void
start_polling (GudpxPort *self)
{
  self->is_polled = TRUE;
  self->is_polling_paused = FALSE;
  if (self->is_left_to_poller)
    {
      arm (self);
      return;
    }
  ensure_source (self);
  poll_by_source (self);
}

static void
socket_ready (GObject *client, GIOCondition condition)
{
  GudpxPort *self = GUDPX_PORT (client);

  gudpx_turns_disturb ();
  self->is_armed = FALSE;
  self->ready_condition |= condition;
  ensure_source (self);
}

static void
poller_dismissed (GObject *client)
{
  gudpx_port_leave_poller (GUDPX_PORT (client));
}

static void
context_lost (GObject *client)
{
  gudpx_port_release (GUDPX_PORT (client));
}

static const GudpxPollerFuncs poller_funcs = { socket_ready, poller_dismissed, context_lost };

/* The port is the thread-default main context's from here on, which keeps it. */
void
gudpx_port_attach (GudpxPort *self)
{
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();

  self->context = context;
  self->is_armed = FALSE;
  self->ready_condition = 0;
  self->poller = gudpx_poller_join (context);
  self->is_left_to_poller =
      self->priority == G_PRIORITY_DEFAULT &&
      gudpx_poller_add (self->poller, get_fd (self), G_OBJECT (self), &poller_funcs);
  start_polling (self);
  /* What its handlers write from here on is queued, and needs a dispatch of this start. */
  if (self->dispatch_depth > 0)
    gudpx_port_wake (self);
}

static void
drop_last_turn (GudpxPort *self)
{
  g_autoptr (GSource) source = g_steal_pointer (&self->last_turn);

  if (source != NULL)
    g_source_destroy (source);
}

/* While the caller holds the port. */
void
gudpx_port_detach (GudpxPort *self)
{
  GudpxPoller *poller = g_steal_pointer (&self->poller);

  drop_last_turn (self);
  self->is_polled = FALSE;
  self->is_polling_paused = FALSE;
  self->poll_tag = NULL;
  if (self->is_left_to_poller)
    gudpx_poller_remove (poller, get_fd (self), G_OBJECT (self));
  self->is_left_to_poller = FALSE;
  if (self->source != NULL)
    drop_source (self);
  gudpx_poller_leave (poller);
  self->context = NULL;
}

/* Polls for what the port waits for now; errors are polled for all the time. */
void
gudpx_port_update_source (GudpxPort *self)
{
  GIOCondition condition = get_condition (self);

  /* The end of a dispatch looks after itself, and so does a main loop in it. */
  if (self->is_left_to_poller && self->dispatch_depth == 0)
    arm (self);
  /* To change it wakes the main loop. */
  if (self->poll_tag == NULL || condition == self->polled_condition)
    return;
  self->polled_condition = condition;
  g_source_modify_unix_fd (self->source, self->poll_tag, condition);
}

/* The socket is of no more use, and would be ready all the time. */
void
gudpx_port_stop_polling (GudpxPort *self)
{
  self->is_polled = FALSE;
  if (self->poll_tag != NULL)
    g_source_remove_unix_fd (self->source, g_steal_pointer (&self->poll_tag));
}

/* The port's source polls the socket from here on. */
void
gudpx_port_leave_poller (GudpxPort *self)
{
  if (!self->is_left_to_poller)
    return;

  ensure_source (self);
  self->is_left_to_poller = FALSE;
  gudpx_poller_remove (self->poller, get_fd (self), G_OBJECT (self));
  if (self->is_polled)
    poll_by_source (self);
}

void
gudpx_port_update_priority (GudpxPort *self)
{
  if (self->context == NULL)
    return;

  g_source_set_priority (ensure_source (self), self->priority);
  gudpx_port_leave_poller (self);
}

/* Has the port dispatched in the next iteration. */
void
gudpx_port_wake (GudpxPort *self)
{
  if (self->context != NULL)
    g_source_set_ready_time (ensure_source (self), 0);
}

static void
wake_until (GudpxPort *self, gint64 time)
{
  GSource *source = ensure_source (self);
  gint64 ready_time = g_source_get_ready_time (source);

  if (ready_time == -1 || time < ready_time)
    g_source_set_ready_time (source, time);
}

/* Has the port dispatched when the first of what it waits for is due. */
void
gudpx_port_rearm (GudpxPort *self)
{
  if (self->waits_for_writable && self->retry_delay > 0)
    wake_until (self, self->retry_time);
  if (self->queue.held.length > 0)
    wake_until (self, self->held_retry_time);
  if (self->state == GUDPX_PORT_STOPPING)
    wake_until (self, self->stop_deadline);
  if (self->resume_time > 0 && self->resume_time < G_MAXINT64)
    wake_until (self, self->resume_time);
}

/* The port receives nothing until @time. */
void
gudpx_port_wait_until (GudpxPort *self, gint64 time)
{
  self->resume_time = time;
  gudpx_port_rearm (self);
  gudpx_port_update_source (self);
}

/* The same for a socket that would be ready all the time, for errors. */
void
gudpx_port_wait_unpolled (GudpxPort *self, gint64 time)
{
  gudpx_port_wait_until (self, time);
  self->is_polling_paused = self->is_polled;
  gudpx_port_stop_polling (self);
}

/* The port receives again. */
void
gudpx_port_resume (GudpxPort *self)
{
  drop_last_turn (self);
  self->resume_time = 0;
  if (self->is_polling_paused)
    start_polling (self);
  gudpx_port_update_source (self);
}

/* The main loop has nothing else to do. */
static gboolean
last_turn_reached (gpointer data)
{
  GudpxPort *self = data;

  gudpx_turns_reached (g_get_monotonic_time ());
  gudpx_port_resume (self);
  return G_SOURCE_REMOVE;
}

/* The port receives nothing until sources of lower priority had their turn, or none is ready. */
void
gudpx_port_step_back (GudpxPort *self)
{
  gudpx_port_wait_until (self, G_MAXINT64);
  self->last_turn = g_idle_source_new ();
  g_source_set_static_name (self->last_turn, "GudpxPort turn");
  g_source_set_priority (self->last_turn, GUDPX_TURNS_LAST_PRIORITY);
  g_source_set_callback (self->last_turn, last_turn_reached, g_object_ref (self), g_object_unref);
  g_source_attach (self->last_turn, self->context);
}
