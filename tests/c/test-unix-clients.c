/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tests a server with UNIX clients of which some do not read. Runs in its own network namespace, in
 * which the queue of a client is short (net.unix.max_dgram_qlen). */

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
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

/* A server and two clients; one of them, the deaf client, may not read. */
typedef struct
{
  Recorder *recorder;
  GudpxPort *port;
  GSocket *deaf;
  GSocket *reader;
  GSocketAddress *deaf_address;
  GSocketAddress *reader_address;
} Clients;

static GSocket *
bind_client (const char *path, GSocketAddress **address)
{
  GSocket *client = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_DATAGRAM,
                                  G_SOCKET_PROTOCOL_DEFAULT, NULL);

  *address = g_unix_socket_address_new (path);
  g_assert_true (g_socket_bind (client, *address, FALSE, NULL));
  g_socket_set_timeout (client, 60);
  return client;
}

static char *
get_reader_path (Fixture *fixture)
{
  return g_build_filename (fixture->directory, "reader", NULL);
}

static void
clients_init (Clients *self, Fixture *fixture)
{
  g_autofree char *reader_path = get_reader_path (fixture);

  self->recorder = recorder_new ();
  self->port = listen_unix (self->recorder, fixture->path);
  self->deaf = bind_client (fixture->other_path, &self->deaf_address);
  self->reader = bind_client (reader_path, &self->reader_address);
}

static void
clients_clear (Clients *self, Fixture *fixture)
{
  g_autofree char *reader_path = get_reader_path (fixture);

  if (self->port != NULL)
    gudpx_port_stop_listening (self->port);
  g_clear_object (&self->port);
  g_object_unref (self->recorder);
  g_object_unref (self->deaf);
  g_object_unref (self->reader);
  g_object_unref (self->deaf_address);
  g_object_unref (self->reader_address);
  g_unlink (reader_path);
}

static gboolean
write_number_to (GudpxPort *port, guint number, GSocketAddress *address, GError **error)
{
  g_autofree char *payload = g_strdup_printf ("%u", number);

  return gudpx_port_write_to (port, text (payload), address, error);
}

/* Writes until datagrams wait in the queue. Returns their number. */
static guint
fill (Clients *self, GSocketAddress *address)
{
  guint n = 0;

  while (gudpx_port_get_send_queue_size (self->port) == 0)
    {
      g_assert_true (write_number_to (self->port, n++, address, NULL));
      g_assert_cmpuint (n, <, 100000);
    }
  return n;
}

static void
expect_to_receive (GSocket *client, guint number)
{
  g_autofree char *received = NULL;
  g_autofree char *expected = g_strdup_printf ("%u", number);

  wait_for (!peer_has_nothing (client));
  received = peer_receive (client, NULL);
  g_assert_cmpstr (received, ==, expected);
}

/* EAGAIN of an unconnected UNIX socket concerns the destination: other clients are served
 * immediately. */
static void
test_deaf_client (Fixture *fixture, gconstpointer data)
{
  Clients clients;
  guint n;

  clients_init (&clients, fixture);
  n = fill (&clients, clients.deaf_address);
  for (guint i = 0; i < 1000; i++)
    {
      /* Works without a main loop: the datagram is sent when it is written. */
      g_assert_true (write_number_to (clients.port, i, clients.reader_address, NULL));
      g_assert_false (peer_has_nothing (clients.reader));
      expect_to_receive (clients.reader, i);
    }

  /* Waiting datagrams arrive in order, and later ones after them. */
  for (guint i = 0; i < 5; i++)
    g_assert_true (write_number_to (clients.port, n++, clients.deaf_address, NULL));
  for (guint i = 0; i < n; i++)
    expect_to_receive (clients.deaf, i);
  wait_for (gudpx_port_get_send_queue_size (clients.port) == 0);
  g_assert_true (write_number_to (clients.port, n, clients.deaf_address, NULL));
  g_assert_false (peer_has_nothing (clients.deaf));
  expect_to_receive (clients.deaf, n);
  g_assert_null (clients.recorder->error);

  clients_clear (&clients, fixture);
}

static void
answer_all (Recorder *recorder, GudpxDatagram *datagram, gpointer user_data)
{
  Clients *clients = user_data;

  for (guint i = 0; i < 20; i++)
    {
      g_assert_true (write_number_to (clients->port, i, clients->deaf_address, NULL));
      g_assert_true (write_number_to (clients->port, i, clients->reader_address, NULL));
      if (i % 5 == 0)
        g_assert_true (gudpx_datagram_reply (datagram, text ("x"), NULL));
    }
}

/* Tests the same for writes of a handler, with mixed destinations in the queue. */
static void
test_deaf_client_in_handler (Fixture *fixture, gconstpointer data)
{
  Clients clients;
  g_autofree char *path = g_build_filename (fixture->directory, "asker", NULL);
  g_autoptr (GSocketAddress) asker_address = NULL;
  g_autoptr (GSocket) asker = bind_client (path, &asker_address);

  clients_init (&clients, fixture);
  clients.recorder->on_datagram = answer_all;
  clients.recorder->user_data = &clients;
  peer_send (asker, "x", -1, clients.port);
  for (guint i = 0; i < 20; i++)
    expect_to_receive (clients.reader, i);
  for (guint i = 0; i < 4; i++)
    {
      g_autofree char *received = NULL;

      wait_for (!peer_has_nothing (asker));
      received = peer_receive (asker, NULL);
      g_assert_cmpstr (received, ==, "x");
    }
  for (guint i = 0; i < 20; i++)
    expect_to_receive (clients.deaf, i);
  g_assert_null (clients.recorder->error);

  clients_clear (&clients, fixture);
  g_unlink (path);
}

static void
expect_refusal (Clients *self, GSocketAddress *address)
{
  g_autofree char *description = address_to_string (address);
  g_autofree char *port_description =
      address_to_string (gudpx_port_get_local_address (self->port));
  g_autoptr (GError) error = NULL;

  g_assert_false (write_number_to (self->port, 0, address, &error));
  g_assert_nonnull (strstr (error->message, description));
  g_assert_nonnull (strstr (error->message, port_description));
  expect_error (&error, G_IO_ERROR_WOULD_BLOCK);
}

static guint64
get_wakeups (GudpxPort *port)
{
  g_autoptr (GudpxStatistics) statistics = gudpx_port_get_statistics (port);

  return statistics->wakeups;
}

/* The port wakes up to retry such a client. */
static void
wait_for_retries (GudpxPort *port, guint n)
{
  const guint64 n_before = get_wakeups (port);

  wait_for (get_wakeups (port) >= n_before + n);
}

/* A client that does not read fills only its part of the queue. “writable” is emitted when there is
 * room for this client, and not before. */
static void
test_deaf_client_bounded (Fixture *fixture, gconstpointer data)
{
  Clients clients;
  guint n = 0;
  const gsize limit = 65536;

  clients_init (&clients, fixture);
  gudpx_port_set_send_queue_limit (clients.port, limit);
  while (write_number_to (clients.port, n, clients.deaf_address, NULL))
    g_assert_cmpuint (++n, <, 100000);
  expect_refusal (&clients, clients.deaf_address);
  g_assert_cmpuint (gudpx_port_get_send_queue_size (clients.port), >, limit / 8);
  g_assert_cmpuint (gudpx_port_get_send_queue_size (clients.port), <=, limit / 4);
  wait_for_retries (clients.port, 3);
  g_assert_cmpstr (clients.recorder->events->str, ==, "started ");

  for (guint i = 0; i < n; i++)
    expect_to_receive (clients.deaf, i);
  wait_for (strstr (clients.recorder->events->str, "writable") != NULL);
  g_assert_cmpstr (clients.recorder->events->str, ==, "started writable ");

  clients_clear (&clients, fixture);
}

#define N_DEAF 8

static void
test_many_deaf_clients (Fixture *fixture, gconstpointer data)
{
  Clients clients;
  GSocket *deaf[N_DEAF];
  GSocketAddress *addresses[N_DEAF];
  const gsize limit = 65536;

  clients_init (&clients, fixture);
  gudpx_port_set_send_queue_limit (clients.port, limit);
  for (guint i = 0; i < N_DEAF; i++)
    {
      g_autofree char *path = g_strdup_printf ("%s/deaf%u", fixture->directory, i);

      deaf[i] = bind_client (path, &addresses[i]);
      while (write_number_to (clients.port, 0, addresses[i], NULL))
        ;
      expect_refusal (&clients, addresses[i]);
      g_assert_cmpuint (gudpx_port_get_send_queue_size (clients.port), <=, limit / 2);
    }
  for (guint i = 0; i < 100; i++)
    {
      g_assert_true (write_number_to (clients.port, i, clients.reader_address, NULL));
      g_assert_false (peer_has_nothing (clients.reader));
      expect_to_receive (clients.reader, i);
    }

  /* Destinations without waiting datagrams may be tried again. */
  wait_for (strstr (clients.recorder->events->str, "writable") != NULL);

  for (guint i = 0; i < N_DEAF; i++)
    {
      g_autofree char *path = g_strdup_printf ("%s/deaf%u", fixture->directory, i);

      g_object_unref (deaf[i]);
      g_object_unref (addresses[i]);
      g_unlink (path);
    }
  clients_clear (&clients, fixture);
}

static void
flood_deaf (Recorder *recorder, GudpxDatagram *datagram, gpointer user_data)
{
  static const guint8 payload[1000];
  Clients *clients = user_data;

  for (guint i = 0; i < 200; i++)
    gudpx_port_write_to (clients->port, payload, sizeof payload, clients->deaf_address, NULL);
}

static void
flood_sender (Recorder *recorder, GudpxDatagram *datagram, gpointer user_data)
{
  static const guint8 payload[100];

  for (guint i = 0; i < 200; i++)
    gudpx_datagram_reply (datagram, payload, sizeof payload, NULL);
}

/* A handler cannot fill more than the client's part of the queue either: each datagram is sent,
 * rejected, or reported as dropped. */
static void
check_flooded (Fixture *fixture, RecorderFunc flood)
{
  Clients clients;
  const gsize limit = 65536;
  g_autoptr (GudpxStatistics) statistics = NULL;
  guint n_received = 0;

  clients_init (&clients, fixture);
  gudpx_port_set_send_queue_limit (clients.port, limit);
  clients.recorder->on_datagram = flood;
  clients.recorder->user_data = &clients;
  peer_send (clients.deaf, "x", -1, clients.port);
  wait_for (clients.recorder->datagrams->len == 1);
  iterate ();
  g_assert_cmpuint (gudpx_port_get_send_queue_size (clients.port), <=, limit / 4);
  statistics = gudpx_port_get_statistics (clients.port);
  g_assert_cmpuint (statistics->send_queue_drops, >, 0);
  if (flood == flood_deaf)
    g_assert_cmpuint (statistics->send_queue_drops, ==, statistics->queue_refusals);
  else
    expect_error (&clients.recorder->error, G_IO_ERROR_WOULD_BLOCK);
  g_clear_pointer (&statistics, gudpx_statistics_free);
  g_assert_true (write_number_to (clients.port, 7, clients.reader_address, NULL));
  expect_to_receive (clients.reader, 7);

  do
    {
      while (!peer_has_nothing (clients.deaf))
        {
          g_free (peer_receive (clients.deaf, NULL));
          n_received++;
        }
      g_main_context_iteration (NULL, FALSE);
    }
  while (gudpx_port_get_send_queue_size (clients.port) > 0 || !peer_has_nothing (clients.deaf));
  wait_for (strstr (clients.recorder->events->str, "writable") != NULL);
  statistics = gudpx_port_get_statistics (clients.port);
  g_assert_cmpuint (statistics->datagrams_sent, ==, n_received + 1);
  g_assert_cmpuint (n_received + statistics->send_queue_drops, ==, 200);

  clients_clear (&clients, fixture);
}

static void
test_deaf_client_flooded (Fixture *fixture, gconstpointer data)
{
  check_flooded (fixture, flood_deaf);
}

static void
test_deaf_client_flooded_by_replies (Fixture *fixture, gconstpointer data)
{
  check_flooded (fixture, flood_sender);
}

/* A client that does not read delays a stop; the port stops in the end. */
static void
test_stop_async_ends (Fixture *fixture, gconstpointer data)
{
  Clients clients;
  guint counts[3] = { 0 };
  guint n;
  guint n_received = 0;
  g_autoptr (GudpxStatistics) statistics = NULL;

  clients_init (&clients, fixture);
  n = fill (&clients, clients.deaf_address) + 2;
  g_assert_true (write_number_to (clients.port, 0, clients.deaf_address, NULL));
  g_assert_true (write_number_to (clients.port, 0, clients.deaf_address, NULL));
  gudpx_port_stop_listening_async (clients.port, NULL, count, counts);
  iterate ();
  g_assert_cmpuint (counts[0], ==, 0);
  wait_for (counts[0] == 1);
  g_assert_nonnull (strstr (clients.recorder->events->str, "stopped"));

  while (!peer_has_nothing (clients.deaf))
    {
      g_free (peer_receive (clients.deaf, NULL));
      n_received++;
    }
  statistics = gudpx_port_get_statistics (clients.port);
  g_assert_cmpuint (statistics->datagrams_sent, ==, n_received);
  g_assert_cmpuint (statistics->send_queue_drops, ==, n - n_received);
  g_assert_cmpuint (statistics->send_queue_drops, >=, 3);

  clients_clear (&clients, fixture);
}

/* If the client reads, everything is sent. */
static void
test_stop_async_sends_held (Fixture *fixture, gconstpointer data)
{
  Clients clients;
  guint counts[3] = { 0 };
  guint n;

  clients_init (&clients, fixture);
  n = fill (&clients, clients.deaf_address);
  for (guint i = 0; i < 50; i++)
    g_assert_true (write_number_to (clients.port, n++, clients.deaf_address, NULL));
  gudpx_port_stop_listening_async (clients.port, NULL, count, counts);
  for (guint i = 0; i < n; i++)
    expect_to_receive (clients.deaf, i);
  wait_for (counts[0] == 1);

  clients_clear (&clients, fixture);
}

/* write_async and flush_async wait for such a client, other clients do not. A cancelled datagram is
 * never sent. */
static void
test_async_to_deaf_client (Fixture *fixture, gconstpointer data)
{
  Clients clients;
  guint written[3] = { 0 };
  guint read[3] = { 0 };
  guint cancelled[3] = { 0 };
  guint flushes[3] = { 0 };
  guint n;
  g_autoptr (GBytes) bytes = g_bytes_new_static ("1000", 4);
  g_autoptr (GBytes) never = g_bytes_new_static ("never", 5);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  clients_init (&clients, fixture);
  n = fill (&clients, clients.deaf_address);
  gudpx_port_write_async (clients.port, never, clients.deaf_address, cancellable, count, cancelled);
  gudpx_port_write_async (clients.port, bytes, clients.deaf_address, NULL, count, written);
  gudpx_port_flush_async (clients.port, NULL, count, flushes);
  gudpx_port_write_async (clients.port, bytes, clients.reader_address, NULL, count, read);
  wait_for (read[0] == 1);
  expect_to_receive (clients.reader, 1000);
  g_assert_cmpuint (written[0] + cancelled[1] + flushes[0], ==, 0);

  g_cancellable_cancel (cancellable);
  wait_for (cancelled[1] == 1);
  for (guint i = 0; i < n; i++)
    expect_to_receive (clients.deaf, i);
  expect_to_receive (clients.deaf, 1000);
  wait_for (written[0] == 1 && flushes[0] == 1);
  g_assert_cmpuint (gudpx_port_get_send_queue_size (clients.port), ==, 0);

  clients_clear (&clients, fixture);
}

/* An immediate stop completes operations that wait for such a client. */
static void
test_stop_drops_held (Fixture *fixture, gconstpointer data)
{
  Clients clients;
  guint counts[3] = { 0 };
  g_autoptr (GBytes) bytes = g_bytes_new_static ("x", 1);

  clients_init (&clients, fixture);
  fill (&clients, clients.deaf_address);
  gudpx_port_write_async (clients.port, bytes, clients.deaf_address, NULL, count, counts);
  gudpx_port_flush_async (clients.port, NULL, count, counts);
  gudpx_port_stop_listening (clients.port);
  g_assert_cmpuint (gudpx_port_get_send_queue_size (clients.port), ==, 0);
  wait_for (counts[2] == 2);

  clients_clear (&clients, fixture);
}

/* A client disappears while datagrams wait for it: each failure is reported, and no memory stays in
 * use. */
static void
test_deaf_client_goes (Fixture *fixture, gconstpointer data)
{
  Clients clients;

  clients_init (&clients, fixture);
  fill (&clients, clients.deaf_address);
  g_socket_close (clients.deaf, NULL);
  wait_for (clients.recorder->error != NULL);
  g_assert_true (
      gudpx_address_equal (clients.recorder->destination, clients.deaf_address));
  expect_error (&clients.recorder->error, G_IO_ERROR_CONNECTION_REFUSED);
  g_assert_cmpuint (gudpx_port_get_send_queue_size (clients.port), ==, 0);

  clients_clear (&clients, fixture);
}

/* The order for a destination also holds if the port is connected to it meanwhile. */
static void
test_connect_to_deaf_client (Fixture *fixture, gconstpointer data)
{
  Clients clients;
  guint n;

  clients_init (&clients, fixture);
  n = fill (&clients, clients.deaf_address);
  g_assert_true (gudpx_port_connect_peer_address (clients.port, clients.deaf_address, NULL));
  for (guint i = 0; i < 3; i++)
    {
      g_autofree char *payload = g_strdup_printf ("%u", n++);

      g_assert_true (gudpx_port_write (clients.port, text (payload), NULL));
    }
  g_assert_true (gudpx_port_disconnect_peer (clients.port, NULL));
  for (guint i = 0; i < n; i++)
    expect_to_receive (clients.deaf, i);

  clients_clear (&clients, fixture);
}

static void
check_policy (Fixture *fixture, GudpxQueuePolicy policy)
{
  Clients clients;
  const guint n = 3000;
  guint n_kept = 0;
  guint last = 0;
  g_autoptr (GudpxStatistics) statistics = NULL;

  clients_init (&clients, fixture);
  gudpx_port_set_send_queue_limit (clients.port, 65536);
  gudpx_port_set_send_queue_policy (clients.port, policy);
  for (guint i = 0; i < n; i++)
    g_assert_true (write_number_to (clients.port, i, clients.deaf_address, NULL));
  g_assert_cmpuint (gudpx_port_get_send_queue_size (clients.port), <=, 65536 / 4);
  statistics = gudpx_port_get_statistics (clients.port);
  while (gudpx_port_get_send_queue_size (clients.port) > 0 || !peer_has_nothing (clients.deaf))
    {
      g_autofree char *received = NULL;

      wait_for (!peer_has_nothing (clients.deaf));
      received = peer_receive (clients.deaf, NULL);
      g_assert_cmpuint (g_ascii_strtoull (received, NULL, 10), >=, last);
      last = g_ascii_strtoull (received, NULL, 10);
      n_kept++;
    }
  g_assert_cmpuint (n_kept, ==, n - statistics->send_queue_drops);
  if (policy == GUDPX_QUEUE_POLICY_DROP_OLDEST)
    {
      g_assert_cmpuint (last, ==, n - 1);
      g_assert_cmpuint (statistics->queue_dropped_oldest, ==, statistics->send_queue_drops);
    }
  else
    {
      g_assert_cmpuint (last, ==, n_kept - 1);
      g_assert_cmpuint (statistics->queue_dropped_newest, ==, statistics->send_queue_drops);
    }

  clients_clear (&clients, fixture);
}

static void
test_drop_newest_of_deaf_client (Fixture *fixture, gconstpointer data)
{
  check_policy (fixture, GUDPX_QUEUE_POLICY_DROP_NEWEST);
}

static void
test_drop_oldest_of_deaf_client (Fixture *fixture, gconstpointer data)
{
  check_policy (fixture, GUDPX_QUEUE_POLICY_DROP_OLDEST);
}

/* When a client has read a little, waiting datagrams are sent first, whatever call writes to it. */
static void
test_turn_of_deaf_client (Fixture *fixture, gconstpointer data)
{
  Clients clients;
  g_autoptr (GPtrArray) datagrams = g_ptr_array_new_with_free_func (g_object_unref);
  guint n;

  clients_init (&clients, fixture);
  n = fill (&clients, clients.deaf_address);
  for (guint i = 0; i < 3; i++)
    {
      g_autofree char *received = peer_receive (clients.deaf, NULL);
      g_autofree char *expected = g_strdup_printf ("%u", i);
      g_autofree char *payload = g_strdup_printf ("%u", n);
      g_autoptr (GBytes) bytes = g_bytes_new (payload, strlen (payload));

      g_assert_cmpstr (received, ==, expected);
      if (i == 0)
        g_assert_true (write_number_to (clients.port, n, clients.deaf_address, NULL));
      else if (i == 1)
        gudpx_port_write_async (clients.port, bytes, clients.deaf_address, NULL, NULL, NULL);
      else
        {
          g_ptr_array_add (datagrams, gudpx_datagram_new (text (payload), clients.deaf_address));
          g_assert_cmpint (gudpx_port_write_datagrams (clients.port, datagrams, NULL), ==, 1);
        }
      n++;
    }
  for (guint i = 3; i < n; i++)
    expect_to_receive (clients.deaf, i);

  clients_clear (&clients, fixture);
}

/* Datagrams that a call has accepted are sent, even if the call rejected others. */
static void
test_datagrams_to_deaf_client (Fixture *fixture, gconstpointer data)
{
  Clients clients;
  g_autoptr (GPtrArray) datagrams = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GError) error = NULL;
  gssize n_taken;

  clients_init (&clients, fixture);
  gudpx_port_set_send_queue_limit (clients.port, 65536);
  for (guint i = 0; i < 500; i++)
    {
      g_autofree char *payload = g_strdup_printf ("%u", i);

      g_ptr_array_add (datagrams, gudpx_datagram_new (text (payload), clients.deaf_address));
    }
  n_taken = gudpx_port_write_datagrams (clients.port, datagrams, &error);
  g_assert_no_error (error);
  g_assert_cmpint (n_taken, <, 500);
  for (guint i = 0; i < n_taken; i++)
    expect_to_receive (clients.deaf, i);
  wait_for (gudpx_port_get_send_queue_size (clients.port) == 0);
  g_assert_true (peer_has_nothing (clients.deaf));
  g_assert_null (clients.recorder->error);

  clients_clear (&clients, fixture);
}

/* Nothing is dropped for a datagram that does not fit anyway: it is too large, or pending
 * operations leave no room. */
static void
test_drop_none_of_deaf_client_in_vain (Fixture *fixture, gconstpointer data)
{
  static const guint8 payload[40000];
  Clients clients;
  g_autoptr (GBytes) bytes = g_bytes_new_static (payload, sizeof payload);
  g_autoptr (GudpxStatistics) statistics = NULL;
  g_autoptr (GError) error = NULL;
  gsize size;

  clients_init (&clients, fixture);
  gudpx_port_set_send_queue_policy (clients.port, GUDPX_QUEUE_POLICY_DROP_OLDEST);
  gudpx_port_set_send_queue_limit (clients.port, 65536);
  fill (&clients, clients.deaf_address);
  size = gudpx_port_get_send_queue_size (clients.port);
  g_assert_false (gudpx_port_write_to (clients.port, payload, sizeof payload, clients.deaf_address,
                                       &error));
  expect_error (&error, G_IO_ERROR_WOULD_BLOCK);
  g_assert_cmpuint (gudpx_port_get_send_queue_size (clients.port), ==, size);

  gudpx_port_write_async (clients.port, bytes, clients.deaf_address, NULL, NULL, NULL);
  g_assert_false (write_number_to (clients.port, 0, clients.deaf_address, &error));
  expect_error (&error, G_IO_ERROR_WOULD_BLOCK);
  statistics = gudpx_port_get_statistics (clients.port);
  g_assert_cmpuint (statistics->queue_dropped_oldest, ==, 0);

  clients_clear (&clients, fixture);
}

/* With a queue limit of 0 the write fails, and the datagrams before it arrive. */
static void
test_no_queue_for_deaf_client (Fixture *fixture, gconstpointer data)
{
  Clients clients;
  guint n = 0;

  clients_init (&clients, fixture);
  gudpx_port_set_send_queue_limit (clients.port, 0);
  while (write_number_to (clients.port, n, clients.deaf_address, NULL))
    n++;
  expect_refusal (&clients, clients.deaf_address);
  g_assert_true (write_number_to (clients.port, 0, clients.reader_address, NULL));
  expect_to_receive (clients.reader, 0);
  for (guint i = 0; i < n; i++)
    expect_to_receive (clients.deaf, i);
  /* Nothing waits, so the write asks the kernel. */
  g_assert_true (write_number_to (clients.port, n, clients.deaf_address, NULL));
  expect_to_receive (clients.deaf, n);
  wait_for (strstr (clients.recorder->events->str, "writable") != NULL);

  clients_clear (&clients, fixture);
}

/* Sets the maximum number of datagrams that wait for a new socket. */
static gboolean
set_queue_length (const char *length)
{
  int fd = g_open ("/proc/sys/net/unix/max_dgram_qlen", O_WRONLY | O_CLOEXEC, 0);
  gboolean is_set = fd >= 0 && write (fd, length, strlen (length)) == (gssize) strlen (length);

  if (fd >= 0)
    close (fd);
  return is_set;
}

/* If queues are long, unread datagrams can fill the port's own buffer in the kernel. Then all
 * clients wait until this client reads, but nothing is lost or out of order. */
static void
test_full_buffer (Fixture *fixture, gconstpointer data)
{
  Clients clients;
  guint n;

  if (!set_queue_length ("512"))
    {
      g_test_skip ("net.unix.max_dgram_qlen cannot be set");
      return;
    }

  clients_init (&clients, fixture);
  n = fill (&clients, clients.deaf_address);
  for (guint i = 0; i < 3; i++)
    g_assert_true (write_number_to (clients.port, i, clients.reader_address, NULL));
  for (guint i = 0; i < n; i++)
    expect_to_receive (clients.deaf, i);
  for (guint i = 0; i < 3; i++)
    expect_to_receive (clients.reader, i);
  wait_for (gudpx_port_get_send_queue_size (clients.port) == 0);
  g_assert_null (clients.recorder->error);

  clients_clear (&clients, fixture);
  g_assert_true (set_queue_length ("10"));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

#define add(name, function)                                                                        \
  g_test_add ("/unix-clients/" name, Fixture, NULL, set_up, function, tear_down)

  add ("deaf-client", test_deaf_client);
  add ("deaf-client-in-handler", test_deaf_client_in_handler);
  add ("deaf-client-bounded", test_deaf_client_bounded);
  add ("deaf-client-flooded", test_deaf_client_flooded);
  add ("deaf-client-flooded-by-replies", test_deaf_client_flooded_by_replies);
  add ("deaf-client-goes", test_deaf_client_goes);
  add ("many-deaf-clients", test_many_deaf_clients);
  add ("stop-async-ends", test_stop_async_ends);
  add ("stop-async-sends-held", test_stop_async_sends_held);
  add ("stop-drops-held", test_stop_drops_held);
  add ("async-to-deaf-client", test_async_to_deaf_client);
  add ("connect-to-deaf-client", test_connect_to_deaf_client);
  add ("turn-of-deaf-client", test_turn_of_deaf_client);
  add ("datagrams-to-deaf-client", test_datagrams_to_deaf_client);
  add ("drop-newest-of-deaf-client", test_drop_newest_of_deaf_client);
  add ("drop-oldest-of-deaf-client", test_drop_oldest_of_deaf_client);
  add ("drop-none-of-deaf-client-in-vain", test_drop_none_of_deaf_client_in_vain);
  add ("no-queue-for-deaf-client", test_no_queue_for_deaf_client);
  add ("full-buffer", test_full_buffer);

  return g_test_run ();
}
