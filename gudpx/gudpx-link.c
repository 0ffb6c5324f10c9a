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

/* As the send function of the link. Linux forgets a UNIX peer that is gone, unix(7): the link then
 * connects to the path again. */
guint
gudpx_link_send (GudpxLink *self,
                 const GudpxOutgoing *outgoing,
                 guint n_outgoing,
                 gboolean may_join,
                 int *errsv)
{
  guint n_sent = self->funcs->send (self, outgoing, n_outgoing, may_join, errsv);

  if (n_sent > 0 || *errsv == 0 || !has_lost_peer (self, outgoing->destination, *errsv))
    return n_sent;

  if (self->funcs->reconnect (self, errsv))
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
