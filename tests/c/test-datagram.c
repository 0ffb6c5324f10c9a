/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "recorder.h"

static void
test_new (void)
{
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string ("127.0.0.1", 9);
  char payload[] = "payload";
  g_autoptr (GudpxDatagram) datagram = gudpx_datagram_new (text (payload), address);
  g_autoptr (GBytes) bytes = NULL;
  const guint8 *copy;
  gsize size;

  payload[0] = 'x';
  copy = gudpx_datagram_get_payload (datagram, &size);
  g_assert_cmpmem (copy, size, "payload", 7);
  bytes = gudpx_datagram_dup_bytes (datagram);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), "payload", 7);
  g_assert_true (gudpx_datagram_get_destination (datagram) == address);
  g_assert_null (gudpx_datagram_get_sender (datagram));
  g_assert_null (gudpx_datagram_get_transport (datagram));
  g_assert_cmpuint (gudpx_datagram_get_interface_index (datagram), ==, 0);
  g_assert_cmpint (gudpx_datagram_get_hop_limit (datagram), ==, -1);
  g_assert_cmpint (gudpx_datagram_get_traffic_class (datagram), ==, -1);
  g_assert_cmpint (gudpx_datagram_get_ecn (datagram), ==, -1);
  g_assert_cmpint (gudpx_datagram_get_timestamp (datagram), ==, 0);
  g_assert_false (gudpx_datagram_get_truncated (datagram));
  g_assert_cmpuint (gudpx_datagram_get_original_size (datagram), ==, 7);
}

static void
test_empty (void)
{
  g_autoptr (GudpxDatagram) datagram = gudpx_datagram_new (NULL, 0, NULL);
  g_autoptr (GBytes) bytes = gudpx_datagram_dup_bytes (datagram);
  gsize size = 1;

  g_assert_nonnull (gudpx_datagram_get_payload (datagram, &size));
  g_assert_cmpuint (size, ==, 0);
  g_assert_cmpuint (g_bytes_get_size (bytes), ==, 0);
  g_assert_null (gudpx_datagram_get_destination (datagram));
}

/* A program that does not request the size reads the payload as a string. */
static void
test_payload_without_size (void)
{
  g_autoptr (GudpxDatagram) datagram = gudpx_datagram_new (text ("payload"), NULL);
  g_autoptr (GudpxDatagram) empty = gudpx_datagram_new (NULL, 0, NULL);

  g_assert_cmpstr ((const char *) gudpx_datagram_get_payload (datagram, NULL), ==, "payload");
  g_assert_cmpstr ((const char *) gudpx_datagram_get_payload (empty, NULL), ==, "");
}

static void
check_ends_in_zero (GudpxDatagramProtocol *protocol, GudpxDatagram *datagram, guint *n_checked)
{
  gsize size;
  const guint8 *payload = gudpx_datagram_get_payload (datagram, &size);

  g_assert_cmpuint (payload[size], ==, 0);
  (*n_checked)++;
}

/* A received payload ends with a zero byte, even in memory that held another datagram before. */
static void
test_received_end_in_zero (void)
{
  static const char *const payloads[] = { "a long secret", "x", "", "yz", "a longer secret", "" };
  g_autoptr (GudpxDatagramProtocol) protocol = gudpx_datagram_protocol_new ();
  g_autoptr (GudpxPort) port = gudpx_listen_udp (0, protocol, "127.0.0.1", NULL);
  g_autoptr (GSocket) peer = peer_new ("127.0.0.1");
  guint n_checked = 0;

  g_signal_connect (protocol, "datagram-received", G_CALLBACK (check_ends_in_zero), &n_checked);
  for (guint i = 0; i < G_N_ELEMENTS (payloads); i++)
    {
      peer_send (peer, payloads[i], -1, port);
      wait_for (n_checked == i + 1);
    }
  gudpx_port_stop_listening (port);
}

static void
check_text (const char *payload, gsize size, const char *expected)
{
  g_autoptr (GudpxDatagram) datagram = gudpx_datagram_new ((const guint8 *) payload, size, NULL);
  g_autofree char *dup = gudpx_datagram_dup_text (datagram);

  g_assert_cmpstr (dup, ==, expected);
}

/* A payload is text if it is valid UTF-8 without a zero byte. */
static void
test_text (void)
{
  check_text ("Grüße", strlen ("Grüße"), "Grüße");
  check_text ("", 0, "");
  check_text (NULL, 0, "");
  check_text ("ab", 1, "a");
  check_text ("a\0b", 3, NULL);
  check_text ("a\0", 2, NULL);
  check_text ("\xff", 1, NULL);
  check_text ("Gr\xc3", 3, NULL);
}

static void
test_reply_to_nobody (void)
{
  g_autoptr (GudpxDatagram) datagram = gudpx_datagram_new (text ("x"), NULL);
  g_autoptr (GError) error = NULL;

  g_assert_false (gudpx_datagram_reply (datagram, text ("y"), &error));
  expect_error (&error, DESTINATION_UNSET);
}

/* A reply after the stop fails; after a restart it works. */
static void
test_late_reply (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "127.0.0.1");
  g_autoptr (GSocket) peer = peer_new ("127.0.0.1");
  g_autofree char *received = NULL;
  g_autoptr (GError) error = NULL;

  peer_send (peer, "x", -1, port);
  wait_for (recorder->datagrams->len == 1);
  gudpx_port_stop_listening (port);
  g_assert_false (gudpx_datagram_reply (recorder->datagrams->pdata[0], text ("y"), &error));
  expect_error (&error, G_IO_ERROR_CLOSED);
  g_assert_true (gudpx_port_start_listening (port, NULL));
  g_assert_true (gudpx_datagram_reply (recorder->datagrams->pdata[0], text ("y"), &error));
  received = peer_receive (peer, NULL);
  g_assert_cmpstr (received, ==, "y");
  gudpx_port_stop_listening (port);
}

static void
test_properties (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "127.0.0.1");
  g_autoptr (GSocket) peer = peer_new ("127.0.0.1");
  g_autoptr (GSocketAddress) sender = NULL;
  g_autoptr (GudpxPort) transport = NULL;
  guint64 original_size;
  gboolean truncated;

  peer_send (peer, "abc", -1, port);
  wait_for (recorder->datagrams->len == 1);
  g_object_get (recorder->datagrams->pdata[0], "sender", &sender, "transport", &transport,
                "original-size", &original_size, "truncated", &truncated, NULL);
  g_assert_true (sender == gudpx_datagram_get_sender (recorder->datagrams->pdata[0]));
  g_assert_true (transport == port);
  g_assert_cmpuint (original_size, ==, 3);
  g_assert_false (truncated);
  gudpx_port_stop_listening (port);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/datagram/new", test_new);
  g_test_add_func ("/datagram/empty", test_empty);
  g_test_add_func ("/datagram/payload-without-size", test_payload_without_size);
  g_test_add_func ("/datagram/received-end-in-zero", test_received_end_in_zero);
  g_test_add_func ("/datagram/text", test_text);
  g_test_add_func ("/datagram/reply-to-nobody", test_reply_to_nobody);
  g_test_add_func ("/datagram/late-reply", test_late_reply);
  g_test_add_func ("/datagram/properties", test_properties);

  return g_test_run ();
}
