/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "recorder.h"

/* Tests every form of writing. The caller may change the data immediately. */
static void
test_forms (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "127.0.0.1");
  g_autoptr (GSocket) peer = peer_new ("127.0.0.1");
  g_autoptr (GSocketAddress) address = g_socket_get_local_address (peer, NULL);
  g_autoptr (GBytes) bytes = g_bytes_new_static ("bytes", 5);
  const GOutputVector vectors[] = { { "vec", 3 }, { NULL, 0 }, { "tors", 4 } };
  static const char *const expected[] = { "to", "host", "bytes", "vectors", "", "" };

  g_assert_true (gudpx_port_write_to (port, text ("to"), address, NULL));
  g_assert_true (
      gudpx_port_write_to_host (port, text ("host"), "127.0.0.1", peer_get_port (peer), NULL));
  g_assert_true (gudpx_port_write_bytes (port, bytes, address, NULL));
  g_assert_true (gudpx_port_write_vectors (port, vectors, 3, address, NULL));
  g_assert_true (gudpx_port_write_vectors (port, NULL, 0, address, NULL));
  g_assert_true (gudpx_port_write_to (port, NULL, 0, address, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    {
      g_autofree char *received = peer_receive (peer, NULL);

      g_assert_cmpstr (received, ==, expected[i]);
    }

  gudpx_port_stop_listening (port);
}

/* NULL is an empty datagram. */
static void
test_nothing (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "127.0.0.1");
  g_autoptr (GSocket) peer = peer_new ("127.0.0.1");
  g_autoptr (GSocketAddress) address = g_socket_get_local_address (peer, NULL);
  char buffer[8];

  g_assert_true (gudpx_port_write_to (port, NULL, 0, address, NULL));
  g_assert_cmpint (g_socket_receive (peer, buffer, sizeof buffer, NULL, NULL), ==, 0);
  g_assert_true (gudpx_port_write_vectors (port, NULL, 0, address, NULL));
  g_assert_cmpint (g_socket_receive (peer, buffer, sizeof buffer, NULL, NULL), ==, 0);

  gudpx_port_stop_listening (port);
}

/* Any number of vectors works. */
static void
test_many_vectors (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "127.0.0.1");
  g_autoptr (GSocket) peer = peer_new ("127.0.0.1");
  g_autoptr (GSocketAddress) address = g_socket_get_local_address (peer, NULL);
  g_autofree GOutputVector *vectors = g_new0 (GOutputVector, 5000);
  g_autofree char *received = NULL;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 5000; i++)
    vectors[i] = (GOutputVector){ &"abcdefghij"[i % 10], 1 };
  g_assert_true (gudpx_port_write_vectors (port, vectors, 5000, address, &error));
  g_assert_no_error (error);
  received = peer_receive (peer, NULL);
  g_assert_cmpuint (strlen (received), ==, 5000);
  g_assert_true (g_str_has_prefix (received, "abcdefghijabc"));

  gudpx_port_stop_listening (port);
}

/* Calls the function of the recorder for a datagram of the peer. */
static void
handle_one (Recorder *recorder, GSocket *peer, GudpxPort *port)
{
  peer_send (peer, "x", -1, port);
  wait_for (recorder->datagrams->len == 1);
}

static void
scribble (Recorder *recorder, GudpxDatagram *datagram, gpointer user_data)
{
  GSocket *peer = user_data;
  guint8 data[] = "mine";

  g_assert_true (gudpx_datagram_reply (datagram, data, 4, NULL));
  memset (data, 'x', sizeof data);
  g_assert_true (gudpx_datagram_reply (datagram, text ("second"), NULL));
  /* The datagram is sent when the dispatch ends. */
  g_assert_true (peer_has_nothing (peer));
}

static void
test_in_handler (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "127.0.0.1");
  g_autoptr (GSocket) peer = peer_new ("127.0.0.1");
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;

  recorder->on_datagram = scribble;
  recorder->user_data = peer;
  handle_one (recorder, peer, port);
  first = peer_receive (peer, NULL);
  second = peer_receive (peer, NULL);
  g_assert_cmpstr (first, ==, "mine");
  g_assert_cmpstr (second, ==, "second");
  g_assert_cmpuint (gudpx_port_get_send_queue_size (port), ==, 0);

  gudpx_port_stop_listening (port);
}

/* Several batches of one dispatch arrive complete and in order. */
static void
write_many (Recorder *recorder, GudpxDatagram *datagram, gpointer user_data)
{
  for (int i = 0; i < 150; i++)
    {
      g_autofree char *payload = g_strdup_printf ("%d", i);

      g_assert_true (gudpx_datagram_reply (datagram, text (payload), NULL));
    }
}

static void
test_order (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "127.0.0.1");
  g_autoptr (GSocket) peer = peer_new ("127.0.0.1");

  recorder->on_datagram = write_many;
  handle_one (recorder, peer, port);
  for (int i = 0; i < 150; i++)
    {
      g_autofree char *received = peer_receive (peer, NULL);
      g_autofree char *expected = g_strdup_printf ("%d", i);

      g_assert_cmpstr (received, ==, expected);
    }

  gudpx_port_stop_listening (port);
}

static void
reply_and_look (Recorder *recorder, GudpxDatagram *datagram, gpointer user_data)
{
  GSocket *peer = user_data;
  GudpxPort *port = gudpx_datagram_get_transport (datagram);

  g_assert_true (gudpx_datagram_reply (datagram, text ("gathered"), NULL));
  g_assert_true (peer_has_nothing (peer));

  gudpx_port_set_coalesce_writes (port, FALSE);
  g_assert_false (peer_has_nothing (peer));
  g_assert_true (gudpx_datagram_reply (datagram, text ("at once"), NULL));
  for (guint i = 0; i < 2; i++)
    {
      g_autofree char *received = peer_receive (peer, NULL);

      g_assert_cmpstr (received, ==, i == 0 ? "gathered" : "at once");
    }
  g_assert_true (gudpx_port_write_vectors (port, NULL, 0, gudpx_datagram_get_sender (datagram),
                                           NULL));
  g_assert_false (peer_has_nothing (peer));
}

/* Turning coalescing off sends the queued datagrams. Later ones are sent when they are written. */
static void
test_not_coalesced (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "127.0.0.1");
  g_autoptr (GSocket) peer = peer_new ("127.0.0.1");

  recorder->on_datagram = reply_and_look;
  recorder->user_data = peer;
  handle_one (recorder, peer, port);
  g_assert_cmpuint (gudpx_port_get_send_queue_size (port), ==, 0);

  gudpx_port_stop_listening (port);
}

static void
stop_and_set (Recorder *recorder, GudpxDatagram *datagram, gpointer user_data)
{
  GudpxPort *port = gudpx_datagram_get_transport (datagram);

  gudpx_port_stop_listening (port);
  gudpx_port_set_coalesce_writes (port, FALSE);
}

/* A stopped port has nothing left to send. */
static void
test_not_coalesced_when_stopped (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "127.0.0.1");
  g_autoptr (GSocket) peer = peer_new ("127.0.0.1");

  recorder->on_datagram = stop_and_set;
  handle_one (recorder, peer, port);
  g_assert_false (gudpx_port_get_listening (port));
  g_assert_false (gudpx_port_get_coalesce_writes (port));
}

static void
test_errors (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "127.0.0.1");
  g_autoptr (GudpxPort) port6 = listen_on (recorder, "::1");
  g_autoptr (GudpxPort) stopped = gudpx_port_new (GUDPX_DATAGRAM_PROTOCOL (recorder), NULL);
  g_autoptr (GError) error = NULL;
  g_autofree guint8 *large = g_malloc0 (65528);

  g_assert_false (gudpx_port_write (port, text ("x"), &error));
  expect_error (&error, DESTINATION_UNSET);

  g_assert_false (gudpx_port_write_to_host (port, large, 65508, "127.0.0.1", 9, &error));
  g_assert_nonnull (strstr (error->message, "65508"));
  g_assert_nonnull (strstr (error->message, "65507"));
  g_assert_nonnull (strstr (error->message, "127.0.0.1:9"));
  expect_error (&error, G_IO_ERROR_MESSAGE_TOO_LARGE);
  g_assert_false (gudpx_port_write_to_host (port6, large, 65528, "::1", 9, &error));
  g_assert_nonnull (strstr (error->message, "65527"));
  expect_error (&error, G_IO_ERROR_MESSAGE_TOO_LARGE);

  g_assert_false (gudpx_port_write_to_host (port, text ("x"), "localhost", 9, &error));
  g_assert_nonnull (strstr (error->message, "localhost"));
  expect_error (&error, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_false (gudpx_port_write_to_host (port, text ("x"), "", 9, &error));
  expect_error (&error, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_false (gudpx_port_write_to_host (port, text ("x"), "::1", 9, &error));
  expect_error (&error, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_false (gudpx_port_write_to_host (port, text ("x"), "127.0.0.1", 0, &error));
  expect_error (&error, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_false (gudpx_port_write_to_host (port, text ("x"), "<broadcast>", 9, &error));
  expect_error (&error, G_IO_ERROR_PERMISSION_DENIED);
  g_assert_false (gudpx_port_write_to_host (port6, text ("x"), "127.0.0.1", 9, &error));
  expect_error (&error, G_IO_ERROR_INVALID_ARGUMENT);

  g_assert_false (gudpx_port_write_to_host (stopped, text ("x"), "127.0.0.1", 9, &error));
  expect_error (&error, G_IO_ERROR_CLOSED);

  /* These errors do not harm the port. */
  g_assert_true (gudpx_port_write_to_host (port, large, 65507, "127.0.0.1", 9, &error));
  g_assert_true (gudpx_port_write_to_host (port6, large, 65527, "::1", 9, &error));
  iterate ();
  g_assert_cmpstr (recorder->events->str, ==, "started ");

  gudpx_port_stop_listening (port);
  gudpx_port_stop_listening (port6);
}

static void
expect_no_host (GudpxPort *port, const char *host)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (gudpx_port_write_to_host (port, text ("x"), host, 9, &error));
  g_assert_nonnull (strstr (error->message, ":9"));
  g_assert_nonnull (strstr (error->message, "belong to a host"));
  expect_error (&error, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_false (gudpx_port_connect_peer (port, host, 9, &error));
  expect_error (&error, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_null (gudpx_port_get_peer_address (port));
}

/* The kernel treats “any” as the machine itself: datagrams to it come back (RFC 1122, 3.2.1.3). */
static void
test_no_host (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, NULL);
  g_autoptr (GudpxPort) port6 = listen_on (recorder, "::");

  expect_no_host (port, "0.0.0.0");
  expect_no_host (port, "::ffff:0.0.0.0");
  expect_no_host (port6, "0.0.0.0");
  expect_no_host (port6, "::ffff:0.0.0.0");
  expect_no_host (port6, "::");

  gudpx_port_stop_listening (port);
  gudpx_port_stop_listening (port6);
}

/* Asserts that the message contains @what, and clears the error. */
static void
expect_message (GError **error, GIOErrorEnum code, const char *what)
{
  g_test_message ("%s", (*error)->message);
  g_assert_nonnull (strstr ((*error)->message, what));
  expect_error (error, code);
}

static char *
describe (GudpxPort *port)
{
  return address_to_string (gudpx_port_get_local_address (port));
}

/* A program may have many ports, so the message names the port. */
static void
test_messages_name_the_port (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "127.0.0.1");
  g_autoptr (GudpxPort) unset = gudpx_port_new (GUDPX_DATAGRAM_PROTOCOL (recorder), NULL);
  g_autoptr (GudpxDatagram) nowhere = gudpx_datagram_new (text ("x"), NULL);
  g_autoptr (GPtrArray) datagrams = g_ptr_array_new ();
  g_autofree char *description = describe (port);
  g_autoptr (GError) error = NULL;

  g_ptr_array_add (datagrams, nowhere);
  g_assert_false (gudpx_port_write (port, text ("x"), &error));
  expect_message (&error, DESTINATION_UNSET, description);
  g_assert_cmpint (gudpx_port_write_datagrams (port, datagrams, &error), ==, -1);
  expect_message (&error, DESTINATION_UNSET, description);
  g_assert_false (gudpx_port_write_to_host (port, text ("x"), "<broadcast>", 9, &error));
  expect_message (&error, G_IO_ERROR_PERMISSION_DENIED, "255.255.255.255:9");

  gudpx_port_stop_listening (port);
  g_assert_false (gudpx_port_write_to_host (port, text ("x"), "127.0.0.1", 9, &error));
  expect_message (&error, G_IO_ERROR_CLOSED, "127.0.0.1");
  g_assert_false (gudpx_port_connect_peer (port, "127.0.0.1", 9, &error));
  expect_message (&error, G_IO_ERROR_CLOSED, "127.0.0.1");
  g_assert_false (gudpx_port_write_to_host (unset, text ("x"), "127.0.0.1", 9, &error));
  expect_message (&error, G_IO_ERROR_CLOSED, "0.0.0.0");
}

/* A received datagram is sent to the peer, or not at all: its destination is this port, and its
 * sender is not a destination. */
static void
test_received_datagrams (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "127.0.0.1");
  g_autoptr (GSocket) peer = peer_new ("127.0.0.1");
  g_autoptr (GSocket) other = peer_new ("127.0.0.1");
  g_autofree char *description = describe (port);
  g_autofree char *received = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (gudpx_port_set_metadata (port, GUDPX_METADATA_DESTINATION, NULL));
  peer_send (peer, "x", -1, port);
  wait_for (recorder->datagrams->len == 1);
  g_assert_nonnull (gudpx_datagram_get_destination (recorder->datagrams->pdata[0]));
  g_assert_cmpint (gudpx_port_write_datagrams (port, recorder->datagrams, &error), ==, -1);
  expect_message (&error, DESTINATION_UNSET, description);

  g_assert_true (gudpx_port_connect_peer (port, "127.0.0.1", peer_get_port (other), NULL));
  g_assert_cmpint (gudpx_port_write_datagrams (port, recorder->datagrams, &error), ==, 1);
  g_assert_no_error (error);
  received = peer_receive (other, NULL);
  g_assert_cmpstr (received, ==, "x");
  g_assert_cmpuint (recorder->datagrams->len, ==, 1);

  gudpx_port_stop_listening (port);
}

static void
test_datagrams (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "127.0.0.1");
  g_autoptr (GSocket) peer = peer_new ("127.0.0.1");
  g_autoptr (GSocketAddress) address = g_socket_get_local_address (peer, NULL);
  g_autoptr (GPtrArray) datagrams = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GError) error = NULL;

  for (int i = 0; i < 100; i++)
    {
      g_autofree char *payload = g_strdup_printf ("%d", i);

      g_ptr_array_add (datagrams, gudpx_datagram_new (text (payload), address));
    }
  g_assert_cmpint (gudpx_port_write_datagrams (port, datagrams, &error), ==, 100);
  g_assert_no_error (error);
  for (int i = 0; i < 100; i++)
    {
      g_autofree char *received = peer_receive (peer, NULL);
      g_autofree char *expected = g_strdup_printf ("%d", i);

      g_assert_cmpstr (received, ==, expected);
    }

  /* The call ends before the first invalid datagram. */
  g_ptr_array_set_size (datagrams, 2);
  g_ptr_array_add (datagrams, gudpx_datagram_new (text ("nowhere"), NULL));
  g_assert_cmpint (gudpx_port_write_datagrams (port, datagrams, &error), ==, 2);
  g_assert_no_error (error);
  g_ptr_array_remove_range (datagrams, 0, 2);
  g_assert_cmpint (gudpx_port_write_datagrams (port, datagrams, &error), ==, -1);
  expect_error (&error, DESTINATION_UNSET);
  g_ptr_array_set_size (datagrams, 0);
  g_assert_cmpint (gudpx_port_write_datagrams (port, datagrams, &error), ==, 0);

  gudpx_port_stop_listening (port);
  g_assert_cmpint (gudpx_port_write_datagrams (port, datagrams, &error), ==, -1);
  expect_error (&error, G_IO_ERROR_CLOSED);
}

static void
keep_result (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_set_object ((GAsyncResult **) user_data, result);
}

static void
test_async (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "127.0.0.1");
  g_autoptr (GSocket) peer = peer_new ("127.0.0.1");
  g_autoptr (GSocketAddress) address = g_socket_get_local_address (peer, NULL);
  g_autoptr (GBytes) bytes = g_bytes_new_static ("async", 5);
  g_autoptr (GAsyncResult) written = NULL;
  g_autoptr (GAsyncResult) refused = NULL;
  g_autoptr (GAsyncResult) flushed = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *received = NULL;

  gudpx_port_write_async (port, bytes, address, NULL, keep_result, &written);
  gudpx_port_write_async (port, bytes, NULL, NULL, keep_result, &refused);
  gudpx_port_flush_async (port, NULL, keep_result, &flushed);
  g_assert_null (written);
  g_assert_null (refused);
  g_assert_null (flushed);
  wait_for (written != NULL && refused != NULL && flushed != NULL);
  g_assert_true (gudpx_port_write_finish (port, written, &error));
  g_assert_no_error (error);
  g_assert_true (gudpx_port_flush_finish (port, flushed, &error));
  g_assert_no_error (error);
  g_assert_false (gudpx_port_write_finish (port, refused, &error));
  expect_error (&error, DESTINATION_UNSET);
  received = peer_receive (peer, NULL);
  g_assert_cmpstr (received, ==, "async");

  gudpx_port_stop_listening (port);
}

static void
test_statistics (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "127.0.0.1");
  g_autoptr (GSocket) peer = peer_new ("127.0.0.1");
  g_autoptr (GSocketAddress) address = g_socket_get_local_address (peer, NULL);
  g_autoptr (GudpxStatistics) before = NULL;
  g_autoptr (GudpxStatistics) after = NULL;

  before = gudpx_port_get_statistics (port);
  g_assert_cmpuint (before->datagrams_sent, ==, 0);
  gudpx_port_write_to (port, text ("12345"), address, NULL);
  gudpx_port_write_to (port, NULL, 0, address, NULL);
  after = gudpx_port_get_statistics (port);
  g_assert_cmpuint (after->datagrams_sent, ==, 2);
  g_assert_cmpuint (after->bytes_sent, ==, 5);
  g_assert_cmpuint (after->send_queue_drops, ==, 0);
  g_assert_cmpuint (after->errors, ==, 0);
  g_assert_cmpuint (before->datagrams_sent, ==, 0);

  gudpx_port_stop_listening (port);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/write/forms", test_forms);
  g_test_add_func ("/write/nothing", test_nothing);
  g_test_add_func ("/write/many-vectors", test_many_vectors);
  g_test_add_func ("/write/in-handler", test_in_handler);
  g_test_add_func ("/write/order", test_order);
  g_test_add_func ("/write/not-coalesced", test_not_coalesced);
  g_test_add_func ("/write/not-coalesced-when-stopped", test_not_coalesced_when_stopped);
  g_test_add_func ("/write/errors", test_errors);
  g_test_add_func ("/write/no-host", test_no_host);
  g_test_add_func ("/write/messages-name-the-port", test_messages_name_the_port);
  g_test_add_func ("/write/received-datagrams", test_received_datagrams);
  g_test_add_func ("/write/datagrams", test_datagrams);
  g_test_add_func ("/write/async", test_async);
  g_test_add_func ("/write/statistics", test_statistics);

  return g_test_run ();
}
