/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "gudpx-budget-private.h"

#define MAX_DATAGRAMS 1024
#define MAX_BYTES (2 * 1024 * 1024)
/* Reading the clock costs as much as some datagrams, so it is read after each datagram only while
 * datagrams take long. A handler that becomes slow is noticed after MAX_STRIDE datagrams. */
#define MAX_STRIDE 16
#define CHEAP_STRIDE 50 /* µs */
/* Datagrams of the first call of a handler, and the time that a later call may take. */
#define FIRST_CALL_LIMIT 32
#define CALL_TIME (1 * G_TIME_SPAN_MILLISECOND)

static void
update (GudpxBudget *self)
{
  self->next_look = self->n_datagrams - MIN (self->stride, self->n_datagrams);
  self->is_spent = self->n_datagrams == 0 || self->n_bytes <= 0 || self->now >= self->deadline;
}

void
gudpx_budget_init (GudpxBudget *self)
{
  self->call_limit = FIRST_CALL_LIMIT;
}

/* Begins a dispatch that may take @duration µs. */
void
gudpx_budget_begin (GudpxBudget *self, gint64 now, gint64 duration)
{
  self->n_datagrams = MAX_DATAGRAMS;
  self->n_bytes = MAX_BYTES;
  self->now = now;
  self->deadline = now + duration;
  self->stride = 1;
  update (self);
}

/* Reads the clock, and decides when to read it again. */
void
gudpx_budget_look (GudpxBudget *self)
{
  const gint64 before = self->now;

  self->now = g_get_monotonic_time ();
  self->stride = self->now - before < CHEAP_STRIDE ? MIN (self->stride * 2, MAX_STRIDE) : 1;
  update (self);
}

/* Counts a datagram of a batch, without reading the clock. */
void
gudpx_budget_take (GudpxBudget *self, gsize n_bytes)
{
  self->n_datagrams -= MIN (1, self->n_datagrams);
  self->n_bytes -= n_bytes;
  update (self);
}

/* Learns from a call with @n_datagrams that took @duration µs. The next call gets as many datagrams
 * as fit into CALL_TIME. The limit grows step by step. */
void
gudpx_budget_learn (GudpxBudget *self, guint n_datagrams, gint64 duration, guint max)
{
  if (duration > CALL_TIME)
    self->call_limit = MAX (n_datagrams * CALL_TIME / duration, 1);
  else if (n_datagrams >= self->call_limit && duration < CALL_TIME / 4)
    self->call_limit = MIN (self->call_limit * 2, max);
}
