/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tests messages that the kernel joins and segments, in a network namespace: see tests/netns. On
 * systems other than Linux the same datagrams arrive one by one. */

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <netinet/in.h>
#include <netinet/udp.h>

#include "recorder.h"

typedef struct
{
  Recorder *recorder;
  GudpxPort *port;
  GudpxPort *sender;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->recorder = recorder_new ();
  fixture->port = listen_on (fixture->recorder, "127.0.0.1");
  fixture->sender = listen_on (fixture->recorder, "127.0.0.1");
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  gudpx_port_stop_listening (fixture->port);
  gudpx_port_stop_listening (fixture->sender);
  g_object_unref (fixture->port);
  g_object_unref (fixture->sender);
  g_object_unref (fixture->recorder);
}

/* Returns a unique payload for each number and size. */
static guint8 *
make_payload (guint number, gsize size)
{
  guint8 *payload = g_malloc (size + 1);

  for (gsize i = 0; i < size; i++)
    payload[i] = number * 31 + i;
  return payload;
}

static void
send_sizes (GudpxPort *sender, GSocketAddress *destination, const guint16 *sizes, guint n_sizes)
{
  g_autoptr (GPtrArray) datagrams = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < n_sizes; i++)
    {
      g_autofree guint8 *payload = make_payload (i, sizes[i]);

      g_ptr_array_add (datagrams, gudpx_datagram_new (payload, sizes[i], destination));
    }
  g_assert_cmpint (gudpx_port_write_datagrams (sender, datagrams, &error), ==, n_sizes);
  g_assert_no_error (error);
}

/* Asserts that all datagrams arrive unchanged and in order. */
static void
expect_sizes (Recorder *recorder, const guint16 *sizes, guint n_sizes, GSocketAddress *from)
{
  wait_for (recorder->datagrams->len == n_sizes);
  for (guint i = 0; i < n_sizes; i++)
    {
      GudpxDatagram *datagram = recorder->datagrams->pdata[i];
      g_autofree guint8 *expected = make_payload (i, sizes[i]);
      gsize size;
      const guint8 *payload = gudpx_datagram_get_payload (datagram, &size);

      g_assert_cmpmem (payload, size, expected, sizes[i]);
      g_assert_cmpuint (gudpx_datagram_get_original_size (datagram), ==, sizes[i]);
      g_assert_false (gudpx_datagram_get_truncated (datagram));
      if (from != NULL)
        g_assert_true (gudpx_address_equal (gudpx_datagram_get_sender (datagram), from));
    }
  recorder_forget (recorder);
}

static guint64
count_joined (GudpxPort *port, gboolean sent)
{
  g_autoptr (GudpxStatistics) statistics = gudpx_port_get_statistics (port);

  return sent ? statistics->joined_sent : statistics->joined_received;
}

static void
exchange (Fixture *fixture, const guint16 *sizes, guint n_sizes)
{
  send_sizes (fixture->sender, gudpx_port_get_local_address (fixture->port), sizes, n_sizes);
  expect_sizes (fixture->recorder, sizes, n_sizes, gudpx_port_get_local_address (fixture->sender));
}

static void
test_sizes (Fixture *fixture, gconstpointer data)
{
  static const guint16 short_last[] = { 100, 100, 100, 40 };
  static const guint16 mixed[] = { 100, 100, 7, 100, 100, 200, 200, 0, 200, 0, 0, 1, 1, 65507, 1 };
  static const guint16 growing[] = { 1, 2, 3, 4, 5 };
  static const guint16 shrinking[] = { 5, 4, 3, 2, 1 };
  static const guint16 large[] = { 30000, 30000, 30000, 30000, 5 };

  exchange (fixture, short_last, G_N_ELEMENTS (short_last));
  exchange (fixture, mixed, G_N_ELEMENTS (mixed));
  exchange (fixture, growing, G_N_ELEMENTS (growing));
  exchange (fixture, shrinking, G_N_ELEMENTS (shrinking));
  exchange (fixture, large, G_N_ELEMENTS (large));
}

/* Sizes around the maximum that the kernel joins. */
static void
test_long_runs (Fixture *fixture, gconstpointer data)
{
  guint16 sizes[300];

  for (guint n = 60; n <= 130; n += 5)
    {
      for (guint i = 0; i < n; i++)
        sizes[i] = 64;
      exchange (fixture, sizes, n);
    }
  /* As many datagrams as the receive buffer holds without joining. */
  for (guint i = 0; i < 50; i++)
    sizes[i] = 1400;
  exchange (fixture, sizes, 50);
#ifdef HAVE_LINUX_IO
  g_assert_cmpuint (count_joined (fixture->sender, TRUE), >, 0);
  g_assert_cmpuint (count_joined (fixture->port, FALSE), >, 0);
#endif
}

/* A run ends at a datagram with another destination. */
static void
test_destinations (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Recorder) other_recorder = recorder_new ();
  g_autoptr (GudpxPort) other = listen_on (other_recorder, "127.0.0.1");
  g_autoptr (GPtrArray) datagrams = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < 40; i++)
    {
      GudpxPort *to = i % 4 < 2 ? fixture->port : other;

      g_ptr_array_add (datagrams, gudpx_datagram_new ((guint8 *) &i, sizeof i,
                                                      gudpx_port_get_local_address (to)));
    }
  g_assert_cmpint (gudpx_port_write_datagrams (fixture->sender, datagrams, NULL), ==, 40);
  wait_for (fixture->recorder->datagrams->len == 20 && other_recorder->datagrams->len == 20);
  for (guint i = 0; i < 20; i++)
    {
      gsize size;
      guint number;

      memcpy (&number,
              gudpx_datagram_get_payload (fixture->recorder->datagrams->pdata[i], &size),
              sizeof number);
      g_assert_cmpuint (number, ==, i / 2 * 4 + i % 2);
    }
  gudpx_port_stop_listening (other);
}

static void
test_turned_off (Fixture *fixture, gconstpointer data)
{
  static const guint16 sizes[] = { 100, 100, 100, 100 };

  g_assert_true (gudpx_port_get_coalesce_writes (fixture->sender));
  gudpx_port_set_coalesce_writes (fixture->sender, FALSE);
  exchange (fixture, sizes, G_N_ELEMENTS (sizes));
  g_assert_cmpuint (count_joined (fixture->sender, TRUE), ==, 0);
}

/* Each datagram of a joined message is truncated separately. */
static void
test_truncated (Fixture *fixture, gconstpointer data)
{
  static const guint16 sizes[] = { 100, 100, 100, 30 };

  g_assert_true (gudpx_port_set_max_packet_size (fixture->port, 40, NULL));
  send_sizes (fixture->sender, gudpx_port_get_local_address (fixture->port), sizes, 4);
  wait_for (fixture->recorder->datagrams->len == 4);
  for (guint i = 0; i < 4; i++)
    {
      GudpxDatagram *datagram = fixture->recorder->datagrams->pdata[i];
      g_autofree guint8 *expected = make_payload (i, sizes[i]);
      gsize size;
      const guint8 *payload = gudpx_datagram_get_payload (datagram, &size);

      g_assert_cmpmem (payload, size, expected, MIN (sizes[i], 40));
      g_assert_cmpint (gudpx_datagram_get_truncated (datagram), ==, sizes[i] > 40);
      g_assert_cmpuint (gudpx_datagram_get_original_size (datagram), ==, sizes[i]);
    }
}

/* Stops and pauses the port in the middle of a joined message. */
static void
pause_port (Recorder *recorder, GudpxDatagram *datagram, gpointer user_data)
{
  gudpx_port_set_reading (gudpx_datagram_get_transport (datagram), FALSE);
}

static void
stop_port (Recorder *recorder, GudpxDatagram *datagram, gpointer user_data)
{
  gudpx_port_stop_listening (gudpx_datagram_get_transport (datagram));
}

static void
test_interrupted (Fixture *fixture, gconstpointer data)
{
  static const guint16 sizes[] = { 10, 10, 10, 10, 10, 10 };
  guint n_before;

  fixture->recorder->on_datagram = pause_port;
  send_sizes (fixture->sender, gudpx_port_get_local_address (fixture->port), sizes, 6);
  for (guint i = 1; i < 6; i++)
    {
      wait_for (fixture->recorder->datagrams->len == i);
      iterate ();
      g_assert_cmpuint (fixture->recorder->datagrams->len, ==, i);
      gudpx_port_set_reading (fixture->port, TRUE);
    }
  expect_sizes (fixture->recorder, sizes, 6, NULL);

  fixture->recorder->on_datagram = stop_port;
  gudpx_port_set_reading (fixture->port, TRUE);
  send_sizes (fixture->sender, gudpx_port_get_local_address (fixture->port), sizes, 6);
  wait_for (!gudpx_port_get_listening (fixture->port));
  n_before = fixture->recorder->datagrams->len;
  iterate ();
  g_assert_cmpuint (n_before, ==, 1);
  g_assert_cmpuint (fixture->recorder->datagrams->len, ==, 1);
}

/* Sends through a link that cannot segment, with packets smaller than some datagrams: the kernel
 * rejects the run, and the datagrams are sent one by one. */
static void
exchange_by_cable (guint16 size)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) sender = listen_on (recorder, "fe80::1%gudpx0");
  g_autoptr (GudpxPort) receiver = listen_on (recorder, "fe80::2%gudpx1");
  g_autofree char *string = g_strdup ("fe80::2%gudpx0");
  g_autoptr (GSocketAddress) destination =
      g_inet_socket_address_new_from_string (string, port_get_number (receiver));
  guint16 sizes[20];

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    sizes[i] = size;
  send_sizes (sender, destination, sizes, G_N_ELEMENTS (sizes));
  expect_sizes (recorder, sizes, G_N_ELEMENTS (sizes), NULL);
  /* Send again, with the knowledge from the first time. */
  send_sizes (sender, destination, sizes, G_N_ELEMENTS (sizes));
  expect_sizes (recorder, sizes, G_N_ELEMENTS (sizes), NULL);
  gudpx_port_stop_listening (sender);
  gudpx_port_stop_listening (receiver);
}

static void
test_refused (Fixture *fixture, gconstpointer data)
{
  g_autofree char *ethtool = g_find_program_in_path ("ethtool");

  exchange_by_cable (1400);
  exchange_by_cable (1453);
  exchange_by_cable (3000);
  if (ethtool == NULL)
    {
      g_test_skip ("ethtool is not installed");
      return;
    }
  run_command ("ethtool -K gudpx0 tx off");
  exchange_by_cable (1000);
}

/* Replies to the datagrams of a joined message, with another write between the second and the
 * third. */
typedef struct
{
  guint n_replies;
  GudpxPort *bystander;
} Replies;

static void
echo (GudpxDatagram *datagram, GError **error)
{
  gsize size;
  const guint8 *payload = gudpx_datagram_get_payload (datagram, &size);

  gudpx_datagram_reply (datagram, payload, size, error);
}

static void
echo_and_write_elsewhere (Recorder *recorder, GudpxDatagram *datagram, gpointer user_data)
{
  static const guint8 news[40];
  Replies *replies = user_data;
  g_autoptr (GError) error = NULL;

  if (++replies->n_replies == 3)
    gudpx_port_write_to (gudpx_datagram_get_transport (datagram), news, sizeof news,
                         gudpx_port_get_local_address (replies->bystander), &error);
  g_assert_no_error (error);
  echo (datagram, &error);
  g_assert_no_error (error);
}

static void
echo_and_connect_elsewhere (Recorder *recorder, GudpxDatagram *datagram, gpointer user_data)
{
  Replies *replies = user_data;
  g_autoptr (GError) error = NULL;

  if (++replies->n_replies < 3)
    {
      echo (datagram, &error);
      g_assert_no_error (error);
      return;
    }

  g_assert_true (gudpx_port_connect_peer (gudpx_datagram_get_transport (datagram), "127.0.0.1",
                                          port_get_number (replies->bystander), NULL));
  echo (datagram, &error);
  expect_error (&error, G_IO_ERROR_INVALID_ARGUMENT);
}

static void
test_replies (Fixture *fixture, gconstpointer data)
{
  static const guint16 sizes[] = { 40, 40, 40, 40, 40 };
  g_autoptr (Recorder) server = recorder_new ();
  g_autoptr (Recorder) other = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (server, "127.0.0.1");
  g_autoptr (GudpxPort) bystander = listen_on (other, "127.0.0.1");
  Replies replies = { 0, bystander };

  server->user_data = &replies;
  server->on_datagram = echo_and_write_elsewhere;
  send_sizes (fixture->sender, gudpx_port_get_local_address (port), sizes, 5);
  expect_sizes (fixture->recorder, sizes, 5, gudpx_port_get_local_address (port));
  wait_for (other->datagrams->len == 1);

  replies.n_replies = 0;
  server->on_datagram = echo_and_connect_elsewhere;
  send_sizes (fixture->sender, gudpx_port_get_local_address (port), sizes, 5);
  expect_sizes (fixture->recorder, sizes, 2, gudpx_port_get_local_address (port));
  iterate ();
  g_assert_cmpuint (replies.n_replies, ==, 3);
  g_assert_cmpuint (fixture->recorder->datagrams->len, ==, 0);
  g_assert_cmpuint (other->datagrams->len, ==, 1);
  gudpx_port_stop_listening (port);
  gudpx_port_stop_listening (bystander);
}

#ifdef HAVE_LINUX_IO
/* Replaces the system's sendmmsg(). If @max_run is set, rejects longer runs, as older kernels
 * do. */
static guint max_run;

static guint
count_segments (struct msghdr *header)
{
  struct cmsghdr *c = CMSG_FIRSTHDR (header);
  guint16 segment_size;

  if (c == NULL || c->cmsg_level != IPPROTO_UDP)
    return 1;
  memcpy (&segment_size, CMSG_DATA (c), sizeof segment_size);
  return (header->msg_iov->iov_len + segment_size - 1) / segment_size;
}

int
sendmmsg (int fd, struct mmsghdr *messages, unsigned n_messages, int flags)
{
  unsigned n = 0;

  while (n < n_messages && (max_run == 0 || count_segments (&messages[n].msg_hdr) <= max_run))
    n++;
  if (n == 0)
    {
      errno = EINVAL;
      return -1;
    }
  return syscall (SYS_sendmmsg, fd, messages, n, flags);
}

static void
test_old_kernel (Fixture *fixture, gconstpointer data)
{
  guint16 sizes[200];

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    sizes[i] = 64;
  max_run = 64;
  exchange (fixture, sizes, 100);
  g_assert_cmpuint (count_joined (fixture->sender, TRUE), ==, 2);
  exchange (fixture, sizes, 200);
  g_assert_cmpuint (count_joined (fixture->sender, TRUE), ==, 2 + 4);
  max_run = 0;
  /* The port remembers the limit. */
  exchange (fixture, sizes, 100);
  g_assert_cmpuint (count_joined (fixture->sender, TRUE), ==, 2 + 4 + 2);
}
#endif

/* A rejected destination does not change the limit for runs. */
static void
test_refused_destination (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GSocketAddress) nowhere = g_inet_socket_address_new_from_string ("10.3.0.1", 9);
  g_autoptr (GudpxStatistics) statistics = NULL;
  guint16 sizes[100];
  guint n_joined;

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    sizes[i] = 100;
  exchange (fixture, sizes, G_N_ELEMENTS (sizes));
  n_joined = count_joined (fixture->sender, TRUE);
#ifdef HAVE_LINUX_IO
  g_assert_cmpuint (n_joined, >, 0);
#endif

  run_command ("ip route add blackhole 10.3.0.0/16");
  send_sizes (fixture->sender, nowhere, sizes, G_N_ELEMENTS (sizes));
  exchange (fixture, sizes, G_N_ELEMENTS (sizes));
  statistics = gudpx_port_get_statistics (fixture->sender);
  g_assert_cmpuint (statistics->errors, ==, G_N_ELEMENTS (sizes));
  g_assert_cmpuint (statistics->joined_sent, ==, 2 * n_joined);
}

/* The kernel counts the lost datagrams. */
static void
test_drops (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GudpxStatistics) statistics = NULL;
  guint n_sent = 3000;

  gudpx_port_set_coalesce_writes (fixture->sender, FALSE);
  for (guint i = 0; i < n_sent; i++)
    g_assert_true (gudpx_port_write_to (fixture->sender, text ("x"),
                                        gudpx_port_get_local_address (fixture->port), NULL));
  wait_for (fixture->recorder->datagrams->len > 0);
  iterate ();
  g_assert_cmpuint (fixture->recorder->datagrams->len, <, n_sent);
#ifdef HAVE_LINUX_IO
  statistics = gudpx_port_get_statistics (fixture->port);
  g_assert_cmpuint (statistics->datagrams_received + statistics->kernel_drops, ==, n_sent);
#endif
}

#ifdef HAVE_LINUX_IO
/* The kernel drops runs of ten datagrams as one message each. They count as ten datagrams. */
static void
test_joined_drops (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GudpxStatistics) statistics = NULL;
  guint16 sizes[10];
  const guint n_runs = 1000;

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    sizes[i] = 100;
  gudpx_port_set_reading (fixture->port, FALSE);
  for (guint i = 0; i < n_runs; i++)
    send_sizes (fixture->sender, gudpx_port_get_local_address (fixture->port), sizes,
                G_N_ELEMENTS (sizes));
  gudpx_port_set_reading (fixture->port, TRUE);
  wait_for (fixture->recorder->datagrams->len > 0);
  iterate ();

  statistics = gudpx_port_get_statistics (fixture->port);
  g_assert_cmpuint (statistics->joined_received, >, 0);
  g_assert_cmpuint (statistics->joined_received + statistics->kernel_dropped_messages, ==, n_runs);
  g_assert_cmpuint (statistics->kernel_drops, ==, statistics->kernel_dropped_messages * 10);
  g_assert_cmpuint (statistics->datagrams_received + statistics->kernel_drops, ==, n_runs * 10);

  /* A stop keeps the count. */
  gudpx_port_stop_listening (fixture->port);
  {
    g_autoptr (GudpxStatistics) stopped = gudpx_port_get_statistics (fixture->port);

    g_assert_cmpuint (stopped->kernel_drops, ==, statistics->kernel_drops);
    g_assert_cmpuint (stopped->kernel_dropped_messages, ==, statistics->kernel_dropped_messages);
  }
}

/* The owner of an adopted socket lets the kernel join datagrams: all of them arrive, whatever the
 * port's max-packet-size is. */
static void
test_adopted_joins (Fixture *fixture, gconstpointer data)
{
  static const guint16 sizes[] = { 50, 50, 50, 50, 50, 50, 50, 50, 50, 20 };
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = NULL;
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  int fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

  g_assert_cmpint (bind (fd, (struct sockaddr *) &address, sizeof address), ==, 0);
  g_assert_cmpint (setsockopt (fd, IPPROTO_UDP, UDP_GRO, &(int){ TRUE }, sizeof (int)), ==, 0);
  port = gudpx_adopt_datagram_port (fd, G_SOCKET_FAMILY_IPV4, GUDPX_DATAGRAM_PROTOCOL (recorder),
                                    NULL);
  close (fd);
  g_assert_true (gudpx_port_set_max_packet_size (port, 60, NULL));
  send_sizes (fixture->sender, gudpx_port_get_local_address (port), sizes, G_N_ELEMENTS (sizes));
  expect_sizes (recorder, sizes, G_N_ELEMENTS (sizes), NULL);
  g_assert_cmpuint (count_joined (port, FALSE), ==, 1);

  gudpx_port_stop_listening (port);
}
#endif

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

#define add(name, function)                                                                        \
  g_test_add ("/offload/" name, Fixture, NULL, set_up, function, tear_down)

  add ("sizes", test_sizes);
  add ("long-runs", test_long_runs);
  add ("destinations", test_destinations);
  add ("turned-off", test_turned_off);
  add ("truncated", test_truncated);
  add ("interrupted", test_interrupted);
  add ("refused", test_refused);
  add ("replies", test_replies);
#ifdef HAVE_LINUX_IO
  add ("old-kernel", test_old_kernel);
#endif
  add ("refused-destination", test_refused_destination);
  add ("drops", test_drops);
#ifdef HAVE_LINUX_IO
  add ("joined-drops", test_joined_drops);
  add ("adopted-joins", test_adopted_joins);
#endif

  return g_test_run ();
}
