/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gudpx/gudpx.h>

G_BEGIN_DECLS

/* Estimates how many datagrams the kernel dropped. The kernel counts messages, with 32 bits, and a
 * message may be several datagrams that were joined. */
typedef struct
{
  guint32 count;      /* the kernel's count at the last sample */
  guint64 n_messages; /* received since the port was created */
  guint64 sampled_messages;
  guint64 sampled_datagrams;
} GudpxDrops;

/* Begins with a new link, of which the kernel has dropped nothing. */
static inline void
gudpx_drops_restart (GudpxDrops *self)
{
  self->count = 0;
}

static inline void
gudpx_drops_count_messages (GudpxDrops *self, guint n_messages)
{
  self->n_messages += n_messages;
}

void gudpx_drops_sample (GudpxDrops      *self,
                         guint32          count,
                         GudpxStatistics *statistics);

G_END_DECLS
