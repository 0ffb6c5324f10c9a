/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The share of one dispatch: so many datagrams and bytes, and so much time. */
typedef struct
{
  guint n_datagrams;
  guint next_look; /* the clock is looked at when so many datagrams are left */
  gint64 n_bytes;
  gint64 now; /* at the last look, in µs */
  gint64 deadline;
  guint stride; /* datagrams from one look to the next */
  gboolean is_spent;
} GudpxBudget;

void gudpx_budget_begin (GudpxBudget *self,
                         gint64       now,
                         gint64       duration);
void gudpx_budget_look  (GudpxBudget *self);
void gudpx_budget_take  (GudpxBudget *self,
                         gsize        n_bytes);

/* Counts a datagram that was delivered. */
static inline void
gudpx_budget_spend (GudpxBudget *self, gsize n_bytes)
{
  self->n_datagrams--;
  self->n_bytes -= n_bytes;
  if (self->n_datagrams == self->next_look || self->n_bytes <= 0)
    gudpx_budget_look (self);
}

G_END_DECLS
