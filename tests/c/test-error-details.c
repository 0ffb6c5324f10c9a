/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tests errors of datagrams that have left, when the peer changes before the errors are told. */

#include <errno.h>
#include <string.h>

#include "recorder.h"

static void
keep_details (Recorder *recorder, GudpxDatagram *datagram, gpointer user_data)
{
  GudpxErrorDetails **details = user_data;

  *details = gudpx_port_dup_error_details (
      gudpx_datagram_protocol_get_transport (GUDPX_DATAGRAM_PROTOCOL (recorder)));
}

/* Connects to a port that nobody has, writes, and calls @change before the main loop runs. */
static void
check_refusal (gboolean (*change) (GudpxPort *port))
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "127.0.0.1");
  g_autoptr (GudpxErrorDetails) details = NULL;
  g_autoptr (GudpxStatistics) statistics = NULL;
  const guint16 number = free_number ("127.0.0.1");
  g_autoptr (GSocketAddress) nobody =
      g_inet_socket_address_new_from_string ("127.0.0.1", number);

  recorder->on_error = keep_details;
  recorder->user_data = &details;
  g_assert_true (gudpx_port_connect_peer (port, "127.0.0.1", number, NULL));
  g_assert_true (gudpx_port_write (port, text ("x"), NULL));
  g_assert_true (change (port));
  wait_for (recorder->error != NULL);
  g_assert_cmpstr (recorder->events->str, ==, "started error ");
  g_assert_true (gudpx_address_equal (recorder->destination, nobody));
  expect_error (&recorder->error, G_IO_ERROR_CONNECTION_REFUSED);
  g_assert_nonnull (details);
  g_assert_cmpint (details->error_number, ==, ECONNREFUSED);
#ifdef HAVE_LINUX_IO
  g_assert_true (details->is_icmp);
  g_assert_cmpuint (details->icmp_type, ==, 3);
  g_assert_cmpuint (details->icmp_code, ==, 3);
  g_assert_nonnull (details->offender);
#endif
  statistics = gudpx_port_get_statistics (port);
  g_assert_cmpuint (statistics->errors, ==, 1);
  g_assert_cmpuint (statistics->connection_refusals, ==, 1);

  gudpx_port_stop_listening (port);
}

static gboolean
connect_elsewhere (GudpxPort *port)
{
  return gudpx_port_connect_peer (port, "127.0.0.1", port_get_number (port), NULL);
}

static void
test_peer_changes (void)
{
  check_refusal (connect_elsewhere);
}

static gboolean
disconnect (GudpxPort *port)
{
  return gudpx_port_disconnect_peer (port, NULL);
}

static void
test_peer_leaves (void)
{
  check_refusal (disconnect);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/error-details/peer-changes", test_peer_changes);
  g_test_add_func ("/error-details/peer-leaves", test_peer_leaves);
  return g_test_run ();
}
