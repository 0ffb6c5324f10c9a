/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "gudpx-send-queue-private.h"

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
  g_assert_cmpuint (gudpx_send_queue_peek (&queue.runs, outgoing, 2), ==, 2);
  g_assert_cmpuint (gudpx_outgoing_get_size (&outgoing[0]), ==, 3);
  g_assert_cmpuint (gudpx_outgoing_get_size (&outgoing[1]), ==, 0);
  pop (&queue, "one");
  pop (&queue, "");
  pop (&queue, "three");
  g_assert_null (gudpx_send_queue_get_first (&queue));
  g_assert_cmpuint (queue.size, ==, 0);
}

/* The limit of the queue includes the cost of each datagram. The size never exceeds the limit, even
 * for sizes near the maximum. */
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
  gudpx_send_queue_push_bytes (&queue, NULL, &(GudpxOutgoing){ 0 }, bytes, task);
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

/* A run ends with a shorter or an empty datagram, at another destination, and at its maximum
 * size. */
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
  g_assert_cmpuint (gudpx_send_queue_peek (&queue.runs, outgoing, 8), ==, 6);
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

/* The queue returns all payloads in order, wherever they are stored. */
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
  n = gudpx_send_queue_peek (&queue.runs, outgoing, G_N_ELEMENTS (outgoing));
  for (guint i = 0; i < n; i++)
    {
      g_assert_cmpuint (outgoing[i].n_datagrams, <=, GUDPX_LINK_MAX_RUN);
      g_assert_cmpuint (outgoing[i].vectors->size, <=, GUDPX_LINK_MAX_RUN_SIZE);
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

static GudpxNativeAddress
make_address (guint16 number)
{
  GudpxNativeAddress native = { .length = sizeof native.u.in, .u.in.sin_family = AF_INET };

  native.u.in.sin_port = htons (number);
  return native;
}

static void
push_to (GudpxSendQueue *queue, const char *payload, guint16 number)
{
  const GudpxNativeAddress address = make_address (number);
  const GOutputVector vector = { payload, strlen (payload) };
  const GudpxOutgoing outgoing = { .vectors = &vector, .n_vectors = 1, .destination = &address };
  GudpxHeldDestination *held = gudpx_send_queue_lookup_held (queue, &address);

  if (held != NULL)
    gudpx_send_queue_push_held (queue, held, &outgoing);
  else
    gudpx_send_queue_push (queue, &outgoing, vector.size);
}

static void
check_runs (const GQueue *runs, const char *expected)
{
  g_autoptr (GString) payloads = g_string_new (NULL);

  for (GList *l = runs->head; l != NULL; l = l->next)
    {
      GudpxQueuedRun *run = l->data;

      g_string_append_len (payloads, run->vector.buffer, (gssize) run->vector.size);
    }
  g_assert_cmpstr (payloads->str, ==, expected);
}

static void
drop_held (GudpxSendQueue *queue, GudpxHeldDestination *held)
{
  GudpxQueuedRun *run;

  while ((run = g_queue_peek_head (&held->runs)) != NULL)
    gudpx_send_queue_discard (queue, run, run->n_datagrams);
  gudpx_send_queue_let_go (queue, held);
}

/* Datagrams of a held destination wait separately and in order. The others keep their order and are
 * still joined. */
static void
test_held (void)
{
  const GudpxNativeAddress address = make_address (1);
  GudpxSendQueue queue = { 0 };
  GudpxHeldDestination *held;
  GudpxOutgoing outgoing[8];
  gsize size;

  gudpx_send_queue_init (&queue);
  push_to (&queue, "a", 1);
  push_to (&queue, "b", 1);
  push_to (&queue, "x", 2);
  push_to (&queue, "c", 1);
  push_to (&queue, "y", 3);
  size = queue.size;
  held = gudpx_send_queue_hold (&queue, &address);
  check_runs (&queue.runs, "xy");
  check_runs (&held->runs, "abc");
  g_assert_cmpuint (queue.size, ==, size);
  g_assert_cmpuint (queue.n_held_datagrams, ==, 3);
  g_assert_cmpuint (queue.held_size, ==, gudpx_send_queue_get_cost (3, 3));
  g_assert_cmpuint (gudpx_send_queue_get_oldest_serial (&queue), ==, 1);

  push_to (&queue, "d", 1);
  push_to (&queue, "z", 3);
  push_to (&queue, "e", 1);
  push_to (&queue, "w", 3);
  check_runs (&queue.runs, "xyzw");
  check_runs (&held->runs, "abcde");
  g_assert_cmpuint (gudpx_send_queue_peek (&queue.runs, outgoing, 8), ==, 2);
  g_assert_cmpuint (outgoing[1].n_datagrams, ==, 3);
  g_assert_cmpuint (gudpx_send_queue_peek (&held->runs, outgoing, 8), ==, 4);
  for (guint i = 0; i < 4; i++)
    g_assert_true (gudpx_native_address_equal (outgoing[i].destination, &address));
  g_assert_true (gudpx_send_queue_find (&queue, NULL) == held->runs.head->data);

  /* Removes datagrams from both ends. */
  gudpx_send_queue_discard (&queue, held->runs.head->data, 1);
  gudpx_send_queue_discard_last (&queue, held->runs.tail->data);
  check_runs (&held->runs, "bcd");
  g_assert_cmpuint (gudpx_send_queue_get_oldest_serial (&queue), ==, 2);
  g_assert_false (gudpx_send_queue_has_only_held (&queue));
  while (!gudpx_send_queue_has_only_held (&queue))
    gudpx_send_queue_discard (&queue, gudpx_send_queue_get_first (&queue), 1);
  g_assert_false (gudpx_send_queue_is_empty (&queue));
  drop_held (&queue, held);
  g_assert_true (gudpx_send_queue_is_empty (&queue));
  g_assert_cmpuint (queue.size + queue.held_size + queue.n_held_datagrams, ==, 0);
  g_assert_null (gudpx_send_queue_lookup_held (&queue, &address));
  g_assert_cmpuint (gudpx_send_queue_get_oldest_serial (&queue), ==, G_MAXUINT64);
}

/* A run that became the last one because the next run is held gets no further payloads: they would
 * not be contiguous. */
static void
test_held_tail (void)
{
  const GudpxNativeAddress address = make_address (1);
  GudpxSendQueue queue = { 0 };
  GudpxHeldDestination *held;

  gudpx_send_queue_init (&queue);
  push_to (&queue, "x", 2);
  push_to (&queue, "a", 1);
  held = gudpx_send_queue_hold (&queue, &address);
  push_to (&queue, "y", 2);
  push_to (&queue, "z", 2);
  check_runs (&queue.runs, "xyz");
  check_runs (&held->runs, "a");
  drop_held (&queue, held);
  while (!gudpx_send_queue_is_empty (&queue))
    gudpx_send_queue_discard (&queue, gudpx_send_queue_get_first (&queue), 1);
}

/* Datagrams that wait for long do not keep a block that may also contain other payloads. */
static void
test_held_memory (void)
{
  const GudpxNativeAddress address = make_address (1);
  GudpxSendQueue queue = { 0 };
  GudpxHeldDestination *held;

  gudpx_send_queue_init (&queue);
  push_to (&queue, "a", 1);
  push_to (&queue, "b", 1);
  g_assert_nonnull (queue.block);
  held = gudpx_send_queue_hold (&queue, &address);
  g_assert_null (queue.block);
  push_to (&queue, "c", 1);
  g_assert_null (queue.block);
  check_runs (&held->runs, "abc");
  drop_held (&queue, held);
}

/* Removes the last datagram of a run, which may be shorter than the others. */
static void
test_discard_last (void)
{
  GudpxSendQueue queue = { 0 };
  GudpxQueuedRun *run;

  gudpx_send_queue_init (&queue);
  push (&queue, "ab");
  push (&queue, "cd");
  push (&queue, "e");
  run = gudpx_send_queue_get_first (&queue);
  g_assert_cmpuint (gudpx_send_queue_discard_last (&queue, run), ==, 1);
  check_runs (&queue.runs, "abcd");
  g_assert_cmpuint (gudpx_send_queue_discard_last (&queue, run), ==, 2);
  g_assert_cmpuint (gudpx_queued_run_get_first_serial (run), ==, 1);
  g_assert_cmpuint (queue.size, ==, gudpx_send_queue_get_cost (2, 1));
  push (&queue, "fg");
  pop (&queue, "ab");
  pop (&queue, "fg");
  g_assert_true (gudpx_send_queue_is_empty (&queue));
}

/* A held destination may use a quarter of the queue, all of them together half of it. The rest is
 * for the others. */
static void
test_held_room (void)
{
  GudpxSendQueue queue = { 0 };
  GudpxHeldDestination *held[4];
  guint n = 0;

  gudpx_send_queue_init (&queue);
  gudpx_send_queue_set_limit (&queue, 40000);
  for (guint i = 0; i < G_N_ELEMENTS (held); i++)
    {
      const GudpxNativeAddress address = make_address (i + 1);

      held[i] = gudpx_send_queue_hold (&queue, &address);
      while (gudpx_send_queue_has_room_for_held (&queue, held[i], 100))
        {
          push_to (&queue, "x", i + 1);
          g_assert_cmpuint (++n, <, 1000);
        }
      g_assert_cmpuint (held[i]->size, <=, 10000);
      g_assert_cmpuint (queue.held_size, <=, 20000);
    }
  g_assert_cmpuint (held[0]->size, >, 9000);
  g_assert_cmpuint (held[1]->size, >, 9000);
  g_assert_false (gudpx_send_queue_has_room_for_held (&queue, held[3], G_MAXSIZE));
  g_assert_true (gudpx_send_queue_has_room (&queue, 19000));

  /* Datagrams of pending operations may exceed the limit. The room of the others stays the same. */
  for (guint i = 0; i < 200; i++)
    push_to (&queue, "x", 1);
  g_assert_cmpuint (queue.held_size, >, 40000);
  g_assert_true (gudpx_send_queue_has_room (&queue, 19000));
  gudpx_send_queue_set_limit (&queue, 4000);
  g_assert_true (gudpx_send_queue_has_room (&queue, 1000));
  g_assert_false (gudpx_send_queue_has_room (&queue, 2000));

  for (guint i = 0; i < G_N_ELEMENTS (held); i++)
    drop_held (&queue, held[i]);
  g_assert_cmpuint (queue.size + queue.excess_size, ==, 0);

  /* A single datagram always fits, if it fits into the half. */
  held[0] = gudpx_send_queue_hold (&queue, &(GudpxNativeAddress){ .length = 2 });
  g_assert_true (gudpx_send_queue_has_room_for_held (&queue, held[0], 1500));
  g_assert_false (gudpx_send_queue_has_room_for_held (&queue, held[0], 2000));
  drop_held (&queue, held[0]);
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
  g_test_add_func ("/send-queue/held", test_held);
  g_test_add_func ("/send-queue/held-tail", test_held_tail);
  g_test_add_func ("/send-queue/held-memory", test_held_memory);
  g_test_add_func ("/send-queue/discard-last", test_discard_last);
  g_test_add_func ("/send-queue/held-room", test_held_room);

  return g_test_run ();
}
