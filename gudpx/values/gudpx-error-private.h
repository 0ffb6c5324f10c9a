/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* %G_IO_ERROR_DESTINATION_UNSET, which GLib has only since 2.80. */
#define COMPAT_G_IO_ERROR_DESTINATION_UNSET (G_IO_ERROR_NO_SUCH_DEVICE + 1)

void gudpx_set_error_errno (GError     **error,
                            int          errsv,
                            const char  *format,
                            ...) G_GNUC_PRINTF (3, 4);
gboolean gudpx_check_range (const char *property,
                            guint       value,
                            guint       min,
                            guint       max,
                            GError    **error);

G_END_DECLS
