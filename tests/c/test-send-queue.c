/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "gudpx/gudpx-send-queue-private.h"

static void
push (GudpxSendQueue *queue, const char *payload)
{
  const GOutputVector vector = { payload, strlen (payload) };

  gudpx_send_queue_push (queue, &(GudpxOutgoing){ &vector, 1, NULL, NULL });
}

static void
pop (GudpxSendQueue *queue, const char *expected)
{
  g_autoptr (GudpxQueuedDatagram) entry = gudpx_send_queue_pop (queue);

  g_assert_nonnull (entry);
  g_assert_cmpmem (entry->vector.buffer, entry->vector.size, expected, strlen (expected));
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
  g_assert_null (gudpx_send_queue_pop (&queue));
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
  g_autoptr (GudpxQueuedDatagram) entry = NULL;

  gudpx_send_queue_init (&queue);
  push (&queue, "before");
  gudpx_send_queue_push_bytes (&queue, &(GudpxOutgoing){ 0 }, bytes, task);
  push (&queue, "after");
  entry = gudpx_send_queue_remove (&queue, task);
  g_assert_nonnull (entry);
  g_assert_null (gudpx_send_queue_remove (&queue, task));
  pop (&queue, "before");
  pop (&queue, "after");
  g_assert_cmpuint (queue.size, ==, 0);
  g_task_return_boolean (task, TRUE);
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/send-queue/order", test_order);
  g_test_add_func ("/send-queue/limit", test_limit);
  g_test_add_func ("/send-queue/remove", test_remove);

  return g_test_run ();
}
