/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(GUDPX_INSIDE) && !defined(GUDPX_COMPILATION)
#error "Only <gudpx/gudpx.h> can be included directly."
#endif

#include <gudpx/gudpx-types.h>

G_BEGIN_DECLS

#define GUDPX_TYPE_DATAGRAM (gudpx_datagram_get_type ())

GUDPX_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (GudpxDatagram, gudpx_datagram, GUDPX, DATAGRAM, GObject)

GUDPX_AVAILABLE_IN_1_0
GudpxDatagram  *gudpx_datagram_new                 (const guint8    *payload,
                                                    gsize            size,
                                                    GSocketAddress  *destination);
GUDPX_AVAILABLE_IN_1_0
GudpxDatagram  *gudpx_datagram_new_full            (const guint8    *payload,
                                                    gsize            size,
                                                    GSocketAddress  *destination,
                                                    GInetAddress    *source,
                                                    guint            interface_index,
                                                    int              hop_limit,
                                                    int              traffic_class);
GUDPX_AVAILABLE_IN_1_0
const guint8   *gudpx_datagram_get_payload         (GudpxDatagram   *self,
                                                    gsize           *size);
GUDPX_AVAILABLE_IN_1_0
GBytes         *gudpx_datagram_dup_bytes           (GudpxDatagram   *self);
GUDPX_AVAILABLE_IN_1_1
char           *gudpx_datagram_dup_text            (GudpxDatagram   *self);
GUDPX_AVAILABLE_IN_1_0
GSocketAddress *gudpx_datagram_get_sender          (GudpxDatagram   *self);
GUDPX_AVAILABLE_IN_1_0
GSocketAddress *gudpx_datagram_get_destination     (GudpxDatagram   *self);
GUDPX_AVAILABLE_IN_1_0
GudpxPort      *gudpx_datagram_get_transport       (GudpxDatagram   *self);
GUDPX_AVAILABLE_IN_1_0
guint           gudpx_datagram_get_interface_index (GudpxDatagram   *self);
GUDPX_AVAILABLE_IN_1_0
int             gudpx_datagram_get_hop_limit       (GudpxDatagram   *self);
GUDPX_AVAILABLE_IN_1_0
int             gudpx_datagram_get_traffic_class   (GudpxDatagram   *self);
GUDPX_AVAILABLE_IN_1_0
int             gudpx_datagram_get_ecn             (GudpxDatagram   *self);
GUDPX_AVAILABLE_IN_1_0
gint64          gudpx_datagram_get_timestamp       (GudpxDatagram   *self);
GUDPX_AVAILABLE_IN_1_0
gboolean        gudpx_datagram_get_truncated       (GudpxDatagram   *self);
GUDPX_AVAILABLE_IN_1_0
gsize           gudpx_datagram_get_original_size   (GudpxDatagram   *self);
GUDPX_AVAILABLE_IN_1_0
gboolean        gudpx_datagram_reply               (GudpxDatagram   *self,
                                                    const guint8    *data,
                                                    gsize            size,
                                                    GError         **error);

G_END_DECLS
