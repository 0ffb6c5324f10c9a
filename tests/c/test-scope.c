/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tests link-local addresses in a network namespace: see tests/netns. */

#include <errno.h>
#include <net/if.h>
#include <string.h>

#include <gio/gnetworking.h>

#include "recorder.h"

static guint32
get_scope_id (GSocketAddress *address)
{
  return g_inet_socket_address_get_scope_id (G_INET_SOCKET_ADDRESS (address));
}

/* The scope id survives bind, receive, string and reply. */
static void
test_round_trip (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (Recorder) other_recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "fe80::1%gudpx0");
  g_autoptr (GudpxPort) other = listen_on (other_recorder, "fe80::2%gudpx1");
  GSocketAddress *sender;
  g_autofree char *string = NULL;
  g_autofree char *expected = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (get_scope_id (gudpx_port_get_local_address (port)), ==,
                    if_nametoindex ("gudpx0"));
  g_assert_true (gudpx_port_write_to_host (other, text ("x"), "fe80::1%gudpx1",
                                           port_get_number (port), &error));
  g_assert_no_error (error);
  wait_for (recorder->datagrams->len == 1);
  sender = gudpx_datagram_get_sender (recorder->datagrams->pdata[0]);
  g_assert_cmpuint (get_scope_id (sender), ==, if_nametoindex ("gudpx0"));
  string = address_to_string (sender);
  expected = g_strdup_printf ("[fe80::2%%%u]:%u", if_nametoindex ("gudpx0"),
                              port_get_number (other));
  g_assert_cmpstr (string, ==, expected);

  g_assert_true (gudpx_datagram_reply (recorder->datagrams->pdata[0], text ("y"), &error));
  g_assert_no_error (error);
  wait_for (other_recorder->datagrams->len == 1);

  gudpx_port_stop_listening (port);
  gudpx_port_stop_listening (other);
}

static void
test_connect (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (Recorder) other_recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "::");
  g_autoptr (GudpxPort) other = listen_on (other_recorder, "fe80::2%gudpx1");
  g_autoptr (GError) error = NULL;

  gudpx_port_connect_peer (port, "fe80::2%gudpx0", port_get_number (other), &error);
  g_assert_no_error (error);
  g_assert_true (gudpx_port_write (port, text ("x"), &error));
  wait_for (other_recorder->datagrams->len == 1);
  g_assert_true (gudpx_datagram_reply (other_recorder->datagrams->pdata[0], text ("y"), &error));
  wait_for (recorder->datagrams->len == 1);

  gudpx_port_stop_listening (port);
  gudpx_port_stop_listening (other);
}

/* An address without a scope is ambiguous. */
static void
test_without (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GError) error = NULL;

  g_autoptr (GudpxPort) port = listen_on (recorder, "::");

  g_assert_null (
      gudpx_listen_udp (0, GUDPX_DATAGRAM_PROTOCOL (recorder), "fe80::1", &error));
  g_assert_nonnull (strstr (error->message, "fe80::1%"));
  expect_error (&error, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_false (gudpx_port_connect_peer (port, "fe80::2", 9, &error));
  g_assert_nonnull (strstr (error->message, "fe80::2%"));
  expect_error (&error, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_false (gudpx_port_connect_peer (port, "ff02::99", 9, &error));
  g_assert_nonnull (strstr (error->message, "ff02::99%"));
  expect_error (&error, G_IO_ERROR_INVALID_ARGUMENT);
  gudpx_port_stop_listening (port);
}

/* A port bound to a device receives nothing from other devices. */
static void
test_bind_device (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (Recorder) sender_recorder = recorder_new ();
  g_autoptr (GSocketAddress) any = g_inet_socket_address_new_from_string ("::", 0);
  g_autoptr (GudpxPort) port = g_object_new (GUDPX_TYPE_PORT, "protocol", recorder, "local-address",
                                             any, "bind-device", "gudpx0", NULL);
  g_autoptr (GudpxPort) sender = listen_on (sender_recorder, "::");
  g_autoptr (GError) error = NULL;

  if (!gudpx_port_start_listening (port, &error))
    {
      g_test_skip (error->message);
      gudpx_port_stop_listening (sender);
      return;
    }
  gudpx_port_write_to_host (sender, text ("by lo"), "::1", port_get_number (port), NULL);
  gudpx_port_write_to_host (sender, text ("by cable"), "fe80::1%gudpx1", port_get_number (port),
                            NULL);
  wait_for (recorder->datagrams->len > 0);
  iterate ();
  g_assert_cmpuint (recorder->datagrams->len, ==, 1);

  /* The restriction still applies after a disconnect. */
  recorder_forget (recorder);
  g_assert_true (gudpx_port_connect_peer (port, "fe80::2%gudpx0", 9, &error));
  g_assert_true (gudpx_port_disconnect_peer (port, &error));
  g_assert_no_error (error);
  gudpx_port_write_to_host (sender, text ("by lo"), "::1", port_get_number (port), NULL);
  gudpx_port_write_to_host (sender, text ("by cable"), "fe80::1%gudpx1", port_get_number (port),
                            NULL);
  wait_for (recorder->datagrams->len > 0);
  iterate ();
  g_assert_cmpuint (recorder->datagrams->len, ==, 1);

  gudpx_port_stop_listening (port);
  gudpx_port_stop_listening (sender);
}

/* Creates an interface that the test can remove. */
static void
add_interface (void)
{
  run_command ("ip link add tun0 type veth peer name tun1");
  run_command ("ip link set tun0 addrgenmode none up");
  run_command ("ip link set tun1 addrgenmode none up");
  run_command ("ip address add 10.97.0.1/24 dev tun0");
  run_command ("ip address add fe80::97/64 dev tun0 nodad");
  run_command ("ip address add fe80::98/64 dev tun1 nodad");
}

/* A port is told once that its interface is gone, and ignores other interfaces. After a restart it
 * receives from the new interface of this name. */
static void
check_device_gone (GudpxPort *port, gboolean is_adopted)
{
  Recorder *recorder = TEST_RECORDER (gudpx_port_get_protocol (port));
  g_autoptr (Recorder) sender_recorder = recorder_new ();
  g_autoptr (GudpxPort) sender = NULL;
  g_autoptr (GError) error = NULL;

  run_command ("ip link set tun0 down");
  run_command ("ip link set tun0 up");
  run_command ("ip link add more0 type veth peer name more1");
  run_command ("ip link del more0");
  run_command ("ip link del tun0");
  wait_for (strstr (recorder->events->str, "error") != NULL);
  g_assert_nonnull (strstr (recorder->error->message, "tun0"));
  expect_error (&recorder->error, G_IO_ERROR_NOT_FOUND);
  g_assert_false (gudpx_port_write_to_host (port, text ("x"), "fd99::5", 9, NULL));

  add_interface ();
  iterate ();
  g_assert_cmpstr (recorder->events->str, ==, "started error ");
  gudpx_port_stop_listening (port);
  if (is_adopted)
    return;
  g_assert_true (gudpx_port_start_listening (port, &error));
  g_assert_no_error (error);
  sender = listen_on (sender_recorder, "::");
  gudpx_port_write_to_host (sender, text ("x"), "fe80::97%tun1", port_get_number (port), &error);
  g_assert_no_error (error);
  wait_for (recorder->datagrams->len == 1);
  gudpx_port_stop_listening (port);
  gudpx_port_stop_listening (sender);
}

static GudpxPort *
port_new_on_device (Recorder *recorder, const char *host, const char *device)
{
  g_autoptr (GSocketAddress) any = g_inet_socket_address_new_from_string (host, 0);

  return g_object_new (GUDPX_TYPE_PORT, "protocol", recorder, "local-address", any, "bind-device",
                       device, NULL);
}

static void
test_device_gone (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = port_new_on_device (recorder, "::", "tun0");
  g_autoptr (GError) error = NULL;

  add_interface ();
  if (gudpx_port_start_listening (port, &error))
    check_device_gone (port, FALSE);
  else
    g_test_skip (error->message);
  run_command ("ip link del tun0");
}

/* A link-local address binds to an interface, too. */
static void
test_device_of_address_gone (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = NULL;

  add_interface ();
  port = listen_on (recorder, "fe80::97%tun0");
  check_device_gone (port, TRUE);
  run_command ("ip link del tun0");
}

/* Binds like systemd's BindToDevice. */
static void
test_device_of_adopted_gone (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GSocket) socket = peer_new ("::");
  g_autoptr (GudpxPort) port = NULL;
  g_autoptr (GError) error = NULL;

  add_interface ();
  if (setsockopt (g_socket_get_fd (socket), SOL_SOCKET, SO_BINDTODEVICE, "tun0", 4) == 0)
    {
      port = gudpx_adopt_datagram_port (g_socket_get_fd (socket), G_SOCKET_FAMILY_INVALID,
                                        GUDPX_DATAGRAM_PROTOCOL (recorder), &error);
      g_assert_no_error (error);
      check_device_gone (port, TRUE);
    }
  else
    g_test_skip (g_strerror (errno));
  run_command ("ip link del tun0");
}

/* An IPv4 port gives up its interface with its peer, and gets the interface back. */
static void
test_bind_device_ipv4 (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (Recorder) sender_recorder = recorder_new ();
  g_autoptr (GudpxPort) port = port_new_on_device (recorder, "0.0.0.0", "gudpx0");
  g_autoptr (GudpxPort) sender = listen_on (sender_recorder, "0.0.0.0");
  g_autoptr (GError) error = NULL;

  if (!gudpx_port_start_listening (port, &error))
    {
      g_test_skip (error->message);
      gudpx_port_stop_listening (sender);
      return;
    }
  g_assert_true (gudpx_port_connect_peer (port, "10.99.0.2", 9, &error));
  g_assert_true (gudpx_port_connect_peer (port, "10.99.0.3", 9, &error));
  g_assert_true (gudpx_port_disconnect_peer (port, &error));
  g_assert_no_error (error);
  gudpx_port_write_to_host (sender, text ("by lo"), "127.0.0.1", port_get_number (port), NULL);
  g_assert_true (gudpx_port_join_group (port, "239.1.2.3", "gudpx0", NULL));
  g_assert_true (gudpx_port_set_multicast_interface (sender, "gudpx0", NULL));
  gudpx_port_write_to_host (sender, text ("by cable"), "239.1.2.3", port_get_number (port), NULL);
  wait_for (recorder->datagrams->len > 0);
  iterate ();
  g_assert_cmpuint (recorder->datagrams->len, ==, 1);

  gudpx_port_stop_listening (port);
  gudpx_port_stop_listening (sender);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/scope/round-trip", test_round_trip);
  g_test_add_func ("/scope/connect", test_connect);
  g_test_add_func ("/scope/without", test_without);
  g_test_add_func ("/scope/bind-device", test_bind_device);
  g_test_add_func ("/scope/bind-device-ipv4", test_bind_device_ipv4);
#ifdef __linux__
  g_test_add_func ("/scope/device-gone", test_device_gone);
  g_test_add_func ("/scope/device-of-address-gone", test_device_of_address_gone);
  g_test_add_func ("/scope/device-of-adopted-gone", test_device_of_adopted_gone);
#endif

  return g_test_run ();
}
