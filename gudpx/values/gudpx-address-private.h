/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gudpx/gudpx.h>

#include "gudpx-native-address-private.h"

G_BEGIN_DECLS

GSocketAddress *gudpx_address_parse        (const char          *host,
                                            guint16              port,
                                            GError             **error);
char           *gudpx_address_describe     (GSocketAddress      *address);
gboolean        gudpx_address_is_multicast (GSocketAddress      *address);
gboolean        gudpx_address_to_native    (GSocketAddress      *address,
                                            GudpxNativeAddress  *native,
                                            GError             **error);
gboolean        gudpx_address_to_bind      (GSocketAddress      *address,
                                            GudpxNativeAddress  *native,
                                            GError             **error);

G_END_DECLS
