/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "gudpx-statistics-private.h"

G_DEFINE_BOXED_TYPE (GudpxStatistics,
                     gudpx_statistics,
                     gudpx_statistics_copy,
                     gudpx_statistics_free)

/**
 * gudpx_statistics_copy:
 * @self: the statistics to copy
 *
 * Copies the statistics.
 *
 * Returns: (transfer full): a copy
 *
 * Since: 1.0
 */
GudpxStatistics *
gudpx_statistics_copy (const GudpxStatistics *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return g_memdup2 (self, sizeof *self);
}

/**
 * gudpx_statistics_free:
 * @self: (transfer full): the statistics to free
 *
 * Frees the statistics.
 *
 * Since: 1.0
 */
void
gudpx_statistics_free (GudpxStatistics *self)
{
  g_free (self);
}

/* Adds @statistics to @sum. All fields are counters except the peak, of which the larger counts. */
void
gudpx_statistics_add (GudpxStatistics *sum, const GudpxStatistics *statistics)
{
  const guint64 peak = MAX (sum->send_queue_peak, statistics->send_queue_peak);
  guint64 *counters = (guint64 *) sum;
  const guint64 *more = (const guint64 *) statistics;

  G_STATIC_ASSERT (sizeof (GudpxStatistics) % sizeof (guint64) == 0);
  for (gsize i = 0; i < sizeof *sum / sizeof *counters; i++)
    counters[i] += more[i];
  sum->send_queue_peak = peak;
}
