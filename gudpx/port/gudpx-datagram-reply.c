/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "gudpx-port-private.h"

static void
set_no_sender (GudpxDatagram *self, GError **error)
{
  GudpxPort *port = gudpx_datagram_get_port (self);
  g_autofree char *description = port != NULL ? gudpx_port_describe (port) : NULL;

  if (description != NULL)
    g_set_error (error, G_IO_ERROR, COMPAT_G_IO_ERROR_DESTINATION_UNSET,
                 "Cannot reply to a datagram of the port %s: its sender has no address",
                 description);
  else
    g_set_error_literal (error, G_IO_ERROR, COMPAT_G_IO_ERROR_DESTINATION_UNSET,
                         "Cannot reply: the datagram has no sender");
}

static void
set_port_gone (GudpxDatagram *self, GError **error)
{
  g_autofree char *sender = gudpx_address_describe (gudpx_datagram_get_sender (self));

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED,
               "Cannot reply to %s: the port that received the datagram no longer exists", sender);
}

/**
 * gudpx_datagram_reply:
 * @self: a received datagram
 * @data: (array length=size) (element-type guint8) (nullable): the payload of the reply
 * @size: the number of bytes; 0 sends an empty datagram
 * @error: return location for an error
 *
 * Writes a datagram to the sender of @self, through the port that received @self.
 *
 * If [property@Gudpx.Port:metadata] includes %GUDPX_METADATA_DESTINATION, the reply is sent from
 * the address that @self was sent to, unless the port was restarted in between.
 *
 * Fails with the errors of [method@Gudpx.Port.write_to], with %G_IO_ERROR_CLOSED if the port no
 * longer exists, and with %G_IO_ERROR_DESTINATION_UNSET if @self has no sender.
 *
 * Returns: %TRUE if the reply was sent or queued
 *
 * Since: 1.0
 */
gboolean
gudpx_datagram_reply (GudpxDatagram *self, const guint8 *data, gsize size, GError **error)
{
  const GOutputVector vector = { data, size };
  const GudpxNativeAddress *sender;
  GudpxPort *port;

  g_return_val_if_fail (GUDPX_IS_DATAGRAM (self), FALSE);
  g_return_val_if_fail (data != NULL || size == 0, FALSE);

  port = gudpx_datagram_get_port (self);
  g_return_val_if_fail (port == NULL || gudpx_port_belongs_to_this_thread (port), FALSE);

  sender = gudpx_datagram_get_native_sender (self);
  if (gudpx_datagram_get_handle (self) == NULL || gudpx_native_address_is_unnamed (sender))
    {
      set_no_sender (self, error);
      return FALSE;
    }

  if (port == NULL)
    {
      set_port_gone (self, error);
      return FALSE;
    }

  if (!gudpx_port_check_listening (port, "reply", error))
    return FALSE;
  if (gudpx_datagram_get_epoch (self) != gudpx_port_get_epoch (port))
    return gudpx_port_write_vectors (port, &vector, 1, gudpx_datagram_get_sender (self), error);

  return gudpx_port_reply (port, &vector, sender, gudpx_datagram_get_ancillary (self),
                           gudpx_datagram_get_message_serial (self), error);
}
