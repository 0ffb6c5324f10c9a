/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tests that one iteration of the main loop takes a limited time, whatever a handler costs, and
 * that sources of lower priority run while datagrams flood a port. */

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <netinet/in.h>

#include <gio/gunixsocketaddress.h>

#include "recorder.h"

/* A dispatch may use 2 ms. A datagram that begins within this time may take longer. */
#define HANDLER_TIME (1 * G_TIME_SPAN_MILLISECOND)
#define MAX_PER_ITERATION 3
#define N_DATAGRAMS 60
/* GTK draws at this priority. */
#define REDRAW_PRIORITY (G_PRIORITY_HIGH_IDLE + 20)

typedef enum
{
  BY_SIGNAL,
  BY_VFUNC,
  BATCHED,
  BATCHED_AND_SINGLE,
  PACKED,
} Form;

/* A protocol that can be called in any form. Each datagram takes HANDLER_TIME. */
#define TYPE_SLOW (slow_get_type ())
#define TYPE_SLOW_BATCHES (slow_batches_get_type ())
#define TYPE_SLOW_PACKED (slow_packed_get_type ())

typedef struct
{
  GudpxDatagramProtocol parent_instance;
  Form form;
  guint n_received;
} Slow;

typedef GudpxDatagramProtocolClass SlowClass;
typedef Slow SlowBatches;
typedef SlowClass SlowBatchesClass;
typedef Slow SlowPacked;
typedef SlowClass SlowPackedClass;

static GType slow_get_type (void);
static GType slow_batches_get_type (void);
static GType slow_packed_get_type (void);

G_DEFINE_TYPE (Slow, slow, GUDPX_TYPE_DATAGRAM_PROTOCOL)
G_DEFINE_TYPE (SlowBatches, slow_batches, TYPE_SLOW)
G_DEFINE_TYPE (SlowPacked, slow_packed, TYPE_SLOW)

static void
handle (Slow *self)
{
  g_usleep (HANDLER_TIME);
  self->n_received++;
}

static void
slow_datagram_received (GudpxDatagramProtocol *protocol, GudpxDatagram *datagram)
{
  handle ((Slow *) protocol);
}

static void
slow_datagrams_received (GudpxDatagramProtocol *protocol, GPtrArray *datagrams)
{
  if (((Slow *) protocol)->form == BATCHED_AND_SINGLE)
    {
      GUDPX_DATAGRAM_PROTOCOL_CLASS (slow_parent_class)->datagrams_received (protocol, datagrams);
      return;
    }
  for (guint i = 0; i < datagrams->len; i++)
    handle ((Slow *) protocol);
}

static void
slow_packed_received (GudpxDatagramProtocol *protocol,
                      GudpxPort *port,
                      const guint8 *payloads,
                      gsize payloads_size,
                      const guint8 *index,
                      gsize index_size,
                      guint *n_taken)
{
  for (; *n_taken < index_size / 8; (*n_taken)++)
    handle ((Slow *) protocol);
}

static void
slow_class_init (SlowClass *klass)
{
  klass->datagram_received = slow_datagram_received;
}

static void
slow_init (Slow *self)
{
}

static void
slow_batches_class_init (SlowBatchesClass *klass)
{
  klass->datagrams_received = slow_datagrams_received;
}

static void
slow_batches_init (SlowBatches *self)
{
}

static void
slow_packed_class_init (SlowPackedClass *klass)
{
  klass->packed_received = slow_packed_received;
}

static void
slow_packed_init (SlowPacked *self)
{
}

static void
on_datagram (GudpxDatagramProtocol *protocol, GudpxDatagram *datagram, guint *n_received)
{
  g_usleep (HANDLER_TIME);
  ++*n_received;
}

static Slow *
slow_new (Form form)
{
  GType type = form == PACKED ? TYPE_SLOW_PACKED
               : form == BATCHED || form == BATCHED_AND_SINGLE ? TYPE_SLOW_BATCHES
               : form == BY_SIGNAL ? GUDPX_TYPE_DATAGRAM_PROTOCOL
                                   : TYPE_SLOW;
  Slow *self = g_object_new (type, NULL);

  if (form != BY_SIGNAL)
    self->form = form;
  return self;
}

static void
send_all (GudpxPort *port)
{
  g_autoptr (GSocket) peer = peer_new ("127.0.0.1");

  for (guint i = 0; i < N_DATAGRAMS; i++)
    peer_send (peer, "x", 1, port);
}

/* A call for several datagrams cannot be interrupted, so the first call of a port may take longer.
 * Later calls get fewer datagrams. */
static void
test_slow_handler (gconstpointer data)
{
  const Form form = GPOINTER_TO_UINT (data);
  g_autoptr (GudpxDatagramProtocol) protocol = (GudpxDatagramProtocol *) slow_new (form);
  g_autoptr (GudpxPort) port = gudpx_listen_udp (0, protocol, "127.0.0.1", NULL);
  guint n_emitted = 0;
  guint *n_received = form == BY_SIGNAL ? &n_emitted : &((Slow *) protocol)->n_received;
  guint n_before = 0;

  if (form == BY_SIGNAL)
    g_signal_connect (protocol, "datagram-received", G_CALLBACK (on_datagram), n_received);
  if (form == BATCHED || form == PACKED)
    {
      send_all (port);
      wait_for (*n_received == N_DATAGRAMS);
      n_before = *n_received;
    }

  send_all (port);
  while (*n_received < n_before + N_DATAGRAMS)
    {
      const guint n = *n_received;

      g_main_context_iteration (NULL, TRUE);
      g_assert_cmpuint (*n_received - n, <=, MAX_PER_ITERATION);
    }

  gudpx_port_stop_listening (port);
}

/* The first call gets all waiting datagrams, but at most 32: handlers that want batches get
 * them. */
static void
test_first_batch (void)
{
  g_autoptr (GudpxDatagramProtocol) protocol = (GudpxDatagramProtocol *) slow_new (BATCHED);
  g_autoptr (GudpxPort) port = gudpx_listen_udp (0, protocol, "127.0.0.1", NULL);

  send_all (port);
  wait_for (((Slow *) protocol)->n_received > 0);
  g_assert_cmpuint (((Slow *) protocol)->n_received, ==, 32);

  gudpx_port_stop_listening (port);
}

static void
take_error (Recorder *recorder, GudpxDatagram *datagram, gpointer user_data)
{
  g_usleep (HANDLER_TIME);
  ++*(guint *) user_data;
}

static void
expect_errors_in_turns (guint *n_errors, guint n)
{
  while (*n_errors < n)
    {
      const guint n_before = *n_errors;

      g_main_context_iteration (NULL, TRUE);
      g_assert_cmpuint (*n_errors - n_before, <=, MAX_PER_ITERATION);
    }
}

#ifdef HAVE_LINUX_IO
/* Reports of network errors share the time limit. */
static void
test_slow_errors (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "127.0.0.1");
  const guint16 number = free_number ("127.0.0.1");
  guint n_errors = 0;

  recorder->on_error = take_error;
  recorder->user_data = &n_errors;
  gudpx_port_set_report_errors (port, TRUE);
  for (guint i = 0; i < 20; i++)
    g_assert_true (gudpx_port_write_to_host (port, text ("x"), "127.0.0.1", number, NULL));
  expect_errors_in_turns (&n_errors, 20);

  gudpx_port_stop_listening (port);
}
#endif

static void
write_nowhere (Recorder *recorder, GudpxDatagram *datagram, gpointer user_data)
{
  g_autoptr (GSocketAddress) nowhere = g_unix_socket_address_new ("/nonexistent/gudpx");

  for (guint i = 0; i < 20; i++)
    g_assert_true (gudpx_port_write_to (gudpx_datagram_get_transport (datagram), text ("x"),
                                        nowhere, NULL));
}

/* Reports about queued datagrams share the time limit. */
static void
test_slow_outcomes (void)
{
  g_autofree char *directory = g_dir_make_tmp ("gudpx-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (directory, "socket", NULL);
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port =
      gudpx_listen_unix_datagram (path, GUDPX_DATAGRAM_PROTOCOL (recorder), NULL);
  guint n_errors = 0;

  recorder->on_datagram = write_nowhere;
  recorder->on_error = take_error;
  recorder->user_data = &n_errors;
  g_assert_true (
      gudpx_port_write_to (port, text ("x"), gudpx_port_get_local_address (port), NULL));
  expect_errors_in_turns (&n_errors, 20);

  gudpx_port_stop_listening (port);
  g_assert_cmpint (rmdir (directory), ==, 0);
}

/* Threads that send without a pause. */
typedef struct
{
  GPtrArray *ports;
  guint16 *numbers;
  guint n_numbers;
  int is_over;
  GThread *thread;
} Flood;

static gpointer
run_flood (gpointer data)
{
  Flood *self = data;
  int fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };

  for (guint i = 0; !g_atomic_int_get (&self->is_over); i = (i + 1) % self->n_numbers)
    {
      address.sin_port = htons (self->numbers[i]);
      sendto (fd, "x", 1, 0, (struct sockaddr *) &address, sizeof address);
    }
  close (fd);
  return NULL;
}

static void
flood_begin (Flood *self, GudpxDatagramProtocol *protocol, guint n_ports)
{
  *self = (Flood){ .ports = g_ptr_array_new_with_free_func (g_object_unref),
                   .numbers = g_new (guint16, n_ports),
                   .n_numbers = n_ports };
  for (guint i = 0; i < n_ports; i++)
    {
      GudpxPort *port = gudpx_listen_udp (0, protocol, "127.0.0.1", NULL);

      g_ptr_array_add (self->ports, port);
      self->numbers[i] = port_get_number (port);
    }
  self->thread = g_thread_new ("flood", run_flood, self);
}

static void
flood_end (Flood *self)
{
  g_atomic_int_set (&self->is_over, TRUE);
  g_thread_join (self->thread);
  for (guint i = 0; i < self->ports->len; i++)
    gudpx_port_stop_listening (self->ports->pdata[i]);
  g_ptr_array_unref (self->ports);
  g_free (self->numbers);
}

static gboolean
count_up (gpointer user_data)
{
  ++*(guint *) user_data;
  return G_SOURCE_CONTINUE;
}

/* Sources for GTK's redraws and for idle work run during the flood, and so does a source of the
 * same priority. The flood never pauses: it sends far more than handlers of 1 ms can process. */
static void
check_turns (Form form, guint n_ports)
{
  g_autoptr (GudpxDatagramProtocol) protocol = (GudpxDatagramProtocol *) slow_new (form);
  Flood flood;
  guint n_redraws = 0;
  guint n_idles = 0;
  guint redraw;
  guint idle;

  flood_begin (&flood, protocol, n_ports);
  wait_for (((Slow *) protocol)->n_received > 0);
  redraw = g_timeout_add_full (REDRAW_PRIORITY, 1, count_up, &n_redraws, NULL);
  wait_for (n_redraws >= 5);
  g_source_remove (redraw);
  idle = g_idle_add (count_up, &n_idles);
  wait_for (n_idles >= 5);
  g_source_remove (idle);
  flood_end (&flood);
}

static void
test_turns (void)
{
  check_turns (BY_VFUNC, 1);
}

static void
test_turns_of_batches (void)
{
  check_turns (BATCHED, 1);
}

static void
test_turns_of_packed (void)
{
  check_turns (PACKED, 1);
}

/* More ports than the main context polls itself. */
static void
test_turns_of_many_ports (void)
{
  check_turns (BY_VFUNC, 40);
}

static gboolean
be_busy (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

/* Busy sources of lower priority do not keep the port from receiving. */
static void
test_busy_redraws (void)
{
  g_autoptr (GudpxDatagramProtocol) protocol = (GudpxDatagramProtocol *) slow_new (BY_VFUNC);
  guint source = g_idle_add_full (REDRAW_PRIORITY, be_busy, NULL, NULL);
  Flood flood;

  flood_begin (&flood, protocol, 1);
  wait_for (((Slow *) protocol)->n_received >= 200);
  flood_end (&flood);
  g_source_remove (source);
}

/* A port that has stepped back can be stopped, and nothing keeps it alive. */
static void
test_stop_in_flood (void)
{
  for (guint i = 0; i < 20; i++)
    {
      Slow *slow = slow_new (BY_VFUNC);
      Flood flood;

      flood_begin (&flood, (GudpxDatagramProtocol *) slow, 1);
      wait_for (slow->n_received >= 20 + i);
      flood_end (&flood);
      g_assert_finalize_object (slow);
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

#define add_slow(name, form)                                                                       \
  g_test_add_data_func ("/fairness/slow-" name, GUINT_TO_POINTER (form), test_slow_handler)

  add_slow ("signal", BY_SIGNAL);
  add_slow ("vfunc", BY_VFUNC);
  add_slow ("batches", BATCHED);
  add_slow ("batches-one-by-one", BATCHED_AND_SINGLE);
  add_slow ("packed", PACKED);
  g_test_add_func ("/fairness/first-batch", test_first_batch);
#ifdef HAVE_LINUX_IO
  g_test_add_func ("/fairness/slow-errors", test_slow_errors);
#endif
  g_test_add_func ("/fairness/slow-outcomes", test_slow_outcomes);
  g_test_add_func ("/fairness/turns", test_turns);
  g_test_add_func ("/fairness/turns-of-batches", test_turns_of_batches);
  g_test_add_func ("/fairness/turns-of-packed", test_turns_of_packed);
  g_test_add_func ("/fairness/turns-of-many-ports", test_turns_of_many_ports);
  g_test_add_func ("/fairness/busy-redraws", test_busy_redraws);
  g_test_add_func ("/fairness/stop-in-flood", test_stop_in_flood);

  return g_test_run ();
}
