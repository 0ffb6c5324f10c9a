/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The multicast groups of a port. */

#include <string.h>

#include "gudpx-port-private.h"

/* Takes the scope id off an IPv6 address, so that its name is looked up where the socket is. */
static char *
split_scope (const char *host, char **scope)
{
  const char *percent = strchr (host, ':') != NULL ? strchr (host, '%') : NULL;

  *scope = percent != NULL ? g_strdup (percent + 1) : NULL;
  return percent != NULL ? g_strndup (host, (gsize) (percent - host)) : g_strdup (host);
}

/* A group or source as the port's socket can name it, without its scope id. */
static gboolean
parse_address (GudpxPort *port,
               const char *host,
               gboolean is_group,
               GudpxNativeAddress *native,
               GError **error)
{
  g_autoptr (GSocketAddress) address = gudpx_address_parse (host, 0, error);

  if (address == NULL)
    return FALSE;
  if (gudpx_address_is_multicast (address) != is_group)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   is_group ? "Cannot use %s as a group: it is not a multicast address"
                            : "Cannot use %s as a source: it is a multicast address",
                   host);
      return FALSE;
    }
  return gudpx_port_address_for_socket (port, address, native, error) &&
         /* IPv4 groups are joined by IPv4 means on every socket. */
         (!gudpx_native_address_is_ipv4 (native) ||
          gudpx_native_address_convert (native, G_SOCKET_FAMILY_IPV4));
}

static gboolean
check_families (const GudpxGroupRequest *request, GError **error)
{
  g_autofree char *group = gudpx_native_address_dup_host (&request->group);
  g_autofree char *source = gudpx_native_address_dup_host (&request->source);

  if (source == NULL || request->source.u.any.sa_family == request->group.u.any.sa_family)
    return TRUE;

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "Cannot use the source %s with the group %s: the address families differ",
               source, group);
  return FALSE;
}

static gboolean
change_group (GudpxPort *self,
              const char *group,
              const char *source,
              const char *interface,
              gboolean join,
              GError **error)
{
  g_autofree char *group_scope = NULL;
  g_autofree char *group_host = split_scope (group, &group_scope);
  g_autofree char *source_scope = NULL;
  g_autofree char *source_host = source != NULL ? split_scope (source, &source_scope) : NULL;
  GudpxGroupRequest request = {
    .interface = interface, .group_scope = group_scope, .source_scope = source_scope
  };

  return gudpx_port_check_listening (self, join ? "join a group" : "leave a group", error) &&
         parse_address (self, group_host, TRUE, &request.group, error) &&
         (source == NULL || parse_address (self, source_host, FALSE, &request.source, error)) &&
         check_families (&request, error) &&
         gudpx_link_change_group (self->link, &request, join, error);
}

/**
 * gudpx_port_join_group:
 * @self: a listening port
 * @group: an IPv4 or IPv6 multicast address; if @interface_ is %NULL, the scope id of an IPv6
 *   address, as in `ff02::1%eth0`, selects the interface
 * @interface_: (nullable): the name of an interface, or an address of the interface in the group's
 *   family, which may have a scope id; %NULL: the system's choice
 * @error: return location for an error
 *
 * Joins a multicast group. The port then receives datagrams that are sent to @group and the port's
 * number.
 *
 * A port receives only the groups that it joined itself, even if other sockets on the machine have
 * joined more. A dual-stack port can also join IPv4 groups. When the port is started again, it
 * joins the group again.
 *
 * The port joins the group on the interface that @interface_ selects now, and the group stays
 * joined there. Later the default route may change, or the name or address may belong to another
 * interface. If you then join again with the same arguments, the port joins on the new interface
 * and leaves the group on the former one. Each call of this function also forgets the groups of
 * interfaces that no longer exist.
 *
 * Names and IPv4 addresses are looked up in the network namespace of the socket. IPv6 addresses are
 * looked up in the namespace of the process, with `getifaddrs(3)`, which needs `AF_NETLINK` on
 * Linux.
 *
 * Errors, in the domain %G_IO_ERROR:
 *
 * - %G_IO_ERROR_INVALID_ARGUMENT: @group is not a multicast address. Its family differs from the
 *   port's. The port is bound to an address other than the group's, so it does not receive the
 *   group. A scope id contradicts @interface_. Several interfaces have the address @interface_,
 *   which lacks a scope id.
 * - %G_IO_ERROR_NOT_FOUND: the interface is unknown
 * - %G_IO_ERROR_ADDRESS_IN_USE: the port has already joined the group on this interface
 * - %G_IO_ERROR_CLOSED: the port is not listening
 * - other errors of the system, such as `ENOBUFS` for more groups than `igmp_max_memberships` or
 *   more sources than `igmp_max_msf` allow (`ip-sysctl`)
 *
 * See RFC 3678.
 *
 * Returns: %TRUE if the group was joined
 *
 * Since: 1.0
 */
gboolean
gudpx_port_join_group (GudpxPort *self, const char *group, const char *interface_, GError **error)
{
  g_return_val_if_fail (GUDPX_IS_PORT (self), FALSE);
  g_return_val_if_fail (gudpx_port_belongs_to_this_thread (self), FALSE);
  g_return_val_if_fail (group != NULL, FALSE);

  return change_group (self, group, NULL, interface_, TRUE, error);
}

/**
 * gudpx_port_leave_group:
 * @self: a listening port
 * @group: the group, as it was joined
 * @interface_: (nullable): the interface, as it was joined
 * @error: return location for an error
 *
 * Leaves a multicast group.
 *
 * The port leaves the group on the interface where it was joined with the same arguments, even if
 * they select another interface now. If the group was not joined with these arguments, the port
 * leaves it on the interface that they select. You need not leave the groups of an interface that
 * no longer exists.
 *
 * Fails with %G_IO_ERROR_NOT_FOUND if the group was not joined, and with the errors of
 * [method@Gudpx.Port.join_group].
 *
 * Returns: %TRUE if the group was left
 *
 * Since: 1.0
 */
gboolean
gudpx_port_leave_group (GudpxPort *self, const char *group, const char *interface_, GError **error)
{
  g_return_val_if_fail (GUDPX_IS_PORT (self), FALSE);
  g_return_val_if_fail (gudpx_port_belongs_to_this_thread (self), FALSE);
  g_return_val_if_fail (group != NULL, FALSE);

  return change_group (self, group, NULL, interface_, FALSE, error);
}

/**
 * gudpx_port_join_source_group:
 * @self: a listening port
 * @group: an IPv4 or IPv6 multicast address
 * @source: the address whose datagrams the port receives, of the group's family
 * @interface_: (nullable): as in [method@Gudpx.Port.join_group]
 * @error: return location for an error
 *
 * Joins a multicast group for the datagrams of one source (RFC 4607). To receive several sources of
 * a group, join each source separately.
 *
 * Fails with the errors of [method@Gudpx.Port.join_group].
 *
 * Returns: %TRUE if the group was joined
 *
 * Since: 1.0
 */
gboolean
gudpx_port_join_source_group (GudpxPort *self,
                              const char *group,
                              const char *source,
                              const char *interface_,
                              GError **error)
{
  g_return_val_if_fail (GUDPX_IS_PORT (self), FALSE);
  g_return_val_if_fail (gudpx_port_belongs_to_this_thread (self), FALSE);
  g_return_val_if_fail (group != NULL, FALSE);
  g_return_val_if_fail (source != NULL, FALSE);

  return change_group (self, group, source, interface_, TRUE, error);
}

/**
 * gudpx_port_leave_source_group:
 * @self: a listening port
 * @group: the group, as it was joined
 * @source: the source, as it was joined
 * @interface_: (nullable): the interface, as it was joined
 * @error: return location for an error
 *
 * Leaves one source of a multicast group. Fails with the errors of [method@Gudpx.Port.leave_group].
 *
 * Returns: %TRUE if the source was left
 *
 * Since: 1.0
 */
gboolean
gudpx_port_leave_source_group (GudpxPort *self,
                               const char *group,
                               const char *source,
                               const char *interface_,
                               GError **error)
{
  g_return_val_if_fail (GUDPX_IS_PORT (self), FALSE);
  g_return_val_if_fail (gudpx_port_belongs_to_this_thread (self), FALSE);
  g_return_val_if_fail (group != NULL, FALSE);
  g_return_val_if_fail (source != NULL, FALSE);

  return change_group (self, group, source, interface_, FALSE, error);
}
