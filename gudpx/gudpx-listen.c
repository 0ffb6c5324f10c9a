/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "gudpx-port-private.h"

/* A port with the given properties, started. */
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
 * @port: the port number; 0: any free one
 * @protocol: what is called
 * @bind_address: (nullable): the IPv4 or IPv6 address to bind, the latter with a scope id where it
 *   is link-local; %NULL or `""`: any IPv4 address; `"::"`: any IPv6 and IPv4 address
 * @error: return location for an error
 *
 * Listens for datagrams: Twisted's `listenUDP`. The socket is bound,
 * [signal@Gudpx.DatagramProtocol::started] emitted and the port attached to the thread-default main
 * context before it returns; see [method@Gudpx.Port.start_listening] for the errors. A
 * @bind_address that is no IP address is %G_IO_ERROR_INVALID_ARGUMENT.
 *
 * No other socket can be bound to the same address: neither `SO_REUSEADDR` nor `SO_REUSEPORT` is set.
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
 * Returns: (transfer full): a port that is listening. The main context keeps it until it is stopped,
 *   whether the caller does or not.
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
 * @port: the port number; 0: any free one
 * @protocol: what is called
 * @listen_multiple: whether several sockets of the machine may be bound to the address, each of
 *   which gets the multicasts of the groups that it joined; all of them must say so
 * @bind_address: (nullable): as in [func@Gudpx.listen_udp]
 * @error: return location for an error
 *
 * Listens for datagrams like [func@Gudpx.listen_udp], for groups that several programs of a machine
 * listen to: Twisted's `listenMulticast`. Join them with [method@Gudpx.Port.join_group].
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
 * Returns: (transfer full): a port that is listening
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
 * @protocol: what is called
 * @error: return location for an error
 *
 * Listens on a UNIX datagram socket: Twisted's `listenUNIXDatagram`. See `unix(7)`.
 *
 * A socket file of a process that is gone is replaced; one that is in use is
 * %G_IO_ERROR_ADDRESS_IN_USE. The file is removed when the port stops. Its mode is that of the
 * process's umask. A path that is too long for a socket address is %G_IO_ERROR_INVALID_ARGUMENT.
 *
 * To write, use [class@Gio.UnixSocketAddress] as destination. Datagrams of an unbound socket have no
 * sender.
 *
 * Returns: (transfer full): a port that is listening
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
                   "“%s” is empty or too long for a socket address", path);
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
 * @fd: a datagram socket, bound or not, as a service gets it from systemd
 * @family: its address family; %G_SOCKET_FAMILY_INVALID: whichever it is
 * @protocol: what is called
 * @error: return location for an error
 *
 * Listens on a socket that somebody else made: Twisted's `adoptDatagramPort`.
 *
 * The port has a duplicate of @fd, close-on-exec. The caller keeps @fd, and closes it when it likes,
 * at once too. Stopping the port closes the duplicate, and never shuts the socket down. Being the
 * same socket, @fd does not block any more; other options of the socket stay as they are until they
 * are set: groups that others joined may be heard (`IP_MULTICAST_ALL`, `ip(7)`). A socket that is
 * connected is a connected port. An adopted port cannot be started again.
 *
 * Errors are %G_IO_ERROR_INVALID_ARGUMENT for a descriptor that is no datagram socket or not of
 * @family, and %G_IO_ERROR_NOT_SUPPORTED for one that is neither IPv4 nor IPv6 nor UNIX. They leave
 * @fd as it was.
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
 * Returns: (transfer full): a port that is listening
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
