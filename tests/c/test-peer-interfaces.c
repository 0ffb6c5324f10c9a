/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tests peers and the interfaces of a socket, in a network namespace: see tests/netns. */

#include <errno.h>
#include <string.h>

#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "recorder.h"

static char *
dup_device (GudpxPort *port)
{
  char name[IF_NAMESIZE] = "";
  socklen_t size = sizeof name;

  g_assert_cmpint (getsockopt (g_socket_get_fd (gudpx_port_get_socket (port)), SOL_SOCKET,
                               SO_BINDTODEVICE, name, &size),
                   ==, 0);
  return g_strndup (name, size);
}

static void
expect_device (GudpxPort *port, const char *expected)
{
  g_autofree char *device = dup_device (port);

  g_assert_cmpstr (device, ==, expected);
}

/* Adopts a socket like one that systemd passes for BindToDevice=. */
static GudpxPort *
adopt_bound_to_device (Recorder *recorder, const char *host, const char *device)
{
  g_autoptr (GSocket) socket = peer_new (host);
  g_autoptr (GError) error = NULL;
  GudpxPort *port;

  g_assert_cmpint (
      setsockopt (g_socket_get_fd (socket), SOL_SOCKET, SO_BINDTODEVICE, device, strlen (device)),
      ==, 0);
  port = gudpx_adopt_datagram_port (g_socket_get_fd (socket), G_SOCKET_FAMILY_INVALID,
                                    GUDPX_DATAGRAM_PROTOCOL (recorder), &error);
  g_assert_no_error (error);
  return port;
}

/* Dissolving an association removes the interface from a socket. The port keeps it. */
static void
check_adopted_device (const char *host, const char *peer_host)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = adopt_bound_to_device (recorder, host, "gudpx0");
  const guint16 number = port_get_number (port);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 2; i++)
    {
      g_assert_true (gudpx_port_connect_peer (port, peer_host, 9, &error));
      g_assert_no_error (error);
      expect_device (port, "gudpx0");
      g_assert_true (gudpx_port_connect_peer (port, peer_host, 10, &error));
      g_assert_no_error (error);
      expect_device (port, "gudpx0");
      g_assert_true (gudpx_port_disconnect_peer (port, &error));
      g_assert_no_error (error);
      expect_device (port, "gudpx0");
      g_assert_cmpuint (port_get_number (port), ==, number);
    }

  gudpx_port_stop_listening (port);
}

static void
test_adopted_device (void)
{
  check_adopted_device ("0.0.0.0", "10.99.0.2");
  check_adopted_device ("10.99.0.1", "10.99.0.2");
  check_adopted_device ("::", "fd99::2");
  check_adopted_device ("::", "fe80::2%gudpx0");
}

/* A port also keeps the interface that was given to it, with a requested number or a number of the
 * kernel. */
static void
check_bound_device (const char *host, const char *peer_host, guint16 number)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string (host, number);
  g_autoptr (GudpxPort) port = g_object_new (GUDPX_TYPE_PORT, "protocol", recorder, "local-address",
                                             address, "bind-device", "gudpx0", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (gudpx_port_start_listening (port, &error));
  for (guint i = 0; i < 2; i++)
    {
      g_assert_true (gudpx_port_connect_peer (port, peer_host, 9, &error));
      g_assert_true (gudpx_port_connect_peer (port, peer_host, 10, &error));
      expect_device (port, "gudpx0");
      g_assert_true (gudpx_port_disconnect_peer (port, &error));
      g_assert_no_error (error);
      expect_device (port, "gudpx0");
    }
  gudpx_port_stop_listening (port);
}

static void
test_bound_device (void)
{
  check_bound_device ("0.0.0.0", "10.99.0.2", 0);
  check_bound_device ("0.0.0.0", "10.99.0.2", 4000);
  check_bound_device ("10.99.0.1", "10.99.0.2", 4000);
  check_bound_device ("::", "fd99::2", 0);
  check_bound_device ("::", "fe80::2%gudpx0", 4000);
}

/* An interface that belongs to the peer's address is removed with the peer. */
static void
test_peer_device (void)
{
  static const char *const hosts[] = { "::", "fd99::1" };

  for (guint i = 0; i < 2 * G_N_ELEMENTS (hosts); i++)
    {
      g_autoptr (Recorder) recorder = recorder_new ();
      g_autoptr (GudpxPort) port = listen_on (recorder, hosts[i / 2]);
      g_autoptr (GError) error = NULL;

      g_assert_true (gudpx_port_connect_peer (port, "fe80::2%gudpx0", 9, &error));
      g_assert_no_error (error);
      expect_device (port, "gudpx0");
      if (i % 2 == 0)
        g_assert_true (gudpx_port_disconnect_peer (port, &error));
      else
        g_assert_true (gudpx_port_connect_peer (port, "fd99::1", 9, &error));
      g_assert_no_error (error);
      expect_device (port, "");
      gudpx_port_stop_listening (port);
    }
}

/* connect() binds the socket to the interface of the address before it fails. */
static void
check_failed_peer_device (const char *host)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, host);
  g_autoptr (GSocket) peer = peer_new ("::1");
  g_autoptr (GSocketAddress) address =
      g_inet_socket_address_new_from_string ("::1", port_get_number (port));
  g_autoptr (GError) error = NULL;

  g_assert_false (gudpx_port_connect_peer (port, "fe80::99%gudpx2", 9, &error));
  g_clear_error (&error);
  expect_device (port, "");
  g_assert_null (gudpx_port_get_peer_address (port));
  g_assert_cmpint (g_socket_send_to (peer, address, "x", 1, NULL, NULL), ==, 1);
  wait_for (recorder->datagrams->len == 1);

  gudpx_port_stop_listening (port);
}

static void
test_failed_peer_device (void)
{
  run_command ("ip link add gudpx2 type veth peer name gudpx3");
  check_failed_peer_device ("::");
  check_failed_peer_device ("::1");
  run_command ("ip link delete gudpx2");
}

/* Groups and the multicast interface are dropped if their interface is gone. */
static void
check_gone (const char *host, const char *group, const char *other_group, const char *peer_host)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (Recorder) sender_recorder = recorder_new ();
  g_autoptr (GudpxPort) port = NULL;
  g_autoptr (GudpxPort) sender = listen_on (sender_recorder, host);
  g_autoptr (GError) error = NULL;

  run_command ("ip link add gudpx2 type veth peer name gudpx3");
  run_command ("ip link set gudpx2 up");
  port = listen_on (recorder, host);
  g_assert_true (gudpx_port_join_group (port, group, "gudpx2", &error));
  g_assert_no_error (error);
  g_assert_true (gudpx_port_join_group (port, other_group, "gudpx0", &error));
  g_assert_no_error (error);
  g_assert_true (gudpx_port_set_multicast_interface (port, "gudpx2", &error));
  g_assert_true (gudpx_port_connect_peer (port, peer_host, 9, &error));
  g_assert_no_error (error);
  run_command ("ip link delete gudpx2");

  g_assert_true (gudpx_port_disconnect_peer (port, &error));
  g_assert_no_error (error);

  /* The other group is still joined. */
  g_assert_true (gudpx_port_set_multicast_interface (sender, "gudpx0", &error));
  g_assert_true (
      gudpx_port_write_to_host (sender, text ("x"), other_group, port_get_number (port), &error));
  g_assert_no_error (error);
  wait_for (recorder->datagrams->len == 1);

  gudpx_port_stop_listening (port);
  gudpx_port_stop_listening (sender);
}

static void
test_gone (void)
{
  check_gone ("::", "ff02::1:2:3", "ff02::1:2:4", "::1");
  check_gone ("0.0.0.0", "239.1.2.3", "239.1.2.4", "127.0.0.1");
}

/* Other settings are not dropped: if the bound interface is gone, the call fails. */
static void
test_bound_device_gone (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port =
      g_object_new (GUDPX_TYPE_PORT, "protocol", recorder, "bind-device", "gudpx2", NULL);
  g_autoptr (GError) error = NULL;

  run_command ("ip link add gudpx2 type veth peer name gudpx3");
  run_command ("ip link set gudpx2 up");
  run_command ("ip address add 10.98.0.1/24 dev gudpx2");
  g_assert_true (gudpx_port_start_listening (port, &error));
  g_assert_true (gudpx_port_connect_peer (port, "10.98.0.2", 9, &error));
  g_assert_no_error (error);
  run_command ("ip link delete gudpx2");

  g_assert_false (gudpx_port_disconnect_peer (port, &error));
  g_assert_nonnull (strstr (error->message, "gudpx2"));
  expect_error (&error, G_IO_ERROR_NOT_FOUND);
  g_assert_nonnull (gudpx_port_get_peer_address (port));

  gudpx_port_stop_listening (port);
}

/* If the network is gone, both the new peer and the old one are unreachable. */
static void
check_unreachable (const char *host, gboolean is_adopted)
{
  const gboolean is_ipv6 = strchr (host, ':') != NULL;
  const char *const peer_host = is_ipv6 ? "fd99::2" : "10.99.0.2";
  const char *const other_host = is_ipv6 ? "fd99::3" : "10.99.0.3";
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GSocket) socket = peer_new (host);
  g_autoptr (GudpxPort) port = NULL;
  g_autoptr (GSocketAddress) peer = g_inet_socket_address_new_from_string (peer_host, 9);
  g_autofree char *add = g_strdup_printf ("ip route add unreachable %s", peer_host);
  g_autofree char *add_other = g_strdup_printf ("ip route add unreachable %s", other_host);
  g_autofree char *delete = g_strdup_printf ("ip route delete unreachable %s", peer_host);
  g_autofree char *delete_other = g_strdup_printf ("ip route delete unreachable %s", other_host);
  struct sockaddr_storage native;
  socklen_t length = sizeof native;
  guint16 number;
  g_autoptr (GError) error = NULL;

  port = is_adopted ? gudpx_adopt_datagram_port (g_socket_get_fd (socket), G_SOCKET_FAMILY_INVALID,
                                                 GUDPX_DATAGRAM_PROTOCOL (recorder), NULL) :
                      listen_on (recorder, host);
  number = port_get_number (port);
  g_assert_true (gudpx_port_connect_peer_address (port, peer, &error));
  run_command (add);
  run_command (add_other);
  g_assert_false (gudpx_port_connect_peer (port, other_host, 9, &error));
  g_assert_nonnull (strstr (error->message, other_host));
  g_clear_error (&error);
  run_command (delete);
  run_command (delete_other);

  g_assert_true (gudpx_address_equal (gudpx_port_get_peer_address (port), peer));
  g_assert_cmpint (getpeername (g_socket_get_fd (gudpx_port_get_socket (port)),
                                (struct sockaddr *) &native, &length),
                   ==, 0);
  g_assert_cmpuint (port_get_number (port), ==, number);
  g_assert_true (gudpx_port_connect_peer (port, other_host, 9, &error));
  g_assert_no_error (error);

  gudpx_port_stop_listening (port);
}

static void
test_unreachable (void)
{
  static const char *const hosts[] = { "0.0.0.0", "10.99.0.1", "::", "fd99::1" };

  for (guint i = 0; i < 2 * G_N_ELEMENTS (hosts); i++)
    check_unreachable (hosts[i / 2], i % 2);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/peer-interfaces/adopted-device", test_adopted_device);
  g_test_add_func ("/peer-interfaces/bound-device", test_bound_device);
  g_test_add_func ("/peer-interfaces/peer-device", test_peer_device);
  g_test_add_func ("/peer-interfaces/failed-peer-device", test_failed_peer_device);
  g_test_add_func ("/peer-interfaces/gone", test_gone);
  g_test_add_func ("/peer-interfaces/bound-device-gone", test_bound_device_gone);
  g_test_add_func ("/peer-interfaces/unreachable", test_unreachable);

  return g_test_run ();
}
