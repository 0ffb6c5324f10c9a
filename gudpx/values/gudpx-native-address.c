/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <net/if.h>
#include <string.h>

#include "gudpx-native-address-private.h"

/* Takes the @length that a system call returned. The kernel counts the zero byte after a path of
 * 108 bytes, and rejects that length as an argument: unix(7). */
void
gudpx_native_address_set_length (GudpxNativeAddress *self, socklen_t length)
{
  self->length = MIN (length, sizeof self->u);
  if (self->length > sizeof self->u.un && self->u.any.sa_family == AF_UNIX)
    self->length = sizeof self->u.un;
}

/* Returns the host without port and scope; IPv4 in its mapped form. */
struct in6_addr
gudpx_native_address_get_bytes (const GudpxNativeAddress *self)
{
  struct in6_addr bytes = IN6ADDR_ANY_INIT;

  if (self->u.any.sa_family == AF_INET6)
    return self->u.in6.sin6_addr;

  bytes.s6_addr[10] = bytes.s6_addr[11] = 0xff;
  memcpy (&bytes.s6_addr[12], &self->u.in.sin_addr, 4);
  return bytes;
}

/* Changes the address for a socket of @family: IPv4 to its mapped form, or back. Returns FALSE if
 * sockets of @family have no such address. */
gboolean
gudpx_native_address_convert (GudpxNativeAddress *self, GSocketFamily family)
{
  if (gudpx_native_address_get_family (self) == family)
    return TRUE;
  if (family == G_SOCKET_FAMILY_UNIX ||
      gudpx_native_address_get_family (self) == G_SOCKET_FAMILY_UNIX ||
      !gudpx_native_address_is_ipv4 (self))
    return FALSE;

  if (family == G_SOCKET_FAMILY_IPV6)
    {
      struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = self->u.in.sin_port };

      in6.sin6_addr = gudpx_native_address_get_bytes (self);
      self->u.in6 = in6;
      self->length = sizeof in6;
    }
  else
    {
      struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = self->u.in6.sin6_port };

      memcpy (&in.sin_addr, &self->u.in6.sin6_addr.s6_addr[12], 4);
      self->u.in = in;
      self->length = sizeof in;
    }
  return TRUE;
}

/* Copies only the used bytes, because the struct has room for the path of a UNIX socket. */
void
gudpx_native_address_copy (GudpxNativeAddress *self, const GudpxNativeAddress *other)
{
  self->length = other->length;
  memcpy (&self->u, &other->u, other->length);
}

gboolean
gudpx_native_address_equal (const GudpxNativeAddress *a, const GudpxNativeAddress *b)
{
  if (a->length != b->length || a->u.any.sa_family != b->u.any.sa_family)
    return FALSE;

  switch ((int) a->u.any.sa_family)
    {
    case AF_INET:
      return a->u.in.sin_port == b->u.in.sin_port &&
             a->u.in.sin_addr.s_addr == b->u.in.sin_addr.s_addr;
    case AF_INET6:
      return a->u.in6.sin6_port == b->u.in6.sin6_port &&
             a->u.in6.sin6_scope_id == b->u.in6.sin6_scope_id &&
             memcmp (&a->u.in6.sin6_addr, &b->u.in6.sin6_addr, sizeof (struct in6_addr)) == 0;
    default:
      return memcmp (&a->u, &b->u, a->length) == 0;
    }
}

/* Returns a new object, of IPv4 for a mapped address; NULL for an address without a name. */
GSocketAddress *
gudpx_native_address_to_object (const GudpxNativeAddress *self)
{
  gsize length = self->length;

  if (gudpx_native_address_is_unnamed (self))
    return NULL;

  /* GLib 2.90 takes the zero byte at the end of a path for a part of the path. */
  if (gudpx_native_address_has_path (self) && ((const char *) &self->u)[length - 1] == '\0')
    length--;

  return g_socket_address_new_from_native ((gpointer) &self->u, length);
}

static char *
dup_ipv6_host (const struct sockaddr_in6 *in6)
{
  char host[INET6_ADDRSTRLEN];
  char interface[IF_NAMESIZE];

  inet_ntop (AF_INET6, &in6->sin6_addr, host, sizeof host);
  if (in6->sin6_scope_id == 0)
    return g_strdup (host);
  /* The name of an interface may be any bytes, but the returned string is UTF-8. */
  if (if_indextoname (in6->sin6_scope_id, interface) == NULL ||
      !g_utf8_validate (interface, -1, NULL))
    return g_strdup_printf ("%s%%%u", host, in6->sin6_scope_id);
  return g_strdup_printf ("%s%%%s", host, interface);
}

/* Returns the host as text, with its scope; IPv4 without the mapped form. Returns NULL for UNIX. */
char *
gudpx_native_address_dup_host (const GudpxNativeAddress *self)
{
  char host[INET_ADDRSTRLEN];
  struct in6_addr bytes;

  if (gudpx_native_address_is_ipv4 (self))
    {
      bytes = gudpx_native_address_get_bytes (self);
      return g_strdup (inet_ntop (AF_INET, &bytes.s6_addr[12], host, sizeof host));
    }
  return self->u.any.sa_family == AF_INET6 ? dup_ipv6_host (&self->u.in6) : NULL;
}

/* Implements SipHash-1-3, see Aumasson and Bernstein, “SipHash: a fast short-input PRF”, 2012.
 * Remote hosts choose the addresses, so a random seed keeps them from forcing collisions. */
typedef struct
{
  guint64 v[4];
} SipState;

static inline guint64
rotate (guint64 x, int n)
{
  return (x << n) | (x >> (64 - n));
}

static inline void
sip_round (SipState *self)
{
  guint64 *v = self->v;

  v[0] += v[1];
  v[2] += v[3];
  v[1] = rotate (v[1], 13) ^ v[0];
  v[3] = rotate (v[3], 16) ^ v[2];
  v[0] = rotate (v[0], 32);
  v[2] += v[1];
  v[0] += v[3];
  v[1] = rotate (v[1], 17) ^ v[2];
  v[3] = rotate (v[3], 21) ^ v[0];
  v[2] = rotate (v[2], 32);
}

static inline SipState
sip_init (guint32 seed)
{
  const guint64 key = seed * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);

  return (SipState){ { key ^ G_GUINT64_CONSTANT (0x736f6d6570736575),
                       ~key ^ G_GUINT64_CONSTANT (0x646f72616e646f6d),
                       key ^ G_GUINT64_CONSTANT (0x6c7967656e657261),
                       ~key ^ G_GUINT64_CONSTANT (0x7465646279746573) } };
}

static inline void
sip_add (SipState *self, guint64 word)
{
  self->v[3] ^= word;
  sip_round (self);
  self->v[0] ^= word;
}

static inline guint32
sip_finish (SipState *self)
{
  guint64 hash;

  self->v[2] ^= 0xff;
  for (guint i = 0; i < 3; i++)
    sip_round (self);
  hash = self->v[0] ^ self->v[1] ^ self->v[2] ^ self->v[3];
  return (guint32) (hash ^ (hash >> 32));
}

static inline void
sip_add_bytes (SipState *self, gconstpointer data, gsize size)
{
  const guint8 *bytes = data;

  for (; size > 0; size -= MIN (size, sizeof (guint64)), bytes += sizeof (guint64))
    {
      guint64 word = 0;

      memcpy (&word, bytes, MIN (size, sizeof word));
      sip_add (self, word);
    }
}

/* Hashes the fields that gudpx_native_address_equal() compares, and no other. */
guint32
gudpx_native_address_hash (const GudpxNativeAddress *self, guint32 seed)
{
  SipState state = sip_init (seed);

  switch ((int) self->u.any.sa_family)
    {
    case AF_INET:
      sip_add (&state, ((guint64) self->u.in.sin_addr.s_addr << 32) | self->u.in.sin_port);
      break;
    case AF_INET6:
      sip_add (&state, ((guint64) self->u.in6.sin6_scope_id << 32) | self->u.in6.sin6_port);
      sip_add_bytes (&state, &self->u.in6.sin6_addr, sizeof (struct in6_addr));
      break;
    default:
      sip_add (&state, self->length);
      sip_add_bytes (&state, &self->u, self->length);
    }
  return sip_finish (&state);
}
