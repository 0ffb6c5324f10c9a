/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tests the parts of receiving that do not need a socket. */

#include <string.h>

#include "gudpx-budget-private.h"
#include "gudpx-drops-private.h"
#include "gudpx-link-private.h"

/* A limit in datagrams, bytes and time: the first one that is reached ends the batch. */
static void
test_budget (void)
{
  const gint64 now = g_get_monotonic_time ();
  GudpxBudget budget;
  guint n;

  gudpx_budget_begin (&budget, now, G_TIME_SPAN_HOUR);
  for (n = 0; !budget.is_spent; n++)
    gudpx_budget_spend (&budget, 1);
  g_assert_cmpuint (n, ==, 1024);

  gudpx_budget_begin (&budget, now, G_TIME_SPAN_HOUR);
  for (n = 0; !budget.is_spent; n++)
    gudpx_budget_spend (&budget, 65536);
  g_assert_cmpuint (n, ==, 32);

  gudpx_budget_begin (&budget, now, 0);
  g_assert_true (budget.is_spent);
  gudpx_budget_begin (&budget, now - G_TIME_SPAN_SECOND, G_TIME_SPAN_MILLISECOND);
  g_assert_false (budget.is_spent);
  gudpx_budget_spend (&budget, 1);
  g_assert_true (budget.is_spent);
}

/* After a slow datagram the clock is read, and also after the next one. */
static void
test_stride (void)
{
  GudpxBudget budget;

  gudpx_budget_begin (&budget, g_get_monotonic_time (), G_TIME_SPAN_HOUR);
  for (guint n = 0; n < 5; n++)
    {
      g_usleep (200);
      gudpx_budget_spend (&budget, 1);
      g_assert_cmpuint (budget.stride, ==, 1);
      g_assert_cmpuint (budget.next_look, ==, budget.n_datagrams - 1);
    }
}

static void
expect_drops (const GudpxStatistics *statistics, guint64 n_messages, guint64 n_datagrams)
{
  g_assert_cmpuint (statistics->kernel_dropped_messages, ==, n_messages);
  g_assert_cmpuint (statistics->kernel_drops, ==, n_datagrams);
}

/* Each message counts as one datagram until joined messages arrive. */
static void
test_drops (void)
{
  GudpxDrops drops = { 0 };
  GudpxStatistics statistics = { 0 };

  gudpx_drops_sample (&drops, 3, &statistics);
  expect_drops (&statistics, 3, 3);

  drops.n_messages += 7;
  statistics.datagrams_received += 7;
  gudpx_drops_sample (&drops, 5, &statistics);
  expect_drops (&statistics, 5, 5);

  /* Uses the mean since the last sample, or of all messages if none arrived. */
  drops.n_messages += 2;
  statistics.datagrams_received += 20;
  gudpx_drops_sample (&drops, 8, &statistics);
  expect_drops (&statistics, 8, 35);
  gudpx_drops_sample (&drops, 9, &statistics);
  expect_drops (&statistics, 9, 38);
}

/* The kernel's counter has 32 bits. */
static void
test_drops_wrap (void)
{
  GudpxDrops drops = { .count = G_MAXUINT32 - 4 };
  GudpxStatistics statistics = { 0 };

  gudpx_drops_sample (&drops, 5, &statistics);
  expect_drops (&statistics, 10, 10);
  gudpx_drops_sample (&drops, 4, &statistics);
  expect_drops (&statistics, 10 + (guint64) G_MAXUINT32, 10 + (guint64) G_MAXUINT32);
}

/* A copy contains the rest, and is independent of the original. */
static void
test_detach (void)
{
  g_autofree char *payload = g_strdup ("onetwothree");
  g_autofree GudpxIncoming *incoming = g_new0 (GudpxIncoming, 3);
  const GudpxBatch batch = { incoming, 3, TRUE, FALSE };
  g_autofree GudpxBatch *rest = NULL;

  incoming[0] = (GudpxIncoming){ .data = (guint8 *) payload, .size = 3 };
  incoming[1] = (GudpxIncoming){ .data = (guint8 *) payload + 3, .size = 8, .original_size = 8 };
  incoming[1].ancillary.segment_size = 3;
  incoming[1].sender.length = 7;
  incoming[2] = (GudpxIncoming){ .data = (guint8 *) payload, .size = 0 };

  rest = gudpx_batch_detach (&batch, 1, 3);
  memset (payload, 'x', strlen (payload));
  memset (incoming, 'x', 3 * sizeof *incoming);
  g_assert_true (rest->is_detached);
  g_assert_true (rest->may_have_more);
  g_assert_cmpuint (rest->n_incoming, ==, 2);
  g_assert_cmpmem (rest->incoming[0].data, rest->incoming[0].size, "three", 5);
  g_assert_cmpuint (rest->incoming[0].ancillary.segment_size, ==, 3);
  g_assert_cmpuint (rest->incoming[0].sender.length, ==, 7);
  g_assert_cmpuint (rest->incoming[1].size, ==, 0);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/receive-parts/budget", test_budget);
  g_test_add_func ("/receive-parts/stride", test_stride);
  g_test_add_func ("/receive-parts/drops", test_drops);
  g_test_add_func ("/receive-parts/drops-wrap", test_drops_wrap);
  g_test_add_func ("/receive-parts/detach", test_detach);

  return g_test_run ();
}
