/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tests many ports on one context, most of which epoll polls. */

#include "recorder.h"

#define N_PORTS 200

typedef struct
{
  Recorder *recorder;
  GudpxPort *ports[N_PORTS];
  GSocket *peer;
} Fixture;

static void
fixture_set_up (Fixture *fixture, gconstpointer data)
{
  fixture->recorder = recorder_new ();
  fixture->peer = peer_new ("127.0.0.1");
  for (guint i = 0; i < N_PORTS; i++)
    fixture->ports[i] = listen_on (fixture->recorder, "127.0.0.1");
}

static void
fixture_tear_down (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < N_PORTS; i++)
    {
      gudpx_port_stop_listening (fixture->ports[i]);
      g_object_add_weak_pointer (G_OBJECT (fixture->ports[i]), (gpointer *) &fixture->ports[i]);
      g_object_unref (fixture->ports[i]);
    }
  g_clear_object (&fixture->recorder);
  iterate ();
  for (guint i = 0; i < N_PORTS; i++)
    g_assert_null (fixture->ports[i]);
  g_clear_object (&fixture->peer);
}

static void
send_to_all (Fixture *fixture)
{
  for (guint i = 0; i < N_PORTS; i++)
    peer_send (fixture->peer, "x", 1, fixture->ports[i]);
}

/* Each port receives only its own datagrams. */
static void
test_each_hears (Fixture *fixture, gconstpointer data)
{
  guint n_heard = 0;

  for (guint round = 0; round < 3; round++)
    {
      send_to_all (fixture);
      wait_for (fixture->recorder->datagrams->len == (round + 1) * N_PORTS);
    }
  iterate ();
  g_assert_cmpuint (fixture->recorder->datagrams->len, ==, 3 * N_PORTS);
  for (guint i = 0; i < N_PORTS; i++)
    {
      for (guint j = 0; j < fixture->recorder->datagrams->len; j++)
        n_heard += gudpx_datagram_get_transport (fixture->recorder->datagrams->pdata[j])
                   == fixture->ports[i];
      g_assert_cmpuint (n_heard, ==, 3 * (i + 1));
    }
}

static void
stop_all (Recorder *recorder, GudpxDatagram *datagram, gpointer user_data)
{
  Fixture *fixture = user_data;

  for (guint i = 0; i < N_PORTS; i++)
    gudpx_port_stop_listening (fixture->ports[i]);
}

/* Ports that are ready as well receive nothing after they are stopped. */
static void
test_stopped_by_a_neighbour (Fixture *fixture, gconstpointer data)
{
  fixture->recorder->on_datagram = stop_all;
  fixture->recorder->user_data = fixture;
  send_to_all (fixture);
  wait_for (fixture->recorder->datagrams->len == 1);
  iterate ();
  g_assert_cmpuint (fixture->recorder->datagrams->len, ==, 1);

  fixture->recorder->on_datagram = NULL;
  for (guint i = 0; i < N_PORTS; i++)
    g_assert_true (gudpx_port_start_listening (fixture->ports[i], NULL));
  send_to_all (fixture);
  wait_for (fixture->recorder->datagrams->len == 1 + N_PORTS);
}

static void
test_paused (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < N_PORTS; i++)
    gudpx_port_set_reading (fixture->ports[i], FALSE);
  send_to_all (fixture);
  iterate ();
  g_assert_cmpuint (fixture->recorder->datagrams->len, ==, 0);
  for (guint i = 0; i < N_PORTS; i++)
    gudpx_port_set_reading (fixture->ports[i], TRUE);
  wait_for (fixture->recorder->datagrams->len == N_PORTS);
}

static void
iterate_inside (Recorder *recorder, GudpxDatagram *datagram, gpointer user_data)
{
  recorder->on_datagram = NULL;
  g_assert_true (gudpx_datagram_reply (datagram, text ("inside"), NULL));
  send_to_all (user_data);
  wait_for (recorder->datagrams->len == 1 + N_PORTS);
}

/* A main loop inside of a handler serves all ports, including the port that called the handler. */
static void
test_nested_loop (Fixture *fixture, gconstpointer data)
{
  g_autofree char *answer = NULL;

  fixture->recorder->on_datagram = iterate_inside;
  fixture->recorder->user_data = fixture;
  peer_send (fixture->peer, "x", 1, fixture->ports[N_PORTS - 1]);
  wait_for (fixture->recorder->datagrams->len == 1 + N_PORTS);
  answer = peer_receive (fixture->peer, NULL);
  g_assert_cmpstr (answer, ==, "inside");
}

/* Ports of higher priority are dispatched first. */
static void
test_priority (Fixture *fixture, gconstpointer data)
{
  GudpxPort *last = fixture->ports[N_PORTS - 1];
  GudpxDatagram *first;

  gudpx_port_set_priority (last, G_PRIORITY_HIGH);
  send_to_all (fixture);
  wait_for (fixture->recorder->datagrams->len == N_PORTS);
  first = fixture->recorder->datagrams->pdata[0];
  g_assert_true (gudpx_datagram_get_transport (first) == last);
  gudpx_port_set_priority (last, G_PRIORITY_DEFAULT);
  peer_send (fixture->peer, "x", 1, last);
  wait_for (fixture->recorder->datagrams->len == N_PORTS + 1);
}

/* A refusal reaches a port that neither reads nor writes. */
static void
test_refused (Fixture *fixture, gconstpointer data)
{
  GudpxPort *last = fixture->ports[N_PORTS - 1];

  gudpx_port_set_reading (last, FALSE);
  g_assert_true (gudpx_port_connect_peer (last, "127.0.0.1", free_number ("127.0.0.1"), NULL));
  g_assert_true (gudpx_port_write (last, text ("x"), NULL));
  wait_for (g_str_has_suffix (fixture->recorder->events->str, "refused "));
  g_assert_true (gudpx_port_get_listening (last));
  g_assert_true (gudpx_port_write (last, text ("x"), NULL));
  wait_for (g_str_has_suffix (fixture->recorder->events->str, "refused refused "));
}

/* Counts asynchronous stops that have completed. */
static void
count_answer (GObject *object, GAsyncResult *result, gpointer user_data)
{
  guint *n_answers = user_data;

  g_assert_true (gudpx_port_stop_listening_finish (GUDPX_PORT (object), result, NULL));
  (*n_answers)++;
}

static void
test_stopped_later (Fixture *fixture, gconstpointer data)
{
  guint n_answers = 0;

  for (guint i = 0; i < N_PORTS; i++)
    gudpx_port_stop_listening_async (fixture->ports[i], NULL, count_answer, &n_answers);
  wait_for (n_answers == N_PORTS);
  for (guint i = 0; i < N_PORTS; i++)
    g_assert_false (gudpx_port_get_listening (fixture->ports[i]));
}

static void
restart (Recorder *recorder, GudpxPort *port)
{
  recorder->on_datagram = NULL;
  gudpx_port_stop_listening (port);
  g_assert_true (gudpx_port_start_listening (port, NULL));
}

static void
restart_and_write (Recorder *recorder, GudpxDatagram *datagram, gpointer user_data)
{
  GudpxPort *port = gudpx_datagram_get_transport (datagram);

  restart (recorder, port);
  g_assert_true (
      gudpx_port_write_to (port, text ("x"), gudpx_datagram_get_sender (datagram), NULL));
}

/* A handler restarts its port and writes: the datagram is sent when the handler returns. */
static void
test_restarted (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < N_PORTS; i += N_PORTS - 1)
    {
      g_autofree char *answer = NULL;

      fixture->recorder->on_datagram = restart_and_write;
      peer_send (fixture->peer, "x", 1, fixture->ports[i]);
      wait_for (!peer_has_nothing (fixture->peer));
      answer = peer_receive (fixture->peer, NULL);
      g_assert_cmpstr (answer, ==, "x");
    }
}

/* If this handler runs a main loop, the datagram is sent there, and the port receives. */
static void
restart_and_iterate (Recorder *recorder, GudpxDatagram *datagram, gpointer user_data)
{
  Fixture *fixture = user_data;
  GudpxPort *port = gudpx_datagram_get_transport (datagram);
  g_autofree char *answer = NULL;

  restart_and_write (recorder, datagram, user_data);
  wait_for (!peer_has_nothing (fixture->peer));
  answer = peer_receive (fixture->peer, NULL);
  peer_send (fixture->peer, "x", 1, port);
  wait_for (recorder->datagrams->len == 2);
}

/* The port also receives afterwards. */
static void
test_restarted_with_loop (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < N_PORTS; i += N_PORTS - 1)
    {
      fixture->recorder->on_datagram = restart_and_iterate;
      fixture->recorder->user_data = fixture;
      peer_send (fixture->peer, "x", 1, fixture->ports[i]);
      wait_for (fixture->recorder->datagrams->len == 2);
      peer_send (fixture->peer, "x", 1, fixture->ports[i]);
      wait_for (fixture->recorder->datagrams->len == 3);
      recorder_forget (fixture->recorder);
    }
}

/* The ports belong to the context, and are freed with it. */
static void
test_context_goes (void)
{
  GMainContext *context = g_main_context_new ();
  g_autoptr (Recorder) recorder = recorder_new ();
  GudpxPort *ports[N_PORTS];

  g_main_context_push_thread_default (context);
  for (guint i = 0; i < N_PORTS; i++)
    {
      ports[i] = listen_on (recorder, "127.0.0.1");
      g_object_add_weak_pointer (G_OBJECT (ports[i]), (gpointer *) &ports[i]);
      g_object_unref (ports[i]);
      g_assert_nonnull (ports[i]);
    }
  iterate ();
  g_main_context_pop_thread_default (context);
  g_main_context_unref (context);
  for (guint i = 0; i < N_PORTS; i++)
    g_assert_null (ports[i]);
  g_assert_cmpstr (recorder->events->str, ==, "started ");
}

static void
stop_others (gpointer data, GObject *recorder)
{
  GPtrArray *ports = data;

  for (guint i = 0; i < ports->len; i++)
    gudpx_port_stop_listening (ports->pdata[i]);
}

/* Freeing the context frees the protocol of the first port, which stops the other ports. */
static void
test_context_goes_with_relay (void)
{
  GMainContext *context = g_main_context_new ();
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GPtrArray) ports = g_ptr_array_new_with_free_func (g_object_unref);

  g_main_context_push_thread_default (context);
  /* Occupy the places of ports that the context polls itself: GLib cannot destroy their sources
   * while it frees the context. */
  for (guint i = 0; i < 50; i++)
    g_object_unref (listen_on (recorder, "127.0.0.1"));
  for (guint i = 0; i < N_PORTS; i++)
    {
      g_autoptr (Recorder) relay = recorder_new ();

      g_object_weak_ref (G_OBJECT (relay), stop_others, ports);
      g_object_unref (listen_on (relay, "127.0.0.1"));
      g_ptr_array_add (ports, listen_on (recorder, "127.0.0.1"));
    }
  iterate ();
  g_main_context_pop_thread_default (context);
  g_main_context_unref (context);
  for (guint i = 0; i < ports->len; i++)
    g_assert_false (gudpx_port_get_listening (ports->pdata[i]));
}

int
main (int argc, char *argv[])
{
  const struct
  {
    const char *path;
    void (*test) (Fixture *fixture, gconstpointer data);
  } tests[] = {
    { "/many-ports/each-hears", test_each_hears },
    { "/many-ports/stopped-by-a-neighbour", test_stopped_by_a_neighbour },
    { "/many-ports/paused", test_paused },
    { "/many-ports/nested-loop", test_nested_loop },
    { "/many-ports/priority", test_priority },
    { "/many-ports/refused", test_refused },
    { "/many-ports/stopped-later", test_stopped_later },
    { "/many-ports/restarted", test_restarted },
    { "/many-ports/restarted-with-loop", test_restarted_with_loop },
  };

  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Fixture, NULL, fixture_set_up, tests[i].test, fixture_tear_down);
  g_test_add_func ("/many-ports/context-goes", test_context_goes);
  g_test_add_func ("/many-ports/context-goes-with-relay", test_context_goes_with_relay);

  return g_test_run ();
}
