/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tests fork(): the child has copies of its parent's ports, on the same sockets. */

#include <signal.h>
#include <unistd.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>

#include "recorder.h"

/* More ports than the main context polls itself. */
#define N_PORTS 40

typedef void (*ChildFunc) (gpointer data);

static void
run_in_child (ChildFunc function, gpointer data)
{
  pid_t child = fork ();
  int status;

  g_assert_cmpint (child, >=, 0);
  if (child == 0)
    {
      function (data);
      /* Valgrind would report the parent's memory as leaks of a child that exits. */
      raise (SIGKILL);
    }
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_true (WIFSIGNALED (status));
  g_assert_cmpint (WTERMSIG (status), ==, SIGKILL);
}

static void
stop (gpointer data)
{
  gudpx_port_stop_listening (GUDPX_PORT (data));
}

/* The file of a UNIX socket stays. */
static void
test_path (void)
{
  g_autofree char *directory = g_dir_make_tmp ("gudpx-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (directory, "socket", NULL);
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port =
      gudpx_listen_unix_datagram (path, GUDPX_DATAGRAM_PROTOCOL (recorder), NULL);

  run_in_child (stop, port);
  g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));
  g_assert_true (gudpx_port_write_to (port, text ("x"), gudpx_port_get_local_address (port), NULL));
  wait_for (recorder->datagrams->len == 1);

  gudpx_port_stop_listening (port);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  g_assert_cmpint (g_rmdir (directory), ==, 0);
}

typedef struct
{
  Recorder *recorder;
  GudpxPort *ports[N_PORTS];
  GSocket *peer;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->recorder = recorder_new ();
  fixture->peer = peer_new ("127.0.0.1");
  for (guint i = 0; i < N_PORTS; i++)
    fixture->ports[i] = listen_on (fixture->recorder, "127.0.0.1");
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < N_PORTS; i++)
    {
      gudpx_port_stop_listening (fixture->ports[i]);
      g_object_unref (fixture->ports[i]);
    }
  g_object_unref (fixture->recorder);
  g_object_unref (fixture->peer);
}

static void
send_to_all (Fixture *fixture)
{
  for (guint i = 0; i < N_PORTS; i++)
    peer_send (fixture->peer, "x", 1, fixture->ports[i]);
}

static void
expect_from_all (Fixture *fixture)
{
  recorder_forget (fixture->recorder);
  send_to_all (fixture);
  wait_for (fixture->recorder->datagrams->len == N_PORTS);
}

static void
stop_all (gpointer data)
{
  Fixture *fixture = data;

  for (guint i = 0; i < N_PORTS; i++)
    gudpx_port_stop_listening (fixture->ports[i]);
}

static void
test_stop (Fixture *fixture, gconstpointer data)
{
  run_in_child (stop_all, fixture);
  expect_from_all (fixture);
  run_in_child (stop_all, fixture);
  expect_from_all (fixture);
}

static void
pause_all (gpointer data)
{
  Fixture *fixture = data;

  for (guint i = 0; i < N_PORTS; i++)
    gudpx_port_set_reading (fixture->ports[i], FALSE);
}

static void
test_pause (Fixture *fixture, gconstpointer data)
{
  run_in_child (pause_all, fixture);
  expect_from_all (fixture);
}

static void
receive_all (gpointer data)
{
  Fixture *fixture = data;

  wait_for (fixture->recorder->datagrams->len == N_PORTS);
  expect_from_all (fixture);
  stop_all (fixture);
}

/* A child that runs a main loop receives datagrams of the parent. The parent's ports are still
 * notified of further datagrams. */
static void
test_main_loop (Fixture *fixture, gconstpointer data)
{
  send_to_all (fixture);
  run_in_child (receive_all, fixture);
  expect_from_all (fixture);
}

static void
listen_and_receive (gpointer data)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "127.0.0.1");

  peer_send (((Fixture *) data)->peer, "x", 1, port);
  wait_for (recorder->datagrams->len == 1);
  gudpx_port_stop_listening (port);
}

/* The child opens a port of its own. */
static void
test_new_port (Fixture *fixture, gconstpointer data)
{
  run_in_child (listen_and_receive, fixture);
  expect_from_all (fixture);
}

static void
write_and_fork (Recorder *recorder, GudpxDatagram *datagram, gpointer user_data)
{
  g_assert_true (gudpx_datagram_reply (datagram, text ("once"), NULL));
  run_in_child (stop, gudpx_datagram_get_transport (datagram));
}

/* The child does not send datagrams that the parent will send. */
static void
test_queue (Fixture *fixture, gconstpointer data)
{
  g_autofree char *received = NULL;

  fixture->recorder->on_datagram = write_and_fork;
  peer_send (fixture->peer, "x", 1, fixture->ports[0]);
  wait_for (!peer_has_nothing (fixture->peer));
  received = peer_receive (fixture->peer, NULL);
  g_assert_cmpstr (received, ==, "once");
  iterate ();
  g_assert_true (peer_has_nothing (fixture->peer));
}

#ifdef HAVE_LINUX_IO
/* The child leaves the error queue of a shared socket to the parent. */
static void
test_error_queue (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GudpxPort) port =
      gudpx_adopt_datagram_port (g_socket_get_fd (fixture->peer), G_SOCKET_FAMILY_INVALID,
                                 GUDPX_DATAGRAM_PROTOCOL (fixture->recorder), NULL);
  int value;

  g_assert_true (gudpx_port_connect_peer (port, "127.0.0.1", 9, NULL));
  run_in_child (stop, port);
  g_assert_true (
      g_socket_get_option (gudpx_port_get_socket (port), IPPROTO_IP, IP_RECVERR, &value, NULL));
  g_assert_cmpint (value, ==, 1);
  gudpx_port_stop_listening (port);
}
#endif

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

#define add(name, function) g_test_add ("/fork/" name, Fixture, NULL, set_up, function, tear_down)

  g_test_add_func ("/fork/path", test_path);
  add ("stop", test_stop);
  add ("pause", test_pause);
  add ("main-loop", test_main_loop);
  add ("new-port", test_new_port);
  add ("queue", test_queue);
#ifdef HAVE_LINUX_IO
  add ("error-queue", test_error_queue);
#endif

  return g_test_run ();
}
