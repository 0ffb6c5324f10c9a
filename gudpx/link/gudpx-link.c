/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "gudpx-link-private.h"

/* TRUE if a datagram for the UNIX peer failed because nobody has bound the peer's path. */
static gboolean
has_lost_peer (const GudpxLink *self, const GudpxNativeAddress *destination, int errsv)
{
  return self->peer.u.any.sa_family == AF_UNIX && gudpx_link_has_peer (self) &&
         (destination == NULL || destination->length == 0) &&
         (errsv == ECONNREFUSED || errsv == ENOTCONN || errsv == ENOENT);
}

/* Connects a UNIX link whose peer is gone again and sends, after a send that failed with @errsv. */
guint
gudpx_link_send_again (GudpxLink *self,
                       const GudpxOutgoing *outgoing,
                       guint n_outgoing,
                       gboolean may_join,
                       int *errsv)
{
  guint n_sent = 0;

  if (!has_lost_peer (self, outgoing->destination, *errsv))
    return 0;

  if (self->funcs->reconnect != NULL && self->funcs->reconnect (self, errsv))
    n_sent = self->funcs->send (self, outgoing, n_outgoing, may_join, errsv);
  if (n_sent == 0 && has_lost_peer (self, outgoing->destination, *errsv))
    *errsv = ECONNREFUSED;
  return n_sent;
}

/* Reports a UNIX peer that is gone in the way of UDP: by an error that comes on its own, not as the
 * error of the datagram. FALSE: @errsv has another cause. */
gboolean
gudpx_link_absorb_refusal (GudpxLink *self, const GudpxNativeAddress *destination, int errsv)
{
  if (!has_lost_peer (self, destination, errsv))
    return FALSE;

  self->pending_errsv = ECONNREFUSED;
  return TRUE;
}

/* As the connect function of the link. */
gboolean
gudpx_link_connect (GudpxLink *self, const GudpxNativeAddress *peer, GError **error)
{
  return self->funcs->connect (self, peer, error);
}

void
gudpx_link_get_local (GudpxLink *self, GudpxNativeAddress *local)
{
  *local = self->local;
  if (self->funcs->get_local != NULL)
    self->funcs->get_local (self, local);
}

static void
set_not_supported (const char *what, const char *name, GError **error)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
               "Cannot %s %s: the port does not listen on a socket", what, name);
}

gboolean
gudpx_link_set_option (GudpxLink *self, GudpxOption option, int value, GError **error)
{
  if (self->funcs->set_option != NULL)
    return self->funcs->set_option (self, option, value, error);

  set_not_supported ("set", gudpx_option_get_name (option), error);
  return FALSE;
}

gboolean
gudpx_link_get_option (GudpxLink *self, GudpxOption option, int *value)
{
  return self->funcs->get_option != NULL && self->funcs->get_option (self, option, value);
}

gboolean
gudpx_link_set_multicast_interface (GudpxLink *self, const char *interface, GError **error)
{
  if (self->funcs->set_multicast_interface != NULL)
    return self->funcs->set_multicast_interface (self, interface, error);

  set_not_supported ("set", "multicast-interface", error);
  return FALSE;
}

gboolean
gudpx_link_set_metadata (GudpxLink *self, GudpxMetadataFlags metadata, GError **error)
{
  if (self->funcs->set_metadata != NULL)
    return self->funcs->set_metadata (self, metadata, error);

  set_not_supported ("set", "metadata", error);
  return FALSE;
}

gboolean
gudpx_link_change_group (GudpxLink *self,
                         const GudpxGroupRequest *request,
                         gboolean join,
                         GError **error)
{
  if (self->funcs->change_group != NULL)
    return self->funcs->change_group (self, request, join, error);

  set_not_supported (join ? "join" : "leave", "a multicast group", error);
  return FALSE;
}

/* Closes the link and frees it. */
void
gudpx_link_close (GudpxLink *self)
{
  self->funcs->close (self);
}
