/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The peer of a socket. connect() makes and changes an association, but on Linux it does not always
 * give the socket back what the association took: another socket then takes its place. */

#include "gudpx-error-private.h"
#include "gudpx-socket-io-private.h"
#include "gudpx-socket-private.h"

/* Bound of the messages that are read from a socket which is given up. */
#define MAX_READS 4096

static const GudpxNativeAddress nobody = { 0 };

static char *
describe (const GudpxNativeAddress *native)
{
  g_autoptr (GSocketAddress) object = gudpx_native_address_to_object (native);

  return gudpx_address_describe (object);
}

/* Connects, or without a @peer disconnects. */
static gboolean
connect_socket (GudpxSocketLink *self,
                GSocket *socket,
                const GudpxNativeAddress *peer,
                GError **error)
{
  g_autofree char *description = NULL;
  g_autofree char *explanation = NULL;
  int errsv;

  if (gudpx_socket_connect (socket, peer, &errsv))
    return TRUE;

  description = describe (peer->length > 0 ? peer : &self->parent.peer);
  explanation = gudpx_socket_explain (peer, errsv);
  gudpx_set_error_errno (error, errsv, "Cannot %s %s%s",
                         peer->length > 0 ? "connect to" : "disconnect from", description,
                         explanation);
  return FALSE;
}

/* Remembers the peer as the kernel has it. The kernel writes an address in its own way, and a UNIX
 * peer may have bound its file by another name. */
static void
set_peer (GudpxSocketLink *self, const GudpxNativeAddress *peer)
{
  GudpxNativeAddress found = *peer;

  if (peer->length > 0)
    gudpx_socket_get_peer (self->socket, &found);
  gudpx_link_set_peer (&self->parent, &found);
  self->parent.named_peer = *peer;
}

/* Learns the peer of a socket that was connected when the link got it. */
void
gudpx_socket_link_find_peer (GudpxSocketLink *self)
{
  GudpxNativeAddress peer = nobody;

  self->device = gudpx_socket_get_device (self->socket);
  gudpx_socket_get_peer (self->socket, &peer);
  gudpx_link_set_peer (&self->parent, &peer);
  self->parent.named_peer = peer;
  if (peer.length > 0)
    gudpx_socket_io_update_errors (self);
}

/* Gives the socket its interface back, which udp_disconnect() of Linux took, and the number if the
 * kernel had chosen it. */
static gboolean
restore_binding (GudpxSocketLink *self, GError **error)
{
  const GudpxNativeAddress *bound = &self->parent.local;
  GudpxNativeAddress local;

  return gudpx_socket_restore_device (self->socket, self->config->bind.device, self->device,
                                      error) &&
         gudpx_socket_get_local (self->socket, &local, error) &&
         (gudpx_native_address_get_port (&local) == gudpx_native_address_get_port (bound) ||
          gudpx_socket_bind (self->socket, bound, error));
}

static gboolean
dissolve (GudpxSocketLink *self, GError **error)
{
  if (self->lacks_number)
    gudpx_socket_link_find_number (self);
  return connect_socket (self, self->socket, &nobody, error) && restore_binding (self, error);
}

/* Counts the datagrams of a message as received and dropped. */
static void
count_lost (GudpxLink *self, const GudpxIncoming *incoming)
{
  const gsize segment_size = incoming->ancillary.segment_size;
  const guint n_datagrams =
      segment_size > 0 ? (incoming->original_size + segment_size - 1) / segment_size : 1;

  self->statistics->datagrams_received += n_datagrams;
  self->statistics->bytes_received += incoming->original_size;
  self->statistics->receive_drops += n_datagrams;
  self->n_lost_messages++;
}

/* Counts the datagrams that wait in a socket that is given up. Connected to itself, the socket
 * receives nothing more meanwhile. */
static void
count_unread (GudpxSocketLink *self, GSocket *socket)
{
  GudpxStatistics ignored = { 0 };
  GudpxSocketLink *old = gudpx_socket_link_wrap (socket, TRUE, &ignored);
  GudpxBatch *batch;
  int errsv;

  gudpx_socket_connect (socket, &self->parent.local, &errsv);
  for (guint n = 0;
       n < MAX_READS && (batch = gudpx_link_receive (&old->parent, 1, &errsv)) != NULL; n++)
    {
      for (guint i = 0; i < batch->n_incoming; i++)
        count_lost (&self->parent, &batch->incoming[i]);
      gudpx_link_release (&old->parent, batch);
    }
  gudpx_link_close (&old->parent);
}

/* Gives the descriptor of the link's own socket to @socket. @old is a duplicate of the own
 * socket. */
static gboolean
replace_socket (GudpxSocketLink *self, GSocket *socket, GSocket *old, GError **error)
{
  const guint32 n_drops = gudpx_socket_io_get_drops (self);

  if (!gudpx_socket_replace (self->socket, socket, error))
    return FALSE;

  self->earlier_drops += n_drops;
  self->parent.is_renewed = TRUE;
  gudpx_socket_io_start (self);
  gudpx_socket_io_update_errors (self);
  count_unread (self, old);
  return TRUE;
}

/* TRUE if a socket receives from all senders after its association was dissolved. udp_disconnect()
 * of Linux forgets the number of an IPv6 socket's peer, but not the address, and it takes the
 * interface from a socket. */
static gboolean
dissolves_well (GudpxSocketLink *self)
{
  return self->parent.local.u.any.sa_family == AF_INET && self->device == 0;
}

/* Prepares a new socket next to the old one, and replaces the old one last. If the old socket only
 * loses its number with its peer, it stays: the new socket keeps the number meanwhile. */
static gboolean
renew_socket (GudpxSocketLink *self, const GudpxNativeAddress *peer, GError **error)
{
  const gboolean was_shared = gudpx_socket_shares_address (self->socket);
  g_autoptr (GSocket) old = NULL;
  g_autoptr (GSocket) socket = NULL;
  GudpxNativeAddress local;
  gboolean is_renewed;

  old = gudpx_socket_adopt (self->parent.fd, G_SOCKET_FAMILY_INVALID, error);
  if (old == NULL || !gudpx_socket_share_address (self->socket, TRUE, error))
    return FALSE;

  socket = gudpx_socket_link_open_socket (self->config, &self->parent.local, TRUE, &local, error);
  is_renewed = socket != NULL &&
               (peer->length == 0 || connect_socket (self, socket, peer, error)) &&
               ((peer->length == 0 && dissolves_well (self) && dissolve (self, NULL)) ||
                replace_socket (self, socket, old, error));
  gudpx_socket_share_address (self->socket, was_shared, NULL);
  return is_renewed;
}

static gboolean
is_at_peer (GudpxSocketLink *self)
{
  GudpxNativeAddress peer;

  return gudpx_socket_get_peer (self->socket, &peer) &&
         (peer.length == 0 ? !gudpx_link_has_peer (&self->parent)
                           : gudpx_native_address_equal (&peer, &self->parent.peer));
}

/* Undoes a change that failed half-way. */
static void
return_to_peer (GudpxSocketLink *self)
{
  int errsv;

  /* The call changed nothing, and the peer may be gone. */
  if (self->is_unix)
    return;
  if (restore_binding (self, NULL) &&
      (is_at_peer (self) || gudpx_socket_link_reconnect (&self->parent, &errsv)))
    return;
  if (self->is_adopted || !renew_socket (self, &self->parent.named_peer, NULL))
    set_peer (self, &nobody);
}

/* Connects the socket itself, or disconnects it. */
static gboolean
change_in_place (GudpxSocketLink *self, const GudpxNativeAddress *peer, GError **error)
{
  if (connect_socket (self, self->socket, peer, error))
    return TRUE;

  return_to_peer (self);
  return FALSE;
}

/* Tries with another socket if @peer can be connected to. */
static gboolean
check_route (GudpxSocketLink *self, const GudpxNativeAddress *peer, GError **error)
{
  g_autoptr (GSocket) socket =
      g_socket_new (gudpx_native_address_get_family (peer), G_SOCKET_TYPE_DATAGRAM,
                    G_SOCKET_PROTOCOL_DEFAULT, error);

  return socket != NULL &&
         gudpx_socket_restore_device (socket, self->config->bind.device, self->device, error) &&
         connect_socket (self, socket, peer, error);
}

/* Disconnects before connecting, so that the socket forgets the address that it sends from. The
 * route to the new peer is tried first: without one the way back to the old peer may be lost,
 * too. */
static gboolean
dissolve_and_change (GudpxSocketLink *self, const GudpxNativeAddress *peer, GError **error)
{
  if (peer->length > 0 && !check_route (self, peer, error))
    return FALSE;
  if (dissolve (self, error) &&
      (peer->length == 0 || connect_socket (self, self->socket, peer, error)))
    return TRUE;

  return_to_peer (self);
  return FALSE;
}

static guint
get_scope_id (const GudpxNativeAddress *native)
{
  return native->u.any.sa_family == AF_INET6 ? native->u.in6.sin6_scope_id : 0;
}

/* TRUE if one connect() makes the change, and takes nothing else from the socket. connect() to
 * another peer keeps the address that the socket sends from, and the interface of a link-local
 * peer. Dissolving gives back a number that the kernel chose. */
static gboolean
one_call_does (GudpxSocketLink *self, const GudpxNativeAddress *peer)
{
  if (!gudpx_link_has_peer (&self->parent) || self->is_unix)
    return TRUE;
  if (peer->length > 0)
    return !gudpx_native_address_is_any (&self->parent.local) &&
           get_scope_id (&self->parent.peer) == 0;
  return dissolves_well (self) && !self->has_borrowed_number;
}

static gboolean
change_peer (GudpxSocketLink *self, const GudpxNativeAddress *peer, GError **error)
{
  g_autoptr (GError) local_error = NULL;

  if (!gudpx_link_has_peer (&self->parent))
    self->device = gudpx_socket_get_device (self->socket);
  if (one_call_does (self, peer))
    return change_in_place (self, peer, error);
  /* The socket is not the link's to replace. */
  if (self->is_adopted)
    return dissolve_and_change (self, peer, error);

  if (renew_socket (self, peer, &local_error))
    return TRUE;
  /* The process has given up the privilege to bind a number below 1024. The socket keeps that one,
   * but would lose a number that the kernel had chosen. */
  if (self->parent.local.u.any.sa_family == AF_INET && !self->has_borrowed_number &&
      g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED))
    return dissolve_and_change (self, peer, error);

  g_propagate_prefixed_error (error, g_steal_pointer (&local_error),
                              "Cannot leave the peer, which needs a new socket: ");
  return FALSE;
}

/* Connects the link to @peer, or with an empty address disconnects it. */
gboolean
gudpx_socket_link_connect (GudpxLink *link, const GudpxNativeAddress *peer, GError **error)
{
  GudpxSocketLink *self = (GudpxSocketLink *) link;
  const gboolean is_changed = change_peer (self, peer, error);

  if (is_changed)
    set_peer (self, peer);
  gudpx_socket_io_update_errors (self);
  return is_changed;
}

gboolean
gudpx_socket_link_reconnect (GudpxLink *link, int *errsv)
{
  return gudpx_socket_connect (((GudpxSocketLink *) link)->socket, &link->named_peer, errsv);
}
