/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "recorder.h"

static int
make_socket (int family, int type)
{
  int fd = socket (family, type, 0);

  g_assert_cmpint (fd, >=, 0);
  return fd;
}

static int
make_bound_socket (void)
{
  int fd = make_socket (AF_INET, SOCK_DGRAM);
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };

  g_assert_cmpint (bind (fd, (struct sockaddr *) &address, sizeof address), ==, 0);
  return fd;
}

static GudpxPort *
adopt (Recorder *recorder, int fd, GSocketFamily family)
{
  g_autoptr (GError) error = NULL;
  GudpxPort *port =
      gudpx_adopt_datagram_port (fd, family, GUDPX_DATAGRAM_PROTOCOL (recorder), &error);

  g_assert_no_error (error);
  return port;
}

/* The caller closes its descriptor immediately. A blocking socket does not block the loop. */
static void
test_closed_at_once (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  int fd = make_bound_socket ();
  g_autoptr (GudpxPort) port = adopt (recorder, fd, G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocket) peer = peer_new ("127.0.0.1");
  g_autoptr (GError) error = NULL;
  int own_fd = g_socket_get_fd (gudpx_port_get_socket (port));

  g_assert_cmpint (own_fd, !=, fd);
  g_assert_cmpint (fcntl (own_fd, F_GETFD) & FD_CLOEXEC, !=, 0);
  close (fd);
  g_assert_cmpuint (port_get_number (port), >, 0);
  peer_send (peer, "x", -1, port);
  wait_for (recorder->datagrams->len == 1);

  gudpx_port_stop_listening (port);
  g_assert_cmpint (fcntl (own_fd, F_GETFD), ==, -1);
  g_assert_false (gudpx_port_start_listening (port, &error));
  expect_error (&error, G_IO_ERROR_NOT_SUPPORTED);
  g_assert_cmpstr (recorder->events->str, ==, "started datagram stopped ");
}

/* Stopping the port leaves the socket open for its other owners. */
static void
test_not_shut_down (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  int fd = make_bound_socket ();
  g_autoptr (GudpxPort) port = adopt (recorder, fd, G_SOCKET_FAMILY_INVALID);
  g_autoptr (GSocketAddress) address = g_object_ref (gudpx_port_get_local_address (port));
  g_autoptr (GSocket) peer = peer_new ("127.0.0.1");
  char buffer[10];

  gudpx_port_stop_listening (port);
  g_socket_send_to (peer, address, "still", 5, NULL, NULL);
  g_assert_cmpint (recv (fd, buffer, sizeof buffer, 0), ==, 5);
  close (fd);
}

static void
test_connected (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GSocket) peer = peer_new ("127.0.0.1");
  g_autoptr (GSocketAddress) address = g_socket_get_local_address (peer, NULL);
  g_autofree char *received = NULL;
  g_autoptr (GudpxPort) port = NULL;
  struct sockaddr_in native;
  int fd = make_bound_socket ();

  g_socket_address_to_native (address, &native, sizeof native, NULL);
  g_assert_cmpint (connect (fd, (struct sockaddr *) &native, sizeof native), ==, 0);
  port = adopt (recorder, fd, G_SOCKET_FAMILY_IPV4);
  close (fd);
  g_assert_true (gudpx_address_equal (gudpx_port_get_peer_address (port), address));
  g_assert_true (gudpx_port_write (port, text ("x"), NULL));
  received = peer_receive (peer, NULL);
  g_assert_cmpstr (received, ==, "x");

  g_socket_close (peer, NULL);
  g_assert_true (gudpx_port_write (port, text ("x"), NULL));
  wait_for (strstr (recorder->events->str, "refused") != NULL);
  gudpx_port_stop_listening (port);
}

/* The peer of a socket pair's end does not have a name. */
static void
test_pair (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = NULL;
  char buffer[10];
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_DGRAM, 0, fds), ==, 0);
  port = adopt (recorder, fds[0], G_SOCKET_FAMILY_UNIX);
  g_assert_cmpint (send (fds[1], "x", 1, 0), ==, 1);
  wait_for (recorder->datagrams->len == 1);
  g_assert_null (gudpx_datagram_get_sender (recorder->datagrams->pdata[0]));
  g_assert_true (gudpx_port_write (port, text ("back"), NULL));
  g_assert_cmpint (recv (fds[1], buffer, sizeof buffer, 0), ==, 4);

  gudpx_port_stop_listening (port);
  close (fds[0]);
  close (fds[1]);
}

/* The kernel binds an unbound socket at the first write. */
static void
test_unbound (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  int fd = make_socket (AF_INET, SOCK_DGRAM);
  g_autoptr (GudpxPort) port = adopt (recorder, fd, G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocket) peer = peer_new ("127.0.0.1");

  close (fd);
  g_assert_cmpuint (port_get_number (port), ==, 0);
  g_assert_true (
      gudpx_port_write_to_host (port, text ("x"), "127.0.0.1", peer_get_port (peer), NULL));
  g_assert_cmpuint (port_get_number (port), >, 0);
  gudpx_port_stop_listening (port);
}

/* The port knows its number after an answer, although nothing asked for the number before. */
static void
test_unbound_receives (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  int fd = make_socket (AF_INET, SOCK_DGRAM);
  g_autoptr (GudpxPort) port = adopt (recorder, fd, G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocket) peer = peer_new ("127.0.0.1");
  g_autoptr (GSocketAddress) sender = NULL;
  g_autofree char *received = NULL;

  g_assert_true (
      gudpx_port_write_to_host (port, text ("x"), "127.0.0.1", peer_get_port (peer), NULL));
  received = peer_receive (peer, &sender);
  g_socket_send_to (peer, sender, "y", 1, NULL, NULL);
  wait_for (recorder->datagrams->len == 1);
  g_assert_cmpuint (port_get_number (port), ==,
                    g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (sender)));

  gudpx_port_stop_listening (port);
  close (fd);
}

/* The port does not change options of a shared socket. */
static void
test_options (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GSocket) peer = peer_new ("127.0.0.1");
  int fd = make_bound_socket ();
  g_autoptr (GudpxPort) port = NULL;
#ifdef HAVE_LINUX_IO
  static const int options[] = { IP_RECVERR, IP_MULTICAST_ALL, IP_PKTINFO };
  int value;
  socklen_t size = sizeof value;
  int before[3];

  for (guint i = 0; i < 3; i++)
    g_assert_cmpint (getsockopt (fd, IPPROTO_IP, options[i], &before[i], &size), ==, 0);
  port = adopt (recorder, fd, G_SOCKET_FAMILY_INVALID);
  g_assert_cmpint (getsockopt (fd, IPPROTO_UDP, UDP_GRO, &value, &size), ==, 0);
  g_assert_cmpint (value, ==, 0);
  g_assert_true (gudpx_port_connect_peer (port, "127.0.0.1", peer_get_port (peer), NULL));
  gudpx_port_stop_listening (port);
  for (guint i = 0; i < 3; i++)
    {
      g_assert_cmpint (getsockopt (fd, IPPROTO_IP, options[i], &value, &size), ==, 0);
      g_assert_cmpint (value, ==, before[i]);
    }
#else
  port = adopt (recorder, fd, G_SOCKET_FAMILY_INVALID);
  gudpx_port_stop_listening (port);
#endif
  close (fd);
}

/* The number that the kernel chose at the first write survives a change of peer. */
static void
test_unbound_connects (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  int fd = make_socket (AF_INET, SOCK_DGRAM);
  g_autoptr (GudpxPort) port = adopt (recorder, fd, G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocket) peer = peer_new ("127.0.0.1");
  g_autoptr (GSocketAddress) sender = NULL;
  g_autofree char *received = NULL;
  guint16 number;

  g_assert_true (gudpx_port_connect_peer (port, "127.0.0.1", peer_get_port (peer), NULL));
  g_assert_true (gudpx_port_write (port, text ("x"), NULL));
  received = peer_receive (peer, &sender);
  number = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (sender));
  g_assert_true (gudpx_port_disconnect_peer (port, NULL));
  g_assert_cmpuint (port_get_number (port), ==, number);
  g_socket_send_to (peer, sender, "y", 1, NULL, NULL);
  wait_for (recorder->datagrams->len == 1);

  gudpx_port_stop_listening (port);
  close (fd);
}

static void
expect_refusal (int fd, GSocketFamily family)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GError) error = NULL;
  int flags = fcntl (fd, F_GETFL);

  g_assert_null (
      gudpx_adopt_datagram_port (fd, family, GUDPX_DATAGRAM_PROTOCOL (recorder), &error));
  expect_error (&error, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_cmpint (fcntl (fd, F_GETFL), ==, flags);
  g_assert_cmpstr (recorder->events->str, ==, "");
}

/* A rejected descriptor stays as it was. */
static void
test_refused (void)
{
  int stream = make_socket (AF_INET, SOCK_STREAM);
  int ipv4 = make_bound_socket ();
  int ipv6 = make_socket (AF_INET6, SOCK_DGRAM);
  int pipe_fds[2];

  g_assert_cmpint (pipe (pipe_fds), ==, 0);
  expect_refusal (stream, G_SOCKET_FAMILY_IPV4);
  expect_refusal (ipv4, G_SOCKET_FAMILY_IPV6);
  expect_refusal (ipv4, G_SOCKET_FAMILY_UNIX);
  expect_refusal (ipv6, G_SOCKET_FAMILY_IPV4);
  expect_refusal (pipe_fds[0], G_SOCKET_FAMILY_INVALID);
  close (stream);
  close (ipv4);
  close (ipv6);
  close (pipe_fds[0]);
  close (pipe_fds[1]);
  expect_refusal (stream, G_SOCKET_FAMILY_INVALID);
  expect_refusal (-1, G_SOCKET_FAMILY_INVALID);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/adopt/closed-at-once", test_closed_at_once);
  g_test_add_func ("/adopt/not-shut-down", test_not_shut_down);
  g_test_add_func ("/adopt/connected", test_connected);
  g_test_add_func ("/adopt/pair", test_pair);
  g_test_add_func ("/adopt/unbound", test_unbound);
  g_test_add_func ("/adopt/unbound-receives", test_unbound_receives);
  g_test_add_func ("/adopt/options", test_options);
  g_test_add_func ("/adopt/unbound-connects", test_unbound_connects);
  g_test_add_func ("/adopt/refused", test_refused);

  return g_test_run ();
}
