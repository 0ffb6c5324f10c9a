/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "gudpx-group-request-private.h"

G_BEGIN_DECLS

GPtrArray *gudpx_memberships_new    (void);
gboolean   gudpx_memberships_join   (GPtrArray                 *memberships,
                                     const GudpxGroupRequest   *request,
                                     GSocket                   *socket,
                                     const GudpxNativeAddress  *bound,
                                     gboolean                   is_adopted,
                                     GError                   **error);
gboolean   gudpx_memberships_leave  (GPtrArray                 *memberships,
                                     const GudpxGroupRequest   *request,
                                     GSocket                   *socket,
                                     gboolean                   is_adopted,
                                     GError                   **error);
gboolean   gudpx_memberships_rejoin (GPtrArray                 *memberships,
                                     const GudpxNativeAddress  *bound,
                                     GSocket                   *socket,
                                     GError                   **error);
gboolean   gudpx_memberships_copy   (GPtrArray                 *memberships,
                                     GSocket                   *socket,
                                     GError                   **error);

G_END_DECLS
