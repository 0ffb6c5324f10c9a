/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <net/if.h>
#include <string.h>

#include <gio/gunixsocketaddress.h>

#include "gudpx-address-private.h"

/* The cache is direct-mapped: a peer has one slot, and a flood of new senders costs new objects but
 * never memory. It doubles while more peers come than it has slots. */
#define CACHE_MIN_SLOTS 16
#define CACHE_MAX_SLOTS 4096

typedef struct
{
  GudpxNativeAddress native;
  GSocketAddress *address;
} CacheSlot;

struct _GudpxAddressCache
{
  CacheSlot *slots;
  guint n_slots;
  guint n_evictions;
  guint32 seed;
};

static guint32
get_scope_id (GInetSocketAddress *address)
{
  return g_socket_address_get_family (G_SOCKET_ADDRESS (address)) == G_SOCKET_FAMILY_IPV6
             ? g_inet_socket_address_get_scope_id (address)
             : 0;
}

static gboolean
inet_equal (GInetSocketAddress *a, GInetSocketAddress *b)
{
  return g_inet_socket_address_get_port (a) == g_inet_socket_address_get_port (b) &&
         get_scope_id (a) == get_scope_id (b) &&
         g_inet_address_equal (g_inet_socket_address_get_address (a),
                               g_inet_socket_address_get_address (b));
}

static gboolean
native_size_equal (GSocketAddress *a, GSocketAddress *b)
{
  g_autofree guint8 *bytes_a = NULL;
  g_autofree guint8 *bytes_b = NULL;
  gssize size = g_socket_address_get_native_size (a);

  if (size <= 0 || size != g_socket_address_get_native_size (b))
    return FALSE;
  bytes_a = g_malloc0 (size);
  bytes_b = g_malloc0 (size);
  return g_socket_address_to_native (a, bytes_a, size, NULL) &&
         g_socket_address_to_native (b, bytes_b, size, NULL) && memcmp (bytes_a, bytes_b, size) == 0;
}

/**
 * gudpx_address_equal:
 * @a: (nullable): an address
 * @b: (nullable): another
 *
 * Whether two socket addresses name the same endpoint: the same family, address, port and scope id,
 * or the same UNIX path. An IPv4 address that is mapped into IPv6 is that of IPv4; the flow
 * information of IPv6 does not count. %NULL, the sender of a datagram from an unbound UNIX socket,
 * equals %NULL alone.
 *
 * Together with [func@Gudpx.address_hash] it makes addresses keys of a [struct@GLib.HashTable].
 *
 * Returns: whether they are equal
 *
 * Since: 1.0
 */
gboolean
gudpx_address_equal (GSocketAddress *a, GSocketAddress *b)
{
  g_return_val_if_fail (a == NULL || G_IS_SOCKET_ADDRESS (a), FALSE);
  g_return_val_if_fail (b == NULL || G_IS_SOCKET_ADDRESS (b), FALSE);

  if (a == b)
    return TRUE;
  if (a == NULL || b == NULL)
    return FALSE;
  if (G_IS_INET_SOCKET_ADDRESS (a) && G_IS_INET_SOCKET_ADDRESS (b))
    return inet_equal (G_INET_SOCKET_ADDRESS (a), G_INET_SOCKET_ADDRESS (b));

  return native_size_equal (a, b);
}

/**
 * gudpx_address_hash:
 * @address: (nullable): an address
 *
 * A hash of @address: addresses that are equal by [func@Gudpx.address_equal] have equal hashes.
 *
 * Returns: the hash, 0 for %NULL
 *
 * Since: 1.0
 */
guint
gudpx_address_hash (GSocketAddress *address)
{
  g_autofree guint8 *bytes = NULL;
  gsize size;
  guint hash = 5381;

  g_return_val_if_fail (address == NULL || G_IS_SOCKET_ADDRESS (address), 0);

  if (address == NULL)
    return 0;

  if (G_IS_INET_SOCKET_ADDRESS (address))
    {
      GInetSocketAddress *inet = G_INET_SOCKET_ADDRESS (address);
      GInetAddress *host = g_inet_socket_address_get_address (inet);

      size = g_inet_address_get_native_size (host);
      bytes = g_memdup2 (g_inet_address_to_bytes (host), size);
      hash = hash * 33 + g_inet_socket_address_get_port (inet);
      hash = hash * 33 + get_scope_id (inet);
    }
  else
    {
      size = MAX (g_socket_address_get_native_size (address), 0);
      bytes = g_malloc0 (size);
      if (!g_socket_address_to_native (address, bytes, size, NULL))
        size = 0;
    }

  for (gsize i = 0; i < size; i++)
    hash = hash * 33 + bytes[i];
  return hash;
}

/* A socket address from an IP literal, with scope id; never asks a resolver. */
GSocketAddress *
gudpx_address_parse (const char *host, guint16 port, GError **error)
{
  GSocketAddress *address = g_inet_socket_address_new_from_string (host, port);

  if (address == NULL)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 strchr (host, '%') != NULL ? "“%s” is not an IP address of a known interface"
                                            : "“%s” is not an IP address; resolve a host name first",
                 host);
  return address;
}

static gboolean
is_abstract (GSocketAddress *address)
{
  GUnixSocketAddressType type = G_UNIX_SOCKET_ADDRESS_PATH;

  if (G_IS_UNIX_SOCKET_ADDRESS (address))
    type = g_unix_socket_address_get_address_type (G_UNIX_SOCKET_ADDRESS (address));
  return type == G_UNIX_SOCKET_ADDRESS_ABSTRACT || type == G_UNIX_SOCKET_ADDRESS_ABSTRACT_PADDED;
}

static char *
describe_path (GUnixSocketAddress *address)
{
  g_autofree char *path = g_utf8_make_valid (g_unix_socket_address_get_path (address), -1);

  return g_strconcat (is_abstract (G_SOCKET_ADDRESS (address)) ? "@" : "", path, NULL);
}

/* For messages, in UTF-8. */
char *
gudpx_address_describe (GSocketAddress *address)
{
  if (address == NULL)
    return g_strdup ("its peer");
  if (G_IS_UNIX_SOCKET_ADDRESS (address) &&
      g_unix_socket_address_get_path_len (G_UNIX_SOCKET_ADDRESS (address)) > 0)
    return describe_path (G_UNIX_SOCKET_ADDRESS (address));
  if (G_IS_SOCKET_CONNECTABLE (address))
    return g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (address));

  return g_strdup (G_OBJECT_TYPE_NAME (address));
}

gboolean
gudpx_address_is_multicast (GSocketAddress *address)
{
  return g_inet_address_get_is_multicast (
      g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (address)));
}

/* The length of a path is what the kernel makes of it: GIO counts the padding. */
static void
normalize_path (GudpxNativeAddress *native)
{
  const gsize offset = G_STRUCT_OFFSET (struct sockaddr_un, sun_path);
  gsize length;

  if (!gudpx_native_address_has_path (native))
    return;

  length = strnlen (native->u.un.sun_path, sizeof native->u.un.sun_path);
  native->length = offset + MIN (length + 1, sizeof native->u.un.sun_path);
}

/* Takes the @length that the kernel told. The kernel counts a zero after a path of 108 bytes, and
 * does not accept that length itself: unix(7). */
void
gudpx_native_address_set_length (GudpxNativeAddress *native, socklen_t length)
{
  native->length = MIN (length, sizeof native->u);
  if (native->length > sizeof native->u.un && native->u.any.sa_family == AF_UNIX)
    native->length = sizeof native->u.un;
}

gboolean
gudpx_address_to_native (GSocketAddress *address, GudpxNativeAddress *native, GError **error)
{
  GSocketFamily family = g_socket_address_get_family (address);
  gssize size = g_socket_address_get_native_size (address);

  if ((family != G_SOCKET_FAMILY_IPV4 && family != G_SOCKET_FAMILY_IPV6 &&
       family != G_SOCKET_FAMILY_UNIX) ||
      size <= 0 || (gsize) size > sizeof native->u)
    {
      g_autofree char *description = gudpx_address_describe (address);

      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "%s is neither an IPv4 nor an IPv6 nor a UNIX address", description);
      return FALSE;
    }

  memset (&native->u, 0, sizeof native->u);
  native->length = size;
  if (!g_socket_address_to_native (address, &native->u, sizeof native->u, error))
    {
      native->length = 0;
      return FALSE;
    }
  normalize_path (native);
  return TRUE;
}

GSocketFamily
gudpx_native_address_get_family (const GudpxNativeAddress *native)
{
  return native->length > 0 ? (GSocketFamily) native->u.any.sa_family : G_SOCKET_FAMILY_INVALID;
}

/* The address alone, IPv4 in mapped form. */
struct in6_addr
gudpx_native_address_get_bytes (const GudpxNativeAddress *native)
{
  struct in6_addr bytes = IN6ADDR_ANY_INIT;

  if (native->u.any.sa_family == AF_INET6)
    return native->u.in6.sin6_addr;

  bytes.s6_addr[10] = bytes.s6_addr[11] = 0xff;
  memcpy (&bytes.s6_addr[12], &native->u.in.sin_addr, 4);
  return bytes;
}

gboolean
gudpx_native_address_is_broadcast (const GudpxNativeAddress *native)
{
  struct in6_addr bytes;
  guint32 ipv4;

  if (native->u.any.sa_family == AF_INET)
    return native->u.in.sin_addr.s_addr == htonl (INADDR_BROADCAST);
  if (!gudpx_native_address_is_ipv4 (native))
    return FALSE;
  bytes = gudpx_native_address_get_bytes (native);
  memcpy (&ipv4, &bytes.s6_addr[12], 4);
  return ipv4 == htonl (INADDR_BROADCAST);
}

/* Makes it an address for a socket of @family: IPv4 goes to and fro in its mapped form. */
gboolean
gudpx_native_address_convert (GudpxNativeAddress *native, GSocketFamily family)
{
  if (gudpx_native_address_get_family (native) == family)
    return TRUE;
  if (family == G_SOCKET_FAMILY_UNIX ||
      gudpx_native_address_get_family (native) == G_SOCKET_FAMILY_UNIX ||
      !gudpx_native_address_is_ipv4 (native))
    return FALSE;

  if (family == G_SOCKET_FAMILY_IPV6)
    {
      struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = native->u.in.sin_port };

      in6.sin6_addr = gudpx_native_address_get_bytes (native);
      native->u.in6 = in6;
      native->length = sizeof in6;
    }
  else
    {
      struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = native->u.in6.sin6_port };

      memcpy (&in.sin_addr, &native->u.in6.sin6_addr.s6_addr[12], 4);
      native->u.in = in;
      native->length = sizeof in;
    }
  return TRUE;
}

/* What there is of it: there is room for the name of a UNIX socket. */
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

/* An IPv4 address in its mapped form becomes an IPv4 address; no name at all becomes NULL. */
GSocketAddress *
gudpx_native_address_to_object (const GudpxNativeAddress *native)
{
  gsize length = native->length;

  if (gudpx_native_address_is_unnamed (native))
    return NULL;

  /* GLib 2.90 takes the zero that ends a path for a part of it. */
  if (gudpx_native_address_has_path (native) && ((const char *) &native->u)[length - 1] == '\0')
    length--;

  return g_socket_address_new_from_native ((gpointer) &native->u, length);
}

static char *
dup_ipv6_host (const struct sockaddr_in6 *in6)
{
  char host[INET6_ADDRSTRLEN];
  char interface[IF_NAMESIZE];

  inet_ntop (AF_INET6, &in6->sin6_addr, host, sizeof host);
  if (in6->sin6_scope_id == 0)
    return g_strdup (host);
  /* A name may be any bytes; what is returned is UTF-8. */
  if (if_indextoname (in6->sin6_scope_id, interface) == NULL ||
      !g_utf8_validate (interface, -1, NULL))
    return g_strdup_printf ("%s%%%u", host, in6->sin6_scope_id);
  return g_strdup_printf ("%s%%%s", host, interface);
}

/* What an address is written with, IPv4 never in its mapped form; NULL, if it is none of IP. */
char *
gudpx_native_address_dup_host (const GudpxNativeAddress *native)
{
  char host[INET_ADDRSTRLEN];
  struct in6_addr bytes;

  if (gudpx_native_address_is_ipv4 (native))
    {
      bytes = gudpx_native_address_get_bytes (native);
      return g_strdup (inet_ntop (AF_INET, &bytes.s6_addr[12], host, sizeof host));
    }
  return native->u.any.sa_family == AF_INET6 ? dup_ipv6_host (&native->u.in6) : NULL;
}

/* SipHash-1-3, see Aumasson and Bernstein, “SipHash: a fast short-input PRF”, 2012: remote hosts
 * choose the addresses, and without the seed nobody can tell which of them collide. */
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

/* Takes what gudpx_native_address_equal() compares, and nothing else. */
guint32
gudpx_native_address_hash (const GudpxNativeAddress *native, guint32 seed)
{
  SipState state = sip_init (seed);

  switch ((int) native->u.any.sa_family)
    {
    case AF_INET:
      sip_add (&state, ((guint64) native->u.in.sin_addr.s_addr << 32) | native->u.in.sin_port);
      break;
    case AF_INET6:
      sip_add (&state, ((guint64) native->u.in6.sin6_scope_id << 32) | native->u.in6.sin6_port);
      sip_add_bytes (&state, &native->u.in6.sin6_addr, sizeof (struct in6_addr));
      break;
    default:
      sip_add (&state, native->length);
      sip_add_bytes (&state, &native->u, native->length);
    }
  return sip_finish (&state);
}

GudpxAddressCache *
gudpx_address_cache_new (void)
{
  GudpxAddressCache *self = g_new0 (GudpxAddressCache, 1);

  self->n_slots = CACHE_MIN_SLOTS;
  self->slots = g_new0 (CacheSlot, self->n_slots);
  self->seed = g_random_int ();
  return self;
}

void
gudpx_address_cache_free (GudpxAddressCache *self)
{
  for (guint i = 0; i < self->n_slots; i++)
    g_clear_object (&self->slots[i].address);
  g_free (self->slots);
  g_free (self);
}

static void
cache_grow (GudpxAddressCache *self)
{
  CacheSlot *old = self->slots;
  guint n_old = self->n_slots;

  self->n_slots *= 2;
  self->n_evictions = 0;
  self->slots = g_new0 (CacheSlot, self->n_slots);
  for (guint i = 0; i < n_old; i++)
    {
      if (old[i].address != NULL)
        self->slots[gudpx_native_address_hash (&old[i].native, self->seed) & (self->n_slots - 1)] = old[i];
    }
  g_free (old);
}

/* The object for @native, made once a peer; the cache owns it. NULL for a sender without a name. */
GSocketAddress *
gudpx_address_cache_lookup (GudpxAddressCache *self, const GudpxNativeAddress *native)
{
  CacheSlot *slot;

  if (gudpx_native_address_is_unnamed (native))
    return NULL;

  if (self->n_evictions > self->n_slots && self->n_slots < CACHE_MAX_SLOTS)
    cache_grow (self);

  slot = &self->slots[gudpx_native_address_hash (native, self->seed) & (self->n_slots - 1)];
  if (slot->address != NULL && gudpx_native_address_equal (&slot->native, native))
    return slot->address;

  if (slot->address != NULL)
    self->n_evictions++;
  g_clear_object (&slot->address);
  slot->native = *native;
  slot->address = gudpx_native_address_to_object (native);
  return slot->address;
}
