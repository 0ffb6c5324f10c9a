/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The groups of a port. A membership is found by what the caller gave for it, and left by the index
 * of the interface that the kernel joined it on: names, addresses and routes may lead elsewhere
 * later. */

#include <string.h>

#include <gio/gnetworking.h>

#include "gudpx-interface-lookup-private.h"
#include "gudpx-multicast-private.h"
#include "gudpx-port-private.h"

/* A group that was joined, in the terms of RFC 3678. */
typedef struct
{
  GudpxNativeAddress group;
  GudpxNativeAddress source; /* empty: any */
  char *interface;           /* as it was given; NULL: the system's choice */
  guint index;               /* of the interface where it is joined; 0: unknown, or left */
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

/* Finds the interface that was given; 0 is the system's choice. */
static gboolean
find_interface (Membership *self, GSocket *socket, GError **error)
{
  self->index = 0;
  return self->interface == NULL ||
         gudpx_interface_find (socket, self->interface,
                               gudpx_native_address_get_family (&self->group), &self->index, error);
}

/* Takes the name or address of an interface; “0.0.0.0” and “::” leave the choice to the system. */
static gboolean
take_interface (Membership *self, GSocket *socket, const char *interface, GError **error)
{
  if (interface == NULL || *interface == '\0')
    return TRUE;

  self->interface = g_strdup (interface);
  if (!gudpx_interface_is_any (interface))
    return TRUE;
  if (!find_interface (self, socket, error))
    return FALSE;
  g_clear_pointer (&self->interface, g_free);
  return TRUE;
}

/* An address with a scope id names its interface, and no other. */
static gboolean
take_scope (Membership *self,
            GSocket *socket,
            const char *address,
            const char *scope,
            GError **error)
{
  g_autofree char *name = NULL;

  if (scope == NULL)
    return TRUE;
  name = gudpx_interface_name_of_scope (socket, scope);
  if (self->interface == NULL)
    {
      self->interface = g_steal_pointer (&name);
      return TRUE;
    }
  if (g_str_equal (name, self->interface))
    return TRUE;

  if (!find_interface (self, socket, error))
    return FALSE;
  if (self->index == gudpx_interface_index_of_name (socket, name))
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "%s%%%s is not on the interface “%s”", address, scope, self->interface);
  return FALSE;
}

static gboolean
check_families (const Membership *self, GError **error)
{
  g_autofree char *group = gudpx_native_address_dup_host (&self->group);
  g_autofree char *source = gudpx_native_address_dup_host (&self->source);

  if (source == NULL || self->source.u.any.sa_family == self->group.u.any.sa_family)
    return TRUE;

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "The source %s is not of the family of the group %s", source, group);
  return FALSE;
}

/* Keeps the caller's words. The interface may be gone. */
static Membership *
membership_new (GudpxPort *port,
                const char *group,
                const char *source,
                const char *interface,
                GError **error)
{
  g_autoptr (Membership) self = g_new0 (Membership, 1);
  g_autofree char *group_scope = NULL;
  g_autofree char *group_host = split_scope (group, &group_scope);
  g_autofree char *source_scope = NULL;
  g_autofree char *source_host = source != NULL ? split_scope (source, &source_scope) : NULL;

  if (!parse_address (port, group_host, TRUE, &self->group, error) ||
      (source != NULL && !parse_address (port, source_host, FALSE, &self->source, error)) ||
      !check_families (self, error) || !take_interface (self, port->socket, interface, error) ||
      !take_scope (self, port->socket, group_host, group_scope, error) ||
      !take_scope (self, port->socket, source_host, source_scope, error))
    return NULL;

  return g_steal_pointer (&self);
}

static gboolean
is_same_host (const GudpxNativeAddress *a, const GudpxNativeAddress *b)
{
  const struct in6_addr bytes_a = gudpx_native_address_get_bytes (a);
  const struct in6_addr bytes_b = gudpx_native_address_get_bytes (b);

  return memcmp (&bytes_a, &bytes_b, sizeof bytes_a) == 0;
}

/* Compares the group and the source. */
static gboolean
is_alike (const Membership *a, const Membership *b)
{
  return gudpx_native_address_equal (&a->group, &b->group) &&
         gudpx_native_address_equal (&a->source, &b->source);
}

/* Finds the group as it was joined in the same words. */
static Membership *
find_given (GPtrArray *memberships, const Membership *wanted)
{
  for (guint i = 0; i < memberships->len; i++)
    {
      Membership *membership = memberships->pdata[i];

      if (is_alike (membership, wanted) &&
          g_strcmp0 (membership->interface, wanted->interface) == 0)
        return membership;
    }
  return NULL;
}

/* Finds the group as it was joined on the same interface, in any words. */
static Membership *
find_joined (GPtrArray *memberships, const Membership *wanted)
{
  for (guint i = 0; i < memberships->len && wanted->index != 0; i++)
    {
      Membership *membership = memberships->pdata[i];

      if (is_alike (membership, wanted) && membership->index == wanted->index)
        return membership;
    }
  return NULL;
}

static int
get_level (const Membership *self)
{
  return self->group.u.any.sa_family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
}

/* Returns an errno; 0: done. */
static int
change_any_source (const Membership *self, GSocket *socket, gboolean join)
{
  struct group_req request = { .gr_interface = self->index };

  memcpy (&request.gr_group, &self->group.u, self->group.length);
  if (setsockopt (g_socket_get_fd (socket), get_level (self),
                  join ? MCAST_JOIN_GROUP : MCAST_LEAVE_GROUP, &request, sizeof request) == 0)
    return 0;
  return errno;
}

/* Makes one of the four calls of RFC 3678's protocol-independent interface. */
static int
change (const Membership *self, GSocket *socket, gboolean join)
{
  struct group_source_req request = { .gsr_interface = self->index };

  if (self->source.length == 0)
    return change_any_source (self, socket, join);

  memcpy (&request.gsr_group, &self->group.u, self->group.length);
  memcpy (&request.gsr_source, &self->source.u, self->source.length);
  if (setsockopt (g_socket_get_fd (socket), get_level (self),
                  join ? MCAST_JOIN_SOURCE_GROUP : MCAST_LEAVE_SOURCE_GROUP, &request,
                  sizeof request) == 0)
    return 0;
  return errno;
}

static gboolean
is_gone (const Membership *self, GSocket *socket)
{
  return self->index != 0 && !gudpx_interface_exists (socket, self->index);
}

/* An interface that is gone has forgotten its groups, but the socket has not: they count for
 * igmp_max_memberships. Linux lets a socket leave them, all sources of a group at once. */
static int
leave (const Membership *self, GSocket *socket)
{
  if (!is_gone (self, socket))
    return change (self, socket, FALSE);

  change_any_source (self, socket, FALSE);
  return 0;
}

/* Leaves what was joined on interfaces that are gone. The system's choice may be another one by
 * now, and is made again by the next start. */
static void
prune (GPtrArray *memberships, GSocket *socket)
{
  for (guint i = memberships->len; i > 0; i--)
    {
      Membership *membership = memberships->pdata[i - 1];

      if (!is_gone (membership, socket))
        continue;
      leave (membership, socket);
      if (membership->interface == NULL)
        membership->index = 0;
      else
        g_ptr_array_remove_index (memberships, i - 1);
    }
}

#ifdef MCAST_MSFILTER
static gboolean
has_source (const struct group_filter *filter, const Membership *self)
{
  for (guint i = 0; i < filter->gf_numsrc; i++)
    {
      GudpxNativeAddress source = { .length = self->source.length };

      memcpy (&source.u, &filter->gf_slist[i], source.length);
      if (gudpx_native_address_equal (&source, &self->source))
        return TRUE;
    }
  return self->source.length == 0;
}

/* Asks the kernel for membership on the interface @index. */
static gboolean
is_joined_on (const Membership *self, GSocket *socket, guint index)
{
  guint n_sources = 0;

  while (TRUE)
    {
      g_autofree struct group_filter *filter = g_malloc0 (GROUP_FILTER_SIZE (n_sources + 1));
      socklen_t size = GROUP_FILTER_SIZE (n_sources + 1);

      filter->gf_interface = index;
      filter->gf_numsrc = n_sources;
      memcpy (&filter->gf_group, &self->group.u, self->group.length);
      if (getsockopt (g_socket_get_fd (socket), get_level (self), MCAST_MSFILTER, filter, &size) != 0)
        return FALSE;
      if (filter->gf_numsrc <= n_sources)
        return has_source (filter, self);
      n_sources = filter->gf_numsrc;
    }
}
#else
static gboolean
is_joined_on (const Membership *self, GSocket *socket, guint index)
{
  return FALSE;
}
#endif

/* Joins on the interface of the system's choice, and finds out which one that is: Linux would leave
 * the one of its choice by then. */
static int
join_by_choice (Membership *self, GSocket *socket)
{
  g_autoptr (GArray) others = gudpx_interface_list (socket);
  int errsv;

  for (guint i = others->len; i > 0; i--)
    {
      if (is_joined_on (self, socket, g_array_index (others, guint, i - 1)))
        g_array_remove_index (others, i - 1);
    }
  errsv = change (self, socket, TRUE);
  for (guint i = 0; i < others->len && errsv == 0 && self->index == 0; i++)
    {
      if (is_joined_on (self, socket, g_array_index (others, guint, i)))
        self->index = g_array_index (others, guint, i);
    }
  return errsv;
}

/* Asks the system for its choice, which Linux makes for a socket alone that has not joined the IPv6
 * group yet. An adopted socket may be of another network namespace. */
static void
choose_interface (Membership *self, gboolean is_adopted)
{
  g_autoptr (GSocket) socket = NULL;
  Membership choice = *self;

  if (self->index != 0 || is_adopted)
    return;
  socket = g_socket_new (gudpx_native_address_get_family (&self->group), G_SOCKET_TYPE_DATAGRAM,
                         G_SOCKET_PROTOCOL_DEFAULT, NULL);
  if (socket != NULL && join_by_choice (&choice, socket) == 0)
    self->index = choice.index;
}

/* Joins on the interface that was found before. */
static int
join (Membership *self, GSocket *socket)
{
  int errsv = self->index != 0 ? change (self, socket, TRUE) : join_by_choice (self, socket);

  /* Linux has another word for a source. */
  return errsv == EADDRNOTAVAIL && self->source.length > 0 ? EADDRINUSE : errsv;
}

/* Joins @self, where the caller's words lead now, and leaves @old, where they led before. */
static int
move (Membership *self, const Membership *old, GSocket *socket)
{
  int errsv = join (self, socket);

  if (old->index == 0 || old->index == self->index || (errsv != 0 && errsv != ENOBUFS))
    return errsv;

  /* ENOBUFS: the socket may not have both. */
  leave (old, socket);
  return errsv == ENOBUFS ? join (self, socket) : errsv;
}

/* Completes the system's word for an error. */
static const char *
explain (const Membership *self, gboolean join, gboolean has_sources, int errsv)
{
  if (join && errsv == EADDRINUSE)
    return " again";
  if (!join && errsv == EADDRNOTAVAIL)
    return ", which was not joined";
  if (join && errsv == ENODEV && self->interface == NULL)
    return " without a route to it or the name of an interface";
#ifdef __linux__
  if (join && errsv == ENOBUFS && has_sources)
    return get_level (self) == IPPROTO_IP ? " (the limit of its sources is net.ipv4.igmp_max_msf)"
                                          : " (the limit of its sources is net.ipv6.mld_max_msf)";
  if (join && errsv == ENOBUFS && get_level (self) == IPPROTO_IP)
    return " (the limit of a socket's groups is net.ipv4.igmp_max_memberships)";
#endif
  return "";
}

/* With other sources of a group, the limit of sources was met, and not that of groups. */
static gboolean
has_other_sources (GPtrArray *memberships, const Membership *self)
{
  for (guint i = 0; i < memberships->len && self->source.length > 0; i++)
    {
      const Membership *other = memberships->pdata[i];

      if (gudpx_native_address_equal (&other->group, &self->group) && other->source.length > 0 &&
          (self->index == 0 || other->index == self->index))
        return TRUE;
    }
  return FALSE;
}

static void
set_membership_error (GPtrArray *memberships,
                      const Membership *self,
                      gboolean join,
                      int errsv,
                      GError **error)
{
  g_autofree char *group = gudpx_native_address_dup_host (&self->group);
  g_autofree char *source = gudpx_native_address_dup_host (&self->source);

  gudpx_set_error_errno (error, errsv, "Cannot %s the group %s%s%s%s%s%s", join ? "join" : "leave",
                         group, source != NULL ? " of the source " : "",
                         source != NULL ? source : "", self->interface != NULL ? " on " : "",
                         self->interface != NULL ? self->interface : "",
                         explain (self, join, has_other_sources (memberships, self), errsv));
}

/* A socket that is bound to one address gets what is sent there, and no group but itself. */
static gboolean
check_hears (const Membership *self, const GudpxNativeAddress *bound, GError **error)
{
  GudpxNativeAddress address = *bound;
  g_autofree char *group = gudpx_native_address_dup_host (&self->group);
  g_autofree char *host = gudpx_native_address_dup_host (bound);

  if (gudpx_native_address_is_ipv4 (&address))
    gudpx_native_address_convert (&address, G_SOCKET_FAMILY_IPV4);
  if (gudpx_native_address_is_any (&address) || is_same_host (&address, &self->group))
    return TRUE;

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "Cannot join the group %s: a port that is bound to %s does not hear it; bind it to all "
               "addresses, or to the group",
               group, host);
  return FALSE;
}

/* Joins on the socket of another start, on the interfaces where the callers' words lead now. */
gboolean
gudpx_multicast_rejoin (GPtrArray *memberships,
                        const GudpxNativeAddress *bound,
                        GSocket *socket,
                        GError **error)
{
  for (guint i = 0; i < memberships->len; i++)
    {
      Membership *membership = memberships->pdata[i];
      int errsv;

      if (!check_hears (membership, bound, error) || !find_interface (membership, socket, error))
        return FALSE;
      choose_interface (membership, FALSE);
      errsv = join (membership, socket);
      /* By the system's choice and by name it may be the same interface. */
      if (errsv != 0 && errsv != EADDRINUSE)
        {
          set_membership_error (memberships, membership, TRUE, errsv, error);
          return FALSE;
        }
    }
  return TRUE;
}

/* Joins on a socket that takes the place of another one, on the interfaces where that one has
 * joined. Interfaces that are gone are left out. */
gboolean
gudpx_multicast_copy (GPtrArray *memberships, GSocket *socket, GError **error)
{
  for (guint i = 0; i < memberships->len; i++)
    {
      Membership *membership = memberships->pdata[i];
      int errsv = is_gone (membership, socket) ? 0 : join (membership, socket);

      if (errsv != 0 && errsv != EADDRINUSE)
        {
          set_membership_error (memberships, membership, TRUE, errsv, error);
          return FALSE;
        }
    }
  return TRUE;
}

static gboolean
join_group (GudpxPort *self, Membership *membership, GError **error)
{
  GPtrArray *memberships = self->memberships;
  Membership *old;
  int errsv;

  if (!find_interface (membership, self->socket, error) ||
      !check_hears (membership, &self->bound, error))
    return FALSE;

  prune (memberships, self->socket);
  choose_interface (membership, self->is_adopted);
  old = find_given (memberships, membership);
  /* Others may have left a group of an adopted socket. */
  if (find_joined (memberships, membership) != NULL && !self->is_adopted)
    errsv = EADDRINUSE;
  else if (old != NULL)
    errsv = move (membership, old, self->socket);
  else
    errsv = join (membership, self->socket);

  if (errsv != 0)
    {
      set_membership_error (memberships, membership, TRUE, errsv, error);
      return FALSE;
    }
  if (old != NULL)
    g_ptr_array_remove (memberships, old);
  return TRUE;
}

static gboolean
leave_group (GudpxPort *self, Membership *membership, GError **error)
{
  GPtrArray *memberships = self->memberships;
  Membership *old = find_given (memberships, membership);
  int errsv;

  if (old == NULL && !find_interface (membership, self->socket, error))
    return FALSE;
  if (old == NULL)
    old = find_joined (memberships, membership);

  /* Systems have several words for it, and Linux takes leaving a group for leaving all of its
   * sources. Others may have joined more groups on an adopted socket. */
  if (old == NULL && !self->is_adopted)
    errsv = EADDRNOTAVAIL;
  else
    errsv = leave (old != NULL ? old : membership, self->socket);

  if (errsv != 0)
    {
      set_membership_error (memberships, membership, FALSE, errsv, error);
      return FALSE;
    }
  if (old != NULL)
    g_ptr_array_remove (memberships, old);
  return TRUE;
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

  if (!gudpx_port_check_listening (self, join ? "join a group" : "leave a group", error))
    return FALSE;
  membership = membership_new (self, group, source, interface, error);
  if (membership == NULL)
    return FALSE;
  if (!join)
    return leave_group (self, membership, error);
  if (!join_group (self, membership, error))
    return FALSE;
  g_ptr_array_add (self->memberships, g_steal_pointer (&membership));
  return TRUE;
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
