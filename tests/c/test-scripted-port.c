/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tests what a protocol and the callers of a port hear of each error, with a link whose results the
 * test writes. The link has no descriptor. */

#include <string.h>

#include "gudpx-port-private.h"

#include "recorder.h"
#include "scripted-link.h"

typedef struct
{
  Recorder *recorder;
  GudpxPort *port;
  ScriptedLink link;
  GudpxErrorDetails *details; /* of the last error that the protocol heard; NULL: none */
  GError *error;
} Fixture;

static void
keep_details (Recorder *recorder, GudpxDatagram *datagram, gpointer user_data)
{
  Fixture *self = user_data;

  g_clear_pointer (&self->details, gudpx_error_details_free);
  self->details = gudpx_port_dup_error_details (self->port);
}

static void
set_up (Fixture *self, gconstpointer data)
{
  self->recorder = recorder_new ();
  self->recorder->on_error = keep_details;
  self->recorder->on_refused = keep_details;
  self->recorder->user_data = self;
  self->port = gudpx_port_new (GUDPX_DATAGRAM_PROTOCOL (self->recorder), NULL);
  scripted_link_init (&self->link, &self->port->statistics);
  gudpx_port_open (self->port, &self->link.parent);
  g_assert_cmpstr (self->recorder->events->str, ==, "started ");
  recorder_forget (self->recorder);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  gudpx_port_stop_listening (self->port);
  g_assert_true (self->link.is_closed);
  scripted_link_clear (&self->link);
  iterate ();
  g_assert_finalize_object (self->port);
  g_object_unref (self->recorder);
  g_clear_pointer (&self->details, gudpx_error_details_free);
  g_assert_no_error (self->error);
}

/* Has the port dispatched for what the link has, and all that follows. */
static void
run (Fixture *self)
{
  gudpx_port_settle (self->port);
  iterate ();
}

/* Asserts the events since the last call. */
static void
expect_events (Fixture *self, const char *events)
{
  g_assert_cmpstr (self->recorder->events->str, ==, events);
  g_string_truncate (self->recorder->events, 0);
}

static void
expect_code (GError **error, int errsv)
{
  g_assert_error (*error, G_IO_ERROR, (int) g_io_error_from_errno (errsv));
  g_clear_error (error);
}

/* Asserts the error and the destination that the protocol heard last. 0: no destination. */
static void
expect_error_heard (Fixture *self, int errsv, guint16 port)
{
  const GudpxNativeAddress expected = scripted_address (port);
  g_autoptr (GSocketAddress) address = gudpx_native_address_to_object (&expected);

  expect_code (&self->recorder->error, errsv);
  g_assert_true (gudpx_address_equal (self->recorder->destination, port != 0 ? address : NULL));
}

static void
expect_counted (Fixture *self, guint n_errors, guint n_unreachable, guint n_refused)
{
  g_autoptr (GudpxStatistics) statistics = gudpx_port_get_statistics (self->port);

  g_assert_cmpuint (statistics->errors, ==, n_errors);
  g_assert_cmpuint (statistics->unreachable_errors, ==, n_unreachable);
  g_assert_cmpuint (statistics->connection_refusals, ==, n_refused);
}

static void
expect_payload (Fixture *self, guint index, const char *expected)
{
  g_autofree char *payload = recorder_get_payload (self->recorder, index);

  g_assert_cmpstr (payload, ==, expected);
}

static void
give_one (Fixture *self, const char *payload)
{
  const GudpxIncoming incoming = scripted_incoming (payload, 9);

  scripted_link_will_give (&self->link, &incoming, 1);
}

static gboolean
write_one (Fixture *self, const char *payload)
{
  return gudpx_port_write_to_host (self->port, text (payload), "127.0.0.1", 9, &self->error);
}

static void
connect_to (Fixture *self, guint16 port)
{
  g_assert_true (gudpx_port_connect_peer (self->port, "127.0.0.1", port, NULL));
}

/* A port works without a socket. Options and groups fail. */
static void
test_no_socket (Fixture *self, gconstpointer data)
{
  g_autofree char *local = address_to_string (gudpx_port_get_local_address (self->port));

  g_assert_cmpstr (local, ==, "127.0.0.1:7");
  g_assert_null (gudpx_port_get_socket (self->port));
  g_assert_cmpuint (gudpx_port_get_path_mtu (self->port), ==, 0);
  g_assert_false (gudpx_port_set_ttl (self->port, 3, &self->error));
  expect_error (&self->error, G_IO_ERROR_NOT_SUPPORTED);
  g_assert_false (gudpx_port_join_group (self->port, "239.1.2.3", NULL, &self->error));
  expect_error (&self->error, G_IO_ERROR_NOT_SUPPORTED);
  gudpx_port_set_priority (self->port, G_PRIORITY_HIGH);

  connect_to (self, 9);
  g_assert_true (gudpx_port_write (self->port, text ("a"), NULL));
  g_assert_true (gudpx_port_disconnect_peer (self->port, NULL));
  g_assert_null (gudpx_port_get_peer_address (self->port));
  scripted_link_expect_sent (&self->link, "a>9 ");
}

/* Batches arrive in order. While the port is paused, the link is left alone. */
static void
test_receive (Fixture *self, gconstpointer data)
{
  const GudpxIncoming incoming[] = { scripted_incoming ("a", 8), scripted_incoming ("b", 9) };

  scripted_link_will_give (&self->link, incoming, 2);
  give_one (self, "c");
  gudpx_port_set_reading (self->port, FALSE);
  run (self);
  g_assert_cmpuint (self->link.n_receives, ==, 0);

  gudpx_port_set_reading (self->port, TRUE);
  run (self);
  expect_events (self, "datagram datagram datagram ");
  expect_payload (self, 0, "a");
  expect_payload (self, 1, "b");
  expect_payload (self, 2, "c");
}

/* The answer to a datagram may be there when the write returns. */
static void
test_answer_at_once (Fixture *self, gconstpointer data)
{
  give_one (self, "x");
  g_assert_true (write_one (self, "a"));
  wait_for (self->recorder->datagrams->len == 1);
  expect_events (self, "datagram ");
}

/* A link can ask for a dispatch at a time. */
static void
test_timer (Fixture *self, gconstpointer data)
{
  g_autoptr (GudpxStatistics) before = gudpx_port_get_statistics (self->port);
  g_autoptr (GudpxStatistics) after = NULL;

  self->link.wants.time = g_get_monotonic_time () + 2 * G_TIME_SPAN_MILLISECOND;
  gudpx_port_settle (self->port);
  self->link.wants.time = -1;
  wait_for (self->port->statistics.wakeups > before->wakeups);
  iterate ();
  after = gudpx_port_get_statistics (self->port);
  g_assert_cmpuint (after->wakeups, ==, before->wakeups + 1);
}

/* A receive that fails for good is told once, and the port goes on when it works again. */
static void
test_receive_fails (Fixture *self, gconstpointer data)
{
  const int errsv = GPOINTER_TO_INT (data);

  self->link.receive_errsv = errsv;
  self->link.is_ready = G_IO_IN;
  gudpx_port_settle (self->port);
  wait_for (self->link.n_receives >= 4);
  expect_events (self, "error ");
  g_assert_nonnull (strstr (self->recorder->error->message, "Cannot receive on 127.0.0.1:7"));
  expect_error_heard (self, errsv, 0);
  g_assert_cmpint (self->details->error_number, ==, errsv);
  expect_counted (self, 1, 0, 0);
  g_assert_true (write_one (self, "a"));
  scripted_link_expect_sent (&self->link, "a>9 ");

  self->link.is_ready = 0;
  self->link.receive_errsv = EAGAIN;
  give_one (self, "x");
  wait_for (self->recorder->datagrams->len == 1);
  expect_events (self, "datagram ");
}

/* A refusal that a receive returns is not an error of receiving. */
static void
test_receive_refused (Fixture *self, gconstpointer data)
{
  scripted_link_will_fail (&self->link, ECONNREFUSED);
  give_one (self, "x");
  gudpx_port_settle (self->port);
  wait_for (self->recorder->datagrams->len == 1);
  expect_events (self, "datagram ");
  expect_counted (self, 0, 0, 0);
}

/* Errors that the link cannot read are told once. Datagrams arrive nevertheless. */
static void
test_unreadable_errors (Fixture *self, gconstpointer data)
{
  const GudpxLinkError unreadable = { .errsv = ENOMEM, .is_of_reading = TRUE };

  scripted_link_will_tell (&self->link, &unreadable);
  run (self);
  expect_events (self, "error ");
  g_assert_nonnull (strstr (self->recorder->error->message, "Cannot read the errors of"));
  expect_error_heard (self, ENOMEM, 0);

  give_one (self, "x");
  wait_for (self->recorder->datagrams->len == 1);
  expect_events (self, "datagram ");
}

/* An error of a datagram that has left is told with its details and its destination. */
static void
test_network_error (Fixture *self, gconstpointer data)
{
  const int errsv = GPOINTER_TO_INT (data);
  const GudpxLinkError error = { .errsv = errsv, .destination = scripted_address (8),
                                 .is_icmp = TRUE, .icmp_type = 3, .icmp_code = 4,
                                 .offender = scripted_address (5) };

  scripted_link_will_tell (&self->link, &error);
  run (self);
  expect_events (self, "error ");
  expect_error_heard (self, errsv, 8);
  g_assert_cmpint (self->details->error_number, ==, errsv);
  g_assert_cmpint (self->details->icmp_type, ==, 3);
  g_assert_cmpint (self->details->icmp_code, ==, 4);
  g_assert_nonnull (self->details->offender);
  g_assert_null (gudpx_port_dup_error_details (self->port));
  expect_counted (self, 1, errsv == ENETUNREACH || errsv == EHOSTUNREACH, errsv == ECONNREFUSED);
}

/* A refusal by the peer has a function of its own. Other errors without a destination concern the
 * peer. */
static void
test_errors_of_peer (Fixture *self, gconstpointer data)
{
  const GudpxLinkError refused = { .errsv = ECONNREFUSED };
  const GudpxLinkError unreachable = { .errsv = EHOSTUNREACH };

  connect_to (self, 9);
  scripted_link_will_tell (&self->link, &refused);
  scripted_link_will_tell (&self->link, &unreachable);
  run (self);
  expect_events (self, "refused error ");
  expect_error_heard (self, EHOSTUNREACH, 9);
  expect_counted (self, 2, 1, 1);
}

/* Errors keep their destination and details when the peer changes before they are told. */
static void
test_error_before_change (Fixture *self, gconstpointer data)
{
  const GudpxLinkError refused = { .errsv = ECONNREFUSED, .is_icmp = TRUE, .icmp_type = 3,
                                   .icmp_code = 3 };

  connect_to (self, 9);
  scripted_link_will_tell (&self->link, &refused);
  connect_to (self, 8);
  iterate ();
  expect_events (self, "error ");
  expect_error_heard (self, ECONNREFUSED, 9);
  g_assert_nonnull (self->details);
  g_assert_cmpint (self->details->icmp_code, ==, 3);
}

/* The port tells an error and delivers a datagram in the same dispatch. */
static void
test_error_and_data (Fixture *self, gconstpointer data)
{
  const GudpxLinkError refused = { .errsv = ECONNREFUSED };
  const guint64 n_wakeups = self->port->statistics.wakeups;

  connect_to (self, 9);
  scripted_link_will_tell (&self->link, &refused);
  give_one (self, "x");
  run (self);
  expect_events (self, "refused datagram ");
  g_assert_cmpuint (self->port->statistics.wakeups, ==, n_wakeups + 1);
}

/* An error of an earlier datagram that a write met is told, and does not fail the write. */
static void
test_pending_error (Fixture *self, gconstpointer data)
{
  connect_to (self, 9);
  self->link.parent.pending_errsv = ECONNREFUSED;
  g_assert_true (gudpx_port_write (self->port, text ("a"), NULL));
  iterate ();
  expect_events (self, "refused ");
  scripted_link_expect_sent (&self->link, "a>9 ");
}

/* The caller of a write gets its error. The protocol hears nothing. */
static void
test_write_fails (Fixture *self, gconstpointer data)
{
  const int errsv = GPOINTER_TO_INT (data);
  const gboolean is_unreachable = errsv == ENETUNREACH || errsv == EHOSTUNREACH;

  scripted_link_will_send (&self->link, 0, errsv);
  g_assert_false (write_one (self, "a"));
  g_assert_nonnull (strstr (self->error->message, "Cannot send 1 bytes to 127.0.0.1:9"));
  expect_code (&self->error, errsv);
  expect_counted (self, 1, is_unreachable, errsv == ECONNREFUSED);
  g_assert_true (write_one (self, "b"));
  iterate ();
  expect_events (self, "");
  scripted_link_expect_sent (&self->link, "b>9 ");
}

static void
write_in_handler (Recorder *recorder, GudpxDatagram *datagram, gpointer user_data)
{
  Fixture *self = user_data;

  g_assert_true (write_one (self, "a"));
  g_assert_true (write_one (self, "b"));
}

/* A datagram that a handler wrote leaves later: the protocol hears its error, without details. */
static void
test_queued_fails (Fixture *self, gconstpointer data)
{
  const int errsv = GPOINTER_TO_INT (data);
  const gboolean is_unreachable = errsv == ENETUNREACH || errsv == EHOSTUNREACH;

  self->recorder->on_datagram = write_in_handler;
  scripted_link_will_send (&self->link, 0, errsv);
  give_one (self, "x");
  run (self);
  expect_events (self, "datagram error ");
  expect_error_heard (self, errsv, 9);
  g_assert_null (self->details);
  expect_counted (self, 1, is_unreachable, errsv == ECONNREFUSED);
  scripted_link_expect_sent (&self->link, "b>9 ");
}

static void
keep_result (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_set_object ((GAsyncResult **) user_data, result);
}

/* write_async completes with the error of its datagram. The protocol hears nothing. */
static void
test_write_async_fails (Fixture *self, gconstpointer data)
{
  const int errsv = GPOINTER_TO_INT (data);
  g_autoptr (GBytes) bytes = g_bytes_new_static ("a", 1);
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string ("127.0.0.1", 9);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GAsyncResult) second = NULL;

  scripted_link_will_send (&self->link, 0, errsv);
  gudpx_port_write_async (self->port, bytes, address, NULL, keep_result, &result);
  gudpx_port_write_async (self->port, bytes, address, NULL, keep_result, &second);
  g_assert_null (result);
  iterate ();
  g_assert_false (gudpx_port_write_finish (self->port, result, &self->error));
  expect_code (&self->error, errsv);
  g_assert_true (gudpx_port_write_finish (self->port, second, NULL));
  expect_events (self, "");
  scripted_link_expect_sent (&self->link, "a>9 ");
}

/* A link without room, or memory, queues datagrams. When it has room they leave. */
static void
test_no_room (Fixture *self, gconstpointer data)
{
  const int errsv = GPOINTER_TO_INT (data);

  gudpx_port_set_send_queue_limit (self->port, 400);
  scripted_link_will_send (&self->link, 0, errsv);
  g_assert_true (write_one (self, "a"));
  g_assert_cmpuint (gudpx_port_get_send_queue_size (self->port), >, 0);
  g_assert_false (write_one (self, "b"));
  expect_error (&self->error, G_IO_ERROR_WOULD_BLOCK);
  expect_counted (self, 0, 0, 0);

  self->link.is_ready = G_IO_OUT;
  gudpx_port_settle (self->port);
  wait_for (gudpx_port_get_send_queue_size (self->port) == 0);
  iterate ();
  scripted_link_expect_sent (&self->link, "a>9 ");
  expect_events (self, "writable ");
}

/* The link takes fewer datagrams than it was given. The others follow in order. */
static void
test_short_send (Fixture *self, gconstpointer data)
{
  g_autoptr (GPtrArray) datagrams = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string ("127.0.0.1", 9);

  for (guint i = 0; i < 4; i++)
    g_ptr_array_add (datagrams, gudpx_datagram_new ((const guint8 *) &"abcd"[i], 1, address));
  scripted_link_will_send (&self->link, 1, EPERM);
  scripted_link_will_send (&self->link, 1, EAGAIN);
  g_assert_cmpint (gudpx_port_write_datagrams (self->port, datagrams, NULL), ==, 4);
  scripted_link_expect_sent (&self->link, "a>9 c>9 ");
  iterate ();
  expect_events (self, "error ");
  expect_error_heard (self, EPERM, 9);

  self->link.is_ready = G_IO_OUT;
  run (self);
  scripted_link_expect_sent (&self->link, "d>9 ");
  expect_counted (self, 1, 0, 0);
}

/* A stop completes writes that the link did not take. */
static void
test_stop (Fixture *self, gconstpointer data)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static ("a", 1);
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string ("127.0.0.1", 9);
  g_autoptr (GAsyncResult) result = NULL;

  self->link.send_errsv = EAGAIN;
  gudpx_port_write_async (self->port, bytes, address, NULL, keep_result, &result);
  gudpx_port_stop_listening (self->port);
  g_assert_true (self->link.is_closed);
  iterate ();
  g_assert_false (gudpx_port_write_finish (self->port, result, &self->error));
  expect_error (&self->error, G_IO_ERROR_CLOSED);
  expect_events (self, "stopped ");}

#define add(path, data, func)                                                                      \
  g_test_add ("/scripted-port/" path, Fixture, GINT_TO_POINTER (data), set_up, func, tear_down)
#define add_errno(errsv)                                                                           \
  add ("network-error/" #errsv, errsv, test_network_error);                                        \
  add ("write-fails/" #errsv, errsv, test_write_fails);                                            \
  add ("queued-fails/" #errsv, errsv, test_queued_fails);                                          \
  add ("write-async-fails/" #errsv, errsv, test_write_async_fails)

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add ("no-socket", 0, test_no_socket);
  add ("receive", 0, test_receive);
  add ("answer-at-once", 0, test_answer_at_once);
  add ("timer", 0, test_timer);
  add ("receive-fails/EIO", EIO, test_receive_fails);
  add ("receive-fails/ENOMEM", ENOMEM, test_receive_fails);
  add ("receive-fails/ENOBUFS", ENOBUFS, test_receive_fails);
  add ("receive-fails/EINTR", EINTR, test_receive_fails);
  add ("receive-refused", 0, test_receive_refused);
  add ("unreadable-errors", 0, test_unreadable_errors);
  add_errno (EPERM);
  add_errno (ENETUNREACH);
  add_errno (EHOSTUNREACH);
  add_errno (EMSGSIZE);
  add_errno (ECONNREFUSED);
  add_errno (EINTR);
  add_errno (EIO);
  add ("errors-of-peer", 0, test_errors_of_peer);
  add ("error-before-change", 0, test_error_before_change);
  add ("error-and-data", 0, test_error_and_data);
  add ("pending-error", 0, test_pending_error);
  add ("no-room/EAGAIN", EAGAIN, test_no_room);
  add ("no-room/ENOBUFS", ENOBUFS, test_no_room);
  add ("no-room/ENOMEM", ENOMEM, test_no_room);
  add ("short-send", 0, test_short_send);
  add ("stop", 0, test_stop);
  return g_test_run ();
}
