/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(GUDPX_INSIDE) && !defined(GUDPX_COMPILATION)
#error "Only <gudpx/gudpx.h> can be included directly."
#endif

#include <gudpx/gudpx-types.h>

G_BEGIN_DECLS

GUDPX_AVAILABLE_IN_1_0
gboolean gudpx_address_equal (GSocketAddress *a,
                              GSocketAddress *b);
GUDPX_AVAILABLE_IN_1_0
guint    gudpx_address_hash  (GSocketAddress *address);

G_END_DECLS
