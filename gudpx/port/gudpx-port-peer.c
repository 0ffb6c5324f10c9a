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
  gudpx_receiver_keep_errors (&self->receiver, self->link);
  gudpx_sender_flush (&self->sender, self->link, FALSE, 0);
  gudpx_sender_pin_destination (&self->sender, gudpx_link_get_peer (self->link));
}

/* Adapts the port to a link that gave its descriptor to another socket. */
static void
take_renewal (GudpxPort *self)
{
  guint n_lost_messages;

  if (!gudpx_link_take_renewal (self->link, &n_lost_messages))
    return;

  gudpx_watch_leave_poller (&self->watch);
  gudpx_receiver_renewed (&self->receiver, n_lost_messages);
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
 * Connects the port to @address. This call does not block and sends nothing.
 *
 * From now on only datagrams of @address arrive. Waiting datagrams of other senders are not
 * delivered. [method@Gudpx.Port.write] sends to @address. If the peer refuses datagrams,
 * [signal@Gudpx.DatagramProtocol::connection-refused] is emitted. A connected port can be connected
 * to another address. The port keeps its number and its interface.
 *
 * A UNIX peer may disappear and come back. While no socket is bound to its path, writes succeed,
 * the datagrams are refused, and [signal@Gudpx.DatagramProtocol::connection-refused] is emitted.
 * After a socket is bound to the path again, the next write arrives there.
 *
 * When a connected UDP port connects to another address, it may get a new socket, see
 * [method@Gudpx.Port.disconnect_peer].
 *
 * Errors, in the domain %G_IO_ERROR:
 *
 * - %G_IO_ERROR_INVALID_ARGUMENT: the port cannot send to @address
 * - %G_IO_ERROR_NOT_FOUND, %G_IO_ERROR_CONNECTION_REFUSED: no socket is bound to the UNIX path
 * - %G_IO_ERROR_CLOSED: the port is not listening
 * - other errors of the system, such as %G_IO_ERROR_NETWORK_UNREACHABLE (see `connect(2)`,
 *   `udp(7)`, `unix(7)`)
 *
 * After an error the port is unchanged.
 *
 * Returns: %TRUE if the port is connected to @address
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
      !gudpx_port_address_for_socket (self, address, &native, error) ||
      !gudpx_port_check_destination (self, &native, error))
    return FALSE;

  return go_to_peer (self, &native, error);
}

/**
 * gudpx_port_connect_peer:
 * @self: a listening port
 * @host: an IPv4 or IPv6 address; a link-local IPv6 address needs a scope id
 * @port: the peer's port number
 * @error: return location for an error
 *
 * Connects the port to @host, like [method@Gudpx.Port.connect_peer_address].
 *
 * Fails with %G_IO_ERROR_INVALID_ARGUMENT if @host is a host name: resolve host names first, with
 * [func@Gudpx.resolve_async].
 *
 * Returns: %TRUE if the port is connected
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
 * Disconnects the port from its peer. The port receives from all senders again, and keeps its
 * number and its interface. If the port is not connected, this function does nothing.
 *
 * On Linux, an IPv6 socket or a socket that is bound to an interface cannot receive from all
 * senders again. The port then gets a new socket under the same descriptor. Datagrams that waited
 * in the old socket are not delivered. They are counted as `receive_drops`, see
 * [struct@Gudpx.Statistics]. Options that a program set directly on the old socket are lost. Groups
 * on interfaces that no longer exist are not joined again.
 *
 * An adopted port keeps its socket. If this is an IPv6 socket, it continues to receive only from
 * the former peer.
 *
 * Errors, in the domain %G_IO_ERROR:
 *
 * - %G_IO_ERROR_PERMISSION_DENIED: a new socket is needed, the port number is below 1024, and the
 *   process has dropped the privilege to bind it
 * - %G_IO_ERROR_NOT_FOUND: the interface that the port is bound to no longer exists
 * - %G_IO_ERROR_CLOSED: the port is not listening
 * - other errors of the system
 *
 * After an error the port is unchanged.
 *
 * Returns: %TRUE if the port is no longer connected
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
