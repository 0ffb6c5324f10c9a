/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <gudpx/gudpx.h>

G_DEFINE_BOXED_TYPE (GudpxErrorDetails,
                     gudpx_error_details,
                     gudpx_error_details_copy,
                     gudpx_error_details_free)

/**
 * gudpx_error_details_copy:
 * @self: the details to copy
 *
 * Copies the details.
 *
 * Returns: (transfer full): a copy
 *
 * Since: 1.0
 */
GudpxErrorDetails *
gudpx_error_details_copy (const GudpxErrorDetails *self)
{
  GudpxErrorDetails *copy;

  g_return_val_if_fail (self != NULL, NULL);

  copy = g_memdup2 (self, sizeof *self);
  if (copy->offender != NULL)
    g_object_ref (copy->offender);
  return copy;
}

/**
 * gudpx_error_details_free:
 * @self: (transfer full): the details to free
 *
 * Frees the details.
 *
 * Since: 1.0
 */
void
gudpx_error_details_free (GudpxErrorDetails *self)
{
  if (self == NULL)
    return;

  g_clear_object (&self->offender);
  g_free (self);
}
