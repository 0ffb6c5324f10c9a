/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>

#include "gudpx-error-private.h"

/* Codes for which g_io_error_from_errno() has another one. */
static const struct
{
  int errsv;
  int code;
} codes[] = {
  { EDESTADDRREQ, COMPAT_G_IO_ERROR_DESTINATION_UNSET },
  { ENODEV, G_IO_ERROR_NOT_FOUND },
  { ENXIO, G_IO_ERROR_NOT_FOUND },
  { EADDRNOTAVAIL, G_IO_ERROR_NOT_FOUND },
  { EPERM, G_IO_ERROR_PERMISSION_DENIED },
  { EBADF, G_IO_ERROR_INVALID_ARGUMENT },
  { ENOTSOCK, G_IO_ERROR_INVALID_ARGUMENT },
};

static int
get_code (int errsv)
{
  for (guint i = 0; i < G_N_ELEMENTS (codes); i++)
    {
      if (codes[i].errsv == errsv)
        return codes[i].code;
    }
  return g_io_error_from_errno (errsv);
}

/* Sets the GIO error for @errsv. The message is the formatted text, a colon, and strerror(3). */
void
gudpx_set_error_errno (GError **error, int errsv, const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);

  g_set_error (error, G_IO_ERROR, get_code (errsv), "%s: %s", text, g_strerror (errsv));
}

/* Fails with G_IO_ERROR_INVALID_ARGUMENT if a property may not have @value. */
gboolean
gudpx_check_range (const char *property, guint value, guint min, guint max, GError **error)
{
  if (value >= min && value <= max)
    return TRUE;

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "Cannot set %s to %u: it must be from %u to %u", property, value, min, max);
  return FALSE;
}
