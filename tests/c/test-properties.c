/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "recorder.h"

static void
count (GObject *object, GParamSpec *pspec, gpointer user_data)
{
  ++*(guint *) user_data;
}

static void
check_uint (GudpxPort *port, const char *name, guint initial, guint value)
{
  g_autofree char *detail = g_strdup_printf ("notify::%s", name);
  guint n_notifies = 0;
  gulong handler = g_signal_connect (port, detail, G_CALLBACK (count), &n_notifies);
  guint read;

  g_object_get (port, name, &read, NULL);
  g_assert_cmpuint (read, ==, initial);
  g_object_set (port, name, value, NULL);
  g_object_get (port, name, &read, NULL);
  g_assert_cmpuint (read, ==, value);
  g_assert_cmpuint (n_notifies, ==, 1);
  g_object_set (port, name, value, NULL);
  g_assert_cmpuint (n_notifies, ==, 1);
  g_signal_handler_disconnect (port, handler);
}

static const struct
{
  const char *name;
  guint initial;
  guint value;
} simple[] = {
  { "max-packet-size", 65535, 1000 }, { "broadcast-allowed", FALSE, TRUE },
  { "ttl", 64, 7 },                   { "multicast-ttl", 1, 0 },
  { "multicast-loopback", TRUE, FALSE }, { "dscp", 0, 46 },
  { "coalesce-writes", TRUE, FALSE },    { "busy-poll", 5, 0 },
#ifdef HAVE_LINUX_IO
  { "report-errors", FALSE, TRUE },
#endif
  { "send-queue-policy", 0, 1 },      { "reading", TRUE, FALSE },
  { "priority", 0, 100 },
};

/* Values that are set before the start apply afterwards, and after a restart. */
static void
test_before_start (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = gudpx_port_new (GUDPX_DATAGRAM_PROTOCOL (recorder), NULL);

  for (guint i = 0; i < G_N_ELEMENTS (simple); i++)
    check_uint (port, simple[i].name, simple[i].initial, simple[i].value);
  for (guint start = 0; start < 2; start++)
    {
      g_assert_true (gudpx_port_start_listening (port, NULL));
      for (guint i = 0; i < G_N_ELEMENTS (simple); i++)
        {
          guint read;

          g_object_get (port, simple[i].name, &read, NULL);
          g_assert_cmpuint (read, ==, simple[i].value);
        }
      gudpx_port_stop_listening (port);
    }
}

/* The socket has the value of the property. */
static void
test_while_listening (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "127.0.0.1");
  GSocket *socket = gudpx_port_get_socket (port);
  int value;

  for (guint i = 0; i < G_N_ELEMENTS (simple); i++)
    check_uint (port, simple[i].name, simple[i].initial, simple[i].value);
  g_assert_true (g_socket_get_option (socket, IPPROTO_IP, IP_TTL, &value, NULL));
  g_assert_cmpint (value, ==, 7);
  g_assert_true (g_socket_get_option (socket, IPPROTO_IP, IP_TOS, &value, NULL));
  g_assert_cmpint (value, ==, 46 << 2);
  g_assert_true (g_socket_get_option (socket, SOL_SOCKET, SO_BROADCAST, &value, NULL));
  g_assert_cmpint (value, !=, 0);

  gudpx_port_stop_listening (port);
}

static void
test_ipv6 (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "::");
  GSocket *socket = gudpx_port_get_socket (port);
  int value;

  for (guint i = 0; i < G_N_ELEMENTS (simple); i++)
    check_uint (port, simple[i].name, simple[i].initial, simple[i].value);
  g_assert_true (g_socket_get_option (socket, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &value, NULL));
  g_assert_cmpint (value, ==, 7);
  /* The value also applies to IPv4 datagrams of this socket. */
  g_assert_true (g_socket_get_option (socket, IPPROTO_IP, IP_TTL, &value, NULL));
  g_assert_cmpint (value, ==, 7);

  gudpx_port_stop_listening (port);
}

static void
test_out_of_range (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "127.0.0.1");
  g_autoptr (GError) error = NULL;

  g_assert_false (gudpx_port_set_ttl (port, 0, &error));
  expect_error (&error, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_false (gudpx_port_set_ttl (port, 256, &error));
  g_assert_nonnull (strstr (error->message, "256"));
  expect_error (&error, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_false (gudpx_port_set_multicast_ttl (port, 256, &error));
  expect_error (&error, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_false (gudpx_port_set_dscp (port, 64, &error));
  expect_error (&error, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_false (gudpx_port_set_max_packet_size (port, 0, &error));
  expect_error (&error, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_false (gudpx_port_set_receive_buffer_size (port, G_MAXUINT, &error));
  expect_error (&error, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_false (gudpx_port_set_send_buffer_size (port, G_MAXUINT, &error));
  expect_error (&error, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_false (gudpx_port_set_multicast_interface (port, "nosuch0", &error));
  g_assert_nonnull (strstr (error->message, "nosuch0"));
  expect_error (&error, G_IO_ERROR_NOT_FOUND);
  g_assert_null (gudpx_port_get_multicast_interface (port));

  gudpx_port_stop_listening (port);
}

/* A value that does not suit the socket fails the start. The protocol is not called. */
static void
test_refused_at_start (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = gudpx_port_new (GUDPX_DATAGRAM_PROTOCOL (recorder), NULL);
  g_autoptr (GudpxPort) device = g_object_new (GUDPX_TYPE_PORT, "protocol", recorder,
                                               "bind-device", "nosuch0", NULL);
  g_autoptr (GudpxPort) without = g_object_new (GUDPX_TYPE_PORT, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (gudpx_port_set_multicast_interface (port, "nosuch0", NULL));
  g_assert_false (gudpx_port_start_listening (port, &error));
  expect_error (&error, G_IO_ERROR_NOT_FOUND);
  g_assert_true (gudpx_port_set_multicast_interface (port, NULL, NULL));
  g_assert_true (gudpx_port_start_listening (port, &error));
  gudpx_port_stop_listening (port);
  g_assert_cmpstr (recorder->events->str, ==, "started stopped ");

  g_assert_false (gudpx_port_start_listening (device, &error));
  g_assert_nonnull (strstr (error->message, "nosuch0"));
  g_clear_error (&error);
  g_assert_false (gudpx_port_start_listening (without, &error));
  expect_error (&error, G_IO_ERROR_INVALID_ARGUMENT);
}

/* Linux only: pacing and fragmentation. */
static void
test_linux (void)
{
#ifdef __linux__
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = gudpx_port_new (GUDPX_DATAGRAM_PROTOCOL (recorder), NULL);
  int value;

  check_uint (port, "max-pacing-rate", G_MAXUINT, 125000);
  check_uint (port, "dont-fragment", FALSE, TRUE);
  g_assert_true (gudpx_port_start_listening (port, NULL));
  g_assert_true (g_socket_get_option (gudpx_port_get_socket (port), SOL_SOCKET,
                                      SO_MAX_PACING_RATE, &value, NULL));
  g_assert_cmpint (value, ==, 125000);
  g_assert_cmpuint (gudpx_port_get_max_pacing_rate (port), ==, 125000);
  check_uint (port, "max-pacing-rate", 125000, G_MAXUINT);
  g_assert_true (gudpx_port_get_dont_fragment (port));
  gudpx_port_stop_listening (port);
#else
  g_test_skip ("not Linux");
#endif
}

static void
test_buffers (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = gudpx_port_new (GUDPX_DATAGRAM_PROTOCOL (recorder), NULL);

  g_assert_cmpuint (gudpx_port_get_receive_buffer_size (port), ==, 0);
  g_assert_true (gudpx_port_set_receive_buffer_size (port, 32768, NULL));
  g_assert_true (gudpx_port_start_listening (port, NULL));
  g_assert_cmpuint (gudpx_port_get_receive_buffer_size (port), ==, 32768);
  g_assert_cmpuint (gudpx_port_get_send_buffer_size (port), >, 0);
  g_assert_true (gudpx_port_set_send_buffer_size (port, 16384, NULL));
  g_assert_cmpuint (gudpx_port_get_send_buffer_size (port), ==, 16384);
  gudpx_port_stop_listening (port);
}

/* The property is 0 if it was not set, and can be set to 0 again: the next socket has the system's
 * size. */
static void
test_default_buffers (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = gudpx_port_new (GUDPX_DATAGRAM_PROTOCOL (recorder), NULL);
  g_autoptr (GError) error = NULL;
  guint granted;
  guint granted_for_sending;

  g_assert_true (gudpx_port_start_listening (port, NULL));
  granted = gudpx_port_get_receive_buffer_size (port);
  granted_for_sending = gudpx_port_get_send_buffer_size (port);
  g_assert_true (gudpx_port_set_receive_buffer_size (port, 32768, NULL));
  g_assert_true (gudpx_port_set_send_buffer_size (port, 16384, NULL));
  g_assert_true (gudpx_port_set_receive_buffer_size (port, 0, &error));
  g_assert_no_error (error);
  g_assert_true (gudpx_port_set_send_buffer_size (port, 0, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (gudpx_port_get_receive_buffer_size (port), ==, 32768);
  gudpx_port_stop_listening (port);
  g_assert_cmpuint (gudpx_port_get_receive_buffer_size (port), ==, 0);

  g_assert_true (gudpx_port_start_listening (port, NULL));
  g_assert_cmpuint (gudpx_port_get_receive_buffer_size (port), ==, granted);
  g_assert_cmpuint (gudpx_port_get_send_buffer_size (port), ==, granted_for_sending);
  gudpx_port_stop_listening (port);
}

/* The local address is the bound one while the port is open, and the requested one otherwise. */
static void
test_local_address (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GSocketAddress) wish = g_inet_socket_address_new_from_string ("127.0.0.1", 0);
  g_autoptr (GSocketAddress) other = g_inet_socket_address_new_from_string ("127.0.0.2", 0);
  g_autoptr (GudpxPort) port = gudpx_port_new (GUDPX_DATAGRAM_PROTOCOL (recorder), wish);
  g_autoptr (GError) error = NULL;
  g_autofree char *bound = NULL;

  g_assert_true (gudpx_port_get_local_address (port) == wish);
  g_assert_true (gudpx_port_set_local_address (port, other, NULL));
  g_assert_true (gudpx_port_start_listening (port, NULL));
  bound = address_to_string (gudpx_port_get_local_address (port));
  g_assert_true (g_str_has_prefix (bound, "127.0.0.2:"));
  g_assert_false (gudpx_port_set_local_address (port, wish, &error));
  expect_error (&error, G_IO_ERROR_BUSY);
  gudpx_port_stop_listening (port);
  g_assert_true (gudpx_port_get_local_address (port) == other);
  g_assert_true (gudpx_port_set_local_address (port, NULL, NULL));
  g_assert_true (gudpx_port_start_listening (port, NULL));
  gudpx_port_stop_listening (port);
}

/* Runs at the default priority, before the port has received anything. */
static gboolean
stay (gpointer user_data)
{
  Recorder *recorder = user_data;

  g_assert_cmpuint (recorder->datagrams->len, ==, 0);
  return G_SOURCE_REMOVE;
}

static void
test_priority (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "127.0.0.1");
  g_autoptr (GSocket) peer = peer_new ("127.0.0.1");

  g_assert_cmpint (gudpx_port_get_priority (port), ==, G_PRIORITY_DEFAULT);
  gudpx_port_set_priority (port, G_PRIORITY_LOW);
  peer_send (peer, "x", -1, port);
  for (int i = 0; i < 10; i++)
    g_idle_add (stay, recorder);
  wait_for (recorder->datagrams->len == 1);
  gudpx_port_stop_listening (port);
}

/* Two ports share a number if both set the option. */
static void
test_reuse_port (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string ("127.0.0.1", 0);
  g_autoptr (GudpxPort) first = g_object_new (GUDPX_TYPE_PORT, "protocol", recorder,
                                              "local-address", address, "reuse-port", TRUE, NULL);
  g_autoptr (GudpxPort) second = NULL;

  g_assert_true (gudpx_port_start_listening (first, NULL));
  second = g_object_new (GUDPX_TYPE_PORT, "protocol", recorder, "local-address",
                         gudpx_port_get_local_address (first), "reuse-port", TRUE, NULL);
  g_assert_true (gudpx_port_start_listening (second, NULL));
  gudpx_port_stop_listening (first);
  gudpx_port_stop_listening (second);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/properties/before-start", test_before_start);
  g_test_add_func ("/properties/while-listening", test_while_listening);
  g_test_add_func ("/properties/ipv6", test_ipv6);
  g_test_add_func ("/properties/out-of-range", test_out_of_range);
  g_test_add_func ("/properties/refused-at-start", test_refused_at_start);
  g_test_add_func ("/properties/linux", test_linux);
  g_test_add_func ("/properties/buffers", test_buffers);
  g_test_add_func ("/properties/default-buffers", test_default_buffers);
  g_test_add_func ("/properties/local-address", test_local_address);
  g_test_add_func ("/properties/priority", test_priority);
  g_test_add_func ("/properties/reuse-port", test_reuse_port);

  return g_test_run ();
}
