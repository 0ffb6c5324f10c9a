/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* gudpx from C. Variants: “vfunc”, “batch” (the vfunc for a whole batch) and “signal”. The
 * suffix “-plain” turns offload off. */

#include "subject.h"

#include <gudpx/gudpx.h>
#include <netinet/udp.h>

#ifndef UDP_GRO
#define UDP_GRO 104
#endif

static unsigned n_answers;

static void
answer (GudpxDatagram *datagram)
{
  gsize size;
  const guint8 *payload = gudpx_datagram_get_payload (datagram, &size);

  for (unsigned i = 0; i < n_answers; i++)
    gudpx_datagram_reply (datagram, payload, size, NULL);
}

typedef GudpxDatagramProtocol Single;
typedef GudpxDatagramProtocolClass SingleClass;

GType single_get_type (void);
G_DEFINE_TYPE (Single, single, GUDPX_TYPE_DATAGRAM_PROTOCOL)

static void
single_datagram_received (GudpxDatagramProtocol *self, GudpxDatagram *datagram)
{
  answer (datagram);
}

static void
single_init (Single *self)
{
}

static void
single_class_init (SingleClass *klass)
{
  klass->datagram_received = single_datagram_received;
}

typedef GudpxDatagramProtocol Batch;
typedef GudpxDatagramProtocolClass BatchClass;

GType batch_get_type (void);
G_DEFINE_TYPE (Batch, batch, GUDPX_TYPE_DATAGRAM_PROTOCOL)

static void
batch_datagrams_received (GudpxDatagramProtocol *self, GPtrArray *datagrams)
{
  for (guint i = 0; i < datagrams->len; i++)
    answer (datagrams->pdata[i]);
}

static void
batch_init (Batch *self)
{
}

static void
batch_class_init (BatchClass *klass)
{
  klass->datagrams_received = batch_datagrams_received;
}

static void
on_datagram_received (GudpxDatagramProtocol *self, GudpxDatagram *datagram, gpointer user_data)
{
  answer (datagram);
}

static GudpxDatagramProtocol *
create_protocol (const char *variant)
{
  GudpxDatagramProtocol *protocol;

  if (g_str_has_prefix (variant, "vfunc"))
    return g_object_new (single_get_type (), NULL);
  if (g_str_has_prefix (variant, "batch"))
    return g_object_new (batch_get_type (), NULL);
  protocol = gudpx_datagram_protocol_new ();
  g_signal_connect (protocol, "datagram-received", G_CALLBACK (on_datagram_received), NULL);
  return protocol;
}

/* The kernel segments datagrams only if they have a checksum. Loopback does not calculate the
 * checksum in either case. */
static void
turn_offload_off (GudpxPort *port)
{
  int fd = g_socket_get_fd (gudpx_port_get_socket (port));
  int zero = 0;
  int one = 1;

  setsockopt (fd, IPPROTO_UDP, UDP_GRO, &zero, sizeof zero);
  setsockopt (fd, SOL_SOCKET, SO_NO_CHECK, &one, sizeof one);
}

int
main (int argc, char **argv)
{
  SubjectOptions options = subject_parse (argc, argv);
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GudpxDatagramProtocol) protocol = create_protocol (options.variant);

  n_answers = options.n_answers;
  for (unsigned i = 0; i < options.n_ports; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GudpxPort) port = NULL;

      port = gudpx_listen_udp (options.port + i, protocol, "127.0.0.1", &error);
      if (port == NULL)
        {
          g_printerr ("%s\n", error->message);
          return 1;
        }
      if (options.n_ports == 1)
        subject_set_buffers (g_socket_get_fd (gudpx_port_get_socket (port)));
      if (g_str_has_suffix (options.variant, "-plain"))
        turn_offload_off (port);
    }
  subject_ready ();
  g_main_loop_run (loop);
}
