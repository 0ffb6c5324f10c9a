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
  guint call_limit; /* datagrams that one call of a handler may get, learned from earlier calls */
} GudpxBudget;

void gudpx_budget_init  (GudpxBudget *self);
void gudpx_budget_begin (GudpxBudget *self,
                         gint64       now,
                         gint64       duration);
void gudpx_budget_look  (GudpxBudget *self);
void gudpx_budget_take  (GudpxBudget *self,
                         gsize        n_bytes);

void gudpx_budget_learn (GudpxBudget *self,
                         guint        n_datagrams,
                         gint64       duration,
                         guint        max);

static inline gboolean
gudpx_budget_is_spent (const GudpxBudget *self)
{
  return self->is_spent;
}

/* Returns the time when the clock was last read, in µs. */
static inline gint64
gudpx_budget_get_now (const GudpxBudget *self)
{
  return self->now;
}

static inline gint64
gudpx_budget_get_deadline (const GudpxBudget *self)
{
  return self->deadline;
}

/* Returns the number of datagrams that the dispatch may still deliver. */
static inline guint
gudpx_budget_get_left (const GudpxBudget *self)
{
  return self->n_datagrams;
}

static inline guint
gudpx_budget_get_call_limit (const GudpxBudget *self)
{
  return self->call_limit;
}

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
