/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tests whole batches in packed form, as language bindings receive and send them. */

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <netinet/in.h>

#include "recorder.h"

#define TYPE_TAKER (taker_get_type ())
G_DECLARE_FINAL_TYPE (Taker, taker, TEST, TAKER, GudpxDatagramProtocol)

/* A protocol that records the datagrams that it takes, up to a limit. */
struct _Taker
{
  GudpxDatagramProtocol parent_instance;

  GString *taken;  /* the payloads, each followed by a space */
  GArray *numbers; /* of the senders */
  guint n_calls;
  guint n_empty_calls;
  guint n_singles;
  guint limit; /* for one call */
  gboolean stops;
  gboolean pauses;
  gboolean iterates;
  gboolean echoes;
  GSocket *peer; /* sends one more datagram at once, which is answered and not taken */
  struct _Fixture *fixture; /* for a call that runs a main loop with many peers; NULL: none */
  guint depth;
};

/* A port with waiting datagrams “0” to “5”. */
typedef struct _Fixture
{
  Taker *taker;
  GudpxPort *port;
  GSocket *peer;
  int fd;
} Fixture;

static void take_many (Taker *taker, Fixture *self);

G_DEFINE_FINAL_TYPE (Taker, taker, GUDPX_TYPE_DATAGRAM_PROTOCOL)

static void
take_no_more (Taker *self, GudpxPort *port)
{
  if (self->limit > 0)
    {
      self->limit = 0;
      peer_send (self->peer, "6", 1, port);
      return;
    }

  gudpx_port_set_reading (port, FALSE);
  g_assert_true (gudpx_port_write_to_host (port, text ("x"), "127.0.0.1",
                                           peer_get_port (self->peer), NULL));
}

static void
take (Taker *self, const guint8 *payload, guint32 size, guint32 number)
{
  g_string_append_len (self->taken, (const char *) payload, size);
  g_string_append_c (self->taken, ' ');
  g_array_append_val (self->numbers, number);
}

static void
taker_packed_received (GudpxDatagramProtocol *protocol,
                       GudpxPort *port,
                       const guint8 *payloads,
                       gsize payloads_size,
                       const guint8 *index,
                       gsize index_size,
                       guint *n_taken)
{
  Taker *self = TEST_TAKER (protocol);
  const guint32 *pairs = (const guint32 *) (gpointer) index;
  gsize offset = 0;

  g_assert_cmpuint (*n_taken, ==, 0);
  if (index_size == 0)
    {
      self->n_empty_calls++;
      return;
    }

  self->n_calls++;
  for (gsize i = 0; i < index_size / 8 && *n_taken < self->limit; i++)
    {
      take (self, payloads + offset, pairs[2 * i], pairs[2 * i + 1]);
      offset += pairs[2 * i];
      (*n_taken)++;
    }
  if (self->echoes)
    g_assert_cmpint (
        gudpx_port_write_packed (port, payloads, payloads_size, index, index_size, NULL), ==,
        index_size / 8);
  if (self->stops)
    gudpx_port_stop_listening (port);
  if (self->pauses)
    gudpx_port_set_reading (port, FALSE);
  if (self->iterates)
    iterate ();
  if (self->peer != NULL)
    take_no_more (self, port);
  self->depth++;
  if (self->fixture != NULL)
    take_many (self, g_steal_pointer (&self->fixture));
  self->depth--;
}

static void
taker_datagram_received (GudpxDatagramProtocol *protocol, GudpxDatagram *datagram)
{
  gsize size;
  const guint8 *payload = gudpx_datagram_get_payload (datagram, &size);

  TEST_TAKER (protocol)->n_singles++;
  take (TEST_TAKER (protocol), payload, size, 0);
}

static void
taker_finalize (GObject *object)
{
  g_string_free (TEST_TAKER (object)->taken, TRUE);
  g_array_unref (TEST_TAKER (object)->numbers);
  G_OBJECT_CLASS (taker_parent_class)->finalize (object);
}

static void
taker_class_init (TakerClass *klass)
{
  GudpxDatagramProtocolClass *protocol_class = GUDPX_DATAGRAM_PROTOCOL_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = taker_finalize;
  protocol_class->packed_received = taker_packed_received;
  protocol_class->datagram_received = taker_datagram_received;
}

static void
taker_init (Taker *self)
{
  self->taken = g_string_new (NULL);
  self->numbers = g_array_new (FALSE, FALSE, sizeof (guint32));
  self->limit = G_MAXUINT;
}

static void
set_up (Fixture *self, gconstpointer data)
{
  self->taker = g_object_new (TYPE_TAKER, NULL);
  self->port = gudpx_listen_udp (0, GUDPX_DATAGRAM_PROTOCOL (self->taker), "127.0.0.1", NULL);
  self->peer = peer_new ("127.0.0.1");
  for (char digit = '0'; digit < '6'; digit++)
    peer_send (self->peer, &digit, 1, self->port);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  gudpx_port_stop_listening (self->port);
  g_object_unref (self->peer);
  g_object_unref (self->port);
  g_assert_finalize_object (self->taker);
}

static guint
get_number (Fixture *self, guint i)
{
  return g_array_index (self->taker->numbers, guint32, i);
}

static void
test_batch (Fixture *self, gconstpointer data)
{
  g_autoptr (GSocket) other = peer_new ("127.0.0.1");
  g_autofree char *host = NULL;
  GSocketAddress *address;
  guint16 port_number;

  peer_send (other, "", 0, self->port);
  peer_send (other, "x", 1, self->port);
  wait_for (self->taker->numbers->len == 8);
  g_assert_cmpstr (self->taker->taken->str, ==, "0 1 2 3 4 5  x ");
  g_assert_cmpuint (self->taker->n_calls, <, 8);
  g_assert_cmpuint (get_number (self, 0), ==, 1);
  g_assert_cmpuint (get_number (self, 5), ==, 1);
  g_assert_cmpuint (get_number (self, 6), ==, 2);

  address = gudpx_port_get_peer (self->port, 2);
  g_assert_cmpuint (g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address)), ==,
                    peer_get_port (other));
  g_assert_true (gudpx_port_get_peer (self->port, 2) == address);
  g_assert_null (gudpx_port_get_peer (self->port, 0));
  g_assert_null (gudpx_port_get_peer (self->port, 3));

  host = gudpx_port_dup_peer_host (self->port, 2, &port_number);
  g_assert_cmpstr (host, ==, "127.0.0.1");
  g_assert_cmpuint (port_number, ==, peer_get_port (other));
  g_assert_null (gudpx_port_dup_peer_host (self->port, 0, &port_number));
  g_assert_cmpuint (port_number, ==, 0);
  g_assert_null (gudpx_port_dup_peer_host (self->port, 3, NULL));
}

/* The rest is offered again immediately. */
static void
test_some_taken (Fixture *self, gconstpointer data)
{
  self->taker->limit = 1;
  wait_for (self->taker->numbers->len == 6);
  g_assert_cmpstr (self->taker->taken->str, ==, "0 1 2 3 4 5 ");
}

/* If nothing was taken, datagrams are offered again after a delay. */
static void
test_none_taken (Fixture *self, gconstpointer data)
{
  gint64 start = g_get_monotonic_time ();

  /* Ten calls of a busy loop take no time; a slow machine only increases the time. */
  self->taker->limit = 0;
  wait_for (self->taker->n_calls >= 10);
  g_assert_cmpint (g_get_monotonic_time () - start, >, 20 * G_TIME_SPAN_MILLISECOND);
  g_assert_cmpuint (self->taker->numbers->len, ==, 0);

  peer_send (self->peer, "6", 1, self->port);
  self->taker->limit = G_MAXUINT;
  wait_for (self->taker->numbers->len == 7);
  g_assert_cmpstr (self->taker->taken->str, ==, "0 1 2 3 4 5 6 ");
}

/* Writing works while nothing is taken. */
static void
test_none_taken_and_write (Fixture *self, gconstpointer data)
{
  g_autofree char *answer = NULL;

  self->taker->limit = 0;
  wait_for (self->taker->n_calls >= 2);
  g_assert_true (gudpx_port_write_to_host (self->port, text ("x"), "127.0.0.1",
                                           peer_get_port (self->peer), NULL));
  answer = peer_receive (self->peer, NULL);
  g_assert_cmpstr (answer, ==, "x");
}

/* Datagrams that are written during busy polling are sent too, even if nothing more follows. */
static void
test_none_taken_by_busy_poll (Fixture *self, gconstpointer data)
{
  g_autofree char *answer = NULL;

  g_assert_true (gudpx_port_set_busy_poll (self->port, 1000, NULL));
  self->taker->peer = self->peer;
  wait_for (!gudpx_port_get_reading (self->port));
  wait_for (gudpx_port_get_send_queue_size (self->port) == 0);
  answer = peer_receive (self->peer, NULL);
  g_assert_cmpstr (answer, ==, "x");
}

static void
test_stop (Fixture *self, gconstpointer data)
{
  self->taker->limit = 2;
  self->taker->stops = TRUE;
  wait_for (!gudpx_port_get_listening (self->port));
  iterate ();
  g_assert_cmpstr (self->taker->taken->str, ==, "0 1 ");
  g_assert_cmpuint (self->taker->n_calls, ==, 1);
  g_assert_null (gudpx_port_get_peer (self->port, 1));
}

static void
test_stop_while_none_is_taken (Fixture *self, gconstpointer data)
{
  self->taker->limit = 0;
  wait_for (self->taker->n_calls > 0);
  gudpx_port_stop_listening (self->port);
  self->taker->limit = G_MAXUINT;
  g_assert_true (gudpx_port_start_listening (self->port, NULL));
  peer_send (self->peer, "new", -1, self->port);
  wait_for (self->taker->numbers->len > 0);
  g_assert_cmpstr (self->taker->taken->str, ==, "new ");
}

static void
test_pause (Fixture *self, gconstpointer data)
{
  self->taker->limit = 2;
  self->taker->pauses = TRUE;
  wait_for (!gudpx_port_get_reading (self->port));
  iterate ();
  g_assert_cmpstr (self->taker->taken->str, ==, "0 1 ");

  self->taker->pauses = FALSE;
  gudpx_port_set_reading (self->port, TRUE);
  wait_for (self->taker->numbers->len == 6);
  g_assert_cmpstr (self->taker->taken->str, ==, "0 1 2 3 4 5 ");
}

/* A waiting datagram of another sender is dropped when the port gets a peer. */
static void
test_connect (Fixture *self, gconstpointer data)
{
  g_autoptr (GSocket) other = peer_new ("127.0.0.1");

  self->taker->limit = 0;
  peer_send (other, "a", 1, self->port);
  peer_send (self->peer, "6", 1, self->port);
  wait_for (self->taker->n_calls > 0);
  g_assert_true (gudpx_port_connect_peer (self->port, "127.0.0.1", peer_get_port (other), NULL));
  peer_send (other, "b", 1, self->port);
  self->taker->limit = G_MAXUINT;
  wait_for (self->taker->numbers->len == 2);
  g_assert_cmpstr (self->taker->taken->str, ==, "a b ");
}

static void
on_datagram (Taker *taker, GudpxDatagram *datagram, guint *n_emitted)
{
  ++*n_emitted;
}

/* Handlers of the signal get single datagrams as usual. */
static void
test_handlers (Fixture *self, gconstpointer data)
{
  guint n_emitted = 0;

  g_signal_connect (self->taker, "datagram-received", G_CALLBACK (on_datagram), &n_emitted);
  wait_for (self->taker->numbers->len == 6);
  g_assert_cmpuint (n_emitted, ==, 6);
  g_assert_cmpuint (self->taker->n_singles, ==, 6);
  g_assert_cmpuint (self->taker->n_calls, ==, 0);
}

/* Running a main loop inside of the function is announced once. */
static void
test_nested (Fixture *self, gconstpointer data)
{
  self->taker->iterates = TRUE;
  self->taker->limit = 3;
  wait_for (self->taker->numbers->len == 6);
  g_assert_cmpstr (self->taker->taken->str, ==, "0 1 2 3 4 5 ");
  g_assert_cmpuint (self->taker->n_empty_calls, ==, self->taker->n_calls);
}

static void
test_write (Fixture *self, gconstpointer data)
{
  self->taker->echoes = TRUE;
  wait_for (self->taker->numbers->len == 6);
  for (char digit = '0'; digit < '6'; digit++)
    {
      g_autofree char *answer = peer_receive (self->peer, NULL);

      g_assert_cmpint (answer[0], ==, digit);
    }
}

static gssize
write_pairs (Fixture *self, gsize size, const guint32 *pairs, gsize n, GError **error)
{
  static const guint8 payloads[70000];

  return gudpx_port_write_packed (self->port, payloads, size, (const guint8 *) pairs,
                                  n * sizeof *pairs, error);
}

static void
test_write_errors (Fixture *self, gconstpointer data)
{
  GError *error = NULL;

  wait_for (self->taker->numbers->len == 6);
  g_assert_cmpint (write_pairs (self, 0, NULL, 0, &error), ==, 0);
  g_assert_no_error (error);
  g_assert_cmpint (write_pairs (self, 3, (guint32[]){ 3 }, 1, &error), ==, -1);
  expect_error (&error, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_cmpint (write_pairs (self, 3, (guint32[]){ 2, 1 }, 2, &error), ==, -1);
  expect_error (&error, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_cmpint (write_pairs (self, 2, (guint32[]){ G_MAXUINT32, 1 }, 2, &error), ==, -1);
  expect_error (&error, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_cmpint (write_pairs (self, 2, (guint32[]){ 2, 7 }, 2, &error), ==, -1);
  expect_error (&error, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_cmpint (write_pairs (self, 2, (guint32[]){ 2, 0 }, 2, &error), ==, -1);
  expect_error (&error, DESTINATION_UNSET);
  g_assert_cmpint (write_pairs (self, 65508, (guint32[]){ 65508, 1 }, 2, &error), ==, -1);
  expect_error (&error, G_IO_ERROR_MESSAGE_TOO_LARGE);
  g_assert_cmpint (write_pairs (self, 3, (guint32[]){ 1, 1, 2, 7 }, 4, &error), ==, 1);
  g_assert_no_error (error);
  gudpx_port_stop_listening (self->port);
  g_assert_cmpint (write_pairs (self, 2, (guint32[]){ 2, 1 }, 2, &error), ==, -1);
  expect_error (&error, G_IO_ERROR_CLOSED);
}

static void
test_truncation (Fixture *self, gconstpointer data)
{
  wait_for (self->taker->numbers->len == 6);
  g_assert_true (gudpx_port_set_max_packet_size (self->port, 2, NULL));
  peer_send (self->peer, "abc", 3, self->port);
  peer_send (self->peer, "d", 1, self->port);
  wait_for (self->taker->numbers->len == 8);
  g_assert_cmpstr (self->taker->taken->str, ==, "0 1 2 3 4 5 ab d ");
}

/* Sends from many addresses; the loopback network has sixteen million. */
static void
send_from (int fd, guint32 source, guint16 number)
{
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_port = htons (number),
                                 .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  struct in_pktinfo info = { .ipi_spec_dst.s_addr = htonl (source) };
  union
  {
    struct cmsghdr header;
    guint8 bytes[CMSG_SPACE (sizeof info)];
  } control = { 0 };
  struct iovec vector = { (gpointer) "x", 1 };
  struct msghdr message = {
    .msg_name = &address,
    .msg_namelen = sizeof address,
    .msg_iov = &vector,
    .msg_iovlen = 1,
    .msg_control = &control,
    .msg_controllen = sizeof control,
  };

  control.header.cmsg_level = IPPROTO_IP;
  control.header.cmsg_type = IP_PKTINFO;
  control.header.cmsg_len = CMSG_LEN (sizeof info);
  memcpy (CMSG_DATA (&control.header), &info, sizeof info);
  g_assert_cmpint (sendmsg (fd, &message, 0), ==, 1);
}

static gboolean
send_some (gpointer user_data)
{
  static guint32 source = 0x7f000100;
  Fixture *self = user_data;

  for (guint i = 0; i < 64; i++)
    send_from (self->fd, source++, port_get_number (self->port));
  return G_SOURCE_CONTINUE;
}

/* A handler that runs a main loop does not keep the port from forgetting peers. */
static void
take_many (Taker *taker, Fixture *self)
{
  guint source = g_idle_add_full (G_PRIORITY_DEFAULT, send_some, self, NULL);

  g_assert_nonnull (gudpx_port_get_peer (self->port, 1));
  wait_for (taker->numbers->len > 66000);
  g_source_remove (source);
  g_assert_null (gudpx_port_get_peer (self->port, 1));
}

static void
test_many_peers (Fixture *self, gconstpointer data)
{
  guint last;

  self->fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  self->taker->fixture = self;
  wait_for (self->taker->fixture == NULL && self->taker->depth == 0);
  last = get_number (self, self->taker->numbers->len - 1);
  g_assert_cmpuint (last, >, 65536);
  g_assert_nonnull (gudpx_port_get_peer (self->port, last));
  close (self->fd);
}

#define add(name) \
  g_test_add ("/packed/" #name, Fixture, NULL, set_up, test_##name, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add (batch);
  add (some_taken);
  add (none_taken);
  add (none_taken_and_write);
  add (none_taken_by_busy_poll);
  add (stop);
  add (stop_while_none_is_taken);
  add (pause);
  add (connect);
  add (handlers);
  add (nested);
  add (write);
  add (write_errors);
  add (truncation);
  add (many_peers);
  return g_test_run ();
}
