/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tests when a sender sends, waits and gives up, with a link whose results the test writes. Time is
 * an argument. */

#include "sender-fixture.h"

/* A datagram leaves at once, and nothing is left to do. */
static void
test_room (SenderFixture *self, gconstpointer data)
{
  g_assert_cmpint (sender_write (self, "a", 9, GUDPX_SEND_NOW), ==, GUDPX_SEND_SENT);
  scripted_link_expect_sent (&self->link, "a>9 ");
  sender_expect_wants (self, 0, -1);
  g_assert_cmpuint (self->statistics.datagrams_sent, ==, 1);
  g_assert_cmpuint (self->statistics.bytes_sent, ==, 1);
}

/* Datagrams of a dispatch wait for its end, and leave in one call. */
static void
test_gather (SenderFixture *self, gconstpointer data)
{
  g_assert_cmpint (sender_write (self, "a", 9, GUDPX_SEND_GATHER), ==, GUDPX_SEND_TAKEN);
  sender_write (self, "b", 9, GUDPX_SEND_GATHER);
  sender_write (self, "c", 8, GUDPX_SEND_GATHER);
  g_assert_cmpuint (self->link.n_sends, ==, 0);
  sender_expect_wants (self, 0, 0);
  sender_flush (self, FALSE, 0);
  scripted_link_expect_sent (&self->link, "a>9 b>9 c>8 ");
  g_assert_cmpuint (self->link.n_sends, ==, 1);
  g_assert_true (self->link.may_join);

  gudpx_sender_set_coalesces (&self->sender, FALSE);
  g_assert_cmpint (sender_write (self, "d", 9, GUDPX_SEND_GATHER), ==, GUDPX_SEND_SENT);
  g_assert_false (self->link.may_join);
}

/* A link without room is polled until it has some. Until then nothing else is tried. */
static void
test_no_room (SenderFixture *self, gconstpointer data)
{
  scripted_link_will_send (&self->link, 0, EAGAIN);
  g_assert_cmpint (sender_write (self, "a", 9, GUDPX_SEND_NOW), ==, GUDPX_SEND_TAKEN);
  sender_expect_wants (self, G_IO_OUT, -1);
  g_assert_false (gudpx_sender_needs_time (&self->sender));
  sender_write (self, "b", 9, GUDPX_SEND_NOW);
  sender_flush (self, FALSE, NOW);
  g_assert_cmpuint (self->link.n_sends, ==, 1);

  sender_flush (self, TRUE, NOW);
  scripted_link_expect_sent (&self->link, "a>9 b>9 ");
  g_assert_false (self->link.may_join);
  sender_expect_wants (self, 0, -1);
  sender_write (self, "c", 9, GUDPX_SEND_NOW);
  g_assert_true (self->link.may_join);
}

/* Fails 10 attempts after delays of @delay ms and more. Returns the time of the next attempt. */
static gint64
expect_delays (SenderFixture *self, guint delay, int errsv)
{
  gint64 now = NOW;

  for (guint n = 0; n < 10; n++, delay = MIN (2 * delay, 64))
    {
      const guint n_sends = self->link.n_sends;

      g_assert_true (gudpx_sender_needs_time (&self->sender));
      gudpx_sender_begin_delays (&self->sender, now);
      sender_expect_wants (self, 0, now + delay * MS);
      sender_flush (self, FALSE, now + delay * MS - 1);
      g_assert_cmpuint (self->link.n_sends, ==, n_sends);

      scripted_link_will_send (&self->link, 0, errsv);
      now += delay * MS;
      sender_flush (self, FALSE, now);
      g_assert_cmpuint (self->link.n_sends, ==, n_sends + 1);
    }
  gudpx_sender_begin_delays (&self->sender, now);
  return now + 64 * MS;
}

/* A link that says that it has room, and has none, is tried again after delays. */
static void
test_falsely_writable (SenderFixture *self, gconstpointer data)
{
  gint64 now;

  scripted_link_will_send (&self->link, 0, EAGAIN);
  scripted_link_will_send (&self->link, 0, EAGAIN);
  sender_write (self, "a", 9, GUDPX_SEND_NOW);
  sender_flush (self, TRUE, NOW);
  now = expect_delays (self, 1, EAGAIN);
  sender_flush (self, FALSE, now);
  scripted_link_expect_sent (&self->link, "a>9 ");

  /* The link had room, so its word counts again. */
  scripted_link_will_send (&self->link, 0, EAGAIN);
  sender_write (self, "b", 9, GUDPX_SEND_NOW);
  sender_expect_wants (self, G_IO_OUT, -1);
}

/* A link never tells when it has memory again, so the sender tries after delays, up to 64 ms. */
static void
test_no_memory (SenderFixture *self, gconstpointer data)
{
  const int errsv = GPOINTER_TO_INT (data);
  gint64 now;

  scripted_link_will_send (&self->link, 0, errsv);
  g_assert_cmpint (sender_write (self, "a", 9, GUDPX_SEND_NOW), ==, GUDPX_SEND_TAKEN);
  now = expect_delays (self, 1, errsv);
  sender_flush (self, FALSE, now);
  scripted_link_expect_sent (&self->link, "a>9 ");
  sender_expect_wants (self, 0, -1);
  g_assert_cmpuint (self->statistics.errors, ==, 0);

  scripted_link_will_send (&self->link, 0, errsv);
  sender_write (self, "b", 9, GUDPX_SEND_NOW);
  gudpx_sender_begin_delays (&self->sender, NOW);
  sender_expect_wants (self, 0, NOW + MS);
}

/* Asserts that the statistics count @n errors, in the field of their kind too. */
static void
expect_counted (SenderFixture *self, int errsv, guint n)
{
  const gboolean is_unreachable = errsv == ENETUNREACH || errsv == EHOSTUNREACH;

  g_assert_cmpuint (self->statistics.errors, ==, n);
  g_assert_cmpuint (self->statistics.unreachable_errors, ==, is_unreachable ? n : 0);
  g_assert_cmpuint (self->statistics.connection_refusals, ==, errsv == ECONNREFUSED ? n : 0);
}

/* An error of a datagram that is written fails the write, and does not make the sender wait. */
static void
test_refused_write (SenderFixture *self, gconstpointer data)
{
  const int errsv = GPOINTER_TO_INT (data);

  scripted_link_will_send (&self->link, 0, errsv);
  g_assert_cmpint (sender_write (self, "a", 9, GUDPX_SEND_NOW), ==, GUDPX_SEND_FAILED);
  g_assert_cmpint (self->errsv, ==, errsv);
  expect_counted (self, errsv, 1);
  sender_expect_wants (self, 0, -1);
  g_assert_cmpint (sender_write (self, "b", 9, GUDPX_SEND_NOW), ==, GUDPX_SEND_SENT);
  scripted_link_expect_sent (&self->link, "b>9 ");
  g_assert_cmpuint (self->statistics.datagrams_sent, ==, 1);
}

/* An error of a queued datagram is reported with its destination. The others are sent. */
static void
test_refused_queued (SenderFixture *self, gconstpointer data)
{
  const int errsv = GPOINTER_TO_INT (data);
  const GudpxNativeAddress peer = scripted_address (6);

  sender_connect (self, &peer);
  scripted_link_will_send (&self->link, 0, errsv);
  scripted_link_will_send (&self->link, 1, errsv);
  sender_write (self, "a", 9, GUDPX_SEND_BATCH);
  sender_write (self, "b", 8, GUDPX_SEND_BATCH);
  sender_write (self, "c", 0, GUDPX_SEND_BATCH);
  sender_write (self, "d", 8, GUDPX_SEND_BATCH);
  sender_flush (self, FALSE, 0);
  scripted_link_expect_sent (&self->link, "b>8 d>8 ");
  sender_expect_report (self, GUDPX_REPORT_NOT_SENT, errsv, 9);
  sender_expect_report (self, GUDPX_REPORT_NOT_SENT, errsv, 6);
  expect_counted (self, errsv, 2);
  g_assert_cmpuint (self->statistics.datagrams_sent, ==, 2);
  g_assert_cmpuint (self->statistics.send_queue_drops, ==, 0);
}

/* The link takes a datagram of a run and refuses the next one, as with EMSGSIZE, or the first one,
 * as with EIO. The rest of the run leaves. */
static void
test_refused_in_run (SenderFixture *self, gconstpointer data)
{
  g_autoptr (GudpxReport) report = NULL;

  scripted_link_will_send (&self->link, 1, EMSGSIZE);
  scripted_link_will_send (&self->link, 0, EIO);
  sender_write (self, "aaa", 9, GUDPX_SEND_BATCH);
  sender_write (self, "bbb", 9, GUDPX_SEND_BATCH);
  sender_write (self, "ccc", 9, GUDPX_SEND_BATCH);
  sender_write (self, "d", 9, GUDPX_SEND_BATCH);
  sender_flush (self, FALSE, 0);
  scripted_link_expect_sent (&self->link, "aaa>9 d>9 ");
  report = gudpx_reports_take (&self->reports);
  g_assert_cmpint (report->error.errsv, ==, EMSGSIZE);
  g_assert_cmpuint (report->size, ==, 3);
  sender_expect_report (self, GUDPX_REPORT_NOT_SENT, EIO, 9);
  g_assert_cmpuint (self->statistics.bytes_sent, ==, 4);
  g_assert_cmpuint (gudpx_sender_get_size (&self->sender), ==, 0);
}

/* A link that takes fewer than it was given, with an error or without, gets the rest later. */
static void
test_short_send (SenderFixture *self, gconstpointer data)
{
  scripted_link_will_send (&self->link, 1, 0);
  scripted_link_will_send (&self->link, 2, EAGAIN);
  for (guint i = 0; i < 3; i++)
    sender_write (self, "a", 9, GUDPX_SEND_BATCH);
  sender_write (self, "b", 8, GUDPX_SEND_BATCH);
  sender_flush (self, FALSE, 0);
  scripted_link_expect_sent (&self->link, "a>9 a>9 a>9 ");
  sender_expect_wants (self, G_IO_OUT, -1);
  sender_flush (self, TRUE, NOW);
  scripted_link_expect_sent (&self->link, "b>8 ");
  g_assert_cmpuint (self->statistics.datagrams_sent, ==, 4);
}

/* A UNIX peer that is gone refuses in the way of UDP: by an error that comes on its own. */
static void
test_lost_peer (SenderFixture *self, gconstpointer data)
{
  const GudpxNativeAddress peer = scripted_path ("/gone");

  sender_connect (self, &peer);
  self->link.reconnect_errsv = ENOENT;
  scripted_link_will_send (&self->link, 0, ECONNREFUSED);
  g_assert_cmpint (sender_write (self, "a", 0, GUDPX_SEND_NOW), ==, GUDPX_SEND_TAKEN);
  g_assert_cmpint (self->link.parent.pending_errsv, ==, ECONNREFUSED);
  g_assert_cmpuint (self->statistics.errors, ==, 0);

  self->link.parent.pending_errsv = 0;
  scripted_link_will_send (&self->link, 0, ENOTCONN);
  sender_write (self, "a", 0, GUDPX_SEND_BATCH);
  sender_flush (self, FALSE, 0);
  g_assert_cmpint (self->link.parent.pending_errsv, ==, ECONNREFUSED);
  g_assert_cmpuint (gudpx_sender_get_size (&self->sender), ==, 0);

  /* A task hears of its own datagram. */
  self->link.parent.pending_errsv = 0;
  scripted_link_will_send (&self->link, 0, ECONNREFUSED);
  sender_write_task (self, "a", 0);
  g_assert_nonnull (sender_expect_report (self, GUDPX_REPORT_NOT_SENT, ECONNREFUSED, 0));
  g_assert_cmpint (self->link.parent.pending_errsv, ==, 0);
}

/* A write that met an error of an earlier datagram has changed something: the error is due. */
static void
test_pending_error (SenderFixture *self, gconstpointer data)
{
  self->link.parent.pending_errsv = ECONNREFUSED;
  g_assert_cmpint (sender_write (self, "a", 9, GUDPX_SEND_NOW), ==, GUDPX_SEND_TAKEN);
  scripted_link_expect_sent (&self->link, "a>9 ");
}

/* A stop ends 5 s after the last progress. */
static void
test_drain_stalls (SenderFixture *self, gconstpointer data)
{
  scripted_link_will_send (&self->link, 0, EAGAIN);
  sender_write (self, "a", 9, GUDPX_SEND_NOW);
  sender_write (self, "b", 8, GUDPX_SEND_NOW);
  gudpx_sender_begin_drain (&self->sender, NOW);
  sender_expect_wants (self, G_IO_OUT, NOW + 5 * G_TIME_SPAN_SECOND);
  g_assert_false (gudpx_sender_is_drained (&self->sender, NOW + 5 * G_TIME_SPAN_SECOND - 1));

  scripted_link_will_send (&self->link, 1, EAGAIN);
  sender_flush (self, TRUE, NOW);
  g_assert_false (gudpx_sender_is_drained (&self->sender, NOW + 4 * G_TIME_SPAN_SECOND));
  sender_expect_wants (self, G_IO_OUT, NOW + 9 * G_TIME_SPAN_SECOND);
  g_assert_false (gudpx_sender_is_drained (&self->sender, NOW + 9 * G_TIME_SPAN_SECOND - 1));
  g_assert_true (gudpx_sender_is_drained (&self->sender, NOW + 9 * G_TIME_SPAN_SECOND));
  sender_flush (self, TRUE, NOW);
}

/* A stop with progress all the time ends after 60 s, and with an empty queue at once. */
static void
test_drain_ends (SenderFixture *self, gconstpointer data)
{
  gint64 now = NOW;

  scripted_link_will_send (&self->link, 0, EAGAIN);
  for (guint i = 0; i < 18; i++)
    sender_write (self, "a", i + 1, GUDPX_SEND_NOW);
  gudpx_sender_begin_drain (&self->sender, now);
  for (guint i = 0; i < 14; i++)
    {
      scripted_link_will_send (&self->link, 1, EAGAIN);
      now += 4 * G_TIME_SPAN_SECOND;
      sender_flush (self, TRUE, now);
      g_assert_false (gudpx_sender_is_drained (&self->sender, now));
    }
  sender_expect_wants (self, G_IO_OUT, NOW + 60 * G_TIME_SPAN_SECOND);
  scripted_link_will_send (&self->link, 1, EAGAIN);
  sender_flush (self, TRUE, now);
  g_assert_true (gudpx_sender_is_drained (&self->sender, NOW + 60 * G_TIME_SPAN_SECOND));

  sender_flush (self, TRUE, now);
  g_assert_true (gudpx_sender_is_drained (&self->sender, now));
  sender_expect_wants (self, 0, 0);
}

/* A stop forgets what the sender waited for, so that the next start begins with room. */
static void
test_drop (SenderFixture *self, gconstpointer data)
{
  GTask *task;

  scripted_link_will_send (&self->link, 0, ENOBUFS);
  sender_write (self, "a", 9, GUDPX_SEND_NOW);
  sender_write (self, "a", 9, GUDPX_SEND_NOW);
  task = sender_write_task (self, "b", 8);
  gudpx_sender_begin_drain (&self->sender, NOW);
  gudpx_sender_drop (&self->sender, &self->link.parent);
  g_assert_true (sender_expect_report (self, GUDPX_REPORT_UNSENT, 0, 8) == task);
  sender_expect_wants (self, 0, -1);
  g_assert_cmpuint (self->statistics.send_queue_drops, ==, 3);
  g_assert_cmpuint (self->statistics.errors, ==, 0);

  gudpx_sender_start (&self->sender, FALSE);
  g_assert_cmpint (sender_write (self, "c", 9, GUDPX_SEND_NOW), ==, GUDPX_SEND_SENT);
  g_assert_true (self->link.may_join);
}

#define add(path, data, func)                                                                      \
  g_test_add ("/sender/" path, SenderFixture, GINT_TO_POINTER (data), sender_set_up, func,         \
              sender_tear_down)
#define add_errno(errsv)                                                                           \
  add ("refused-write/" #errsv, errsv, test_refused_write);                                        \
  add ("refused-queued/" #errsv, errsv, test_refused_queued)

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add ("room", 0, test_room);
  add ("gather", 0, test_gather);
  add ("no-room", 0, test_no_room);
  add ("falsely-writable", 0, test_falsely_writable);
  add ("no-memory/ENOBUFS", ENOBUFS, test_no_memory);
  add ("no-memory/ENOMEM", ENOMEM, test_no_memory);
  add_errno (EINTR);
  add_errno (EPERM);
  add_errno (ENETUNREACH);
  add_errno (EHOSTUNREACH);
  add_errno (EMSGSIZE);
  add_errno (ECONNREFUSED);
  add_errno (EIO);
  add ("refused-in-run", 0, test_refused_in_run);
  add ("short-send", 0, test_short_send);
  add ("lost-peer", 0, test_lost_peer);
  add ("pending-error", 0, test_pending_error);
  add ("drain-stalls", 0, test_drain_stalls);
  add ("drain-ends", 0, test_drain_ends);
  add ("drop", 0, test_drop);
  return g_test_run ();
}
