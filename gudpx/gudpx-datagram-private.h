/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "gudpx-io-private.h"

G_BEGIN_DECLS

typedef struct _GudpxPortHandle GudpxPortHandle;

GudpxDatagram            *gudpx_datagram_new_empty         (void);
void                      gudpx_datagram_fill              (GudpxDatagram       *self,
                                                            const GudpxIncoming *incoming,
                                                            GSocketAddress      *sender,
                                                            GudpxPortHandle     *handle,
                                                            guint                epoch);
gboolean                  gudpx_datagram_can_be_recycled   (GudpxDatagram       *self);
void                      gudpx_datagram_empty             (GudpxDatagram       *self);
const GudpxNativeAddress *gudpx_datagram_get_native_sender (GudpxDatagram       *self);
guint                     gudpx_datagram_get_epoch         (GudpxDatagram       *self);

G_END_DECLS
