/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tests network errors, in a namespace in which most addresses are unreachable: see tests/netns. */

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <net/if.h>
#include <netinet/in.h>
#ifdef __linux__
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#endif

#include "recorder.h"

static void
test_no_route (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_false (gudpx_port_write_to_host (port, text ("x"), "192.0.2.1", 9, &error));
  g_assert_nonnull (strstr (error->message, "192.0.2.1:9"));
  expect_error (&error, G_IO_ERROR_NETWORK_UNREACHABLE);
  g_assert_false (gudpx_port_connect_peer (port, "192.0.2.1", 9, &error));
  expect_error (&error, G_IO_ERROR_NETWORK_UNREACHABLE);
  g_assert_null (gudpx_port_get_peer_address (port));
  iterate ();
  g_assert_cmpstr (recorder->events->str, ==, "started ");

  gudpx_port_stop_listening (port);
}

/* Asserts that all errors so far were of unreachable networks. */
static void
expect_unreachable (GudpxPort *port, guint64 n)
{
  g_autoptr (GudpxStatistics) statistics = gudpx_port_get_statistics (port);

  g_assert_cmpuint (statistics->errors, ==, n);
  g_assert_cmpuint (statistics->unreachable_errors, ==, n);
  g_assert_cmpuint (statistics->connection_refusals, ==, 0);
}

/* Errors are counted by kind, whether the write fails or the protocol is told. */
static void
test_unreachable_counted (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, NULL);
  g_autoptr (GSocketAddress) far = g_inet_socket_address_new_from_string ("192.0.2.1", 9);
  g_autoptr (GBytes) bytes = g_bytes_new_static ("x", 1);
  g_autoptr (GPtrArray) datagrams = g_ptr_array_new_with_free_func (g_object_unref);

  g_assert_false (gudpx_port_write_to (port, text ("x"), far, NULL));
  expect_unreachable (port, 1);
  gudpx_port_write_async (port, bytes, far, NULL, NULL, NULL);
  iterate ();
  expect_unreachable (port, 2);

  g_ptr_array_add (datagrams, gudpx_datagram_new (text ("x"), far));
  g_ptr_array_add (datagrams, gudpx_datagram_new (text ("y"), far));
  g_assert_cmpint (gudpx_port_write_datagrams (port, datagrams, NULL), ==, 2);
  iterate ();
  expect_unreachable (port, 4);
  g_assert_cmpstr (recorder->events->str, ==, "started error error ");

  gudpx_port_stop_listening (port);
}

static void
write_far (Recorder *recorder, GudpxDatagram *datagram, gpointer user_data)
{
  g_assert_true (gudpx_port_write_to (gudpx_datagram_get_transport (datagram), text ("x"),
                                      user_data, NULL));
  g_assert_true (gudpx_datagram_reply (datagram, text ("y"), NULL));
}

/* In a handler the write succeeds, and the error is reported later. The next datagram is sent. */
static void
test_no_route_late (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, NULL);
  g_autoptr (GSocketAddress) far = g_inet_socket_address_new_from_string ("192.0.2.1", 9);
  g_autoptr (GSocket) peer = peer_new ("127.0.0.1");
  g_autoptr (GSocketAddress) near =
      g_inet_socket_address_new_from_string ("127.0.0.1", port_get_number (port));
  g_autofree char *received = NULL;

  recorder->on_datagram = write_far;
  recorder->user_data = far;
  g_socket_send_to (peer, near, "x", 1, NULL, NULL);
  wait_for (recorder->error != NULL);
  g_assert_true (gudpx_address_equal (recorder->destination, far));
  g_assert_nonnull (strstr (recorder->error->message, "192.0.2.1:9"));
  expect_error (&recorder->error, G_IO_ERROR_NETWORK_UNREACHABLE);
  received = peer_receive (peer, NULL);
  g_assert_cmpstr (received, ==, "y");

  gudpx_port_stop_listening (port);
}

/* The address does not exist: after some seconds the kernel reports this. */
static void
test_host_unreachable (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, NULL);

#ifndef HAVE_LINUX_IO
  g_test_skip ("GSocket's own calls do not tell");
#else
  g_assert_true (gudpx_port_connect_peer (port, "10.99.0.77", 9, NULL));
  g_assert_true (gudpx_port_write (port, text ("x"), NULL));
  wait_for (recorder->error != NULL);
  g_assert_true (
      gudpx_address_equal (recorder->destination, gudpx_port_get_peer_address (port)));
  expect_error (&recorder->error, G_IO_ERROR_HOST_UNREACHABLE);
  g_assert_true (gudpx_port_get_listening (port));
#endif

  gudpx_port_stop_listening (port);
}

/* Many refusals at once are reported, without a busy loop. */
static void
test_many_refusals (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "127.0.0.1");
  guint n = 0;

  g_assert_true (gudpx_port_connect_peer (port, "127.0.0.1", free_number ("127.0.0.1"), NULL));
  for (int i = 0; i < 1000; i++)
    g_assert_true (gudpx_port_write (port, text ("x"), NULL));
  wait_for (strstr (recorder->events->str, "refused") != NULL);
  while (g_main_context_iteration (NULL, FALSE))
    g_assert_cmpuint (++n, <, 1000);
  g_assert_null (recorder->error);

  gudpx_port_stop_listening (port);
}

/* A slow link with a tiny queue: the kernel drops datagrams and fails with ENOBUFS. The port sends
 * everything in order, without a busy loop. */
static void
test_slow_link (void)
{
  g_autofree char *tc = g_find_program_in_path ("tc");
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (Recorder) other_recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "::");
  g_autoptr (GudpxPort) other = listen_on (other_recorder, "fe80::2%gudpx1");
  guint n_iterations = 0;

#ifndef HAVE_LINUX_IO
  g_clear_pointer (&tc, g_free);
#endif
  if (tc == NULL)
    {
      g_test_skip ("tc is not installed, or GSocket's own calls do not tell");
      gudpx_port_stop_listening (port);
      gudpx_port_stop_listening (other);
      return;
    }

  run_command ("tc qdisc add dev gudpx0 root tbf rate 2mbit burst 2000 limit 4000");
  g_assert_true (
      gudpx_port_connect_peer (port, "fe80::2%gudpx0", port_get_number (other), NULL));
  for (guint i = 0; i < 50; i++)
    {
      char payload[1000] = { 0 };

      payload[0] = i;
      g_assert_true (gudpx_port_write (port, (guint8 *) payload, sizeof payload, NULL));
    }
  g_assert_cmpuint (gudpx_port_get_send_queue_size (port), >, 0);
  while (other_recorder->datagrams->len < 50)
    {
      g_main_context_iteration (NULL, TRUE);
      g_assert_cmpuint (++n_iterations, <, 5000);
    }
  for (guint i = 0; i < 50; i++)
    {
      gsize size;
      const guint8 *payload =
          gudpx_datagram_get_payload (other_recorder->datagrams->pdata[i], &size);

      g_assert_cmpuint (size, ==, 1000);
      g_assert_cmpuint (payload[0], ==, i);
    }
  g_assert_cmpuint (gudpx_port_get_send_queue_size (port), ==, 0);
  run_command ("tc qdisc del dev gudpx0 root");

  gudpx_port_stop_listening (port);
  gudpx_port_stop_listening (other);
}

#ifdef HAVE_LINUX_IO
static void
keep_details (Recorder *recorder, GudpxDatagram *datagram, gpointer user_data)
{
  GudpxErrorDetails **details = user_data;

  g_clear_pointer (details, gudpx_error_details_free);
  *details = gudpx_port_dup_error_details (
      gudpx_datagram_protocol_get_transport (GUDPX_DATAGRAM_PROTOCOL (recorder)));
}
#endif

#ifdef HAVE_LINUX_IO
static int
get_error_number (GudpxPort *port)
{
  g_autoptr (GudpxErrorDetails) details = gudpx_port_dup_error_details (port);

  return details != NULL ? details->error_number : 0;
}

/* Makes the port report another error, and the error of an unsent datagram, inside of a handler. */
static void
report_another (Recorder *recorder, GudpxDatagram *datagram, gpointer user_data)
{
  GudpxPort *port = gudpx_datagram_protocol_get_transport (GUDPX_DATAGRAM_PROTOCOL (recorder));
  g_autoptr (GSocketAddress) nobody = g_object_ref (recorder->destination);
  GArray *numbers = user_data;
  int number = get_error_number (port);

  g_array_append_val (numbers, number);
  if (numbers->len > 1)
    return;

  recorder_forget (recorder);
  g_assert_true (gudpx_port_write_to (port, text ("x"), nobody, NULL));
  wait_for (numbers->len == 2);
  number = get_error_number (port);
  g_array_append_val (numbers, number);
}
#endif

/* A handler that runs a main loop still has the details of its error after other reports. */
static void
test_nested_details (void)
{
#ifndef HAVE_LINUX_IO
  g_test_skip ("GSocket's own calls do not tell");
#else
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "127.0.0.1");
  g_autoptr (GArray) numbers = g_array_new (FALSE, FALSE, sizeof (int));

  recorder->on_error = report_another;
  recorder->user_data = numbers;
  gudpx_port_set_report_errors (port, TRUE);
  g_assert_true (gudpx_port_write_to_host (port, text ("x"), "127.0.0.1",
                                           free_number ("127.0.0.1"), NULL));
  wait_for (numbers->len == 3);
  for (guint i = 0; i < 3; i++)
    g_assert_cmpint (g_array_index (numbers, int, i), ==, ECONNREFUSED);
  g_assert_null (gudpx_port_dup_error_details (port));

  gudpx_port_stop_listening (port);
#endif
}

#ifdef HAVE_LINUX_IO
static void
report_outcome (Recorder *recorder, GudpxDatagram *datagram, gpointer user_data)
{
  GudpxPort *port = gudpx_datagram_protocol_get_transport (GUDPX_DATAGRAM_PROTOCOL (recorder));
  GArray *numbers = user_data;
  int number = get_error_number (port);

  g_array_append_val (numbers, number);
  if (numbers->len > 1)
    return;

  /* A datagram written in a dispatch is queued, and its error is reported later. */
  g_assert_true (gudpx_port_write_to_host (port, text ("x"), "192.0.2.1", 9, NULL));
  wait_for (numbers->len == 2);
}
#endif

/* The details of another error are not reported for an unsent datagram. */
static void
test_nested_outcome (void)
{
#ifndef HAVE_LINUX_IO
  g_test_skip ("GSocket's own calls do not tell");
#else
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, NULL);
  g_autoptr (GArray) numbers = g_array_new (FALSE, FALSE, sizeof (int));

  recorder->on_error = report_outcome;
  recorder->user_data = numbers;
  gudpx_port_set_report_errors (port, TRUE);
  g_assert_true (gudpx_port_write_to_host (port, text ("x"), "127.0.0.1",
                                           free_number ("127.0.0.1"), NULL));
  wait_for (numbers->len == 2);
  iterate ();
  g_assert_cmpint (g_array_index (numbers, int, 0), ==, ECONNREFUSED);
  g_assert_cmpint (g_array_index (numbers, int, 1), ==, 0);

  gudpx_port_stop_listening (port);
#endif
}

/* The property stays FALSE on systems that cannot report errors. */
#ifdef HAVE_LINUX_IO
static void
wait_for_datagram (Recorder *recorder, GudpxDatagram *datagram, gpointer user_data)
{
  wait_for (recorder->datagrams->len == 1);
}
#endif

/* Errors are told before input, also in a main loop that the handler of one of them runs. */
static void
test_nested_before_input (void)
{
#ifndef HAVE_LINUX_IO
  g_test_skip ("GSocket's own calls do not tell");
#else
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "127.0.0.1");
  g_autoptr (GSocket) peer = peer_new ("127.0.0.1");
  const guint16 nobody = free_number ("127.0.0.1");

  recorder->on_error = wait_for_datagram;
  gudpx_port_set_report_errors (port, TRUE);
  for (guint i = 0; i < 3; i++)
    g_assert_true (gudpx_port_write_to_host (port, text ("x"), "127.0.0.1", nobody, NULL));
  peer_send (peer, "x", 1, port);
  wait_for (recorder->datagrams->len == 1);
  g_assert_cmpstr (recorder->events->str, ==, "started error error error datagram ");

  gudpx_port_stop_listening (port);
#endif
}

static void
test_report_errors_told (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "127.0.0.1");

#ifdef HAVE_LINUX_IO
  gudpx_port_set_report_errors (port, TRUE);
  g_assert_true (gudpx_port_get_report_errors (port));
#else
  g_test_expect_message ("Gudpx", G_LOG_LEVEL_WARNING, "*report-errors*");
  gudpx_port_set_report_errors (port, TRUE);
  g_test_assert_expected_messages ();
  g_assert_false (gudpx_port_get_report_errors (port));
#endif

  gudpx_port_stop_listening (port);
}

/* Without a peer the errors are reported on request, with the destination and the ICMP details. */
static void
check_report (const char *bound, const char *host, guint type, guint code)
{
#ifdef HAVE_LINUX_IO
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, bound);
  g_autoptr (GSocketAddress) nobody =
      g_inet_socket_address_new_from_string (host, free_number (host));
  g_autoptr (GudpxErrorDetails) details = NULL;
  g_autoptr (GudpxStatistics) statistics = NULL;
  g_autofree char *offender = NULL;

  recorder->on_error = keep_details;
  recorder->user_data = &details;
  g_assert_true (gudpx_port_write_to (port, text ("x"), nobody, NULL));
  iterate ();
  g_assert_null (recorder->error);

  gudpx_port_set_report_errors (port, TRUE);
  g_assert_true (gudpx_port_write_to (port, text ("x"), nobody, NULL));
  wait_for (recorder->error != NULL);
  expect_error (&recorder->error, G_IO_ERROR_CONNECTION_REFUSED);
  g_assert_true (gudpx_address_equal (recorder->destination, nobody));
  g_assert_nonnull (details);
  g_assert_cmpint (details->error_number, ==, ECONNREFUSED);
  g_assert_true (details->is_icmp);
  g_assert_cmpuint (details->icmp_type, ==, type);
  g_assert_cmpuint (details->icmp_code, ==, code);
  g_assert_nonnull (details->offender);
  offender = g_inet_address_to_string (
      g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (details->offender)));
  g_assert_cmpstr (offender, ==, host);
  g_assert_null (gudpx_port_dup_error_details (port));
  statistics = gudpx_port_get_statistics (port);
  g_assert_cmpuint (statistics->connection_refusals, ==, 1);

  /* The property keeps its value across a restart. */
  gudpx_port_stop_listening (port);
  g_assert_true (gudpx_port_start_listening (port, NULL));
  g_assert_true (gudpx_port_write_to (port, text ("x"), nobody, NULL));
  wait_for (recorder->error != NULL);
  gudpx_port_stop_listening (port);
#else
  g_test_skip ("GSocket's own calls do not tell");
#endif
}

static void
test_report (void)
{
  check_report ("127.0.0.1", "127.0.0.1", 3, 3);
  check_report ("::", "::1", 1, 4);
  check_report ("::", "127.0.0.1", 3, 3);
}

/* Tests datagrams that do not fit into a packet of the link. */
static void
test_dont_fragment (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (Recorder) other_recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "fe80::1%gudpx0");
  g_autoptr (GudpxPort) other = listen_on (other_recorder, "fe80::2%gudpx1");
  g_autofree guint8 *large = g_malloc0 (3000);
  g_autoptr (GError) error = NULL;

  g_assert_false (gudpx_port_get_dont_fragment (port));
  g_assert_true (gudpx_port_set_dont_fragment (port, TRUE, NULL));
  g_assert_false (gudpx_port_write_to_host (port, large, 3000, "fe80::2%gudpx0",
                                            port_get_number (other), &error));
  g_assert_nonnull (strstr (error->message, "1500"));
  expect_error (&error, G_IO_ERROR_MESSAGE_TOO_LARGE);
  g_assert_true (gudpx_port_set_dont_fragment (port, FALSE, NULL));
  g_assert_true (
      gudpx_port_connect_peer (port, "fe80::2%gudpx0", port_get_number (other), NULL));
  g_assert_true (gudpx_port_write (port, large, 3000, &error));
  wait_for (other_recorder->datagrams->len == 1);

  g_assert_true (gudpx_port_set_dont_fragment (port, TRUE, &error));
  g_assert_true (gudpx_port_get_dont_fragment (port));
  g_assert_false (gudpx_port_write (port, large, 3000, &error));
  g_assert_nonnull (strstr (error->message, "3000"));
  g_assert_nonnull (strstr (error->message, "1500"));
  expect_error (&error, G_IO_ERROR_MESSAGE_TOO_LARGE);
  g_assert_true (gudpx_port_write (port, large, 1452, &error));
  wait_for (other_recorder->datagrams->len == 2);
  g_assert_cmpuint (gudpx_port_get_path_mtu (port), ==, 1500);

  gudpx_port_stop_listening (port);
  gudpx_port_stop_listening (other);
}

static guint16
get_checksum (const guint16 *words, gsize n)
{
  guint32 sum = 0;

  for (gsize i = 0; i < n; i++)
    sum += words[i];
  return ~((sum & 0xffff) + (sum >> 16));
}

#ifdef __linux__
/* Sends a datagram from 0.0.0.0 and @number to @number of every host on the link: only a forger
 * does this. */
static gboolean
send_from_nobody (guint16 number)
{
  const struct sockaddr_ll everybody = {
    .sll_family = AF_PACKET, .sll_protocol = htons (ETH_P_IP), .sll_halen = ETH_ALEN,
    .sll_ifindex = (int) if_nametoindex ("gudpx1"),
    .sll_addr = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
  };
  struct
  {
    guint8 version, class;
    guint16 length, id, fragment;
    guint8 hop_limit, protocol;
    guint16 checksum;
    guint32 source, destination;
    guint16 source_port, destination_port, udp_length, udp_checksum;
    char payload[4];
  } packet = {
    .version = 0x45, .length = htons (32), .hop_limit = 64, .protocol = IPPROTO_UDP,
    .destination = INADDR_BROADCAST, .source_port = htons (number),
    .destination_port = htons (number), .udp_length = htons (12), .payload = "loop",
  };
  int fd = socket (AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  gssize size;

  if (fd < 0)
    return FALSE;
  packet.checksum = get_checksum ((const guint16 *) (gpointer) &packet, 10);
  size = sendto (fd, &packet, sizeof packet, 0, (const struct sockaddr *) &everybody,
                 sizeof everybody);
  close (fd);
  return size == sizeof packet;
}
#endif

static void
reply_with_it (Recorder *recorder, GudpxDatagram *datagram, gpointer user_data)
{
  gsize size;
  const guint8 *payload = gudpx_datagram_get_payload (datagram, &size);

  g_clear_error (&recorder->error);
  gudpx_datagram_reply (datagram, payload, size, &recorder->error);
}

/* A reply to 0.0.0.0 would go to the machine itself, in this case to the replying port. */
static void
check_from_nobody (const char *host)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, host);
  g_autoptr (GudpxStatistics) statistics = NULL;

#ifndef __linux__
  g_test_skip ("Only Linux has packet sockets");
#else
  recorder->on_datagram = reply_with_it;
  if (!send_from_nobody (port_get_number (port)))
    g_test_skip ("the system does not allow a packet socket");
  else
    {
      wait_for (recorder->datagrams->len >= 1);
      g_assert_nonnull (recorder->error);
      g_assert_nonnull (strstr (recorder->error->message, "0.0.0.0"));
      expect_error (&recorder->error, G_IO_ERROR_INVALID_ARGUMENT);
      iterate ();
      g_assert_cmpuint (recorder->datagrams->len, ==, 1);
      statistics = gudpx_port_get_statistics (port);
      g_assert_cmpuint (statistics->datagrams_sent, ==, 0);
    }
#endif
  gudpx_port_stop_listening (port);
}

static void
test_reply_to_nobody (void)
{
  check_from_nobody (NULL);
  check_from_nobody ("::");
}

#ifdef HAVE_LINUX_IO
/* Sends the ICMP message of a router with a smaller MTU, for a datagram from @source to
 * @destination (RFC 1191). */
static void
send_fragmentation_needed (guint16 source, guint16 destination, guint16 mtu)
{
  const struct sockaddr_in here = { .sin_family = AF_INET,
                                    .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  struct
  {
    guint8 type, code;
    guint16 checksum, unused, mtu;
    guint8 ip[20];
    guint16 source, destination, length, udp_checksum;
  } message = {
    .type = 3, .code = 4, .mtu = htons (mtu),
    .ip = { 0x45, 0, 0, 100, 0, 0, 0x40, 0, 64, IPPROTO_UDP, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1 },
    .source = htons (source), .destination = htons (destination), .length = htons (80),
  };
  int fd = socket (AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);

  message.checksum = get_checksum ((const guint16 *) (gpointer) &message, sizeof message / 2);
  g_assert_cmpint (sendto (fd, &message, sizeof message, 0, (const struct sockaddr *) &here,
                           sizeof here), ==, sizeof message);
  close (fd);
}

static void
count (guint *n)
{
  (*n)++;
}
#endif

/* The message names the MTU. A port without a peer has no path whose MTU could change. */
static void
test_path_mtu_reported (void)
{
#ifndef HAVE_LINUX_IO
  g_test_skip ("GSocket's own calls do not tell");
#else
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "127.0.0.1");
  g_autoptr (Recorder) other_recorder = recorder_new ();
  g_autoptr (GudpxPort) other = listen_on (other_recorder, "127.0.0.1");
  guint n_notified = 0;

  g_signal_connect_swapped (port, "notify::path-mtu", G_CALLBACK (count), &n_notified);
  gudpx_port_set_report_errors (port, TRUE);
  send_fragmentation_needed (port_get_number (port), port_get_number (other), 1234);
  wait_for (recorder->error != NULL);
  g_assert_true (g_str_has_prefix (recorder->error->message, "A datagram to 127.0.0.1:"));
  g_assert_nonnull (strstr (recorder->error->message, "failed (path MTU: 1234 bytes)"));
  expect_error (&recorder->error, G_IO_ERROR_MESSAGE_TOO_LARGE);
  g_assert_cmpuint (n_notified, ==, 0);

  gudpx_port_stop_listening (port);
  gudpx_port_stop_listening (other);
#endif
}

static void
test_broadcast (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, NULL);
  g_autoptr (Recorder) other_recorder = recorder_new ();
  g_autoptr (GudpxPort) other = listen_on (other_recorder, NULL);
  guint16 number = port_get_number (other);
  g_autoptr (GError) error = NULL;

  /* Only the kernel knows that this is a broadcast address. */
  g_assert_false (gudpx_port_write_to_host (port, text ("x"), "10.99.0.255", number, &error));
  expect_error (&error, G_IO_ERROR_PERMISSION_DENIED);
  g_assert_true (gudpx_port_set_broadcast_allowed (port, TRUE, NULL));
  g_assert_true (gudpx_port_write_to_host (port, text ("x"), "10.99.0.255", number, &error));
  wait_for (other_recorder->datagrams->len == 1);
  g_assert_true (gudpx_port_write_to_host (port, text ("x"), "<broadcast>", number, &error));
  wait_for (other_recorder->datagrams->len == 2);

  gudpx_port_stop_listening (port);
  gudpx_port_stop_listening (other);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/errors/no-route", test_no_route);
  g_test_add_func ("/errors/unreachable-counted", test_unreachable_counted);
  g_test_add_func ("/errors/no-route-late", test_no_route_late);
  g_test_add_func ("/errors/host-unreachable", test_host_unreachable);
  g_test_add_func ("/errors/many-refusals", test_many_refusals);
  g_test_add_func ("/errors/slow-link", test_slow_link);
  g_test_add_func ("/errors/report", test_report);
  g_test_add_func ("/errors/nested-details", test_nested_details);
  g_test_add_func ("/errors/nested-outcome", test_nested_outcome);
  g_test_add_func ("/errors/nested-before-input", test_nested_before_input);
  g_test_add_func ("/errors/report-errors-told", test_report_errors_told);
  g_test_add_func ("/errors/reply-to-nobody", test_reply_to_nobody);
  g_test_add_func ("/errors/dont-fragment", test_dont_fragment);
  g_test_add_func ("/errors/path-mtu-reported", test_path_mtu_reported);
  g_test_add_func ("/errors/broadcast", test_broadcast);

  return g_test_run ();
}
