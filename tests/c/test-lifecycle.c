/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>

#include "recorder.h"

static GudpxPort *
get_transport (Recorder *recorder)
{
  return gudpx_datagram_protocol_get_transport (GUDPX_DATAGRAM_PROTOCOL (recorder));
}

static void
stop (Recorder *recorder, GudpxDatagram *datagram, gpointer user_data)
{
  gudpx_port_stop_listening (get_transport (recorder));
}

/* A stop in a handler drops the rest of the batch, even if the handler has the last reference. */
static void
test_stop_in_handler (void)
{
  Recorder *recorder = recorder_new ();
  GudpxPort *port = listen_on (recorder, "127.0.0.1");
  g_autoptr (GSocket) peer = peer_new ("127.0.0.1");

  recorder->on_datagram = stop;
  for (int i = 0; i < 10; i++)
    peer_send (peer, "x", -1, port);
  g_object_unref (port);
  wait_for (recorder->datagrams->len > 0);
  iterate ();
  g_assert_cmpstr (recorder->events->str, ==, "started datagram stopped ");
  g_object_unref (recorder);
}

static void
test_stop_in_started (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = NULL;

  recorder->on_started = stop;
  port = listen_on (recorder, "127.0.0.1");
  g_assert_false (gudpx_port_get_listening (port));
  g_assert_cmpstr (recorder->events->str, ==, "started stopped ");
}

/* The handler replies, then stops the port: the reply is sent. */
static void
reply_and_stop (Recorder *recorder, GudpxDatagram *datagram, gpointer user_data)
{
  g_assert_true (gudpx_datagram_reply (datagram, text ("bye"), NULL));
  gudpx_port_stop_listening (gudpx_datagram_get_transport (datagram));
}

static void
test_last_words (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "127.0.0.1");
  g_autoptr (GSocket) peer = peer_new ("127.0.0.1");
  g_autofree char *reply = NULL;

  recorder->on_datagram = reply_and_stop;
  peer_send (peer, "x", -1, port);
  wait_for (!gudpx_port_get_listening (port));
  reply = peer_receive (peer, NULL);
  g_assert_cmpstr (reply, ==, "bye");
}

/* A restart uses the requested number again, or a new one for 0. */
static void
test_restart (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GSocketAddress) address =
      g_inet_socket_address_new_from_string ("127.0.0.1", free_number ("127.0.0.1"));
  g_autoptr (GudpxPort) port = gudpx_port_new (GUDPX_DATAGRAM_PROTOCOL (recorder), address);
  g_autoptr (GSocket) peer = peer_new ("127.0.0.1");
  g_autoptr (GError) error = NULL;

  for (int i = 0; i < 3; i++)
    {
      g_assert_true (gudpx_port_start_listening (port, &error));
      g_assert_no_error (error);
      g_assert_true (gudpx_address_equal (gudpx_port_get_local_address (port), address));
      peer_send (peer, "x", -1, port);
      wait_for (recorder->datagrams->len == (guint) i + 1);
      gudpx_port_stop_listening (port);
      gudpx_port_stop_listening (port);
    }
  g_assert_cmpstr (recorder->events->str, ==,
                   "started datagram stopped started datagram stopped started datagram stopped ");
}

static void
test_start_twice (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "127.0.0.1");
  g_autoptr (GError) error = NULL;

  g_assert_false (gudpx_port_start_listening (port, &error));
  expect_error (&error, G_IO_ERROR_EXISTS);
  g_assert_true (gudpx_port_get_listening (port));
  gudpx_port_stop_listening (port);
}

static void
start_again (Recorder *recorder, GudpxDatagram *datagram, gpointer user_data)
{
  GudpxPort **port = user_data;

  recorder->on_stopped = NULL;
  g_assert_true (gudpx_port_start_listening (*port, NULL));
}

static void
test_restart_in_stopped (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "127.0.0.1");
  g_autoptr (GSocket) peer = peer_new ("127.0.0.1");

  recorder->on_stopped = start_again;
  recorder->user_data = &port;
  gudpx_port_stop_listening (port);
  g_assert_true (gudpx_port_get_listening (port));
  g_assert_true (get_transport (recorder) == port);
  peer_send (peer, "x", -1, port);
  wait_for (recorder->datagrams->len == 1);
  gudpx_port_stop_listening (port);
  g_assert_cmpstr (recorder->events->str, ==, "started stopped started datagram stopped ");
}

/* After a stop and a start in a handler, the rest of the batch belongs to the old socket and is
 * dropped. */
static void
restart_in_handler (Recorder *recorder, GudpxDatagram *datagram, gpointer user_data)
{
  GudpxPort *port = gudpx_datagram_get_transport (datagram);

  gudpx_port_stop_listening (port);
  g_assert_true (gudpx_port_start_listening (port, NULL));
}

static void
test_restart_in_batch (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "127.0.0.1");
  g_autoptr (GSocket) peer = peer_new ("127.0.0.1");

  recorder->on_datagram = restart_in_handler;
  for (int i = 0; i < 10; i++)
    peer_send (peer, "x", -1, port);
  wait_for (recorder->datagrams->len > 0);
  iterate ();
  g_assert_cmpstr (recorder->events->str, ==, "started datagram stopped started ");

  /* The end of the interrupted dispatch does not affect the new socket. */
  g_assert_true (gudpx_port_get_listening (port));
  recorder->on_datagram = NULL;
  peer_send (peer, "y", -1, port);
  wait_for (recorder->datagrams->len == 2);
  gudpx_port_stop_listening (port);
}

/* “started” comes with the first port, “stopped” with the last. A datagram knows its port. */
static void
test_several_ports (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) first = listen_on (recorder, "127.0.0.1");
  g_autoptr (GudpxPort) second = listen_on (recorder, "127.0.0.1");
  g_autoptr (GSocket) peer = peer_new ("127.0.0.1");

  g_assert_true (get_transport (recorder) == second);
  peer_send (peer, "x", -1, first);
  wait_for (recorder->datagrams->len == 1);
  peer_send (peer, "x", -1, second);
  wait_for (recorder->datagrams->len == 2);
  g_assert_true (gudpx_datagram_get_transport (recorder->datagrams->pdata[0]) == first);
  g_assert_true (gudpx_datagram_get_transport (recorder->datagrams->pdata[1]) == second);

  gudpx_port_stop_listening (second);
  g_assert_true (get_transport (recorder) == first);
  g_assert_cmpstr (recorder->events->str, ==, "started datagram datagram ");
  gudpx_port_stop_listening (first);
  g_assert_cmpstr (recorder->events->str, ==, "started datagram datagram stopped ");
}

static void
count (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  GString *answers = user_data;

  gudpx_port_stop_listening_finish (GUDPX_PORT (source), result, &error);
  if (error == NULL)
    g_string_append_c (answers, 'y');
  else
    g_string_append_c (answers,
                       g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) ? 'c' : 'n');
}

/* Every caller is answered after “stopped”, and never from inside of the call. */
static void
test_stop_async (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "127.0.0.1");
  g_autoptr (GString) answers = g_string_new (NULL);
  g_autoptr (GError) error = NULL;

  gudpx_port_stop_listening_async (port, NULL, count, answers);
  gudpx_port_stop_listening_async (port, NULL, count, answers);
  g_assert_false (gudpx_port_get_listening (port));
  g_assert_cmpstr (recorder->events->str, ==, "started ");
  g_assert_false (gudpx_port_start_listening (port, &error));
  expect_error (&error, G_IO_ERROR_PENDING);
  g_assert_false (gudpx_port_write_to_host (port, text ("x"), "127.0.0.1", 9, &error));
  expect_error (&error, G_IO_ERROR_CLOSED);

  wait_for (answers->len == 2);
  g_assert_cmpstr (recorder->events->str, ==, "started stopped ");
  g_assert_cmpstr (answers->str, ==, "yy");

  /* Stopping a stopped port completes, too. */
  gudpx_port_stop_listening_async (port, NULL, count, answers);
  g_assert_cmpstr (answers->str, ==, "yy");
  wait_for (answers->len == 3);
  g_assert_cmpstr (answers->str, ==, "yyy");
}

/* An immediate stop also completes pending asynchronous stops. */
static void
test_stop_async_then_sync (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "127.0.0.1");
  g_autoptr (GString) answers = g_string_new (NULL);

  gudpx_port_stop_listening_async (port, NULL, count, answers);
  gudpx_port_stop_listening (port);
  g_assert_cmpstr (recorder->events->str, ==, "started stopped ");
  wait_for (answers->len == 1);
  g_assert_cmpstr (answers->str, ==, "y");
}

static void
stop_async (Recorder *recorder, GudpxDatagram *datagram, gpointer user_data)
{
  g_assert_true (gudpx_datagram_reply (datagram, text ("bye"), NULL));
  gudpx_port_stop_listening_async (gudpx_datagram_get_transport (datagram), NULL, count, user_data);
}

static void
test_stop_async_in_handler (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  GudpxPort *port = listen_on (recorder, "127.0.0.1");
  g_autoptr (GSocket) peer = peer_new ("127.0.0.1");
  g_autoptr (GString) answers = g_string_new (NULL);
  g_autofree char *reply = NULL;

  recorder->on_datagram = stop_async;
  recorder->user_data = answers;
  for (int i = 0; i < 10; i++)
    peer_send (peer, "x", -1, port);
  g_object_unref (port);
  wait_for (answers->len == 1);
  g_assert_cmpstr (recorder->events->str, ==, "started datagram stopped ");
  reply = peer_receive (peer, NULL);
  g_assert_cmpstr (reply, ==, "bye");
}

static void
test_stop_async_cancelled (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "127.0.0.1");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GString) cancelled = g_string_new (NULL);
  g_autoptr (GString) answers = g_string_new (NULL);

  g_cancellable_cancel (cancellable);
  gudpx_port_stop_listening_async (port, cancellable, count, cancelled);
  gudpx_port_stop_listening_async (port, NULL, count, answers);
  wait_for (answers->len == 1 && cancelled->len == 1);
  g_assert_cmpstr (answers->str, ==, "y");
  g_assert_cmpstr (cancelled->str, ==, "c");
  g_assert_cmpstr (recorder->events->str, ==, "started stopped ");
}

/* If a context is freed, its ports are closed, and handlers are not called. */
static void
test_context_goes_away (void)
{
  Recorder *recorder = recorder_new ();
  GMainContext *context = g_main_context_new ();
  GudpxPort *port;
  gpointer weak_recorder = recorder;
  gpointer weak_port;

  g_main_context_push_thread_default (context);
  port = listen_on (recorder, "127.0.0.1");
  g_main_context_pop_thread_default (context);
  weak_port = port;
  g_object_add_weak_pointer (G_OBJECT (recorder), &weak_recorder);
  g_object_add_weak_pointer (G_OBJECT (port), &weak_port);

  g_main_context_unref (context);
  g_assert_false (gudpx_port_get_listening (port));
  g_assert_cmpstr (recorder->events->str, ==, "started ");
  g_assert_null (get_transport (recorder));

  g_object_unref (port);
  g_assert_null (weak_port);
  g_object_unref (recorder);
  g_assert_null (weak_recorder);
}

static void
add_name (GObject *object, GParamSpec *pspec, gpointer user_data)
{
  g_string_append_printf (user_data, "%s ", pspec->name);
}

static void
test_notifies (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string ("127.0.0.1", 0);
  g_autoptr (GudpxPort) port = gudpx_port_new (GUDPX_DATAGRAM_PROTOCOL (recorder), address);
  g_autoptr (GString) names = g_string_new (NULL);

  g_signal_connect (port, "notify", G_CALLBACK (add_name), names);
  g_signal_connect (recorder, "notify", G_CALLBACK (add_name), names);
  g_assert_true (gudpx_port_start_listening (port, NULL));
  g_assert_nonnull (strstr (names->str, "local-address "));
  g_assert_nonnull (strstr (names->str, "listening "));
  g_assert_nonnull (strstr (names->str, "socket "));
  g_assert_nonnull (strstr (names->str, "transport "));

  g_string_truncate (names, 0);
  gudpx_port_stop_listening (port);
  g_assert_nonnull (strstr (names->str, "local-address "));
  g_assert_nonnull (strstr (names->str, "listening "));
  g_assert_nonnull (strstr (names->str, "socket "));
  g_assert_nonnull (strstr (names->str, "transport "));
  g_signal_handlers_disconnect_by_data (recorder, names);
}

static void
stop_when_listening (GudpxPort *port, GParamSpec *pspec, gpointer user_data)
{
  if (gudpx_port_get_listening (port))
    gudpx_port_stop_listening (port);
}

static void
test_stop_in_notify (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = gudpx_port_new (GUDPX_DATAGRAM_PROTOCOL (recorder), NULL);

  g_signal_connect (port, "notify::listening", G_CALLBACK (stop_when_listening), NULL);
  g_assert_true (gudpx_port_start_listening (port, NULL));
  g_assert_false (gudpx_port_get_listening (port));
  g_assert_null (get_transport (recorder));
  g_assert_cmpstr (recorder->events->str, ==, "started stopped ");
}

/* An override may chain up: the parent's function does nothing. */
static void
test_chain_up (void)
{
  GudpxDatagramProtocolClass *klass = g_type_class_ref (GUDPX_TYPE_DATAGRAM_PROTOCOL);
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = listen_on (recorder, "127.0.0.1");
  g_autoptr (GudpxDatagram) datagram = gudpx_datagram_new (NULL, 0, NULL);
  GudpxDatagramProtocol *protocol = GUDPX_DATAGRAM_PROTOCOL (recorder);
  guint n_taken = 7;

  recorder_forget (recorder);
  klass->started (protocol);
  klass->datagram_received (protocol, datagram);
  klass->packed_received (protocol, port, NULL, 0, NULL, 0, &n_taken);
  g_assert_cmpuint (n_taken, ==, 0);
  klass->connection_refused (protocol, port);
  klass->error_received (protocol, port, NULL, NULL);
  klass->writable (protocol, port);
  klass->stopped (protocol);
  g_assert_cmpstr (recorder->events->str, ==, "");

  gudpx_port_stop_listening (port);
  g_type_class_unref (klass);
}

static void
count_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  guint *n_answers = user_data;
  g_autoptr (GError) error = NULL;

  if (g_async_result_is_tagged (result, gudpx_port_write_async))
    gudpx_port_write_finish (GUDPX_PORT (source), result, &error);
  else if (g_async_result_is_tagged (result, gudpx_port_flush_async))
    gudpx_port_flush_finish (GUDPX_PORT (source), result, &error);
  else
    g_assert_true (gudpx_port_stop_listening_finish (GUDPX_PORT (source), result, NULL));
  if (error != NULL)
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  (*n_answers)++;
}

/* If the context of the port is freed, callers that wait in another context are answered. */
static void
test_answers_without_context (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autofree char *directory = g_dir_make_tmp ("gudpx-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (directory, "socket", NULL);
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (path);
  g_autoptr (GSocket) peer = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_DATAGRAM,
                                           G_SOCKET_PROTOCOL_DEFAULT, NULL);
  g_autoptr (GSocketAddress) nothing =
      g_unix_socket_address_new_with_type ("", 0, G_UNIX_SOCKET_ADDRESS_ANONYMOUS);
  g_autoptr (GudpxPort) port = gudpx_port_new (GUDPX_DATAGRAM_PROTOCOL (recorder), nothing);
  g_autoptr (GBytes) bytes = g_bytes_new_static ("x", 1);
  GMainContext *context = g_main_context_new ();
  guint n_answers = 0;

  g_assert_true (g_socket_bind (peer, address, FALSE, NULL));
  g_main_context_push_thread_default (context);
  g_assert_true (gudpx_port_start_listening (port, NULL));
  g_main_context_pop_thread_default (context);
  g_assert_true (gudpx_port_connect_peer_address (port, address, NULL));

  /* The peer does not read. */
  gudpx_port_set_send_queue_limit (port, 4096);
  while (gudpx_port_write (port, text ("x"), NULL))
    ;
  gudpx_port_write_async (port, bytes, NULL, NULL, count_answer, &n_answers);
  gudpx_port_flush_async (port, NULL, count_answer, &n_answers);
  gudpx_port_stop_listening_async (port, NULL, count_answer, &n_answers);
  gudpx_port_stop_listening_async (port, NULL, count_answer, &n_answers);
  iterate ();
  g_assert_cmpuint (n_answers, ==, 0);

  g_main_context_unref (context);
  wait_for (n_answers == 4);
  g_unlink (path);
  g_assert_cmpint (g_rmdir (directory), ==, 0);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/lifecycle/stop-in-handler", test_stop_in_handler);
  g_test_add_func ("/lifecycle/stop-in-started", test_stop_in_started);
  g_test_add_func ("/lifecycle/last-words", test_last_words);
  g_test_add_func ("/lifecycle/restart", test_restart);
  g_test_add_func ("/lifecycle/start-twice", test_start_twice);
  g_test_add_func ("/lifecycle/restart-in-stopped", test_restart_in_stopped);
  g_test_add_func ("/lifecycle/restart-in-batch", test_restart_in_batch);
  g_test_add_func ("/lifecycle/several-ports", test_several_ports);
  g_test_add_func ("/lifecycle/stop-async", test_stop_async);
  g_test_add_func ("/lifecycle/stop-async-then-sync", test_stop_async_then_sync);
  g_test_add_func ("/lifecycle/stop-async-in-handler", test_stop_async_in_handler);
  g_test_add_func ("/lifecycle/stop-async-cancelled", test_stop_async_cancelled);
  g_test_add_func ("/lifecycle/context-goes-away", test_context_goes_away);
  g_test_add_func ("/lifecycle/answers-without-context", test_answers_without_context);
  g_test_add_func ("/lifecycle/notifies", test_notifies);
  g_test_add_func ("/lifecycle/stop-in-notify", test_stop_in_notify);
  g_test_add_func ("/lifecycle/chain-up", test_chain_up);

  return g_test_run ();
}
