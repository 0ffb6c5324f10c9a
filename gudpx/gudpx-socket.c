/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sockets as system calls have them: opened, bound, adopted, connected. GSocket's own bind sets or
 * clears both kinds of address reuse, and its errors lose their errno. */

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include <gio/gnetworking.h>
#include <glib/gstdio.h>

#include "gudpx-error-private.h"
#include "gudpx-socket-private.h"

/* How often an interrupted call is tried again. */
#define MAX_RETRIES 16

static gboolean
set_option (GSocket *socket, int level, int option, int value, const char *what, GError **error)
{
  if (g_socket_set_option (socket, level, option, value, error))
    return TRUE;

  g_prefix_error (error, "Cannot set %s: ", what);
  return FALSE;
}

/* A port gets the groups that it joined, not those of every socket of the machine. */
static void
receive_own_groups_only (GSocket *socket)
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

static gboolean
bind_to_device (GSocket *socket, const char *device, GError **error)
{
#ifdef SO_BINDTODEVICE
  if (setsockopt (g_socket_get_fd (socket), SOL_SOCKET, SO_BINDTODEVICE, device,
                  strlen (device)) == 0)
    return TRUE;

  gudpx_set_error_errno (error, errno, "Cannot bind to the device “%s”", device);
#else
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
               "Cannot bind to the device “%s”: not supported on this system", device);
#endif
  return FALSE;
}

/* Linux shares a number with SO_REUSEADDR. With SO_REUSEPORT beside it, a multicast datagram that
 * one of the sockets wants is handed to any of them. */
static gboolean
shares_number (const GudpxBindOptions *options)
{
#ifdef __linux__
  return options->reuse_port;
#else
  return options->listen_multiple || options->reuse_port;
#endif
}

/* A datagram socket that does not block, with the options that count before it is bound. */
GSocket *
gudpx_socket_open (GSocketFamily family, const GudpxBindOptions *options, GError **error)
{
  g_autoptr (GSocket) socket =
      g_socket_new (family, G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_DEFAULT, error);

  if (socket == NULL)
    return NULL;

  g_socket_set_blocking (socket, FALSE);
  receive_own_groups_only (socket);

  if (family == G_SOCKET_FAMILY_IPV6 &&
      !set_option (socket, IPPROTO_IPV6, IPV6_V6ONLY, options->ipv6_only, "ipv6-only", error))
    return NULL;
  if (options->listen_multiple &&
      !set_option (socket, SOL_SOCKET, SO_REUSEADDR, TRUE, "listen-multiple", error))
    return NULL;
#ifdef SO_REUSEPORT
  if (shares_number (options) &&
      !set_option (socket, SOL_SOCKET, SO_REUSEPORT, TRUE, "reuse-port", error))
    return NULL;
#endif
  if (options->device != NULL && !bind_to_device (socket, options->device, error))
    return NULL;

  return g_steal_pointer (&socket);
}

/* The option that lets two sockets that have it be bound to one address. On Linux SO_REUSEPORT lets
 * only sockets of one user, and a process may have given up the user that bound the first. */
#if defined (__linux__) || !defined (SO_REUSEPORT)
#define SHARE_ADDRESS SO_REUSEADDR
#else
#define SHARE_ADDRESS SO_REUSEPORT
#endif

gboolean
gudpx_socket_shares_address (GSocket *socket)
{
  int value = FALSE;

  return g_socket_get_option (socket, SOL_SOCKET, SHARE_ADDRESS, &value, NULL) && value != 0;
}

gboolean
gudpx_socket_share_address (GSocket *socket, gboolean share, GError **error)
{
  return set_option (socket, SOL_SOCKET, SHARE_ADDRESS, share, "the sharing of an address", error);
}

/* The descriptor of @socket becomes one of what @other has. */
gboolean
gudpx_socket_replace (GSocket *socket, GSocket *other, GError **error)
{
  if (dup3 (g_socket_get_fd (other), g_socket_get_fd (socket), O_CLOEXEC) >= 0)
    return TRUE;

  gudpx_set_error_errno (error, errno, "Cannot replace the socket");
  return FALSE;
}

/* Whether the socket file at @address is of a process that is gone. */
static gboolean
is_stale (const GudpxNativeAddress *address)
{
  GStatBuf stat;
  gboolean stale;
  int fd;

  if (g_lstat (address->u.un.sun_path, &stat) != 0 || !S_ISSOCK (stat.st_mode))
    return FALSE;

  fd = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return FALSE;
  stale = connect (fd, &address->u.any, address->length) != 0 && errno == ECONNREFUSED;
  close (fd);
  return stale;
}

/* Says more than the system's message does. */
char *
gudpx_socket_explain (const GudpxNativeAddress *address, int errsv)
{
  const struct sockaddr_in6 *in6 = &address->u.in6;
  g_autofree char *host = NULL;

  if (errsv != EINVAL || in6->sin6_family != AF_INET6 || in6->sin6_scope_id != 0 ||
      !(IN6_IS_ADDR_LINKLOCAL (&in6->sin6_addr) || IN6_IS_ADDR_MC_LINKLOCAL (&in6->sin6_addr)))
    return g_strdup ("");

  host = gudpx_native_address_dup_host (address);
  return g_strdup_printf (" without its interface, as in %s%%eth0", host);
}

gboolean
gudpx_socket_bind (GSocket *socket, const GudpxNativeAddress *address, GError **error)
{
  int fd = g_socket_get_fd (socket);
  g_autoptr (GSocketAddress) object = NULL;
  g_autofree char *description = NULL;
  g_autofree char *explanation = NULL;
  int errsv;

  /* A UNIX socket needs no name, to write. */
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

/* The file of a bound UNIX socket, and which one it is; NULL: there is none. */
char *
gudpx_socket_own_path (const GudpxNativeAddress *address, GStatBuf *stat)
{
  if (!gudpx_native_address_has_path (address) || g_lstat (address->u.un.sun_path, stat) != 0)
    return NULL;

  /* The process may be elsewhere when it is removed. */
  return g_canonicalize_filename (address->u.un.sun_path, NULL);
}

/* Removes the file, if it still is the one. */
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

/* A duplicate of @fd, close-on-exec and not blocking. */
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

/* The address that the socket is bound to, as the kernel has it. */
gboolean
gudpx_socket_get_local (GSocket *socket, GudpxNativeAddress *local, GError **error)
{
  socklen_t length = sizeof local->u;

  memset (local, 0, sizeof *local);
  if (getsockname (g_socket_get_fd (socket), &local->u.any, &length) != 0)
    {
      gudpx_set_error_errno (error, errno, "Cannot find out the address of a socket");
      return FALSE;
    }
  gudpx_native_address_set_length (local, length);
  return TRUE;
}

/* The peer as the kernel has it, empty for an unconnected socket. FALSE: it does not tell, and
 * @peer is left alone. */
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

/* Connects; with an empty @peer dissolves the association. */
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
  /* Some systems dissolve it and complain all the same. */
  return result == 0 || (peer->length == 0 && *errsv == EAFNOSUPPORT);
}

/* The number of the interface that the socket is bound to: by SO_BINDTODEVICE, by the scope id of
 * its address, or by that of its peer. 0: the socket has none. */
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
 * if udp_disconnect() of Linux took it away. */
gboolean
gudpx_socket_restore_device (GSocket *socket, const char *name, int index, GError **error)
{
#ifdef SO_BINDTOIFINDEX
  if (index == gudpx_socket_get_device (socket))
    return TRUE;
  if (name == NULL)
    return set_option (socket, SOL_SOCKET, SO_BINDTOIFINDEX, index, "the interface", error);
#endif
  return name == NULL || bind_to_device (socket, name, error);
}

gboolean
gudpx_socket_is_ipv6_only (GSocket *socket)
{
  int value = FALSE;

  return g_socket_get_family (socket) == G_SOCKET_FAMILY_IPV6 &&
         g_socket_get_option (socket, IPPROTO_IPV6, IPV6_V6ONLY, &value, NULL) && value;
}

/* Returns the MTU of the path to the peer; 0: not known. */
guint
gudpx_socket_get_path_mtu (GSocket *socket)
{
  int value = 0;

#ifdef IP_MTU
  if (g_socket_get_family (socket) == G_SOCKET_FAMILY_IPV4 &&
      g_socket_get_option (socket, IPPROTO_IP, IP_MTU, &value, NULL))
    return MAX (value, 0);
#endif
#ifdef IPV6_MTU
  if (g_socket_get_family (socket) == G_SOCKET_FAMILY_IPV6 &&
      g_socket_get_option (socket, IPPROTO_IPV6, IPV6_MTU, &value, NULL))
    return MAX (value, 0);
#endif
  return 0;
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

/* TRUE if another process shut the socket down, or a caller closed it. */
gboolean
gudpx_socket_is_shut_down (GSocket *socket)
{
#ifdef POLLRDHUP
  struct pollfd poll_fd = { .fd = g_socket_get_fd (socket), .events = POLLRDHUP };

  return poll (&poll_fd, 1, 0) > 0 && (poll_fd.revents & POLLRDHUP) != 0;
#else
  return FALSE;
#endif
}
