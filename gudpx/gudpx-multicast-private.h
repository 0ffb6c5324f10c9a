/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gudpx/gudpx.h>

G_BEGIN_DECLS

gboolean gudpx_multicast_find_interface (const char     *interface,
                                         GSocketFamily   family,
                                         guint          *index,
                                         GError        **error);
gboolean gudpx_multicast_rejoin         (GPtrArray      *memberships,
                                         GSocket        *socket,
                                         gboolean        leave_out_gone,
                                         GError        **error);
GPtrArray *gudpx_multicast_memberships_new (void);

G_END_DECLS
