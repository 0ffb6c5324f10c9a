/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "gudpx-drops-private.h"

/* Returns the mean number of datagrams in a message, since the last sample or else of all. */
static double
get_mean (const GudpxDrops *self, guint64 n_datagrams)
{
  const guint64 n_messages = self->n_messages - self->sampled_messages;

  if (n_messages > 0)
    return (double) (n_datagrams - self->sampled_datagrams) / n_messages;

  return self->n_messages > 0 ? (double) n_datagrams / self->n_messages : 1;
}

/* Adds the drops since the last sample to @statistics. @count is the kernel's count. */
void
gudpx_drops_sample (GudpxDrops *self, guint32 count, GudpxStatistics *statistics)
{
  const guint32 n_dropped = count - self->count;
  const double mean = get_mean (self, statistics->datagrams_received);

  statistics->kernel_dropped_messages += n_dropped;
  statistics->kernel_drops += (guint64) (n_dropped * mean + 0.5);
  self->count = count;
  self->sampled_messages = self->n_messages;
  self->sampled_datagrams = statistics->datagrams_received;
}
