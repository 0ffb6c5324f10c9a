/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Calls of sockets for systems other than Linux. */

#include <fcntl.h>
#include <unistd.h>

#include <gio/gnetworking.h>

#include "gudpx-error-private.h"
#include "gudpx-socket-private.h"

/* A socket gets only the groups that it joined. */
void
gudpx_socket_hear_own_groups (GSocket *socket)
{
}

/* SO_REUSEADDR alone shares only numbers of multicast addresses. */
gboolean
gudpx_socket_reuse_port (GSocket *socket, const GudpxBindOptions *options, GError **error)
{
#ifdef SO_REUSEPORT
  if (!options->listen_multiple && !options->reuse_port)
    return TRUE;
  if (g_socket_set_option (socket, SOL_SOCKET, SO_REUSEPORT, TRUE, error))
    return TRUE;

  g_prefix_error (error, "Cannot set reuse-port: ");
  return FALSE;
#else
  return TRUE;
#endif
}

/* Returns the option that lets two sockets that have it be bound to one address. */
int
gudpx_socket_get_share_option (void)
{
#ifdef SO_REUSEPORT
  return SO_REUSEPORT;
#else
  return SO_REUSEADDR;
#endif
}

gboolean
gudpx_socket_bind_to_device (GSocket *socket, const char *device, GError **error)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
               "Cannot bind to the device “%s”: not supported on this system", device);
  return FALSE;
}

int
gudpx_socket_get_device (GSocket *socket)
{
  return 0;
}

gboolean
gudpx_socket_restore_device (GSocket *socket, const char *name, int index, GError **error)
{
  return name == NULL || gudpx_socket_bind_to_device (socket, name, error);
}

/* Gives the descriptor of @socket to the socket of @other. */
gboolean
gudpx_socket_replace (GSocket *socket, GSocket *other, GError **error)
{
  const int fd = g_socket_get_fd (socket);

  if (dup2 (g_socket_get_fd (other), fd) >= 0 && fcntl (fd, F_SETFD, FD_CLOEXEC) >= 0)
    return TRUE;

  gudpx_set_error_errno (error, errno, "Cannot replace the socket");
  return FALSE;
}

/* A hang-up of the descriptor tells it. */
gboolean
gudpx_socket_is_shut_down (GSocket *socket)
{
  return FALSE;
}

guint
gudpx_socket_get_path_mtu (GSocket *socket)
{
  return 0;
}
