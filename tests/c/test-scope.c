/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Link-local addresses in a network namespace: see tests/netns. */

#include <net/if.h>
#include <string.h>

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

/* Without a scope nobody can tell which one it is. */
static void
test_without (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GError) error = NULL;

  g_assert_null (
      gudpx_listen_udp (0, GUDPX_DATAGRAM_PROTOCOL (recorder), "fe80::1", &error));
  expect_error (&error, G_IO_ERROR_INVALID_ARGUMENT);
}

/* A port bound to a device gets nothing from the others. */
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

  /* Still so after it had a peer. */
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

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/scope/round-trip", test_round_trip);
  g_test_add_func ("/scope/connect", test_connect);
  g_test_add_func ("/scope/without", test_without);
  g_test_add_func ("/scope/bind-device", test_bind_device);

  return g_test_run ();
}
