/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "recorder.h"

#define N_ROUNDS 2000

static void
ping_pong (Recorder *recorder, GudpxDatagram *datagram, gpointer user_data)
{
  GThread *thread = user_data;

  g_assert_true (thread == g_thread_self ());
  g_ptr_array_set_size (recorder->datagrams, 0);
  g_assert_true (gudpx_datagram_reply (datagram, text ("x"), NULL));
}

/* Runs a context with a port that sends to itself. */
static gpointer
run_port (gpointer data)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = NULL;

  g_main_context_push_thread_default (context);
  recorder->on_datagram = ping_pong;
  recorder->user_data = g_thread_self ();
  port = listen_on (recorder, "127.0.0.1");
  for (int i = 0; i < 8; i++)
    gudpx_port_write_to (port, text ("x"), gudpx_port_get_local_address (port), NULL);
  wait_for (recorder->events->len > N_ROUNDS * 9);
  gudpx_port_stop_listening (port);
  g_main_context_pop_thread_default (context);
  return NULL;
}

static void
test_two_threads (void)
{
  GThread *threads[2];

  for (guint i = 0; i < 2; i++)
    threads[i] = g_thread_new ("port", run_port, NULL);
  for (guint i = 0; i < 2; i++)
    g_thread_join (threads[i]);
}

/* The port is started in this thread: it belongs to the other thread as soon as that thread
 * iterates the context. */
typedef struct
{
  GMainContext *context;
  Recorder *recorder;
  GMutex mutex;
  GCond cond;
  gboolean is_running;
  gboolean may_stop;
} Worker;

static gpointer
run_context (gpointer data)
{
  Worker *worker = data;

  g_main_context_push_thread_default (worker->context);
  g_mutex_lock (&worker->mutex);
  worker->is_running = g_main_context_acquire (worker->context);
  g_cond_signal (&worker->cond);
  while (!worker->may_stop)
    g_cond_wait (&worker->cond, &worker->mutex);
  g_mutex_unlock (&worker->mutex);

  worker->recorder->user_data = g_thread_self ();
  wait_for (worker->recorder->events->len > 10 * 9);
  gudpx_port_stop_listening (
      gudpx_datagram_protocol_get_transport (GUDPX_DATAGRAM_PROTOCOL (worker->recorder)));
  g_main_context_release (worker->context);
  g_main_context_pop_thread_default (worker->context);
  return NULL;
}

static void
test_another_thread (void)
{
  Worker worker = { .context = g_main_context_new (), .recorder = recorder_new () };
  g_autoptr (GudpxPort) port = NULL;
  GThread *thread;

  worker.recorder->on_datagram = ping_pong;
  g_main_context_push_thread_default (worker.context);
  port = listen_on (worker.recorder, "127.0.0.1");
  g_main_context_pop_thread_default (worker.context);
  g_assert_true (
      gudpx_port_write_to (port, text ("x"), gudpx_port_get_local_address (port), NULL));

  g_mutex_lock (&worker.mutex);
  thread = g_thread_new ("context", run_context, &worker);
  while (!worker.is_running)
    g_cond_wait (&worker.cond, &worker.mutex);

  /* This programming error does no harm. */
  g_test_expect_message ("Gudpx", G_LOG_LEVEL_CRITICAL, "*gudpx_port_belongs_to_this_thread*");
  g_assert_false (
      gudpx_port_write_to (port, text ("x"), gudpx_port_get_local_address (port), NULL));
  g_test_assert_expected_messages ();
  g_test_expect_message ("Gudpx", G_LOG_LEVEL_CRITICAL, "*gudpx_port_belongs_to_this_thread*");
  gudpx_port_stop_listening (port);
  g_test_assert_expected_messages ();
  g_assert_true (gudpx_port_get_listening (port));

  worker.may_stop = TRUE;
  g_cond_signal (&worker.cond);
  g_mutex_unlock (&worker.mutex);
  g_thread_join (thread);
  g_assert_false (gudpx_port_get_listening (port));
  g_object_unref (worker.recorder);
  g_main_context_unref (worker.context);
}

/* Kept datagrams may be released in any thread. */
static gpointer
drop (gpointer data)
{
  g_ptr_array_unref (data);
  return NULL;
}

static void
test_kept_elsewhere (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "127.0.0.1");
  g_autoptr (GSocket) peer = peer_new ("127.0.0.1");
  GPtrArray *kept;

  for (int i = 0; i < 50; i++)
    peer_send (peer, "x", -1, port);
  wait_for (recorder->datagrams->len == 50);
  kept = g_steal_pointer (&recorder->datagrams);
  recorder->datagrams = g_ptr_array_new_with_free_func (g_object_unref);
  g_thread_join (g_thread_new ("drop", drop, kept));
  gudpx_port_stop_listening (port);
}

static gpointer
read_all (gpointer data)
{
  GPtrArray *datagrams = data;

  for (guint i = 0; i < datagrams->len; i++)
    {
      g_autofree char *sender =
          address_to_string (gudpx_datagram_get_sender (datagrams->pdata[i]));
      g_autofree char *destination =
          address_to_string (gudpx_datagram_get_destination (datagrams->pdata[i]));

      g_assert_true (g_str_has_prefix (sender, "127.0.0.1:"));
      g_assert_true (g_str_has_prefix (destination, "127.0.0.1:"));
    }
  return NULL;
}

/* Several threads may read a kept datagram at once, even while its port is released. */
static void
test_read_elsewhere (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "127.0.0.1");
  g_autoptr (GSocket) peer = peer_new ("127.0.0.1");
  GThread *threads[2];

  g_assert_true (gudpx_port_set_metadata (port, GUDPX_METADATA_DESTINATION, NULL));
  for (int i = 0; i < 200; i++)
    peer_send (peer, "x", -1, port);
  wait_for (recorder->datagrams->len == 200);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("read", read_all, recorder->datagrams);
  gudpx_port_stop_listening (port);
  g_clear_object (&port);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/threads/two-threads", test_two_threads);
  g_test_add_func ("/threads/another-thread", test_another_thread);
  g_test_add_func ("/threads/kept-elsewhere", test_kept_elsewhere);
  g_test_add_func ("/threads/read-elsewhere", test_read_elsewhere);

  return g_test_run ();
}
