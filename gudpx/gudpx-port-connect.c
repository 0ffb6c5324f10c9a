/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A port's peer. */

#include "gudpx-port-private.h"

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
connect_socket (GudpxPort *self, GSocket *socket, const GudpxNativeAddress *peer, GError **error)
{
  g_autofree char *description = NULL;
  g_autofree char *explanation = NULL;
  int errsv;

  if (gudpx_socket_connect (socket, peer, &errsv))
    return TRUE;

  description = describe (peer->length > 0 ? peer : &self->peer);
  explanation = gudpx_socket_explain (peer, errsv);
  gudpx_set_error_errno (error, errsv,
                         peer->length > 0 ? "Cannot connect to %s%s" : "Cannot disconnect from %s%s",
                         description, explanation);
  return FALSE;
}

/* Remembers the peer as the kernel has it. The kernel writes an address in its own way, and a UNIX
 * peer may have bound its file by another name. */
static void
set_peer (GudpxPort *self, const GudpxNativeAddress *peer)
{
  self->named_peer = *peer;
  self->peer = *peer;
  if (peer->length > 0)
    gudpx_socket_get_peer (self->socket, &self->peer);
}

/* Learns the peer of a socket that was connected when the port got it. */
void
gudpx_port_find_peer (GudpxPort *self)
{
  self->peer = nobody;
  gudpx_socket_get_peer (self->socket, &self->peer);
  self->named_peer = self->peer;
  self->device = gudpx_socket_get_device (self->socket);
}

/* Gives the socket its interface back, which udp_disconnect() of Linux took, and the number if the
 * kernel had chosen it. */
static gboolean
restore_binding (GudpxPort *self, GError **error)
{
  GudpxNativeAddress local;

  return gudpx_socket_restore_device (self->socket, self->bind_device, self->device, error) &&
         gudpx_socket_get_local (self->socket, &local, error) &&
         (gudpx_native_address_get_port (&local) == gudpx_native_address_get_port (&self->bound) ||
          gudpx_socket_bind (self->socket, &self->bound, error));
}

static gboolean
dissolve (GudpxPort *self, GError **error)
{
  gudpx_port_update_bound (self);
  return connect_socket (self, self->socket, &nobody, error) && restore_binding (self, error);
}

/* Counts the datagrams of a message as received and dropped. */
static void
count_dropped (GudpxPort *self, const GudpxIncoming *incoming)
{
  const gsize segment_size = incoming->ancillary.segment_size;
  const guint n_datagrams =
      segment_size > 0 ? (incoming->original_size + segment_size - 1) / segment_size : 1;

  self->statistics.datagrams_received += n_datagrams;
  self->statistics.bytes_received += incoming->original_size;
  self->statistics.receive_drops += n_datagrams;
  self->drops.n_messages++;
}

/* Counts the datagrams that wait in a socket that is given up. Connected to itself, the socket
 * receives nothing more meanwhile. */
static void
count_unread (GudpxPort *self, GSocket *socket)
{
  GudpxStatistics ignored = { 0 };
  GudpxLink *link = gudpx_link_new_for_socket (socket, TRUE, &ignored);
  GudpxBatch *batch;
  int errsv;

  gudpx_socket_connect (socket, &self->bound, &errsv);
  for (guint n = 0; n < MAX_READS && (batch = link->funcs->receive (link, 1, &errsv)) != NULL; n++)
    {
      for (guint i = 0; i < batch->n_incoming; i++)
        count_dropped (self, &batch->incoming[i]);
      link->funcs->release (link, batch);
    }
  link->funcs->free (link);
}

/* Puts @socket behind the descriptor of the port's own socket. @old is a duplicate of that. */
static gboolean
replace_socket (GudpxPort *self, GSocket *socket, GSocket *old, GError **error)
{
  gudpx_port_sample_drops (self);
  gudpx_watch_leave_poller (&self->watch);
  if (!gudpx_socket_replace (self->socket, socket, error))
    return FALSE;

  self->link->funcs->renewed (self->link);
  self->drops.count = 0;
  count_unread (self, old);
  return TRUE;
}

/* TRUE if a socket hears everybody after its association was dissolved. udp_disconnect() of Linux
 * forgets the number of an IPv6 socket's peer, but not the address, and it takes the interface from
 * a socket. */
static gboolean
dissolves_well (GudpxPort *self)
{
  return self->bound.u.any.sa_family == AF_INET && self->device == 0;
}

/* Makes a new socket ready beside the old one, and swaps them last. If the old socket only loses
 * its number with its peer, it stays: the new one keeps the number meanwhile. */
static gboolean
renew_socket (GudpxPort *self, const GudpxNativeAddress *peer, GError **error)
{
  const gboolean was_shared = gudpx_socket_shares_address (self->socket);
  g_autoptr (GSocket) old = NULL;
  g_autoptr (GSocket) socket = NULL;
  GudpxNativeAddress bound;
  gboolean is_renewed;

  old = gudpx_socket_adopt (g_socket_get_fd (self->socket), G_SOCKET_FAMILY_INVALID, error);
  if (old == NULL || !gudpx_socket_share_address (self->socket, TRUE, error))
    return FALSE;

  socket = gudpx_port_open_socket (self, &self->bound, TRUE, &bound, error);
  is_renewed = socket != NULL &&
               (peer->length == 0 || connect_socket (self, socket, peer, error)) &&
               ((peer->length == 0 && dissolves_well (self) && dissolve (self, NULL)) ||
                replace_socket (self, socket, old, error));
  gudpx_socket_share_address (self->socket, was_shared, NULL);
  return is_renewed;
}

static gboolean
is_at_peer (GudpxPort *self)
{
  GudpxNativeAddress peer;

  return gudpx_socket_get_peer (self->socket, &peer) &&
         (peer.length == 0 ? self->peer.length == 0
                           : gudpx_native_address_equal (&peer, &self->peer));
}

/* Undoes a change that failed half-way. */
static void
return_to_peer (GudpxPort *self)
{
  int errsv;

  /* The call changed nothing, and the peer may be gone. */
  if (self->bound.u.any.sa_family == AF_UNIX)
    return;
  if (restore_binding (self, NULL) &&
      (is_at_peer (self) || gudpx_socket_connect (self->socket, &self->named_peer, &errsv)))
    return;
  if (self->is_adopted || !renew_socket (self, &self->named_peer, NULL))
    set_peer (self, &nobody);
}

/* Connects the socket itself, or disconnects it. */
static gboolean
change_in_place (GudpxPort *self, const GudpxNativeAddress *peer, GError **error)
{
  if (connect_socket (self, self->socket, peer, error))
    return TRUE;

  return_to_peer (self);
  return FALSE;
}

/* Tries with another socket if @peer can be connected to. */
static gboolean
check_route (GudpxPort *self, const GudpxNativeAddress *peer, GError **error)
{
  g_autoptr (GSocket) socket = g_socket_new (gudpx_native_address_get_family (peer),
                                             G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_DEFAULT, error);

  return socket != NULL &&
         gudpx_socket_restore_device (socket, self->bind_device, self->device, error) &&
         connect_socket (self, socket, peer, error);
}

/* The same, by way of no peer: the socket forgets the address that it sends from. If there is no
 * way to the new peer, there may be none back to the old one, so that is found out first. */
static gboolean
dissolve_and_change (GudpxPort *self, const GudpxNativeAddress *peer, GError **error)
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

/* TRUE if the kernel chose the number. It takes such a number back when the association is
 * dissolved. */
static gboolean
has_borrowed_number (GudpxPort *self)
{
  return !G_IS_INET_SOCKET_ADDRESS (self->requested_address) ||
         g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (self->requested_address)) == 0;
}

/* TRUE if one connect() makes the change, and takes nothing else from the socket. connect() to
 * another peer keeps the address that the socket sends from, and the interface of a link-local
 * peer. */
static gboolean
one_call_does (GudpxPort *self, const GudpxNativeAddress *peer)
{
  if (self->peer.length == 0 || self->bound.u.any.sa_family == AF_UNIX)
    return TRUE;
  if (peer->length > 0)
    return !gudpx_native_address_is_any (&self->bound) && get_scope_id (&self->peer) == 0;
  return dissolves_well (self) && !has_borrowed_number (self);
}

static gboolean
change_peer (GudpxPort *self, const GudpxNativeAddress *peer, GError **error)
{
  g_autoptr (GError) local_error = NULL;

  if (self->peer.length == 0)
    self->device = gudpx_socket_get_device (self->socket);
  if (one_call_does (self, peer))
    return change_in_place (self, peer, error);
  /* The socket is not the port's to replace. */
  if (self->is_adopted)
    return dissolve_and_change (self, peer, error);

  if (renew_socket (self, peer, &local_error))
    return TRUE;
  /* The process has given up the privilege to bind a number below 1024. The socket keeps that one,
   * but would lose a number that the kernel had chosen. */
  if (self->bound.u.any.sa_family == AF_INET && !has_borrowed_number (self) &&
      g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED))
    return dissolve_and_change (self, peer, error);

  g_propagate_prefixed_error (error, g_steal_pointer (&local_error),
                              "A new socket is needed to leave the peer: ");
  return FALSE;
}

/* What is queued for the old peer, and what the network says of it, is not the new one's. */
static void
begin_change (GudpxPort *self)
{
  g_object_ref (self);
  g_object_freeze_notify (G_OBJECT (self));
  gudpx_port_keep_errors (self);
  gudpx_sender_flush (&self->sender, self->link, FALSE, 0);
  gudpx_sender_pin_destination (&self->sender, &self->peer);
}

/* Who is told of it may do anything to the port. */
static void
end_change (GudpxPort *self)
{
  gudpx_port_update_addresses (self);
  self->link->funcs->connected (self->link, &self->peer);
  self->link->named_peer = self->named_peer;
  gudpx_port_settle (self);
  g_object_thaw_notify (G_OBJECT (self));
  g_object_unref (self);
}

static gboolean
go_to_peer (GudpxPort *self, const GudpxNativeAddress *peer, GError **error)
{
  gboolean is_changed;

  begin_change (self);
  is_changed = change_peer (self, peer, error);
  if (is_changed)
    set_peer (self, peer);
  end_change (self);
  return is_changed;
}

/**
 * gudpx_port_connect_peer_address:
 * @self: a listening port
 * @address: the peer
 * @error: return location for an error
 *
 * Connects the port: only datagrams of @address arrive from now on, also of those that are waiting
 * in the kernel, [method@Gudpx.Port.write] sends there, and
 * [signal@Gudpx.DatagramProtocol::connection-refused] tells when nobody listens there. Nothing is
 * sent for that, and it waits for nothing. A connected port can be connected elsewhere; it keeps
 * its number, and its interface.
 *
 * A UNIX peer may go and come back. While nobody has bound its path, what is written to it is
 * refused: the write succeeds, and [signal@Gudpx.DatagramProtocol::connection-refused] tells. The
 * next write after somebody has bound the path arrives there.
 *
 * A connected UDP port that goes elsewhere may get a new socket for that, as
 * [method@Gudpx.Port.disconnect_peer] tells.
 *
 * Errors are %G_IO_ERROR_INVALID_ARGUMENT for an address that the port cannot send to, and what the
 * system has to say, such as %G_IO_ERROR_NETWORK_UNREACHABLE, or %G_IO_ERROR_NOT_FOUND and
 * %G_IO_ERROR_CONNECTION_REFUSED for a UNIX path where nobody listens; the port is then as it was
 * before. %G_IO_ERROR_CLOSED, if it is not listening. See `connect(2)`, `udp(7)`, `unix(7)`.
 *
 * Returns: whether the port is connected to @address
 *
 * Since: 1.0
 */
gboolean
gudpx_port_connect_peer_address (GudpxPort *self, GSocketAddress *address, GError **error)
{
  GudpxNativeAddress native;

  g_return_val_if_fail (GUDPX_IS_PORT (self), FALSE);
  g_return_val_if_fail (gudpx_port_belongs_to_this_thread (self), FALSE);
  g_return_val_if_fail (G_IS_SOCKET_ADDRESS (address), FALSE);

  if (!gudpx_port_check_listening (self, "connect", error) ||
      !gudpx_port_fit_address (self, address, &native, error) ||
      !gudpx_port_check_destination (self, &native, error))
    return FALSE;

  return go_to_peer (self, &native, error);
}

/**
 * gudpx_port_connect_peer:
 * @self: a listening port
 * @host: an IPv4 or IPv6 address, the latter with a scope id where it is link-local
 * @port: the peer's port number
 * @error: return location for an error
 *
 * Connects the port to @host, like [method@Gudpx.Port.connect_peer_address]. A host name is
 * %G_IO_ERROR_INVALID_ARGUMENT: resolve it first, with [func@Gudpx.resolve_async].
 *
 * Returns: whether the port is connected
 *
 * Since: 1.0
 */
gboolean
gudpx_port_connect_peer (GudpxPort *self, const char *host, guint16 port, GError **error)
{
  g_autoptr (GSocketAddress) address = NULL;

  g_return_val_if_fail (GUDPX_IS_PORT (self), FALSE);
  g_return_val_if_fail (gudpx_port_belongs_to_this_thread (self), FALSE);
  g_return_val_if_fail (host != NULL, FALSE);

  address = gudpx_port_parse_host (host, port, error);
  return address != NULL && gudpx_port_connect_peer_address (self, address, error);
}

/**
 * gudpx_port_disconnect_peer:
 * @self: a listening port
 * @error: return location for an error
 *
 * Disconnects the port from its peer: it receives from everybody again, and keeps its number and
 * its interface. Does nothing if it is not connected.
 *
 * On Linux a socket of IPv6, or one that is bound to an interface, does not hear everybody again.
 * The port then gets a new socket behind the same descriptor. The datagrams that waited in the old
 * one are not delivered; they are counted as `receive_drops`, see [struct@Gudpx.Statistics].
 * Options that were set on the old one by other means than the port's are lost. Groups on
 * interfaces that are gone are left out.
 *
 * An adopted port keeps its socket, which goes on to hear nobody but its former peer over IPv6.
 *
 * Errors are what the system has to say; the port is then as it was before. They are
 * %G_IO_ERROR_PERMISSION_DENIED where a new socket is needed, the number is below 1024, and the
 * process has given up the privilege to bind it; %G_IO_ERROR_NOT_FOUND if the interface that the
 * port is bound to is gone; %G_IO_ERROR_CLOSED, if the port is not listening.
 *
 * Returns: whether the port is not connected any more
 *
 * Since: 1.0
 */
gboolean
gudpx_port_disconnect_peer (GudpxPort *self, GError **error)
{
  g_return_val_if_fail (GUDPX_IS_PORT (self), FALSE);
  g_return_val_if_fail (gudpx_port_belongs_to_this_thread (self), FALSE);

  return gudpx_port_check_listening (self, "disconnect", error) &&
         (self->peer.length == 0 || go_to_peer (self, &nobody, error));
}
