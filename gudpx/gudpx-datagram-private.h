/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "gudpx-link-private.h"

G_BEGIN_DECLS

typedef struct _GudpxPortHandle GudpxPortHandle;

GudpxDatagram            *gudpx_datagram_new_empty         (void);
guint64                   gudpx_datagram_get_origin        (GudpxDatagram       *self);
gsize                     gudpx_datagram_get_size          (GudpxDatagram       *self);
gboolean                  gudpx_datagram_is_of             (GudpxDatagram       *self,
                                                            guint64              origin);
void                      gudpx_datagram_set_origin        (GudpxDatagram       *self,
                                                            guint64              origin,
                                                            const GudpxIncoming *incoming,
                                                            GudpxPortHandle     *handle,
                                                            guint                epoch);
void                      gudpx_datagram_set_payload       (GudpxDatagram       *self,
                                                            const guint8        *payload,
                                                            gsize                size,
                                                            gsize                original_size);
gboolean                  gudpx_datagram_can_be_recycled   (GudpxDatagram       *self);
const GudpxNativeAddress *gudpx_datagram_get_native_sender (GudpxDatagram       *self);
GSocketAddress           *gudpx_datagram_get_own_destination (GudpxDatagram     *self);
const GudpxAncillary     *gudpx_datagram_get_ancillary     (GudpxDatagram       *self);
guint                     gudpx_datagram_get_epoch         (GudpxDatagram       *self);

G_END_DECLS
