/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A multicast group on a socket. It is left by the index of the interface that the kernel joined it
 * on: the names, addresses and routes that led there may lead elsewhere later. */

#include <string.h>

#include <gio/gnetworking.h>

#include "gudpx-interface-lookup-private.h"
#include "gudpx-membership-private.h"

void
gudpx_membership_free (GudpxMembership *self)
{
  g_free (self->interface);
  g_free (self);
}

/* Finds the index of the given interface; 0: the system's choice. */
gboolean
gudpx_membership_find_interface (GudpxMembership *self, GSocket *socket, GError **error)
{
  self->index = 0;
  return self->interface == NULL ||
         gudpx_interface_find (socket, self->interface,
                               gudpx_native_address_get_family (&self->group), &self->index, error);
}

/* Takes the name or address of an interface; “0.0.0.0” and “::” leave the choice to the system. */
static gboolean
take_interface (GudpxMembership *self, GSocket *socket, const char *interface, GError **error)
{
  if (interface == NULL || *interface == '\0')
    return TRUE;

  self->interface = g_strdup (interface);
  if (!gudpx_interface_is_any (interface))
    return TRUE;
  if (!gudpx_membership_find_interface (self, socket, error))
    return FALSE;
  g_clear_pointer (&self->interface, g_free);
  return TRUE;
}

/* Takes the scope id of an address, which must not contradict the interface. */
static gboolean
take_scope (GudpxMembership *self,
            GSocket *socket,
            const GudpxNativeAddress *address,
            const char *scope,
            GError **error)
{
  g_autofree char *name = NULL;
  g_autofree char *host = NULL;

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

  if (!gudpx_membership_find_interface (self, socket, error))
    return FALSE;
  if (self->index == gudpx_interface_index_of_name (socket, name))
    return TRUE;
  host = gudpx_native_address_dup_host (address);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "Cannot use %s%%%s with the interface “%s”: the scope id names another interface",
               host, scope, self->interface);
  return FALSE;
}

/* Makes a membership from the arguments of a call. It is not joined yet, and the interface may no
 * longer exist. */
GudpxMembership *
gudpx_membership_new (const GudpxGroupRequest *request, GSocket *socket, GError **error)
{
  g_autoptr (GudpxMembership) self = g_new0 (GudpxMembership, 1);

  self->group = request->group;
  self->source = request->source;
  if (!take_interface (self, socket, request->interface, error) ||
      !take_scope (self, socket, &request->group, request->group_scope, error) ||
      !take_scope (self, socket, &request->source, request->source_scope, error))
    return NULL;

  return g_steal_pointer (&self);
}

/* Returns the protocol level of the options that change the membership. */
int
gudpx_membership_get_level (const GudpxMembership *self)
{
  return self->group.u.any.sa_family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
}

/* Returns an errno; 0: done. */
static int
change_any_source (const GudpxMembership *self, GSocket *socket, gboolean join)
{
  struct group_req request = { .gr_interface = self->index };

  memcpy (&request.gr_group, &self->group.u, self->group.length);
  if (setsockopt (g_socket_get_fd (socket), gudpx_membership_get_level (self),
                  join ? MCAST_JOIN_GROUP : MCAST_LEAVE_GROUP, &request, sizeof request) == 0)
    return 0;
  return errno;
}

/* Makes one of the four calls of RFC 3678's protocol-independent interface. */
static int
change (const GudpxMembership *self, GSocket *socket, gboolean join)
{
  struct group_source_req request = { .gsr_interface = self->index };

  if (self->source.length == 0)
    return change_any_source (self, socket, join);

  memcpy (&request.gsr_group, &self->group.u, self->group.length);
  memcpy (&request.gsr_source, &self->source.u, self->source.length);
  if (setsockopt (g_socket_get_fd (socket), gudpx_membership_get_level (self),
                  join ? MCAST_JOIN_SOURCE_GROUP : MCAST_LEAVE_SOURCE_GROUP, &request,
                  sizeof request) == 0)
    return 0;
  return errno;
}

gboolean
gudpx_membership_is_gone (const GudpxMembership *self, GSocket *socket)
{
  return self->index != 0 && !gudpx_interface_exists (socket, self->index);
}

/* An interface that is gone has forgotten its groups, but the socket has not: they count for
 * igmp_max_memberships. Linux lets a socket leave them, all sources of a group at once. */
int
gudpx_membership_leave (const GudpxMembership *self, GSocket *socket)
{
  if (!gudpx_membership_is_gone (self, socket))
    return change (self, socket, FALSE);

  change_any_source (self, socket, FALSE);
  return 0;
}

#ifdef MCAST_MSFILTER
static gboolean
has_source (const struct group_filter *filter, const GudpxMembership *self)
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
is_joined_on (const GudpxMembership *self, GSocket *socket, guint index)
{
  guint n_sources = 0;

  while (TRUE)
    {
      g_autofree struct group_filter *filter = g_malloc0 (GROUP_FILTER_SIZE (n_sources + 1));
      socklen_t size = GROUP_FILTER_SIZE (n_sources + 1);

      filter->gf_interface = index;
      filter->gf_numsrc = n_sources;
      memcpy (&filter->gf_group, &self->group.u, self->group.length);
      if (getsockopt (g_socket_get_fd (socket), gudpx_membership_get_level (self), MCAST_MSFILTER,
                      filter, &size) != 0)
        return FALSE;
      if (filter->gf_numsrc <= n_sources)
        return has_source (filter, self);
      n_sources = filter->gf_numsrc;
    }
}
#else
static gboolean
is_joined_on (const GudpxMembership *self, GSocket *socket, guint index)
{
  return FALSE;
}
#endif

/* Joins on the interface that the system chooses, and finds its index. A call without the index
 * would leave the group on the interface that Linux chooses at that time. */
static int
join_by_choice (GudpxMembership *self, GSocket *socket)
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

/* Finds the interface that the system chooses, with a new socket: Linux chooses only for a socket
 * that has not joined the IPv6 group yet. An adopted socket may be of another network namespace. */
void
gudpx_membership_choose_interface (GudpxMembership *self, gboolean is_adopted)
{
  g_autoptr (GSocket) socket = NULL;
  GudpxMembership choice = *self;

  if (self->index != 0 || is_adopted)
    return;
  socket = g_socket_new (gudpx_native_address_get_family (&self->group), G_SOCKET_TYPE_DATAGRAM,
                         G_SOCKET_PROTOCOL_DEFAULT, NULL);
  if (socket != NULL && join_by_choice (&choice, socket) == 0)
    self->index = choice.index;
}

/* Joins on the interface that was found before, or on the one that the system chooses. */
int
gudpx_membership_join (GudpxMembership *self, GSocket *socket)
{
  int errsv = self->index != 0 ? change (self, socket, TRUE) : join_by_choice (self, socket);

  /* If the group is joined already, Linux has another errno for a source. */
  return errsv == EADDRNOTAVAIL && self->source.length > 0 ? EADDRINUSE : errsv;
}

/* Joins @self on the interface that the arguments select now, and leaves @old on the interface that
 * they selected before. */
int
gudpx_membership_move (GudpxMembership *self, const GudpxMembership *old, GSocket *socket)
{
  int errsv = gudpx_membership_join (self, socket);

  if (old->index == 0 || old->index == self->index || (errsv != 0 && errsv != ENOBUFS))
    return errsv;

  /* ENOBUFS: the limit does not allow both memberships. */
  gudpx_membership_leave (old, socket);
  return errsv == ENOBUFS ? gudpx_membership_join (self, socket) : errsv;
}
