/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "gudpx/gudpx-send-queue-private.h"

static void
push (GudpxSendQueue *queue, const char *payload)
{
  const GOutputVector vector = { payload, strlen (payload) };

  gudpx_send_queue_push (queue, &(GudpxOutgoing){ .vectors = &vector, .n_vectors = 1 },
                         vector.size);
}

static void
pop (GudpxSendQueue *queue, const char *expected)
{
  GudpxQueuedRun *run = gudpx_send_queue_get_first (queue);

  g_assert_nonnull (run);
  g_assert_cmpmem (run->vector.buffer, gudpx_queued_run_get_first_size (run), expected,
                   strlen (expected));
  g_assert_cmpuint (gudpx_send_queue_discard (queue, run, 1), ==, strlen (expected));
}

static void
test_order (void)
{
  GudpxSendQueue queue = { 0 };
  GudpxOutgoing outgoing[2];

  gudpx_send_queue_init (&queue);
  g_assert_true (gudpx_send_queue_is_empty (&queue));
  push (&queue, "one");
  push (&queue, "");
  push (&queue, "three");
  g_assert_cmpuint (gudpx_send_queue_peek (&queue, outgoing, 2), ==, 2);
  g_assert_cmpuint (gudpx_outgoing_get_size (&outgoing[0]), ==, 3);
  g_assert_cmpuint (gudpx_outgoing_get_size (&outgoing[1]), ==, 0);
  pop (&queue, "one");
  pop (&queue, "");
  pop (&queue, "three");
  g_assert_null (gudpx_send_queue_get_first (&queue));
  g_assert_cmpuint (queue.size, ==, 0);
}

/* Never over the limit, with the cost of each counted, and without overflow. */
static void
test_limit (void)
{
  GudpxSendQueue queue = { 0 };
  guint n = 0;

  gudpx_send_queue_init (&queue);
  queue.limit = 10000;
  while (gudpx_send_queue_has_room (&queue, 0))
    {
      push (&queue, "");
      g_assert_cmpuint (queue.size, <=, queue.limit);
      n++;
    }
  g_assert_cmpuint (n, <, 10000);
  g_assert_false (gudpx_send_queue_has_room (&queue, G_MAXSIZE));
  g_assert_false (gudpx_send_queue_has_room (&queue, G_MAXSIZE - 8));
  while (n-- > 0)
    pop (&queue, "");
  g_assert_cmpuint (queue.size, ==, 0);
}

static void
test_remove (void)
{
  GudpxSendQueue queue = { 0 };
  g_autoptr (GTask) task = g_task_new (NULL, NULL, NULL, NULL);
  g_autoptr (GBytes) bytes = g_bytes_new_static ("bytes", 5);

  gudpx_send_queue_init (&queue);
  push (&queue, "before");
  gudpx_send_queue_push_bytes (&queue, &(GudpxOutgoing){ 0 }, bytes, task);
  push (&queue, "after");
  gudpx_send_queue_discard (&queue, gudpx_send_queue_find (&queue, task), 1);
  g_assert_null (gudpx_send_queue_find (&queue, task));
  pop (&queue, "before");
  pop (&queue, "after");
  g_assert_cmpuint (queue.size, ==, 0);
  g_task_return_boolean (task, TRUE);
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

/* A run ends with a shorter one, an empty one, another way, and where it is as long as may be. */
static void
test_runs (void)
{
  GudpxNativeAddress other = { .length = sizeof other.u.in, .u.in.sin_family = AF_INET };
  const GOutputVector elsewhere = { "ef", 2 };
  GudpxSendQueue queue = { 0 };
  GudpxOutgoing outgoing[8];

  gudpx_send_queue_init (&queue);
  push (&queue, "ab");
  push (&queue, "cd");
  push (&queue, "e");
  push (&queue, "f");
  push (&queue, "gh");
  push (&queue, "");
  push (&queue, "ij");
  gudpx_send_queue_push (
      &queue,
      &(GudpxOutgoing){ .vectors = &elsewhere, .n_vectors = 1, .destination = &other },
      elsewhere.size);
  g_assert_cmpuint (gudpx_send_queue_peek (&queue, outgoing, 8), ==, 6);
  g_assert_cmpuint (outgoing[0].n_datagrams, ==, 3);
  g_assert_cmpuint (outgoing[0].segment_size, ==, 2);
  g_assert_cmpmem (outgoing[0].vectors->buffer, outgoing[0].vectors->size, "abcde", 5);
  for (guint i = 1; i < 6; i++)
    g_assert_cmpuint (outgoing[i].n_datagrams, ==, 1);
  g_assert_nonnull (outgoing[5].destination);

  pop (&queue, "ab");
  g_assert_cmpuint (gudpx_queued_run_get_first_serial (gudpx_send_queue_get_first (&queue)), ==, 2);
  pop (&queue, "cd");
  pop (&queue, "e");
  pop (&queue, "f");
  pop (&queue, "gh");
  pop (&queue, "");
  pop (&queue, "ij");
  pop (&queue, "ef");
  g_assert_cmpuint (queue.size, ==, 0);
  g_assert_true (gudpx_send_queue_is_empty (&queue));
}

/* Whatever lies where, what comes out is what went in. */
static void
test_long_runs (void)
{
  g_autofree char *payload = g_strnfill (1400, 'x');
  GudpxSendQueue queue = { 0 };
  GudpxOutgoing outgoing[64];
  guint n;
  guint n_datagrams = 0;

  gudpx_send_queue_init (&queue);
  for (guint i = 0; i < 300; i++)
    {
      payload[0] = 'a' + i % 26;
      push (&queue, payload);
    }
  n = gudpx_send_queue_peek (&queue, outgoing, G_N_ELEMENTS (outgoing));
  for (guint i = 0; i < n; i++)
    {
      g_assert_cmpuint (outgoing[i].n_datagrams, <=, GUDPX_IO_MAX_RUN);
      g_assert_cmpuint (outgoing[i].vectors->size, <=, GUDPX_IO_MAX_RUN_SIZE);
      n_datagrams += outgoing[i].n_datagrams;
    }
  g_assert_cmpuint (n_datagrams, ==, 300);
  g_assert_cmpuint (n, <=, 7);

  for (guint i = 0; i < 300; i++)
    {
      payload[0] = 'a' + i % 26;
      pop (&queue, payload);
    }
  g_assert_null (gudpx_send_queue_get_first (&queue));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/send-queue/order", test_order);
  g_test_add_func ("/send-queue/limit", test_limit);
  g_test_add_func ("/send-queue/remove", test_remove);
  g_test_add_func ("/send-queue/runs", test_runs);
  g_test_add_func ("/send-queue/long-runs", test_long_runs);

  return g_test_run ();
}
