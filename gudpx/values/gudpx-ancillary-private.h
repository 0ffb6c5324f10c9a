/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "gudpx-native-address-private.h"

G_BEGIN_DECLS

/* Contents of the control messages of a datagram, in either direction. IPv4 is in mapped form. */
typedef struct
{
  struct in6_addr destination; /* received: the address that the sender chose */
  struct in6_addr source;      /* local address: of the datagram to send, or of a reply */
  gboolean has_destination;
  gboolean has_source;
  guint interface_index; /* 0: not known */
  int hop_limit;         /* -1: not known */
  int traffic_class;     /* -1: not known */
  gint64 timestamp;      /* µs since the epoch; 0: not known */
  /* Set for a datagram to send. */
  guint send_interface;   /* 0: by the route */
  int send_hop_limit;     /* -1: the port's */
  int send_traffic_class; /* -1: the port's */
  gsize segment_size;     /* of datagrams that the kernel joined (UDP_GRO); 0: a single one */
} GudpxAncillary;

/* A control message to send. */
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
/* Bytes for all control messages that a port enables, and for other ones of an adopted socket. */
#define GUDPX_ANCILLARY_SPACE 256
/* Bytes for all control messages to send, UDP_SEGMENT included. */
#define GUDPX_ANCILLARY_SEND_SPACE 128

gboolean gudpx_ancillary_parse       (GudpxAncillary       *self,
                                      int                   level,
                                      int                   type,
                                      gconstpointer         data,
                                      gsize                 size);
gboolean gudpx_ancillary_is_plain    (const GudpxAncillary *self);
gboolean gudpx_ancillary_sends_equal (const GudpxAncillary *a,
                                      const GudpxAncillary *b);
guint    gudpx_ancillary_build       (const GudpxAncillary *self,
                                      gboolean              ipv6_socket,
                                      gboolean              ipv4_destination,
                                      GudpxControlMessage  *messages);

G_END_DECLS
