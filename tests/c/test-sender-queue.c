/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tests the queue of a sender: its policies, UNIX destinations that do not read, tasks, and the
 * destination of datagrams when the peer changes. The link's results are written by the test. */

#include <string.h>

#include "sender-fixture.h"

#define COST (GUDPX_QUEUED_DATAGRAM_COST + 1) /* of a payload of one byte */

/* Fills a queue for three datagrams, while the link has no room: a, b and c to the port 9. */
static void
fill (SenderFixture *self, GudpxQueuePolicy policy)
{
  gudpx_sender_set_limit (&self->sender, 3 * COST);
  gudpx_backlog_set_policy (gudpx_sender_get_backlog (&self->sender), policy);
  scripted_link_will_send (&self->link, 0, EAGAIN);
  g_assert_cmpint (sender_write (self, "a", 9, GUDPX_SEND_NOW), ==, GUDPX_SEND_TAKEN);
  g_assert_cmpint (sender_write (self, "b", 9, GUDPX_SEND_NOW), ==, GUDPX_SEND_TAKEN);
  g_assert_cmpint (sender_write (self, "c", 9, GUDPX_SEND_NOW), ==, GUDPX_SEND_TAKEN);
  g_assert_cmpuint (gudpx_sender_get_size (&self->sender), ==, 3 * COST);
  g_assert_cmpuint (self->statistics.send_queue_peak, ==, 3 * COST);
}

static void
expect_drops (SenderFixture *self, guint64 oldest, guint64 newest, guint64 refusals)
{
  g_assert_cmpuint (self->statistics.queue_dropped_oldest, ==, oldest);
  g_assert_cmpuint (self->statistics.queue_dropped_newest, ==, newest);
  g_assert_cmpuint (self->statistics.queue_refusals, ==, refusals);
  g_assert_cmpuint (self->statistics.send_queue_drops, ==, oldest + newest + refusals);
}

/* A full queue refuses. “writable” is due once, when the queue has become short. */
static void
test_refuse (SenderFixture *self, gconstpointer data)
{
  fill (self, GUDPX_QUEUE_POLICY_REFUSE);
  g_assert_cmpint (sender_write (self, "d", 9, GUDPX_SEND_NOW), ==, GUDPX_SEND_FULL);
  expect_drops (self, 0, 0, 1);
  g_assert_false (gudpx_sender_take_writable (&self->sender));

  scripted_link_will_send (&self->link, 2, EAGAIN);
  sender_flush (self, TRUE, NOW);
  g_assert_false (gudpx_sender_take_writable (&self->sender));
  sender_expect_wants (self, G_IO_OUT, -1);

  sender_flush (self, TRUE, NOW);
  scripted_link_expect_sent (&self->link, "a>9 b>9 c>9 ");
  sender_expect_wants (self, 0, 0);
  g_assert_true (gudpx_sender_take_writable (&self->sender));
  g_assert_false (gudpx_sender_take_writable (&self->sender));
  sender_expect_wants (self, 0, -1);
}

static void
test_drop_newest (SenderFixture *self, gconstpointer data)
{
  fill (self, GUDPX_QUEUE_POLICY_DROP_NEWEST);
  g_assert_cmpint (sender_write (self, "d", 9, GUDPX_SEND_NOW), ==, GUDPX_SEND_TAKEN);
  expect_drops (self, 0, 1, 0);
  sender_flush (self, TRUE, NOW);
  scripted_link_expect_sent (&self->link, "a>9 b>9 c>9 ");
  g_assert_true (gudpx_sender_take_writable (&self->sender));
}

static void
test_drop_oldest (SenderFixture *self, gconstpointer data)
{
  fill (self, GUDPX_QUEUE_POLICY_DROP_OLDEST);
  g_assert_cmpint (sender_write (self, "d", 9, GUDPX_SEND_NOW), ==, GUDPX_SEND_TAKEN);
  expect_drops (self, 1, 0, 0);
  sender_flush (self, TRUE, NOW);
  scripted_link_expect_sent (&self->link, "b>9 c>9 d>9 ");
}

/* Datagrams that somebody waits for find room always, and are not dropped for others. */
static void
test_promised (SenderFixture *self, gconstpointer data)
{
  fill (self, GUDPX_QUEUE_POLICY_DROP_OLDEST);
  sender_write_task (self, "t", 9);
  sender_write_task (self, "u", 9);
  g_assert_cmpuint (gudpx_sender_get_size (&self->sender), ==, 5 * COST);
  g_assert_cmpint (sender_write (self, "d", 9, GUDPX_SEND_NOW), ==, GUDPX_SEND_TAKEN);
  expect_drops (self, 3, 0, 0);
  sender_write_task (self, "v", 9);
  g_assert_cmpint (sender_write (self, "e", 9, GUDPX_SEND_NOW), ==, GUDPX_SEND_FULL);
  expect_drops (self, 3, 0, 1);

  sender_flush (self, TRUE, NOW);
  scripted_link_expect_sent (&self->link, "t>9 u>9 d>9 v>9 ");
  for (guint i = 0; i < 3; i++)
    sender_expect_report (self, GUDPX_REPORT_SENT, 0, 9);
}

/* The oldest datagram that nobody waits for is dropped, wherever it is in the queue. */
static void
test_oldest_unpromised (SenderFixture *self, gconstpointer data)
{
  gudpx_sender_set_limit (&self->sender, 3 * COST);
  gudpx_backlog_set_policy (gudpx_sender_get_backlog (&self->sender),
                            GUDPX_QUEUE_POLICY_DROP_OLDEST);
  scripted_link_will_send (&self->link, 0, EAGAIN);
  sender_write_task (self, "t", 9);
  sender_write (self, "a", 9, GUDPX_SEND_NOW);
  sender_write (self, "b", 9, GUDPX_SEND_NOW);
  g_assert_cmpint (sender_write (self, "c", 9, GUDPX_SEND_NOW), ==, GUDPX_SEND_TAKEN);
  sender_flush (self, TRUE, NOW);
  scripted_link_expect_sent (&self->link, "t>9 b>9 c>9 ");
  sender_expect_report (self, GUDPX_REPORT_SENT, 0, 9);
}

/* A datagram that is larger than the queue leaves without being queued, or is refused. */
static void
test_larger_than_queue (SenderFixture *self, gconstpointer data)
{
  gudpx_sender_set_limit (&self->sender, COST);
  sender_write (self, "a", 9, GUDPX_SEND_BATCH);
  g_assert_cmpint (sender_write (self, "large", 9, GUDPX_SEND_GATHER), ==, GUDPX_SEND_TAKEN);
  scripted_link_expect_sent (&self->link, "a>9 large>9 ");
  g_assert_cmpint (sender_write (self, "large", 9, GUDPX_SEND_BATCH), ==, GUDPX_SEND_TAKEN);
  scripted_link_expect_sent (&self->link, "large>9 ");

  scripted_link_will_send (&self->link, 0, EAGAIN);
  g_assert_cmpint (sender_write (self, "large", 9, GUDPX_SEND_NOW), ==, GUDPX_SEND_FULL);
  expect_drops (self, 0, 0, 1);
  sender_flush (self, TRUE, NOW);
  g_assert_true (gudpx_sender_take_writable (&self->sender));
}

/* Writes a and b to a destination that is full. */
static void
hold (SenderFixture *self, const GudpxNativeAddress *full)
{
  const guint n_sends = self->link.n_sends;

  scripted_link_will_send (&self->link, 0, EAGAIN);
  g_assert_cmpint (sender_write_to (self, "a", full, GUDPX_SEND_NOW), ==, GUDPX_SEND_TAKEN);
  g_assert_cmpint (sender_write_to (self, "b", full, GUDPX_SEND_NOW), ==, GUDPX_SEND_TAKEN);
  g_assert_cmpuint (self->link.n_sends, ==, n_sends + 1);
}

/* Datagrams for a UNIX destination that is full wait apart from the rest. Each attempt that fails
 * doubles the delay, each progress resets it. */
static void
test_held (SenderFixture *self, gconstpointer data)
{
  const GudpxNativeAddress full = scripted_path ("/full");
  const GudpxNativeAddress idle = scripted_path ("/idle");
  GudpxOutgoing outgoing = { .destination = &full };
  gsize size;

  hold (self, &full);
  g_assert_true (gudpx_sender_is_held (&self->sender, &self->link.parent, &outgoing, &size));
  g_assert_cmpuint (size, ==, 2 * COST);
  g_assert_cmpint (sender_write_to (self, "c", &idle, GUDPX_SEND_NOW), ==, GUDPX_SEND_SENT);
  scripted_link_expect_sent (&self->link, "c>/idle ");

  gudpx_sender_begin_delays (&self->sender, NOW);
  sender_expect_wants (self, 0, NOW + MS);
  sender_flush (self, FALSE, NOW + MS - 1);
  scripted_link_will_send (&self->link, 0, EAGAIN);
  sender_flush (self, FALSE, NOW + MS);
  gudpx_sender_begin_delays (&self->sender, NOW + MS);
  sender_expect_wants (self, 0, NOW + 3 * MS);

  scripted_link_will_send (&self->link, 1, EAGAIN);
  sender_flush (self, FALSE, NOW + 3 * MS);
  gudpx_sender_begin_delays (&self->sender, NOW + 3 * MS);
  sender_expect_wants (self, 0, NOW + 4 * MS);
  sender_flush (self, FALSE, NOW + 4 * MS);
  scripted_link_expect_sent (&self->link, "a>/full b>/full ");
  g_assert_false (gudpx_sender_is_held (&self->sender, &self->link.parent, &outgoing, &size));
  sender_expect_wants (self, 0, -1);
}

/* An error other than EAGAIN concerns the first datagram. The next one is sent. */
static void
test_held_refused (SenderFixture *self, gconstpointer data)
{
  const GudpxNativeAddress full = scripted_path ("/full");

  hold (self, &full);
  gudpx_sender_begin_delays (&self->sender, NOW);
  scripted_link_will_send (&self->link, 0, ECONNREFUSED);
  sender_flush (self, FALSE, NOW + MS);
  scripted_link_expect_sent (&self->link, "b>/full ");
  sender_expect_report (self, GUDPX_REPORT_NOT_SENT, ECONNREFUSED, 0);
  sender_expect_wants (self, 0, -1);
}

/* Datagrams that were queued before their destination turned out to be full may be too many for one
 * destination, whose part of the queue is a quarter. The policy decides which one is dropped. */
static void
test_held_excess (SenderFixture *self, gconstpointer data)
{
  const GudpxQueuePolicy policy = GPOINTER_TO_INT (data);
  const GudpxNativeAddress full = scripted_path ("/full");

  gudpx_sender_set_limit (&self->sender, 8 * COST);
  gudpx_backlog_set_policy (gudpx_sender_get_backlog (&self->sender), policy);
  sender_write_to (self, "a", &full, GUDPX_SEND_BATCH);
  sender_write_to (self, "b", &full, GUDPX_SEND_BATCH);
  sender_write_to (self, "c", &full, GUDPX_SEND_BATCH);
  scripted_link_will_send (&self->link, 0, EAGAIN);
  sender_flush (self, FALSE, 0);
  g_assert_cmpuint (gudpx_sender_get_size (&self->sender), ==, 2 * COST);
  g_assert_cmpuint (self->statistics.send_queue_drops, ==, 1);
  g_assert_cmpuint (self->statistics.errors, ==, 0);
  g_assert_cmpuint (self->statistics.queue_dropped_oldest, ==,
                    policy == GUDPX_QUEUE_POLICY_DROP_OLDEST);
  g_assert_cmpuint (self->statistics.queue_dropped_newest, ==,
                    policy == GUDPX_QUEUE_POLICY_DROP_NEWEST);
  if (policy == GUDPX_QUEUE_POLICY_REFUSE)
    sender_expect_report (self, GUDPX_REPORT_NOT_READ, 0, 0);

  gudpx_sender_begin_delays (&self->sender, NOW);
  sender_flush (self, FALSE, NOW + MS);
  scripted_link_expect_sent (&self->link, policy == GUDPX_QUEUE_POLICY_DROP_OLDEST
                                              ? "b>/full c>/full "
                                              : "a>/full b>/full ");
  g_assert_true (gudpx_sender_take_writable (&self->sender));
}

/* A destination that is full gets a quarter of the queue. */
static void
test_held_full (SenderFixture *self, gconstpointer data)
{
  const GudpxNativeAddress full = scripted_path ("/full");
  const GudpxNativeAddress idle = scripted_path ("/idle");

  gudpx_sender_set_limit (&self->sender, 8 * COST);
  hold (self, &full);
  g_assert_cmpint (sender_write_to (self, "c", &full, GUDPX_SEND_NOW), ==, GUDPX_SEND_FULL);
  expect_drops (self, 0, 0, 1);
  g_assert_cmpint (sender_write_to (self, "d", &idle, GUDPX_SEND_NOW), ==, GUDPX_SEND_SENT);
  scripted_link_expect_sent (&self->link, "d>/idle ");
  g_assert_false (gudpx_sender_take_writable (&self->sender));

  gudpx_sender_begin_delays (&self->sender, NOW);
  sender_flush (self, FALSE, NOW + MS);
  g_assert_true (gudpx_sender_take_writable (&self->sender));
}

/* A destination that is full makes room by its own datagrams. */
static void
test_held_drop_oldest (SenderFixture *self, gconstpointer data)
{
  const GudpxNativeAddress first = scripted_path ("/first");
  const GudpxNativeAddress full = scripted_path ("/full");

  gudpx_sender_set_limit (&self->sender, 8 * COST);
  gudpx_backlog_set_policy (gudpx_sender_get_backlog (&self->sender),
                            GUDPX_QUEUE_POLICY_DROP_OLDEST);
  scripted_link_will_send (&self->link, 0, EAGAIN);
  sender_write_to (self, "x", &first, GUDPX_SEND_NOW);
  hold (self, &full);
  g_assert_cmpint (sender_write_to (self, "c", &full, GUDPX_SEND_NOW), ==, GUDPX_SEND_TAKEN);
  expect_drops (self, 1, 0, 0);
  gudpx_sender_begin_delays (&self->sender, NOW);
  sender_flush (self, FALSE, NOW + MS);
  scripted_link_expect_sent (&self->link, "x>/first b>/full c>/full ");
}

/* A port that stops does not tell “writable”. A destination that was full and takes its datagrams
 * does not wake it before the next retry. */
static void
test_held_drains (SenderFixture *self, gconstpointer data)
{
  const GudpxNativeAddress deaf = scripted_path ("/deaf");
  const GudpxNativeAddress full = scripted_path ("/full");

  gudpx_sender_set_limit (&self->sender, 8 * COST);
  scripted_link_will_send (&self->link, 0, EAGAIN);
  sender_write_to (self, "x", &deaf, GUDPX_SEND_NOW);
  hold (self, &full);
  g_assert_cmpint (sender_write_to (self, "c", &full, GUDPX_SEND_NOW), ==, GUDPX_SEND_FULL);
  gudpx_sender_begin_delays (&self->sender, NOW);

  gudpx_sender_begin_drain (&self->sender, NOW);
  scripted_link_will_send (&self->link, 0, EAGAIN);
  sender_flush (self, FALSE, NOW + MS);
  scripted_link_expect_sent (&self->link, "a>/full b>/full ");
  gudpx_sender_begin_delays (&self->sender, NOW + MS);
  sender_expect_wants (self, 0, NOW + 2 * MS);
}

/* A retry that is due does not wake the sender while the link itself has no room. */
static void
test_held_without_room (SenderFixture *self, gconstpointer data)
{
  const GudpxNativeAddress full = scripted_path ("/full");
  const GudpxNativeAddress peer = scripted_path ("/peer");

  hold (self, &full);
  gudpx_sender_begin_delays (&self->sender, NOW);
  sender_connect (self, &peer);
  scripted_link_will_send (&self->link, 0, EAGAIN);
  sender_write (self, "c", 0, GUDPX_SEND_NOW);
  sender_expect_wants (self, G_IO_OUT, -1);

  sender_flush (self, TRUE, NOW + MS);
  scripted_link_expect_sent (&self->link, "a>/full b>/full c>/peer ");
  sender_expect_wants (self, 0, -1);
}

/* A lack of memory concerns all destinations. */
static void
test_no_memory (SenderFixture *self, gconstpointer data)
{
  const GudpxNativeAddress first = scripted_path ("/first");
  const GudpxNativeAddress second = scripted_path ("/second");

  scripted_link_will_send (&self->link, 0, ENOMEM);
  sender_write_to (self, "a", &first, GUDPX_SEND_NOW);
  sender_write_to (self, "b", &second, GUDPX_SEND_NOW);
  g_assert_cmpuint (self->link.n_sends, ==, 1);
  gudpx_sender_begin_delays (&self->sender, NOW);
  sender_flush (self, FALSE, NOW + MS);
  scripted_link_expect_sent (&self->link, "a>/first b>/second ");
}

/* A UNIX link that is connected has one destination: the link itself has no room. */
static void
test_full_peer (SenderFixture *self, gconstpointer data)
{
  const GudpxNativeAddress full = scripted_path ("/full");

  sender_connect (self, &full);
  scripted_link_will_send (&self->link, 0, EAGAIN);
  sender_write (self, "a", 0, GUDPX_SEND_NOW);
  sender_expect_wants (self, G_IO_OUT, -1);
  sender_flush (self, TRUE, NOW);
  scripted_link_expect_sent (&self->link, "a>/full ");
}

/* Each task hears of its own datagram. */
static void
test_tasks (SenderFixture *self, gconstpointer data)
{
  GTask *tasks[3];

  scripted_link_will_send (&self->link, 0, EAGAIN);
  for (guint i = 0; i < 3; i++)
    tasks[i] = sender_write_task (self, "t", 9 - i);
  scripted_link_will_send (&self->link, 1, EPERM);
  sender_flush (self, TRUE, NOW);
  scripted_link_expect_sent (&self->link, "t>9 t>7 ");
  g_assert_true (sender_expect_report (self, GUDPX_REPORT_SENT, 0, 9) == tasks[0]);
  g_assert_true (sender_expect_report (self, GUDPX_REPORT_NOT_SENT, EPERM, 8) == tasks[1]);
  g_assert_true (sender_expect_report (self, GUDPX_REPORT_SENT, 0, 7) == tasks[2]);
  g_assert_cmpuint (self->statistics.errors, ==, 1);
}

static GTask *
add_flush_task (SenderFixture *self)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, NULL, NULL);

  gudpx_backlog_add_flush_task (gudpx_sender_get_backlog (&self->sender), task);
  g_task_return_boolean (task, TRUE);
  return task;
}

static void
expect_flushed (SenderFixture *self, GTask *expected)
{
  g_autoptr (GTask) task = gudpx_backlog_take_flushed (gudpx_sender_get_backlog (&self->sender));

  g_assert_true (task == expected);
}

/* A flush is over when the datagrams before it were sent or refused. Later ones do not matter. */
static void
test_flush_tasks (SenderFixture *self, gconstpointer data)
{
  GudpxBacklog *backlog = gudpx_sender_get_backlog (&self->sender);
  GTask *tasks[3];

  scripted_link_will_send (&self->link, 0, EAGAIN);
  for (guint i = 0; i < 3; i++)
    {
      sender_write (self, "a", 9 - i, GUDPX_SEND_NOW);
      tasks[i] = add_flush_task (self);
    }
  sender_write (self, "b", 6, GUDPX_SEND_NOW);
  sender_expect_wants (self, G_IO_OUT, -1);
  expect_flushed (self, NULL);

  scripted_link_will_send (&self->link, 1, EAGAIN);
  sender_flush (self, TRUE, NOW);
  sender_expect_wants (self, G_IO_OUT, 0);
  expect_flushed (self, tasks[0]);
  expect_flushed (self, NULL);
  g_assert_true (gudpx_backlog_cancel_flush (backlog, tasks[1]));
  g_assert_false (gudpx_backlog_cancel_flush (backlog, tasks[0]));

  scripted_link_will_send (&self->link, 1, EPERM);
  scripted_link_will_send (&self->link, 0, EAGAIN);
  sender_flush (self, TRUE, NOW);
  sender_expect_report (self, GUDPX_REPORT_NOT_SENT, EPERM, 7);
  expect_flushed (self, tasks[2]);
  g_assert_false (gudpx_sender_is_empty (&self->sender));
}

/* A flush waits for a destination that does not read. A stop ends it. */
static void
test_flush_held (SenderFixture *self, gconstpointer data)
{
  const GudpxNativeAddress full = scripted_path ("/full");
  GTask *task;

  hold (self, &full);
  task = add_flush_task (self);
  expect_flushed (self, NULL);
  gudpx_sender_begin_delays (&self->sender, NOW);
  sender_flush (self, FALSE, NOW + MS);
  expect_flushed (self, task);

  hold (self, &full);
  task = add_flush_task (self);
  gudpx_sender_drop (&self->sender, &self->link.parent);
  g_assert_true (sender_expect_report (self, GUDPX_REPORT_UNFLUSHED, 0, 0) == task);
  g_assert_cmpuint (self->statistics.send_queue_drops, ==, 2);
}

/* A cancelled datagram makes room. A datagram that has left cannot be cancelled. */
static void
test_cancel (SenderFixture *self, gconstpointer data)
{
  GudpxBacklog *backlog = gudpx_sender_get_backlog (&self->sender);
  GTask *tasks[2];

  scripted_link_will_send (&self->link, 0, EAGAIN);
  tasks[0] = sender_write_task (self, "t", 9);
  tasks[1] = sender_write_task (self, "u", 8);
  sender_write (self, "a", 9, GUDPX_SEND_NOW);
  g_assert_true (gudpx_backlog_cancel (backlog, tasks[0]));
  g_assert_false (gudpx_backlog_cancel (backlog, tasks[0]));
  g_assert_cmpuint (gudpx_sender_get_size (&self->sender), ==, 2 * COST);
  sender_flush (self, TRUE, NOW);
  scripted_link_expect_sent (&self->link, "u>8 a>9 ");
  g_assert_false (gudpx_backlog_cancel (backlog, tasks[1]));
  g_assert_true (sender_expect_report (self, GUDPX_REPORT_SENT, 0, 8) == tasks[1]);
}

/* An empty queue is no sign of room: the link still has none. */
static void
test_cancel_last (SenderFixture *self, gconstpointer data)
{
  GTask *task;

  gudpx_sender_set_limit (&self->sender, COST);
  scripted_link_will_send (&self->link, 0, EAGAIN);
  task = sender_write_task (self, "t", 9);
  g_assert_cmpint (sender_write (self, "a", 9, GUDPX_SEND_NOW), ==, GUDPX_SEND_FULL);
  g_assert_true (gudpx_backlog_cancel (gudpx_sender_get_backlog (&self->sender), task));
  g_assert_false (gudpx_sender_take_writable (&self->sender));
  sender_expect_wants (self, G_IO_OUT, -1);
  sender_flush (self, TRUE, NOW);
  g_assert_true (gudpx_sender_take_writable (&self->sender));
}

/* Datagrams queued for a peer go there, also after the link has connected elsewhere. */
static void
test_pin (SenderFixture *self, gconstpointer data)
{
  const GudpxNativeAddress first = scripted_address (6);
  const GudpxNativeAddress second = scripted_address (7);

  sender_connect (self, &first);
  scripted_link_will_send (&self->link, 0, EAGAIN);
  sender_write (self, "a", 0, GUDPX_SEND_NOW);
  sender_write (self, "b", 9, GUDPX_SEND_NOW);
  gudpx_sender_pin_destination (&self->sender, &first);
  sender_connect (self, &second);
  sender_write (self, "c", 0, GUDPX_SEND_NOW);

  scripted_link_will_send (&self->link, 0, EPERM);
  sender_flush (self, TRUE, NOW);
  scripted_link_expect_sent (&self->link, "b>9 c>7 ");
  sender_expect_report (self, GUDPX_REPORT_NOT_SENT, EPERM, 6);
}

#define add(path, data, set_up, func)                                                              \
  g_test_add ("/sender-queue/" path, SenderFixture, GINT_TO_POINTER (data), set_up, func,          \
              sender_tear_down)

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add ("refuse", 0, sender_set_up, test_refuse);
  add ("drop-newest", 0, sender_set_up, test_drop_newest);
  add ("drop-oldest", 0, sender_set_up, test_drop_oldest);
  add ("promised", 0, sender_set_up, test_promised);
  add ("oldest-unpromised", 0, sender_set_up, test_oldest_unpromised);
  add ("larger-than-queue", 0, sender_set_up, test_larger_than_queue);
  add ("held", 0, sender_set_up_unix, test_held);
  add ("held-refused", 0, sender_set_up_unix, test_held_refused);
  add ("held-excess/refuse", GUDPX_QUEUE_POLICY_REFUSE, sender_set_up_unix, test_held_excess);
  add ("held-excess/drop-newest", GUDPX_QUEUE_POLICY_DROP_NEWEST, sender_set_up_unix,
       test_held_excess);
  add ("held-excess/drop-oldest", GUDPX_QUEUE_POLICY_DROP_OLDEST, sender_set_up_unix,
       test_held_excess);
  add ("held-full", 0, sender_set_up_unix, test_held_full);
  add ("held-drop-oldest", 0, sender_set_up_unix, test_held_drop_oldest);
  add ("held-drains", 0, sender_set_up_unix, test_held_drains);
  add ("held-without-room", 0, sender_set_up_unix, test_held_without_room);
  add ("no-memory", 0, sender_set_up_unix, test_no_memory);
  add ("full-peer", 0, sender_set_up_unix, test_full_peer);
  add ("tasks", 0, sender_set_up, test_tasks);
  add ("flush-tasks", 0, sender_set_up, test_flush_tasks);
  add ("flush-held", 0, sender_set_up_unix, test_flush_held);
  add ("cancel", 0, sender_set_up, test_cancel);
  add ("cancel-last", 0, sender_set_up, test_cancel_last);
  add ("pin", 0, sender_set_up, test_pin);
  return g_test_run ();
}
