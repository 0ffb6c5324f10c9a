/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "gudpx-budget-private.h"

#define MAX_DATAGRAMS 1024
#define MAX_BYTES (2 * 1024 * 1024)
/* A look at the clock costs as much as some datagrams, so one follows each datagram only while these
 * take long. Otherwise a handler that becomes slow is noticed after so many. */
#define MAX_STRIDE 16
#define CHEAP_STRIDE 50 /* µs */

/* Begins a dispatch that may take @duration µs. */
void
gudpx_budget_begin (GudpxBudget *self, gint64 now, gint64 duration)
{
  *self = (GudpxBudget){
    .n_datagrams = MAX_DATAGRAMS,
    .n_bytes = MAX_BYTES,
    .now = now,
    .deadline = now + duration,
    .stride = 1,
  };
}

/* Looks at the clock, and decides when to look again. */
void
gudpx_budget_look (GudpxBudget *self)
{
  const gint64 before = self->now;

  self->now = g_get_monotonic_time ();
  self->n_unseen = 0;
  self->stride = self->now - before < CHEAP_STRIDE ? MIN (self->stride * 2, MAX_STRIDE) : 1;
}
