/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <netinet/udp.h>
#include <string.h>
#include <sys/time.h>

#include "gudpx-ancillary-private.h"

/* One row per control message that is understood: ip(7), ipv6(7), socket(7). */
typedef struct
{
  int level;
  int type;
  gsize min_size;
  void (*parse) (GudpxAncillary *self, gconstpointer data, gsize size);
} ParseRow;

static int
read_byte_or_int (gconstpointer data, gsize size)
{
  int value;

  if (size < sizeof value)
    return *(const guint8 *) data;
  memcpy (&value, data, sizeof value);
  return value;
}

static void
parse_timestamp (GudpxAncillary *self, gconstpointer data, gsize size)
{
  struct timeval time;

  memcpy (&time, data, sizeof time);
  self->timestamp = (gint64) time.tv_sec * G_USEC_PER_SEC + time.tv_usec;
}

static void
parse_hop_limit (GudpxAncillary *self, gconstpointer data, gsize size)
{
  self->hop_limit = read_byte_or_int (data, size);
}

static void
parse_traffic_class (GudpxAncillary *self, gconstpointer data, gsize size)
{
  self->traffic_class = read_byte_or_int (data, size) & 0xff;
}

#ifdef UDP_GRO
static void
parse_segment_size (GudpxAncillary *self, gconstpointer data, gsize size)
{
  self->segment_size = MAX (read_byte_or_int (data, size), 0);
}
#endif

#ifdef IP_PKTINFO
static struct in6_addr
map_ipv4 (struct in_addr address)
{
  GudpxNativeAddress native = { .u.in = { .sin_family = AF_INET, .sin_addr = address } };

  return gudpx_native_address_get_bytes (&native);
}

static void
parse_ipv4_destination (GudpxAncillary *self, gconstpointer data, gsize size)
{
  struct in_pktinfo info;

  memcpy (&info, data, sizeof info);
  self->destination = map_ipv4 (info.ipi_addr);
  self->has_destination = TRUE;
  /* For broadcasts and multicasts it is an address of the interface. */
  self->source = map_ipv4 (info.ipi_spec_dst);
  self->has_source = TRUE;
  self->interface_index = info.ipi_ifindex;
}
#endif

static void
parse_ipv6_destination (GudpxAncillary *self, gconstpointer data, gsize size)
{
  struct in6_pktinfo info;

  memcpy (&info, data, sizeof info);
  self->destination = info.ipi6_addr;
  self->has_destination = TRUE;
  self->interface_index = info.ipi6_ifindex;

  /* IPv4 on an IPv6 socket: the source comes with IP_PKTINFO. */
  if (!IN6_IS_ADDR_MULTICAST (&info.ipi6_addr) && !IN6_IS_ADDR_V4MAPPED (&info.ipi6_addr))
    {
      self->source = info.ipi6_addr;
      self->has_source = TRUE;
    }
}

static const ParseRow parse_rows[] = {
  { SOL_SOCKET, SCM_TIMESTAMP, sizeof (struct timeval), parse_timestamp },
#ifdef UDP_GRO
  { IPPROTO_UDP, UDP_GRO, sizeof (int), parse_segment_size },
#endif
#ifdef IP_PKTINFO
  { IPPROTO_IP, IP_PKTINFO, sizeof (struct in_pktinfo), parse_ipv4_destination },
#endif
  { IPPROTO_IP, IP_TTL, 1, parse_hop_limit },
  { IPPROTO_IP, IP_TOS, 1, parse_traffic_class },
  { IPPROTO_IP, IP_RECVTTL, 1, parse_hop_limit },
  { IPPROTO_IP, IP_RECVTOS, 1, parse_traffic_class },
  { IPPROTO_IPV6, IPV6_PKTINFO, sizeof (struct in6_pktinfo), parse_ipv6_destination },
  { IPPROTO_IPV6, IPV6_HOPLIMIT, 1, parse_hop_limit },
  { IPPROTO_IPV6, IPV6_TCLASS, 1, parse_traffic_class },
};

/* Whether the message is one that we know. */
gboolean
gudpx_ancillary_parse (GudpxAncillary *self, int level, int type, gconstpointer data, gsize size)
{
  for (guint i = 0; i < G_N_ELEMENTS (parse_rows); i++)
    {
      const ParseRow *row = &parse_rows[i];

      if (row->level == level && row->type == type && size >= row->min_size)
        {
          row->parse (self, data, size);
          return TRUE;
        }
    }
  return FALSE;
}

static void
build_source (const GudpxAncillary *self, gboolean ipv6_socket, GudpxControlMessage *message)
{
#ifdef IP_PKTINFO
  if (!ipv6_socket)
    {
      struct in_pktinfo info = { 0 };

      memcpy (&info.ipi_spec_dst, &self->source.s6_addr[12], 4);
      message->level = IPPROTO_IP;
      message->type = IP_PKTINFO;
      message->size = sizeof info;
      memcpy (message->data, &info, sizeof info);
      return;
    }
#endif
  {
    struct in6_pktinfo info = { .ipi6_addr = self->source };

    /* Only link-local addresses say nothing without their interface. */
    if (IN6_IS_ADDR_LINKLOCAL (&self->source))
      info.ipi6_ifindex = self->interface_index;
    message->level = IPPROTO_IPV6;
    message->type = IPV6_PKTINFO;
    message->size = sizeof info;
    memcpy (message->data, &info, sizeof info);
  }
}

/* The control messages that send a datagram as @self says; how many. */
guint
gudpx_ancillary_build (const GudpxAncillary *self,
                       gboolean ipv6_socket,
                       GudpxControlMessage *messages)
{
  if (self == NULL || !self->has_source)
    return 0;

  build_source (self, ipv6_socket, &messages[0]);
  return 1;
}

/* Whether both are sent with the same control messages. */
gboolean
gudpx_ancillary_sends_equal (const GudpxAncillary *a, const GudpxAncillary *b)
{
  gboolean a_has_source = a != NULL && a->has_source;
  gboolean b_has_source = b != NULL && b->has_source;

  if (!a_has_source || !b_has_source)
    return a_has_source == b_has_source;

  return a->interface_index == b->interface_index &&
         memcmp (&a->source, &b->source, sizeof a->source) == 0;
}
