/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A subject whose instructions callgrind counts:
 *
 *   counted CASE ROUNDS
 *
 * A round handles N_A_ROUND datagrams. The other end, “peer”, is a plain socket in the same
 * thread, so each round does the same. callgrind collects while count_step() runs: the start and
 * the work of the peer are not counted. The program uses public functions only, so it also runs
 * with the library of an older commit.
 *
 * In the cases named “joined” the kernel joins datagrams for the library (UDP_GRO), and the peer
 * accepts joined answers. In all cases the library may join what it sends (UDP_SEGMENT). */

#include <gudpx/gudpx.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

#define N_A_ROUND 64
#define PAYLOAD_SIZE 64
#define N_WARM_UP_ROUNDS 8
#define NS_A_CALL 1000 /* of clock_gettime() */
#define MAX_SECONDS 10

static struct
{
  GudpxPort *port;
  GSocketAddress *destination;
  GPtrArray *datagrams;
  guint n_handled;
  gboolean answers;
  gboolean has_failed;
} subject;

static struct
{
  int fd;
  gboolean joins;
} peer;

static guint8 payload[N_A_ROUND * PAYLOAD_SIZE];

/* Replaces the C library's clock, also for GLib. A program runs many times slower under callgrind,
 * and the library adapts to the time that a dispatch takes. This clock advances with each call. */
int
clock_gettime (clockid_t id, struct timespec *now)
{
  static gint64 ns = G_GINT64_CONSTANT (1000000000000);

  ns += NS_A_CALL;
  now->tv_sec = ns / 1000000000;
  now->tv_nsec = ns % 1000000000;
  return 0;
}

G_NORETURN static void
die (const char *where)
{
  perror (where);
  exit (1);
}

typedef GudpxDatagramProtocol Counted;
typedef GudpxDatagramProtocolClass CountedClass;

GType counted_get_type (void);
G_DEFINE_TYPE (Counted, counted, GUDPX_TYPE_DATAGRAM_PROTOCOL)

static void
counted_datagram_received (GudpxDatagramProtocol *self, GudpxDatagram *datagram)
{
  gsize size;
  const guint8 *data = gudpx_datagram_get_payload (datagram, &size);

  subject.n_handled++;
  if (subject.answers && !gudpx_datagram_reply (datagram, data, size, NULL))
    subject.has_failed = TRUE;
}

static void
counted_init (Counted *self)
{
}

static void
counted_class_init (CountedClass *klass)
{
  klass->datagram_received = counted_datagram_received;
}

static void
set_peer_option (int level, int name, int value)
{
  if (setsockopt (peer.fd, level, name, &value, sizeof value) < 0)
    die ("setsockopt");
}

static void
open_peer (gboolean joins)
{
  struct sockaddr_in address = { .sin_family = AF_INET };
  struct timeval limit = { .tv_sec = MAX_SECONDS };
  socklen_t size = sizeof address;

  peer.joins = joins;
  peer.fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (peer.fd < 0)
    die ("socket");
  address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  if (bind (peer.fd, (struct sockaddr *) &address, size) < 0 ||
      getsockname (peer.fd, (struct sockaddr *) &address, &size) < 0)
    die ("bind");
  if (setsockopt (peer.fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) < 0)
    die ("setsockopt");
  if (joins)
    {
      set_peer_option (IPPROTO_UDP, UDP_SEGMENT, PAYLOAD_SIZE);
      set_peer_option (IPPROTO_UDP, UDP_GRO, 1);
    }
  subject.destination = g_socket_address_new_from_native (&address, size);
}

static void
connect_peer (void)
{
  g_autoptr (GSocketAddress) local =
      g_socket_get_local_address (gudpx_port_get_socket (subject.port), NULL);
  struct sockaddr_in address;

  if (!g_socket_address_to_native (local, &address, sizeof address, NULL) ||
      connect (peer.fd, (struct sockaddr *) &address, sizeof address) < 0)
    die ("connect");
}

static void
peer_send (guint n)
{
  guint n_a_send = peer.joins ? n : 1;

  for (guint i = 0; i < n; i += n_a_send)
    {
      if (send (peer.fd, payload, n_a_send * PAYLOAD_SIZE, 0) < 0)
        die ("send");
    }
}

static void
peer_receive (guint n)
{
  guint8 received[N_A_ROUND * PAYLOAD_SIZE];
  gssize n_bytes;

  for (guint i = 0; i < n; i += n_bytes / PAYLOAD_SIZE)
    {
      n_bytes = recv (peer.fd, received, sizeof received, 0);
      if (n_bytes < PAYLOAD_SIZE)
        die ("recv");
    }
}

static void
dispatch (guint n)
{
  subject.n_handled = 0;
  while (subject.n_handled < n)
    g_main_context_iteration (NULL, TRUE);
}

static void
write_each (guint n)
{
  for (guint i = 0; i < n; i++)
    {
      if (!gudpx_port_write_to (subject.port, payload, PAYLOAD_SIZE, subject.destination, NULL))
        subject.has_failed = TRUE;
    }
}

static void
write_array (guint n)
{
  if (gudpx_port_write_datagrams (subject.port, subject.datagrams, NULL) != n)
    subject.has_failed = TRUE;
}

typedef struct
{
  const char *name;
  void (*work) (guint n);
  guint n_a_wakeup;
  gboolean is_sent; /* by the peer */
  gboolean comes_back;
  gboolean is_joined;
} Case;

static const Case cases[] = {
  { "receive-joined", dispatch, N_A_ROUND, TRUE, FALSE, TRUE },
  { "echo-joined", dispatch, N_A_ROUND, TRUE, TRUE, TRUE },
  { "receive-plain", dispatch, N_A_ROUND, TRUE, FALSE, FALSE },
  { "echo-plain", dispatch, N_A_ROUND, TRUE, TRUE, FALSE },
  { "write-to", write_each, N_A_ROUND, FALSE, TRUE, FALSE },
  { "write-datagrams", write_array, N_A_ROUND, FALSE, TRUE, FALSE },
  { "echo-one", dispatch, 1, TRUE, TRUE, FALSE },
};

static const Case *
find_case (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      if (strcmp (cases[i].name, name) == 0)
        return &cases[i];
    }
  fprintf (stderr, "counted: there is no case “%s”\n", name);
  exit (2);
}

/* callgrind finds this function by its name, so the compiler must neither inline it nor turn its
 * call into a jump. */
G_NO_INLINE static void
count_step (const Case *self)
{
  self->work (self->n_a_wakeup);
  __asm__ volatile ("" : : : "memory");
}

static void
run_round (const Case *self, void (*step) (const Case *self))
{
  for (guint n = 0; n < N_A_ROUND; n += self->n_a_wakeup)
    {
      if (self->is_sent)
        peer_send (self->n_a_wakeup);
      step (self);
      if (self->comes_back)
        peer_receive (self->n_a_wakeup);
    }
}

static void
warm_up (const Case *self)
{
  self->work (self->n_a_wakeup);
}

static void
open_port (const Case *self)
{
  g_autoptr (GudpxDatagramProtocol) protocol = g_object_new (counted_get_type (), NULL);
  g_autoptr (GError) error = NULL;

  subject.answers = self->is_sent && self->comes_back;
  subject.port = gudpx_listen_udp (0, protocol, "127.0.0.1", &error);
  if (subject.port == NULL)
    {
      fprintf (stderr, "counted: %s\n", error->message);
      exit (1);
    }
  /* The peer is silent during a dispatch, so there is nothing to poll for. */
  gudpx_port_set_busy_poll (subject.port, 0, NULL);
}

static void
fill_datagrams (void)
{
  subject.datagrams = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < N_A_ROUND; i++)
    g_ptr_array_add (subject.datagrams,
                     gudpx_datagram_new (payload, PAYLOAD_SIZE, subject.destination));
}

int
main (int argc, char **argv)
{
  const Case *self;
  guint n_rounds;

  if (argc != 3)
    {
      fprintf (stderr, "usage: %s CASE ROUNDS\n", argv[0]);
      return 2;
    }
  self = find_case (argv[1]);
  n_rounds = atoi (argv[2]);

  open_peer (self->is_joined);
  open_port (self);
  connect_peer ();
  fill_datagrams ();
  for (guint i = 0; i < N_WARM_UP_ROUNDS; i++)
    run_round (self, warm_up);
  for (guint i = 0; i < n_rounds; i++)
    run_round (self, count_step);
  g_ptr_array_unref (subject.datagrams);
  g_object_unref (subject.destination);
  g_object_unref (subject.port);
  close (peer.fd);
  if (subject.has_failed)
    {
      fprintf (stderr, "counted: a datagram was not written\n");
      return 1;
    }
  return 0;
}
