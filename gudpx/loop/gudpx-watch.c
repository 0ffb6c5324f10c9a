/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "gudpx-turns-private.h"
#include "gudpx-watch-private.h"

typedef struct
{
  GSource parent;
  GudpxWatch *watch; /* the callback data holds a reference to its owner */
} WatchSource;

typedef struct
{
  GudpxWatch *watch;
  GObject *owner;
  GSource *source;
} SourceData;

/* Has the poller poll for @condition, if it does not. If the poller cannot, the source does. */
static void
arm (GudpxWatch *self, GIOCondition condition)
{
  if (self->is_armed && condition == self->polled_condition)
    return;

  self->is_armed = TRUE;
  self->polled_condition = condition;
  if (!gudpx_poller_arm (self->poller, self->fd, &self->client, condition))
    gudpx_watch_leave_poller (self);
}

static void
drop_source (GudpxWatch *self)
{
  g_autoptr (GSource) source = g_steal_pointer (&self->source);

  g_source_destroy (source);
}

static gboolean
may_end_turn (const GudpxWatch *self, GSource *source)
{
  return self->last_turn != NULL && gudpx_turns_may_resume (g_source_get_time (source));
}

static GObject *
get_owner (const GudpxWatch *self)
{
  return gudpx_poller_client_get_owner (&self->client);
}

static gboolean
watch_source_prepare (GSource *source, int *timeout)
{
  GudpxWatch *self = ((WatchSource *) source)->watch;

  *timeout = -1;
  return self->funcs->before_poll (get_owner (self)) || self->ready_condition != 0 ||
         may_end_turn (self, source);
}

static GIOCondition
take_condition (GudpxWatch *self, GSource *source)
{
  GIOCondition condition = self->ready_condition;

  self->ready_condition = 0;
  if (self->poll_tag != NULL)
    condition |= g_source_query_unix_fd (source, self->poll_tag);
  return condition;
}

static gboolean
watch_source_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  GudpxWatch *self = ((WatchSource *) source)->watch;
  g_autoptr (GObject) owner = g_object_ref (get_owner (self));
  GIOCondition condition = take_condition (self, source);

  if (g_source_get_ready_time (source) != -1)
    g_source_set_ready_time (source, -1);

  self->depth++;
  self->funcs->dispatch (owner, condition);

  if (self->shares_poller && self->source == source && self->depth == 0 &&
      self->last_turn == NULL && g_source_get_ready_time (source) == -1 &&
      !self->funcs->before_poll (owner))
    drop_source (self);
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs watch_source_funcs = {
  .prepare = watch_source_prepare,
  .dispatch = watch_source_dispatch,
};

/* The source was destroyed. If the watch did not drop it, the context is gone. */
static void
source_lost (gpointer user_data)
{
  SourceData *data = user_data;

  if (data->watch->source == data->source)
    data->watch->funcs->lost (data->owner);
  g_object_unref (data->owner);
  g_free (data);
}

/* The source is dispatched in nested main loops too. */
static void
add_source (GudpxWatch *self)
{
  GSource *source = g_source_new (&watch_source_funcs, sizeof (WatchSource));
  SourceData *data = g_new (SourceData, 1);

  *data = (SourceData){ self, g_object_ref (get_owner (self)), source };
  ((WatchSource *) source)->watch = self;
  g_source_set_static_name (source, "GudpxPort");
  g_source_set_can_recurse (source, TRUE);
  g_source_set_callback (source, NULL, data, source_lost);
  g_source_set_priority (source, self->priority);
  self->source = source;
  g_source_attach (source, self->context);
}

static GSource *
ensure_source (GudpxWatch *self)
{
  if (self->source == NULL)
    add_source (self);
  return self->source;
}

static void
poll_by_source (GudpxWatch *self, GIOCondition condition)
{
  self->polled_condition = condition;
  self->poll_tag = g_source_add_unix_fd (ensure_source (self), self->fd, condition);
}

static void
stop_polling_by_source (GudpxWatch *self)
{
  if (self->poll_tag != NULL)
    g_source_remove_unix_fd (self->source, g_steal_pointer (&self->poll_tag));
}

static void
poller_ready (GudpxPollerClient *client, GIOCondition condition)
{
  GudpxWatch *self = (GudpxWatch *) client;

  gudpx_turns_disturb ();
  self->is_armed = FALSE;
  self->ready_condition |= condition;
  ensure_source (self);
}

static void
poller_dismissed (GudpxPollerClient *client)
{
  gudpx_watch_leave_poller ((GudpxWatch *) client);
}

static void
poller_lost (GudpxPollerClient *client)
{
  ((GudpxWatch *) client)->funcs->lost (gudpx_poller_client_get_owner (client));
}

static const GudpxPollerFuncs poller_funcs = { poller_ready, poller_dismissed, poller_lost };

static void
poll_for (GudpxWatch *self, GIOCondition condition)
{
  if (self->shares_poller)
    arm (self, condition);
  else if (self->poll_tag == NULL)
    poll_by_source (self, condition);
  else if (condition != self->polled_condition)
    {
      /* The change wakes the main loop. */
      self->polled_condition = condition;
      g_source_modify_unix_fd (self->source, self->poll_tag, condition);
    }
}

/* Attaches the watch to the thread-default main context, which keeps @owner from then on. */
void
gudpx_watch_start (GudpxWatch *self,
                   GObject *owner,
                   const GudpxWatchFuncs *funcs,
                   int fd,
                   int priority,
                   GIOCondition condition)
{
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();

  gudpx_poller_client_init (&self->client, &poller_funcs, owner);
  self->funcs = funcs;
  self->fd = fd;
  self->priority = priority;
  self->context = context;
  self->is_armed = FALSE;
  self->is_shut_down = FALSE;
  self->is_paused = FALSE;
  self->ready_condition = 0;
  self->poller = gudpx_poller_join (context);
  self->shares_poller = fd >= 0 && priority == G_PRIORITY_DEFAULT &&
                        gudpx_poller_add (self->poller, fd, &self->client);
  if (fd >= 0)
    poll_for (self, condition);
  else
    ensure_source (self);
  /* In a dispatch the owner may have work already, and relies on before_poll() for it. */
  if (self->depth > 0)
    gudpx_watch_wake (self);
}

static void
drop_last_turn (GudpxWatch *self)
{
  g_autoptr (GSource) source = g_steal_pointer (&self->last_turn);

  if (source != NULL)
    g_source_destroy (source);
}

/* Detaches the watch, while the caller holds the owner. */
void
gudpx_watch_stop (GudpxWatch *self)
{
  GudpxPoller *poller = g_steal_pointer (&self->poller);

  drop_last_turn (self);
  self->poll_tag = NULL;
  if (self->shares_poller)
    gudpx_poller_remove (poller, self->fd, &self->client);
  self->shares_poller = FALSE;
  if (self->source != NULL)
    drop_source (self);
  gudpx_poller_leave (poller);
  self->context = NULL;
}

static void
wake_at (GudpxWatch *self, gint64 time)
{
  const gint64 ready_time = g_source_get_ready_time (ensure_source (self));

  if (ready_time == -1 || time < ready_time)
    g_source_set_ready_time (self->source, time);
}

/* Polls for the condition that is wanted, and for errors, and dispatches at the time that is wanted
 * or before. The time of an earlier call counts until the next dispatch. */
void
gudpx_watch_want (GudpxWatch *self, GudpxWants wants)
{
  if (self->fd >= 0 && gudpx_watch_is_polled (self))
    poll_for (self, wants.condition);
  if (wants.time != -1)
    wake_at (self, wants.time);
}

/* Dispatches in the next iteration. */
void
gudpx_watch_wake (GudpxWatch *self)
{
  wake_at (self, 0);
}

/* Tells a watch without a descriptor the events that it would poll for. 0: none has come. */
void
gudpx_watch_set_ready (GudpxWatch *self, GIOCondition condition)
{
  self->ready_condition = condition;
  if (condition != 0)
    ensure_source (self);
}

/* Stops polling for good: the descriptor is of no more use, and would be ready all the time. */
void
gudpx_watch_shut_down (GudpxWatch *self)
{
  self->is_shut_down = TRUE;
  stop_polling_by_source (self);
}

void
gudpx_watch_change_paused (GudpxWatch *self, gboolean is_paused)
{
  self->is_paused = is_paused;
  if (is_paused)
    stop_polling_by_source (self);
}

/* Has the source of the watch poll the descriptor. */
void
gudpx_watch_leave_poller (GudpxWatch *self)
{
  if (!self->shares_poller)
    return;

  ensure_source (self);
  self->shares_poller = FALSE;
  gudpx_poller_remove (self->poller, self->fd, &self->client);
  if (gudpx_watch_is_polled (self))
    poll_by_source (self, self->polled_condition);
}

void
gudpx_watch_set_priority (GudpxWatch *self, int priority)
{
  if (self->context == NULL)
    return;

  self->priority = priority;
  g_source_set_priority (ensure_source (self), priority);
  gudpx_watch_leave_poller (self);
}

/* The main loop has nothing else to do. */
static gboolean
last_turn_reached (gpointer data)
{
  GudpxWatch *self = ((SourceData *) data)->watch;

  gudpx_turns_reached (g_get_monotonic_time ());
  drop_last_turn (self);
  gudpx_watch_wake (self);
  return G_SOURCE_REMOVE;
}

static void
free_turn_data (gpointer user_data)
{
  SourceData *data = user_data;

  g_object_unref (data->owner);
  g_free (data);
}

/* Gives other sources their turn: gudpx_watch_has_stepped_back() is TRUE until sources of lower
 * priority had it, or none of them is ready. */
void
gudpx_watch_step_back (GudpxWatch *self)
{
  SourceData *data = g_new (SourceData, 1);

  self->last_turn = g_idle_source_new ();
  *data = (SourceData){ self, g_object_ref (get_owner (self)), self->last_turn };
  g_source_set_static_name (self->last_turn, "GudpxPort turn");
  g_source_set_priority (self->last_turn, GUDPX_TURNS_LAST_PRIORITY);
  g_source_set_callback (self->last_turn, last_turn_reached, data, free_turn_data);
  g_source_attach (self->last_turn, self->context);
}

void
gudpx_watch_try_to_end_turn (GudpxWatch *self)
{
  if (may_end_turn (self, self->source))
    drop_last_turn (self);
}
