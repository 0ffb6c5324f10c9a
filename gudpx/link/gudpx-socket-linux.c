/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Options and calls of sockets that only Linux has. */

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include <gio/gnetworking.h>

#include "gudpx-error-private.h"
#include "gudpx-socket-private.h"

/* Without these options a socket gets each group that any socket of the machine has joined. */
void
gudpx_socket_hear_own_groups (GSocket *socket)
{
#ifdef IP_MULTICAST_ALL
  if (g_socket_get_family (socket) != G_SOCKET_FAMILY_UNIX)
    g_socket_set_option (socket, IPPROTO_IP, IP_MULTICAST_ALL, FALSE, NULL);
#endif
#ifdef IPV6_MULTICAST_ALL
  if (g_socket_get_family (socket) == G_SOCKET_FAMILY_IPV6)
    g_socket_set_option (socket, IPPROTO_IPV6, IPV6_MULTICAST_ALL, FALSE, NULL);
#endif
}

/* SO_REUSEADDR alone shares a port number. SO_REUSEPORT is not added to it: a multicast datagram
 * that one of the sockets wants would be handed to any of them. */
gboolean
gudpx_socket_reuse_port (GSocket *socket, const GudpxBindOptions *options, GError **error)
{
  if (!options->reuse_port || g_socket_set_option (socket, SOL_SOCKET, SO_REUSEPORT, TRUE, error))
    return TRUE;

  g_prefix_error (error, "Cannot set reuse-port: ");
  return FALSE;
}

/* Returns the option that lets two sockets that have it be bound to one address. SO_REUSEPORT
 * lets only sockets of one user, and a process may have given up the user that bound the first
 * socket. */
int
gudpx_socket_get_share_option (void)
{
  return SO_REUSEADDR;
}

gboolean
gudpx_socket_bind_to_device (GSocket *socket, const char *device, GError **error)
{
  if (setsockopt (g_socket_get_fd (socket), SOL_SOCKET, SO_BINDTODEVICE, device,
                  strlen (device)) == 0)
    return TRUE;

  gudpx_set_error_errno (error, errno, "Cannot bind to the device “%s”", device);
  return FALSE;
}

/* Returns the index of the interface that the socket is bound to: by SO_BINDTODEVICE, by the scope
 * id of its address, or by that of its peer. 0: the socket has none. */
int
gudpx_socket_get_device (GSocket *socket)
{
  int index = 0;

#ifdef SO_BINDTOIFINDEX
  if (!g_socket_get_option (socket, SOL_SOCKET, SO_BINDTOIFINDEX, &index, NULL))
    return 0;
#endif
  return index;
}

/* Binds the socket again to the interface @name, or without a name to the one of the number @index,
 * if udp_disconnect() took it away. */
gboolean
gudpx_socket_restore_device (GSocket *socket, const char *name, int index, GError **error)
{
#ifdef SO_BINDTOIFINDEX
  if (index == gudpx_socket_get_device (socket))
    return TRUE;
  if (name == NULL)
    {
      if (g_socket_set_option (socket, SOL_SOCKET, SO_BINDTOIFINDEX, index, error))
        return TRUE;
      g_prefix_error (error, "Cannot set the interface: ");
      return FALSE;
    }
#endif
  return name == NULL || gudpx_socket_bind_to_device (socket, name, error);
}

/* Gives the descriptor of @socket to the socket of @other. */
gboolean
gudpx_socket_replace (GSocket *socket, GSocket *other, GError **error)
{
  if (dup3 (g_socket_get_fd (other), g_socket_get_fd (socket), O_CLOEXEC) >= 0)
    return TRUE;

  gudpx_set_error_errno (error, errno, "Cannot replace the socket");
  return FALSE;
}

/* TRUE if another owner of the socket shut it down. */
gboolean
gudpx_socket_is_shut_down (GSocket *socket)
{
  struct pollfd poll_fd = { .fd = g_socket_get_fd (socket), .events = POLLRDHUP };

  return poll (&poll_fd, 1, 0) > 0 && (poll_fd.revents & POLLRDHUP) != 0;
}

/* Returns the MTU of the path to the peer; 0: not known. */
guint
gudpx_socket_get_path_mtu (GSocket *socket)
{
  const gboolean is_ipv6 = g_socket_get_family (socket) == G_SOCKET_FAMILY_IPV6;
  int value = 0;

  if (g_socket_get_family (socket) == G_SOCKET_FAMILY_UNIX ||
      !g_socket_get_option (socket, is_ipv6 ? IPPROTO_IPV6 : IPPROTO_IP,
                            is_ipv6 ? IPV6_MTU : IP_MTU, &value, NULL))
    return 0;
  return MAX (value, 0);
}
