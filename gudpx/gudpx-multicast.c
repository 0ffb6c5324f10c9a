/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <ifaddrs.h>
#include <net/if.h>
#include <string.h>

#include <gio/gnetworking.h>

#include "gudpx-multicast-private.h"
#include "gudpx-port-private.h"

/* A group that was joined: what RFC 3678 calls it by. */
typedef struct
{
  GudpxNativeAddress group;
  GudpxNativeAddress source; /* empty: any */
  char *interface;           /* as it was given; NULL: the system's choice */
  guint interface_index;
} Membership;

static void
membership_free (gpointer data)
{
  Membership *self = data;

  g_free (self->interface);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Membership, membership_free)

GPtrArray *
gudpx_multicast_memberships_new (void)
{
  return g_ptr_array_new_with_free_func (membership_free);
}

static gboolean
has_address (const struct ifaddrs *interface, GInetAddress *wanted)
{
  g_autoptr (GInetAddress) address = NULL;

  if (interface->ifa_addr == NULL ||
      (int) interface->ifa_addr->sa_family != (int) g_inet_address_get_family (wanted))
    return FALSE;

  if (interface->ifa_addr->sa_family == AF_INET)
    address = g_inet_address_new_from_bytes (
        (const guint8 *) &((struct sockaddr_in *) (gpointer) interface->ifa_addr)->sin_addr,
        G_SOCKET_FAMILY_IPV4);
  else
    address = g_inet_address_new_from_bytes (
        (const guint8 *) &((struct sockaddr_in6 *) (gpointer) interface->ifa_addr)->sin6_addr,
        G_SOCKET_FAMILY_IPV6);
  return g_inet_address_equal (address, wanted);
}

static guint
find_interface_by_address (GInetAddress *address)
{
  struct ifaddrs *interfaces;
  guint index = 0;

  if (getifaddrs (&interfaces) != 0)
    return 0;

  for (struct ifaddrs *i = interfaces; i != NULL && index == 0; i = i->ifa_next)
    {
      if (has_address (i, address))
        index = if_nametoindex (i->ifa_name);
    }
  freeifaddrs (interfaces);
  return index;
}

/* The index of an interface that is given by its name, or by an address that it has: of @family, or
 * of any with G_SOCKET_FAMILY_INVALID. */
gboolean
gudpx_multicast_find_interface (const char *interface,
                                GSocketFamily family,
                                guint *index,
                                GError **error)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (interface);

  if (address == NULL)
    *index = if_nametoindex (interface);
  else if (family != G_SOCKET_FAMILY_INVALID && family != g_inet_address_get_family (address))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "The interface “%s” is given by an address of another family", interface);
      return FALSE;
    }
  else if (g_inet_address_get_is_any (address))
    {
      *index = 0;
      return TRUE;
    }
  else
    *index = find_interface_by_address (address);

  if (*index != 0)
    return TRUE;

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "There is no interface “%s”", interface);
  return FALSE;
}

/* A group or source as the port's socket can name it. */
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

/* A group with a scope id names its interface, and no other. */
static gboolean
take_scope (Membership *self, const char *group, GError **error)
{
  guint scope_id = self->group.u.in6.sin6_scope_id;

  self->group.u.in6.sin6_scope_id = 0;
  if (scope_id == 0 || scope_id == self->interface_index)
    return TRUE;
  if (self->interface_index != 0)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "%s is not on the interface “%s”",
                   group, self->interface);
      return FALSE;
    }
  self->interface_index = scope_id;
  return TRUE;
}

static Membership *
membership_new (GudpxPort *port,
                const char *group,
                const char *source,
                const char *interface,
                GError **error)
{
  g_autoptr (Membership) self = g_new0 (Membership, 1);

  if (!parse_address (port, group, TRUE, &self->group, error))
    return NULL;
  if (source != NULL && !parse_address (port, source, FALSE, &self->source, error))
    return NULL;
  if (source != NULL && self->source.u.any.sa_family != self->group.u.any.sa_family)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "The source %s is not of the family of the group %s", source, group);
      return NULL;
    }

  if (interface != NULL && *interface != '\0')
    {
      if (!gudpx_multicast_find_interface (
              interface, gudpx_native_address_get_family (&self->group), &self->interface_index, error))
        return NULL;
      self->interface = g_strdup (interface);
    }
  if (self->group.u.any.sa_family == AF_INET6 && !take_scope (self, group, error))
    return NULL;
  return g_steal_pointer (&self);
}

static gboolean
membership_equal (const Membership *a, const Membership *b)
{
  return a->interface_index == b->interface_index &&
         gudpx_native_address_equal (&a->group, &b->group) &&
         gudpx_native_address_equal (&a->source, &b->source);
}

/* One of the four calls of RFC 3678's protocol-independent interface. */
static gboolean
membership_change (const Membership *self, GSocket *socket, gboolean join)
{
  int level = self->group.u.any.sa_family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
  int fd = g_socket_get_fd (socket);

  if (self->source.length == 0)
    {
      struct group_req request = { .gr_interface = self->interface_index };

      memcpy (&request.gr_group, &self->group.u, self->group.length);
      return setsockopt (fd, level, join ? MCAST_JOIN_GROUP : MCAST_LEAVE_GROUP, &request,
                         sizeof request) == 0;
    }
  else
    {
      struct group_source_req request = { .gsr_interface = self->interface_index };

      memcpy (&request.gsr_group, &self->group.u, self->group.length);
      memcpy (&request.gsr_source, &self->source.u, self->source.length);
      return setsockopt (fd, level, join ? MCAST_JOIN_SOURCE_GROUP : MCAST_LEAVE_SOURCE_GROUP,
                         &request, sizeof request) == 0;
    }
}

/* What the system's word for it leaves open. */
static const char *
explain (const Membership *self, gboolean join, int errsv)
{
  if (join && errsv == EADDRINUSE)
    return " again";
  if (!join && errsv == EADDRNOTAVAIL)
    return ", which was not joined";
  if (join && errsv == ENODEV && self->interface == NULL)
    return " without a route to it or the name of an interface";
  return "";
}

static void
set_membership_error (const Membership *self, gboolean join, int errsv, GError **error)
{
  g_autoptr (GSocketAddress) object = gudpx_native_address_to_object (&self->group);
  g_autofree char *group =
      g_inet_address_to_string (g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (object)));

  gudpx_set_error_errno (error, errsv, "Cannot %s the group %s%s%s%s", join ? "join" : "leave", group,
                         self->interface != NULL ? " on " : "",
                         self->interface != NULL ? self->interface : "",
                         explain (self, join, errsv));
}

static gboolean
rejoin (Membership *self, GSocket *socket, GError **error)
{
  /* The interface may have another number by now. */
  if (self->interface != NULL &&
      !gudpx_multicast_find_interface (self->interface, gudpx_native_address_get_family (&self->group),
                                       &self->interface_index, error))
    return FALSE;
  /* By the system's choice and by name it may be the same interface. */
  if (membership_change (self, socket, TRUE) || errno == EADDRINUSE)
    return TRUE;

  set_membership_error (self, TRUE, errno, error);
  return FALSE;
}

/* Joins on a new socket what the one before had joined; without @leave_out_gone an interface that is
 * gone is an error. */
gboolean
gudpx_multicast_rejoin (GPtrArray *memberships,
                        GSocket *socket,
                        gboolean leave_out_gone,
                        GError **error)
{
  for (guint i = 0; i < memberships->len; i++)
    {
      g_autoptr (GError) local_error = NULL;

      if (rejoin (memberships->pdata[i], socket, &local_error) ||
          (leave_out_gone && g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND)))
        continue;
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  return TRUE;
}

static gboolean
find_membership (GPtrArray *memberships, const Membership *wanted, guint *index)
{
  return g_ptr_array_find_with_equal_func (memberships, wanted, (GEqualFunc) membership_equal, index);
}

static gboolean
change_group (GudpxPort *self,
              const char *group,
              const char *source,
              const char *interface,
              gboolean join,
              GError **error)
{
  g_autoptr (Membership) membership = NULL;
  gboolean is_member;
  guint index;

  if (!gudpx_port_check_listening (self, join ? "join a group" : "leave a group", error))
    return FALSE;
  membership = membership_new (self, group, source, interface, error);
  if (membership == NULL)
    return FALSE;

  /* Systems have several words for these two, and Linux takes leaving a group for leaving all of its
   * sources. Of an adopted socket others may have joined more. */
  is_member = find_membership (self->memberships, membership, &index);
  if (is_member == join && !self->is_adopted)
    {
      set_membership_error (membership, join, join ? EADDRINUSE : EADDRNOTAVAIL, error);
      return FALSE;
    }
  if (!membership_change (membership, self->socket, join))
    {
      set_membership_error (membership, join, errno, error);
      return FALSE;
    }

  if (join)
    g_ptr_array_add (self->memberships, g_steal_pointer (&membership));
  else if (is_member)
    g_ptr_array_remove_index (self->memberships, index);
  return TRUE;
}

/**
 * gudpx_port_join_group:
 * @self: a listening port
 * @group: an IPv4 or IPv6 multicast address; the scope id of an IPv6 one, as in `ff02::1%eth0`, names
 *   the interface where @interface_ does not
 * @interface_: (nullable): the name of an interface, or an address of it of the group's family;
 *   %NULL: the system's choice
 * @error: return location for an error
 *
 * Joins a multicast group: what is sent to @group and the port's number arrives. A port receives
 * only the groups that it joined itself, whatever others on the machine have joined. On a dual-stack
 * port IPv4 groups can be joined too. The group is joined again when the port is started again.
 *
 * Errors are %G_IO_ERROR_INVALID_ARGUMENT for an address that is no group or of another family than
 * the port, %G_IO_ERROR_NOT_FOUND for an unknown interface, %G_IO_ERROR_ADDRESS_IN_USE if the group
 * was joined already, %G_IO_ERROR_CLOSED on a port that is not listening, and what the system has to
 * say. See RFC 3678.
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
 * Leaves a multicast group. %G_IO_ERROR_NOT_FOUND is the error for a group that was not joined;
 * else they are those of [method@Gudpx.Port.join_group].
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
 * Joins a multicast group for the datagrams of one source (RFC 4607). Several sources of a group are
 * joined one by one. The errors are those of [method@Gudpx.Port.join_group].
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
