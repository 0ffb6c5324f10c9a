/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "gudpx-address-private.h"

G_BEGIN_DECLS

/* What travels beside a datagram in control messages, in either direction. */
typedef struct
{
  struct in6_addr destination; /* received: where it was sent to; IPv4 in mapped form */
  struct in6_addr source;      /* to send: where it leaves from; received: where a reply would */
  gboolean has_destination;
  gboolean has_source;
  guint interface_index; /* 0: not known */
  int hop_limit;         /* -1: not known */
  int traffic_class;     /* -1: not known */
  gint64 timestamp;      /* µs since the epoch; 0: not known */
  /* To send with. */
  guint send_interface;   /* 0: by the route */
  int send_hop_limit;     /* -1: the port's */
  int send_traffic_class; /* -1: the port's */
  gsize segment_size;    /* of datagrams that were joined: udp(7), UDP_GRO; 0: it is one */
} GudpxAncillary;

/* One control message to send. */
typedef struct
{
  int level;
  int type;
  gsize size;
  guint8 data[32];
} GudpxControlMessage;

#define GUDPX_ANCILLARY_INIT                                                                       \
  { .hop_limit = -1, .traffic_class = -1, .send_hop_limit = -1, .send_traffic_class = -1 }
#define GUDPX_ANCILLARY_MAX_MESSAGES 3
/* Room for every control message that is asked for, and for those of an adopted socket. */
#define GUDPX_ANCILLARY_SPACE 256
/* Room for those that are sent, and for the size of segments. */
#define GUDPX_ANCILLARY_SEND_SPACE 128

gboolean gudpx_ancillary_parse (GudpxAncillary        *self,
                                int                    level,
                                int                    type,
                                gconstpointer          data,
                                gsize                  size);
gboolean gudpx_ancillary_is_plain    (const GudpxAncillary *self);
gboolean gudpx_ancillary_sends_equal (const GudpxAncillary *a,
                                      const GudpxAncillary *b);
guint    gudpx_ancillary_build       (const GudpxAncillary *self,
                                      gboolean              ipv6_socket,
                                      gboolean              ipv4_destination,
                                      GudpxControlMessage  *messages);

G_END_DECLS
