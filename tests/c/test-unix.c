/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>

#include "recorder.h"

typedef struct
{
  char *directory;
  char *path;
  char *other_path;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->directory = g_dir_make_tmp ("gudpx-XXXXXX", NULL);
  fixture->path = g_build_filename (fixture->directory, "one", NULL);
  fixture->other_path = g_build_filename (fixture->directory, "other", NULL);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_unlink (fixture->path);
  g_unlink (fixture->other_path);
  g_assert_cmpint (g_rmdir (fixture->directory), ==, 0);
  g_free (fixture->directory);
  g_free (fixture->path);
  g_free (fixture->other_path);
}

static GudpxPort *
listen_unix (Recorder *recorder, const char *path)
{
  g_autoptr (GError) error = NULL;
  GudpxPort *port =
      gudpx_listen_unix_datagram (path, GUDPX_DATAGRAM_PROTOCOL (recorder), &error);

  g_assert_no_error (error);
  return port;
}

static void
check_exchange (const char *path, const char *other_path)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (Recorder) other_recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_unix (recorder, path);
  g_autoptr (GudpxPort) other = listen_unix (other_recorder, other_path);
  g_autofree char *payload = NULL;
  g_autofree char *reply = NULL;

  g_assert_true (gudpx_port_write_to (port, text ("hello"),
                                      gudpx_port_get_local_address (other), NULL));
  wait_for (other_recorder->datagrams->len == 1);
  payload = recorder_get_payload (other_recorder, 0);
  g_assert_cmpstr (payload, ==, "hello");
  g_assert_true (
      gudpx_address_equal (gudpx_datagram_get_sender (other_recorder->datagrams->pdata[0]),
                           gudpx_port_get_local_address (port)));

  g_assert_true (
      gudpx_datagram_reply (other_recorder->datagrams->pdata[0], text ("back"), NULL));
  wait_for (recorder->datagrams->len == 1);
  reply = recorder_get_payload (recorder, 0);
  g_assert_cmpstr (reply, ==, "back");

  gudpx_port_stop_listening (port);
  gudpx_port_stop_listening (other);
}

/* The files are removed together with the ports. */
static void
test_path (Fixture *fixture, gconstpointer data)
{
  check_exchange (fixture->path, fixture->other_path);
  g_assert_false (g_file_test (fixture->path, G_FILE_TEST_EXISTS));
}

static void
test_abstract (Fixture *fixture, gconstpointer data)
{
  g_autofree char *name = g_strdup_printf ("@%s", fixture->path);
  g_autofree char *other_name = g_strdup_printf ("@%s", fixture->other_path);

  check_exchange (name, other_name);
  g_assert_false (g_file_test (name, G_FILE_TEST_EXISTS));
}

/* A file that a dead process left is replaced. A socket in use and an ordinary file are not. */
static void
test_stale (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (fixture->path);
  g_autoptr (GSocket) left_behind = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_DATAGRAM,
                                                  G_SOCKET_PROTOCOL_DEFAULT, NULL);
  g_autoptr (GudpxPort) port = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (g_socket_bind (left_behind, address, FALSE, NULL));
  g_assert_null (
      gudpx_listen_unix_datagram (fixture->path, GUDPX_DATAGRAM_PROTOCOL (recorder), &error));
  g_assert_nonnull (strstr (error->message, fixture->path));
  expect_error (&error, G_IO_ERROR_ADDRESS_IN_USE);
  g_socket_close (left_behind, NULL);
  g_assert_true (g_file_test (fixture->path, G_FILE_TEST_EXISTS));
  port = listen_unix (recorder, fixture->path);
  gudpx_port_stop_listening (port);

  g_assert_true (g_file_set_contents (fixture->path, "precious", -1, NULL));
  g_assert_null (
      gudpx_listen_unix_datagram (fixture->path, GUDPX_DATAGRAM_PROTOCOL (recorder), &error));
  expect_error (&error, G_IO_ERROR_ADDRESS_IN_USE);
  g_assert_true (g_file_test (fixture->path, G_FILE_TEST_EXISTS));
}

/* A file that replaced the port's own file is not removed. */
static void
test_replaced (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_unix (recorder, fixture->path);

  g_assert_true (g_file_set_contents (fixture->other_path, "x", -1, NULL));
  g_assert_cmpint (g_rename (fixture->other_path, fixture->path), ==, 0);
  gudpx_port_stop_listening (port);
  g_assert_true (g_file_test (fixture->path, G_FILE_TEST_EXISTS));
}

static void
test_restart (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_unix (recorder, fixture->path);

  gudpx_port_stop_listening (port);
  g_assert_true (gudpx_port_start_listening (port, NULL));
  g_assert_true (g_file_test (fixture->path, G_FILE_TEST_EXISTS));
  gudpx_port_stop_listening (port);
}

static void
test_bad_paths (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autofree char *long_path = g_strnfill (200, 'x');
  g_autoptr (GError) error = NULL;

  g_assert_null (
      gudpx_listen_unix_datagram (long_path, GUDPX_DATAGRAM_PROTOCOL (recorder), &error));
  expect_error (&error, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_null (gudpx_listen_unix_datagram ("", GUDPX_DATAGRAM_PROTOCOL (recorder), &error));
  expect_error (&error, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_null (gudpx_listen_unix_datagram ("/nonexistent/path",
                                             GUDPX_DATAGRAM_PROTOCOL (recorder), &error));
  expect_error (&error, G_IO_ERROR_NOT_FOUND);
}

/* Replying to a sender without a name fails. */
static void
test_unbound_sender (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_unix (recorder, fixture->path);
  g_autoptr (GSocket) sender = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_DATAGRAM,
                                             G_SOCKET_PROTOCOL_DEFAULT, NULL);
  g_autoptr (GError) error = NULL;

  peer_send (sender, "x", -1, port);
  wait_for (recorder->datagrams->len == 1);
  g_assert_null (gudpx_datagram_get_sender (recorder->datagrams->pdata[0]));
  g_assert_false (gudpx_datagram_reply (recorder->datagrams->pdata[0], text ("y"), &error));
  expect_error (&error, DESTINATION_UNSET);

  gudpx_port_stop_listening (port);
}

static void
test_connect (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (Recorder) other_recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_unix (recorder, fixture->path);
  g_autoptr (GudpxPort) other = NULL;
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (fixture->other_path);
  g_autoptr (GError) error = NULL;

  g_assert_false (gudpx_port_connect_peer_address (port, address, &error));
  expect_error (&error, G_IO_ERROR_NOT_FOUND);
  g_assert_false (gudpx_port_connect_peer (port, "127.0.0.1", 9, &error));
  expect_error (&error, G_IO_ERROR_INVALID_ARGUMENT);

  other = listen_unix (other_recorder, fixture->other_path);
  g_assert_true (gudpx_port_connect_peer_address (port, address, &error));
  g_assert_no_error (error);
  g_assert_true (gudpx_port_write (port, text ("x"), &error));
  g_assert_true (gudpx_port_write_to (port, text ("y"), address, &error));
  wait_for (other_recorder->datagrams->len == 2);
  g_assert_true (gudpx_datagram_reply (other_recorder->datagrams->pdata[0], text ("z"), &error));
  wait_for (recorder->datagrams->len == 1);
  g_assert_true (gudpx_port_disconnect_peer (port, &error));
  g_assert_no_error (error);

  g_assert_false (gudpx_port_write_to_host (port, text ("x"), "127.0.0.1", 9, &error));
  expect_error (&error, G_IO_ERROR_INVALID_ARGUMENT);

  gudpx_port_stop_listening (port);
  gudpx_port_stop_listening (other);
}

static void
write_to_peer (Recorder *recorder, GudpxDatagram *datagram, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  recorder->on_refused = NULL;
  g_assert_true (gudpx_port_write (
      gudpx_datagram_protocol_get_transport (GUDPX_DATAGRAM_PROTOCOL (recorder)), text ("again"),
      &error));
  g_assert_no_error (error);
}

static void
expect_refused (GAsyncResult *result)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GObject) port = g_async_result_get_source_object (result);

  g_assert_false (gudpx_port_write_finish (GUDPX_PORT (port), result, &error));
  expect_error (&error, G_IO_ERROR_CONNECTION_REFUSED);
}

static void
keep_result (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_set_object ((GAsyncResult **) user_data, result);
}

/* A peer that is gone refuses datagrams, as a UDP peer does, until a socket is bound to its path
 * again. */
static void
test_peer_gone (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (Recorder) other_recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_unix (recorder, fixture->path);
  g_autoptr (GudpxPort) other = listen_unix (other_recorder, fixture->other_path);
  g_autoptr (GudpxPort) stranger = NULL;
  g_autofree char *stranger_path = g_strconcat (fixture->path, "x", NULL);
  g_autoptr (GSocketAddress) nobody = g_unix_socket_address_new (stranger_path);
  g_autoptr (GudpxStatistics) statistics = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GBytes) bytes = g_bytes_new_static ("z", 1);
  g_autoptr (GError) error = NULL;

  g_assert_true (
      gudpx_port_connect_peer_address (port, gudpx_port_get_local_address (other), NULL));
  gudpx_port_stop_listening (other);
  recorder->on_refused = write_to_peer;
  g_assert_true (gudpx_port_write (port, text ("x"), &error));
  g_assert_no_error (error);
  wait_for (g_str_has_suffix (recorder->events->str, "refused refused "));
  iterate ();
  g_assert_cmpstr (recorder->events->str, ==, "started refused refused ");
  g_assert_nonnull (gudpx_port_get_peer_address (port));
  statistics = gudpx_port_get_statistics (port);
  g_assert_cmpuint (statistics->connection_refusals, ==, 2);
  g_assert_cmpuint (statistics->datagrams_sent, ==, 0);

  /* A pending operation is told instead. */
  gudpx_port_write_async (port, bytes, NULL, NULL, keep_result, &result);
  wait_for (result != NULL);
  expect_refused (result);
  iterate ();
  g_assert_cmpstr (recorder->events->str, ==, "started refused refused ");

  /* A failed change of peer does not change this. */
  g_assert_false (gudpx_port_connect_peer_address (port, nobody, &error));
  expect_error (&error, G_IO_ERROR_NOT_FOUND);
  g_assert_nonnull (gudpx_port_get_peer_address (port));

  /* Linux has dissolved the association, but the port still has its peer. */
  stranger = listen_unix (other_recorder, stranger_path);
  g_assert_true (
      gudpx_port_write_to (stranger, text ("s"), gudpx_port_get_local_address (port), &error));
  g_assert_true (gudpx_port_start_listening (other, &error));
  g_assert_true (gudpx_port_write (port, text ("y"), &error));
  wait_for (other_recorder->datagrams->len == 1);
  g_assert_true (gudpx_datagram_reply (other_recorder->datagrams->pdata[0], text ("r"), &error));
  wait_for (recorder->datagrams->len == 1);
  iterate ();
  g_assert_cmpstr (recorder->events->str, ==, "started refused refused datagram ");
  g_assert_true (gudpx_address_equal (gudpx_datagram_get_sender (recorder->datagrams->pdata[0]),
                                      gudpx_port_get_peer_address (port)));

  gudpx_port_stop_listening (port);
  gudpx_port_stop_listening (other);
  gudpx_port_stop_listening (stranger);
}

#ifdef HAVE_LINUX_IO
/* For a path that fills sockaddr_un, the kernel returns a longer address than it accepts.
 * GSocketAddress has no room for the last byte of the path. */
static void
test_longest_path (Fixture *fixture, gconstpointer data)
{
  /* Valgrind expects a zero byte after the path. */
  struct
  {
    struct sockaddr_un un;
    char end;
  } native = { .un.sun_family = AF_UNIX };
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_unix (recorder, fixture->path);
  g_autoptr (GSocket) peer = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_DATAGRAM,
                                           G_SOCKET_PROTOCOL_DEFAULT, NULL);
  g_autofree char *rest =
      g_strnfill (sizeof native.un.sun_path - strlen (fixture->directory) - 1, 'x');
  g_autofree char *path = g_build_filename (fixture->directory, rest, NULL);
  g_autofree char *received = NULL;
  g_autoptr (GError) error = NULL;

  memcpy (native.un.sun_path, path, sizeof native.un.sun_path);
  g_assert_cmpint (
      bind (g_socket_get_fd (peer), (struct sockaddr *) &native, sizeof native.un), ==, 0);
  peer_send (peer, "x", -1, port);
  wait_for (recorder->datagrams->len == 1);
  g_assert_true (gudpx_datagram_reply (recorder->datagrams->pdata[0], text ("y"), &error));
  g_assert_no_error (error);
  received = peer_receive (peer, NULL);
  g_assert_cmpstr (received, ==, "y");

  gudpx_port_stop_listening (port);
  g_unlink (path);
}
#endif

/* The port recognises a peer by the path that it was connected to, whatever the peer's own name
 * is. */
static void
test_peer_by_relative_path (Fixture *fixture, gconstpointer data)
{
  g_autofree char *before = g_get_current_dir ();
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (Recorder) other_recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_unix (recorder, fixture->path);
  g_autoptr (GudpxPort) other = NULL;
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (fixture->other_path);

  g_assert_cmpint (g_chdir (fixture->directory), ==, 0);
  other = listen_unix (other_recorder, "other");
  g_assert_true (gudpx_port_connect_peer_address (port, address, NULL));
  gudpx_port_stop_listening (other);
  g_assert_true (gudpx_port_start_listening (other, NULL));
  g_assert_cmpint (g_chdir (before), ==, 0);

  g_assert_true (gudpx_port_write (port, text ("x"), NULL));
  wait_for (other_recorder->datagrams->len == 1);
  g_assert_true (gudpx_datagram_reply (other_recorder->datagrams->pdata[0], text ("y"), NULL));
  wait_for (recorder->datagrams->len == 1);

  gudpx_port_stop_listening (port);
  gudpx_port_stop_listening (other);
}

/* A file with a relative path is removed from the directory where it was created. */
static void
test_relative_path (Fixture *fixture, gconstpointer data)
{
  g_autofree char *before = g_get_current_dir ();
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = NULL;

  g_assert_cmpint (g_chdir (fixture->directory), ==, 0);
  port = listen_unix (recorder, "one");
  g_assert_cmpint (g_chdir (before), ==, 0);
  g_assert_true (g_file_test (fixture->path, G_FILE_TEST_EXISTS));
  gudpx_port_stop_listening (port);
  g_assert_false (g_file_test (fixture->path, G_FILE_TEST_EXISTS));
}

/* A path may contain any bytes, but a message must be valid UTF-8. */
static void
test_no_utf8 (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_unix (recorder, fixture->path);
  g_autofree char *path = g_strconcat (fixture->other_path, "\xff", NULL);
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (path);
  g_autoptr (GError) error = NULL;

  g_assert_false (gudpx_port_write_to (port, text ("x"), address, &error));
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  g_assert_nonnull (strstr (error->message, fixture->other_path));
  expect_error (&error, G_IO_ERROR_NOT_FOUND);

  gudpx_port_stop_listening (port);
}

/* Tests an unnamed port, which other sockets cannot write to. */
static void
test_unnamed_port (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (Recorder) client_recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_unix (recorder, fixture->path);
  g_autoptr (GSocketAddress) nothing =
      g_unix_socket_address_new_with_type ("", 0, G_UNIX_SOCKET_ADDRESS_ANONYMOUS);
  g_autoptr (GudpxPort) client =
      gudpx_port_new (GUDPX_DATAGRAM_PROTOCOL (client_recorder), nothing);
  g_autoptr (GError) error = NULL;

  g_assert_true (gudpx_port_start_listening (client, &error));
  g_assert_no_error (error);
  g_assert_false (gudpx_port_start_listening (client, &error));
  g_assert_nonnull (strstr (error->message, "anonymous"));
  expect_error (&error, G_IO_ERROR_EXISTS);
  g_assert_true (
      gudpx_port_write_to (client, text ("x"), gudpx_port_get_local_address (port), &error));
  wait_for (recorder->datagrams->len == 1);
  g_assert_null (gudpx_datagram_get_sender (recorder->datagrams->pdata[0]));

  gudpx_port_stop_listening (client);
  gudpx_port_stop_listening (port);
}

/* A peer that does not read yet. */
typedef struct
{
  Recorder *recorder;
  GudpxPort *port;
  GSocket *peer;
} FullPeer;

static void
full_peer_init (FullPeer *self, Fixture *fixture)
{
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (fixture->other_path);
  g_autoptr (GError) error = NULL;

  self->recorder = recorder_new ();
  self->port = listen_unix (self->recorder, fixture->path);
  self->peer = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_DATAGRAM,
                             G_SOCKET_PROTOCOL_DEFAULT, NULL);
  g_assert_true (g_socket_bind (self->peer, address, FALSE, NULL));
  g_socket_set_timeout (self->peer, TIME_LIMIT);
  g_assert_true (gudpx_port_connect_peer_address (self->port, address, &error));
  g_assert_no_error (error);
}

static void
full_peer_clear (FullPeer *self)
{
  gudpx_port_stop_listening (self->port);
  g_object_unref (self->port);
  g_object_unref (self->recorder);
  g_object_unref (self->peer);
}

static gboolean
write_number (FullPeer *self, guint number, GError **error)
{
  g_autofree char *payload = g_strdup_printf ("%u", number);

  return gudpx_port_write (self->port, text (payload), error);
}

static void
expect_number (FullPeer *self, guint number)
{
  g_autofree char *received = NULL;
  g_autofree char *expected = g_strdup_printf ("%u", number);

  wait_for (!peer_has_nothing (self->peer));
  received = peer_receive (self->peer, NULL);
  g_assert_cmpstr (received, ==, expected);
}

/* Receives the numbers from 0 to @n - 1. */
static void
expect_numbers (FullPeer *self, guint n)
{
  for (guint i = 0; i < n; i++)
    expect_number (self, i);
}

/* Datagrams that the kernel does not accept wait in order. The queue has a limit, and reports when
 * it is full and when it has room again. */
static void
test_queue (Fixture *fixture, gconstpointer data)
{
  FullPeer full;
  guint n_taken = 0;
  g_autoptr (GError) error = NULL;
  g_autoptr (GudpxStatistics) statistics = NULL;

  full_peer_init (&full, fixture);
  gudpx_port_set_send_queue_limit (full.port, 16384);
  while (write_number (&full, n_taken, &error))
    g_assert_cmpuint (++n_taken, <, 1000000);
  expect_error (&error, G_IO_ERROR_WOULD_BLOCK);
  g_assert_cmpuint (gudpx_port_get_send_queue_size (full.port), >, 8192);
  g_assert_cmpuint (gudpx_port_get_send_queue_size (full.port), <=, 16384);
  g_assert_false (write_number (&full, n_taken, &error));
  expect_error (&error, G_IO_ERROR_WOULD_BLOCK);
  statistics = gudpx_port_get_statistics (full.port);
  g_assert_cmpuint (statistics->send_queue_drops, ==, 2);
  iterate ();
  g_assert_cmpstr (full.recorder->events->str, ==, "started ");

  expect_numbers (&full, n_taken);
  wait_for (gudpx_port_get_send_queue_size (full.port) == 0);
  iterate ();
  g_assert_cmpstr (full.recorder->events->str, ==, "started writable ");

  /* “writable” comes again each time. */
  n_taken = 0;
  while (write_number (&full, n_taken, NULL))
    n_taken++;
  expect_numbers (&full, n_taken);
  wait_for (gudpx_port_get_send_queue_size (full.port) == 0);
  iterate ();
  g_assert_cmpstr (full.recorder->events->str, ==, "started writable writable ");

  full_peer_clear (&full);
}

/* Empty datagrams count as well. */
static void
test_queue_of_empty (Fixture *fixture, gconstpointer data)
{
  FullPeer full;
  guint n_taken = 0;

  full_peer_init (&full, fixture);
  gudpx_port_set_send_queue_limit (full.port, 16384);
  while (gudpx_port_write (full.port, NULL, 0, NULL))
    g_assert_cmpuint (++n_taken, <, 100000);
  for (guint i = 0; i < n_taken; i++)
    {
      g_autofree char *received = NULL;

      wait_for (!peer_has_nothing (full.peer));
      received = peer_receive (full.peer, NULL);
      g_assert_cmpstr (received, ==, "");
    }
  wait_for (gudpx_port_get_send_queue_size (full.port) == 0);

  full_peer_clear (&full);
}

/* The other policies accept every datagram, and count dropped ones. */
static void
test_drop_newest (Fixture *fixture, gconstpointer data)
{
  FullPeer full;
  g_autoptr (GudpxStatistics) statistics = NULL;
  guint n_kept;

  full_peer_init (&full, fixture);
  gudpx_port_set_send_queue_limit (full.port, 16384);
  gudpx_port_set_send_queue_policy (full.port, GUDPX_QUEUE_POLICY_DROP_NEWEST);
  for (guint i = 0; i < 5000; i++)
    g_assert_true (write_number (&full, i, NULL));
  statistics = gudpx_port_get_statistics (full.port);
  g_assert_cmpuint (statistics->queue_dropped_newest, >, 0);
  g_assert_cmpuint (statistics->queue_dropped_newest, ==, statistics->send_queue_drops);
  n_kept = 5000 - statistics->queue_dropped_newest;
  expect_numbers (&full, n_kept);
  g_assert_true (peer_has_nothing (full.peer));

  full_peer_clear (&full);
}

/* After datagrams were dropped, “writable” is emitted when there is room, although nothing ever
 * waited. */
static void
test_drop_all (Fixture *fixture, gconstpointer data)
{
  FullPeer full;
  guint n_kept = 0;
  g_autoptr (GudpxStatistics) statistics = NULL;

  full_peer_init (&full, fixture);
  gudpx_port_set_send_queue_limit (full.port, 0);
  gudpx_port_set_send_queue_policy (full.port, GUDPX_QUEUE_POLICY_DROP_NEWEST);
  do
    {
      g_clear_pointer (&statistics, gudpx_statistics_free);
      g_assert_true (write_number (&full, n_kept++, NULL));
      statistics = gudpx_port_get_statistics (full.port);
    }
  while (statistics->queue_dropped_newest == 0);
  expect_numbers (&full, n_kept - 1);
  wait_for (strstr (full.recorder->events->str, "writable") != NULL);

  full_peer_clear (&full);
}

static void
test_drop_oldest (Fixture *fixture, gconstpointer data)
{
  FullPeer full;
  g_autoptr (GudpxStatistics) statistics = NULL;
  guint last = 0;
  guint n_received = 0;

  full_peer_init (&full, fixture);
  gudpx_port_set_send_queue_limit (full.port, 16384);
  gudpx_port_set_send_queue_policy (full.port, GUDPX_QUEUE_POLICY_DROP_OLDEST);
  for (guint i = 0; i < 5000; i++)
    g_assert_true (write_number (&full, i, NULL));
  g_assert_cmpuint (gudpx_port_get_send_queue_size (full.port), <=, 16384);
  statistics = gudpx_port_get_statistics (full.port);
  g_assert_cmpuint (statistics->queue_dropped_oldest, >, 0);
  while (last < 4999)
    {
      g_autofree char *received = NULL;

      wait_for (!peer_has_nothing (full.peer));
      received = peer_receive (full.peer, NULL);
      g_assert_cmpuint (g_ascii_strtoull (received, NULL, 10), >=, last);
      last = g_ascii_strtoull (received, NULL, 10);
      n_received++;
    }
  g_assert_cmpuint (n_received, ==, 5000 - statistics->queue_dropped_oldest);

  full_peer_clear (&full);
}

/* Nothing is dropped for a datagram that does not fit anyway: it is too large, or pending
 * operations leave no room. */
static void
test_drop_none_in_vain (Fixture *fixture, gconstpointer data)
{
  static const guint8 payload[20000];
  FullPeer full;
  g_autoptr (GBytes) bytes = g_bytes_new_static (payload, sizeof payload);
  g_autoptr (GudpxStatistics) statistics = NULL;
  g_autoptr (GError) error = NULL;

  full_peer_init (&full, fixture);
  gudpx_port_set_send_queue_policy (full.port, GUDPX_QUEUE_POLICY_DROP_OLDEST);
  for (guint i = 0; gudpx_port_get_send_queue_size (full.port) == 0; i++)
    g_assert_true (write_number (&full, i, NULL));

  gudpx_port_set_send_queue_limit (full.port, 16384);
  g_assert_false (gudpx_port_write (full.port, payload, sizeof payload, &error));
  expect_error (&error, G_IO_ERROR_WOULD_BLOCK);
  gudpx_port_write_async (full.port, bytes, NULL, NULL, NULL, NULL);
  g_assert_false (write_number (&full, 0, &error));
  expect_error (&error, G_IO_ERROR_WOULD_BLOCK);
  statistics = gudpx_port_get_statistics (full.port);
  g_assert_cmpuint (statistics->queue_dropped_oldest, ==, 0);

  full_peer_clear (&full);
}

/* Without a queue the kernel decides, and “writable” is emitted as usual. */
static void
test_no_queue (Fixture *fixture, gconstpointer data)
{
  FullPeer full;
  guint n_taken = 0;
  g_autoptr (GError) error = NULL;

  full_peer_init (&full, fixture);
  gudpx_port_set_send_queue_limit (full.port, 0);
  while (write_number (&full, n_taken, &error))
    g_assert_cmpuint (++n_taken, <, 100000);
  expect_error (&error, G_IO_ERROR_WOULD_BLOCK);
  g_assert_cmpuint (gudpx_port_get_send_queue_size (full.port), ==, 0);
  expect_numbers (&full, n_taken);
  wait_for (strstr (full.recorder->events->str, "writable") != NULL);

  full_peer_clear (&full);
}

/* Writes to a destination that is not the peer: poll() reports the socket as writable, but it is
 * not. */
static void
test_queue_unconnected (Fixture *fixture, gconstpointer data)
{
  FullPeer full;
  guint n_taken = 0;
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (fixture->other_path);
  guint n_iterations = 0;
  gint64 start;

  full_peer_init (&full, fixture);
  g_assert_true (gudpx_port_disconnect_peer (full.port, NULL));
  gudpx_port_set_send_queue_limit (full.port, 16384);
  while (gudpx_port_write_to (full.port, text ("x"), address, NULL))
    g_assert_cmpuint (++n_taken, <, 100000);

  /* The port retries regularly without a busy loop, which would make 10,000 attempts in 100 ms. */
  start = g_get_monotonic_time ();
  while (g_get_monotonic_time () < start + 100 * G_TIME_SPAN_MILLISECOND)
    {
      if (g_main_context_iteration (NULL, FALSE))
        n_iterations++;
    }
  g_assert_cmpuint (n_iterations, <, 200);

  for (guint i = 0; i < n_taken; i++)
    {
      g_autofree char *received = NULL;

      wait_for (!peer_has_nothing (full.peer));
      received = peer_receive (full.peer, NULL);
    }
  wait_for (gudpx_port_get_send_queue_size (full.port) == 0);

  full_peer_clear (&full);
}

static void
count (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  guint *counts = user_data;

  if (g_async_result_is_tagged (result, gudpx_port_write_async))
    gudpx_port_write_finish (GUDPX_PORT (source), result, &error);
  else if (g_async_result_is_tagged (result, gudpx_port_flush_async))
    gudpx_port_flush_finish (GUDPX_PORT (source), result, &error);
  else
    gudpx_port_stop_listening_finish (GUDPX_PORT (source), result, &error);

  if (error == NULL)
    counts[0]++;
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    counts[1]++;
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CLOSED))
    counts[2]++;
  else
    g_error ("%s", error->message);
}

/* write_async always finds room, and completes when the kernel has accepted the datagram. A
 * cancelled datagram is never sent. */
static void
test_async (Fixture *fixture, gconstpointer data)
{
  FullPeer full;
  guint n_taken = 0;
  guint counts[3] = { 0 };
  guint cancelled[3] = { 0 };
  guint flushes[3] = { 0 };
  g_autoptr (GBytes) bytes = g_bytes_new_static ("async", 5);
  g_autoptr (GBytes) never = g_bytes_new_static ("never", 5);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  full_peer_init (&full, fixture);
  gudpx_port_set_send_queue_limit (full.port, 4096);
  while (write_number (&full, n_taken, NULL))
    n_taken++;
  gudpx_port_write_async (full.port, bytes, NULL, NULL, count, counts);
  gudpx_port_write_async (full.port, never, NULL, cancellable, count, cancelled);
  gudpx_port_flush_async (full.port, NULL, count, flushes);
  gudpx_port_flush_async (full.port, cancellable, count, flushes);
  iterate ();
  g_assert_cmpuint (counts[0] + cancelled[0] + flushes[0], ==, 0);

  g_cancellable_cancel (cancellable);
  wait_for (cancelled[1] == 1 && flushes[1] == 1);
  expect_numbers (&full, n_taken);
  wait_for (counts[0] == 1 && flushes[0] == 1);
  g_assert_cmpuint (gudpx_port_get_send_queue_size (full.port), ==, 0);
  {
    g_autofree char *received = peer_receive (full.peer, NULL);

    g_assert_cmpstr (received, ==, "async");
  }
  g_assert_true (peer_has_nothing (full.peer));

  full_peer_clear (&full);
}

/* An immediate stop drops the queue, and completes its operations. */
static void
test_stop_drops (Fixture *fixture, gconstpointer data)
{
  FullPeer full;
  guint n_taken = 0;
  guint counts[3] = { 0 };
  guint n_received = 0;
  g_autoptr (GBytes) bytes = g_bytes_new_static ("async", 5);
  g_autoptr (GudpxStatistics) statistics = NULL;

  full_peer_init (&full, fixture);
  gudpx_port_set_send_queue_limit (full.port, 4096);
  while (write_number (&full, n_taken, NULL))
    n_taken++;
  gudpx_port_write_async (full.port, bytes, NULL, NULL, count, counts);
  gudpx_port_flush_async (full.port, NULL, count, counts);
  gudpx_port_stop_listening (full.port);
  g_assert_cmpuint (gudpx_port_get_send_queue_size (full.port), ==, 0);
  wait_for (counts[2] == 2);
  while (!peer_has_nothing (full.peer))
    {
      g_free (peer_receive (full.peer, NULL));
      n_received++;
    }
  g_assert_cmpuint (n_received, <, n_taken);
  statistics = gudpx_port_get_statistics (full.port);
  g_assert_cmpuint (statistics->datagrams_sent, ==, n_received);
  g_assert_cmpuint (statistics->send_queue_drops, ==, n_taken - n_received + 2);

  full_peer_clear (&full);
}

/* The asynchronous stop sends the queue first, even if the port has no other reference. */
static void
test_stop_async_sends (Fixture *fixture, gconstpointer data)
{
  FullPeer full;
  guint n_taken = 0;
  guint counts[3] = { 0 };

  full_peer_init (&full, fixture);
  gudpx_port_set_send_queue_limit (full.port, 4096);
  while (write_number (&full, n_taken, NULL))
    n_taken++;
  gudpx_port_stop_listening_async (full.port, NULL, count, counts);
  g_clear_object (&full.port);
  iterate ();
  g_assert_cmpuint (counts[0], ==, 0);
  expect_numbers (&full, n_taken);
  wait_for (counts[0] == 1);
  g_assert_nonnull (strstr (full.recorder->events->str, "stopped"));

  g_object_unref (full.recorder);
  g_object_unref (full.peer);
}

static void
write_nowhere (Recorder *recorder, GudpxDatagram *datagram, gpointer user_data)
{
  g_assert_true (gudpx_port_write_to (gudpx_datagram_get_transport (datagram), text ("x"),
                                      user_data, NULL));
}

/* Errors that only the kernel can detect, for datagrams written in a handler. */
static void
test_late_error (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_unix (recorder, fixture->path);
  g_autoptr (GSocketAddress) nowhere = g_unix_socket_address_new (fixture->other_path);

  recorder->on_datagram = write_nowhere;
  recorder->user_data = nowhere;
  g_assert_true (
      gudpx_port_write_to (port, text ("x"), gudpx_port_get_local_address (port), NULL));
  wait_for (recorder->error != NULL);
  g_assert_true (gudpx_address_equal (recorder->destination, nowhere));
  g_assert_nonnull (strstr (recorder->error->message, fixture->other_path));
  expect_error (&recorder->error, G_IO_ERROR_NOT_FOUND);
  g_assert_true (gudpx_port_get_listening (port));

  gudpx_port_stop_listening (port);
}

static void
test_too_large (Fixture *fixture, gconstpointer data)
{
  FullPeer full;
  g_autofree guint8 *large = g_malloc0 (16 * 1024 * 1024);
  g_autoptr (GError) error = NULL;

  full_peer_init (&full, fixture);
  g_assert_false (gudpx_port_write (full.port, large, 16 * 1024 * 1024, &error));
  g_assert_nonnull (strstr (error->message, "16777216"));
  expect_error (&error, G_IO_ERROR_MESSAGE_TOO_LARGE);

  full_peer_clear (&full);
}

/* Datagrams that wait for a peer that does not read are rejected when the peer disappears. */
static void
test_peer_gone_with_queue (Fixture *fixture, gconstpointer data)
{
  FullPeer full;
  guint n_taken = 0;

  full_peer_init (&full, fixture);
  gudpx_port_set_send_queue_limit (full.port, 4096);
  while (write_number (&full, n_taken, NULL))
    n_taken++;
  g_assert_cmpuint (gudpx_port_get_send_queue_size (full.port), >, 0);
  g_socket_close (full.peer, NULL);
  wait_for (gudpx_port_get_send_queue_size (full.port) == 0);
  wait_for (strstr (full.recorder->events->str, "refused") != NULL);
  g_assert_null (full.recorder->error);

  full_peer_clear (&full);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

#define add(name, function)                                                                        \
  g_test_add ("/unix/" name, Fixture, NULL, set_up, function, tear_down)

  add ("path", test_path);
  add ("abstract", test_abstract);
  add ("stale", test_stale);
  add ("replaced", test_replaced);
  add ("restart", test_restart);
  add ("bad-paths", test_bad_paths);
  add ("unbound-sender", test_unbound_sender);
  add ("connect", test_connect);
  add ("peer-gone", test_peer_gone);
  add ("peer-gone-with-queue", test_peer_gone_with_queue);
#ifdef HAVE_LINUX_IO
  add ("longest-path", test_longest_path);
#endif
  add ("peer-by-relative-path", test_peer_by_relative_path);
  add ("relative-path", test_relative_path);
  add ("no-utf8", test_no_utf8);
  add ("unnamed-port", test_unnamed_port);
  add ("queue", test_queue);
  add ("queue-of-empty", test_queue_of_empty);
  add ("drop-newest", test_drop_newest);
  add ("drop-all", test_drop_all);
  add ("drop-oldest", test_drop_oldest);
  add ("drop-none-in-vain", test_drop_none_in_vain);
  add ("no-queue", test_no_queue);
  add ("queue-unconnected", test_queue_unconnected);
  add ("async", test_async);
  add ("stop-drops", test_stop_drops);
  add ("stop-async-sends", test_stop_async_sends);
  add ("late-error", test_late_error);
  add ("too-large", test_too_large);

  return g_test_run ();
}
