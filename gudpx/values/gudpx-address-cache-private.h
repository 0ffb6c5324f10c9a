/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "gudpx-native-address-private.h"

G_BEGIN_DECLS

/* Keeps the GSocketAddress of senders that were seen before: making an object costs more than
 * receiving a datagram. */
typedef struct _GudpxAddressCache GudpxAddressCache;

GudpxAddressCache *gudpx_address_cache_new    (void);
void               gudpx_address_cache_free   (GudpxAddressCache        *self);
GSocketAddress    *gudpx_address_cache_lookup (GudpxAddressCache        *self,
                                               const GudpxNativeAddress *native);

G_END_DECLS
