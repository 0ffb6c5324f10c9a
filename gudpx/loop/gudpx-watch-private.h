/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "gudpx-poller-private.h"
#include "gudpx-wants-private.h"

G_BEGIN_DECLS

/* Functions that a watch calls, from the main context that it was started in. */
typedef struct
{
  /* Calls gudpx_watch_end_dispatch(). */
  void (*dispatch) (GObject *owner, GIOCondition condition);
  /* Called before each poll, also of a main loop within a dispatch. TRUE: dispatch without
   * polling. */
  gboolean (*before_poll) (GObject *owner);
  /* The context is gone, and the watch with it. */
  void (*lost) (GObject *owner);
} GudpxWatchFuncs;

/* Connects the owner of a descriptor to a main context. The watch has a source that polls the
 * descriptor; or the poller of the context polls it, and the watch has a source only while there is
 * something to do. */
typedef struct
{
  GudpxPollerClient client; /* has the owner, which the source or the poller keeps */
  const GudpxWatchFuncs *funcs;
  int fd; /* -1: nothing to poll */
  int priority;
  GMainContext *context; /* borrowed: if it goes, the source goes too; NULL: not started */
  GudpxPoller *poller;
  GSource *source;
  gpointer poll_tag; /* NULL: the source does not poll */
  GIOCondition polled_condition;
  GIOCondition ready_condition; /* reported by the poller or set, not dispatched yet */
  gboolean shares_poller;
  gboolean is_armed;     /* with the poller */
  gboolean is_shut_down; /* the descriptor would be ready all the time, for good */
  gboolean is_paused;    /* the same for some time */
  GSource *last_turn;    /* other sources have their turn first; NULL: the owner's turn */
  guint depth;           /* of dispatches */
} GudpxWatch;

void     gudpx_watch_start        (GudpxWatch            *self,
                                   GObject               *owner,
                                   const GudpxWatchFuncs *funcs,
                                   int                    fd,
                                   int                    priority,
                                   GIOCondition           condition);
void     gudpx_watch_stop         (GudpxWatch            *self);
void     gudpx_watch_want         (GudpxWatch            *self,
                                   GudpxWants             wants);
void     gudpx_watch_wake         (GudpxWatch            *self);
void     gudpx_watch_set_ready    (GudpxWatch            *self,
                                   GIOCondition           condition);
void     gudpx_watch_shut_down    (GudpxWatch            *self);
void     gudpx_watch_change_paused (GudpxWatch           *self,
                                   gboolean               is_paused);
void     gudpx_watch_leave_poller (GudpxWatch            *self);
void     gudpx_watch_set_priority (GudpxWatch            *self,
                                   int                    priority);
void     gudpx_watch_step_back    (GudpxWatch            *self);
void     gudpx_watch_try_to_end_turn (GudpxWatch         *self);

static inline GMainContext *
gudpx_watch_get_context (const GudpxWatch *self)
{
  return self->context;
}

/* TRUE while the owner is being dispatched, also in a main loop of a handler. */
static inline gboolean
gudpx_watch_is_dispatching (const GudpxWatch *self)
{
  return self->depth > 0;
}

/* Ends what the owner does as one dispatch. The rest is done as if the owner was called from
 * outside. */
static inline void
gudpx_watch_end_dispatch (GudpxWatch *self)
{
  self->depth--;
}

static inline gboolean
gudpx_watch_is_nested (const GudpxWatch *self)
{
  return self->depth > 1;
}

static inline gboolean
gudpx_watch_is_polled (const GudpxWatch *self)
{
  return self->context != NULL && !self->is_shut_down && !self->is_paused;
}

static inline gboolean
gudpx_watch_shares_poller (const GudpxWatch *self)
{
  return self->shares_poller;
}

/* TRUE from gudpx_watch_step_back() until other sources had their turn. */
static inline gboolean
gudpx_watch_has_stepped_back (const GudpxWatch *self)
{
  return self->last_turn != NULL;
}

/* Ends a step back if it is over, in a dispatch. */
static inline void
gudpx_watch_end_turn (GudpxWatch *self)
{
  if (self->last_turn != NULL)
    gudpx_watch_try_to_end_turn (self);
}

/* Stops polling, or allows the next gudpx_watch_want() to poll again. */
static inline void
gudpx_watch_set_paused (GudpxWatch *self, gboolean is_paused)
{
  if (self->is_paused != is_paused)
    gudpx_watch_change_paused (self, is_paused);
}

/* Returns the time of the iteration that dispatches, in µs. */
static inline gint64
gudpx_watch_get_time (const GudpxWatch *self)
{
  return g_source_get_time (self->source);
}

G_END_DECLS
