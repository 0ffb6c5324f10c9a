/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Calls that leave work for later have the port dispatched for that work, and nothing else has the
 * port dispatched. Each test stops at the one event that could do so. Every test runs twice: with a
 * port that its own source polls, and with one that the context's poller does. */

#include <errno.h>
#include <string.h>

#include <sys/socket.h>

#include "faults.h"
#include "recorder.h"

/* More ports than a context polls one by one. */
#define N_OTHERS 40
#define QUEUE_LIMIT 4096
#define LARGE_QUEUE_LIMIT (16 * 1024 * 1024)
/* Datagrams that need more room than the kernel gives a socket. */
#define N_MANY 1000
#define MANY_SIZE 2000

/* Packed batches, of which the protocol takes none while it refuses. */
#define TYPE_REFUSER (refuser_get_type ())
G_DECLARE_FINAL_TYPE (Refuser, refuser, TEST, REFUSER, GudpxDatagramProtocol)

struct _Refuser
{
  GudpxDatagramProtocol parent_instance;

  gboolean refuses;
  guint n_calls;
  guint n_taken;
  GSocket *peer; /* NULL, or has the second call pause the port and answer */
};

G_DEFINE_FINAL_TYPE (Refuser, refuser, GUDPX_TYPE_DATAGRAM_PROTOCOL)

/* Has another datagram come, and pauses the port in that one. */
static void
send_or_pause (Refuser *self, GudpxPort *port)
{
  self->refuses = self->n_calls > 1;
  if (!self->refuses)
    {
      peer_send (self->peer, "x", 1, port);
      return;
    }

  gudpx_port_set_reading (port, FALSE);
  g_assert_true (
      gudpx_port_write_to_host (port, text ("x"), "127.0.0.1", peer_get_port (self->peer), NULL));
}

static void
refuser_packed_received (GudpxDatagramProtocol *protocol,
                         GudpxPort *port,
                         const guint8 *payloads,
                         gsize payloads_size,
                         const guint8 *index,
                         gsize index_size,
                         guint *n_taken)
{
  Refuser *self = TEST_REFUSER (protocol);

  self->n_calls++;
  if (self->peer != NULL)
    send_or_pause (self, port);
  *n_taken = self->refuses ? 0 : index_size / (2 * sizeof (guint32));
  self->n_taken += *n_taken;
}

static void
refuser_class_init (RefuserClass *klass)
{
  GUDPX_DATAGRAM_PROTOCOL_CLASS (klass)->packed_received = refuser_packed_received;
}

static void
refuser_init (Refuser *self)
{
  self->refuses = TRUE;
}

typedef struct
{
  GPtrArray *others;
  Recorder *recorder;
  GudpxPort *port; /* NULL: the test makes none */
  GSocket *peer;
  gsize notified_size;
  guint n_notified;
  guint n_flushed;
} Fixture;

static void
queue_size_changed (GudpxPort *port, GParamSpec *pspec, gpointer user_data)
{
  Fixture *self = user_data;

  self->notified_size = gudpx_port_get_send_queue_size (port);
  self->n_notified++;
}

static void
watch_port (Fixture *self)
{
  g_signal_connect (self->port, "notify::send-queue-size", G_CALLBACK (queue_size_changed), self);
}

/* Iterates often enough for all that is ready, unless something spins. */
static void
settle (void)
{
  for (guint i = 0; i < 20; i++)
    g_main_context_iteration (NULL, FALSE);
}

static void
set_up (Fixture *self, gconstpointer data)
{
  faults_reset ();
  self->recorder = recorder_new ();
  self->others = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < GPOINTER_TO_UINT (data); i++)
    g_ptr_array_add (self->others, listen_on (self->recorder, "127.0.0.1"));
}

/* A port with UDP, and its peer, which the port is connected to. */
static void
set_up_udp (Fixture *self, gconstpointer data)
{
  set_up (self, data);
  self->port = listen_on (self->recorder, "127.0.0.1");
  self->peer = peer_new ("127.0.0.1");
  g_assert_true (
      gudpx_port_connect_peer (self->port, "127.0.0.1", peer_get_port (self->peer), NULL));
  watch_port (self);
  settle ();
  recorder_forget (self->recorder);
}

static GudpxPort *
adopt_pair (GudpxDatagramProtocol *protocol, GSocket **peer)
{
  g_autoptr (GError) error = NULL;
  GudpxPort *port;
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_DGRAM, 0, fds), ==, 0);
  port = gudpx_adopt_datagram_port (fds[0], G_SOCKET_FAMILY_UNIX, protocol, &error);
  g_assert_no_error (error);
  close (fds[0]);
  *peer = g_socket_new_from_fd (fds[1], &error);
  g_assert_no_error (error);
  g_socket_set_timeout (*peer, TIME_LIMIT);
  gudpx_port_set_send_queue_limit (port, QUEUE_LIMIT);
  return port;
}

/* A UNIX port to a peer that does not read yet. */
static void
set_up_unix (Fixture *self, gconstpointer data)
{
  set_up (self, data);
  self->port = adopt_pair (GUDPX_DATAGRAM_PROTOCOL (self->recorder), &self->peer);
  watch_port (self);
  settle ();
  recorder_forget (self->recorder);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  faults_reset ();
  gudpx_port_stop_listening (self->port);
  g_signal_handlers_disconnect_by_data (self->port, self);
  for (guint i = 0; i < self->others->len; i++)
    gudpx_port_stop_listening (self->others->pdata[i]);
  g_ptr_array_unref (self->others);
  g_assert_finalize_object (self->port);
  g_object_unref (self->peer);
  g_object_unref (self->recorder);
}

/* The peer sends a datagram to the port. */
static void
send_one (Fixture *self)
{
  if (g_socket_get_family (self->peer) == G_SOCKET_FAMILY_UNIX)
    g_assert_cmpint (g_socket_send (self->peer, "x", 1, NULL, NULL), ==, 1);
  else
    peer_send (self->peer, "x", 1, self->port);
}

/* Writes until the kernel, and then the queue, has no room. */
static guint
fill (Fixture *self)
{
  guint n = 0;

  while (gudpx_port_write (self->port, text ("x"), NULL))
    g_assert_cmpuint (++n, <, 1000000);
  g_assert_cmpuint (gudpx_port_get_send_queue_size (self->port), >, 0);
  settle ();
  return n;
}

/* Writes until the kernel has no room. */
static guint
fill_kernel (Fixture *self)
{
  guint n = 0;

  gudpx_port_set_send_queue_limit (self->port, 0);
  while (gudpx_port_write (self->port, text ("x"), NULL))
    g_assert_cmpuint (++n, <, 1000000);
  gudpx_port_set_send_queue_limit (self->port, QUEUE_LIMIT);
  settle ();
  return n;
}

static void
expect_to_arrive (Fixture *self, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *payload = NULL;

      wait_for (!peer_has_nothing (self->peer));
      payload = peer_receive (self->peer, NULL);
    }
}

static gboolean
has_event (Fixture *self, const char *event)
{
  return strstr (self->recorder->events->str, event) != NULL;
}

static guint64
count_wakeups (Fixture *self)
{
  g_autoptr (GudpxStatistics) statistics = gudpx_port_get_statistics (self->port);

  return statistics->wakeups;
}

static void
keep_result (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_set_object ((GAsyncResult **) user_data, result);
}

/* Answers a write and a flush of an idle port. */
static void
test_write_async (Fixture *self, gconstpointer data)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static ("x", 1);
  g_autoptr (GAsyncResult) result = NULL;

  gudpx_port_write_async (self->port, bytes, NULL, NULL, keep_result, &result);
  wait_for (result != NULL);
  g_assert_true (gudpx_port_write_finish (self->port, result, NULL));
  expect_to_arrive (self, 1);
}

static void
test_flush_async (Fixture *self, gconstpointer data)
{
  g_autoptr (GAsyncResult) result = NULL;

  gudpx_port_flush_async (self->port, NULL, keep_result, &result);
  wait_for (result != NULL);
  g_assert_true (gudpx_port_flush_finish (self->port, result, NULL));
}

/* The last datagram of the queue is cancelled, and nothing else happens. A flush that waits for the
 * queue is answered. */
static void
test_cancelled_write (Fixture *self, gconstpointer data)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static ("x", 1);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) written = NULL;
  g_autoptr (GAsyncResult) flushed = NULL;
  g_autoptr (GError) error = NULL;

  fill_kernel (self);
  gudpx_port_write_async (self->port, bytes, NULL, cancellable, keep_result, &written);
  gudpx_port_flush_async (self->port, NULL, keep_result, &flushed);
  settle ();
  g_assert_null (flushed);
  g_assert_cmpuint (self->notified_size, ==, gudpx_port_get_send_queue_size (self->port));

  g_cancellable_cancel (cancellable);
  wait_for (written != NULL && flushed != NULL);
  g_assert_false (gudpx_port_write_finish (self->port, written, &error));
  expect_error (&error, G_IO_ERROR_CANCELLED);
  g_assert_true (gudpx_port_flush_finish (self->port, flushed, NULL));
  g_assert_cmpuint (gudpx_port_get_send_queue_size (self->port), ==, 0);
  wait_for (self->notified_size == 0);
}

/* A stop waits for nothing but a datagram that is then cancelled. The stop ends at once, not by its
 * timer. */
static void
test_cancelled_write_of_stop (Fixture *self, gconstpointer data)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static ("x", 1);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) written = NULL;
  g_autoptr (GAsyncResult) stopped = NULL;

  fill_kernel (self);
  gudpx_port_write_async (self->port, bytes, NULL, cancellable, keep_result, &written);
  gudpx_port_stop_listening_async (self->port, NULL, keep_result, &stopped);
  settle ();

  g_cancellable_cancel (cancellable);
  settle ();
  g_assert_nonnull (written);
  g_assert_nonnull (stopped);
  g_assert_true (gudpx_port_stop_listening_finish (self->port, stopped, NULL));
}

/* The peer does not read, so a timer ends the stop. */
static void
test_stop_ends (Fixture *self, gconstpointer data)
{
  g_autoptr (GAsyncResult) stopped = NULL;

  fill (self);
  gudpx_port_stop_listening_async (self->port, NULL, keep_result, &stopped);
  wait_for (stopped != NULL);
  g_assert_true (gudpx_port_stop_listening_finish (self->port, stopped, NULL));
}

/* A larger queue has room at once, though the peer does not read. */
static void
test_larger_queue (Fixture *self, gconstpointer data)
{
  fill (self);
  g_assert_false (has_event (self, "writable"));
  gudpx_port_set_send_queue_limit (self->port, LARGE_QUEUE_LIMIT);
  wait_for (has_event (self, "writable"));
}

/* A smaller queue has room later, and keeps its datagrams. */
static void
test_smaller_queue (Fixture *self, gconstpointer data)
{
  guint n = fill (self);

  gudpx_port_set_send_queue_limit (self->port, 100);
  settle ();
  g_assert_false (has_event (self, "writable"));
  expect_to_arrive (self, n);
  wait_for (has_event (self, "writable"));
  g_assert_cmpuint (gudpx_port_get_send_queue_size (self->port), ==, 0);
}

/* Turns gathering off while the queue waits for the kernel: the queue waits on. */
static void
test_not_coalesced (Fixture *self, gconstpointer data)
{
  guint n = fill (self);

  gudpx_port_set_coalesce_writes (self->port, FALSE);
  expect_to_arrive (self, n);
  wait_for (has_event (self, "writable"));
  g_assert_true (gudpx_port_write (self->port, text ("x"), NULL));
  expect_to_arrive (self, 1);
  g_assert_cmpuint (gudpx_port_get_send_queue_size (self->port), ==, 0);
}

static void
write_much (Recorder *recorder, GudpxDatagram *datagram, gpointer user_data)
{
  static const guint8 payload[MANY_SIZE];
  GudpxPort *port = gudpx_datagram_get_transport (datagram);

  recorder->on_datagram = NULL;
  for (guint i = 0; i < N_MANY; i++)
    g_assert_true (gudpx_port_write (port, payload, sizeof payload, NULL));
  gudpx_port_set_coalesce_writes (port, FALSE);
}

/* A handler gathers more than the kernel has room for, and turns gathering off. All arrives. */
static void
test_not_coalesced_in_handler (Fixture *self, gconstpointer data)
{
  gudpx_port_set_send_queue_limit (self->port, LARGE_QUEUE_LIMIT);
  self->recorder->on_datagram = write_much;
  send_one (self);
  wait_for (self->recorder->datagrams->len == 1);
  g_assert_cmpuint (gudpx_port_get_send_queue_size (self->port), >, 0);
  expect_to_arrive (self, N_MANY);
  wait_for (self->notified_size == 0);
}

static void
pause_port (Recorder *recorder, GudpxDatagram *datagram, gpointer user_data)
{
  recorder->on_datagram = NULL;
  gudpx_port_set_reading (gudpx_datagram_get_transport (datagram), FALSE);
}

/* Has the port paused in the first of five datagrams. */
static void
pause_with_undelivered (Fixture *self)
{
  self->recorder->on_datagram = pause_port;
  for (guint i = 0; i < 5; i++)
    send_one (self);
  wait_for (self->recorder->datagrams->len == 1);
  settle ();
  g_assert_cmpuint (self->recorder->datagrams->len, ==, 1);
}

/* The rest was read already, so the socket is not ready. */
static void
test_reading_again (Fixture *self, gconstpointer data)
{
  pause_with_undelivered (self);
  gudpx_port_set_reading (self->port, TRUE);
  wait_for (self->recorder->datagrams->len == 5);
}

/* More datagrams than the kernel has room for: as many as were taken arrive. */
static void
test_write_datagrams (Fixture *self, gconstpointer data)
{
  static const guint8 payload[MANY_SIZE];
  g_autoptr (GPtrArray) datagrams = g_ptr_array_new_with_free_func (g_object_unref);

  gudpx_port_set_send_queue_limit (self->port, LARGE_QUEUE_LIMIT);
  for (guint i = 0; i < N_MANY; i++)
    g_ptr_array_add (datagrams, gudpx_datagram_new (payload, sizeof payload, NULL));
  g_assert_cmpint (gudpx_port_write_datagrams (self->port, datagrams, NULL), ==, N_MANY);
  g_assert_cmpuint (gudpx_port_get_send_queue_size (self->port), >, 0);
  g_assert_cmpuint (self->notified_size, ==, gudpx_port_get_send_queue_size (self->port));
  expect_to_arrive (self, N_MANY);
  wait_for (self->notified_size == 0);
}

static void
test_write_packed (Fixture *self, gconstpointer data)
{
  g_autofree guint8 *payloads = g_malloc0 (N_MANY * MANY_SIZE);
  g_autofree guint32 *index = g_new0 (guint32, 2 * N_MANY);

  gudpx_port_set_send_queue_limit (self->port, LARGE_QUEUE_LIMIT);
  for (guint i = 0; i < N_MANY; i++)
    index[2 * i] = MANY_SIZE;
  g_assert_cmpint (gudpx_port_write_packed (self->port, payloads, N_MANY * MANY_SIZE,
                                            (const guint8 *) index, 2 * N_MANY * sizeof (guint32),
                                            NULL),
                   ==, N_MANY);
  g_assert_cmpuint (gudpx_port_get_send_queue_size (self->port), >, 0);
  g_assert_cmpuint (self->notified_size, ==, gudpx_port_get_send_queue_size (self->port));
  expect_to_arrive (self, N_MANY);
  wait_for (self->notified_size == 0);
}

/* A call fills the queue beyond its high mark and sends all of it. */
static void
test_writable_after_datagrams (Fixture *self, gconstpointer data)
{
  static const guint8 payload[100];
  g_autoptr (GPtrArray) datagrams = g_ptr_array_new_with_free_func (g_object_unref);

  gudpx_port_set_send_queue_limit (self->port, QUEUE_LIMIT);
  for (guint i = 0; i < 2 * QUEUE_LIMIT / sizeof payload; i++)
    g_ptr_array_add (datagrams, gudpx_datagram_new (payload, sizeof payload, NULL));
  g_assert_cmpint (gudpx_port_write_datagrams (self->port, datagrams, NULL), ==, datagrams->len);
  g_assert_cmpuint (gudpx_port_get_send_queue_size (self->port), ==, 0);
  wait_for (has_event (self, "writable"));
}

static void
write_more_than_fits (Recorder *recorder, GudpxDatagram *datagram, gpointer user_data)
{
  static const guint8 payload[100];
  GudpxPort *port = gudpx_datagram_get_transport (datagram);

  for (guint i = 0; i < 2 * QUEUE_LIMIT / sizeof payload; i++)
    g_assert_true (gudpx_port_write (port, payload, sizeof payload, NULL));
}

/* A handler gathers more than the queue has room for: datagrams leave to make room. */
static void
test_room_in_handler (Fixture *self, gconstpointer data)
{
  gudpx_port_set_send_queue_limit (self->port, QUEUE_LIMIT);
  self->recorder->on_datagram = write_more_than_fits;
  send_one (self);
  wait_for (self->recorder->datagrams->len == 1);
  expect_to_arrive (self, 2 * QUEUE_LIMIT / 100);
}

/* The next call that sends fails. */
static void
fail_to_send (int errsv)
{
  faults_set ("sendmmsg", errsv, FAULT_FIRST, 1);
  faults_set ("sendmsg", errsv, FAULT_FIRST, 1);
}

/* The send meets a refusal of an earlier datagram, and takes that from the socket. A port that has
 * a peer gets it from the error queue as well, if the system has one. */
static GSocketAddress *
disconnect (Fixture *self)
{
  g_assert_true (gudpx_port_disconnect_peer (self->port, NULL));
  return g_socket_get_local_address (self->peer, NULL);
}

static void
test_refusal_met_by_write (Fixture *self, gconstpointer data)
{
  g_autoptr (GSocketAddress) address = disconnect (self);

  fail_to_send (ECONNREFUSED);
  g_assert_true (gudpx_port_write_to (self->port, text ("x"), address, NULL));
  wait_for (has_event (self, "error"));
}

static void
test_refusal_met_by_datagrams (Fixture *self, gconstpointer data)
{
  g_autoptr (GSocketAddress) address = disconnect (self);
  g_autoptr (GPtrArray) datagrams = g_ptr_array_new_with_free_func (g_object_unref);

  g_ptr_array_add (datagrams, gudpx_datagram_new (text ("x"), address));
  fail_to_send (ECONNREFUSED);
  g_assert_cmpint (gudpx_port_write_datagrams (self->port, datagrams, NULL), ==, 1);
  wait_for (has_event (self, "error"));
}

static void
reply_with_fault (Recorder *recorder, GudpxDatagram *datagram, gpointer user_data)
{
  recorder->on_datagram = NULL;
  fail_to_send (GPOINTER_TO_INT (user_data));
  g_assert_true (gudpx_datagram_reply (datagram, text ("x"), NULL));
}

static void
handle_with_fault (Fixture *self, int errsv)
{
  self->recorder->on_datagram = reply_with_fault;
  self->recorder->user_data = GINT_TO_POINTER (errsv);
  send_one (self);
}

static void
test_refusal_met_in_handler (Fixture *self, gconstpointer data)
{
  g_autoptr (GSocketAddress) address G_GNUC_UNUSED = disconnect (self);

  handle_with_fault (self, ECONNREFUSED);
  wait_for (has_event (self, "error"));
}

/* The device has no room: the socket is writable all the same, so that a timer has to tell. */
static void
test_no_buffers (Fixture *self, gconstpointer data)
{
  fail_to_send (ENOBUFS);
  g_assert_true (gudpx_port_write (self->port, text ("x"), NULL));
  g_assert_cmpuint (gudpx_port_get_send_queue_size (self->port), >, 0);
  expect_to_arrive (self, 1);
  wait_for (self->n_notified > 0 && self->notified_size == 0);
}

static void
test_no_buffers_in_handler (Fixture *self, gconstpointer data)
{
  handle_with_fault (self, ENOBUFS);
  expect_to_arrive (self, 1);
  wait_for (gudpx_port_get_send_queue_size (self->port) == 0);
}

/* Another event, while the port waits for the timer, does not take the timer from the port. */
static void
test_no_buffers_and_input (Fixture *self, gconstpointer data)
{
  faults_set ("sendmmsg", ENOBUFS, FAULT_ALWAYS, 0);
  faults_set ("sendmsg", ENOBUFS, FAULT_ALWAYS, 0);
  g_assert_true (gudpx_port_write (self->port, text ("x"), NULL));
  wait_for (faults_count ("sendmmsg") + faults_count ("sendmsg") >= 6);
  faults_reset ();
  send_one (self);
  expect_to_arrive (self, 1);
  g_assert_cmpuint (self->recorder->datagrams->len, ==, 1);
}

/* Each call that fills the queue tells of its size before it returns. */
static void
test_queue_size_is_told (Fixture *self, gconstpointer data)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static ("x", 1);
  g_autoptr (GAsyncResult) result = NULL;
  guint n = fill_kernel (self);

  g_assert_true (gudpx_port_write (self->port, text ("x"), NULL));
  g_assert_cmpuint (self->notified_size, >, 0);
  g_assert_cmpuint (self->notified_size, ==, gudpx_port_get_send_queue_size (self->port));
  gudpx_port_write_async (self->port, bytes, NULL, NULL, keep_result, &result);
  g_assert_cmpuint (self->notified_size, ==, gudpx_port_get_send_queue_size (self->port));
  expect_to_arrive (self, n + 2);
  wait_for (self->notified_size == 0);
  wait_for (result != NULL);
}

static void
fill_again (Recorder *recorder, GudpxDatagram *datagram, gpointer user_data)
{
  Fixture *self = user_data;

  while (gudpx_port_write (self->port, text ("x"), NULL))
    ;
  g_assert_cmpuint (self->notified_size, ==, gudpx_port_get_send_queue_size (self->port));
}

/* A handler of “writable” hears of the size as it writes. Nothing else would tell the size until
 * the peer reads. */
static void
test_queue_size_is_told_in_writable (Fixture *self, gconstpointer data)
{
  self->recorder->user_data = self;
  self->recorder->on_writable = fill_again;
  fill (self);
  while (!has_event (self, "writable"))
    expect_to_arrive (self, 1);
  self->recorder->on_writable = NULL;
  g_assert_cmpuint (self->notified_size, >, 0);
  g_assert_cmpuint (self->notified_size, ==, gudpx_port_get_send_queue_size (self->port));
}

static void
write_when_flushed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Fixture *self = user_data;

  g_assert_true (gudpx_port_flush_finish (self->port, result, NULL));
  g_assert_true (gudpx_port_write (self->port, text ("x"), NULL));
  g_assert_false (peer_has_nothing (self->peer));
  self->n_flushed++;
}

/* Results are told after the dispatch: datagrams that are written then leave at once. */
static void
test_write_when_flushed (Fixture *self, gconstpointer data)
{
  gudpx_port_flush_async (self->port, NULL, write_when_flushed, self);
  wait_for (self->n_flushed == 1);
  expect_to_arrive (self, 1);
}

static void
test_queue_size_is_told_of_stop (Fixture *self, gconstpointer data)
{
  fill (self);
  g_assert_cmpuint (self->notified_size, >, 0);
  gudpx_port_stop_listening (self->port);
  g_assert_cmpuint (self->notified_size, ==, 0);
}

static void
restart_iterate_and_write (Recorder *recorder, GudpxDatagram *datagram, gpointer user_data)
{
  GudpxPort *port = gudpx_datagram_get_transport (datagram);
  GSocketAddress *sender = gudpx_datagram_get_sender (datagram);

  recorder->on_datagram = NULL;
  gudpx_port_stop_listening (port);
  g_assert_true (gudpx_port_start_listening (port, NULL));
  settle ();
  g_assert_true (gudpx_port_write_to (port, text ("x"), sender, NULL));
}

/* A main loop in the handler takes the wake-up that the start asked for. A datagram that the
 * handler writes afterwards leaves, too. */
static void
test_restarted (Fixture *self, gconstpointer data)
{
  self->recorder->on_datagram = restart_iterate_and_write;
  send_one (self);
  wait_for (self->recorder->on_datagram == NULL);
  expect_to_arrive (self, 1);
}

static void
write_and_stop_later (Recorder *recorder, GudpxDatagram *datagram, gpointer user_data)
{
  GudpxPort *port = gudpx_datagram_get_transport (datagram);

  recorder->on_datagram = NULL;
  g_assert_true (gudpx_datagram_reply (datagram, text ("x"), NULL));
  gudpx_port_stop_listening_async (port, NULL, keep_result, user_data);
  settle ();
}

/* A stop that begins in a handler, and then a main loop there, sends the reply and ends. */
static void
test_stopped_later (Fixture *self, gconstpointer data)
{
  g_autoptr (GAsyncResult) result = NULL;

  self->recorder->on_datagram = write_and_stop_later;
  self->recorder->user_data = &result;
  send_one (self);
  wait_for (result != NULL);
  expect_to_arrive (self, 1);
}

/* An IPv6 socket gets a new one in its place when its peer goes. */
static void
test_disconnected (Fixture *self, gconstpointer data)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "::1");
  g_autoptr (GSocket) peer = peer_new ("::1");
  g_autoptr (GSocket) other = peer_new ("::1");

  g_assert_true (gudpx_port_connect_peer (port, "::1", peer_get_port (peer), NULL));
  settle ();
  g_assert_true (gudpx_port_disconnect_peer (port, NULL));
  peer_send (other, "x", 1, port);
  wait_for (recorder->datagrams->len == 1);

  gudpx_port_stop_listening (port);
}

static void
use_refuser (Fixture *self, gconstpointer data)
{
  g_autoptr (Refuser) refuser = g_object_new (TYPE_REFUSER, NULL);

  tear_down (self, data);
  set_up (self, data);
  self->port = adopt_pair (GUDPX_DATAGRAM_PROTOCOL (refuser), &self->peer);
  watch_port (self);
}

/* A port that waits for room to send hears, after its protocol took nothing for a while. */
static void
test_stalled_and_refused (Fixture *self, gconstpointer data)
{
  Refuser *refuser;

  use_refuser (self, data);
  refuser = TEST_REFUSER (gudpx_port_get_protocol (self->port));
  fill (self);
  send_one (self);
  wait_for (refuser->n_calls >= 3);
  refuser->refuses = FALSE;
  for (guint n = 1; n <= 3; n++)
    {
      wait_for (refuser->n_taken == n);
      settle ();
      send_one (self);
    }
  wait_for (refuser->n_taken == 4);
}

/* The port asks the socket once more after it has sent, and then its protocol takes nothing, writes
 * and pauses the port. */
static void
test_written_in_busy_poll (Fixture *self, gconstpointer data)
{
  g_autoptr (Refuser) refuser = g_object_new (TYPE_REFUSER, NULL);
  g_autoptr (GudpxPort) port
      = gudpx_listen_udp (0, GUDPX_DATAGRAM_PROTOCOL (refuser), "127.0.0.1", NULL);

  g_assert_true (gudpx_port_set_busy_poll (port, 1000, NULL));
  refuser->peer = self->peer;
  peer_send (self->peer, "x", 1, port);
  wait_for (refuser->n_calls == 2);
  expect_to_arrive (self, 1);

  gudpx_port_stop_listening (port);
}

/* The main loop runs on while the port has nothing to do. */

#define N_TICKS 10
#define TICK 10 /* ms */

static gboolean
count_tick (gpointer user_data)
{
  ++*(guint *) user_data;
  return G_SOURCE_CONTINUE;
}

/* Fails if the port is called more than @max times by some iterations of the main loop, and
 * @max_per_ms times for each millisecond that they take: a spin comes to hundreds. */
static void
expect_few_wakeups (Fixture *self, guint max, guint max_per_ms)
{
  gint64 start;
  guint64 n_before;
  guint n_ticks = 0;
  guint source;

  settle ();
  start = g_get_monotonic_time ();
  n_before = count_wakeups (self);
  source = g_timeout_add (TICK, count_tick, &n_ticks);
  wait_for (n_ticks == N_TICKS);
  g_source_remove (source);
  g_assert_cmpuint (count_wakeups (self) - n_before, <=,
                    max + max_per_ms * (g_get_monotonic_time () - start) / G_TIME_SPAN_MILLISECOND);
}

static void
test_rests_when_idle (Fixture *self, gconstpointer data)
{
  expect_few_wakeups (self, 0, 0);
  g_assert_true (gudpx_port_write (self->port, text ("x"), NULL));
  expect_few_wakeups (self, 0, 0);
}

/* Polls for room to write no longer. */
static void
test_rests_when_flushed (Fixture *self, gconstpointer data)
{
  guint n = fill (self);

  expect_to_arrive (self, n);
  wait_for (gudpx_port_get_send_queue_size (self->port) == 0);
  wait_for (has_event (self, "writable"));
  expect_few_wakeups (self, 0, 0);
}

static void
test_rests_when_stalled (Fixture *self, gconstpointer data)
{
  fill (self);
  expect_few_wakeups (self, 0, 0);
  gudpx_port_set_send_queue_limit (self->port, 100);
  expect_few_wakeups (self, 0, 0);
}

/* Tries again by a timer, of which no two expire in the same millisecond. */
static void
test_rests_between_retries (Fixture *self, gconstpointer data)
{
  faults_set ("sendmmsg", ENOBUFS, FAULT_ALWAYS, 0);
  faults_set ("sendmsg", ENOBUFS, FAULT_ALWAYS, 0);
  g_assert_true (gudpx_port_write (self->port, text ("x"), NULL));
  expect_few_wakeups (self, 1, 1);
  faults_reset ();
  expect_to_arrive (self, 1);
}

/* Somebody waits for the queue. */
static void
test_rests_with_flush (Fixture *self, gconstpointer data)
{
  g_autoptr (GAsyncResult) result = NULL;

  fill (self);
  gudpx_port_flush_async (self->port, NULL, keep_result, &result);
  expect_few_wakeups (self, 0, 0);
  g_assert_null (result);
  gudpx_port_stop_listening (self->port);
  wait_for (result != NULL);
}

/* Input is left where it is. */
static void
test_rests_while_paused (Fixture *self, gconstpointer data)
{
  pause_with_undelivered (self);
  send_one (self);
  expect_few_wakeups (self, 0, 0);
  g_assert_cmpuint (self->recorder->datagrams->len, ==, 1);
}

/* Owes the protocol “writable”, and waits for room. */
static void
test_rests_while_paused_and_stalled (Fixture *self, gconstpointer data)
{
  gudpx_port_set_reading (self->port, FALSE);
  fill (self);
  send_one (self);
  expect_few_wakeups (self, 0, 0);
}

/* A stop waits for the queue, and input comes that nobody reads any more. */
static void
test_rests_while_stopping (Fixture *self, gconstpointer data)
{
  g_autoptr (GAsyncResult) result = NULL;

  fill (self);
  gudpx_port_stop_listening_async (self->port, NULL, keep_result, &result);
  send_one (self);
  /* The stop ends when nothing has left for 5 seconds, which a slow machine may come to. */
  expect_few_wakeups (self, 1, 0);
  gudpx_port_stop_listening (self->port);
  wait_for (result != NULL);
}

/* Owes the protocol “writable”, and does not tell it any more. */
static void
test_rests_while_stopping_with_room (Fixture *self, gconstpointer data)
{
  g_autoptr (GAsyncResult) result = NULL;

  fill (self);
  gudpx_port_stop_listening_async (self->port, NULL, keep_result, &result);
  gudpx_port_set_send_queue_limit (self->port, LARGE_QUEUE_LIMIT);
  expect_few_wakeups (self, 1, 0);
  g_assert_false (has_event (self, "writable"));
  gudpx_port_stop_listening (self->port);
  wait_for (result != NULL);
}

/* The protocol takes nothing, and the port waits for room to send as well. */
static void
test_rests_between_offers (Fixture *self, gconstpointer data)
{
  use_refuser (self, data);
  fill (self);
  send_one (self);
  wait_for (TEST_REFUSER (gudpx_port_get_protocol (self->port))->n_calls >= 1);
  send_one (self);
  expect_few_wakeups (self, 1, 1);
}

typedef void (*TestFunc) (Fixture *self, gconstpointer data);

/* Alone, and with many others. */
static void
add_test (const char *name, TestFunc prepare, TestFunc test)
{
  g_autofree char *path = g_strdup_printf ("/wakeups/%s", name);
  g_autofree char *path_of_many = g_strdup_printf ("/wakeups/of-many/%s", name);

  g_test_add (path, Fixture, NULL, prepare, test, tear_down);
  g_test_add (path_of_many, Fixture, GUINT_TO_POINTER (N_OTHERS), prepare, test, tear_down);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_test ("write-async", set_up_udp, test_write_async);
  add_test ("flush-async", set_up_udp, test_flush_async);
  add_test ("cancelled-write", set_up_unix, test_cancelled_write);
  add_test ("cancelled-write-of-stop", set_up_unix, test_cancelled_write_of_stop);
  /* Once, for the timer's 5 seconds. */
  g_test_add ("/wakeups/stop-ends", Fixture, NULL, set_up_unix, test_stop_ends, tear_down);
  add_test ("larger-queue", set_up_unix, test_larger_queue);
  add_test ("smaller-queue", set_up_unix, test_smaller_queue);
  add_test ("not-coalesced", set_up_unix, test_not_coalesced);
  add_test ("not-coalesced-in-handler", set_up_unix, test_not_coalesced_in_handler);
  add_test ("reading-again", set_up_udp, test_reading_again);
  add_test ("write-datagrams", set_up_unix, test_write_datagrams);
  add_test ("write-packed", set_up_unix, test_write_packed);
  add_test ("writable-after-datagrams", set_up_udp, test_writable_after_datagrams);
  add_test ("room-in-handler", set_up_udp, test_room_in_handler);
  add_test ("refusal-met-by-write", set_up_udp, test_refusal_met_by_write);
  add_test ("refusal-met-by-datagrams", set_up_udp, test_refusal_met_by_datagrams);
  add_test ("refusal-met-in-handler", set_up_udp, test_refusal_met_in_handler);
  add_test ("no-buffers", set_up_udp, test_no_buffers);
  add_test ("no-buffers-in-handler", set_up_udp, test_no_buffers_in_handler);
  add_test ("no-buffers-and-input", set_up_udp, test_no_buffers_and_input);
  add_test ("queue-size-is-told", set_up_unix, test_queue_size_is_told);
  add_test ("queue-size-is-told-in-writable", set_up_unix, test_queue_size_is_told_in_writable);
  add_test ("write-when-flushed", set_up_udp, test_write_when_flushed);
  add_test ("queue-size-is-told-of-stop", set_up_unix, test_queue_size_is_told_of_stop);
  add_test ("restarted", set_up_udp, test_restarted);
  add_test ("stopped-later", set_up_udp, test_stopped_later);
  add_test ("disconnected", set_up_udp, test_disconnected);
  add_test ("stalled-and-refused", set_up_unix, test_stalled_and_refused);
  add_test ("written-in-busy-poll", set_up_udp, test_written_in_busy_poll);

  add_test ("rests/idle", set_up_udp, test_rests_when_idle);
  add_test ("rests/flushed", set_up_unix, test_rests_when_flushed);
  add_test ("rests/stalled", set_up_unix, test_rests_when_stalled);
  add_test ("rests/between-retries", set_up_udp, test_rests_between_retries);
  add_test ("rests/with-flush", set_up_unix, test_rests_with_flush);
  add_test ("rests/paused", set_up_udp, test_rests_while_paused);
  add_test ("rests/paused-and-stalled", set_up_unix, test_rests_while_paused_and_stalled);
  add_test ("rests/stopping", set_up_unix, test_rests_while_stopping);
  add_test ("rests/stopping-with-room", set_up_unix, test_rests_while_stopping_with_room);
  add_test ("rests/between-offers", set_up_unix, test_rests_between_offers);

  return g_test_run ();
}
