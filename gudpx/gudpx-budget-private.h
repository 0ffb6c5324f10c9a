/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Limits what one dispatch of a port may do: datagrams, bytes and time. */
typedef struct
{
  guint n_datagrams; /* left */
  guint next_look;   /* datagrams left when the clock is read next */
  gint64 n_bytes;    /* left */
  gint64 now;        /* when the clock was last read, in µs */
  gint64 deadline;
  guint stride;      /* datagrams from one reading of the clock to the next */
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
