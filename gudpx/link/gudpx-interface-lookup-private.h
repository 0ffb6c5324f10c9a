/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gudpx/gudpx.h>

G_BEGIN_DECLS

gboolean gudpx_interface_is_any         (const char     *interface);
guint    gudpx_interface_index_of_name  (GSocket        *socket,
                                         const char     *name);
gboolean gudpx_interface_exists         (GSocket        *socket,
                                         guint           index);
char    *gudpx_interface_name_of_scope  (GSocket        *socket,
                                         const char     *scope);
gboolean gudpx_interface_find           (GSocket        *socket,
                                         const char     *interface,
                                         GSocketFamily   family,
                                         guint          *index,
                                         GError        **error);
GArray  *gudpx_interface_list           (GSocket        *socket);

G_END_DECLS
