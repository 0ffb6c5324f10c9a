/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tests the metadata of datagrams in a network namespace: see tests/netns. */

#include <net/if.h>
#include <string.h>

#include "recorder.h"

#define ALL                                                                                        \
  (GUDPX_METADATA_DESTINATION | GUDPX_METADATA_TIMESTAMP | GUDPX_METADATA_HOP_LIMIT |              \
   GUDPX_METADATA_TRAFFIC_CLASS)

/* Sends from one port to another: @from and @to are addresses of this machine. */
static GudpxDatagram *
send_one (Recorder *recorder, GudpxPort *port, const char *from, const char *to)
{
  g_autoptr (Recorder) sender_recorder = recorder_new ();
  g_autoptr (GudpxPort) sender = listen_on (sender_recorder, from);
  g_autoptr (GError) error = NULL;

  recorder_forget (recorder);
  g_assert_true (gudpx_port_set_ttl (sender, 33, NULL));
  g_assert_true (gudpx_port_set_dscp (sender, 46, NULL));
  g_assert_true (gudpx_port_write_to_host (sender, text ("x"), to, port_get_number (port), &error));
  g_assert_no_error (error);
  wait_for (recorder->datagrams->len == 1);
  gudpx_port_stop_listening (sender);
  return recorder->datagrams->pdata[0];
}

static void
expect_metadata (GudpxDatagram *datagram, const char *destination)
{
  g_autofree char *address = address_to_string (gudpx_datagram_get_destination (datagram));
  gint64 age = g_get_real_time () - gudpx_datagram_get_timestamp (datagram);

  g_assert_true (g_str_has_prefix (address, destination));
  g_assert_cmpuint (gudpx_datagram_get_interface_index (datagram), >, 0);
  g_assert_cmpint (gudpx_datagram_get_hop_limit (datagram), ==, 33);
  g_assert_cmpint (gudpx_datagram_get_traffic_class (datagram), ==, 46 << 2);
  g_assert_cmpint (gudpx_datagram_get_ecn (datagram), ==, 0);
  /* Another program may set the clock during the test, but not by an hour. */
  g_assert_cmpint (ABS (age), <, G_TIME_SPAN_HOUR);
}

static void
expect_none (GudpxDatagram *datagram)
{
  g_assert_null (gudpx_datagram_get_destination (datagram));
  g_assert_cmpuint (gudpx_datagram_get_interface_index (datagram), ==, 0);
  g_assert_cmpint (gudpx_datagram_get_hop_limit (datagram), ==, -1);
  g_assert_cmpint (gudpx_datagram_get_traffic_class (datagram), ==, -1);
  g_assert_cmpint (gudpx_datagram_get_ecn (datagram), ==, -1);
  g_assert_cmpint (gudpx_datagram_get_timestamp (datagram), ==, 0);
}

static void
check (const char *host, const char *from, const char *to, const char *destination)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, host);

  expect_none (send_one (recorder, port, from, to));
  g_assert_true (gudpx_port_set_metadata (port, ALL, NULL));
  expect_metadata (send_one (recorder, port, from, to), destination);

  /* The property keeps its value across a restart, and can be turned off. */
  gudpx_port_stop_listening (port);
  g_assert_true (gudpx_port_start_listening (port, NULL));
  expect_metadata (send_one (recorder, port, from, to), destination);
  g_assert_true (gudpx_port_set_metadata (port, GUDPX_METADATA_NONE, NULL));
  expect_none (send_one (recorder, port, from, to));

  gudpx_port_stop_listening (port);
}

static void
test_ipv4 (void)
{
  check (NULL, "127.0.0.1", "127.0.0.2", "127.0.0.2:");
}

static void
test_ipv6 (void)
{
  check ("::", "::1", "::1", "[::1]:");
}

static void
test_dual_stack (void)
{
  check ("::", "127.0.0.1", "127.0.0.2", "127.0.0.2:");
}

/* Each flag adds only the metadata that it names. */
static void
test_single_flags (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, NULL);
  GudpxDatagram *datagram;

  g_assert_true (gudpx_port_set_metadata (port, GUDPX_METADATA_HOP_LIMIT, NULL));
  datagram = send_one (recorder, port, "127.0.0.1", "127.0.0.1");
  g_assert_cmpint (gudpx_datagram_get_hop_limit (datagram), ==, 33);
  g_assert_cmpint (gudpx_datagram_get_traffic_class (datagram), ==, -1);
  g_assert_cmpint (gudpx_datagram_get_timestamp (datagram), ==, 0);
  g_assert_null (gudpx_datagram_get_destination (datagram));

  g_assert_true (gudpx_port_set_metadata (port, GUDPX_METADATA_TIMESTAMP, NULL));
  datagram = send_one (recorder, port, "127.0.0.1", "127.0.0.1");
  g_assert_cmpint (gudpx_datagram_get_hop_limit (datagram), ==, -1);
  g_assert_cmpint (gudpx_datagram_get_timestamp (datagram), >, 0);

  gudpx_port_stop_listening (port);
}

/* The interface is the one that received the datagram, not the one that has the address. */
static void
test_interface (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "::");
  GudpxDatagram *datagram;

  g_assert_true (gudpx_port_set_metadata (port, GUDPX_METADATA_DESTINATION, NULL));
  datagram = send_one (recorder, port, "fe80::2%gudpx1", "fe80::1%gudpx1");
  g_assert_cmpuint (gudpx_datagram_get_interface_index (datagram), ==, if_nametoindex ("gudpx0"));

  gudpx_port_stop_listening (port);
}

/* A reply is sent from the address that received the datagram. */
static void
check_reply (const char *host, const char *from, const char *to)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, host);
  g_autoptr (GSocketAddress) asked =
      g_inet_socket_address_new_from_string (to, port_get_number (port));
  g_autoptr (GSocket) peer = peer_new (from);
  g_autoptr (GSocketAddress) answered = NULL;
  g_autofree char *received = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (gudpx_port_set_metadata (port, GUDPX_METADATA_DESTINATION, NULL));
  g_socket_send_to (peer, asked, "x", 1, NULL, NULL);
  wait_for (recorder->datagrams->len == 1);
  g_assert_true (gudpx_datagram_reply (recorder->datagrams->pdata[0], text ("y"), &error));
  g_assert_no_error (error);
  received = peer_receive (peer, &answered);
  g_assert_cmpstr (received, ==, "y");
  g_assert_true (gudpx_address_equal (asked, answered));

  gudpx_port_stop_listening (port);
}

static void
test_reply (void)
{
  check_reply (NULL, "127.0.0.1", "127.0.0.3");
  check_reply ("::", "127.0.0.1", "127.0.0.3");
  check_reply ("::", "::1", "fd99::1");
}

/* A broadcast address belongs to no host, so the reply is sent from the interface's address. */
static void
test_reply_to_broadcast (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, NULL);
  g_autoptr (Recorder) asker_recorder = recorder_new ();
  g_autoptr (GudpxPort) asker = listen_on (asker_recorder, NULL);
  g_autofree char *answered = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (gudpx_port_set_metadata (port, GUDPX_METADATA_DESTINATION, NULL));
  g_assert_true (gudpx_port_set_broadcast_allowed (asker, TRUE, NULL));
  g_assert_true (
      gudpx_port_write_to_host (asker, text ("x"), "10.99.0.255", port_get_number (port), NULL));
  wait_for (recorder->datagrams->len == 1);
  g_assert_true (gudpx_datagram_reply (recorder->datagrams->pdata[0], text ("y"), &error));
  g_assert_no_error (error);
  wait_for (asker_recorder->datagrams->len == 1);
  answered =
      address_to_string (gudpx_datagram_get_sender (asker_recorder->datagrams->pdata[0]));
  g_assert_true (g_str_has_prefix (answered, "10.99.0.1:"));

  gudpx_port_stop_listening (port);
  gudpx_port_stop_listening (asker);
}

/* A datagram that is sent with its own metadata arrives with this metadata. */
static void
check_sent (const char *host, const char *source, const char *destination)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, host);
  g_autoptr (Recorder) sender_recorder = recorder_new ();
  g_autoptr (GudpxPort) sender = listen_on (sender_recorder, host);
  g_autoptr (GInetAddress) from = g_inet_address_new_from_string (source);
  g_autoptr (GSocketAddress) to =
      g_inet_socket_address_new_from_string (destination, port_get_number (port));
  g_autoptr (GPtrArray) datagrams = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GError) error = NULL;
  GudpxDatagram *datagram;

  g_assert_true (gudpx_port_set_metadata (port, ALL, NULL));
  for (guint i = 0; i < 3; i++)
    g_ptr_array_add (datagrams, gudpx_datagram_new_full (text ("x"), to, from,
                                                         if_nametoindex ("lo"), 17, 0x2a));
  g_ptr_array_add (datagrams, gudpx_datagram_new (text ("x"), to));
  g_assert_cmpint (gudpx_port_write_datagrams (sender, datagrams, &error), ==, 4);
  g_assert_no_error (error);
  wait_for (recorder->datagrams->len == 4);

  for (guint i = 0; i < 3; i++)
    {
      g_autofree char *sent_from = NULL;

      datagram = recorder->datagrams->pdata[i];
      sent_from = g_inet_address_to_string (g_inet_socket_address_get_address (
          G_INET_SOCKET_ADDRESS (gudpx_datagram_get_sender (datagram))));
      g_assert_cmpstr (sent_from, ==, source);
      g_assert_cmpint (gudpx_datagram_get_hop_limit (datagram), ==, 17);
      g_assert_cmpint (gudpx_datagram_get_traffic_class (datagram), ==, 0x2a);
      g_assert_cmpint (gudpx_datagram_get_ecn (datagram), ==, 2);
    }
  datagram = recorder->datagrams->pdata[3];
  g_assert_cmpint (gudpx_datagram_get_hop_limit (datagram), ==, 64);
  g_assert_cmpint (gudpx_datagram_get_traffic_class (datagram), ==, 0);
  g_assert_null (sender_recorder->error);

  gudpx_port_stop_listening (port);
  gudpx_port_stop_listening (sender);
}

static void
test_sent (void)
{
  check_sent (NULL, "127.0.0.5", "127.0.0.1");
  check_sent ("::", "127.0.0.5", "127.0.0.1");
  check_sent ("::", "::1", "::1");
}

static void
check_hop_limits (const char *host, const char *destination)
{
  static const int hop_limits[] = { 7, 8, 9, 7 };
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, host);
  g_autoptr (Recorder) sender_recorder = recorder_new ();
  g_autoptr (GudpxPort) sender = listen_on (sender_recorder, host);
  g_autoptr (GSocketAddress) to =
      g_inet_socket_address_new_from_string (destination, port_get_number (port));
  g_autoptr (GPtrArray) datagrams = g_ptr_array_new_with_free_func (g_object_unref);

  g_assert_true (gudpx_port_set_metadata (port, GUDPX_METADATA_HOP_LIMIT, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (hop_limits); i++)
    g_ptr_array_add (datagrams,
                     gudpx_datagram_new_full (text ("x"), to, NULL, 0, hop_limits[i], -1));
  g_assert_cmpint (gudpx_port_write_datagrams (sender, datagrams, NULL), ==,
                   G_N_ELEMENTS (hop_limits));
  wait_for (recorder->datagrams->len == G_N_ELEMENTS (hop_limits));
  for (guint i = 0; i < G_N_ELEMENTS (hop_limits); i++)
    g_assert_cmpint (gudpx_datagram_get_hop_limit (recorder->datagrams->pdata[i]), ==,
                     hop_limits[i]);

  gudpx_port_stop_listening (port);
  gudpx_port_stop_listening (sender);
}

/* Datagrams that differ only in their hop limit are sent separately. */
static void
test_hop_limits (void)
{
  check_hop_limits (NULL, "127.0.0.1");
  check_hop_limits ("::", "127.0.0.1");
  check_hop_limits ("::", "::1");
}

/* A hop limit of 0 is valid, as for multicast-ttl. Linux rejects it for IPv4, and the write
 * fails. */
static void
test_hop_limit_of_0 (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "::1");
  g_autoptr (GudpxDatagram) datagram = gudpx_datagram_new_full (
      text ("x"), gudpx_port_get_local_address (port), NULL, 0, 0, -1);
  g_autoptr (GPtrArray) datagrams = g_ptr_array_new ();

  g_assert_true (gudpx_port_set_metadata (port, GUDPX_METADATA_HOP_LIMIT, NULL));
  g_ptr_array_add (datagrams, datagram);
  g_assert_cmpint (gudpx_port_write_datagrams (port, datagrams, NULL), ==, 1);
  wait_for (recorder->datagrams->len == 1);
  g_assert_cmpint (gudpx_datagram_get_hop_limit (recorder->datagrams->pdata[0]), ==, 0);

  gudpx_port_stop_listening (port);
}

/* Sends through an interface without a source. On a dual-stack port the kernel requires a mapped
 * “any” address. */
static void
check_sent_by (const char *host, const char *destination)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, host);
  g_autoptr (Recorder) sender_recorder = recorder_new ();
  g_autoptr (GudpxPort) sender = listen_on (sender_recorder, host);
  g_autoptr (GSocketAddress) to =
      g_inet_socket_address_new_from_string (destination, port_get_number (port));
  g_autoptr (GPtrArray) datagrams = g_ptr_array_new_with_free_func (g_object_unref);

  g_assert_true (gudpx_port_set_metadata (port, GUDPX_METADATA_DESTINATION, NULL));
  g_assert_true (gudpx_port_join_group (port, destination, "lo", NULL) ||
                 g_str_equal (destination, "::1"));
  g_ptr_array_add (datagrams,
                   gudpx_datagram_new_full (text ("x"), to, NULL, if_nametoindex ("lo"), -1, -1));
  g_assert_cmpint (gudpx_port_write_datagrams (sender, datagrams, NULL), ==, 1);
  wait_for (recorder->datagrams->len == 1 || sender_recorder->error != NULL);

  g_assert_no_error (sender_recorder->error);
  g_assert_cmpuint (gudpx_datagram_get_interface_index (recorder->datagrams->pdata[0]), ==,
                    if_nametoindex ("lo"));

  gudpx_port_stop_listening (port);
  gudpx_port_stop_listening (sender);
}

static void
test_sent_by_interface (void)
{
  check_sent_by (NULL, "239.1.2.3");
  check_sent_by ("::", "239.1.2.3");
  check_sent_by ("::", "::1");
}

typedef struct
{
  GudpxDatagram *datagram; /* used only in comparisons */
  char *destination;
} Seen;

static void
see (GudpxDatagramProtocol *protocol, GudpxDatagram *datagram, Seen *seen)
{
  seen->datagram = datagram;
  g_free (seen->destination);
  seen->destination = address_to_string (gudpx_datagram_get_destination (datagram));
}

/* A reused datagram object has its own destination. */
static void
test_recycled (void)
{
  g_autoptr (GudpxDatagramProtocol) protocol = gudpx_datagram_protocol_new ();
  g_autoptr (GudpxPort) port = gudpx_listen_udp (0, protocol, "0.0.0.0", NULL);
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) sender = listen_on (recorder, "127.0.0.1");
  GudpxDatagram *first = NULL;
  Seen seen = { 0 };

  g_signal_connect (protocol, "datagram-received", G_CALLBACK (see), &seen);
  g_assert_true (gudpx_port_set_metadata (port, GUDPX_METADATA_DESTINATION, NULL));
  for (guint i = 1; i <= 2; i++)
    {
      const char *host = i == 1 ? "127.0.0.1" : "127.0.0.2";

      g_assert_true (
          gudpx_port_write_to_host (sender, text ("x"), host, port_get_number (port), NULL));
      seen.datagram = NULL;
      wait_for (seen.datagram != NULL);
      g_assert_true (g_str_has_prefix (seen.destination, host));
      g_assert_true (first == NULL || first == seen.datagram);
      first = seen.datagram;
    }

  g_free (seen.destination);
  gudpx_port_stop_listening (sender);
  gudpx_port_stop_listening (port);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/metadata/ipv4", test_ipv4);
  g_test_add_func ("/metadata/ipv6", test_ipv6);
  g_test_add_func ("/metadata/dual-stack", test_dual_stack);
  g_test_add_func ("/metadata/single-flags", test_single_flags);
  g_test_add_func ("/metadata/interface", test_interface);
  g_test_add_func ("/metadata/reply", test_reply);
  g_test_add_func ("/metadata/reply-to-broadcast", test_reply_to_broadcast);
  g_test_add_func ("/metadata/sent", test_sent);
  g_test_add_func ("/metadata/hop-limits", test_hop_limits);
  g_test_add_func ("/metadata/hop-limit-of-0", test_hop_limit_of_0);
  g_test_add_func ("/metadata/sent-by-interface", test_sent_by_interface);
  g_test_add_func ("/metadata/recycled", test_recycled);

  return g_test_run ();
}
