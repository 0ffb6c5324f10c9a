/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Events that a part of a port waits for. */
typedef struct
{
  GIOCondition condition;
  gint64 time; /* by the monotonic clock in µs; 0: now, -1: never */
} GudpxWants;

#define GUDPX_MIN_DELAY 1  /* ms */
#define GUDPX_MAX_DELAY 64 /* ms */

/* Returns the delay after @delay failed, both in ms. */
static inline guint
gudpx_delay_grow (guint delay)
{
  return CLAMP (delay * 2, GUDPX_MIN_DELAY, GUDPX_MAX_DELAY);
}

#define GUDPX_WANTS_NOTHING ((GudpxWants){ 0, -1 })

static inline gint64
gudpx_wants_get_earlier (gint64 a, gint64 b)
{
  if (a == -1)
    return b;
  return b == -1 ? a : MIN (a, b);
}

/* Adds a second reason to be called. */
static inline GudpxWants
gudpx_wants_merge (GudpxWants a, GudpxWants b)
{
  return (GudpxWants){ a.condition | b.condition, gudpx_wants_get_earlier (a.time, b.time) };
}

G_END_DECLS
