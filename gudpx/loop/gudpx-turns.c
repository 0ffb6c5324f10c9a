/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Turns: the ports of a thread share its main loop with each other and with sources of lower
 * priority. GLib dispatches only the highest priority that is ready, so ports that are always ready
 * would keep all others waiting. While the ports are busy a sentinel waits at the lowest priority.
 * If the main loop does not reach the sentinel for some time, the ports step back for one
 * iteration. */

#include "gudpx-limits-private.h"
#include "gudpx-turns-private.h"

/* The least that one of many ports gets, in µs. */
#define MIN_SHARE 100
/* Sources of lower priority wait at most so long: a desktop draws 60 frames a second. */
#define MAX_WAIT (16 * G_TIME_SPAN_MILLISECOND)
/* The sentinel costs as much as a short dispatch, so it is posted after a long one, or after many
 * in some time. */
#define LONG_DISPATCH 500 /* µs */
#define MIN_DISPATCHES 32
#define MIN_BUSY_TIME (8 * G_TIME_SPAN_MILLISECOND)

typedef struct
{
  GMainContext *context; /* compared only */
  GSource *sentinel;     /* NULL: nobody waits for lower priorities */
  gint64 waiting_since;
  gint64 reached_at;
  guint n_dispatches; /* since then */
  gboolean is_stepping_back;
  gboolean is_disturbed; /* a port was called in this iteration, so lower priorities were not */
  gint64 iteration;      /* in which a port asked last if it may resume */
  /* Ports that used up their share, in one iteration and in the one before. */
  gint64 full_iteration;
  guint n_full;
  guint n_full_before;
} Turns;

static void
drop_sentinel (Turns *self)
{
  if (self->sentinel != NULL)
    g_source_destroy (self->sentinel);
  g_clear_pointer (&self->sentinel, g_source_unref);
}

static __thread Turns *thread_turns; /* NULL: none yet */

static void
turns_free (gpointer data)
{
  thread_turns = NULL;
  drop_sentinel (data);
  g_free (data);
}

static GPrivate owned_turns = G_PRIVATE_INIT (turns_free);

static Turns *
change_context (GMainContext *context)
{
  Turns *self = thread_turns;

  if (self == NULL)
    {
      self = thread_turns = g_new0 (Turns, 1);
      g_private_set (&owned_turns, self);
    }
  drop_sentinel (self);
  *self = (Turns){ .context = context };
  return self;
}

/* Returns the turns of this thread. The ports of another context begin again. */
static Turns *
get_turns (GMainContext *context)
{
  Turns *self = thread_turns;

  return self != NULL && self->context == context ? self : change_context (context);
}

/* The main loop has nothing to do at any higher priority. */
void
gudpx_turns_reached (gint64 now)
{
  Turns *self = thread_turns;

  if (self == NULL)
    return;

  drop_sentinel (self);
  self->reached_at = now;
  self->n_dispatches = 0;
  self->is_stepping_back = FALSE;
  self->n_full = self->n_full_before = 0;
}

static gboolean
sentinel_reached (gpointer data)
{
  Turns *self = thread_turns;
  GSource *source = g_main_current_source ();

  /* The context may have moved to another thread. */
  if (self != NULL && self->sentinel == source)
    gudpx_turns_reached (g_source_get_time (source));
  return G_SOURCE_REMOVE;
}

static void
post_sentinel (Turns *self, gint64 now)
{
  if (self->sentinel != NULL && g_source_is_destroyed (self->sentinel))
    drop_sentinel (self);
  if (self->sentinel != NULL)
    return;

  self->waiting_since = now;
  self->sentinel = g_idle_source_new ();
  g_source_set_static_name (self->sentinel, "GudpxTurns");
  g_source_set_priority (self->sentinel, GUDPX_TURNS_LAST_PRIORITY);
  g_source_set_callback (self->sentinel, sentinel_reached, NULL, NULL);
  g_source_attach (self->sentinel, self->context);
}

/* A port, or what polls for ports, was called in this iteration. */
void
gudpx_turns_disturb (void)
{
  if (thread_turns != NULL)
    thread_turns->is_disturbed = TRUE;
}

/* For a dispatch that is to receive. TRUE: the port has to step back. */
gboolean
gudpx_turns_begin (GMainContext *context, gint64 now)
{
  Turns *self = get_turns (context);

  self->is_disturbed = TRUE;
  if (self->is_stepping_back)
    return TRUE;

  self->n_dispatches++;
  if (self->sentinel != NULL && now - self->waiting_since >= MAX_WAIT)
    {
      self->is_stepping_back = TRUE;
      self->waiting_since = now;
      return TRUE;
    }
  if (self->n_dispatches >= MIN_DISPATCHES && now - self->reached_at >= MIN_BUSY_TIME)
    post_sentinel (self, now);
  return FALSE;
}

/* TRUE after an iteration that called no port: other sources had their turn. @iteration is the time
 * of the iteration that begins. */
gboolean
gudpx_turns_may_resume (gint64 iteration)
{
  Turns *self = thread_turns;

  if (self == NULL || !self->is_stepping_back)
    return TRUE;

  if (self->iteration != iteration)
    {
      self->is_stepping_back = self->is_disturbed;
      self->is_disturbed = FALSE;
      self->iteration = iteration;
    }
  return !self->is_stepping_back;
}

/* Returns the time that a dispatch may take, in µs. Busy ports of an iteration share the time. */
gint64
gudpx_turns_get_share (void)
{
  Turns *self = thread_turns;
  guint n_full = self != NULL ? MAX (self->n_full, self->n_full_before) : 0;

  return n_full > 1 ? MAX (GUDPX_MAX_DISPATCH_TIME / n_full, MIN_SHARE) : GUDPX_MAX_DISPATCH_TIME;
}

static void
count_full (Turns *self, gint64 iteration)
{
  if (self->full_iteration != iteration)
    {
      self->n_full_before = self->n_full;
      self->n_full = 0;
      self->full_iteration = iteration;
    }
  self->n_full++;
}

/* Notes that a dispatch took @duration µs, in the iteration that began at @iteration. */
void
gudpx_turns_end (GMainContext *context, gint64 iteration, gint64 duration, gint64 now)
{
  Turns *self;

  if (duration < MIN_SHARE)
    return;

  self = get_turns (context);
  if (duration >= gudpx_turns_get_share ())
    count_full (self, iteration);
  else if (duration < LONG_DISPATCH)
    return;
  post_sentinel (self, now);
}
