/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

gboolean gudpx_steering_attach (GSocket  *socket,
                                guint     n_sockets,
                                GError  **error);

G_END_DECLS
