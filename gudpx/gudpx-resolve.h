/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(GUDPX_INSIDE) && !defined(GUDPX_COMPILATION)
#error "Only <gudpx/gudpx.h> can be included directly."
#endif

#include <gudpx/gudpx-types.h>

G_BEGIN_DECLS

GUDPX_AVAILABLE_IN_1_0
void          gudpx_resolve_async      (const char           *host,
                                        GCancellable         *cancellable,
                                        GAsyncReadyCallback   callback,
                                        gpointer              user_data);
GUDPX_AVAILABLE_IN_1_0
GInetAddress *gudpx_resolve_finish     (GAsyncResult         *result,
                                        GError              **error);
GUDPX_AVAILABLE_IN_1_0
void          gudpx_resolve_all_async  (const char           *host,
                                        GSocketFamily         family,
                                        guint                 timeout_ms,
                                        GCancellable         *cancellable,
                                        GAsyncReadyCallback   callback,
                                        gpointer              user_data);
GUDPX_AVAILABLE_IN_1_0
GList        *gudpx_resolve_all_finish (GAsyncResult         *result,
                                        GError              **error);

G_END_DECLS
