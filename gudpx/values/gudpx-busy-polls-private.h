/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Decides in which dispatches to read again before the main loop sleeps. After each failed attempt
 * more dispatches do without: 1, 3, 7 and so on. */
typedef struct
{
  guint n_to_skip;
  guint n_skipped;
} GudpxBusyPolls;

#define GUDPX_BUSY_POLLS_MAX_SKIPPED 63

static inline gboolean
gudpx_busy_polls_is_due (GudpxBusyPolls *self)
{
  if (self->n_skipped >= self->n_to_skip)
    return TRUE;

  self->n_skipped++;
  return FALSE;
}

/* Notes an attempt. @has_paid: it found datagrams. */
static inline void
gudpx_busy_polls_learn (GudpxBusyPolls *self, gboolean has_paid)
{
  self->n_to_skip = has_paid ? 0 : MIN (self->n_to_skip * 2 + 1, GUDPX_BUSY_POLLS_MAX_SKIPPED);
  self->n_skipped = 0;
}

G_END_DECLS
