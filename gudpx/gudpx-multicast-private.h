/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "gudpx-address-private.h"

G_BEGIN_DECLS

GPtrArray *gudpx_multicast_memberships_new (void);
gboolean   gudpx_multicast_rejoin          (GPtrArray                 *memberships,
                                            const GudpxNativeAddress  *bound,
                                            GSocket                   *socket,
                                            GError                   **error);
gboolean   gudpx_multicast_copy            (GPtrArray                 *memberships,
                                            GSocket                   *socket,
                                            GError                   **error);

G_END_DECLS
