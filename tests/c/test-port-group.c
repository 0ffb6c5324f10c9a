/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <sched.h>
#include <string.h>

#include <gio/gunixsocketaddress.h>

#include "recorder.h"

#define N_PORTS 2
#define N_PEERS 64
#define N_ROUNDS 4

/* A protocol of the group, recorded when it was made. */
typedef struct
{
  guint index;
  GThread *thread;
  int n_started;
  int n_stopped;
  int n_gone;
} Member;

/* State for the factory. */
typedef struct
{
  GPtrArray *members; /* in the order of creation: no other thread runs then */
  guint fail_at;      /* number of protocols to make */
  Recorder *shared;   /* given to all ports */
  int n_destroyed;
} Server;

static void
note_start (Recorder *recorder, GudpxDatagram *datagram, gpointer user_data)
{
  Member *member = user_data;

  g_assert_true (member->thread == g_thread_self ());
  g_atomic_int_inc (&member->n_started);
}

static void
note_stop (Recorder *recorder, GudpxDatagram *datagram, gpointer user_data)
{
  Member *member = user_data;

  g_assert_true (member->thread == g_thread_self ());
  g_atomic_int_inc (&member->n_stopped);
}

static void
note_end (gpointer data, GObject *where_it_was)
{
  Member *member = data;

  g_assert_true (member->thread == g_thread_self ());
  g_atomic_int_inc (&member->n_gone);
}

/* Answers with the index of the port. */
static void
tell_index (Recorder *recorder, GudpxDatagram *datagram, gpointer user_data)
{
  Member *member = user_data;
  char digit = (char) ('0' + member->index);

  g_assert_true (member->thread == g_thread_self ());
  g_assert_true (gudpx_datagram_reply (datagram, (const guint8 *) &digit, 1, NULL));
}

static GudpxDatagramProtocol *
make_member (GudpxPortGroup *group, guint index, gpointer user_data)
{
  Server *server = user_data;
  Recorder *recorder;
  Member *member;

  if (server->members->len >= server->fail_at)
    return NULL;
  if (server->shared != NULL)
    return GUDPX_DATAGRAM_PROTOCOL (g_object_ref (server->shared));

  member = g_new0 (Member, 1);
  *member = (Member){ .index = index, .thread = g_thread_self () };
  g_ptr_array_add (server->members, member);

  recorder = recorder_new ();
  recorder->on_started = note_start;
  recorder->on_stopped = note_stop;
  recorder->on_datagram = tell_index;
  recorder->user_data = member;
  g_object_weak_ref (G_OBJECT (recorder), note_end, member);
  return GUDPX_DATAGRAM_PROTOCOL (recorder);
}

static void
server_destroyed (gpointer data)
{
  ((Server *) data)->n_destroyed++;
}

static void
server_init (Server *self)
{
  *self = (Server){ .members = g_ptr_array_new_with_free_func (g_free), .fail_at = G_MAXUINT };
}

static void
server_clear (Server *self)
{
  g_assert_cmpint (self->n_destroyed, ==, 1);
  g_ptr_array_unref (self->members);
}

static Member *
server_get_member (Server *self, guint index)
{
  g_assert_cmpuint (index, <, self->members->len);
  return self->members->pdata[index];
}

static GudpxPortGroup *
group_new (Server *server, const char *host, guint number)
{
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string (host, number);

  server_init (server);
  return gudpx_port_group_new (N_PORTS, address, make_member, server, server_destroyed);
}

static void
group_start (GudpxPortGroup *group)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (gudpx_port_group_start (group, &error));
  g_assert_no_error (error);
  g_assert_true (gudpx_port_group_get_listening (group));
}

static GudpxPortGroup *
group_new_started (Server *server, const char *host)
{
  GudpxPortGroup *group = group_new (server, host, 0);

  group_start (group);
  return group;
}

static guint16
group_get_number (GudpxPortGroup *group)
{
  return g_inet_socket_address_get_port (
      G_INET_SOCKET_ADDRESS (gudpx_port_group_get_local_address (group)));
}

static void
send_to_group (GSocket *peer, GudpxPortGroup *group)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_socket_send_to (peer, gudpx_port_group_get_local_address (group), "ask", 3,
                                     NULL, &error),
                   ==, 3);
  g_assert_no_error (error);
}

static guint
receive_index (GSocket *peer)
{
  g_autofree char *answer = peer_receive (peer, NULL);

  g_assert_cmpuint (strlen (answer), ==, 1);
  return (guint) (answer[0] - '0');
}

/* Returns the index of the port that the peer meets. */
static guint
ask (GSocket *peer, GudpxPortGroup *group)
{
  send_to_group (peer, group);
  return receive_index (peer);
}

/* Returns TRUE if no socket is bound to the number. */
static gboolean
is_free (const char *host, guint16 number)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string (host, number);
  g_autoptr (GSocket) socket =
      g_socket_new (g_socket_address_get_family (address), G_SOCKET_TYPE_DATAGRAM,
                    G_SOCKET_PROTOCOL_DEFAULT, &error);

  g_assert_no_error (error);
  return g_socket_bind (socket, address, FALSE, NULL);
}

static void
check_counts (GudpxPortGroup *group, guint64 n_received, guint64 n_sent)
{
  g_autoptr (GudpxStatistics) statistics = gudpx_port_group_get_statistics (group);

  g_assert_cmpuint (statistics->datagrams_received, ==, n_received);
  g_assert_cmpuint (statistics->bytes_received, ==, 3 * n_received);
  g_assert_cmpuint (statistics->datagrams_sent, ==, n_sent);
  g_assert_cmpuint (statistics->bytes_sent, ==, n_sent);
  g_assert_cmpuint (statistics->truncated, ==, 0);
  g_assert_cmpuint (statistics->send_queue_drops, ==, 0);
  g_assert_cmpuint (statistics->errors, ==, 0);
}

static guint64
count_sent (GudpxPortGroup *group)
{
  g_autoptr (GudpxStatistics) statistics = gudpx_port_group_get_statistics (group);

  return statistics->datagrams_sent;
}

/* Each datagram is answered once, always by the same port for the same peer. Every port gets
 * work. */
static void
check_spread (const char *host)
{
  Server server;
  g_autoptr (GudpxPortGroup) group = group_new_started (&server, host);
  GSocket *peers[N_PEERS];
  guint n_met[N_PORTS] = { 0 };

  for (guint i = 0; i < N_PEERS; i++)
    {
      peers[i] = peer_new (host);
      for (guint j = 0; j < N_ROUNDS; j++)
        send_to_group (peers[i], group);
    }
  for (guint i = 0; i < N_PEERS; i++)
    {
      guint index = receive_index (peers[i]);

      g_assert_cmpuint (index, <, N_PORTS);
      n_met[index]++;
      for (guint j = 1; j < N_ROUNDS; j++)
        g_assert_cmpuint (receive_index (peers[i]), ==, index);
      g_assert_cmpuint (ask (peers[i], group), ==, index);
    }
  for (guint i = 0; i < N_PORTS; i++)
    g_assert_cmpuint (n_met[i], >, 0);

  gudpx_port_group_stop (group);
  check_counts (group, N_PEERS * (N_ROUNDS + 1), N_PEERS * (N_ROUNDS + 1));
  for (guint i = 0; i < N_PEERS; i++)
    {
      g_assert_true (peer_has_nothing (peers[i]));
      g_object_unref (peers[i]);
    }
  g_clear_object (&group);
  server_clear (&server);
}

static void
test_spread (void)
{
  check_spread ("127.0.0.1");
}

static void
test_ipv6 (void)
{
  check_spread ("::1");
}

/* Tests a port for both families. */
static void
test_dual_stack (void)
{
  Server server;
  g_autoptr (GudpxPortGroup) group = group_new_started (&server, "::");
  g_autoptr (GSocket) peer = peer_new ("127.0.0.1");
  g_autoptr (GSocketAddress) address =
      g_inet_socket_address_new_from_string ("127.0.0.1", group_get_number (group));

  g_assert_cmpint (g_socket_send_to (peer, address, "ask", 3, NULL, NULL), ==, 3);
  g_assert_cmpuint (receive_index (peer), <, N_PORTS);
  gudpx_port_group_stop (group);
  g_clear_object (&group);
  server_clear (&server);
}

/* A protocol is made, called and released in one thread, which belongs to it alone. */
static void
test_threads (void)
{
  Server server;
  g_autoptr (GudpxPortGroup) group = group_new_started (&server, "127.0.0.1");

  g_assert_cmpuint (server.members->len, ==, N_PORTS);
  for (guint i = 0; i < N_PORTS; i++)
    {
      Member *member = server_get_member (&server, i);

      g_assert_cmpuint (member->index, ==, i);
      g_assert_true (member->thread != g_thread_self ());
      for (guint j = 0; j < i; j++)
        g_assert_true (member->thread != server_get_member (&server, j)->thread);
      g_assert_cmpint (member->n_started, ==, 1);
      g_assert_cmpint (g_atomic_int_get (&member->n_stopped), ==, 0);
    }

  gudpx_port_group_stop (group);
  for (guint i = 0; i < N_PORTS; i++)
    {
      g_assert_cmpint (server_get_member (&server, i)->n_stopped, ==, 1);
      g_assert_cmpint (server_get_member (&server, i)->n_gone, ==, 1);
    }
  g_clear_object (&group);
  server_clear (&server);
}

static void
ask_for_statistics (GudpxPort *port, gpointer user_data)
{
  g_autoptr (GudpxStatistics) statistics = gudpx_port_group_get_statistics (user_data);

  g_assert_cmpuint (statistics->datagrams_received, <=, N_PEERS);
}

/* Statistics can be read during the work, in the group's own threads, and across a restart. */
static void
test_statistics (void)
{
  Server server;
  g_autoptr (GudpxPortGroup) group = group_new_started (&server, "127.0.0.1");
  g_autoptr (GSocket) peer = peer_new ("127.0.0.1");

  check_counts (group, 0, 0);
  for (guint i = 0; i < N_PEERS; i++)
    {
      ask (peer, group);
      for (guint j = 0; j < N_PORTS; j++)
        gudpx_port_group_invoke (group, j, ask_for_statistics, group, NULL);
    }
  wait_for (count_sent (group) == N_PEERS);
  check_counts (group, N_PEERS, N_PEERS);
  gudpx_port_group_stop (group);
  check_counts (group, N_PEERS, N_PEERS);

  group_start (group);
  check_counts (group, N_PEERS, N_PEERS);
  ask (peer, group);
  gudpx_port_group_stop (group);
  check_counts (group, N_PEERS + 1, N_PEERS + 1);
  g_clear_object (&group);
  server_clear (&server);
}

static void
check_fails (GudpxPortGroup *group, GIOErrorEnum code)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (gudpx_port_group_start (group, &error));
  expect_error (&error, code);
  g_assert_false (gudpx_port_group_get_listening (group));
  g_assert_false (gudpx_port_group_start (group, NULL));
}

static void
test_address_in_use (void)
{
  Server server;
  g_autoptr (GSocket) holder = peer_new ("127.0.0.1");
  g_autoptr (GudpxPortGroup) group = group_new (&server, "127.0.0.1", peer_get_port (holder));

  check_fails (group, G_IO_ERROR_ADDRESS_IN_USE);
  g_assert_cmpuint (server.members->len, ==, 0);
  g_assert_cmpuint (group_get_number (group), ==, peer_get_port (holder));
  gudpx_port_group_stop (group);

  g_socket_close (holder, NULL);
  group_start (group);
  gudpx_port_group_stop (group);
  g_clear_object (&group);
  server_clear (&server);
}

/* Another group cannot take a share of the address. */
static void
test_another_group (void)
{
  Server server;
  Server other_server;
  g_autoptr (GudpxPortGroup) group = group_new_started (&server, "127.0.0.1");
  g_autoptr (GudpxPortGroup) other =
      group_new (&other_server, "127.0.0.1", group_get_number (group));
  g_autoptr (GSocket) peer = peer_new ("127.0.0.1");

  check_fails (other, G_IO_ERROR_ADDRESS_IN_USE);
  g_assert_cmpuint (other_server.members->len, ==, 0);
  g_assert_cmpuint (ask (peer, group), <, N_PORTS);

  gudpx_port_group_stop (group);
  group_start (other);
  g_assert_cmpuint (ask (peer, other), <, N_PORTS);
  gudpx_port_group_stop (other);
  g_clear_object (&group);
  g_clear_object (&other);
  server_clear (&server);
  server_clear (&other_server);
}

/* The first port already listens when the second one fails. */
static void
test_half_started (void)
{
  Server server;
  guint16 number = free_number ("127.0.0.1");
  g_autoptr (GudpxPortGroup) group = group_new (&server, "127.0.0.1", number);
  g_autoptr (GSocket) peer = peer_new ("127.0.0.1");
  Member *member;

  server.fail_at = 1;
  check_fails (group, G_IO_ERROR_FAILED);
  g_assert_cmpuint (server.members->len, ==, 1);
  member = server_get_member (&server, 0);
  g_assert_cmpint (member->n_started, ==, 1);
  g_assert_cmpint (member->n_stopped, ==, 1);
  g_assert_cmpint (member->n_gone, ==, 1);
  g_assert_true (is_free ("127.0.0.1", number));

  server.fail_at = G_MAXUINT;
  group_start (group);
  g_assert_cmpuint (ask (peer, group), <, N_PORTS);
  gudpx_port_group_stop (group);
  g_clear_object (&group);
  server_clear (&server);
}

static void
test_shared_protocol (void)
{
  Server server;
  guint16 number = free_number ("127.0.0.1");
  g_autoptr (GudpxPortGroup) group = group_new (&server, "127.0.0.1", number);

  server.shared = recorder_new ();
  check_fails (group, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_cmpstr (server.shared->events->str, ==, "started stopped started stopped ");
  g_assert_true (is_free ("127.0.0.1", number));
  g_clear_object (&group);
  g_object_unref (server.shared);
  server_clear (&server);
}

static void
stop_port (Recorder *recorder, GudpxDatagram *datagram, gpointer user_data)
{
  gudpx_port_stop_listening (
      gudpx_datagram_protocol_get_transport (GUDPX_DATAGRAM_PROTOCOL (recorder)));
}

/* Either all ports listen or none. */
static void
test_stopped_in_started (void)
{
  Server server;
  g_autoptr (GudpxPortGroup) group = group_new (&server, "127.0.0.1", 0);

  server.shared = recorder_new ();
  server.shared->on_started = stop_port;
  check_fails (group, G_IO_ERROR_CLOSED);
  g_clear_object (&group);
  g_object_unref (server.shared);
  server_clear (&server);
}

static void
test_cannot_start (void)
{
  Server server;
  g_autoptr (GudpxPortGroup) group = group_new_started (&server, "127.0.0.1");
  g_autoptr (GudpxPortGroup) without_factory = g_object_new (GUDPX_TYPE_PORT_GROUP, NULL);
  g_autoptr (GSocketAddress) path = g_unix_socket_address_new ("/nowhere/at/all");
  g_autoptr (GudpxPortGroup) on_path = NULL;
  g_autoptr (GSocket) peer = peer_new ("127.0.0.1");
  g_autoptr (GError) error = NULL;

  g_assert_false (gudpx_port_group_start (group, &error));
  expect_error (&error, G_IO_ERROR_EXISTS);
  g_assert_cmpuint (ask (peer, group), <, N_PORTS);
  gudpx_port_group_stop (group);
  g_clear_object (&group);
  server_clear (&server);

  check_fails (without_factory, G_IO_ERROR_INVALID_ARGUMENT);

  server_init (&server);
  on_path = gudpx_port_group_new (1, path, make_member, &server, server_destroyed);
  check_fails (on_path, G_IO_ERROR_NOT_SUPPORTED);
  g_clear_object (&on_path);
  server_clear (&server);
}

/* The first port binds any free number, and the others bind the same one. */
static void
test_free_number (void)
{
  Server server;
  g_autoptr (GudpxPortGroup) group = NULL;
  g_autoptr (GSocket) peer = peer_new ("127.0.0.1");

  server_init (&server);
  group = gudpx_port_group_new (N_PORTS, NULL, make_member, &server, server_destroyed);
  g_assert_null (gudpx_port_group_get_local_address (group));
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (GSocketAddress) address = NULL;

      group_start (group);
      g_assert_cmpuint (group_get_number (group), >, 0);
      address = g_inet_socket_address_new_from_string ("127.0.0.1", group_get_number (group));
      g_assert_cmpint (g_socket_send_to (peer, address, "ask", 3, NULL, NULL), ==, 3);
      g_assert_cmpuint (receive_index (peer), <, N_PORTS);
      gudpx_port_group_stop (group);
      g_assert_null (gudpx_port_group_get_local_address (group));
    }
  g_assert_cmpuint (server.members->len, ==, 3 * N_PORTS);
  g_clear_object (&group);
  server_clear (&server);
}

/* A restart uses the requested number, and new protocols. */
static void
test_restart (void)
{
  Server server;
  guint16 number = free_number ("127.0.0.1");
  g_autoptr (GudpxPortGroup) group = group_new (&server, "127.0.0.1", number);
  g_autoptr (GSocket) peer = peer_new ("127.0.0.1");

  for (guint i = 0; i < 5; i++)
    {
      group_start (group);
      g_assert_cmpuint (group_get_number (group), ==, number);
      g_assert_cmpuint (ask (peer, group), <, N_PORTS);
      gudpx_port_group_stop (group);
      gudpx_port_group_stop (group);
      g_assert_false (gudpx_port_group_get_listening (group));
      g_assert_true (is_free ("127.0.0.1", number));
    }
  g_assert_cmpuint (server.members->len, ==, 5 * N_PORTS);
  g_clear_object (&group);
  server_clear (&server);
}

static gboolean
are_gone (Server *server)
{
  for (guint i = 0; i < server->members->len; i++)
    {
      if (g_atomic_int_get (&server_get_member (server, i)->n_gone) == 0)
        return FALSE;
    }
  return TRUE;
}

/* Releasing the group stops it without waiting. */
static void
test_dispose (void)
{
  Server server;
  GudpxPortGroup *group = group_new_started (&server, "127.0.0.1");
  guint16 number = group_get_number (group);

  g_object_unref (group);
  g_assert_cmpint (server.n_destroyed, ==, 1);
  wait_for (are_gone (&server));
  for (guint i = 0; i < N_PORTS; i++)
    g_assert_cmpint (server_get_member (&server, i)->n_stopped, ==, 1);
  g_assert_true (is_free ("127.0.0.1", number));
  server_clear (&server);
}

static void
drop_group (GudpxPort *port, gpointer user_data)
{
  g_object_unref (user_data);
}

/* The last reference is released in one of the group's own threads. */
static void
test_dispose_in_own_thread (void)
{
  Server server;
  GudpxPortGroup *group = group_new_started (&server, "127.0.0.1");

  g_object_ref (group);
  g_assert_true (gudpx_port_group_invoke (group, 1, drop_group, group, NULL));
  g_object_unref (group);
  wait_for (are_gone (&server));
  server_clear (&server);
}

static void
test_never_started (void)
{
  Server server;
  g_autoptr (GudpxPortGroup) group = group_new (&server, "127.0.0.1", 0);

  gudpx_port_group_stop (group);
  check_counts (group, 0, 0);
  g_clear_object (&group);
  server_clear (&server);
}

typedef struct
{
  GThread *thread;
  GString *calls;
  GSocketAddress *destination;
  int n_destroyed;
} Order;

static void
write_order (GudpxPort *port, gpointer user_data)
{
  Order *order = user_data;
  char digit = (char) ('0' + order->calls->len);

  g_assert_true (order->thread == g_thread_self ());
  g_string_append_c (order->calls, digit);
  g_assert_true (
      gudpx_port_write_to (port, (const guint8 *) &digit, 1, order->destination, NULL));
}

static void
order_destroyed (gpointer data)
{
  ((Order *) data)->n_destroyed++;
}

/* Calls are made in the order of the requests, even if the group is stopped immediately. */
static void
test_invoke (void)
{
  Server server;
  g_autoptr (GudpxPortGroup) group = group_new_started (&server, "127.0.0.1");
  g_autoptr (GSocket) peer = peer_new ("127.0.0.1");
  g_autoptr (GSocketAddress) destination = g_socket_get_local_address (peer, NULL);
  Order order = { server_get_member (&server, 1)->thread, g_string_new (NULL), destination, 0 };

  for (guint i = 0; i < 5; i++)
    g_assert_true (gudpx_port_group_invoke (group, 1, write_order, &order, order_destroyed));
  gudpx_port_group_stop (group);
  g_assert_cmpstr (order.calls->str, ==, "01234");
  g_assert_cmpint (order.n_destroyed, ==, 5);
  for (guint i = 0; i < 5; i++)
    g_assert_cmpuint (receive_index (peer), ==, i);

  g_assert_false (gudpx_port_group_invoke (group, 1, write_order, &order, order_destroyed));
  g_assert_cmpint (order.n_destroyed, ==, 6);
  g_assert_false (gudpx_port_group_invoke (group, 0, write_order, &order, NULL));
  g_assert_cmpstr (order.calls->str, ==, "01234");
  g_string_free (order.calls, TRUE);
  g_clear_object (&group);
  server_clear (&server);
}

static void
start_and_stop (GudpxPort *port, gpointer user_data)
{
  g_test_expect_message ("Gudpx", G_LOG_LEVEL_CRITICAL, "*is_own_thread*");
  gudpx_port_group_stop (user_data);
  g_test_assert_expected_messages ();
  g_test_expect_message ("Gudpx", G_LOG_LEVEL_CRITICAL, "*is_own_thread*");
  g_assert_false (gudpx_port_group_start (user_data, NULL));
  g_test_assert_expected_messages ();
  g_assert_true (gudpx_port_group_get_listening (user_data));
}

/* This programming error does no harm. */
static void
test_own_thread (void)
{
  Server server;
  g_autoptr (GudpxPortGroup) group = group_new_started (&server, "127.0.0.1");

  g_assert_true (gudpx_port_group_invoke (group, 0, start_and_stop, group, NULL));
  gudpx_port_group_stop (group);
  g_clear_object (&group);
  server_clear (&server);
}

static void
count_notify (GObject *object, GParamSpec *pspec, gpointer user_data)
{
  g_string_append_printf (user_data, "%s ", pspec->name);
}

static void
test_properties (void)
{
  Server server;
  g_autoptr (GudpxPortGroup) group = group_new (&server, "127.0.0.1", 0);
  g_autoptr (GudpxPortGroup) default_group = g_object_new (GUDPX_TYPE_PORT_GROUP, NULL);
  g_autoptr (GString) notified = g_string_new (NULL);
  g_autoptr (GSocketAddress) address = NULL;
  guint n_ports;
  gboolean steer_by_cpu;
  gboolean listening;

  g_signal_connect (group, "notify", G_CALLBACK (count_notify), notified);
  g_object_get (group, "n-ports", &n_ports, "local-address", &address, "steer-by-cpu",
                &steer_by_cpu, "listening", &listening, NULL);
  g_assert_cmpuint (n_ports, ==, N_PORTS);
  g_assert_true (gudpx_address_equal (address, gudpx_port_group_get_local_address (group)));
  g_assert_false (steer_by_cpu);
  g_assert_false (listening);
  g_assert_cmpuint (gudpx_port_group_get_n_ports (default_group), ==, g_get_num_processors ());

  gudpx_port_group_set_steer_by_cpu (group, TRUE);
  gudpx_port_group_set_steer_by_cpu (group, TRUE);
  g_object_set (group, "steer-by-cpu", FALSE, NULL);
  g_assert_cmpstr (notified->str, ==, "steer-by-cpu steer-by-cpu ");
  g_string_truncate (notified, 0);

  group_start (group);
  g_assert_true (strstr (notified->str, "listening ") != NULL);
  g_assert_true (strstr (notified->str, "local-address ") != NULL);
  g_string_truncate (notified, 0);
  gudpx_port_group_stop (group);
  g_assert_true (strstr (notified->str, "listening ") != NULL);
  g_assert_true (strstr (notified->str, "local-address ") != NULL);
  g_clear_object (&group);
  server_clear (&server);
}

static void
stop_again (GObject *object, GParamSpec *pspec, gpointer user_data)
{
  gudpx_port_group_stop (GUDPX_PORT_GROUP (object));
}

static void
test_stop_in_notify (void)
{
  Server server;
  g_autoptr (GudpxPortGroup) group = group_new (&server, "127.0.0.1", 0);

  g_signal_connect (group, "notify::listening", G_CALLBACK (stop_again), NULL);
  g_assert_true (gudpx_port_group_start (group, NULL));
  g_assert_false (gudpx_port_group_get_listening (group));
  g_assert_true (are_gone (&server));
  g_clear_object (&group);
  server_clear (&server);
}

/* Starts a group with steering. Returns FALSE and skips the test if the system does not allow
 * it. */
static gboolean
start_steered (GudpxPortGroup *group)
{
  g_autoptr (GError) error = NULL;

  gudpx_port_group_set_steer_by_cpu (group, TRUE);
  if (gudpx_port_group_start (group, &error))
    return TRUE;

  g_assert_true (error->domain == G_IO_ERROR);
  g_assert_false (gudpx_port_group_get_listening (group));
  g_test_skip (error->message);
  return FALSE;
}

/* All peers of one processor meet the same port. */
static void
check_processor (GudpxPortGroup *group, int processor)
{
  cpu_set_t processors;

  CPU_ZERO (&processors);
  CPU_SET (processor, &processors);
  g_assert_cmpint (sched_setaffinity (0, sizeof processors, &processors), ==, 0);
  for (guint i = 0; i < N_PEERS / 2; i++)
    {
      g_autoptr (GSocket) peer = peer_new ("127.0.0.1");

      g_assert_cmpuint (ask (peer, group), ==, processor % N_PORTS);
    }
}

/* On the loopback interface the sending processor also receives. */
static void
test_steer_by_cpu (void)
{
  Server server;
  g_autoptr (GudpxPortGroup) group = group_new (&server, "127.0.0.1", 0);
  cpu_set_t allowed;
  guint n_processors = 0;

  g_assert_cmpint (sched_getaffinity (0, sizeof allowed, &allowed), ==, 0);
  if (start_steered (group))
    {
      for (int i = 0; i < CPU_SETSIZE && n_processors < 4; i++)
        {
          if (CPU_ISSET (i, &allowed))
            {
              check_processor (group, i);
              n_processors++;
            }
        }
      g_assert_cmpint (sched_setaffinity (0, sizeof allowed, &allowed), ==, 0);
      gudpx_port_group_stop (group);
      check_counts (group, n_processors * N_PEERS / 2, n_processors * N_PEERS / 2);
    }
  g_clear_object (&group);
  server_clear (&server);
}

/* Steering also works with a single port. */
static void
test_one_port (void)
{
  Server server;
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string ("127.0.0.1", 0);
  g_autoptr (GudpxPortGroup) group = NULL;
  g_autoptr (GSocket) peer = peer_new ("127.0.0.1");

  server_init (&server);
  group = gudpx_port_group_new (1, address, make_member, &server, server_destroyed);
  if (start_steered (group))
    g_assert_cmpuint (ask (peer, group), ==, 0);
  gudpx_port_group_stop (group);
  g_clear_object (&group);
  server_clear (&server);
}

/* Starts and stops the group while datagrams arrive. */
static void
test_under_load (void)
{
  Server server;
  guint16 number = free_number ("127.0.0.1");
  g_autoptr (GudpxPortGroup) group = group_new (&server, "127.0.0.1", number);
  GSocket *peers[N_PEERS];
  guint64 n_sent = 0;
  g_autoptr (GudpxStatistics) statistics = NULL;

  for (guint i = 0; i < N_PEERS; i++)
    peers[i] = peer_new ("127.0.0.1");
  for (guint round = 0; round < 10; round++)
    {
      group_start (group);
      for (guint i = 0; i < N_PEERS; i++, n_sent++)
        send_to_group (peers[i], group);
      gudpx_port_group_stop (group);
    }
  statistics = gudpx_port_group_get_statistics (group);
  g_assert_cmpuint (statistics->datagrams_received, <=, n_sent);
  g_assert_cmpuint (statistics->datagrams_sent, <=, statistics->datagrams_received);
  for (guint i = 0; i < N_PEERS; i++)
    g_object_unref (peers[i]);
  g_clear_object (&group);
  server_clear (&server);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/port-group/spread", test_spread);
  g_test_add_func ("/port-group/ipv6", test_ipv6);
  g_test_add_func ("/port-group/dual-stack", test_dual_stack);
  g_test_add_func ("/port-group/threads", test_threads);
  g_test_add_func ("/port-group/statistics", test_statistics);
  g_test_add_func ("/port-group/address-in-use", test_address_in_use);
  g_test_add_func ("/port-group/another-group", test_another_group);
  g_test_add_func ("/port-group/half-started", test_half_started);
  g_test_add_func ("/port-group/shared-protocol", test_shared_protocol);
  g_test_add_func ("/port-group/stopped-in-started", test_stopped_in_started);
  g_test_add_func ("/port-group/cannot-start", test_cannot_start);
  g_test_add_func ("/port-group/free-number", test_free_number);
  g_test_add_func ("/port-group/restart", test_restart);
  g_test_add_func ("/port-group/dispose", test_dispose);
  g_test_add_func ("/port-group/dispose-in-own-thread", test_dispose_in_own_thread);
  g_test_add_func ("/port-group/never-started", test_never_started);
  g_test_add_func ("/port-group/invoke", test_invoke);
  g_test_add_func ("/port-group/own-thread", test_own_thread);
  g_test_add_func ("/port-group/properties", test_properties);
  g_test_add_func ("/port-group/stop-in-notify", test_stop_in_notify);
  g_test_add_func ("/port-group/steer-by-cpu", test_steer_by_cpu);
  g_test_add_func ("/port-group/one-port", test_one_port);
  g_test_add_func ("/port-group/under-load", test_under_load);

  return g_test_run ();
}
