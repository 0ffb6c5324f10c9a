/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include <gio/gunixsocketaddress.h>

#include "gudpx-address-private.h"

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
         g_socket_address_to_native (b, bytes_b, size, NULL) &&
         memcmp (bytes_a, bytes_b, size) == 0;
}

/**
 * gudpx_address_equal:
 * @a: (nullable): an address
 * @b: (nullable): another address
 *
 * Compares two socket addresses. They are equal if they have the same family, address, port number
 * and scope id, or the same UNIX path.
 *
 * An IPv4 address that is mapped into IPv6 equals the IPv4 address. The flow information of IPv6 is
 * ignored. %NULL, the sender of a datagram from an unbound UNIX socket, equals only %NULL.
 *
 * Use this function together with [func@Gudpx.address_hash] to make addresses the keys of a
 * [struct@GLib.HashTable].
 *
 * Returns: %TRUE if the addresses are equal
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
 * Computes a hash of @address. Addresses that are equal according to [func@Gudpx.address_equal]
 * have equal hashes.
 *
 * Returns: the hash; 0 for %NULL
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

/* Makes an address from an IP literal, which may have a scope. Never calls a resolver. */
GSocketAddress *
gudpx_address_parse (const char *host, guint16 port, GError **error)
{
  GSocketAddress *address = g_inet_socket_address_new_from_string (host, port);

  if (address == NULL)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 strchr (host, '%') != NULL
                     ? "“%s” is not an IP address with an existing interface after “%%”"
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

/* Returns the text for messages, in UTF-8. NULL stands for the peer. */
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

/* Sets the length of a path to the one that the kernel returns: GIO counts the padding. */
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

/* Fails for an address that is not IPv4, IPv6 or UNIX. */
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
                   "Cannot use %s: it is not an IPv4, IPv6 or UNIX address", description);
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

/* Converts an address to bind. NULL is any IPv4 address and any free port number. */
gboolean
gudpx_address_to_bind (GSocketAddress *address, GudpxNativeAddress *native, GError **error)
{
  if (address != NULL)
    return gudpx_address_to_native (address, native, error);

  *native = (GudpxNativeAddress){ .length = sizeof native->u.in, .u.in.sin_family = AF_INET };
  return TRUE;
}
