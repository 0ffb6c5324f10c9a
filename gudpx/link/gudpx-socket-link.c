/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The kernel's socket as a link: opened or adopted, its options and groups, closed. */

#include <string.h>

#include "gudpx-memberships-private.h"
#include "gudpx-socket-io-private.h"
#include "gudpx-socket-options-private.h"
#include "gudpx-socket-private.h"

static GudpxSocketLink *
get_socket_link (GudpxLink *link)
{
  return (GudpxSocketLink *) link;
}

/* Removes the file of a UNIX socket that was bound a moment ago. */
static void
remove_file (const GudpxNativeAddress *address)
{
  GStatBuf stat;
  g_autofree char *path = gudpx_socket_own_path (address, &stat);

  if (path != NULL)
    gudpx_socket_unlink_path (path, &stat);
}

/* A new start joins where names and routes lead now. A replacement joins where the former socket
 * has joined. */
static gboolean
rejoin (GPtrArray *memberships,
        const GudpxNativeAddress *address,
        gboolean is_beside,
        GSocket *socket,
        GError **error)
{
  return is_beside ? gudpx_memberships_copy (memberships, socket, error)
                   : gudpx_memberships_rejoin (memberships, address, socket, error);
}

/* Opens a socket that is bound to @address and has the options and groups of @config. @local is the
 * address that the kernel gave it. With @is_beside the socket is to take the place of another one
 * that is bound to @address. It then does without options and groups that belong to an interface
 * that is gone. */
GSocket *
gudpx_socket_link_open_socket (const GudpxSocketConfig *config,
                               const GudpxNativeAddress *address,
                               gboolean is_beside,
                               GudpxNativeAddress *local,
                               GError **error)
{
  g_autoptr (GSocket) socket =
      gudpx_socket_open (gudpx_native_address_get_family (address), &config->bind, error);

  if (socket == NULL || (is_beside && !gudpx_socket_share_address (socket, TRUE, error)) ||
      !gudpx_socket_bind (socket, address, error))
    return NULL;
  if (!gudpx_socket_options_apply (&config->options, socket, is_beside, error) ||
      !rejoin (config->memberships, address, is_beside, socket, error) ||
      !gudpx_socket_get_local (socket, local, error))
    {
      remove_file (address);
      return NULL;
    }

  return g_steal_pointer (&socket);
}

/* Asks the kernel for the port number of a socket that had none. */
void
gudpx_socket_link_find_number (GudpxSocketLink *self)
{
  GudpxNativeAddress *local = &self->parent.local;
  GudpxNativeAddress now;

  if (!gudpx_socket_get_local (self->socket, &now, NULL))
    return;

  if (local->u.any.sa_family == AF_INET)
    local->u.in.sin_port = now.u.in.sin_port;
  else
    local->u.in6.sin6_port = now.u.in6.sin6_port;
  self->lacks_number = gudpx_native_address_get_port (local) == 0;
}

/* Keeps the local address if the kernel does not tell it. */
static void
socket_link_get_local (GudpxLink *link, GudpxNativeAddress *local)
{
  GudpxSocketLink *self = get_socket_link (link);
  GudpxNativeAddress now;

  if (self->lacks_number)
    gudpx_socket_link_find_number (self);
  *local = gudpx_socket_get_local (self->socket, &now, NULL) ? now : link->local;
}

static guint
socket_link_get_path_mtu (GudpxLink *link)
{
  return gudpx_socket_get_path_mtu (get_socket_link (link)->socket);
}

static guint32
socket_link_get_drops (GudpxLink *link)
{
  GudpxSocketLink *self = get_socket_link (link);

  return self->earlier_drops + gudpx_socket_io_get_drops (self);
}

static gboolean
socket_link_is_shut_down (GudpxLink *link)
{
  return gudpx_socket_is_shut_down (get_socket_link (link)->socket);
}

static gboolean
socket_link_set_option (GudpxLink *link, GudpxOption option, int value, GError **error)
{
  return gudpx_socket_options_set (get_socket_link (link)->socket, option, value, error);
}

static gboolean
socket_link_get_option (GudpxLink *link, GudpxOption option, int *value)
{
  return gudpx_socket_options_get (get_socket_link (link)->socket, option, value);
}

static gboolean
socket_link_set_multicast_interface (GudpxLink *link, const char *interface, GError **error)
{
  return gudpx_socket_options_set_multicast_interface (get_socket_link (link)->socket, interface,
                                                       error);
}

static gboolean
socket_link_set_metadata (GudpxLink *link, GudpxMetadataFlags metadata, GError **error)
{
  return gudpx_socket_options_set_metadata (get_socket_link (link)->socket, metadata, error);
}

/* FALSE: report_errors has no effect. */
gboolean
gudpx_socket_link_can_report_errors (void)
{
  return gudpx_socket_io_can_report ();
}

static void
socket_link_report_errors (GudpxLink *link, gboolean report_errors)
{
  GudpxSocketLink *self = get_socket_link (link);

  self->reports_errors = report_errors;
  gudpx_socket_io_update_errors (self);
}

static gboolean
socket_link_change_group (GudpxLink *link,
                          const GudpxGroupRequest *request,
                          gboolean join,
                          GError **error)
{
  GudpxSocketLink *self = get_socket_link (link);
  GPtrArray *memberships = self->config->memberships;

  if (join)
    return gudpx_memberships_join (memberships, request, self->socket, &link->local,
                                   self->is_adopted, error);
  return gudpx_memberships_leave (memberships, request, self->socket, self->is_adopted, error);
}

static GSocket *
socket_link_get_socket (GudpxLink *link)
{
  return get_socket_link (link)->socket;
}

/* Processes that share an adopted socket did not ask for an error queue. */
static void
restore_adopted (GudpxSocketLink *self)
{
  if (!self->is_adopted || !self->has_error_queue ||
      !gudpx_link_is_own_process (&self->parent))
    return;

  self->reports_errors = FALSE;
  self->parent.peer.length = 0;
  gudpx_socket_io_update_errors (self);
}

static void
socket_link_close (GudpxLink *link)
{
  GudpxSocketLink *self = get_socket_link (link);

  restore_adopted (self);
  g_socket_close (self->socket, NULL);
  g_object_unref (self->socket);
  if (self->own_path != NULL && gudpx_link_is_own_process (link))
    gudpx_socket_unlink_path (self->own_path, &self->own_path_stat);
  g_free (self->own_path);
  gudpx_socket_io_free (self);
}

static const GudpxLinkFuncs socket_link_funcs = {
  .receive = gudpx_socket_io_receive,
  .release = gudpx_socket_io_release,
  .send = gudpx_socket_io_send,
  .take_error = gudpx_socket_io_take_error,
  .get_drops = socket_link_get_drops,
  .is_shut_down = socket_link_is_shut_down,
  .connect = gudpx_socket_link_connect,
  .reconnect = gudpx_socket_link_reconnect,
  .get_local = socket_link_get_local,
  .get_path_mtu = socket_link_get_path_mtu,
  .set_option = socket_link_set_option,
  .get_option = socket_link_get_option,
  .set_multicast_interface = socket_link_set_multicast_interface,
  .set_metadata = socket_link_set_metadata,
  .report_errors = socket_link_report_errors,
  .change_group = socket_link_change_group,
  .get_socket = socket_link_get_socket,
  .close = socket_link_close,
};

/* Makes a link of @socket, and takes a reference to it. */
GudpxSocketLink *
gudpx_socket_link_wrap (GSocket *socket, gboolean is_adopted, GudpxStatistics *statistics)
{
  GudpxSocketLink *self = gudpx_socket_io_new ();

  gudpx_link_init (&self->parent, &socket_link_funcs, statistics);
  self->parent.fd = g_socket_get_fd (socket);
  self->socket = g_object_ref (socket);
  self->is_ipv6 = g_socket_get_family (socket) == G_SOCKET_FAMILY_IPV6;
  self->is_unix = g_socket_get_family (socket) == G_SOCKET_FAMILY_UNIX;
  self->is_adopted = is_adopted;
  gudpx_socket_io_start (self);
  return self;
}

/* Opens a socket of its own that is bound to @address. */
GudpxLink *
gudpx_socket_link_open (const GudpxNativeAddress *address,
                        const GudpxSocketConfig *config,
                        GudpxStatistics *statistics,
                        GError **error)
{
  GudpxNativeAddress local;
  g_autoptr (GSocket) socket =
      gudpx_socket_link_open_socket (config, address, FALSE, &local, error);
  GudpxSocketLink *self;

  if (socket == NULL)
    return NULL;

  self = gudpx_socket_link_wrap (socket, FALSE, statistics);
  self->config = config;
  self->parent.local = local;
  self->has_borrowed_number = gudpx_native_address_get_port (address) == 0;
  self->own_path = gudpx_socket_own_path (&local, &self->own_path_stat);
  return &self->parent;
}

/* Takes a duplicate of @fd. Its peer stays its peer. Drops before the adoption do not count. */
GudpxLink *
gudpx_socket_link_adopt (int fd,
                         GSocketFamily family,
                         const GudpxSocketConfig *config,
                         GudpxStatistics *statistics,
                         GError **error)
{
  g_autoptr (GSocket) socket = gudpx_socket_adopt (fd, family, error);
  GudpxNativeAddress local;
  GudpxSocketLink *self;

  if (socket == NULL || !gudpx_socket_get_local (socket, &local, error))
    return NULL;

  self = gudpx_socket_link_wrap (socket, TRUE, statistics);
  self->config = config;
  self->parent.local = local;
  self->lacks_number = !self->is_unix && gudpx_native_address_get_port (&local) == 0;
  self->has_borrowed_number = TRUE;
  self->earlier_drops = -gudpx_socket_io_get_drops (self);
  gudpx_socket_link_find_peer (self);
  return &self->parent;
}
