/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Finds the index of a network interface by its name or one of its addresses. Names and IPv4
 * addresses are looked up by ioctl() on the socket. This uses the network namespace of the socket,
 * and does not need AF_NETLINK, which a sandbox may forbid. */

#include <ifaddrs.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>

#include <gio/gnetworking.h>

#include "gudpx-error-private.h"
#include "gudpx-interface-lookup-private.h"
#include "gudpx-socket-private.h"

typedef struct
{
  struct in_addr address;
  guint index;
} Ipv4Interface;

/* Returns the index of the interface @name, or 0 if it does not exist. */
guint
gudpx_interface_index_of_name (GSocket *socket, const char *name)
{
#ifdef SIOCGIFINDEX
  struct ifreq request = { 0 };

  if (g_strlcpy (request.ifr_name, name, sizeof request.ifr_name) >= sizeof request.ifr_name ||
      ioctl (g_socket_get_fd (socket), SIOCGIFINDEX, &request) != 0)
    return 0;
  return (guint) request.ifr_ifindex;
#else
  return if_nametoindex (name);
#endif
}

static gboolean
get_name (GSocket *socket, guint index, char name[IF_NAMESIZE])
{
#ifdef SIOCGIFNAME
  struct ifreq request = { 0 };

  request.ifr_ifindex = (int) index;
  if (ioctl (g_socket_get_fd (socket), SIOCGIFNAME, &request) != 0)
    return FALSE;
  g_strlcpy (name, request.ifr_name, IF_NAMESIZE);
  return TRUE;
#else
  return if_indextoname (index, name) != NULL;
#endif
}

gboolean
gudpx_interface_exists (GSocket *socket, guint index)
{
  char name[IF_NAMESIZE];

  return get_name (socket, index, name);
}

/* Returns the name of the interface of a scope id, which is a name or an index. */
char *
gudpx_interface_name_of_scope (GSocket *socket, const char *scope)
{
  char name[IF_NAMESIZE];
  guint64 index;

  if (gudpx_interface_index_of_name (socket, scope) == 0 &&
      g_ascii_string_to_unsigned (scope, 10, 1, G_MAXINT, &index, NULL) &&
      get_name (socket, (guint) index, name))
    return g_strdup (name);

  return g_strdup (scope);
}

#ifdef __linux__
/* Lists the IPv4 addresses in the network namespace of the socket, each with its interface. */
static GArray *
list_ipv4_interfaces (GSocket *socket)
{
  GArray *interfaces = g_array_new (FALSE, FALSE, sizeof (Ipv4Interface));
  g_autofree struct ifreq *requests = NULL;
  struct ifconf list = { 0 };
  int fd = g_socket_get_fd (socket);

  /* Without a buffer, SIOCGIFCONF returns the necessary size. */
  if (ioctl (fd, SIOCGIFCONF, &list) != 0)
    return interfaces;
  requests = g_malloc0 ((gsize) list.ifc_len + sizeof *requests);
  list.ifc_req = requests;
  if (ioctl (fd, SIOCGIFCONF, &list) != 0)
    return interfaces;

  for (gsize i = 0; i < (gsize) list.ifc_len / sizeof *requests; i++)
    {
      const struct sockaddr_in *address = (gconstpointer) &requests[i].ifr_addr;
      Ipv4Interface interface = { .address = address->sin_addr };

      interface.index = gudpx_interface_index_of_name (socket, requests[i].ifr_name);
      g_array_append_val (interfaces, interface);
    }
  return interfaces;
}
#else
static GArray *
list_ipv4_interfaces (GSocket *socket)
{
  GArray *interfaces = g_array_new (FALSE, FALSE, sizeof (Ipv4Interface));
  struct ifaddrs *list;

  if (getifaddrs (&list) != 0)
    return interfaces;
  for (struct ifaddrs *i = list; i != NULL; i = i->ifa_next)
    {
      const struct sockaddr_in *address = (gconstpointer) i->ifa_addr;
      Ipv4Interface interface = { 0 };

      if (address == NULL || address->sin_family != AF_INET)
        continue;
      interface.address = address->sin_addr;
      interface.index = if_nametoindex (i->ifa_name);
      g_array_append_val (interfaces, interface);
    }
  freeifaddrs (list);
  return interfaces;
}
#endif

static guint
find_by_ipv4_address (GSocket *socket, GInetAddress *address)
{
  g_autoptr (GArray) interfaces = list_ipv4_interfaces (socket);

  for (guint i = 0; i < interfaces->len; i++)
    {
      const Ipv4Interface *interface = &g_array_index (interfaces, Ipv4Interface, i);

      if (memcmp (&interface->address, g_inet_address_to_bytes (address), 4) == 0)
        return interface->index;
    }
  return 0;
}

static gboolean
has_address (const struct ifaddrs *interface, GInetAddress *wanted)
{
  const struct sockaddr_in6 *address = (gconstpointer) interface->ifa_addr;

  return address != NULL && address->sin6_family == AF_INET6 &&
         memcmp (&address->sin6_addr, g_inet_address_to_bytes (wanted), 16) == 0;
}

/* Lists the names of the interfaces with @address. Returns NULL with an error. */
static GPtrArray *
list_names_with_address (const char *interface, GInetAddress *address, GError **error)
{
  GPtrArray *names;
  struct ifaddrs *list;

  if (getifaddrs (&list) != 0)
    {
      gudpx_set_error_errno (error, errno,
                             "Cannot look up the interface with the address %s (use its name)",
                             interface);
      return NULL;
    }

  names = g_ptr_array_new_with_free_func (g_free);
  for (struct ifaddrs *i = list; i != NULL; i = i->ifa_next)
    {
      if (has_address (i, address))
        g_ptr_array_add (names, g_strdup (i->ifa_name));
    }
  freeifaddrs (list);
  return names;
}

static void
set_not_found (const char *interface, GError **error)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
               "Cannot find “%s”: no interface has this name or address", interface);
}

/* Finds the interface with @address. The scope id selects one of several interfaces. */
static gboolean
find_by_ipv6_address (GSocket *socket,
                      const char *interface,
                      GInetAddress *address,
                      const char *scope,
                      guint *index,
                      GError **error)
{
  g_autoptr (GPtrArray) names = list_names_with_address (interface, address, error);
  g_autofree char *wanted = scope != NULL ? gudpx_interface_name_of_scope (socket, scope) : NULL;
  const char *name = NULL;

  if (names == NULL)
    return FALSE;
  if (wanted == NULL && names->len > 1)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "Cannot use %s: several interfaces have this address; add a name, as in %s%%%s",
                   interface, interface, (char *) names->pdata[0]);
      return FALSE;
    }
  for (guint i = 0; i < names->len && name == NULL; i++)
    {
      if (wanted == NULL || g_str_equal (wanted, names->pdata[i]))
        name = names->pdata[i];
    }

  *index = name != NULL ? gudpx_interface_index_of_name (socket, name) : 0;
  if (*index == 0)
    set_not_found (interface, error);
  return *index != 0;
}

/* Parses an address and splits off its scope id, which GInetAddress cannot store. */
static GInetAddress *
parse_address (const char *interface, char **scope)
{
  const char *percent = strchr (interface, '%');
  g_autofree char *host =
      percent != NULL ? g_strndup (interface, (gsize) (percent - interface)) : g_strdup (interface);
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (host);

  /* IPv4 addresses do not have scope ids. */
  if (address == NULL ||
      (percent != NULL && g_inet_address_get_family (address) != G_SOCKET_FAMILY_IPV6))
    return NULL;

  *scope = percent != NULL ? g_strdup (percent + 1) : NULL;
  return g_steal_pointer (&address);
}

/* TRUE for NULL, “”, “0.0.0.0” and “::”: the system selects the interface. */
gboolean
gudpx_interface_is_any (const char *interface)
{
  g_autoptr (GInetAddress) address = NULL;

  if (interface == NULL || *interface == '\0')
    return TRUE;
  address = g_inet_address_new_from_string (interface);
  return address != NULL && g_inet_address_get_is_any (address);
}

/* Finds the index of an interface by its name or one of its addresses. The address has to be of
 * @family, unless @family is G_SOCKET_FAMILY_INVALID. @index 0 means that the system selects. */
gboolean
gudpx_interface_find (GSocket *socket,
                      const char *interface,
                      GSocketFamily family,
                      guint *index,
                      GError **error)
{
  g_autofree char *scope = NULL;
  g_autoptr (GInetAddress) address = parse_address (interface, &scope);

  if (address != NULL && family != G_SOCKET_FAMILY_INVALID &&
      family != g_inet_address_get_family (address))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "Cannot use the interface “%s”: the address families differ", interface);
      return FALSE;
    }
  if (address != NULL && g_inet_address_get_family (address) == G_SOCKET_FAMILY_IPV6 &&
      !g_inet_address_get_is_any (address))
    return find_by_ipv6_address (socket, interface, address, scope, index, error);

  if (address == NULL)
    *index = gudpx_interface_index_of_name (socket, interface);
  else if (g_inet_address_get_is_any (address))
    {
      *index = 0;
      return TRUE;
    }
  else
    *index = find_by_ipv4_address (socket, address);

  if (*index == 0)
    set_not_found (interface, error);
  return *index != 0;
}

/* Lists the indices of the interfaces with IPv4 addresses in the socket's network namespace, and of
 * all interfaces in the process's namespace. If AF_NETLINK is forbidden, the latter are missing. */
GArray *
gudpx_interface_list (GSocket *socket)
{
  g_autoptr (GArray) ipv4_interfaces = list_ipv4_interfaces (socket);
  struct if_nameindex *names = if_nameindex ();
  GArray *indices = g_array_new (FALSE, FALSE, sizeof (guint));

  for (guint i = 0; i < ipv4_interfaces->len; i++)
    g_array_append_val (indices, g_array_index (ipv4_interfaces, Ipv4Interface, i).index);
  for (guint i = 0; names != NULL && names[i].if_index != 0; i++)
    g_array_append_val (indices, names[i].if_index);
  if (names != NULL)
    if_freenameindex (names);
  return indices;
}
