/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Destinations of datagrams: converts and checks them, as far as that is possible without the
 * kernel. */

#include "gudpx-limits-private.h"
#include "gudpx-port-private.h"

/* TRUE if a socket that is bound to @local can send to @native. A dual-stack socket sends to IPv4,
 * too. */
static gboolean
can_reach (GudpxPort *self, const GudpxNativeAddress *local, const GudpxNativeAddress *native)
{
  if (local->u.any.sa_family != AF_INET6)
    return TRUE;
  if (!gudpx_native_address_is_ipv4 (native))
    return !gudpx_native_address_is_ipv4 (local);
  return !self->config.socket.bind.ipv6_only &&
         (gudpx_native_address_is_any (local) || gudpx_native_address_is_ipv4 (local));
}

static void
set_unreachable (GudpxPort *self, GSocketAddress *address, GError **error)
{
  g_autofree char *description = gudpx_address_describe (address);
  g_autofree char *port_description = gudpx_port_describe (self);

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "Cannot use %s with the port %s: %s",
               description, port_description,
               g_socket_address_get_family (address) == G_SOCKET_FAMILY_UNIX
                   ? "it is the path of a UNIX socket"
                   : "the address families differ");
}

/* Converts @address to the form that the port's socket takes. */
gboolean
gudpx_port_address_for_socket (GudpxPort *self,
                               GSocketAddress *address,
                               GudpxNativeAddress *native,
                               GError **error)
{
  const GudpxNativeAddress *local = gudpx_link_get_bound (self->link);

  if (!gudpx_address_to_native (address, native, error))
    return FALSE;
  if (can_reach (self, local, native) &&
      (native->u.any.sa_family == local->u.any.sa_family ||
       gudpx_native_address_convert (native, gudpx_native_address_get_family (local))))
    return TRUE;

  set_unreachable (self, address, error);
  return FALSE;
}

static char *
describe_native (const GudpxNativeAddress *native)
{
  g_autoptr (GSocketAddress) address = gudpx_native_address_to_object (native);

  return gudpx_address_describe (address);
}

static gboolean
check_is_peer (GudpxPort *self, const GudpxNativeAddress *native, GError **error)
{
  g_autofree char *description = NULL;
  g_autofree char *port_description = NULL;
  g_autofree char *peer = NULL;

  if (gudpx_native_address_equal (native, gudpx_link_get_peer (self->link)))
    return TRUE;

  description = describe_native (native);
  port_description = gudpx_port_describe (self);
  peer = gudpx_address_describe (self->peer_address);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "Cannot send to %s: the port %s is connected to %s", description, port_description,
               peer);
  return FALSE;
}

static void
set_no_destination (const GudpxNativeAddress *native,
                    GIOErrorEnum code,
                    const char *reason,
                    GError **error)
{
  g_autofree char *description = describe_native (native);

  g_set_error (error, G_IO_ERROR, (int) code, "Cannot send to %s: %s", description, reason);
}

/* Checks an address that no datagram was received from. */
gboolean
gudpx_port_check_destination (GudpxPort *self, const GudpxNativeAddress *native, GError **error)
{
  if (native->u.any.sa_family == AF_UNIX)
    return TRUE;

  if (gudpx_native_address_get_port (native) == 0)
    {
      set_no_destination (native, G_IO_ERROR_INVALID_ARGUMENT, "the port number is 0", error);
      return FALSE;
    }
  /* The kernel would send it to this machine: RFC 1122, 3.2.1.3 (a), RFC 4291, 2.5.2. */
  if (gudpx_native_address_is_any (native))
    {
      set_no_destination (native, G_IO_ERROR_INVALID_ARGUMENT,
                          "this address does not belong to a host", error);
      return FALSE;
    }
  if (gudpx_native_address_is_broadcast (native) && !gudpx_port_get_broadcast_allowed (self))
    {
      set_no_destination (native, G_IO_ERROR_PERMISSION_DENIED,
                          "it is a broadcast address; set the property broadcast-allowed first",
                          error);
      return FALSE;
    }
  return TRUE;
}

static void
set_destination_unset (GudpxPort *self, GError **error)
{
  g_autofree char *description = gudpx_port_describe (self);

  g_set_error (error, G_IO_ERROR, COMPAT_G_IO_ERROR_DESTINATION_UNSET,
               "Cannot send without a destination: the port %s is not connected", description);
}

/* Finds where a datagram to @address goes: @destination is @native, or NULL for the peer. */
gboolean
gudpx_port_resolve_destination (GudpxPort *self,
                               GSocketAddress *address,
                               GudpxNativeAddress *native,
                               const GudpxNativeAddress **destination,
                               GError **error)
{
  *destination = NULL;
  if (address == NULL && !gudpx_link_has_peer (self->link))
    {
      set_destination_unset (self, error);
      return FALSE;
    }
  if (address == NULL)
    return TRUE;

  if (!gudpx_port_address_for_socket (self, address, native, error))
    return FALSE;
  if (gudpx_link_has_peer (self->link))
    return check_is_peer (self, native, error);

  *destination = native;
  return gudpx_port_check_destination (self, native, error);
}

static void
set_too_large (const GudpxNativeAddress *destination, gsize size, gsize limit, GError **error)
{
  g_autofree char *description = describe_native (destination);

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE,
               "Cannot send %" G_GSIZE_FORMAT " bytes to %s: a datagram holds at most "
               "%" G_GSIZE_FORMAT,
               size, description, limit);
}

/* Checks the size of a datagram that is too large for IPv4. */
gboolean
gudpx_port_check_large_size (GudpxPort *self,
                             const GudpxOutgoing *outgoing,
                             gsize size,
                             GError **error)
{
  const GudpxNativeAddress *destination =
      outgoing->destination != NULL ? outgoing->destination : gudpx_link_get_peer (self->link);
  const gsize limit =
      gudpx_native_address_is_ipv4 (destination) ? GUDPX_MAX_IPV4_PAYLOAD : GUDPX_MAX_IPV6_PAYLOAD;

  if (size <= limit || destination->u.any.sa_family == AF_UNIX)
    return TRUE;

  set_too_large (destination, size, limit, error);
  return FALSE;
}

/* Checks an address that a received datagram came from. @destination is @native, or NULL for the
 * peer. */
gboolean
gudpx_port_check_reply_address (GudpxPort *self,
                          const GudpxNativeAddress *native,
                          const GudpxNativeAddress **destination,
                          GError **error)
{
  const gboolean is_connected = gudpx_link_has_peer (self->link);

  *destination = is_connected ? NULL : native;
  return is_connected ? check_is_peer (self, native, error)
                      : gudpx_port_check_destination (self, native, error);
}

/* Parses an IP address, or “<broadcast>”, Twisted's name for the broadcast address. */
GSocketAddress *
gudpx_port_parse_host (const char *host, guint16 port, GError **error)
{
  return gudpx_address_parse (g_str_equal (host, "<broadcast>") ? "255.255.255.255" : host, port,
                              error);
}
