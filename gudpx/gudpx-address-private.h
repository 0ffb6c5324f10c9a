/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <gudpx/gudpx.h>

G_BEGIN_DECLS

/* A socket address as the kernel has it. A length of 0: none. */
typedef struct
{
  socklen_t length;
  union
  {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    struct sockaddr_un un;
    /* A path may fill sockaddr_un, and the kernel writes a zero behind it: unix(7). */
    char room[sizeof (struct sockaddr_un) + 1];
  } u;
} GudpxNativeAddress;

typedef struct _GudpxAddressCache GudpxAddressCache;

GSocketAddress    *gudpx_address_parse                 (const char                *host,
                                                        guint16                    port,
                                                        GError                   **error);
char              *gudpx_address_describe              (GSocketAddress            *address);
gboolean           gudpx_address_is_multicast          (GSocketAddress            *address);
gboolean           gudpx_address_to_native             (GSocketAddress            *address,
                                                        GudpxNativeAddress        *native,
                                                        GError                   **error);

GSocketFamily      gudpx_native_address_get_family     (const GudpxNativeAddress  *native);
void               gudpx_native_address_set_length     (GudpxNativeAddress        *native,
                                                        socklen_t                  length);
gboolean           gudpx_native_address_is_broadcast   (const GudpxNativeAddress  *native);
gboolean           gudpx_native_address_convert        (GudpxNativeAddress        *native,
                                                        GSocketFamily              family);
void               gudpx_native_address_copy           (GudpxNativeAddress        *self,
                                                        const GudpxNativeAddress  *other);
gboolean           gudpx_native_address_equal          (const GudpxNativeAddress  *a,
                                                        const GudpxNativeAddress  *b);
guint32            gudpx_native_address_hash           (const GudpxNativeAddress  *native,
                                                        guint32                    seed);
char              *gudpx_native_address_dup_host       (const GudpxNativeAddress  *native);
GSocketAddress    *gudpx_native_address_to_object      (const GudpxNativeAddress  *native);
struct in6_addr    gudpx_native_address_get_bytes      (const GudpxNativeAddress  *native);

GudpxAddressCache *gudpx_address_cache_new             (void);
void               gudpx_address_cache_free            (GudpxAddressCache         *self);
GSocketAddress    *gudpx_address_cache_lookup          (GudpxAddressCache         *self,
                                                        const GudpxNativeAddress  *native);

static inline gboolean
gudpx_native_address_is_ipv4 (const GudpxNativeAddress *native)
{
  return native->u.any.sa_family == AF_INET ||
         (native->u.any.sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED (&native->u.in6.sin6_addr));
}

/* 0.0.0.0, plain or mapped into IPv6, or ::. */
static inline gboolean
gudpx_native_address_is_any (const GudpxNativeAddress *native)
{
  const struct in6_addr *ipv6 = &native->u.in6.sin6_addr;

  switch ((int) native->u.any.sa_family)
    {
    case AF_INET:
      return native->u.in.sin_addr.s_addr == htonl (INADDR_ANY);
    case AF_INET6:
      return ipv6->s6_addr[15] == 0 &&
             (IN6_IS_ADDR_UNSPECIFIED (ipv6) ||
              (IN6_IS_ADDR_V4MAPPED (ipv6) && (ipv6->s6_addr[12] | ipv6->s6_addr[13] |
                                               ipv6->s6_addr[14]) == 0));
    default:
      return FALSE;
    }
}

static inline gboolean
gudpx_native_address_is_unnamed (const GudpxNativeAddress *native)
{
  return native->length <= G_STRUCT_OFFSET (struct sockaddr_un, sun_path);
}

static inline gboolean
gudpx_native_address_has_path (const GudpxNativeAddress *native)
{
  return native->u.any.sa_family == AF_UNIX && !gudpx_native_address_is_unnamed (native) &&
         native->u.un.sun_path[0] != '\0';
}

static inline guint16
gudpx_native_address_get_port (const GudpxNativeAddress *native)
{
  switch ((int) native->u.any.sa_family)
    {
    case AF_INET:
      return ntohs (native->u.in.sin_port);
    case AF_INET6:
      return ntohs (native->u.in6.sin6_port);
    default:
      return 0;
    }
}

G_END_DECLS
