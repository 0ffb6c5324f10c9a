/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gudpx/gudpx.h>

G_BEGIN_DECLS

/* The datagrams that the kernel dropped. It counts messages, of which each may be several datagrams
 * that were joined, and counts with 32 bits. */
typedef struct
{
  guint32 count;      /* the kernel's at the last sample */
  guint64 n_messages; /* received since the port was created */
  guint64 sampled_messages;
  guint64 sampled_datagrams;
} GudpxDrops;

void gudpx_drops_sample (GudpxDrops      *self,
                         guint32          count,
                         GudpxStatistics *statistics);

G_END_DECLS
