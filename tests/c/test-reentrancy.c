/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tests calls that handlers and notifications make while another call is running. */

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>

#include "recorder.h"

static void
stop_port (GudpxPort *port, GParamSpec *pspec, gpointer user_data)
{
  gudpx_port_stop_listening (port);
}

/* A notification of the address stops the port while it connects. */
static void
test_stop_while_connecting (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, NULL);
  g_autoptr (GSocket) peer = peer_new ("127.0.0.1");

  g_signal_connect (port, "notify::local-address", G_CALLBACK (stop_port), NULL);
  g_assert_true (gudpx_port_connect_peer (port, "127.0.0.1", peer_get_port (peer), NULL));
  g_assert_false (gudpx_port_get_listening (port));
  g_assert_null (gudpx_port_get_peer_address (port));
  g_assert_cmpstr (recorder->events->str, ==, "started stopped ");
}

static void
disconnect_port (GudpxPort *port, GParamSpec *pspec, gpointer user_data)
{
  g_signal_handlers_disconnect_by_func (port, disconnect_port, user_data);
  g_assert_true (gudpx_port_disconnect_peer (port, NULL));
}

static void
test_disconnect_while_connecting (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, NULL);
  g_autoptr (GSocket) peer = peer_new ("127.0.0.1");
  g_autoptr (GError) error = NULL;

  g_signal_connect (port, "notify::local-address", G_CALLBACK (disconnect_port), NULL);
  g_assert_true (gudpx_port_connect_peer (port, "127.0.0.1", peer_get_port (peer), NULL));
  g_assert_null (gudpx_port_get_peer_address (port));
  g_assert_false (gudpx_port_write (port, text ("x"), &error));
  expect_error (&error, DESTINATION_UNSET);
  gudpx_port_stop_listening (port);
}

/* Returns a port with a filled queue, whose peer does not read. */
static GudpxPort *
make_full_port (Recorder *recorder, int *peer_fd)
{
  g_autoptr (GError) error = NULL;
  GudpxPort *port;
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_DGRAM, 0, fds), ==, 0);
  port = gudpx_adopt_datagram_port (fds[0], G_SOCKET_FAMILY_UNIX,
                                    GUDPX_DATAGRAM_PROTOCOL (recorder), &error);
  g_assert_no_error (error);
  close (fds[0]);
  gudpx_port_set_send_queue_limit (port, 4096);
  while (gudpx_port_write (port, text ("x"), NULL))
    ;
  g_assert_cmpuint (gudpx_port_get_send_queue_size (port), >, 0);
  *peer_fd = fds[1];
  return port;
}

static void
read_all (int fd)
{
  char buffer[10];

  while (recv (fd, buffer, sizeof buffer, MSG_DONTWAIT) >= 0)
    ;
}

/* A notification of the queue stops the port while it is stopped, written to, or flushed. */
static void
test_stop_by_queue (void)
{
  for (guint i = 0; i < 4; i++)
    {
      g_autoptr (Recorder) recorder = recorder_new ();
      int fd;
      g_autoptr (GudpxPort) port = make_full_port (recorder, &fd);

      g_signal_connect (port, "notify::send-queue-size", G_CALLBACK (stop_port), NULL);
      if (i > 0)
        read_all (fd);
      if (i == 0)
        gudpx_port_stop_listening (port);
      else if (i == 1)
        gudpx_port_write (port, text ("y"), NULL);
      else if (i == 2)
        gudpx_port_disconnect_peer (port, NULL);
      wait_for (!gudpx_port_get_listening (port));
      iterate ();
      g_assert_cmpstr (recorder->events->str, ==, "started stopped ");
      close (fd);
    }
}

/* Handlers of “notify::transport”. */
static void
restart (GObject *protocol, GParamSpec *pspec, gpointer user_data)
{
  GudpxPort *port = user_data;

  g_signal_handlers_disconnect_by_func (protocol, restart, user_data);
  gudpx_port_stop_listening (port);
  g_assert_true (gudpx_port_start_listening (port, NULL));
}

static void
test_restart_in_transport (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = gudpx_port_new (GUDPX_DATAGRAM_PROTOCOL (recorder), NULL);

  g_signal_connect (recorder, "notify::transport", G_CALLBACK (restart), port);
  g_assert_true (gudpx_port_start_listening (port, NULL));
  g_assert_true (gudpx_port_get_listening (port));
  g_assert_cmpstr (recorder->events->str, ==, "started ");
  gudpx_port_stop_listening (port);
  g_assert_cmpstr (recorder->events->str, ==, "started stopped ");
}

static void
stop_transport (GObject *protocol, GParamSpec *pspec, gpointer user_data)
{
  GudpxPort *port = user_data;

  g_signal_handlers_disconnect_by_func (protocol, stop_transport, user_data);
  gudpx_port_stop_listening (port);
}

/* A port that is stopped before it has started emits neither signal. */
static void
test_stop_in_transport (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = gudpx_port_new (GUDPX_DATAGRAM_PROTOCOL (recorder), NULL);

  g_signal_connect (recorder, "notify::transport", G_CALLBACK (stop_transport), port);
  g_assert_true (gudpx_port_start_listening (port, NULL));
  g_assert_false (gudpx_port_get_listening (port));
  g_assert_cmpstr (recorder->events->str, ==, "");
  g_assert_true (gudpx_port_start_listening (port, NULL));
  gudpx_port_stop_listening (port);
  g_assert_cmpstr (recorder->events->str, ==, "started stopped ");
}

static void
stop_and_drop (Recorder *recorder, GudpxDatagram *datagram, gpointer user_data)
{
  GudpxPort **port = user_data;

  gudpx_port_stop_listening (*port);
  g_clear_object (port);
}

/* The last reference is released while the port starts. */
static void
test_drop_in_started (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  GudpxPort *port = gudpx_port_new (GUDPX_DATAGRAM_PROTOCOL (recorder), NULL);

  recorder->on_started = stop_and_drop;
  recorder->user_data = &port;
  g_assert_true (gudpx_port_start_listening (port, NULL));
  g_assert_null (port);
}

static void
count (GudpxDatagramProtocol *protocol, GudpxDatagram *datagram, gpointer user_data)
{
  ++*(guint *) user_data;
}

static void
connect_handler (Recorder *recorder, GudpxDatagram *datagram, gpointer user_data)
{
  recorder->on_datagram = NULL;
  g_signal_connect (recorder, "datagram-received", G_CALLBACK (count), user_data);
}

/* A handler that is connected in a handler gets every further datagram. */
static void
test_connect_in_handler (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "127.0.0.1");
  g_autoptr (GSocket) peer = peer_new ("127.0.0.1");
  guint n = 0;

  recorder->on_datagram = connect_handler;
  recorder->user_data = &n;
  for (guint i = 0; i < 5; i++)
    peer_send (peer, "x", -1, port);
  wait_for (recorder->datagrams->len == 5);
  g_assert_cmpuint (n, ==, 4);
  gudpx_port_stop_listening (port);
}

static void
write_again (Recorder *recorder, GudpxDatagram *datagram, gpointer user_data)
{
  GudpxPort *port = gudpx_datagram_protocol_get_transport (GUDPX_DATAGRAM_PROTOCOL (recorder));

  while (gudpx_port_write_to (port, text ("x"), user_data, NULL))
    ;
}

/* Writes to a deaf UNIX peer without a queue: poll() reports the socket as writable, but it is not.
 * A program that trusts “writable” does not spin. */
static void
test_no_queue (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autofree char *directory = g_dir_make_tmp ("gudpx-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (directory, "port", NULL);
  g_autofree char *peer_path = g_build_filename (directory, "peer", NULL);
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (peer_path);
  g_autoptr (GSocket) peer = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_DATAGRAM,
                                           G_SOCKET_PROTOCOL_DEFAULT, NULL);
  g_autoptr (GudpxPort) port = NULL;
  gint64 start = g_get_monotonic_time ();
  guint n = 0;

  g_assert_true (g_socket_bind (peer, address, FALSE, NULL));
  port = gudpx_listen_unix_datagram (path, GUDPX_DATAGRAM_PROTOCOL (recorder), NULL);
  gudpx_port_set_send_queue_limit (port, 0);
  recorder->on_writable = write_again;
  recorder->user_data = address;
  write_again (recorder, NULL, address);
  while (g_get_monotonic_time () < start + 100 * G_TIME_SPAN_MILLISECOND)
    {
      if (g_main_context_iteration (NULL, FALSE))
        n++;
    }
  g_assert_cmpuint (n, <, 200);

  gudpx_port_stop_listening (port);
  g_unlink (peer_path);
  g_rmdir (directory);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/reentrancy/stop-while-connecting", test_stop_while_connecting);
  g_test_add_func ("/reentrancy/disconnect-while-connecting", test_disconnect_while_connecting);
  g_test_add_func ("/reentrancy/stop-by-queue", test_stop_by_queue);
  g_test_add_func ("/reentrancy/restart-in-transport", test_restart_in_transport);
  g_test_add_func ("/reentrancy/stop-in-transport", test_stop_in_transport);
  g_test_add_func ("/reentrancy/drop-in-started", test_drop_in_started);
  g_test_add_func ("/reentrancy/connect-in-handler", test_connect_in_handler);
  g_test_add_func ("/reentrancy/no-queue", test_no_queue);

  return g_test_run ();
}
