/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A port's peer. */

#include "gudpx-port-private.h"

static const GudpxNativeAddress nobody = { 0 };

/* Keeps the queue and the errors of the network for the old peer, to which they belong. */
static void
begin_change (GudpxPort *self)
{
  g_object_ref (self);
  g_object_freeze_notify (G_OBJECT (self));
  gudpx_port_keep_errors (self);
  gudpx_sender_flush (&self->sender, self->link, FALSE, 0);
  gudpx_sender_pin_destination (&self->sender, &self->link->peer);
}

/* Adapts the port to a link that has put another socket behind its descriptor. */
static void
take_renewal (GudpxPort *self)
{
  GudpxLink *link = self->link;

  if (link->is_renewed)
    gudpx_watch_leave_poller (&self->watch);
  self->drops.n_messages += link->n_lost_messages;
  link->is_renewed = FALSE;
  link->n_lost_messages = 0;
}

/* Handlers of the notifications may do anything to the port. */
static void
end_change (GudpxPort *self)
{
  take_renewal (self);
  gudpx_port_update_addresses (self);
  gudpx_port_settle (self);
  g_object_thaw_notify (G_OBJECT (self));
  g_object_unref (self);
}

static gboolean
go_to_peer (GudpxPort *self, const GudpxNativeAddress *peer, GError **error)
{
  gboolean is_changed;

  begin_change (self);
  is_changed = gudpx_link_connect (self->link, peer, error);
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
         (!gudpx_link_has_peer (self->link) || go_to_peer (self, &nobody, error));
}
