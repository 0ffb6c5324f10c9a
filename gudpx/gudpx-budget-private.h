/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The share of one dispatch: so many datagrams and bytes, and so much time. */
typedef struct
{
  guint n_datagrams;
  gsize n_bytes;
  gint64 now; /* at the last look at the clock, in µs */
  gint64 deadline;
  guint stride;   /* datagrams from one look to the next */
  guint n_unseen; /* datagrams since the last look */
} GudpxBudget;

void gudpx_budget_begin (GudpxBudget *self,
                         gint64       now,
                         gint64       duration);
void gudpx_budget_look  (GudpxBudget *self);

static inline gboolean
gudpx_budget_is_spent (const GudpxBudget *self)
{
  return self->n_datagrams == 0 || self->n_bytes == 0 || self->now >= self->deadline;
}

/* Counts datagrams, without a look at the clock. */
static inline void
gudpx_budget_take (GudpxBudget *self, guint n_datagrams, gsize n_bytes)
{
  self->n_datagrams -= MIN (n_datagrams, self->n_datagrams);
  self->n_bytes -= MIN (n_bytes, self->n_bytes);
}

/* Counts a datagram that was delivered. */
static inline void
gudpx_budget_spend (GudpxBudget *self, gsize n_bytes)
{
  gudpx_budget_take (self, 1, n_bytes);
  if (++self->n_unseen >= self->stride)
    gudpx_budget_look (self);
}

G_END_DECLS
