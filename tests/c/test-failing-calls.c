/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tests system calls that fail, one after the other. */

#include <errno.h>
#include <string.h>

#include <sys/socket.h>

#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>

#include "faults.h"
#include "recorder.h"

/* Tests the faults themselves: the library calls the functions of this program. */
static void
test_faults (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = NULL;
  g_autoptr (GError) error = NULL;

  faults_reset ();
  for (guint n = 1; n <= 2; n++)
    {
      faults_set ("bind", EMFILE, FAULT_FIRST, n);
      g_assert_null (gudpx_listen_udp (0, GUDPX_DATAGRAM_PROTOCOL (recorder), "127.0.0.1", &error));
      expect_error (&error, G_IO_ERROR_TOO_MANY_OPEN_FILES);
      g_assert_cmpuint (faults_count ("bind"), ==, 1);
      g_assert_cmpuint (faults_hits (), ==, n);
    }

  faults_set ("bind", EACCES, FAULT_NTH, 2);
  port = listen_on (recorder, "127.0.0.1");
  g_assert_null (gudpx_listen_udp (0, GUDPX_DATAGRAM_PROTOCOL (recorder), "127.0.0.1", &error));
  expect_error (&error, G_IO_ERROR_PERMISSION_DENIED);

  faults_reset ();
  g_assert_cmpuint (faults_count ("bind"), ==, 0);
  gudpx_port_stop_listening (port);
  g_assert_true (gudpx_port_start_listening (port, NULL));
  g_assert_cmpuint (faults_count ("bind"), ==, 1);
  gudpx_port_stop_listening (port);
}

static const char *const calls[] = {
  "socket",      "bind",        "connect", "setsockopt",    "getsockopt",
  "getsockname", "getpeername", "dup3",    "epoll_create1", "epoll_ctl",
};

typedef void (*FaultFunc) (gpointer data);

/* Calls @function repeatedly, with another system call failing each time. */
static void
fail_each_call (FaultFunc function, gpointer data)
{
  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    {
      guint n = 0;

      do
        {
          faults_reset ();
          faults_set (calls[i], ENOMEM, FAULT_NTH, ++n);
          function (data);
        }
      while (faults_count (calls[i]) >= n);
    }
  faults_reset ();
}

typedef struct
{
  Recorder *recorder;
  GSocketAddress *address;
  guint n_failed;
} Start;

/* A failed start releases everything. */
static void
start (gpointer data)
{
  Start *self = data;
  g_autoptr (GudpxPort) port =
      gudpx_port_new (GUDPX_DATAGRAM_PROTOCOL (self->recorder), self->address);
  const guint n_descriptors = faults_count_descriptors ();
  g_autoptr (GError) error = NULL;

  g_assert_true (gudpx_port_set_send_buffer_size (port, 10000, NULL));
  if (!gudpx_port_start_listening (port, &error))
    {
      g_assert_cmpuint (strlen (error->message), >, 10);
      g_assert_false (gudpx_port_get_listening (port));
      g_assert_null (gudpx_port_get_socket (port));
      g_assert_cmpuint (faults_count_descriptors (), ==, n_descriptors);
      if (G_IS_UNIX_SOCKET_ADDRESS (self->address))
        g_assert_false (
            g_file_test (g_unix_socket_address_get_path (G_UNIX_SOCKET_ADDRESS (self->address)),
                         G_FILE_TEST_EXISTS));
      self->n_failed++;
      g_assert_true (gudpx_port_start_listening (port, NULL));
    }
  g_assert_nonnull (gudpx_port_get_local_address (port));
  gudpx_port_stop_listening (port);
  g_assert_cmpuint (faults_count_descriptors (), ==, n_descriptors);
}

static void
check_start (GSocketAddress *address)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  Start self = { recorder, address };

  fail_each_call (start, &self);
  g_assert_cmpuint (self.n_failed, >, 3);
  g_object_unref (address);
}

static void
test_start (void)
{
  g_autofree char *directory = g_dir_make_tmp ("gudpx-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (directory, "socket", NULL);

  check_start (g_inet_socket_address_new_from_string ("127.0.0.1", 0));
  check_start (g_inet_socket_address_new_from_string ("::", 0));
  check_start (g_unix_socket_address_new (path));
  g_assert_cmpint (g_rmdir (directory), ==, 0);
}

static void
adopt (gpointer data)
{
  Start *self = data;
  g_autoptr (GudpxPort) port = NULL;
  guint n_descriptors;
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GError) error = NULL;

  faults_suspend ();
  socket = peer_new ("127.0.0.1");
  n_descriptors = faults_count_descriptors ();
  faults_resume ();
  port = gudpx_adopt_datagram_port (g_socket_get_fd (socket), G_SOCKET_FAMILY_INVALID,
                                    GUDPX_DATAGRAM_PROTOCOL (self->recorder), &error);
  if (port != NULL)
    {
      g_assert_nonnull (gudpx_port_get_local_address (port));
      gudpx_port_stop_listening (port);
    }
  else
    {
      g_assert_cmpuint (strlen (error->message), >, 10);
      self->n_failed++;
    }
  g_assert_cmpuint (faults_count_descriptors (), ==, n_descriptors);
}

static void
test_adopt (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  Start self = { recorder, NULL };

  fail_each_call (adopt, &self);
  faults_set ("fcntl", EMFILE, FAULT_FIRST, 1);
  adopt (&self);
  faults_reset ();
  g_assert_cmpuint (self.n_failed, >, 3);
}

typedef struct
{
  const char *host; /* address that the port listens on */
  const char *peer_host;
  gboolean has_number; /* a requested number */
  gboolean is_adopted;
  gboolean goes_elsewhere;
  guint n_failed;
} Change;

/* Retries, because another program may take the number between two calls. */
static GudpxPort *
listen_on_free_number (Change *self, Recorder *recorder)
{
  GudpxPort *port = NULL;

  for (guint n = 0; n < 100 && port == NULL; n++)
    port = gudpx_listen_udp (free_number (self->peer_host), GUDPX_DATAGRAM_PROTOCOL (recorder),
                             self->host, NULL);
  return port;
}

static GudpxPort *
listen_for_change (Change *self, Recorder *recorder)
{
  g_autoptr (GudpxPort) port =
      self->has_number ? listen_on_free_number (self, recorder) : listen_on (recorder, self->host);
  GudpxPort *adopted;

  g_assert_nonnull (port);
  if (!self->is_adopted)
    return g_steal_pointer (&port);

  adopted =
      gudpx_adopt_datagram_port (g_socket_get_fd (gudpx_port_get_socket (port)),
                                 G_SOCKET_FAMILY_INVALID, GUDPX_DATAGRAM_PROTOCOL (recorder), NULL);
  gudpx_port_stop_listening (port);
  return adopted;
}

static gboolean
change_peer (Change *self, GudpxPort *port, guint16 other, GError **error)
{
  return self->goes_elsewhere ? gudpx_port_connect_peer (port, self->peer_host, other, error) :
                                gudpx_port_disconnect_peer (port, error);
}

/* Returns the number of the peer as the kernel knows it, or 0. GSocket would return a cached
 * address. */
static guint16
get_kernel_peer (GudpxPort *port)
{
  struct sockaddr_storage native;
  socklen_t length = sizeof native;
  g_autoptr (GSocketAddress) address = NULL;

  if (getpeername (g_socket_get_fd (gudpx_port_get_socket (port)), (struct sockaddr *) &native,
                   &length) != 0)
    return 0;
  address = g_socket_address_new_from_native (&native, length);
  return g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address));
}

/* Asserts that the port and the kernel know the same peer; NULL: no peer. */
static void
expect_peer (GudpxPort *port, GSocket *peer)
{
  const guint16 number = peer != NULL ? peer_get_port (peer) : 0;
  GSocketAddress *address = gudpx_port_get_peer_address (port);

  g_assert_cmpuint (get_kernel_peer (port), ==, number);
  g_assert_cmpuint (
      address != NULL ? g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address)) : 0, ==,
      number);
}

static void
send_to_number (GSocket *peer, const char *host, guint16 number)
{
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string (host, number);

  g_assert_cmpint (g_socket_send_to (peer, address, "x", 1, NULL, NULL), ==, 1);
}

static void
expect_alone (Change *self, guint16 number)
{
  static const int options[] = { SO_REUSEADDR, SO_REUSEPORT };
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string (self->host, number);

  for (guint i = 0; i < G_N_ELEMENTS (options); i++)
    {
      g_autoptr (GSocket) other =
          g_socket_new (g_socket_address_get_family (address), G_SOCKET_TYPE_DATAGRAM,
                        G_SOCKET_PROTOCOL_DEFAULT, NULL);

      g_assert_true (g_socket_set_option (other, SOL_SOCKET, options[i], TRUE, NULL));
      g_assert_false (g_socket_bind (other, address, options[i] == SO_REUSEADDR, NULL));
    }
}

/* A failed change changes nothing, and a successful one is complete. */
static void
change (gpointer data)
{
  Change *self = data;
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = NULL;
  g_autoptr (GSocket) peer = NULL;
  g_autoptr (GSocket) other = NULL;
  g_autoptr (GError) error = NULL;
  guint n_descriptors;
  guint16 number;
  guint16 other_number;
  gboolean is_changed;

  faults_suspend ();
  peer = peer_new (self->peer_host);
  other = peer_new (self->peer_host);
  port = listen_for_change (self, recorder);
  number = port_get_number (port);
  other_number = peer_get_port (other);
  g_assert_true (gudpx_port_connect_peer (port, self->peer_host, peer_get_port (peer), NULL));
  n_descriptors = faults_count_descriptors ();

  faults_resume ();
  is_changed = change_peer (self, port, other_number, &error);
  faults_suspend ();

  g_assert_cmpuint (port_get_number (port), ==, number);
  g_assert_true (gudpx_port_get_listening (port));
  g_assert_cmpuint (faults_count_descriptors (), ==, n_descriptors);
  if (!is_changed)
    {
      g_assert_cmpuint (strlen (error->message), >, 10);
      self->n_failed++;
      expect_peer (port, peer);
      expect_alone (self, number);
      send_to_number (other, self->peer_host, number);
      send_to_number (peer, self->peer_host, number);
      wait_for (recorder->datagrams->len == 1);
      iterate ();
      g_assert_cmpuint (recorder->datagrams->len, ==, 1);
      recorder_forget (recorder);
      g_assert_true (change_peer (self, port, other_number, NULL));
    }

  expect_peer (port, self->goes_elsewhere ? other : NULL);
  send_to_number (other, self->peer_host, number);
  wait_for (recorder->datagrams->len == 1);
  g_assert_true (gudpx_datagram_reply (recorder->datagrams->pdata[0], text ("y"), NULL));
  g_free (peer_receive (other, NULL));

  gudpx_port_stop_listening (port);
  faults_resume ();
}

static void
test_change_of_peer (void)
{
  static const Change changes[] = {
    { "127.0.0.1", "127.0.0.1", FALSE, FALSE },
    { "127.0.0.1", "127.0.0.1", TRUE, FALSE },
    { "0.0.0.0", "127.0.0.1", FALSE, FALSE },
    { "0.0.0.0", "127.0.0.1", TRUE, FALSE },
    { "0.0.0.0", "127.0.0.1", FALSE, TRUE },
    { "0.0.0.0", "127.0.0.1", TRUE, TRUE },
    { "::", "127.0.0.1", FALSE, FALSE },
    { "::", "::1", FALSE, FALSE },
    { "::1", "::1", TRUE, FALSE },
  };

  for (guint i = 0; i < 2 * G_N_ELEMENTS (changes); i++)
    {
      Change self = changes[i / 2];

      self.goes_elsewhere = i % 2;
      fail_each_call (change, &self);
      g_assert_cmpuint (self.n_failed, >, 0);
    }
}

/* In a sandbox that forbids binding sockets, the port keeps its peer, and the number that the
 * kernel chose. */
static void
test_no_more_binding (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "127.0.0.1");
  g_autoptr (GSocket) peer = peer_new ("127.0.0.1");
  const guint16 number = port_get_number (port);
  g_autoptr (GError) error = NULL;

  g_assert_true (gudpx_port_connect_peer (port, "127.0.0.1", peer_get_port (peer), NULL));
  faults_set ("bind", EACCES, FAULT_ALWAYS, 0);
  g_assert_false (gudpx_port_disconnect_peer (port, &error));
  expect_error (&error, G_IO_ERROR_PERMISSION_DENIED);
  faults_reset ();
  g_assert_cmpuint (port_get_number (port), ==, number);
  g_assert_nonnull (gudpx_port_get_peer_address (port));
  peer_send (peer, "x", -1, port);
  wait_for (recorder->datagrams->len == 1);

  gudpx_port_stop_listening (port);
}

/* An interrupted call is repeated, but not for ever. */
static void
test_interrupted (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "127.0.0.1");
  g_autoptr (GError) error = NULL;

  faults_set ("connect", EINTR, FAULT_FIRST, 2);
  g_assert_true (gudpx_port_connect_peer (port, "127.0.0.1", 9, &error));
  g_assert_no_error (error);
  faults_set ("connect", EINTR, FAULT_ALWAYS, 0);
  g_assert_false (gudpx_port_connect_peer (port, "127.0.0.1", 10, &error));
  g_assert_cmpuint (faults_count ("connect"), <, 100);
  g_clear_error (&error);
  faults_reset ();
  g_assert_true (gudpx_port_disconnect_peer (port, &error));

  gudpx_port_stop_listening (port);
}

/* A port that epoll cannot poll polls its socket itself. */
static void
test_epoll (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GSocket) peer = peer_new ("127.0.0.1");
  GudpxPort *ports[40];

  for (guint i = 0; i < G_N_ELEMENTS (ports); i++)
    ports[i] = listen_on (recorder, "127.0.0.1");
  for (guint round = 1; round <= 3; round++)
    {
      for (guint i = 0; i < G_N_ELEMENTS (ports); i++)
        peer_send (peer, "x", -1, ports[i]);
      faults_set ("epoll_ctl", ENOMEM, FAULT_NTH, 2);
      wait_for (recorder->datagrams->len == round * G_N_ELEMENTS (ports));
      faults_reset ();
    }
  for (guint i = 0; i < G_N_ELEMENTS (ports); i++)
    {
      gudpx_port_stop_listening (ports[i]);
      g_object_unref (ports[i]);
    }
}

/* Only ECONNREFUSED means that no program listens on a path. */
static void
test_living_path (void)
{
  static const int errors[] = { EAGAIN, EACCES, EPERM, ENOMEM, EPROTOTYPE, EINTR, EINVAL };
  g_autofree char *directory = g_dir_make_tmp ("gudpx-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (directory, "socket", NULL);
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (Recorder) other_recorder = recorder_new ();
  g_autoptr (GudpxPort) port =
      gudpx_listen_unix_datagram (path, GUDPX_DATAGRAM_PROTOCOL (recorder), NULL);
  const guint n_descriptors = faults_count_descriptors ();
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (errors); i++)
    {
      faults_set ("connect", errors[i], FAULT_ALWAYS, 0);
      g_assert_null (
          gudpx_listen_unix_datagram (path, GUDPX_DATAGRAM_PROTOCOL (other_recorder), &error));
      expect_error (&error, G_IO_ERROR_ADDRESS_IN_USE);
      faults_reset ();
    }
  g_assert_cmpuint (faults_count_descriptors (), ==, n_descriptors);
  g_assert_true (gudpx_port_write_to (port, text ("x"), gudpx_port_get_local_address (port), NULL));
  wait_for (recorder->datagrams->len == 1);

  gudpx_port_stop_listening (port);
  g_assert_cmpint (g_rmdir (directory), ==, 0);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/failing-calls/faults", test_faults);
  g_test_add_func ("/failing-calls/start", test_start);
  g_test_add_func ("/failing-calls/adopt", test_adopt);
  g_test_add_func ("/failing-calls/change-of-peer", test_change_of_peer);
  g_test_add_func ("/failing-calls/no-more-binding", test_no_more_binding);
  g_test_add_func ("/failing-calls/interrupted", test_interrupted);
  g_test_add_func ("/failing-calls/epoll", test_epoll);
  g_test_add_func ("/failing-calls/living-path", test_living_path);

  return g_test_run ();
}
