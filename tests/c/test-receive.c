/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "recorder.h"

/* An empty datagram does not end the stream. */
static void
test_empty (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "127.0.0.1");
  g_autoptr (GSocket) peer = peer_new ("127.0.0.1");
  gsize size = 1;

  peer_send (peer, "", 0, port);
  peer_send (peer, "x", -1, port);
  peer_send (peer, "", 0, port);
  wait_for (recorder->datagrams->len == 3);
  g_assert_nonnull (gudpx_datagram_get_payload (recorder->datagrams->pdata[0], &size));
  g_assert_cmpuint (size, ==, 0);
  g_assert_false (gudpx_datagram_get_truncated (recorder->datagrams->pdata[0]));

  gudpx_port_stop_listening (port);
}

static void
test_largest (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "127.0.0.1");
  g_autoptr (GSocket) peer = peer_new ("127.0.0.1");
  g_autofree char *payload = g_malloc (65507);
  g_autoptr (GBytes) expected = NULL;
  g_autoptr (GBytes) bytes = NULL;

  for (int i = 0; i < 65507; i++)
    payload[i] = i % 251;
  expected = g_bytes_new_static (payload, 65507);
  peer_send (peer, payload, 65507, port);
  wait_for (recorder->datagrams->len == 1);
  bytes = gudpx_datagram_dup_bytes (recorder->datagrams->pdata[0]);
  g_assert_true (g_bytes_equal (bytes, expected));
  g_assert_false (gudpx_datagram_get_truncated (recorder->datagrams->pdata[0]));

  gudpx_port_stop_listening (port);
}

static void
test_truncated (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "127.0.0.1");
  g_autoptr (GSocket) peer = peer_new ("127.0.0.1");
  g_autoptr (GudpxStatistics) statistics = NULL;
  g_autofree char *first = NULL;

  g_assert_true (gudpx_port_set_max_packet_size (port, 4, NULL));
  peer_send (peer, "longer", -1, port);
  peer_send (peer, "four", -1, port);
  wait_for (recorder->datagrams->len == 2);
  first = recorder_get_payload (recorder, 0);
  g_assert_cmpstr (first, ==, "long");
  g_assert_true (gudpx_datagram_get_truncated (recorder->datagrams->pdata[0]));
  g_assert_cmpuint (gudpx_datagram_get_original_size (recorder->datagrams->pdata[0]), ==, 6);
  g_assert_false (gudpx_datagram_get_truncated (recorder->datagrams->pdata[1]));
  g_assert_cmpuint (gudpx_datagram_get_original_size (recorder->datagrams->pdata[1]), ==, 4);

  statistics = gudpx_port_get_statistics (port);
  g_assert_cmpuint (statistics->datagrams_received, ==, 2);
  g_assert_cmpuint (statistics->bytes_received, ==, 10);
  g_assert_cmpuint (statistics->truncated, ==, 1);

  gudpx_port_stop_listening (port);
}

/* Datagrams that are kept do not change while others arrive, and outlive everything else. */
static void
test_kept (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "127.0.0.1");
  g_autoptr (GSocket) peer = peer_new ("127.0.0.1");
  g_autoptr (GSocketAddress) address = g_socket_get_local_address (peer, NULL);

  for (int i = 0; i < 1000; i++)
    {
      g_autofree char *payload = g_strdup_printf ("datagram %d", i);

      peer_send (peer, payload, -1, port);
      wait_for (recorder->datagrams->len == (guint) i + 1);
    }
  gudpx_port_stop_listening (port);
  g_clear_object (&port);

  for (guint i = 0; i < 1000; i++)
    {
      g_autofree char *payload = recorder_get_payload (recorder, i);
      g_autofree char *expected = g_strdup_printf ("datagram %u", i);
      GudpxDatagram *datagram = recorder->datagrams->pdata[i];

      g_assert_cmpstr (payload, ==, expected);
      g_assert_true (gudpx_address_equal (gudpx_datagram_get_sender (datagram), address));
    }
}

static void
remember (GudpxDatagramProtocol *protocol, GudpxDatagram *datagram, gpointer user_data)
{
  gpointer *last = user_data;

  g_assert_null (g_object_get_data (G_OBJECT (datagram), "mark"));
  if (*last == NULL)
    g_object_set_data (G_OBJECT (datagram), "mark", user_data);
  *last = datagram;
}

/* A reused datagram object contains no data of its former datagram. */
static void
test_recycled (void)
{
  g_autoptr (GudpxDatagramProtocol) protocol = gudpx_datagram_protocol_new ();
  g_autoptr (GudpxPort) port = gudpx_listen_udp (0, protocol, "127.0.0.1", NULL);
  g_autoptr (GSocket) peer = peer_new ("127.0.0.1");
  gpointer last = NULL;
  gpointer second;

  g_signal_connect (protocol, "datagram-received", G_CALLBACK (remember), &last);
  peer_send (peer, "one", -1, port);
  wait_for (last != NULL);
  last = &last;
  peer_send (peer, "two", -1, port);
  wait_for (last != &last);
  second = last;
  last = &last;
  peer_send (peer, "three", -1, port);
  wait_for (last != &last);
  g_assert_true (last == second);

  gudpx_port_stop_listening (port);
}

/* The sender is the same object as long as the port knows the peer. */
static void
test_senders (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "127.0.0.1");
  g_autoptr (GSocket) one = peer_new ("127.0.0.1");
  g_autoptr (GSocket) other = peer_new ("127.0.0.1");
  GSocketAddress *senders[3];

  peer_send (one, "1", -1, port);
  peer_send (other, "2", -1, port);
  peer_send (one, "3", -1, port);
  wait_for (recorder->datagrams->len == 3);
  for (guint i = 0; i < 3; i++)
    senders[i] = gudpx_datagram_get_sender (recorder->datagrams->pdata[i]);
  g_assert_true (gudpx_address_equal (senders[0], senders[2]));
  g_assert_false (gudpx_address_equal (senders[0], senders[1]));
  g_assert_cmpuint (gudpx_address_hash (senders[0]), ==, gudpx_address_hash (senders[2]));

  gudpx_port_stop_listening (port);
}

static void
pause_port (Recorder *recorder, GudpxDatagram *datagram, gpointer user_data)
{
  gudpx_port_set_reading (gudpx_datagram_get_transport (datagram), FALSE);
}

/* After a pause in the middle of a batch, the rest waits. */
static void
test_pause (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "127.0.0.1");
  g_autoptr (GSocket) peer = peer_new ("127.0.0.1");

  recorder->on_datagram = pause_port;
  for (int i = 0; i < 5; i++)
    peer_send (peer, (char[]){ 'a' + i, '\0' }, -1, port);
  for (guint i = 0; i < 5; i++)
    {
      g_autofree char *payload = NULL;

      wait_for (recorder->datagrams->len == i + 1);
      iterate ();
      g_assert_cmpuint (recorder->datagrams->len, ==, i + 1);
      payload = recorder_get_payload (recorder, i);
      g_assert_cmpint (payload[0], ==, 'a' + (int) i);
      gudpx_port_set_reading (port, TRUE);
    }

  gudpx_port_stop_listening (port);
}

typedef struct
{
  GudpxDatagramProtocol parent_instance;
  guint n_batches;
  guint n_batched; /* datagrams in all batches */
  guint n_datagrams;
  gboolean chains_up;
} Batcher;
typedef GudpxDatagramProtocolClass BatcherClass;

static GType batcher_get_type (void);
G_DEFINE_TYPE (Batcher, batcher, GUDPX_TYPE_DATAGRAM_PROTOCOL)

static void
batcher_datagrams_received (GudpxDatagramProtocol *protocol, GPtrArray *datagrams)
{
  Batcher *self = (Batcher *) protocol;

  self->n_batches++;
  self->n_batched += datagrams->len;
  if (self->chains_up)
    GUDPX_DATAGRAM_PROTOCOL_CLASS (batcher_parent_class)->datagrams_received (protocol, datagrams);
  else
    self->n_datagrams += datagrams->len;
}

static void
batcher_datagram_received (GudpxDatagramProtocol *protocol, GudpxDatagram *datagram)
{
  Batcher *self = (Batcher *) protocol;

  self->n_datagrams++;
  if (self->n_datagrams == 2)
    gudpx_port_set_reading (gudpx_datagram_get_transport (datagram), FALSE);
}

static void
batcher_class_init (BatcherClass *klass)
{
  klass->datagrams_received = batcher_datagrams_received;
  klass->datagram_received = batcher_datagram_received;
}

static void
batcher_init (Batcher *self)
{
}

static void
test_batch (void)
{
  g_autoptr (GObject) protocol = g_object_new (batcher_get_type (), NULL);
  Batcher *batcher = (Batcher *) protocol;
  g_autoptr (GudpxPort) port =
      gudpx_listen_udp (0, GUDPX_DATAGRAM_PROTOCOL (protocol), "127.0.0.1", NULL);
  g_autoptr (GSocket) peer = peer_new ("127.0.0.1");

  for (int i = 0; i < 10; i++)
    peer_send (peer, "x", -1, port);
  wait_for (batcher->n_datagrams == 10);
  g_assert_cmpuint (batcher->n_batches, <, 10);

  /* The default function delivers one by one, and stops when the port is paused. */
  batcher->chains_up = TRUE;
  batcher->n_datagrams = 0;
  for (int i = 0; i < 10; i++)
    peer_send (peer, "x", -1, port);
  wait_for (batcher->n_datagrams > 0);
  iterate ();
  g_assert_cmpuint (batcher->n_datagrams, ==, 2);
  gudpx_port_set_reading (port, TRUE);
  wait_for (batcher->n_datagrams == 10);

  gudpx_port_stop_listening (port);
}

/* Datagrams that the kernel returned together reach the protocol in several batches. The rest of a
 * batch that was interrupted is delivered one by one, and the following datagrams as a batch. */
static void
test_batch_after_rest (void)
{
  const guint n_expected = 60;
  g_autoptr (GObject) protocol = g_object_new (batcher_get_type (), NULL);
  Batcher *batcher = (Batcher *) protocol;
  g_autoptr (GudpxPort) port =
      gudpx_listen_udp (0, GUDPX_DATAGRAM_PROTOCOL (protocol), "127.0.0.1", NULL);
  g_autoptr (GSocket) peer = peer_new ("127.0.0.1");

  batcher->chains_up = TRUE;
  for (guint i = 0; i < n_expected; i++)
    peer_send (peer, "x", -1, port);
  wait_for (!gudpx_port_get_reading (port));
  g_assert_cmpuint (batcher->n_datagrams, ==, 2);
  gudpx_port_set_reading (port, TRUE);
  wait_for (batcher->n_datagrams == n_expected);
  g_assert_cmpuint (batcher->n_batched, ==, n_expected);

  gudpx_port_stop_listening (port);
}

static gboolean
count_down (gpointer user_data)
{
  return --*(int *) user_data > 0 ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

/* A busy port lets other sources of the main loop run. */
static void
send_to_itself (Recorder *recorder, GudpxDatagram *datagram, gpointer user_data)
{
  g_ptr_array_set_size (recorder->datagrams, 0);
  g_assert_true (gudpx_datagram_reply (datagram, text ("x"), NULL));
}

static void
test_fairness (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "127.0.0.1");
  int n = 10;

  recorder->on_datagram = send_to_itself;
  for (int i = 0; i < 64; i++)
    gudpx_port_write_to (port, text ("x"), gudpx_port_get_local_address (port), NULL);
  g_timeout_add (1, count_down, &n);
  wait_for (n == 0);
  g_assert_cmpuint (recorder->events->len, >, 64);

  gudpx_port_stop_listening (port);
}

/* A dispatch handles a limited number of datagrams. */
static void
test_bounded_dispatch (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "127.0.0.1");
  g_autoptr (GPtrArray) datagrams = g_ptr_array_new_with_free_func (g_object_unref);
  guint n_expected = 2000;

  /* If the kernel joins datagrams, send more than a dispatch handles. Otherwise some of them fit
   * into the smallest buffer. */
  for (guint i = 0; i < n_expected; i++)
    g_ptr_array_add (datagrams,
                     gudpx_datagram_new (text ("x"), gudpx_port_get_local_address (port)));
  g_assert_cmpint (gudpx_port_write_datagrams (port, datagrams, NULL), ==, n_expected);
  while (recorder->datagrams->len == 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (recorder->datagrams->len, <, n_expected);
#ifdef HAVE_LINUX_IO
  wait_for (recorder->datagrams->len == n_expected);
#endif

  gudpx_port_stop_listening (port);
}

/* A handler runs a main loop: its earlier writes are sent, and the rest of its batch comes next. */
static void
nest (Recorder *recorder, GudpxDatagram *datagram, gpointer user_data)
{
  GSocket *peer = user_data;

  recorder->on_datagram = NULL;
  g_assert_true (gudpx_datagram_reply (datagram, text ("asked"), NULL));
  wait_for (recorder->datagrams->len == 3);
  wait_for (!peer_has_nothing (peer));
}

static void
test_nested_loop (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "127.0.0.1");
  g_autoptr (GSocket) peer = peer_new ("127.0.0.1");
  g_autofree char *asked = NULL;

  recorder->on_datagram = nest;
  recorder->user_data = peer;
  for (int i = 0; i < 3; i++)
    peer_send (peer, (char[]){ 'a' + i, '\0' }, -1, port);
  wait_for (recorder->datagrams->len == 3);
  asked = peer_receive (peer, NULL);
  g_assert_cmpstr (asked, ==, "asked");
  for (guint i = 0; i < 3; i++)
    {
      g_autofree char *payload = recorder_get_payload (recorder, i);

      g_assert_cmpint (payload[0], ==, 'a' + (int) i);
    }

  gudpx_port_stop_listening (port);
}

/* Another owner shuts the socket down: the port reports this once, and does not spin. */
static void
test_shut_down (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "127.0.0.1");
  guint n = 0;

  g_assert_true (
      gudpx_port_connect_peer (port, "127.0.0.1", free_number ("127.0.0.1"), NULL));
  shutdown (g_socket_get_fd (gudpx_port_get_socket (port)), SHUT_RDWR);
  wait_for (recorder->error != NULL);
  expect_error (&recorder->error, G_IO_ERROR_BROKEN_PIPE);
  while (g_main_context_iteration (NULL, FALSE))
    g_assert_cmpuint (++n, <, 100);
  g_assert_cmpstr (recorder->events->str, ==, "started error ");

  gudpx_port_stop_listening (port);
}

/* Another datagram arrives as soon as the last one was delivered. */
typedef struct
{
  GudpxPort *port;
  GSocket *peer;
  guint n_left;
  gboolean answers;
} Traffic;

static void
send_one_more (Recorder *recorder, GudpxDatagram *datagram, gpointer user_data)
{
  Traffic *traffic = user_data;

  if (traffic->answers)
    gudpx_datagram_reply (datagram, text ("answer"), NULL);
  if (--traffic->n_left == 0)
    peer_send (traffic->peer, "more", -1, traffic->port);
}

static guint64
count_wakeups (GudpxPort *port)
{
  g_autoptr (GudpxStatistics) statistics = gudpx_port_get_statistics (port);

  return statistics->wakeups;
}

/* Counts the wake-ups that delivering everything takes. Returns FALSE if this takes so long that
 * other sources of the main loop run in between. */
static gboolean
deliver_traffic (guint busy_poll, guint n_datagrams, gboolean answers, guint *n_wakeups)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "127.0.0.1");
  g_autoptr (GSocket) peer = peer_new ("127.0.0.1");
  Traffic traffic = { port, peer, n_datagrams, answers };
  guint64 n_before = count_wakeups (port);
  gint64 begin;
  gint64 end;

  g_assert_true (gudpx_port_set_busy_poll (port, busy_poll, NULL));
  recorder->user_data = &traffic;
  recorder->on_datagram = send_one_more;
  for (guint i = 0; i < n_datagrams; i++)
    peer_send (peer, "datagram", -1, port);
  begin = g_get_monotonic_time ();
  wait_for (recorder->datagrams->len == n_datagrams + 1);
  end = g_get_monotonic_time ();
  *n_wakeups = count_wakeups (port) - n_before;
  gudpx_port_stop_listening (port);
  return end - begin < 2 * G_TIME_SPAN_MILLISECOND;
}

/* Expects this number of wake-ups in the best of many tries. Ports with a common poller share their
 * back-off, and other programs disturb a try. */
static void
expect_wakeups (guint busy_poll, guint n_datagrams, gboolean answers, guint expected)
{
  gint64 limit = g_get_monotonic_time () + TIME_LIMIT / 4 * G_TIME_SPAN_SECOND;
  guint fewest = G_MAXUINT;
  guint n_wakeups;

  for (guint i = 0; i < 20 || (fewest != G_MAXUINT && fewest > expected &&
                               g_get_monotonic_time () < limit); i++)
    {
      if (deliver_traffic (busy_poll, n_datagrams, answers, &n_wakeups))
        fewest = MIN (fewest, n_wakeups);
    }
  if (fewest == G_MAXUINT)
    g_test_skip ("The machine takes too long for a few datagrams");
  else
    g_assert_cmpuint (fewest, ==, expected);
}

/* The port reads the socket again before it returns to the main loop, except after bulk traffic. */
static void
test_busy_poll (void)
{
  expect_wakeups (0, 3, FALSE, 2);
  expect_wakeups (1000, 3, FALSE, 1);
  expect_wakeups (1000, 40, FALSE, 2);
  expect_wakeups (1000, 40, TRUE, 1);
}

static void
stop_at_third (Recorder *recorder, GudpxDatagram *datagram, gpointer user_data)
{
  if (recorder->datagrams->len == 3)
    gudpx_port_stop_listening (user_data);
}

/* Datagrams that were read before the stop count as received and as dropped. */
static void
test_counts_at_stop (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "127.0.0.1");
  g_autoptr (GSocket) peer = peer_new ("127.0.0.1");
  g_autoptr (GudpxStatistics) statistics = NULL;

  for (guint i = 0; i < 10; i++)
    peer_send (peer, "x", -1, port);
  recorder->on_datagram = stop_at_third;
  recorder->user_data = port;
  wait_for (!gudpx_port_get_listening (port));
  g_assert_cmpuint (recorder->datagrams->len, ==, 3);
  statistics = gudpx_port_get_statistics (port);
  g_assert_cmpuint (statistics->datagrams_received, ==, 10);
  g_assert_cmpuint (statistics->bytes_received, ==, 10);
  g_assert_cmpuint (statistics->receive_drops, ==, 7);
}

static void
connect_at_third (Recorder *recorder, GudpxDatagram *datagram, gpointer user_data)
{
  if (recorder->datagrams->len == 3)
    g_assert_true (gudpx_port_connect_peer (gudpx_datagram_get_transport (datagram), "127.0.0.1",
                                            peer_get_port (user_data), NULL));
}

/* Datagrams of other senders that were read before the connect count likewise. */
static void
test_counts_at_connect (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "127.0.0.1");
  g_autoptr (GSocket) peer = peer_new ("127.0.0.1");
  g_autoptr (GSocket) stranger = peer_new ("127.0.0.1");
  g_autoptr (GudpxStatistics) statistics = NULL;

  for (guint i = 0; i < 10; i++)
    peer_send (stranger, "x", -1, port);
  recorder->on_datagram = connect_at_third;
  recorder->user_data = peer;
  wait_for (gudpx_port_get_peer_address (port) != NULL);
  peer_send (peer, "y", -1, port);
  wait_for (recorder->datagrams->len == 4);
  statistics = gudpx_port_get_statistics (port);
  g_assert_cmpuint (statistics->datagrams_received, ==, 11);
  g_assert_cmpuint (statistics->receive_drops, ==, 7);

  gudpx_port_stop_listening (port);
}

/* Returns the memory in pages. */
static guint64
get_memory (void)
{
  g_autofree char *status = NULL;

  if (!g_file_get_contents ("/proc/self/statm", &status, NULL, NULL))
    return 0;
  return g_ascii_strtoull (status, NULL, 10);
}

static void
pause_at_first (Recorder *recorder, GudpxDatagram *datagram, gpointer user_data)
{
  gudpx_port_set_reading (gudpx_datagram_get_transport (datagram), FALSE);
}

/* Ports that are paused in the middle of a batch keep only the rest of it, and not the buffer of 4
 * MiB that it was read into. */
static void
test_paused_memory (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GSocket) peer = peer_new ("127.0.0.1");
  g_autoptr (GPtrArray) ports = g_ptr_array_new_with_free_func (g_object_unref);
  const guint n_ports = 20;
  guint64 before = 0;

  recorder->on_datagram = pause_at_first;
  for (guint i = 0; i < n_ports; i++)
    {
      GudpxPort *port = listen_on (recorder, "127.0.0.1");

      g_ptr_array_add (ports, port);
      for (guint j = 0; j < 3; j++)
        peer_send (peer, j == 0 ? "a" : j == 1 ? "b" : "c", -1, port);
      wait_for (!gudpx_port_get_reading (port));
      if (i == 0)
        before = get_memory ();
    }
  if (before > 0)
    g_assert_cmpuint ((get_memory () - before) * sysconf (_SC_PAGESIZE), <, 32 * 1024 * 1024);

  recorder->on_datagram = NULL;
  recorder_forget (recorder);
  for (guint i = 0; i < n_ports; i++)
    gudpx_port_set_reading (ports->pdata[i], TRUE);
  wait_for (recorder->datagrams->len == 2 * n_ports);
  for (guint i = 0; i < recorder->datagrams->len; i++)
    {
      g_autofree char *payload = recorder_get_payload (recorder, i);
      GudpxDatagram *datagram = recorder->datagrams->pdata[i];

      g_assert_true (g_str_equal (payload, "b") || g_str_equal (payload, "c"));
      g_assert_cmpuint (g_inet_socket_address_get_port (
                            G_INET_SOCKET_ADDRESS (gudpx_datagram_get_sender (datagram))),
                        ==, peer_get_port (peer));
    }
  for (guint i = 0; i < n_ports; i++)
    gudpx_port_stop_listening (ports->pdata[i]);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/receive/empty", test_empty);
  g_test_add_func ("/receive/largest", test_largest);
  g_test_add_func ("/receive/truncated", test_truncated);
  g_test_add_func ("/receive/kept", test_kept);
  g_test_add_func ("/receive/recycled", test_recycled);
  g_test_add_func ("/receive/senders", test_senders);
  g_test_add_func ("/receive/pause", test_pause);
  g_test_add_func ("/receive/batch", test_batch);
  g_test_add_func ("/receive/batch-after-rest", test_batch_after_rest);
  g_test_add_func ("/receive/fairness", test_fairness);
  g_test_add_func ("/receive/bounded-dispatch", test_bounded_dispatch);
  g_test_add_func ("/receive/busy-poll", test_busy_poll);
  g_test_add_func ("/receive/nested-loop", test_nested_loop);
  g_test_add_func ("/receive/shut-down", test_shut_down);

  g_test_add_func ("/receive/counts-at-stop", test_counts_at_stop);
  g_test_add_func ("/receive/counts-at-connect", test_counts_at_connect);
  g_test_add_func ("/receive/paused-memory", test_paused_memory);

  return g_test_run ();
}
