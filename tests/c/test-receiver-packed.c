/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tests the packed datagrams of a receiver, with a link whose batches the test writes. */

#include <string.h>

#include "gudpx-receiver-private.h"

#include "scripted-link.h"

#define MAX_SIZE 1000
#define NOW (1000 * G_TIME_SPAN_SECOND)
#define MS G_TIME_SPAN_MILLISECOND

typedef struct
{
  GudpxStatistics statistics;
  GudpxReports reports;
  GudpxReceiver receiver;
  GudpxBudget budget;
  ScriptedLink link;
} Fixture;

/* The link has one batch: “aa” and “b” joined from the port 1, “ccc” from 2, “dd” from 1. */
static void
set_up (Fixture *self, gconstpointer data)
{
  GudpxIncoming incoming[] = { scripted_incoming ("aab", 1), scripted_incoming ("ccc", 2),
                               scripted_incoming ("dd", 1) };

  incoming[0].ancillary.segment_size = 2;
  scripted_link_init (&self->link, &self->statistics);
  gudpx_reports_init (&self->reports, &self->statistics);
  gudpx_receiver_init (&self->receiver, &self->reports, &self->statistics);
  gudpx_receiver_start (&self->receiver);
  gudpx_budget_begin (&self->budget, NOW, G_TIME_SPAN_HOUR);
  scripted_link_will_give (&self->link, incoming, G_N_ELEMENTS (incoming));
  g_assert_true (gudpx_receiver_read (&self->receiver, &self->link.parent, MAX_SIZE, NOW));
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  gudpx_receiver_drop (&self->receiver, &self->link.parent);
  gudpx_receiver_clear (&self->receiver);
  scripted_link_clear (&self->link);
}

static void
pack (Fixture *self, guint limit)
{
  gudpx_receiver_pack (&self->receiver, &self->link.parent, MAX_SIZE, limit, &self->budget);
}

static void
connect_to (Fixture *self, guint16 port)
{
  const GudpxNativeAddress peer = scripted_address (port);

  gudpx_link_set_peer (&self->link.parent, &peer);
}

/* Takes all packed datagrams, and keeps those after the first @n_taken. @expected has for each a
 * payload, a colon, the number of its peer and a space. */
static void
expect_packed (Fixture *self, const char *expected, guint n_taken)
{
  GudpxPacked *packed = gudpx_receiver_get_packed (&self->receiver);
  g_autoptr (GByteArray) payloads = NULL;
  g_autoptr (GByteArray) index = NULL;
  g_autoptr (GString) found = g_string_new (NULL);
  gsize offset = 0;

  gudpx_packed_take (packed, &payloads, &index);
  for (gsize i = 0; i < index->len / sizeof (GudpxPackedEntry); i++)
    {
      const GudpxPackedEntry entry = gudpx_packed_get_entry (index->data, i);

      g_string_append_len (found, (const char *) payloads->data + offset, entry.size);
      g_string_append_printf (found, ":%u ", entry.peer);
      offset += entry.size;
    }
  g_assert_cmpstr (found->str, ==, expected);
  g_assert_cmpuint (payloads->len, ==, offset);
  if (n_taken < index->len / sizeof (GudpxPackedEntry))
    gudpx_packed_keep (packed, payloads, index, n_taken);
}

/* Packs as many as the limit allows. The batch has the rest. */
static void
test_pack (Fixture *self, gconstpointer data)
{
  pack (self, 3);
  expect_packed (self, "aa:1 b:1 ccc:2 ", 3);
  g_assert_cmpuint (self->link.n_batches, ==, 1);
  pack (self, 3);
  expect_packed (self, "dd:1 ", 1);
  g_assert_cmpuint (self->link.n_batches, ==, 0);
  g_assert_false (gudpx_receiver_has_undelivered (&self->receiver));
  g_assert_cmpuint (self->statistics.datagrams_received, ==, 4);
}

/* The protocol took one of three. The other two come again before the rest of the batch. */
static void
test_keep_rest (Fixture *self, gconstpointer data)
{
  pack (self, 3);
  expect_packed (self, "aa:1 b:1 ccc:2 ", 1);
  g_assert_true (gudpx_receiver_has_undelivered (&self->receiver));
  pack (self, 3);
  expect_packed (self, "b:1 ccc:2 ", 2);
  pack (self, 3);
  expect_packed (self, "dd:1 ", 1);
}

/* A nested main loop packs more while the protocol still has the first ones. */
static void
test_keep_before_later (Fixture *self, gconstpointer data)
{
  GudpxPacked *packed = gudpx_receiver_get_packed (&self->receiver);
  g_autoptr (GByteArray) payloads = NULL;
  g_autoptr (GByteArray) index = NULL;

  pack (self, 2);
  gudpx_packed_take (packed, &payloads, &index);
  pack (self, 1);
  gudpx_packed_keep (packed, payloads, index, 1);
  expect_packed (self, "b:1 ccc:2 ", 2);
}

/* A protocol that refuses gets the same again after 1, 2, 4, 8, 16 and 16 ms. */
static void
test_refuse (Fixture *self, gconstpointer data)
{
  gint64 now = NOW;

  pack (self, 4);
  for (guint n = 0, delay = 1; n < 7; n++, delay = MIN (2 * delay, 16))
    {
      expect_packed (self, "aa:1 b:1 ccc:2 dd:1 ", 0);
      gudpx_receiver_redeliver_later (&self->receiver, now);
      now += delay * MS;
      g_assert_cmpint (gudpx_receiver_get_wants (&self->receiver, TRUE).time, ==, now);
      g_assert_cmpint (gudpx_receiver_get_wants (&self->receiver, TRUE).condition, ==, 0);
      gudpx_receiver_end_wait (&self->receiver, now);
    }
  gudpx_receiver_delivered (&self->receiver);
  gudpx_receiver_redeliver_later (&self->receiver, now);
  g_assert_cmpint (gudpx_receiver_get_wants (&self->receiver, TRUE).time, ==, now + MS);
}

/* The port is connected while packed datagrams wait. Datagrams of strangers are dropped. */
static void
test_filter (Fixture *self, gconstpointer data)
{
  pack (self, 3);
  connect_to (self, 1);
  pack (self, 3);
  expect_packed (self, "aa:1 b:1 ", 2);
  g_assert_cmpuint (self->statistics.receive_drops, ==, 1);

  connect_to (self, 2);
  pack (self, 3);
  expect_packed (self, "", 0);
  g_assert_cmpuint (self->statistics.receive_drops, ==, 2);
}

/* A budget ends the batch before its limit. */
static void
test_budget (Fixture *self, gconstpointer data)
{
  gudpx_budget_begin (&self->budget, NOW, 0);
  pack (self, 3);
  expect_packed (self, "", 0);
  g_assert_cmpuint (self->link.n_batches, ==, 1);
}

/* A stop drops packed datagrams and the rest of the batch. Peers are forgotten on demand. */
static void
test_drop (Fixture *self, gconstpointer data)
{
  GudpxPacked *packed = gudpx_receiver_get_packed (&self->receiver);
  const GudpxNativeAddress second = scripted_address (2);

  pack (self, 3);
  g_assert_true (
      gudpx_native_address_equal (gudpx_packed_get_native_peer (packed, 2), &second));
  gudpx_receiver_drop (&self->receiver, &self->link.parent);
  g_assert_cmpuint (self->statistics.receive_drops, ==, 4);
  g_assert_false (gudpx_receiver_has_undelivered (&self->receiver));

  gudpx_packed_forget_peers (packed);
  g_assert_null (gudpx_packed_get_native_peer (packed, 2));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

#define add(path, func)                                                                            \
  g_test_add ("/receiver-packed/" path, Fixture, NULL, set_up, func, tear_down)
  add ("pack", test_pack);
  add ("keep-rest", test_keep_rest);
  add ("keep-before-later", test_keep_before_later);
  add ("refuse", test_refuse);
  add ("filter", test_filter);
  add ("budget", test_budget);
  add ("drop", test_drop);
  return g_test_run ();
}
