/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <gio/gio.h>

G_BEGIN_DECLS

/* Holds a socket address as system calls take and return it. The length 0 means no address. */
typedef struct
{
  socklen_t length;
  union
  {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    struct sockaddr_un un;
    /* A path may fill sockaddr_un, and the kernel writes a zero byte after the path: unix(7). */
    char room[sizeof (struct sockaddr_un) + 1];
  } u;
} GudpxNativeAddress;

void             gudpx_native_address_set_length   (GudpxNativeAddress       *self,
                                                    socklen_t                 length);
gboolean         gudpx_native_address_convert      (GudpxNativeAddress       *self,
                                                    GSocketFamily             family);
void             gudpx_native_address_copy         (GudpxNativeAddress       *self,
                                                    const GudpxNativeAddress *other);
gboolean         gudpx_native_address_equal        (const GudpxNativeAddress *a,
                                                    const GudpxNativeAddress *b);
guint32          gudpx_native_address_hash         (const GudpxNativeAddress *self,
                                                    guint32                   seed);
char            *gudpx_native_address_dup_host     (const GudpxNativeAddress *self);
GSocketAddress  *gudpx_native_address_to_object    (const GudpxNativeAddress *self);
struct in6_addr  gudpx_native_address_get_bytes    (const GudpxNativeAddress *self);

/* Returns TRUE for IPv4, plain or mapped into IPv6. */
static inline gboolean
gudpx_native_address_is_ipv4 (const GudpxNativeAddress *self)
{
  return self->u.any.sa_family == AF_INET ||
         (self->u.any.sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED (&self->u.in6.sin6_addr));
}

/* Returns TRUE for 0.0.0.0, plain or mapped into IPv6, and for ::. */
static inline gboolean
gudpx_native_address_is_any (const GudpxNativeAddress *self)
{
  const struct in6_addr *ipv6 = &self->u.in6.sin6_addr;

  switch ((int) self->u.any.sa_family)
    {
    case AF_INET:
      return self->u.in.sin_addr.s_addr == htonl (INADDR_ANY);
    case AF_INET6:
      return ipv6->s6_addr[15] == 0 &&
             (IN6_IS_ADDR_UNSPECIFIED (ipv6) ||
              (IN6_IS_ADDR_V4MAPPED (ipv6) && (ipv6->s6_addr[12] | ipv6->s6_addr[13] |
                                               ipv6->s6_addr[14]) == 0));
    default:
      return FALSE;
    }
}

/* Returns TRUE for an empty address, and for a UNIX socket without a path or an abstract name. */
static inline gboolean
gudpx_native_address_is_unnamed (const GudpxNativeAddress *self)
{
  return self->length <= G_STRUCT_OFFSET (struct sockaddr_un, sun_path);
}

static inline gboolean
gudpx_native_address_has_path (const GudpxNativeAddress *self)
{
  return self->u.any.sa_family == AF_UNIX && !gudpx_native_address_is_unnamed (self) &&
         self->u.un.sun_path[0] != '\0';
}

/* Returns the UDP port number, 0 for UNIX. */
static inline guint16
gudpx_native_address_get_port (const GudpxNativeAddress *self)
{
  switch ((int) self->u.any.sa_family)
    {
    case AF_INET:
      return ntohs (self->u.in.sin_port);
    case AF_INET6:
      return ntohs (self->u.in6.sin6_port);
    default:
      return 0;
    }
}

static inline GSocketFamily
gudpx_native_address_get_family (const GudpxNativeAddress *self)
{
  return self->length > 0 ? (GSocketFamily) self->u.any.sa_family : G_SOCKET_FAMILY_INVALID;
}

/* TRUE for 255.255.255.255, also in mapped form. */
static inline gboolean
gudpx_native_address_is_broadcast (const GudpxNativeAddress *self)
{
  if (self->u.any.sa_family == AF_INET)
    return self->u.in.sin_addr.s_addr == htonl (INADDR_BROADCAST);

  return gudpx_native_address_is_ipv4 (self) &&
         memcmp (&self->u.in6.sin6_addr.s6_addr[12], "\xff\xff\xff\xff", 4) == 0;
}

G_END_DECLS
