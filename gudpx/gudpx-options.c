/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <arpa/inet.h>
#include <string.h>

#include <gio/gnetworking.h>

#include "gudpx-interface-lookup-private.h"
#include "gudpx-options-private.h"
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
/* No system knows it: it says that it does not. */
#define MTU_OPTION G_MAXINT
#define MTU6_OPTION G_MAXINT
#endif

/* What a property is to the system. On an IPv6 socket the IPv4 option is set too: it counts for
 * what goes to IPv4 from there. */
typedef struct
{
  const char *name;
  int default_value;
  int min;
  int max;
  int shift;
  int socket_option;
  int ipv4_option;
  int ipv6_option;
} OptionRow;

static const OptionRow rows[GUDPX_N_OPTIONS] = {
  { "broadcast-allowed", FALSE, 0, 1, 0, SO_BROADCAST, NONE, NONE },
  { "ttl", 64, 1, 255, 0, NONE, IP_TTL, IPV6_UNICAST_HOPS },
  { "multicast-ttl", 1, 0, 255, 0, NONE, IP_MULTICAST_TTL, IPV6_MULTICAST_HOPS },
  { "multicast-loopback", TRUE, 0, 1, 0, NONE, IP_MULTICAST_LOOP, IPV6_MULTICAST_LOOP },
  { "dscp", 0, 0, 63, 2, NONE, IP_TOS, IPV6_TCLASS },
  { "receive-buffer-size", 0, 0, G_MAXINT / 2, 0, SO_RCVBUF, NONE, NONE },
  { "send-buffer-size", 0, 0, G_MAXINT / 2, 0, SO_SNDBUF, NONE, NONE },
  { "dont-fragment", GUDPX_OPTION_DONT_FRAGMENT_OFF, 0, 3, 0, NONE, MTU_OPTION, MTU6_OPTION },
  /* -1 is the largest of unsigned numbers: no limit. */
  { "max-pacing-rate", -1, 1, -1, 0, PACING_OPTION, NONE, NONE },
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

void
gudpx_options_clear (GudpxOptions *self)
{
  g_clear_pointer (&self->multicast_interface, g_free);
}

static gboolean
check_is_ip (GSocket *socket, const char *name, GError **error)
{
  if (g_socket_get_family (socket) != G_SOCKET_FAMILY_UNIX)
    return TRUE;

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "A UNIX socket has no %s", name);
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

static gboolean
apply_option (GSocket *socket, GudpxOption option, int value, GError **error)
{
  const OptionRow *row = &rows[option];

  return set_int (socket, row->name, row->socket_option, row->ipv4_option, row->ipv6_option,
                  value * (1 << row->shift), error);
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

static gboolean
is_buffer_size (GudpxOption option)
{
  return option == GUDPX_OPTION_RECEIVE_BUFFER_SIZE || option == GUDPX_OPTION_SEND_BUFFER_SIZE;
}

/* What an open socket has; before, what was asked for. */
int
gudpx_options_get (const GudpxOptions *self, GSocket *socket, GudpxOption option)
{
  const OptionRow *row = &rows[option];
  int value;

  if (socket == NULL || !get_int (socket, row, &value))
    return self->is_set[option] ? self->values[option] : row->default_value;

#ifdef __linux__
  /* Linux doubles the size of a buffer, for its own book-keeping: socket(7). */
  if (is_buffer_size (option))
    return value / 2;
#endif
  return value >> row->shift;
}

gboolean
gudpx_options_set (GudpxOptions *self,
                   GSocket *socket,
                   GudpxOption option,
                   guint value,
                   GError **error)
{
  const OptionRow *row = &rows[option];

  if (value < (guint) row->min || value > (guint) row->max)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "Cannot set %s to %u: it must be from %u to %u", row->name, value,
                   (guint) row->min, (guint) row->max);
      return FALSE;
    }
  /* The system's choice, which the next socket has. */
  if (value == 0 && is_buffer_size (option))
    {
      self->is_set[option] = FALSE;
      return TRUE;
    }
  if (socket != NULL && !apply_option (socket, option, (int) value, error))
    return FALSE;

  self->values[option] = (int) value;
  self->is_set[option] = TRUE;
  return TRUE;
}

/* What an IPv4 address says beside its interface: where the datagrams leave from. */
static struct in_addr
get_ipv4_address (const char *interface)
{
  struct in_addr address = { 0 };

  if (interface != NULL && inet_pton (AF_INET, interface, &address) != 1)
    address.s_addr = htonl (INADDR_ANY);
  return address;
}

static gboolean
apply_multicast_interface (GSocket *socket, const char *interface, GError **error)
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
    gudpx_set_error_errno (error, errno, "Cannot send multicast by the interface “%s”",
                           interface != NULL ? interface : "");
  return is_set;
}

gboolean
gudpx_options_set_multicast_interface (GudpxOptions *self,
                                       GSocket *socket,
                                       const char *interface,
                                       GError **error)
{
  if (interface != NULL && *interface == '\0')
    interface = NULL;
  if (socket != NULL && !apply_multicast_interface (socket, interface, error))
    return FALSE;

  g_free (self->multicast_interface);
  self->multicast_interface = g_strdup (interface);
  return TRUE;
}

static gboolean
apply_metadata (GSocket *socket, GudpxMetadataFlags metadata, GError **error)
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

gboolean
gudpx_options_set_metadata (GudpxOptions *self,
                            GSocket *socket,
                            GudpxMetadataFlags metadata,
                            GError **error)
{
  if (socket != NULL && !apply_metadata (socket, metadata, error))
    return FALSE;

  self->metadata = metadata;
  return TRUE;
}

static gboolean
reapply_multicast_interface (const GudpxOptions *self,
                             GSocket *socket,
                             gboolean leave_out_gone,
                             GError **error)
{
  g_autoptr (GError) local_error = NULL;

  if (self->multicast_interface == NULL ||
      apply_multicast_interface (socket, self->multicast_interface, &local_error) ||
      (leave_out_gone && g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND)))
    return TRUE;

  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

/* Gives a new socket what was asked for; without @leave_out_gone an interface that is gone is an
 * error. */
gboolean
gudpx_options_apply (const GudpxOptions *self,
                     GSocket *socket,
                     gboolean leave_out_gone,
                     GError **error)
{
  for (GudpxOption option = 0; option < GUDPX_N_OPTIONS; option++)
    {
      if (self->is_set[option] && !apply_option (socket, option, self->values[option], error))
        return FALSE;
    }

  return reapply_multicast_interface (self, socket, leave_out_gone, error) &&
         (self->metadata == GUDPX_METADATA_NONE || apply_metadata (socket, self->metadata, error));
}

/* 0: not known. */
guint
gudpx_options_get_path_mtu (GSocket *socket)
{
  int value = 0;

#ifdef IP_MTU
  if (g_socket_get_family (socket) == G_SOCKET_FAMILY_IPV4 &&
      g_socket_get_option (socket, IPPROTO_IP, IP_MTU, &value, NULL))
    return MAX (value, 0);
#endif
#ifdef IPV6_MTU
  if (g_socket_get_family (socket) == G_SOCKET_FAMILY_IPV6 &&
      g_socket_get_option (socket, IPPROTO_IPV6, IPV6_MTU, &value, NULL))
    return MAX (value, 0);
#endif
  return 0;
}

/* Of the way to @destination, which the kernel tells a connected socket alone. */
guint
gudpx_options_find_path_mtu (const GudpxNativeAddress *destination)
{
  g_autoptr (GSocket) socket =
      g_socket_new (gudpx_native_address_get_family (destination), G_SOCKET_TYPE_DATAGRAM,
                    G_SOCKET_PROTOCOL_DEFAULT, NULL);
  int errsv;

  if (socket == NULL || !gudpx_socket_connect (socket, destination, &errsv))
    return 0;
  return gudpx_options_get_path_mtu (socket);
}
