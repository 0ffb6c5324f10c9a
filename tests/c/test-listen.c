/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "recorder.h"

/* Listening, receiving and replying need only the main context. */
static void
test_echo (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "127.0.0.1");
  g_autoptr (GSocket) peer = peer_new ("127.0.0.1");
  g_autofree char *payload = NULL;
  g_autofree char *reply = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_cmpstr (recorder->events->str, ==, "started ");
  g_assert_true (gudpx_port_get_listening (port));
  g_assert_true (gudpx_datagram_protocol_get_transport (GUDPX_DATAGRAM_PROTOCOL (recorder)) ==
                 port);
  g_assert_cmpuint (port_get_number (port), >, 0);

  peer_send (peer, "hello", -1, port);
  wait_for (recorder->datagrams->len == 1);
  payload = recorder_get_payload (recorder, 0);
  g_assert_cmpstr (payload, ==, "hello");

  g_assert_true (gudpx_datagram_reply (recorder->datagrams->pdata[0], text ("you too"), &error));
  g_assert_no_error (error);
  reply = peer_receive (peer, NULL);
  g_assert_cmpstr (reply, ==, "you too");

  gudpx_port_stop_listening (port);
  g_assert_cmpstr (recorder->events->str, ==, "started datagram stopped ");
}

static void
echo (Recorder *recorder, GudpxDatagram *datagram, gpointer user_data)
{
  gsize size;
  const guint8 *payload = gudpx_datagram_get_payload (datagram, &size);

  g_assert_true (gudpx_datagram_reply (datagram, payload, size, NULL));
}

/* A port without references serves; so does a paused port after it is resumed. */
static void
test_nobody_holds_it (void)
{
  GudpxPort *port;
  GWeakRef weak_port;
  g_autoptr (GSocket) peer = peer_new ("127.0.0.1");
  g_autofree char *reply = NULL;
  Recorder *recorder = recorder_new ();

  recorder->on_datagram = echo;
  port = listen_on (recorder, "127.0.0.1");
  g_object_unref (recorder);
  g_weak_ref_init (&weak_port, port);
  g_object_unref (port);

  gudpx_port_set_reading (port, FALSE);
  peer_send (peer, "a", -1, port);
  iterate ();
  g_assert_true (peer_has_nothing (peer));
  gudpx_port_set_reading (port, TRUE);
  wait_for (!peer_has_nothing (peer));
  reply = peer_receive (peer, NULL);
  g_assert_cmpstr (reply, ==, "a");

  gudpx_port_stop_listening (port);
  port = g_weak_ref_get (&weak_port);
  g_assert_null (port);
  g_weak_ref_clear (&weak_port);
}

static void
test_bad_addresses (void)
{
  static const char *const hosts[] = {
    "localhost", "127.1", "256.1.1.1", "1.2.3", " 127.0.0.1", "127.0.0.1 ", "::g",
    "fe80::1%nosuch0", "<broadcast>", "example.org",
  };
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (hosts); i++)
    {
      g_assert_null (
          gudpx_listen_udp (0, GUDPX_DATAGRAM_PROTOCOL (recorder), hosts[i], &error));
      g_assert_nonnull (strstr (error->message, hosts[i]));
      expect_error (&error, G_IO_ERROR_INVALID_ARGUMENT);
      g_assert_null (gudpx_listen_multicast (0, GUDPX_DATAGRAM_PROTOCOL (recorder), TRUE, hosts[i],
                                             &error));
      expect_error (&error, G_IO_ERROR_INVALID_ARGUMENT);
    }
  g_assert_cmpstr (recorder->events->str, ==, "");
}

/* The second listen fails, and its protocol is not called. The error names the address. */
static void
test_in_use (void)
{
  g_autoptr (Recorder) first = recorder_new ();
  g_autoptr (Recorder) second = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (first, "127.0.0.1");
  g_autofree char *address = address_to_string (gudpx_port_get_local_address (port));
  g_autoptr (GError) error = NULL;

  g_assert_null (gudpx_listen_udp (port_get_number (port), GUDPX_DATAGRAM_PROTOCOL (second),
                                   "127.0.0.1", &error));
  g_assert_nonnull (strstr (error->message, address));
  expect_error (&error, G_IO_ERROR_ADDRESS_IN_USE);
  g_assert_null (gudpx_listen_multicast (port_get_number (port), GUDPX_DATAGRAM_PROTOCOL (second),
                                         TRUE, "127.0.0.1", &error));
  expect_error (&error, G_IO_ERROR_ADDRESS_IN_USE);
  g_assert_cmpstr (second->events->str, ==, "");
  g_assert_null (gudpx_datagram_protocol_get_transport (GUDPX_DATAGRAM_PROTOCOL (second)));

  gudpx_port_stop_listening (port);
}

/* All ports with the option may share an address. */
static void
test_listen_multiple (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GudpxPort) first = gudpx_listen_multicast (0, GUDPX_DATAGRAM_PROTOCOL (recorder), TRUE,
                                                        "127.0.0.1", &error);
  g_autoptr (GudpxPort) second = NULL;

  g_assert_no_error (error);
  g_assert_true (gudpx_port_get_listen_multiple (first));
  second = gudpx_listen_multicast (port_get_number (first), GUDPX_DATAGRAM_PROTOCOL (recorder),
                                   TRUE, "127.0.0.1", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (port_get_number (first), ==, port_get_number (second));
  g_assert_null (gudpx_listen_udp (port_get_number (first), GUDPX_DATAGRAM_PROTOCOL (recorder),
                                   "127.0.0.1", &error));
  expect_error (&error, G_IO_ERROR_ADDRESS_IN_USE);

  gudpx_port_stop_listening (first);
  gudpx_port_stop_listening (second);
}

static void
test_any_address (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) by_null = listen_on (recorder, NULL);
  g_autoptr (GudpxPort) by_empty = listen_on (recorder, "");
  GInetAddress *address = g_inet_socket_address_get_address (
      G_INET_SOCKET_ADDRESS (gudpx_port_get_local_address (by_null)));

  g_assert_true (g_inet_address_get_is_any (address));
  g_assert_cmpint (g_inet_address_get_family (address), ==, G_SOCKET_FAMILY_IPV4);

  gudpx_port_stop_listening (by_null);
  gudpx_port_stop_listening (by_empty);
}

/* On a dual-stack port IPv4 addresses look like IPv4, in both directions. */
static void
test_dual_stack (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "::");
  g_autoptr (GSocket) peer4 = peer_new ("127.0.0.1");
  g_autoptr (GSocket) peer6 = peer_new ("::1");
  g_autoptr (GSocketAddress) to4 =
      g_inet_socket_address_new_from_string ("127.0.0.1", port_get_number (port));
  g_autoptr (GSocketAddress) to6 =
      g_inet_socket_address_new_from_string ("::1", port_get_number (port));
  g_autofree char *received = NULL;
  GSocketAddress *sender;

  recorder->on_datagram = echo;
  g_socket_send_to (peer4, to4, "four", 4, NULL, NULL);
  wait_for (recorder->datagrams->len == 1);
  sender = gudpx_datagram_get_sender (recorder->datagrams->pdata[0]);
  g_assert_cmpint (g_socket_address_get_family (sender), ==, G_SOCKET_FAMILY_IPV4);
  g_assert_true (gudpx_port_write_to (port, text ("direct"), sender, NULL));
  received = peer_receive (peer4, NULL);
  g_assert_cmpstr (received, ==, "four");
  g_clear_pointer (&received, g_free);
  received = peer_receive (peer4, NULL);
  g_assert_cmpstr (received, ==, "direct");
  g_clear_pointer (&received, g_free);

  g_socket_send_to (peer6, to6, "six", 3, NULL, NULL);
  wait_for (recorder->datagrams->len == 2);
  sender = gudpx_datagram_get_sender (recorder->datagrams->pdata[1]);
  g_assert_cmpint (g_socket_address_get_family (sender), ==, G_SOCKET_FAMILY_IPV6);
  received = peer_receive (peer6, NULL);
  g_assert_cmpstr (received, ==, "six");

  gudpx_port_stop_listening (port);
}

/* Listens on the number of @port, which is bound to IPv6 only. If another process has the number,
 * @port gets a new one. */
static GudpxPort *
listen_on_same_number (GudpxPort *port, Recorder *recorder)
{
  for (guint n = 0; n < 100; n++)
    {
      g_autoptr (GError) error = NULL;
      GudpxPort *ipv4 = gudpx_listen_udp (port_get_number (port),
                                          GUDPX_DATAGRAM_PROTOCOL (recorder), NULL, &error);

      if (ipv4 != NULL)
        return ipv4;
      expect_error (&error, G_IO_ERROR_ADDRESS_IN_USE);
      gudpx_port_stop_listening (port);
      g_assert_true (gudpx_port_start_listening (port, NULL));
    }
  return NULL;
}

static void
test_ipv6_only (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GSocketAddress) any = g_inet_socket_address_new_from_string ("::", 0);
  g_autoptr (GudpxPort) port = g_object_new (GUDPX_TYPE_PORT, "protocol", recorder, "local-address",
                                             any, "ipv6-only", TRUE, NULL);
  g_autoptr (GudpxPort) one_address = listen_on (recorder, "::1");
  g_autoptr (Recorder) other = recorder_new ();
  g_autoptr (GudpxPort) ipv4 = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (gudpx_port_start_listening (port, &error));
  g_assert_false (gudpx_port_write_to_host (port, text ("x"), "127.0.0.1", 9, &error));
  expect_error (&error, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_false (gudpx_port_write_to_host (one_address, text ("x"), "127.0.0.1", 9, &error));
  expect_error (&error, G_IO_ERROR_INVALID_ARGUMENT);

  /* The same number is free for IPv4. */
  ipv4 = listen_on_same_number (port, other);
  g_assert_nonnull (ipv4);

  gudpx_port_stop_listening (port);
  gudpx_port_stop_listening (one_address);
  gudpx_port_stop_listening (ipv4);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/listen/echo", test_echo);
  g_test_add_func ("/listen/nobody-holds-it", test_nobody_holds_it);
  g_test_add_func ("/listen/bad-addresses", test_bad_addresses);
  g_test_add_func ("/listen/in-use", test_in_use);
  g_test_add_func ("/listen/listen-multiple", test_listen_multiple);
  g_test_add_func ("/listen/any-address", test_any_address);
  g_test_add_func ("/listen/dual-stack", test_dual_stack);
  g_test_add_func ("/listen/ipv6-only", test_ipv6_only);

  return g_test_run ();
}
