/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Errors of earlier datagrams. The kernel returns an error that came from the network by the next
 * call on the socket, whatever that call does. */

#include "gudpx-socket-link-private.h"

/* TRUE if a failed call is worth another try: it was interrupted, or @errsv belongs to an earlier
 * datagram and is kept for take_error. @n_tries counts the tries. */
gboolean
gudpx_socket_link_may_retry (GudpxSocketLink *self, guint *n_tries, int errsv)
{
  if ((*n_tries)++ >= GUDPX_SOCKET_LINK_MAX_RETRIES)
    return FALSE;
  if (errsv == EINTR)
    return TRUE;
  if (self->is_unix || !gudpx_link_errno_is_asynchronous (errsv))
    return FALSE;

  if (!self->has_error_queue)
    self->parent.pending_errsv = errsv;
  return TRUE;
}

/* Forgets the error that was kept if each try to send failed: @errsv is the datagram's own. */
void
gudpx_socket_link_own_last_error (GudpxSocketLink *self, guint n_tries, int errsv)
{
  if (n_tries > GUDPX_SOCKET_LINK_MAX_RETRIES && gudpx_link_errno_is_asynchronous (errsv))
    self->parent.pending_errsv = 0;
}
