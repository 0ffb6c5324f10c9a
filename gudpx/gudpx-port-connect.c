/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A port's peer. */

#include "gudpx-port-private.h"

/* Ends the association. A port loses its interface by that, and its number if the kernel had chosen
 * it; it gets them back. */
static gboolean
dissolve (GudpxPort *self, GError **error)
{
  const GudpxNativeAddress nobody = { 0 };
  GudpxNativeAddress local;
  GudpxNativeAddress peer;
  int errsv;

  if (self->peer.length == 0)
    return TRUE;
  gudpx_port_update_bound (self);
  if (!gudpx_socket_connect (self->socket, &nobody, &errsv))
    {
      gudpx_set_error_errno (error, errsv, "Cannot disconnect");
      return FALSE;
    }

  if (!gudpx_socket_restore_device (self->socket, self->bind_device, &self->bound, error))
    return FALSE;
  gudpx_socket_get_addresses (self->socket, &local, &peer);
  return gudpx_native_address_get_port (&local) ==
             gudpx_native_address_get_port (&self->bound) ||
         gudpx_socket_bind (self->socket, &self->bound, error);
}

/* udp_disconnect() of Linux forgets the number of an IPv6 socket's peer, and not its address: nobody
 * else would be heard. Who shares the socket has to live with that. */
static gboolean
leave_peer (GudpxPort *self, GError **error)
{
  if (self->peer.length > 0 && !self->is_adopted && self->bound.u.any.sa_family == AF_INET6)
    return gudpx_port_renew_socket (self, error);

  return dissolve (self, error);
}

static gboolean
connect_native (GudpxPort *self, const GudpxNativeAddress *peer, GError **error)
{
  const GudpxNativeAddress old_peer = self->peer;
  g_autoptr (GSocketAddress) object = NULL;
  g_autofree char *description = NULL;
  g_autofree char *explanation = NULL;
  int errsv;
  int ignored;

  if (!dissolve (self, error))
    return FALSE;
  if (gudpx_socket_connect (self->socket, peer, &errsv))
    return TRUE;

  if (old_peer.length > 0)
    gudpx_socket_connect (self->socket, &old_peer, &ignored);
  object = gudpx_native_address_to_object (peer);
  description = gudpx_address_describe (object);
  explanation = gudpx_socket_explain (peer, errsv);
  gudpx_set_error_errno (error, errsv, "Cannot connect to %s%s", description, explanation);
  return FALSE;
}

/* What is queued for the old peer, and what the network says of it, is not the new one's. */
static void
begin_change (GudpxPort *self)
{
  g_object_ref (self);
  g_object_freeze_notify (G_OBJECT (self));
  gudpx_port_keep_errors (self);
  if (!gudpx_send_queue_is_empty (&self->queue) && !self->waits_for_writable)
    gudpx_port_flush (self, FALSE);
  gudpx_send_queue_pin_destination (&self->queue, &self->peer);
}

/* Who is told of it may do anything to the port. */
static void
end_change (GudpxPort *self)
{
  gudpx_port_update_addresses (self);
  self->io->funcs->connected (self->io, &self->peer);
  gudpx_port_notify_queue (self);
  g_object_thaw_notify (G_OBJECT (self));
  g_object_unref (self);
}

/**
 * gudpx_port_connect_peer_address:
 * @self: a listening port
 * @address: the peer
 * @error: return location for an error
 *
 * Connects the port: only datagrams of @address arrive from now on, also of those that are waiting
 * in the kernel, [method@Gudpx.Port.write] sends there, and
 * [signal@Gudpx.DatagramProtocol::connection-refused] tells when nobody listens there. Nothing is sent
 * for that, and it waits for nothing. A connected port can be connected elsewhere; it keeps its
 * number.
 *
 * Errors are %G_IO_ERROR_INVALID_ARGUMENT for an address that the port cannot send to, and what the
 * system has to say, such as %G_IO_ERROR_NETWORK_UNREACHABLE, or %G_IO_ERROR_NOT_FOUND and
 * %G_IO_ERROR_CONNECTION_REFUSED for a UNIX path where nobody listens; the port is then as it was
 * before. %G_IO_ERROR_CLOSED, if it is not listening. See `connect(2)`, `udp(7)`.
 *
 * Returns: whether the port is connected to @address
 *
 * Since: 1.0
 */
gboolean
gudpx_port_connect_peer_address (GudpxPort *self, GSocketAddress *address, GError **error)
{
  GudpxNativeAddress native;
  gboolean is_connected;

  g_return_val_if_fail (GUDPX_IS_PORT (self), FALSE);
  g_return_val_if_fail (gudpx_port_belongs_to_this_thread (self), FALSE);
  g_return_val_if_fail (G_IS_SOCKET_ADDRESS (address), FALSE);

  if (!gudpx_port_check_listening (self, "connect", error) ||
      !gudpx_port_fit_address (self, address, &native, error) ||
      !gudpx_port_check_destination (self, &native, error))
    return FALSE;

  begin_change (self);
  is_connected = connect_native (self, &native, error);
  end_change (self);
  return is_connected;
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
 * Disconnects the port from its peer: it receives from everybody again, and keeps its number. Does
 * nothing if it is not connected.
 *
 * A port of IPv6 gets a new socket for that, behind the same descriptor: what waited in the kernel is
 * dropped, and what was set on the socket by other means than the port's is lost. One that was adopted
 * keeps its socket, which on Linux goes on to hear nobody but its former peer over IPv6.
 *
 * Errors are %G_IO_ERROR_CLOSED, if the port is not listening, and what the system has to say.
 *
 * Returns: whether the port is not connected any more
 *
 * Since: 1.0
 */
gboolean
gudpx_port_disconnect_peer (GudpxPort *self, GError **error)
{
  gboolean is_dissolved;

  g_return_val_if_fail (GUDPX_IS_PORT (self), FALSE);
  g_return_val_if_fail (gudpx_port_belongs_to_this_thread (self), FALSE);

  if (!gudpx_port_check_listening (self, "disconnect", error))
    return FALSE;

  begin_change (self);
  is_dissolved = leave_peer (self, error);
  end_change (self);
  return is_dissolved;
}
