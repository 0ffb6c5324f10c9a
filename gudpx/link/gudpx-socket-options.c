/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Options as the system's sockets have them. */

#include <arpa/inet.h>
#include <string.h>

#include <gio/gnetworking.h>

#include "gudpx-error-private.h"
#include "gudpx-interface-lookup-private.h"
#include "gudpx-socket-options-private.h"
#include "gudpx-socket-private.h"

#define NONE (-1)

#ifdef SO_MAX_PACING_RATE
#define PACING_OPTION SO_MAX_PACING_RATE
#else
#define PACING_OPTION G_MAXINT
#endif

#ifdef IP_MTU_DISCOVER
#define MTU_OPTION IP_MTU_DISCOVER
#define MTU6_OPTION IPV6_MTU_DISCOVER
G_STATIC_ASSERT (IP_PMTUDISC_WANT == GUDPX_OPTION_DONT_FRAGMENT_OFF);
G_STATIC_ASSERT (IP_PMTUDISC_DO == GUDPX_OPTION_DONT_FRAGMENT_ON);
#else
/* No system has an option of this number: setting it fails. */
#define MTU_OPTION G_MAXINT
#define MTU6_OPTION G_MAXINT
#endif

/* Option of the system for a property. On an IPv6 socket the IPv4 option is set too: it counts for
 * datagrams that the socket sends to IPv4 destinations. */
typedef struct
{
  int shift; /* of the value in the system's integer */
  int socket_option;
  int ipv4_option;
  int ipv6_option;
} OptionRow;

static const OptionRow rows[GUDPX_N_OPTIONS] = {
  [GUDPX_OPTION_BROADCAST_ALLOWED] = { 0, SO_BROADCAST, NONE, NONE },
  [GUDPX_OPTION_TTL] = { 0, NONE, IP_TTL, IPV6_UNICAST_HOPS },
  [GUDPX_OPTION_MULTICAST_TTL] = { 0, NONE, IP_MULTICAST_TTL, IPV6_MULTICAST_HOPS },
  [GUDPX_OPTION_MULTICAST_LOOPBACK] = { 0, NONE, IP_MULTICAST_LOOP, IPV6_MULTICAST_LOOP },
  [GUDPX_OPTION_DSCP] = { 2, NONE, IP_TOS, IPV6_TCLASS },
  [GUDPX_OPTION_RECEIVE_BUFFER_SIZE] = { 0, SO_RCVBUF, NONE, NONE },
  [GUDPX_OPTION_SEND_BUFFER_SIZE] = { 0, SO_SNDBUF, NONE, NONE },
  [GUDPX_OPTION_DONT_FRAGMENT] = { 0, NONE, MTU_OPTION, MTU6_OPTION },
  [GUDPX_OPTION_MAX_PACING_RATE] = { 0, PACING_OPTION, NONE, NONE },
};

typedef struct
{
  GudpxMetadataFlags flag;
  int socket_option;
  int ipv4_option;
  int ipv6_option;
} MetadataRow;

static const MetadataRow metadata_rows[] = {
#ifdef IP_PKTINFO
  { GUDPX_METADATA_DESTINATION, NONE, IP_PKTINFO, IPV6_RECVPKTINFO },
#endif
  { GUDPX_METADATA_TIMESTAMP, SO_TIMESTAMP, NONE, NONE },
  { GUDPX_METADATA_HOP_LIMIT, NONE, IP_RECVTTL, IPV6_RECVHOPLIMIT },
  { GUDPX_METADATA_TRAFFIC_CLASS, NONE, IP_RECVTOS, IPV6_RECVTCLASS },
};

static gboolean
check_is_ip (GSocket *socket, const char *name, GError **error)
{
  if (g_socket_get_family (socket) != G_SOCKET_FAMILY_UNIX)
    return TRUE;

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
               "Cannot set %s: UNIX sockets do not have this option", name);
  return FALSE;
}

static gboolean
set_int (GSocket *socket,
         const char *name,
         int socket_option,
         int ipv4_option,
         int ipv6_option,
         int value,
         GError **error)
{
  gboolean done;

  if (socket_option != NONE)
    done = g_socket_set_option (socket, SOL_SOCKET, socket_option, value, error);
  else if (!check_is_ip (socket, name, error))
    return FALSE;
  else if (g_socket_get_family (socket) == G_SOCKET_FAMILY_IPV4)
    done = g_socket_set_option (socket, IPPROTO_IP, ipv4_option, value, error);
  else
    {
      done = g_socket_set_option (socket, IPPROTO_IPV6, ipv6_option, value, error);
      if (done)
        g_socket_set_option (socket, IPPROTO_IP, ipv4_option, value, NULL);
    }

  if (!done)
    g_prefix_error (error, "Cannot set %s to %d: ", name, value);
  return done;
}

/* Sets an option, @value in the unit of the property. */
gboolean
gudpx_socket_options_set (GSocket *socket, GudpxOption option, int value, GError **error)
{
  const OptionRow *row = &rows[option];

  return set_int (socket, gudpx_option_get_name (option), row->socket_option, row->ipv4_option,
                  row->ipv6_option, value * (1 << row->shift), error);
}

static gboolean
get_int (GSocket *socket, const OptionRow *row, int *value)
{
  if (row->socket_option != NONE)
    return g_socket_get_option (socket, SOL_SOCKET, row->socket_option, value, NULL);

  switch (g_socket_get_family (socket))
    {
    case G_SOCKET_FAMILY_IPV4:
      return g_socket_get_option (socket, IPPROTO_IP, row->ipv4_option, value, NULL);
    case G_SOCKET_FAMILY_IPV6:
      return g_socket_get_option (socket, IPPROTO_IPV6, row->ipv6_option, value, NULL);
    case G_SOCKET_FAMILY_INVALID:
    case G_SOCKET_FAMILY_UNIX:
    default:
      return FALSE;
    }
}

/* Gets an option of an open socket. FALSE: the socket does not have it. */
gboolean
gudpx_socket_options_get (GSocket *socket, GudpxOption option, int *value)
{
  const OptionRow *row = &rows[option];

  if (!get_int (socket, row, value))
    return FALSE;

  *value >>= row->shift;
#ifdef __linux__
  /* Linux doubles the size of a buffer, for its own book-keeping: socket(7). */
  if (row->socket_option == SO_RCVBUF || row->socket_option == SO_SNDBUF)
    *value /= 2;
#endif
  return TRUE;
}

/* Returns the source address of datagrams that leave by @interface, if an IPv4 address names it. */
static struct in_addr
get_ipv4_address (const char *interface)
{
  struct in_addr address = { 0 };

  if (interface != NULL && inet_pton (AF_INET, interface, &address) != 1)
    address.s_addr = htonl (INADDR_ANY);
  return address;
}

/* Sets the interface that multicast datagrams leave by; NULL: the system's choice. */
gboolean
gudpx_socket_options_set_multicast_interface (GSocket *socket,
                                              const char *interface,
                                              GError **error)
{
  GSocketFamily family = g_socket_get_family (socket);
  int fd = g_socket_get_fd (socket);
  struct ip_mreqn request = { 0 };
  guint index = 0;
  gboolean is_set;

  if (!check_is_ip (socket, "multicast-interface", error) ||
      (interface != NULL &&
       !gudpx_interface_find (socket, interface, G_SOCKET_FAMILY_INVALID, &index, error)))
    return FALSE;

  request.imr_ifindex = (int) index;
  request.imr_address = get_ipv4_address (interface);
  is_set = setsockopt (fd, IPPROTO_IP, IP_MULTICAST_IF, &request, sizeof request) == 0;
  if (family == G_SOCKET_FAMILY_IPV6)
    is_set = setsockopt (fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &index, sizeof index) == 0;

  if (!is_set)
    gudpx_set_error_errno (error, errno, "Cannot send multicast on the interface “%s”",
                           interface != NULL ? interface : "");
  return is_set;
}

/* Chooses the metadata that the kernel delivers with each datagram. */
gboolean
gudpx_socket_options_set_metadata (GSocket *socket, GudpxMetadataFlags metadata, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (metadata_rows); i++)
    {
      const MetadataRow *row = &metadata_rows[i];

      if (!set_int (socket, "metadata", row->socket_option, row->ipv4_option, row->ipv6_option,
                    (metadata & row->flag) != 0, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
apply_multicast_interface (const GudpxOptions *options,
                           GSocket *socket,
                           gboolean leave_out_gone,
                           GError **error)
{
  g_autoptr (GError) local_error = NULL;

  if (options->multicast_interface == NULL ||
      gudpx_socket_options_set_multicast_interface (socket, options->multicast_interface,
                                                    &local_error) ||
      (leave_out_gone && g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND)))
    return TRUE;

  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

/* Gives a new socket @options. An interface that is gone is an error, unless @leave_out_gone is
 * set. */
gboolean
gudpx_socket_options_apply (const GudpxOptions *options,
                            GSocket *socket,
                            gboolean leave_out_gone,
                            GError **error)
{
  for (GudpxOption option = 0; option < GUDPX_N_OPTIONS; option++)
    {
      if (options->is_set[option] &&
          !gudpx_socket_options_set (socket, option, options->values[option], error))
        return FALSE;
    }

  return apply_multicast_interface (options, socket, leave_out_gone, error) &&
         (options->metadata == GUDPX_METADATA_NONE ||
          gudpx_socket_options_set_metadata (socket, options->metadata, error));
}
