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
                   is_group ? "%s is not a multicast group" : "%s is a multicast group, no source",
                   host);
      return FALSE;
    }
  return gudpx_port_fit_address (port, address, native, error) &&
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
               "The source %s is not of the family of the group %s", source, group);
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
 * @group: an IPv4 or IPv6 multicast address; the scope id of an IPv6 one, as in `ff02::1%eth0`,
 *   names the interface where @interface_ does not
 * @interface_: (nullable): the name of an interface, or an address of it of the group's family,
 *   which may have a scope id; %NULL: the system's choice
 * @error: return location for an error
 *
 * Joins a multicast group: what is sent to @group and the port's number arrives. A port receives
 * only the groups that it joined itself, whatever others on the machine have joined. On a
 * dual-stack port IPv4 groups can be joined too. The group is joined again when the port is started
 * again.
 *
 * The group is joined on the interface that @interface_ means now, and stays joined there. When the
 * default route has moved since, or a name or an address is that of another interface, joining
 * again with the same arguments joins there and leaves the former interface. The next call of this
 * function forgets the groups of interfaces that are gone.
 *
 * Names and IPv4 addresses are looked up in the network namespace of the socket. IPv6 addresses are
 * looked up in that of the process, with `getifaddrs(3)`, which needs `AF_NETLINK` on Linux.
 *
 * Errors are, in the domain %G_IO_ERROR:
 *
 * - %G_IO_ERROR_INVALID_ARGUMENT: an address that is not a group, or of another family than the
 * port;
 *   a port that is bound to another address than the group's, which does not hear the group; a
 * scope id
 *   that contradicts @interface_; an address without a scope id that several interfaces have
 * - %G_IO_ERROR_NOT_FOUND: an unknown interface
 * - %G_IO_ERROR_ADDRESS_IN_USE: the group is joined there already
 * - %G_IO_ERROR_CLOSED: the port is not listening
 * - what else the system has to say, as `ENOBUFS` for more groups than `igmp_max_memberships` or
 *   more sources than `igmp_max_msf` allow (`ip-sysctl`)
 *
 * See RFC 3678.
 *
 * Returns: whether the group was joined
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
 * Leaves a multicast group where it was joined by the same arguments, wherever they lead now; else
 * where it is joined on the interface that they mean. The groups of an interface that is gone need
 * not be left.
 *
 * %G_IO_ERROR_NOT_FOUND is the error for a group that was not joined; else they are those of
 * [method@Gudpx.Port.join_group].
 *
 * Returns: whether the group was left
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
 * @source: the address whose datagrams are wanted, of the group's family
 * @interface_: (nullable): as in [method@Gudpx.Port.join_group]
 * @error: return location for an error
 *
 * Joins a multicast group for the datagrams of one source (RFC 4607). Several sources of a group
 * are joined one by one. The errors are those of [method@Gudpx.Port.join_group].
 *
 * Returns: whether the group was joined
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
 * Leaves one source of a multicast group. The errors are those of
 * [method@Gudpx.Port.leave_group].
 *
 * Returns: whether the source was left
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
