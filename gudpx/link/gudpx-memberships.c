/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The multicast groups of a port. The list keeps the arguments of the caller for each group: the
 * next start joins with them, and leaving compares them. */

#include <string.h>

#include <gio/gnetworking.h>

#include "gudpx-error-private.h"
#include "gudpx-interface-lookup-private.h"
#include "gudpx-membership-private.h"
#include "gudpx-memberships-private.h"

GPtrArray *
gudpx_memberships_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) gudpx_membership_free);
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
is_alike (const GudpxMembership *a, const GudpxMembership *b)
{
  return gudpx_native_address_equal (&a->group, &b->group) &&
         gudpx_native_address_equal (&a->source, &b->source);
}

/* Finds the group that was joined with the same arguments. */
static GudpxMembership *
find_given (GPtrArray *memberships, const GudpxMembership *wanted)
{
  for (guint i = 0; i < memberships->len; i++)
    {
      GudpxMembership *membership = memberships->pdata[i];

      if (is_alike (membership, wanted) &&
          g_strcmp0 (membership->interface, wanted->interface) == 0)
        return membership;
    }
  return NULL;
}

/* Finds the group that was joined on the same interface, with any arguments. */
static GudpxMembership *
find_joined (GPtrArray *memberships, const GudpxMembership *wanted)
{
  for (guint i = 0; i < memberships->len && wanted->index != 0; i++)
    {
      GudpxMembership *membership = memberships->pdata[i];

      if (is_alike (membership, wanted) && membership->index == wanted->index)
        return membership;
    }
  return NULL;
}

/* Leaves the groups of interfaces that are gone. A group on the system's choice stays in the list:
 * the next start chooses again. */
static void
prune (GPtrArray *memberships, GSocket *socket)
{
  for (guint i = memberships->len; i > 0; i--)
    {
      GudpxMembership *membership = memberships->pdata[i - 1];

      if (!gudpx_membership_is_gone (membership, socket))
        continue;
      gudpx_membership_leave (membership, socket);
      if (membership->interface == NULL)
        membership->index = 0;
      else
        g_ptr_array_remove_index (memberships, i - 1);
    }
}

/* Names the limit that ENOBUFS means. */
static const char *
explain_limit (const GudpxMembership *self, gboolean has_sources)
{
#ifdef __linux__
  const gboolean is_ipv4 = gudpx_membership_get_level (self) == IPPROTO_IP;

  if (has_sources)
    return is_ipv4 ? " (the limit of its sources is net.ipv4.igmp_max_msf)"
                   : " (the limit of its sources is net.ipv6.mld_max_msf)";
  if (is_ipv4)
    return " (the limit of a socket's groups is net.ipv4.igmp_max_memberships)";
#endif
  return "";
}

/* Completes the system's message for an error. */
static const char *
explain (const GudpxMembership *self, gboolean join, gboolean has_sources, int errsv)
{
  if (join && errsv == EADDRINUSE)
    return " again";
  if (!join && errsv == EADDRNOTAVAIL)
    return " (it was not joined)";
  if (join && errsv == ENODEV && self->interface == NULL)
    return " (there is no route to it: pass an interface)";
  return join && errsv == ENOBUFS ? explain_limit (self, has_sources) : "";
}

/* TRUE if the group is joined for other sources. ENOBUFS then means the limit of sources, and not
 * that of groups. */
static gboolean
has_other_sources (GPtrArray *memberships, const GudpxMembership *self)
{
  for (guint i = 0; i < memberships->len && self->source.length > 0; i++)
    {
      const GudpxMembership *other = memberships->pdata[i];

      if (gudpx_native_address_equal (&other->group, &self->group) && other->source.length > 0 &&
          (self->index == 0 || other->index == self->index))
        return TRUE;
    }
  return FALSE;
}

static void
set_membership_error (GPtrArray *memberships,
                      const GudpxMembership *self,
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

/* FALSE if the socket is bound to one address, which is not the group: it receives only datagrams
 * to that address. */
static gboolean
check_receives (const GudpxMembership *self, const GudpxNativeAddress *bound, GError **error)
{
  GudpxNativeAddress address = *bound;
  g_autofree char *group = gudpx_native_address_dup_host (&self->group);
  g_autofree char *host = gudpx_native_address_dup_host (bound);

  if (gudpx_native_address_is_ipv4 (&address))
    gudpx_native_address_convert (&address, G_SOCKET_FAMILY_IPV4);
  if (gudpx_native_address_is_any (&address) || is_same_host (&address, &self->group))
    return TRUE;

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "Cannot join the group %s: a port that is bound to %s does not receive it; bind "
               "the port to any address or to the group",
               group, host);
  return FALSE;
}

/* Joins on the socket of another start, on the interfaces that the arguments select now. */
gboolean
gudpx_memberships_rejoin (GPtrArray *memberships,
                          const GudpxNativeAddress *bound,
                          GSocket *socket,
                          GError **error)
{
  for (guint i = 0; i < memberships->len; i++)
    {
      GudpxMembership *membership = memberships->pdata[i];
      int errsv;

      if (!check_receives (membership, bound, error) ||
          !gudpx_membership_find_interface (membership, socket, error))
        return FALSE;
      gudpx_membership_choose_interface (membership, FALSE);
      errsv = gudpx_membership_join (membership, socket);
      /* The system's choice and a name may be the same interface. */
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
gudpx_memberships_copy (GPtrArray *memberships, GSocket *socket, GError **error)
{
  for (guint i = 0; i < memberships->len; i++)
    {
      GudpxMembership *membership = memberships->pdata[i];
      int errsv = gudpx_membership_is_gone (membership, socket)
                      ? 0
                      : gudpx_membership_join (membership, socket);

      if (errsv != 0 && errsv != EADDRINUSE)
        {
          set_membership_error (memberships, membership, TRUE, errsv, error);
          return FALSE;
        }
    }
  return TRUE;
}

static gboolean
join_group (GPtrArray *memberships,
            GudpxMembership *membership,
            GSocket *socket,
            const GudpxNativeAddress *bound,
            gboolean is_adopted,
            GError **error)
{
  GudpxMembership *old;
  int errsv;

  if (!gudpx_membership_find_interface (membership, socket, error) ||
      !check_receives (membership, bound, error))
    return FALSE;

  prune (memberships, socket);
  gudpx_membership_choose_interface (membership, is_adopted);
  old = find_given (memberships, membership);
  /* Other processes may have left a group of an adopted socket. */
  if (find_joined (memberships, membership) != NULL && !is_adopted)
    errsv = EADDRINUSE;
  else if (old != NULL)
    errsv = gudpx_membership_move (membership, old, socket);
  else
    errsv = gudpx_membership_join (membership, socket);

  if (errsv != 0)
    {
      set_membership_error (memberships, membership, TRUE, errsv, error);
      return FALSE;
    }
  if (old != NULL)
    g_ptr_array_remove (memberships, old);
  return TRUE;
}

/* Joins a group on @socket, which is bound to @bound. Other processes may change an adopted socket,
 * so the list does not tell what that one has joined. */
gboolean
gudpx_memberships_join (GPtrArray *memberships,
                        const GudpxGroupRequest *request,
                        GSocket *socket,
                        const GudpxNativeAddress *bound,
                        gboolean is_adopted,
                        GError **error)
{
  g_autoptr (GudpxMembership) membership = gudpx_membership_new (request, socket, error);

  if (membership == NULL ||
      !join_group (memberships, membership, socket, bound, is_adopted, error))
    return FALSE;

  g_ptr_array_add (memberships, g_steal_pointer (&membership));
  return TRUE;
}

gboolean
gudpx_memberships_leave (GPtrArray *memberships,
                         const GudpxGroupRequest *request,
                         GSocket *socket,
                         gboolean is_adopted,
                         GError **error)
{
  g_autoptr (GudpxMembership) membership = gudpx_membership_new (request, socket, error);
  GudpxMembership *old;
  int errsv;

  if (membership == NULL)
    return FALSE;
  old = find_given (memberships, membership);
  if (old == NULL && !gudpx_membership_find_interface (membership, socket, error))
    return FALSE;
  if (old == NULL)
    old = find_joined (memberships, membership);

  /* Systems have several errors for it. On Linux, leaving a group leaves all of its sources. Other
   * processes may have joined more groups on an adopted socket. */
  if (old == NULL && !is_adopted)
    errsv = EADDRNOTAVAIL;
  else
    errsv = gudpx_membership_leave (old != NULL ? old : membership, socket);

  if (errsv != 0)
    {
      set_membership_error (memberships, membership, FALSE, errsv, error);
      return FALSE;
    }
  if (old != NULL)
    g_ptr_array_remove (memberships, old);
  return TRUE;
}
