/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "gudpx-port-private.h"

/* Starts @port, which it takes over. Returns the port, or NULL with an error. */
static GudpxPort *
listen_on (GudpxPort *port, GError **error)
{
  g_autoptr (GudpxPort) self = port;

  if (!gudpx_port_start_listening (self, error))
    return NULL;

  return g_steal_pointer (&self);
}

static GSocketAddress *
parse_bind_address (const char *bind_address, guint16 port, GError **error)
{
  if (bind_address == NULL || *bind_address == '\0')
    bind_address = "0.0.0.0";

  return gudpx_address_parse (bind_address, port, error);
}

/**
 * gudpx_listen_udp:
 * @port: the port number; 0: any free number
 * @protocol: the protocol that the port calls
 * @bind_address: (nullable): the IPv4 or IPv6 address to bind; a link-local IPv6 address needs a
 *   scope id; %NULL or `""`: any IPv4 address; `"::"`: any IPv6 and IPv4 address
 * @error: return location for an error
 *
 * Listens for datagrams. It corresponds to Twisted's `listenUDP`.
 *
 * Before the function returns, the socket is bound, [signal@Gudpx.DatagramProtocol::started] has
 * been emitted, and the port is attached to the thread-default main context. Fails with the errors
 * of [method@Gudpx.Port.start_listening], and with %G_IO_ERROR_INVALID_ARGUMENT if @bind_address is
 * not an IP address.
 *
 * Other sockets cannot be bound to the same address: neither `SO_REUSEADDR` nor `SO_REUSEPORT` is
 * set.
 *
 * ```c
 * static gboolean
 * serve (GudpxDatagramProtocol *protocol, GError **error)
 * {
 *   // IPv6 and IPv4. The main context keeps the port, so that this need not.
 *   g_autoptr (GudpxPort) port = gudpx_listen_udp (9999, protocol, "::", error);
 *
 *   return port != NULL;
 * }
 * ```
 *
 * Returns: (transfer full): a listening port. You need not keep a reference: the main context keeps
 *   the port until it is stopped.
 *
 * Since: 1.0
 */
GudpxPort *
gudpx_listen_udp (guint16 port,
                  GudpxDatagramProtocol *protocol,
                  const char *bind_address,
                  GError **error)
{
  g_autoptr (GSocketAddress) address = NULL;

  g_return_val_if_fail (GUDPX_IS_DATAGRAM_PROTOCOL (protocol), NULL);

  address = parse_bind_address (bind_address, port, error);
  return address != NULL ? listen_on (gudpx_port_new (protocol, address), error) : NULL;
}

/**
 * gudpx_listen_multicast:
 * @port: the port number; 0: any free number
 * @protocol: the protocol that the port calls
 * @listen_multiple: %TRUE to allow several sockets of the machine to be bound to the address. Each
 *   socket receives the multicasts of the groups that it joined. All of these sockets must allow
 *   this.
 * @bind_address: (nullable): as in [func@Gudpx.listen_udp]
 * @error: return location for an error
 *
 * Listens for datagrams of multicast groups, on an address that several programs of the machine may
 * share. It corresponds to Twisted's `listenMulticast`. Fails with the errors of
 * [func@Gudpx.listen_udp].
 *
 * Join the groups with [method@Gudpx.Port.join_group].
 *
 * ```c
 * static GudpxPort *
 * listen_to_group (GudpxDatagramProtocol *protocol, GError **error)
 * {
 *   g_autoptr (GudpxPort) port = gudpx_listen_multicast (8005, protocol, TRUE, NULL, error);
 *
 *   if (port != NULL && !gudpx_port_join_group (port, "228.0.0.5", NULL, error))
 *     {
 *       gudpx_port_stop_listening (port);
 *       return NULL;
 *     }
 *   return g_steal_pointer (&port);
 * }
 * ```
 *
 * Returns: (transfer full): a listening port
 *
 * Since: 1.0
 */
GudpxPort *
gudpx_listen_multicast (guint16 port,
                        GudpxDatagramProtocol *protocol,
                        gboolean listen_multiple,
                        const char *bind_address,
                        GError **error)
{
  g_autoptr (GSocketAddress) address = NULL;

  g_return_val_if_fail (GUDPX_IS_DATAGRAM_PROTOCOL (protocol), NULL);

  address = parse_bind_address (bind_address, port, error);
  if (address == NULL)
    return NULL;

  return listen_on (g_object_new (GUDPX_TYPE_PORT, "protocol", protocol, "local-address", address,
                                  "listen-multiple", listen_multiple, NULL),
                    error);
}

/**
 * gudpx_listen_unix_datagram:
 * @path: (type filename): the path of the socket; `@name` is the abstract name `name` (Linux)
 * @protocol: the protocol that the port calls
 * @error: return location for an error
 *
 * Listens on a UNIX datagram socket (`unix(7)`). It corresponds to Twisted's `listenUNIXDatagram`.
 *
 * If the socket file of a process that no longer exists is in the way, it is replaced. The file is
 * removed when the port stops. The umask of the process determines its mode.
 *
 * Fails with %G_IO_ERROR_ADDRESS_IN_USE if a socket is bound to @path, with
 * %G_IO_ERROR_INVALID_ARGUMENT if @path is empty or too long for a socket address, and with the
 * errors of [method@Gudpx.Port.start_listening].
 *
 * To write, use a [class@Gio.UnixSocketAddress] as the destination. Datagrams of an unbound socket
 * have no sender.
 *
 * Returns: (transfer full): a listening port
 *
 * Since: 1.0
 */
GudpxPort *
gudpx_listen_unix_datagram (const char *path, GudpxDatagramProtocol *protocol, GError **error)
{
  g_autoptr (GSocketAddress) address = NULL;

  g_return_val_if_fail (path != NULL, NULL);
  g_return_val_if_fail (GUDPX_IS_DATAGRAM_PROTOCOL (protocol), NULL);

  if (*path == '\0' || strlen (path) >= sizeof (((struct sockaddr_un *) NULL)->sun_path))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "Cannot listen on “%s”: the path is empty or too long for a socket address",
                   path);
      return NULL;
    }

  if (*path == '@')
    address = g_unix_socket_address_new_with_type (path + 1, -1, G_UNIX_SOCKET_ADDRESS_ABSTRACT);
  else
    address = g_unix_socket_address_new (path);
  return listen_on (gudpx_port_new (protocol, address), error);
}

/**
 * gudpx_adopt_datagram_port:
 * @fd: a datagram socket, bound or not, for example one that systemd passes to a service
 * @family: the address family of @fd; %G_SOCKET_FAMILY_INVALID: any family
 * @protocol: the protocol that the port calls
 * @error: return location for an error
 *
 * Listens on a socket that another program or library created. It corresponds to Twisted's
 * `adoptDatagramPort`.
 *
 * The port uses a duplicate of @fd with the close-on-exec flag. The caller keeps @fd, and may close
 * it at any time, even immediately. Stopping the port closes the duplicate, and never shuts down
 * the socket. An adopted port cannot be started again.
 *
 * The duplicate is the same socket, so @fd becomes non-blocking. Other options of the socket keep
 * their values until you set them. The port may therefore receive groups that other sockets joined
 * (`IP_MULTICAST_ALL`, `ip(7)`). A connected socket becomes a connected port.
 *
 * Fails with %G_IO_ERROR_INVALID_ARGUMENT if @fd is not a datagram socket or not of @family, and
 * with %G_IO_ERROR_NOT_SUPPORTED if its family is not IPv4, IPv6 or UNIX. After an error @fd is
 * unchanged.
 *
 * ```c
 * static GudpxPort *
 * serve_activated (GudpxDatagramProtocol *protocol, GError **error)
 * {
 *   // systemd passes sockets from descriptor 3 on, see sd_listen_fds(3).
 *   return gudpx_adopt_datagram_port (3, G_SOCKET_FAMILY_INVALID, protocol, error);
 * }
 * ```
 *
 * Returns: (transfer full): a listening port
 *
 * Since: 1.0
 */
GudpxPort *
gudpx_adopt_datagram_port (int fd,
                           GSocketFamily family,
                           GudpxDatagramProtocol *protocol,
                           GError **error)
{
  g_return_val_if_fail (GUDPX_IS_DATAGRAM_PROTOCOL (protocol), NULL);

  return gudpx_port_new_adopted (protocol, fd, family, error);
}
