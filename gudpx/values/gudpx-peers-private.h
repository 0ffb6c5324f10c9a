/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "gudpx-native-address-private.h"

G_BEGIN_DECLS

/* Numbers the peers of a port, for language bindings: a number crosses into another language faster
 * than an address. The number 0 stands for a sender without a name, and for the peer of a connected
 * port. */
typedef struct _GudpxPeers GudpxPeers;

GudpxPeers               *gudpx_peers_new         (void);
void                      gudpx_peers_free        (GudpxPeers               *self);
void                      gudpx_peers_clear       (GudpxPeers               *self);
gboolean                  gudpx_peers_is_full     (GudpxPeers               *self);
guint32                   gudpx_peers_get_number  (GudpxPeers               *self,
                                                   const GudpxNativeAddress *native);
const GudpxNativeAddress *gudpx_peers_get_native  (GudpxPeers               *self,
                                                   guint32                   number);
GSocketAddress           *gudpx_peers_get_address (GudpxPeers               *self,
                                                   guint32                   number);

G_END_DECLS
