/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tests the receiver with a link whose results the test writes. Time is an argument. */

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
  ScriptedLink link;
} Fixture;

static void
set_up (Fixture *self, gconstpointer data)
{
  scripted_link_init (&self->link, &self->statistics);
  gudpx_reports_init (&self->reports, &self->statistics);
  gudpx_receiver_init (&self->receiver, &self->reports, &self->statistics);
  gudpx_receiver_start (&self->receiver);
}

static void
expect_report (Fixture *self, GudpxReportKind kind, int errsv)
{
  g_autoptr (GudpxReport) report = gudpx_reports_take (&self->reports);

  g_assert_nonnull (report);
  g_assert_cmpint (report->kind, ==, kind);
  g_assert_cmpint (report->error.errsv, ==, errsv);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  g_assert_cmpuint (gudpx_reports_get_length (&self->reports), ==, 0);
  gudpx_receiver_drop (&self->receiver, &self->link.parent);
  gudpx_receiver_clear (&self->receiver);
  scripted_link_clear (&self->link);
}

static void
connect_to (Fixture *self, guint16 port)
{
  const GudpxNativeAddress peer = scripted_address (port);

  gudpx_link_set_peer (&self->link.parent, &peer);
}

static gboolean
read_batch (Fixture *self, gint64 now)
{
  return gudpx_receiver_read (&self->receiver, &self->link.parent, MAX_SIZE, now);
}

/* Takes the next datagram, which must be @payload; NULL: there must be none. */
static void
expect_next (Fixture *self, const char *payload)
{
  GudpxSegment segment;

  if (!gudpx_receiver_next (&self->receiver, &self->link.parent, MAX_SIZE, &segment))
    {
      g_assert_null (payload);
      return;
    }
  g_assert_nonnull (payload);
  g_assert_cmpmem (segment.payload, segment.kept_size, payload, strlen (payload));
  gudpx_receiver_take (&self->receiver, &self->link.parent, &segment);
}

static void
expect_wants (Fixture *self, GIOCondition condition, gint64 time)
{
  const GudpxWants wants = gudpx_receiver_get_wants (&self->receiver, TRUE);

  g_assert_cmpint (wants.condition, ==, condition);
  g_assert_cmpint (wants.time, ==, time);
}

/* Gives a batch of @n messages from the ports 1, 2 and so on: “1”, “2”. */
static void
give (Fixture *self, guint n)
{
  static const char *payloads[] = { "1", "2", "3", "4" };
  GudpxIncoming incoming[G_N_ELEMENTS (payloads)];

  g_assert_cmpuint (n, <=, G_N_ELEMENTS (payloads));
  for (guint i = 0; i < n; i++)
    incoming[i] = scripted_incoming (payloads[i], i + 1);
  scripted_link_will_give (&self->link, incoming, n);
}

/* An idle link is polled. */
static void
test_idle (Fixture *self, gconstpointer data)
{
  g_assert_false (read_batch (self, NOW));
  expect_wants (self, G_IO_IN, -1);
  g_assert_false (gudpx_receiver_waits (&self->receiver));
  g_assert_cmpuint (self->statistics.errors, ==, 0);
}

/* A receive that fails for good is reported once, and tried again after 1, 2, 4 … 64 ms. */
static void
test_fails_for_good (Fixture *self, gconstpointer data)
{
  const int errsv = GPOINTER_TO_INT (data);
  gint64 now = NOW;

  self->link.receive_errsv = errsv;
  for (guint n = 0, delay = 1; n < 10; n++, delay = MIN (2 * delay, 64))
    {
      g_assert_false (read_batch (self, now));
      expect_wants (self, 0, now + delay * MS);
      gudpx_receiver_end_wait (&self->receiver, now + delay * MS - 1);
      g_assert_true (gudpx_receiver_waits (&self->receiver));

      now += delay * MS;
      gudpx_receiver_end_wait (&self->receiver, now);
      expect_wants (self, G_IO_IN, -1);
    }
  expect_report (self, GUDPX_REPORT_RECEIVE_FAILED, errsv);
  g_assert_cmpuint (self->statistics.errors, ==, 1);
}

/* After a receive that worked, the next failure is reported again, and its delay is short. */
static void
test_recovers (Fixture *self, gconstpointer data)
{
  for (guint i = 0; i < 2; i++)
    {
      scripted_link_will_fail (&self->link, EIO);
      scripted_link_will_fail (&self->link, ENOMEM);
      g_assert_false (read_batch (self, NOW));
      g_assert_false (read_batch (self, NOW));
      expect_wants (self, 0, NOW + 2 * MS);
      expect_report (self, GUDPX_REPORT_RECEIVE_FAILED, EIO);
      gudpx_receiver_end_wait (&self->receiver, NOW + 2 * MS);

      if (i == 0)
        give (self, 1);
      g_assert_true (read_batch (self, NOW) == (i == 0));
      expect_next (self, i == 0 ? "1" : NULL);
      expect_wants (self, G_IO_IN, -1);
    }
  g_assert_cmpuint (self->statistics.errors, ==, 2);
}

/* An error of an earlier datagram is not one of receiving. take_error tells it. */
static void
test_earlier_error (Fixture *self, gconstpointer data)
{
  scripted_link_will_fail (&self->link, ECONNREFUSED);
  g_assert_false (read_batch (self, NOW));
  expect_wants (self, 0, NOW + MS);
  g_assert_cmpuint (self->statistics.errors, ==, 0);
}

/* A batch goes back to the link after its last datagram. */
static void
test_batches (Fixture *self, gconstpointer data)
{
  give (self, 1);
  give (self, 3);

  g_assert_true (read_batch (self, NOW));
  g_assert_true (gudpx_receiver_may_have_more (&self->receiver));
  g_assert_cmpuint (self->link.n_batches, ==, 1);
  expect_next (self, "1");
  g_assert_cmpuint (self->link.n_batches, ==, 0);
  g_assert_false (gudpx_receiver_has_undelivered (&self->receiver));

  g_assert_true (read_batch (self, NOW));
  g_assert_false (gudpx_receiver_may_have_more (&self->receiver));
  expect_next (self, "1");
  expect_next (self, "2");
  g_assert_cmpuint (self->link.n_batches, ==, 1);
  expect_next (self, "3");
  expect_next (self, NULL);
  g_assert_cmpuint (self->statistics.datagrams_received, ==, 4);
  g_assert_cmpuint (self->statistics.bytes_received, ==, 4);
}

static GudpxIncoming
make_joined (const char *payload, guint16 sender, gsize segment_size)
{
  GudpxIncoming incoming = scripted_incoming (payload, sender);

  incoming.ancillary.segment_size = segment_size;
  return incoming;
}

/* Datagrams of a joined message share a serial number. The last one may be shorter. */
static void
test_joined (Fixture *self, gconstpointer data)
{
  const GudpxIncoming incoming[] = { make_joined ("aabbc", 1, 2), scripted_incoming ("dd", 1) };
  guint64 serial;

  scripted_link_will_give (&self->link, incoming, 2);
  g_assert_true (read_batch (self, NOW));
  serial = gudpx_receiver_get_message_serial (&self->receiver);
  expect_next (self, "aa");
  g_assert_cmpuint (gudpx_receiver_get_message_serial (&self->receiver), ==, serial);
  expect_next (self, "bb");
  expect_next (self, "c");
  g_assert_cmpuint (gudpx_receiver_get_message_serial (&self->receiver), >, serial);
  expect_next (self, "dd");
  expect_next (self, NULL);
  g_assert_cmpuint (self->statistics.datagrams_received, ==, 4);
  g_assert_cmpuint (self->statistics.bytes_received, ==, 7);
  g_assert_cmpuint (self->statistics.truncated, ==, 0);
}

/* The link cut one message off, and the receiver another. An empty datagram is one, too. */
static void
test_truncated (Fixture *self, gconstpointer data)
{
  g_autofree char *large = g_strnfill (MAX_SIZE + 1, 'x');
  g_autofree char *rest = g_strnfill (MAX_SIZE, 'x');
  GudpxIncoming incoming[] = { scripted_incoming ("cut", 1), scripted_incoming (large, 1),
                               scripted_incoming ("", 1) };

  incoming[0].original_size = 5000;
  scripted_link_will_give (&self->link, incoming, 3);
  g_assert_true (read_batch (self, NOW));
  expect_next (self, "cut");
  expect_next (self, rest);
  expect_next (self, "");
  expect_next (self, NULL);
  g_assert_cmpuint (self->statistics.truncated, ==, 2);
  g_assert_cmpuint (self->statistics.bytes_received, ==, 5000 + MAX_SIZE + 1);
}

/* A connected link drops the messages of others that came before it was connected, one by one. */
static void
test_strangers (Fixture *self, gconstpointer data)
{
  const GudpxIncoming incoming[] = { make_joined ("aab", 1, 2), scripted_incoming ("c", 2),
                                     scripted_incoming ("d", 3), scripted_incoming ("e", 2),
                                     make_joined ("ff", 1, 1) };

  scripted_link_will_give (&self->link, incoming, G_N_ELEMENTS (incoming));
  g_assert_true (read_batch (self, NOW));
  expect_next (self, "aa");
  connect_to (self, 2);
  expect_next (self, "c");
  expect_next (self, "e");
  expect_next (self, NULL);
  g_assert_cmpuint (self->link.n_batches, ==, 0);
  g_assert_cmpuint (self->statistics.receive_drops, ==, 4);
}

/* The link's memory is free for others while the rest of a batch waits. */
static void
test_detach (Fixture *self, gconstpointer data)
{
  const GudpxIncoming incoming[] = { make_joined ("aabbc", 1, 2), scripted_incoming ("dd", 2) };

  scripted_link_will_give (&self->link, incoming, 2);
  g_assert_true (read_batch (self, NOW));
  expect_next (self, "aa");
  gudpx_receiver_detach (&self->receiver, &self->link.parent);
  g_assert_cmpuint (self->link.n_batches, ==, 0);
  gudpx_receiver_detach (&self->receiver, &self->link.parent);
  expect_next (self, "bb");
  expect_next (self, "c");
  expect_next (self, "dd");
  expect_next (self, NULL);
  g_assert_cmpuint (self->statistics.receive_drops, ==, 0);
}

/* A stop counts what nobody took, and ends a wait. */
static void
test_drop (Fixture *self, gconstpointer data)
{
  const GudpxIncoming incoming[] = { make_joined ("aabbc", 1, 2), scripted_incoming ("dd", 2) };

  scripted_link_will_give (&self->link, incoming, 2);
  g_assert_true (read_batch (self, NOW));
  expect_next (self, "aa");
  gudpx_receiver_drop (&self->receiver, &self->link.parent);
  g_assert_false (gudpx_receiver_has_undelivered (&self->receiver));
  g_assert_cmpuint (self->statistics.receive_drops, ==, 3);

  scripted_link_will_fail (&self->link, EIO);
  g_assert_false (read_batch (self, NOW));
  gudpx_receiver_drop (&self->receiver, &self->link.parent);
  expect_wants (self, G_IO_IN, -1);
  expect_report (self, GUDPX_REPORT_RECEIVE_FAILED, EIO);
}

/* The link counts messages. Joined ones count as the mean number of datagrams. */
static void
test_drop_counts (Fixture *self, gconstpointer data)
{
  const GudpxIncoming incoming = make_joined ("aabb", 1, 2);
  GudpxStatistics copy;

  self->link.n_drops = 2;
  scripted_link_will_give (&self->link, &incoming, 1);
  g_assert_true (read_batch (self, NOW));
  g_assert_cmpuint (self->statistics.kernel_drops, ==, 2);

  expect_next (self, "aa");
  expect_next (self, "bb");
  self->link.n_drops = 5;
  copy = self->statistics;
  gudpx_receiver_estimate_drops (&self->receiver, &self->link.parent, &copy);
  g_assert_cmpuint (copy.kernel_dropped_messages, ==, 5);
  g_assert_cmpuint (copy.kernel_drops, ==, 8);
  g_assert_cmpuint (self->statistics.kernel_drops, ==, 2);

  gudpx_receiver_sample_drops (&self->receiver, &self->link.parent);
  gudpx_receiver_sample_drops (&self->receiver, &self->link.parent);
  g_assert_cmpuint (self->statistics.kernel_dropped_messages, ==, 5);
  g_assert_cmpuint (self->statistics.kernel_drops, ==, 8);
}

static void
read_errors (Fixture *self, gint64 now)
{
  gudpx_receiver_read_errors (&self->receiver, &self->link.parent, now);
}

/* Errors of earlier datagrams are told in order. An error without a destination concerns the
 * peer. */
static void
test_errors (Fixture *self, gconstpointer data)
{
  const GudpxLinkError refused = { .errsv = ECONNREFUSED };
  const GudpxLinkError unreachable = { .errsv = EHOSTUNREACH, .destination = scripted_address (9) };

  connect_to (self, 2);
  scripted_link_will_tell (&self->link, &refused);
  scripted_link_will_tell (&self->link, &unreachable);
  read_errors (self, NOW);
  expect_report (self, GUDPX_REPORT_NETWORK, ECONNREFUSED);
  expect_report (self, GUDPX_REPORT_NETWORK, EHOSTUNREACH);
  g_assert_cmpuint (self->statistics.connection_refusals, ==, 1);
  g_assert_cmpuint (self->statistics.unreachable_errors, ==, 1);
  expect_wants (self, G_IO_IN, -1);
}

/* A dispatch reads 64 errors, so that datagrams get their turn in a flood of errors. */
static void
test_many_errors (Fixture *self, gconstpointer data)
{
  const GudpxLinkError refused = { .errsv = ECONNREFUSED };

  for (guint i = 0; i < 100; i++)
    scripted_link_will_tell (&self->link, &refused);
  read_errors (self, NOW);
  g_assert_cmpuint (gudpx_reports_get_length (&self->reports), ==, 64);
  read_errors (self, NOW);
  for (guint i = 0; i < 100; i++)
    expect_report (self, GUDPX_REPORT_NETWORK, ECONNREFUSED);
}

/* Errors that cannot be read are reported once. The link is not polled until a delay is over. */
static void
test_unreadable_errors (Fixture *self, gconstpointer data)
{
  const GudpxLinkError unreadable = { .errsv = EIO, .is_of_reading = TRUE };
  gint64 now = NOW;

  scripted_link_will_tell (&self->link, &unreadable);
  for (guint n = 0, delay = 1; n < 9; n++, delay = MIN (2 * delay, 64))
    {
      read_errors (self, now);
      g_assert_true (gudpx_receiver_is_unreadable (&self->receiver));
      expect_wants (self, 0, now + delay * MS);
      now += delay * MS;
      gudpx_receiver_end_wait (&self->receiver, now);
      g_assert_false (gudpx_receiver_is_unreadable (&self->receiver));
    }
  expect_report (self, GUDPX_REPORT_ERRORS_FAILED, EIO);
  g_assert_cmpuint (self->statistics.errors, ==, 1);
}

/* A link that is ready for errors 9 times and has none is left alone for a while. */
static void
test_vain_errors (Fixture *self, gconstpointer data)
{
  for (guint i = 0; i < 8; i++)
    read_errors (self, NOW);
  expect_wants (self, G_IO_IN, -1);
  read_errors (self, NOW);
  expect_wants (self, 0, NOW + MS);

  gudpx_receiver_end_wait (&self->receiver, NOW + MS);
  gudpx_receiver_forget_vain_errors (&self->receiver);
  read_errors (self, NOW);
  expect_wants (self, G_IO_IN, -1);
}

/* Errors that come before the peer changes concern the old peer. */
static void
test_kept_errors (Fixture *self, gconstpointer data)
{
  const GudpxLinkError refused = { .errsv = ECONNREFUSED, .is_icmp = TRUE, .icmp_type = 3 };
  const GudpxNativeAddress old_peer = scripted_address (2);
  g_autoptr (GudpxReport) report = NULL;

  connect_to (self, 2);
  scripted_link_will_tell (&self->link, &refused);
  gudpx_receiver_keep_errors (&self->receiver, &self->link.parent);
  connect_to (self, 3);
  report = gudpx_reports_take (&self->reports);
  g_assert_cmpint (report->kind, ==, GUDPX_REPORT_NETWORK);
  g_assert_true (gudpx_native_address_equal (&report->error.destination, &old_peer));
  g_assert_cmpint (report->error.icmp_type, ==, 3);
}

/* A wake-up for an error and a datagram has both, and neither delays the other. */
static void
test_error_and_data (Fixture *self, gconstpointer data)
{
  const GudpxLinkError refused = { .errsv = ECONNREFUSED };

  scripted_link_will_tell (&self->link, &refused);
  give (self, 2);
  read_errors (self, NOW);
  g_assert_true (read_batch (self, NOW));
  expect_next (self, "1");
  expect_next (self, "2");
  expect_report (self, GUDPX_REPORT_NETWORK, ECONNREFUSED);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

#define add(path, data, func)                                                                      \
  g_test_add ("/receiver/" path, Fixture, GINT_TO_POINTER (data), set_up, func, tear_down)
  add ("idle", 0, test_idle);
  add ("fails-for-good/EIO", EIO, test_fails_for_good);
  add ("fails-for-good/ENOMEM", ENOMEM, test_fails_for_good);
  add ("fails-for-good/ENOBUFS", ENOBUFS, test_fails_for_good);
  add ("fails-for-good/EINTR", EINTR, test_fails_for_good);
  add ("recovers", 0, test_recovers);
  add ("earlier-error", 0, test_earlier_error);
  add ("batches", 0, test_batches);
  add ("joined", 0, test_joined);
  add ("truncated", 0, test_truncated);
  add ("strangers", 0, test_strangers);
  add ("detach", 0, test_detach);
  add ("drop", 0, test_drop);
  add ("drop-counts", 0, test_drop_counts);
  add ("errors", 0, test_errors);
  add ("many-errors", 0, test_many_errors);
  add ("unreadable-errors", 0, test_unreadable_errors);
  add ("vain-errors", 0, test_vain_errors);
  add ("kept-errors", 0, test_kept_errors);
  add ("error-and-data", 0, test_error_and_data);
  return g_test_run ();
}
