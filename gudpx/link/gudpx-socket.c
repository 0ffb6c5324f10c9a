/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Opens, binds, adopts and connects sockets by the calls that each system has. GSocket's own bind
 * sets or clears both kinds of address reuse, and its errors lose their errno. */

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <gio/gnetworking.h>
#include <glib/gstdio.h>

#include "gudpx-error-private.h"
#include "gudpx-socket-private.h"

/* Tries of a call that is interrupted. */
#define MAX_RETRIES 16

static gboolean
set_option (GSocket *socket, int level, int option, int value, const char *what, GError **error)
{
  if (g_socket_set_option (socket, level, option, value, error))
    return TRUE;

  g_prefix_error (error, "Cannot set %s: ", what);
  return FALSE;
}

/* Opens a datagram socket that does not block, with the options that count before it is bound. */
GSocket *
gudpx_socket_open (GSocketFamily family, const GudpxBindOptions *options, GError **error)
{
  g_autoptr (GSocket) socket =
      g_socket_new (family, G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_DEFAULT, error);

  if (socket == NULL)
    return NULL;

  g_socket_set_blocking (socket, FALSE);
  gudpx_socket_hear_own_groups (socket);

  if (family == G_SOCKET_FAMILY_IPV6 &&
      !set_option (socket, IPPROTO_IPV6, IPV6_V6ONLY, options->ipv6_only, "ipv6-only", error))
    return NULL;
  if (options->listen_multiple &&
      !set_option (socket, SOL_SOCKET, SO_REUSEADDR, TRUE, "listen-multiple", error))
    return NULL;
  if (!gudpx_socket_reuse_port (socket, options, error))
    return NULL;
  if (options->device != NULL && !gudpx_socket_bind_to_device (socket, options->device, error))
    return NULL;

  return g_steal_pointer (&socket);
}

gboolean
gudpx_socket_shares_address (GSocket *socket)
{
  int value = FALSE;

  return g_socket_get_option (socket, SOL_SOCKET, gudpx_socket_get_share_option (), &value, NULL) &&
         value != 0;
}

gboolean
gudpx_socket_share_address (GSocket *socket, gboolean share, GError **error)
{
  return set_option (socket, SOL_SOCKET, gudpx_socket_get_share_option (), share,
                     "the sharing of the address", error);
}

/* TRUE if the process that bound the socket file at @address is gone. */
static gboolean
is_stale (const GudpxNativeAddress *address)
{
  g_autoptr (GSocket) probe = NULL;
  GStatBuf stat;

  if (g_lstat (address->u.un.sun_path, &stat) != 0 || !S_ISSOCK (stat.st_mode))
    return FALSE;

  probe = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_DEFAULT,
                        NULL);
  return probe != NULL &&
         connect (g_socket_get_fd (probe), &address->u.any, address->length) != 0 &&
         errno == ECONNREFUSED;
}

/* Explains an error of bind() or connect(), after the address in a message. */
char *
gudpx_socket_explain (const GudpxNativeAddress *address, int errsv)
{
  const struct sockaddr_in6 *in6 = &address->u.in6;
  g_autofree char *host = NULL;

  if (errsv != EINVAL || in6->sin6_family != AF_INET6 || in6->sin6_scope_id != 0 ||
      !(IN6_IS_ADDR_LINKLOCAL (&in6->sin6_addr) || IN6_IS_ADDR_MC_LINKLOCAL (&in6->sin6_addr)))
    return g_strdup ("");

  host = gudpx_native_address_dup_host (address);
  return g_strdup_printf (" (add its interface, as in %s%%eth0)", host);
}

gboolean
gudpx_socket_bind (GSocket *socket, const GudpxNativeAddress *address, GError **error)
{
  int fd = g_socket_get_fd (socket);
  g_autoptr (GSocketAddress) object = NULL;
  g_autofree char *description = NULL;
  g_autofree char *explanation = NULL;
  int errsv;

  /* A UNIX socket that only writes needs no name. */
  if (address->u.any.sa_family == AF_UNIX && gudpx_native_address_is_unnamed (address))
    return TRUE;

  if (bind (fd, &address->u.any, address->length) == 0)
    return TRUE;
  errsv = errno;

  if (errsv == EADDRINUSE && gudpx_native_address_has_path (address) && is_stale (address) &&
      g_unlink (address->u.un.sun_path) == 0)
    {
      if (bind (fd, &address->u.any, address->length) == 0)
        return TRUE;
      errsv = errno;
    }

  object = gudpx_native_address_to_object (address);
  description = gudpx_address_describe (object);
  explanation = gudpx_socket_explain (address, errsv);
  gudpx_set_error_errno (error, errsv, "Cannot listen on %s%s", description, explanation);
  return FALSE;
}

/* Returns the file of a bound UNIX socket, and in @stat its identity; NULL: there is none. */
char *
gudpx_socket_own_path (const GudpxNativeAddress *address, GStatBuf *stat)
{
  if (!gudpx_native_address_has_path (address) || g_lstat (address->u.un.sun_path, stat) != 0)
    return NULL;

  /* The process may change its directory before the file is removed. */
  return g_canonicalize_filename (address->u.un.sun_path, NULL);
}

/* Removes the file, if it is still the file of @stat. */
void
gudpx_socket_unlink_path (const char *path, const GStatBuf *stat)
{
  GStatBuf now;

  if (g_lstat (path, &now) == 0 && now.st_dev == stat->st_dev && now.st_ino == stat->st_ino)
    g_unlink (path);
}

static gboolean
check_adoptable (int fd, GSocketFamily family, GError **error)
{
  struct sockaddr_storage address;
  socklen_t length = sizeof address;
  int type;
  socklen_t type_size = sizeof type;

  if (getsockopt (fd, SOL_SOCKET, SO_TYPE, &type, &type_size) != 0 ||
      getsockname (fd, (struct sockaddr *) &address, &length) != 0)
    {
      gudpx_set_error_errno (error, errno, "Cannot adopt descriptor %d", fd);
      return FALSE;
    }
  if (type != SOCK_DGRAM)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "Cannot adopt descriptor %d: it is not a datagram socket", fd);
      return FALSE;
    }
  if (address.ss_family != AF_INET && address.ss_family != AF_INET6 && address.ss_family != AF_UNIX)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                   "Cannot adopt descriptor %d: address family %d is not supported", fd,
                   (int) address.ss_family);
      return FALSE;
    }
  if (family != G_SOCKET_FAMILY_INVALID && (int) family != (int) address.ss_family)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "Cannot adopt descriptor %d: its address family is %d, not %d", fd,
                   (int) address.ss_family, (int) family);
      return FALSE;
    }
  return TRUE;
}

/* Returns a socket of a duplicate of @fd, which is close-on-exec and does not block. */
GSocket *
gudpx_socket_adopt (int fd, GSocketFamily family, GError **error)
{
  GSocket *socket;
  int duplicate;

  if (!check_adoptable (fd, family, error))
    return NULL;

  duplicate = fcntl (fd, F_DUPFD_CLOEXEC, 3);
  if (duplicate < 0)
    {
      gudpx_set_error_errno (error, errno, "Cannot duplicate descriptor %d", fd);
      return NULL;
    }

  socket = g_socket_new_from_fd (duplicate, error);
  if (socket == NULL)
    {
      close (duplicate);
      return NULL;
    }
  g_socket_set_blocking (socket, FALSE);
  return socket;
}

/* Gets the address that the socket is bound to, as the kernel has it. */
gboolean
gudpx_socket_get_local (GSocket *socket, GudpxNativeAddress *local, GError **error)
{
  socklen_t length = sizeof local->u;

  memset (local, 0, sizeof *local);
  if (getsockname (g_socket_get_fd (socket), &local->u.any, &length) != 0)
    {
      gudpx_set_error_errno (error, errno, "Cannot get the address of the socket");
      return FALSE;
    }
  gudpx_native_address_set_length (local, length);
  return TRUE;
}

/* Gets the peer as the kernel has it, empty for an unconnected socket. FALSE: the kernel does not
 * tell it, and @peer is unchanged. */
gboolean
gudpx_socket_get_peer (GSocket *socket, GudpxNativeAddress *peer)
{
  GudpxNativeAddress found = { 0 };
  socklen_t length = sizeof found.u;

  if (getpeername (g_socket_get_fd (socket), &found.u.any, &length) == 0)
    gudpx_native_address_set_length (&found, length);
  else if (errno != ENOTCONN)
    return FALSE;

  *peer = found;
  return TRUE;
}

/* Connects, or with an empty @peer dissolves the association. */
gboolean
gudpx_socket_connect (GSocket *socket, const GudpxNativeAddress *peer, int *errsv)
{
  const struct sockaddr unspecified = { .sa_family = AF_UNSPEC };
  int fd = g_socket_get_fd (socket);
  guint n_tries = 0;
  int result;

  do
    {
      if (peer->length > 0)
        result = connect (fd, &peer->u.any, peer->length);
      else
        result = connect (fd, &unspecified, sizeof unspecified);
    }
  while (result != 0 && errno == EINTR && n_tries++ < MAX_RETRIES);

  *errsv = result != 0 ? errno : 0;
  /* Some systems dissolve the association, and fail the call all the same. */
  return result == 0 || (peer->length == 0 && *errsv == EAFNOSUPPORT);
}

gboolean
gudpx_socket_is_ipv6_only (GSocket *socket)
{
  int value = FALSE;

  return g_socket_get_family (socket) == G_SOCKET_FAMILY_IPV6 &&
         g_socket_get_option (socket, IPPROTO_IPV6, IPV6_V6ONLY, &value, NULL) && value;
}

/* Returns the MTU of the path to @destination, which the kernel tells a connected socket alone. */
guint
gudpx_socket_find_path_mtu (const GudpxNativeAddress *destination)
{
  g_autoptr (GSocket) socket =
      g_socket_new (gudpx_native_address_get_family (destination), G_SOCKET_TYPE_DATAGRAM,
                    G_SOCKET_PROTOCOL_DEFAULT, NULL);
  int errsv;

  if (socket == NULL || !gudpx_socket_connect (socket, destination, &errsv))
    return 0;
  return gudpx_socket_get_path_mtu (socket);
}
