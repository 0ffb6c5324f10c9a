/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include <sys/wait.h>
#include <unistd.h>

#include <netinet/in.h>
#include <netinet/udp.h>

#include "recorder.h"

static void
connect_to (GudpxPort *port, GSocket *peer)
{
  g_autoptr (GSocketAddress) address = g_socket_get_local_address (peer, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (gudpx_port_connect_peer_address (port, address, &error));
  g_assert_no_error (error);
}

/* Only datagrams of the peer arrive, including datagrams that were waiting before. */
static void
test_strangers (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "127.0.0.1");
  g_autoptr (GSocket) peer = peer_new ("127.0.0.1");
  g_autoptr (GSocket) stranger = peer_new ("127.0.0.1");
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;
  g_autofree char *received = NULL;
  g_autoptr (GSocketAddress) stranger_address = g_socket_get_local_address (stranger, NULL);
  g_autoptr (GSocketAddress) peer_address = g_socket_get_local_address (peer, NULL);
  g_autoptr (GError) error = NULL;

  peer_send (stranger, "too early", -1, port);
  peer_send (peer, "early", -1, port);
  connect_to (port, peer);
  g_assert_true (gudpx_address_equal (gudpx_port_get_peer_address (port), peer_address));
  g_assert_cmpuint (gudpx_port_get_path_mtu (port), >, 0);
  peer_send (stranger, "stranger", -1, port);
  peer_send (peer, "late", -1, port);
  wait_for (recorder->datagrams->len == 2);
  iterate ();
  first = recorder_get_payload (recorder, 0);
  second = recorder_get_payload (recorder, 1);
  g_assert_cmpstr (first, ==, "early");
  g_assert_cmpstr (second, ==, "late");

  g_assert_true (gudpx_port_write (port, text ("hi"), &error));
  received = peer_receive (peer, NULL);
  g_assert_cmpstr (received, ==, "hi");
  g_assert_true (gudpx_port_write_to (port, text ("hi"), peer_address, &error));
  g_assert_false (gudpx_port_write_to (port, text ("hi"), stranger_address, &error));
  expect_error (&error, G_IO_ERROR_INVALID_ARGUMENT);

  gudpx_port_stop_listening (port);
  g_assert_null (gudpx_port_get_peer_address (port));
  g_assert_cmpuint (gudpx_port_get_path_mtu (port), ==, 0);
}

static void
reconnect (Recorder *recorder, GudpxDatagram *datagram, gpointer user_data)
{
  recorder->on_datagram = NULL;
  connect_to (gudpx_datagram_get_transport (datagram), user_data);
}

/* After a connect in the middle of a batch, the rest of the batch is filtered. */
static void
test_connect_in_handler (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "127.0.0.1");
  g_autoptr (GSocket) one = peer_new ("127.0.0.1");
  g_autoptr (GSocket) other = peer_new ("127.0.0.1");
  g_autofree char *last = NULL;

  recorder->on_datagram = reconnect;
  recorder->user_data = other;
  peer_send (one, "a", -1, port);
  peer_send (one, "b", -1, port);
  peer_send (other, "c", -1, port);
  wait_for (recorder->datagrams->len == 2);
  last = recorder_get_payload (recorder, 1);
  g_assert_cmpstr (last, ==, "c");

  gudpx_port_stop_listening (port);
}

/* A port keeps its number when it changes its peer or disconnects: a requested number, a number
 * that the kernel chose, and one on any address. */
static void
check_number_stays (const char *host, guint16 number)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GudpxPort) port =
      gudpx_listen_udp (number, GUDPX_DATAGRAM_PROTOCOL (recorder), host, &error);
  g_autoptr (GSocket) one = peer_new ("127.0.0.1");
  g_autoptr (GSocket) other = peer_new ("127.0.0.1");
  g_autoptr (GSocketAddress) sender = NULL;
  g_autoptr (GSocketAddress) to = NULL;
  g_autofree char *received = NULL;

  g_assert_no_error (error);
  number = port_get_number (port);
  to = g_inet_socket_address_new_from_string ("127.0.0.1", number);
  for (int i = 0; i < 3; i++)
    {
      connect_to (port, one);
      g_assert_cmpuint (port_get_number (port), ==, number);
      connect_to (port, other);
      g_assert_cmpuint (port_get_number (port), ==, number);
      g_clear_object (&sender);
      g_clear_pointer (&received, g_free);
      g_assert_true (gudpx_port_write (port, text ("x"), NULL));
      received = peer_receive (other, &sender);
      g_assert_true (gudpx_address_equal (sender, to));

      g_assert_true (gudpx_port_disconnect_peer (port, &error));
      g_assert_no_error (error);
      g_assert_null (gudpx_port_get_peer_address (port));
      g_assert_cmpuint (port_get_number (port), ==, number);
      g_assert_false (gudpx_port_write (port, text ("x"), &error));
      expect_error (&error, DESTINATION_UNSET);

      recorder_forget (recorder);
      g_socket_send_to (one, to, "1", 1, NULL, NULL);
      g_socket_send_to (other, to, "2", 1, NULL, NULL);
      wait_for (recorder->datagrams->len == 2);
    }
  g_assert_true (gudpx_port_disconnect_peer (port, NULL));

  gudpx_port_stop_listening (port);
}

static void
test_number_stays (void)
{
  check_number_stays ("127.0.0.1", 0);
  check_number_stays (NULL, 0);
  check_number_stays ("::", 0);
  check_number_stays (NULL, free_number ("127.0.0.1"));
}

/* The refusal arrives while the port neither reads nor writes. */
static void
test_refused_while_idle (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "127.0.0.1");

  g_assert_true (gudpx_port_connect_peer (port, "127.0.0.1", free_number ("127.0.0.1"), NULL));
  g_assert_true (gudpx_port_write (port, text ("x"), NULL));
  wait_for (strstr (recorder->events->str, "refused") != NULL);
  iterate ();
  g_assert_cmpstr (recorder->events->str, ==, "started refused ");
  g_assert_true (gudpx_port_get_listening (port));

  gudpx_port_stop_listening (port);
}

/* A refusal does not fail a write, and the next datagram is sent. Each refusal is reported once. */
static void
test_refused_while_busy (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "127.0.0.1");
  guint16 number = free_number ("127.0.0.1");
  g_autoptr (GudpxPort) late = NULL;
  g_autoptr (Recorder) late_recorder = recorder_new ();
  g_autoptr (GError) error = NULL;

  g_assert_true (gudpx_port_connect_peer (port, "127.0.0.1", number, NULL));
  for (int i = 0; i < 3; i++)
    {
      g_assert_true (gudpx_port_write (port, text ("x"), &error));
      g_assert_no_error (error);
    }
  late = gudpx_listen_udp (number, GUDPX_DATAGRAM_PROTOCOL (late_recorder), "127.0.0.1", &error);
  g_assert_no_error (error);
  g_assert_true (gudpx_port_write (port, text ("x"), &error));
  g_assert_no_error (error);
  wait_for (late_recorder->datagrams->len == 1);
  wait_for (strstr (recorder->events->str, "refused") != NULL);
  g_assert_null (recorder->error);

  /* Datagrams arrive in both directions afterwards. */
  g_assert_true (gudpx_datagram_reply (late_recorder->datagrams->pdata[0], text ("y"), NULL));
  wait_for (recorder->datagrams->len == 1);

  gudpx_port_stop_listening (port);
  gudpx_port_stop_listening (late);
}

static void
stop (Recorder *recorder, GudpxDatagram *datagram, gpointer user_data)
{
  gudpx_port_stop_listening (
      gudpx_datagram_protocol_get_transport (GUDPX_DATAGRAM_PROTOCOL (recorder)));
}

static void
test_stop_in_refused (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  GudpxPort *port = listen_on (recorder, "127.0.0.1");

  recorder->on_refused = stop;
  g_assert_true (gudpx_port_connect_peer (port, "127.0.0.1", free_number ("127.0.0.1"), NULL));
  for (int i = 0; i < 5; i++)
    g_assert_true (gudpx_port_write (port, text ("x"), NULL));
  g_object_unref (port);
  wait_for (strstr (recorder->events->str, "stopped") != NULL);
  iterate ();
  g_assert_cmpstr (recorder->events->str, ==, "started refused stopped ");
}

/* An unconnected port is neither told of a refusal nor disturbed by it. */
static void
test_unconnected (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "127.0.0.1");
  guint16 number = free_number ("127.0.0.1");

  for (int i = 0; i < 3; i++)
    g_assert_true (gudpx_port_write_to_host (port, text ("x"), "127.0.0.1", number, NULL));
  iterate ();
  g_assert_cmpstr (recorder->events->str, ==, "started ");

  gudpx_port_stop_listening (port);
}

/* A failed call leaves the port unchanged. */
static void
test_errors (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "127.0.0.1");
  g_autoptr (GudpxPort) stopped = gudpx_port_new (GUDPX_DATAGRAM_PROTOCOL (recorder), NULL);
  g_autoptr (GSocket) peer = peer_new ("127.0.0.1");
  g_autofree char *received = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_false (gudpx_port_connect_peer (port, "localhost", 9, &error));
  expect_error (&error, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_false (gudpx_port_connect_peer (port, "::1", 9, &error));
  expect_error (&error, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_null (gudpx_port_get_peer_address (port));

  connect_to (port, peer);
  g_assert_false (gudpx_port_connect_peer (port, "255.255.255.255", 9, &error));
  expect_error (&error, G_IO_ERROR_PERMISSION_DENIED);
  g_assert_nonnull (gudpx_port_get_peer_address (port));
  g_assert_true (gudpx_port_write (port, text ("still"), NULL));
  received = peer_receive (peer, NULL);
  g_assert_cmpstr (received, ==, "still");

  g_assert_false (gudpx_port_connect_peer (stopped, "127.0.0.1", 9, &error));
  expect_error (&error, G_IO_ERROR_CLOSED);
  g_assert_false (gudpx_port_disconnect_peer (stopped, &error));
  expect_error (&error, G_IO_ERROR_CLOSED);

  gudpx_port_stop_listening (port);
}

/* The number 0 is not a valid peer. */
static void
test_number_zero (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "127.0.0.1");
  g_autoptr (GSocket) peer = peer_new ("127.0.0.1");
  g_autoptr (GError) error = NULL;

  g_assert_false (gudpx_port_connect_peer (port, "127.0.0.2", 0, &error));
  expect_error (&error, G_IO_ERROR_INVALID_ARGUMENT);
  peer_send (peer, "x", -1, port);
  wait_for (recorder->datagrams->len == 1);
  gudpx_port_stop_listening (port);
}

/* Errors of the former peer are not reported as errors of the new one. */
static void
test_late_refusal (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "127.0.0.1");
  g_autoptr (GSocket) peer = peer_new ("127.0.0.1");
  g_autoptr (GSocketAddress) nobody =
      g_inet_socket_address_new_from_string ("127.0.0.1", free_number ("127.0.0.1"));

  g_assert_true (gudpx_port_connect_peer_address (port, nobody, NULL));
  g_assert_true (gudpx_port_write (port, text ("x"), NULL));
  connect_to (port, peer);
  wait_for (recorder->error != NULL);
  g_assert_true (gudpx_address_equal (recorder->destination, nobody));
  expect_error (&recorder->error, G_IO_ERROR_CONNECTION_REFUSED);
  iterate ();
  g_assert_cmpstr (recorder->events->str, ==, "started error ");
  gudpx_port_stop_listening (port);
}

/* The peer of a dual-stack port may belong to either family. */
static void
test_dual_stack (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "::");
  g_autoptr (GSocket) peer4 = peer_new ("127.0.0.1");
  g_autoptr (GSocket) peer6 = peer_new ("::1");
  g_autofree char *received4 = NULL;
  g_autofree char *received6 = NULL;

  connect_to (port, peer4);
  g_assert_cmpint (g_socket_address_get_family (gudpx_port_get_peer_address (port)), ==,
                   G_SOCKET_FAMILY_IPV4);
  g_assert_true (gudpx_port_write (port, text ("4"), NULL));
  received4 = peer_receive (peer4, NULL);
  g_assert_cmpstr (received4, ==, "4");
  g_assert_true (gudpx_port_connect_peer (port, "::1", peer_get_port (peer6), NULL));
  g_assert_true (gudpx_port_write (port, text ("6"), NULL));
  received6 = peer_receive (peer6, NULL);
  g_assert_cmpstr (received6, ==, "6");
  connect_to (port, peer4);

  /* An ICMP error for IPv4 also reaches an IPv6 socket. */
  g_assert_true (gudpx_port_connect_peer (port, "127.0.0.1", free_number ("127.0.0.1"), NULL));
  g_assert_true (gudpx_port_write (port, text ("x"), NULL));
  wait_for (strstr (recorder->events->str, "refused") != NULL);

  gudpx_port_stop_listening (port);
}

/* The options are still set, and the number still belongs to the port alone. */
static void
check_as_before (GudpxPort *port, guint16 number)
{
  GudpxDatagramProtocol *protocol = gudpx_port_get_protocol (port);
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string ("::", number);
  g_autoptr (GudpxPort) other =
      g_object_new (GUDPX_TYPE_PORT, "protocol", protocol, "local-address", address, "reuse-port",
                    TRUE, NULL);
  g_autoptr (GError) error = NULL;
  int hops;

  g_assert_null (gudpx_port_get_peer_address (port));
  g_assert_cmpuint (port_get_number (port), ==, number);
  g_assert_true (g_socket_get_option (gudpx_port_get_socket (port), IPPROTO_IPV6, IPV6_UNICAST_HOPS,
                                      &hops, NULL));
  g_assert_cmpint (hops, ==, 9);
  g_assert_false (gudpx_port_start_listening (other, &error));
  expect_error (&error, G_IO_ERROR_ADDRESS_IN_USE);
}

static void
expect_heard (Recorder *recorder, GSocket *peer, const char *host, guint16 number)
{
  g_autoptr (GSocketAddress) port = g_inet_socket_address_new_from_string (host, number);
  g_autofree char *received = NULL;

  recorder_forget (recorder);
  g_assert_cmpint (g_socket_send_to (peer, port, "x", 1, NULL, NULL), ==, 1);
  wait_for (recorder->datagrams->len == 1);
  g_assert_true (gudpx_datagram_reply (recorder->datagrams->pdata[0], text ("y"), NULL));
  received = peer_receive (peer, NULL);
  g_assert_cmpstr (received, ==, "y");
}

/* The kernel keeps the peer's address of an IPv6 socket. Disconnecting works nevertheless. */
static void
test_disconnect_ipv6 (void)
{
  static const char *const hosts[] = { "127.0.0.1", "::1" };

  for (guint i = 0; i < G_N_ELEMENTS (hosts); i++)
    {
      g_autoptr (Recorder) recorder = recorder_new ();
      g_autoptr (GudpxPort) port = listen_on (recorder, "::");
      guint16 number = port_get_number (port);
      g_autoptr (GSocket) former = peer_new (hosts[i]);
      g_autoptr (GSocket) peer4 = peer_new ("127.0.0.1");
      g_autoptr (GSocket) peer6 = peer_new ("::1");

      g_assert_true (gudpx_port_set_ttl (port, 9, NULL));
      connect_to (port, former);
      g_assert_true (gudpx_port_disconnect_peer (port, NULL));
      check_as_before (port, number);
      expect_heard (recorder, former, hosts[i], number);
      expect_heard (recorder, peer4, "127.0.0.1", number);
      expect_heard (recorder, peer6, "::1", number);

      gudpx_port_stop_listening (port);
    }
}

static void
disconnect (Recorder *recorder, GudpxDatagram *datagram, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (gudpx_datagram_reply (datagram, text ("before"), NULL));
  g_assert_true (gudpx_port_disconnect_peer (gudpx_datagram_get_transport (datagram), &error));
  g_assert_no_error (error);
  g_assert_true (gudpx_datagram_reply (datagram, text ("after"), NULL));
}

/* Datagrams that were read before the disconnect arrive, too. */
static void
test_disconnect_ipv6_in_handler (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "::1");
  g_autoptr (GSocket) peer = peer_new ("::1");

  connect_to (port, peer);
  recorder->on_datagram = disconnect;
  for (guint i = 0; i < 3; i++)
    peer_send (peer, "x", -1, port);
  wait_for (recorder->datagrams->len == 3);
  for (guint i = 0; i < 6; i++)
    {
      g_autofree char *received = peer_receive (peer, NULL);

      g_assert_cmpstr (received, ==, i % 2 == 0 ? "before" : "after");
    }
  peer_send (peer, "x", -1, port);
  wait_for (recorder->datagrams->len == 4);

  gudpx_port_stop_listening (port);
}

/* Datagrams that wait in an abandoned socket are counted. */
static void
check_waiting (const char *host, gboolean goes_elsewhere, gsize segment_size)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, host);
  g_autoptr (GSocket) peer = peer_new ("::1");
  g_autoptr (GSocket) other = peer_new ("::1");
  g_autoptr (GudpxStatistics) statistics = NULL;

  connect_to (port, peer);
#ifdef UDP_SEGMENT
  if (segment_size > 0 &&
      !g_socket_set_option (peer, IPPROTO_UDP, UDP_SEGMENT, (int) segment_size, NULL))
    segment_size = 0;
#endif
  for (guint i = 0; i < 10; i++)
    peer_send (peer, "0123456789", -1, port);
  if (goes_elsewhere)
    connect_to (port, other);
  else
    g_assert_true (gudpx_port_disconnect_peer (port, NULL));
  statistics = gudpx_port_get_statistics (port);
  g_assert_cmpuint (statistics->receive_drops, ==, segment_size > 0 ? 10 * 10 / segment_size : 10);
  iterate ();
  g_assert_cmpuint (recorder->datagrams->len, ==, 0);

  gudpx_port_stop_listening (port);
}

static void
test_waiting (void)
{
  check_waiting ("::", FALSE, 0);
  check_waiting ("::", TRUE, 0);
  check_waiting ("::1", FALSE, 0);
#ifdef HAVE_LINUX_IO
  check_waiting ("::", FALSE, 2);
#endif
}

#ifdef HAVE_LINUX_IO
/* Drops of an abandoned socket are counted, too. */
static void
test_dropped (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "::1");
  g_autoptr (GSocket) peer = peer_new ("::1");
  g_autoptr (GudpxStatistics) statistics = NULL;
  static const char payload[1000];

  g_assert_true (gudpx_port_set_receive_buffer_size (port, 4096, NULL));
  connect_to (port, peer);
  for (guint i = 0; i < 100; i++)
    peer_send (peer, payload, sizeof payload, port);
  g_assert_true (gudpx_port_disconnect_peer (port, NULL));
  statistics = gudpx_port_get_statistics (port);
  g_assert_cmpuint (statistics->kernel_drops, >, 0);
  g_assert_cmpuint (statistics->datagrams_received, ==, statistics->receive_drops);
  g_assert_cmpuint (statistics->receive_drops + statistics->kernel_drops, ==, 100);

  gudpx_port_stop_listening (port);
}
#endif

/* IPv4 sockets are kept. */
static void
test_waiting_ipv4 (void)
{
  static const char *const hosts[] = { "127.0.0.1", "0.0.0.0" };

  for (guint i = 0; i < G_N_ELEMENTS (hosts); i++)
    {
      g_autoptr (Recorder) recorder = recorder_new ();
      g_autoptr (GudpxPort) port = listen_on (recorder, hosts[i]);
      g_autoptr (GSocket) peer = peer_new ("127.0.0.1");
      const guint16 number = port_get_number (port);

      connect_to (port, peer);
      for (guint n = 0; n < 3; n++)
        peer_send (peer, "x", -1, port);
      g_assert_true (gudpx_port_disconnect_peer (port, NULL));
      wait_for (recorder->datagrams->len == 3);
      g_assert_cmpuint (port_get_number (port), ==, number);

      gudpx_port_stop_listening (port);
    }
}

/* Runs the rest of a test as a user without privileges. */
static gboolean
give_up_user (void)
{
  return setresgid (65534, 65534, 65534) == 0 && setresuid (65534, 65534, 65534) == 0;
}

static GudpxPort *
listen_below_1024 (Recorder *recorder, const char *host)
{
  GudpxPort *port = NULL;

  for (guint16 number = 1023; number > 512 && port == NULL; number--)
    port = gudpx_listen_udp (number, GUDPX_DATAGRAM_PROTOCOL (recorder), host, NULL);
  return port;
}

static void
test_without_privileges_subprocess (void)
{
  static const char *const hosts[] = { "0.0.0.0", "127.0.0.1", "::", "::1" };
  static const char *const peer_hosts[] = { "127.0.0.1", "127.0.0.1", "127.0.0.1", "::1" };
  g_autoptr (Recorder) recorder = recorder_new ();
  GudpxPort *ports[G_N_ELEMENTS (hosts)];
  GudpxPort *low_ports[G_N_ELEMENTS (hosts)];

  for (guint i = 0; i < G_N_ELEMENTS (hosts); i++)
    {
      ports[i] = listen_on (recorder, hosts[i]);
      low_ports[i] = listen_below_1024 (recorder, hosts[i]);
    }
  g_assert_true (give_up_user ());
  for (guint i = 0; i < G_N_ELEMENTS (hosts); i++)
    {
      g_autoptr (GSocket) peer = peer_new (peer_hosts[i]);
      g_autoptr (GSocket) other = peer_new (peer_hosts[i]);
      g_autoptr (GError) error = NULL;
      const guint16 number = port_get_number (ports[i]);
      const guint16 low_number = port_get_number (low_ports[i]);

      connect_to (ports[i], peer);
      connect_to (ports[i], other);
      g_assert_true (gudpx_port_disconnect_peer (ports[i], &error));
      g_assert_no_error (error);
      expect_heard (recorder, peer, peer_hosts[i], number);

      /* Only root may bind the number again, which IPv6 needs. */
      connect_to (low_ports[i], peer);
      if (strchr (hosts[i], ':') == NULL)
        {
          connect_to (low_ports[i], other);
          g_assert_true (gudpx_port_disconnect_peer (low_ports[i], &error));
          g_assert_no_error (error);
        }
      else
        {
          g_assert_false (gudpx_port_disconnect_peer (low_ports[i], &error));
          g_assert_nonnull (strstr (error->message, "new socket"));
          expect_error (&error, G_IO_ERROR_PERMISSION_DENIED);
          g_assert_nonnull (gudpx_port_get_peer_address (low_ports[i]));
        }
      expect_heard (recorder, peer, peer_hosts[i], low_number);
      g_clear_object (&ports[i]);
      g_clear_object (&low_ports[i]);
    }
}

static gboolean
can_give_up_user (void)
{
  int status = 1;
  pid_t child = fork ();

  if (child == 0)
    _exit (geteuid () == 0 && give_up_user () ? 0 : 1);
  return waitpid (child, &status, 0) == child && status == 0;
}

/* A process may give up its privileges after it has opened its ports. */
static void
test_without_privileges (void)
{
  if (!can_give_up_user ())
    {
      g_test_skip ("needs root");
      return;
    }

  g_test_trap_subprocess ("/connect/without-privileges/subprocess", 0, 0);
  g_test_trap_assert_passed ();
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/connect/strangers", test_strangers);
  g_test_add_func ("/connect/connect-in-handler", test_connect_in_handler);
  g_test_add_func ("/connect/number-stays", test_number_stays);
  g_test_add_func ("/connect/refused-while-idle", test_refused_while_idle);
  g_test_add_func ("/connect/refused-while-busy", test_refused_while_busy);
  g_test_add_func ("/connect/stop-in-refused", test_stop_in_refused);
  g_test_add_func ("/connect/unconnected", test_unconnected);
  g_test_add_func ("/connect/errors", test_errors);
  g_test_add_func ("/connect/number-zero", test_number_zero);
  g_test_add_func ("/connect/late-refusal", test_late_refusal);
  g_test_add_func ("/connect/dual-stack", test_dual_stack);
  g_test_add_func ("/connect/disconnect-ipv6", test_disconnect_ipv6);
  g_test_add_func ("/connect/disconnect-ipv6-in-handler", test_disconnect_ipv6_in_handler);

  g_test_add_func ("/connect/waiting", test_waiting);
#ifdef HAVE_LINUX_IO
  g_test_add_func ("/connect/dropped", test_dropped);
#endif
  g_test_add_func ("/connect/waiting-ipv4", test_waiting_ipv4);
  g_test_add_func ("/connect/without-privileges", test_without_privileges);
  g_test_add_func ("/connect/without-privileges/subprocess", test_without_privileges_subprocess);

  return g_test_run ();
}
