/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tests failing calls that receive datagrams or read errors. */

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "faults.h"
#include "recorder.h"

typedef struct
{
  Recorder *recorder;
  GudpxPort *port;
  GSocket *peer;
  GSocketAddress *address; /* address of the port, for the thread that floods it */
  int is_over;
} Fixture;

static void
set_up (Fixture *self, gconstpointer data)
{
  faults_reset ();
  self->recorder = recorder_new ();
  self->port = listen_on (self->recorder, "127.0.0.1");
  self->peer = peer_new ("127.0.0.1");
  recorder_forget (self->recorder);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  faults_reset ();
  gudpx_port_stop_listening (self->port);
  g_object_unref (self->peer);
  g_object_unref (self->port);
  g_object_unref (self->recorder);
}

static gboolean
set_true (gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
  return G_SOURCE_REMOVE;
}

static void
iterate_for (guint ms)
{
  gboolean is_over = FALSE;

  g_timeout_add (ms, set_true, &is_over);
  wait_for (is_over);
}

static guint64
count_errors (Fixture *self)
{
  g_autoptr (GudpxStatistics) statistics = gudpx_port_get_statistics (self->port);

  return statistics->errors;
}

static void
receive_one (Fixture *self, const char *payload)
{
  const guint n_before = self->recorder->datagrams->len;
  g_autofree char *received = NULL;

  peer_send (self->peer, payload, -1, self->port);
  wait_for (self->recorder->datagrams->len > n_before);
  received = recorder_get_payload (self->recorder, n_before);
  g_assert_cmpstr (received, ==, payload);
}

static void
fail_to_receive (int errsv)
{
  faults_set ("recvmmsg", errsv, FAULT_ALWAYS, 0);
  faults_set ("recvmsg", errsv, FAULT_ALWAYS, 0);
}

/* Receiving fails permanently: this causes one report and one counted error. In 200 ms a busy loop
 * would make tens of thousands of calls. When the call works again, everything is delivered, and
 * the next failure is reported again. */
static void
test_fails_for_good (Fixture *self, gconstpointer data)
{
  const int errsv = GPOINTER_TO_INT (data);

  for (guint64 n_errors = 1; n_errors <= 2; n_errors++)
    {
      recorder_forget (self->recorder);
      g_clear_error (&self->recorder->error);
      fail_to_receive (errsv);
      peer_send (self->peer, "one", -1, self->port);
      peer_send (self->peer, "two", -1, self->port);
      wait_for (self->recorder->error != NULL);
      iterate_for (200);
      g_assert_cmpstr (self->recorder->events->str, ==, "error ");
      g_assert_nonnull (strstr (self->recorder->error->message, "Cannot receive on 127.0.0.1:"));
      g_assert_null (self->recorder->destination);
      g_assert_cmpuint (count_errors (self), ==, n_errors);
      g_assert_cmpuint (faults_count ("recvmmsg") + faults_count ("recvmsg"), <, 1000);

      faults_reset ();
      wait_for (self->recorder->datagrams->len == 2);
      receive_one (self, "three");
    }
  g_assert_true (gudpx_port_get_listening (self->port));
}

/* The port can send while receiving fails. A restart clears the failure. */
static void
test_fails_and_sends (Fixture *self, gconstpointer data)
{
  g_autofree char *received = NULL;

  fail_to_receive (EIO);
  peer_send (self->peer, "one", -1, self->port);
  wait_for (self->recorder->error != NULL);
  g_assert_true (gudpx_port_write_to_host (self->port, text ("x"), "127.0.0.1",
                                           peer_get_port (self->peer), NULL));
  /* The peer uses the same calls to receive. */
  faults_reset ();
  received = peer_receive (self->peer, NULL);
  g_assert_cmpstr (received, ==, "x");

  gudpx_port_stop_listening (self->port);
  g_assert_true (gudpx_port_start_listening (self->port, NULL));
  receive_one (self, "two");
}

static void
stop (Recorder *recorder, GudpxDatagram *datagram, gpointer user_data)
{
  gudpx_port_stop_listening (user_data);
}

/* The report may stop the port. */
static void
test_fails_and_stops (Fixture *self, gconstpointer data)
{
  self->recorder->on_error = stop;
  self->recorder->user_data = self->port;
  fail_to_receive (EIO);
  peer_send (self->peer, "one", -1, self->port);
  wait_for (!gudpx_port_get_listening (self->port));
  g_assert_cmpstr (self->recorder->events->str, ==, "error stopped ");
}

#ifdef HAVE_LINUX_IO

/* An interrupted call is repeated a few times at once, then after a delay. */
static void
test_interrupted (Fixture *self, gconstpointer data)
{
  faults_set ("recvmmsg", EINTR, FAULT_ALWAYS, 0);
  peer_send (self->peer, "one", -1, self->port);
  wait_for (faults_count ("recvmmsg") > 0);
  iterate_for (200);
  g_assert_cmpuint (faults_count ("recvmmsg"), <, 1000);
  faults_reset ();
  wait_for (self->recorder->datagrams->len == 1);
}

/* Runs in a separate process, because the library remembers that the system lacks a call. */
static void
test_no_mmsg (Fixture *self, gconstpointer data)
{
  const int errsv = GPOINTER_TO_INT (data);
  g_autoptr (GPtrArray) datagrams = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GSocketAddress) address = NULL;

  if (!g_test_subprocess ())
    {
      g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
      g_test_trap_assert_passed ();
      return;
    }

  faults_set ("recvmmsg", errsv, FAULT_ALWAYS, 0);
  faults_set ("sendmmsg", errsv, FAULT_ALWAYS, 0);
  receive_one (self, "one");
  receive_one (self, "two");
  g_assert_cmpuint (faults_count ("recvmmsg"), ==, 1);

  address = g_socket_get_local_address (self->peer, NULL);
  for (guint i = 0; i < 5; i++)
    g_ptr_array_add (datagrams, gudpx_datagram_new (text ("x"), address));
  for (guint i = 0; i < 2; i++)
    g_assert_cmpint (gudpx_port_write_datagrams (self->port, datagrams, NULL), ==, 5);
  for (guint i = 0; i < 10; i++)
    {
      g_autofree char *received = peer_receive (self->peer, NULL);

      g_assert_cmpstr (received, ==, "x");
    }
  g_assert_cmpuint (faults_count ("sendmmsg"), ==, 1);
  g_assert_cmpstr (self->recorder->events->str, ==, "datagram datagram ");
}

/* EPERM from a firewall is an error of the datagram; the call itself works. */
static void
test_firewall (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (gudpx_port_write_to_host (self->port, text ("x"), "127.0.0.1",
                                           peer_get_port (self->peer), NULL));
  faults_set ("sendmmsg", EPERM, FAULT_FIRST, 1);
  faults_set ("sendmsg", EPERM, FAULT_FIRST, 1);
  g_assert_false (gudpx_port_write_to_host (self->port, text ("x"), "127.0.0.1",
                                            peer_get_port (self->peer), &error));
  expect_error (&error, G_IO_ERROR_PERMISSION_DENIED);
  faults_reset ();
  g_assert_true (gudpx_port_write_to_host (self->port, text ("x"), "127.0.0.1",
                                           peer_get_port (self->peer), NULL));
  g_assert_cmpuint (faults_count ("sendmmsg"), ==, 1);
}

/* A call that returns 0 or is interrupted is repeated later. */
static void
test_sends_nothing (Fixture *self, gconstpointer data)
{
  const int errsv = GPOINTER_TO_INT (data);
  g_autofree char *received = NULL;

  faults_set ("sendmmsg", errsv, FAULT_ALWAYS, 0);
  g_assert_true (gudpx_port_write_to_host (self->port, text ("x"), "127.0.0.1",
                                           peer_get_port (self->peer), NULL));
  iterate_for (200);
  g_assert_cmpuint (faults_count ("sendmmsg"), >, 1);
  g_assert_cmpuint (faults_count ("sendmmsg"), <, 1000);
  g_assert_cmpuint (count_errors (self), ==, 0);
  faults_reset ();
  wait_for (gudpx_port_get_send_queue_size (self->port) == 0);
  received = peer_receive (self->peer, NULL);
  g_assert_cmpstr (received, ==, "x");
}

static gpointer
flood (gpointer user_data)
{
  Fixture *self = user_data;

  while (!g_atomic_int_get (&self->is_over))
    g_socket_send_to (self->peer, self->address, "x", 1, NULL, NULL);
  return NULL;
}

static void
take_long (Recorder *recorder, GudpxDatagram *datagram, gpointer user_data)
{
  g_usleep (1000);
}

static gboolean
stop_with_queue (gpointer user_data)
{
  Fixture *self = user_data;

  faults_set ("sendmmsg", EAGAIN, FAULT_ALWAYS, 0);
  g_assert_true (gudpx_port_write_to_host (self->port, text ("x"), "127.0.0.1",
                                           peer_get_port (self->peer), NULL));
  gudpx_port_stop_listening_async (self->port, NULL, NULL, NULL);
  return G_SOURCE_REMOVE;
}

/* A source of lower priority stops a port that has stepped back, while its queue has to wait. */
static void
test_stops_after_step_back (Fixture *self, gconstpointer data)
{
  g_autoptr (GudpxStatistics) before = NULL;
  g_autoptr (GudpxStatistics) after = NULL;
  GThread *thread;

  self->recorder->on_datagram = take_long;
  self->address = g_object_ref (gudpx_port_get_local_address (self->port));
  thread = g_thread_new ("flood", flood, self);
  wait_for (self->recorder->datagrams->len > 0);
  g_idle_add (stop_with_queue, self);
  wait_for (!gudpx_port_get_listening (self->port));
  g_atomic_int_set (&self->is_over, TRUE);
  g_thread_join (thread);

  before = gudpx_port_get_statistics (self->port);
  iterate_for (200);
  after = gudpx_port_get_statistics (self->port);
  g_assert_cmpuint (after->wakeups - before->wakeups, <, 1000);
  g_object_unref (self->address);
}

static void
make_refused (Fixture *self)
{
  g_assert_true (
      gudpx_port_connect_peer (self->port, "127.0.0.1", free_number ("127.0.0.1"), NULL));
  g_assert_true (gudpx_port_write (self->port, text ("x"), NULL));
}

/* The socket stays readable because of errors that cannot be read. */
static void
test_unreadable_errors (Fixture *self, gconstpointer data)
{
  const int errsv = GPOINTER_TO_INT (data);

  faults_set ("recvmsg", errsv, FAULT_ALWAYS, 0);
  make_refused (self);
  wait_for (self->recorder->error != NULL);
  iterate_for (200);
  g_assert_cmpstr (self->recorder->events->str, ==, "error ");
  g_assert_nonnull (
      strstr (self->recorder->error->message, "Cannot read the errors of 127.0.0.1:"));
  g_assert_cmpuint (count_errors (self), ==, 1);
  g_assert_cmpuint (faults_count ("recvmsg"), <, 1000);

  faults_reset ();
  wait_for (strstr (self->recorder->events->str, "refused") != NULL);
}

/* An emulator returns 0 and leaves the error in the queue. This causes neither a hang nor a busy
 * loop. */
static void
test_empty_error_queue (Fixture *self, gconstpointer data)
{
  faults_set ("recvmsg", 0, FAULT_ALWAYS, 0);
  make_refused (self);
  wait_for (faults_count ("recvmsg") > 0);
  iterate_for (200);
  g_assert_cmpuint (faults_count ("recvmsg"), <, 1000);
  g_assert_null (self->recorder->error);

  faults_reset ();
  wait_for (strstr (self->recorder->events->str, "refused") != NULL);
}

#endif

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

#define add(name, function, data)                                                                  \
  g_test_add ("/failing-receive/" name, Fixture, GINT_TO_POINTER (data), set_up, function,         \
              tear_down)

  add ("eio", test_fails_for_good, EIO);
  add ("enomem", test_fails_for_good, ENOMEM);
  add ("enosys", test_fails_for_good, ENOSYS);
  add ("eperm", test_fails_for_good, EPERM);
  add ("sends", test_fails_and_sends, 0);
  add ("stops", test_fails_and_stops, 0);
#ifdef HAVE_LINUX_IO
  add ("interrupted", test_interrupted, 0);
  add ("no-mmsg/enosys", test_no_mmsg, ENOSYS);
  add ("no-mmsg/eperm", test_no_mmsg, EPERM);
  add ("firewall", test_firewall, 0);
  add ("sends-nothing/zero", test_sends_nothing, 0);
  add ("sends-nothing/interrupted", test_sends_nothing, EINTR);
  add ("stops-after-step-back", test_stops_after_step_back, 0);
  add ("unreadable-errors/eio", test_unreadable_errors, EIO);
  add ("unreadable-errors/interrupted", test_unreadable_errors, EINTR);
  add ("empty-error-queue", test_empty_error_queue, 0);
#endif

  return g_test_run ();
}
