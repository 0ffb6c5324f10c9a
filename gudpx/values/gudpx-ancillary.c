/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <netinet/udp.h>
#include <string.h>
#include <sys/time.h>

#include "gudpx-ancillary-private.h"

/* A row for each control message to parse: ip(7), ipv6(7), socket(7). */
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
  const gint64 end = G_MAXINT64 / G_USEC_PER_SEC;
  struct timeval time;

  memcpy (&time, data, sizeof time);
  /* The time is not known if the clock is as wrong as that. */
  if (time.tv_sec < 0 || time.tv_sec >= end || time.tv_usec < 0 || time.tv_usec >= G_USEC_PER_SEC)
    return;
  self->timestamp = (gint64) time.tv_sec * G_USEC_PER_SEC + time.tv_usec;
}

static void
parse_hop_limit (GudpxAncillary *self, gconstpointer data, gsize size)
{
  self->hop_limit = read_byte_or_int (data, size) & 0xff;
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
  /* For broadcasts and multicasts, ipi_spec_dst is an address of the interface. */
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

  /* IP_PKTINFO has the source of IPv4 on an IPv6 socket. */
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

/* Returns TRUE if the table has the control message. */
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
set_message (GudpxControlMessage *message, int level, int type, gconstpointer data, gsize size)
{
  message->level = level;
  message->type = type;
  message->size = size;
  memcpy (message->data, data, size);
}

static void
build_source (const GudpxAncillary *self,
              gboolean ipv6_socket,
              gboolean ipv4_destination,
              GudpxControlMessage *message)
{
  struct in6_pktinfo info6 = { .ipi6_addr = self->source, .ipi6_ifindex = self->send_interface };

#ifdef IP_PKTINFO
  if (!ipv6_socket)
    {
      struct in_pktinfo info = { .ipi_ifindex = (int) self->send_interface };

      memcpy (&info.ipi_spec_dst, &self->source.s6_addr[12], 4);
      set_message (message, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
      return;
    }
#endif

  /* Without a source the address is “any”, which is also mapped for IPv4. */
  if (ipv4_destination && !self->has_source)
    info6.ipi6_addr.s6_addr[10] = info6.ipi6_addr.s6_addr[11] = 0xff;

  /* A link-local source needs an interface. A reply takes the one that the datagram came in by. */
  if (info6.ipi6_ifindex == 0 && IN6_IS_ADDR_LINKLOCAL (&self->source))
    info6.ipi6_ifindex = self->interface_index;
  set_message (message, IPPROTO_IPV6, IPV6_PKTINFO, &info6, sizeof info6);
}

/* Returns TRUE if the datagram is sent without a control message. */
gboolean
gudpx_ancillary_is_plain (const GudpxAncillary *self)
{
  return self == NULL || (!self->has_source && self->send_interface == 0 &&
                          self->send_hop_limit < 0 && self->send_traffic_class < 0);
}

/* Fills @messages, and returns their number. On an IPv6 socket, IPv4 has control messages of its
 * own for the hop limit and the traffic class, and the one of IPv6 for the source. */
guint
gudpx_ancillary_build (const GudpxAncillary *self,
                       gboolean ipv6_socket,
                       gboolean ipv4_destination,
                       GudpxControlMessage *messages)
{
  guint n = 0;

  if (gudpx_ancillary_is_plain (self))
    return 0;

  if (self->has_source || self->send_interface != 0)
    build_source (self, ipv6_socket, ipv4_destination, &messages[n++]);
  if (self->send_hop_limit >= 0)
    set_message (&messages[n++], ipv4_destination ? IPPROTO_IP : IPPROTO_IPV6,
                 ipv4_destination ? IP_TTL : IPV6_HOPLIMIT, &self->send_hop_limit, sizeof (int));
  if (self->send_traffic_class >= 0)
    set_message (&messages[n++], ipv4_destination ? IPPROTO_IP : IPPROTO_IPV6,
                 ipv4_destination ? IP_TOS : IPV6_TCLASS, &self->send_traffic_class, sizeof (int));
  return n;
}

/* Returns TRUE if both are sent with the same control messages. */
gboolean
gudpx_ancillary_sends_equal (const GudpxAncillary *a, const GudpxAncillary *b)
{
  if (a == b)
    return TRUE;
  if (gudpx_ancillary_is_plain (a) || gudpx_ancillary_is_plain (b))
    return gudpx_ancillary_is_plain (a) && gudpx_ancillary_is_plain (b);

  return a->has_source == b->has_source && a->interface_index == b->interface_index &&
         a->send_interface == b->send_interface && a->send_hop_limit == b->send_hop_limit &&
         a->send_traffic_class == b->send_traffic_class &&
         memcmp (&a->source, &b->source, sizeof a->source) == 0;
}
