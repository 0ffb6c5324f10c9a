/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Getters and setters of the options of a port. */

#include "gudpx-port-private.h"

/* Returns the value that the link has. A stopped port has the value that was set. */
static int
get_option (GudpxPort *self, GudpxOption option)
{
  int value;

  if (self->link != NULL && gudpx_link_get_option (self->link, option, &value))
    return value;
  return gudpx_options_get (&self->config.socket.options, option);
}

static gboolean
keep_option (GudpxPort *self, GudpxOption option, guint value, GError **error)
{
  GudpxOptions *options = &self->config.socket.options;

  if (!gudpx_option_check (option, value, error))
    return FALSE;
  if (gudpx_option_is_default (option, value))
    {
      gudpx_options_unset (options, option);
      return TRUE;
    }
  if (self->link != NULL && !gudpx_link_set_option (self->link, option, (int) value, error))
    return FALSE;

  gudpx_options_set (options, option, (int) value);
  return TRUE;
}

static gboolean
set_option (GudpxPort *self, GudpxOption option, guint property, guint value, GError **error)
{
  const int before = get_option (self, option);

  if (!keep_option (self, option, value, error))
    return FALSE;
  if (get_option (self, option) != before)
    gudpx_port_notify (self, property);
  return TRUE;
}

/**
 * gudpx_port_get_broadcast_allowed: (get-property broadcast-allowed)
 * @self: a port
 *
 * See [property@Gudpx.Port:broadcast-allowed].
 *
 * Returns: %TRUE if you may write to broadcast addresses
 *
 * Since: 1.0
 */
gboolean
gudpx_port_get_broadcast_allowed (GudpxPort *self)
{
  g_return_val_if_fail (GUDPX_IS_PORT (self), FALSE);

  return get_option (self, GUDPX_OPTION_BROADCAST_ALLOWED);
}

/**
 * gudpx_port_set_broadcast_allowed: (set-property broadcast-allowed)
 * @self: a port
 * @allowed: %TRUE to allow broadcast addresses
 * @error: return location for an error
 *
 * Allows or forbids writing to broadcast addresses. The system may reject the change.
 *
 * Returns: %TRUE if the property was set
 *
 * Since: 1.0
 */
gboolean
gudpx_port_set_broadcast_allowed (GudpxPort *self, gboolean allowed, GError **error)
{
  g_return_val_if_fail (GUDPX_IS_PORT (self), FALSE);
  g_return_val_if_fail (gudpx_port_belongs_to_this_thread (self), FALSE);

  return set_option (self, GUDPX_OPTION_BROADCAST_ALLOWED, GUDPX_PORT_PROP_BROADCAST_ALLOWED,
                     allowed != FALSE, error);
}

/**
 * gudpx_port_get_ttl: (get-property ttl)
 * @self: a port
 *
 * See [property@Gudpx.Port:ttl].
 *
 * Returns: the time to live
 *
 * Since: 1.0
 */
guint
gudpx_port_get_ttl (GudpxPort *self)
{
  g_return_val_if_fail (GUDPX_IS_PORT (self), 0);

  return get_option (self, GUDPX_OPTION_TTL);
}

/**
 * gudpx_port_set_ttl: (set-property ttl)
 * @self: a port
 * @ttl: 1 to 255
 * @error: return location for an error
 *
 * Sets the time to live (IPv6: hop limit) of unicast datagrams. Fails with
 * %G_IO_ERROR_INVALID_ARGUMENT if @ttl is out of range, and with the errors of the system.
 *
 * Returns: %TRUE if the property was set
 *
 * Since: 1.0
 */
gboolean
gudpx_port_set_ttl (GudpxPort *self, guint ttl, GError **error)
{
  g_return_val_if_fail (GUDPX_IS_PORT (self), FALSE);
  g_return_val_if_fail (gudpx_port_belongs_to_this_thread (self), FALSE);

  return set_option (self, GUDPX_OPTION_TTL, GUDPX_PORT_PROP_TTL, ttl, error);
}

/**
 * gudpx_port_get_multicast_ttl: (get-property multicast-ttl)
 * @self: a port
 *
 * See [property@Gudpx.Port:multicast-ttl].
 *
 * Returns: the time to live
 *
 * Since: 1.0
 */
guint
gudpx_port_get_multicast_ttl (GudpxPort *self)
{
  g_return_val_if_fail (GUDPX_IS_PORT (self), 0);

  return get_option (self, GUDPX_OPTION_MULTICAST_TTL);
}

/**
 * gudpx_port_set_multicast_ttl: (set-property multicast-ttl)
 * @self: a port
 * @ttl: 0 to 255
 * @error: return location for an error
 *
 * Sets the time to live (IPv6: hop limit) of multicast datagrams. Fails with
 * %G_IO_ERROR_INVALID_ARGUMENT if @ttl is out of range, and with the errors of the system.
 *
 * Returns: %TRUE if the property was set
 *
 * Since: 1.0
 */
gboolean
gudpx_port_set_multicast_ttl (GudpxPort *self, guint ttl, GError **error)
{
  g_return_val_if_fail (GUDPX_IS_PORT (self), FALSE);
  g_return_val_if_fail (gudpx_port_belongs_to_this_thread (self), FALSE);

  return set_option (self, GUDPX_OPTION_MULTICAST_TTL, GUDPX_PORT_PROP_MULTICAST_TTL, ttl, error);
}

/**
 * gudpx_port_get_multicast_loopback: (get-property multicast-loopback)
 * @self: a port
 *
 * See [property@Gudpx.Port:multicast-loopback].
 *
 * Returns: %TRUE if multicast datagrams are also delivered on this machine
 *
 * Since: 1.0
 */
gboolean
gudpx_port_get_multicast_loopback (GudpxPort *self)
{
  g_return_val_if_fail (GUDPX_IS_PORT (self), FALSE);

  return get_option (self, GUDPX_OPTION_MULTICAST_LOOPBACK);
}

/**
 * gudpx_port_set_multicast_loopback: (set-property multicast-loopback)
 * @self: a port
 * @loopback: %TRUE to deliver multicast datagrams also on this machine
 * @error: return location for an error
 *
 * Enables or disables the delivery of multicast datagrams to the members of the group on this
 * machine. The system may reject the change.
 *
 * Returns: %TRUE if the property was set
 *
 * Since: 1.0
 */
gboolean
gudpx_port_set_multicast_loopback (GudpxPort *self, gboolean loopback, GError **error)
{
  g_return_val_if_fail (GUDPX_IS_PORT (self), FALSE);
  g_return_val_if_fail (gudpx_port_belongs_to_this_thread (self), FALSE);

  return set_option (self, GUDPX_OPTION_MULTICAST_LOOPBACK, GUDPX_PORT_PROP_MULTICAST_LOOPBACK,
                     loopback != FALSE, error);
}

/**
 * gudpx_port_get_dscp: (get-property dscp)
 * @self: a port
 *
 * See [property@Gudpx.Port:dscp].
 *
 * Returns: the code point
 *
 * Since: 1.0
 */
guint
gudpx_port_get_dscp (GudpxPort *self)
{
  g_return_val_if_fail (GUDPX_IS_PORT (self), 0);

  return get_option (self, GUDPX_OPTION_DSCP);
}

/**
 * gudpx_port_set_dscp: (set-property dscp)
 * @self: a port
 * @dscp: 0 to 63
 * @error: return location for an error
 *
 * Sets the differentiated services code point of sent datagrams. Fails with
 * %G_IO_ERROR_INVALID_ARGUMENT if @dscp is out of range, and with the errors of the system.
 *
 * Returns: %TRUE if the property was set
 *
 * Since: 1.0
 */
gboolean
gudpx_port_set_dscp (GudpxPort *self, guint dscp, GError **error)
{
  g_return_val_if_fail (GUDPX_IS_PORT (self), FALSE);
  g_return_val_if_fail (gudpx_port_belongs_to_this_thread (self), FALSE);

  return set_option (self, GUDPX_OPTION_DSCP, GUDPX_PORT_PROP_DSCP, dscp, error);
}

/**
 * gudpx_port_get_receive_buffer_size: (get-property receive-buffer-size)
 * @self: a port
 *
 * See [property@Gudpx.Port:receive-buffer-size].
 *
 * Returns: the size in bytes; 0: the system's choice
 *
 * Since: 1.0
 */
guint
gudpx_port_get_receive_buffer_size (GudpxPort *self)
{
  g_return_val_if_fail (GUDPX_IS_PORT (self), 0);

  return get_option (self, GUDPX_OPTION_RECEIVE_BUFFER_SIZE);
}

/**
 * gudpx_port_set_receive_buffer_size: (set-property receive-buffer-size)
 * @self: a port
 * @size: the size in bytes; 0: the system's choice, from the next start
 * @error: return location for an error
 *
 * Sets the size of the kernel's receive buffer. Fails with %G_IO_ERROR_INVALID_ARGUMENT if @size is
 * out of range, and with the errors of the system.
 *
 * Returns: %TRUE if the property was set
 *
 * Since: 1.0
 */
gboolean
gudpx_port_set_receive_buffer_size (GudpxPort *self, guint size, GError **error)
{
  g_return_val_if_fail (GUDPX_IS_PORT (self), FALSE);
  g_return_val_if_fail (gudpx_port_belongs_to_this_thread (self), FALSE);

  return set_option (self, GUDPX_OPTION_RECEIVE_BUFFER_SIZE, GUDPX_PORT_PROP_RECEIVE_BUFFER_SIZE,
                     size, error);
}

/**
 * gudpx_port_get_send_buffer_size: (get-property send-buffer-size)
 * @self: a port
 *
 * See [property@Gudpx.Port:send-buffer-size].
 *
 * Returns: the size in bytes; 0: the system's choice
 *
 * Since: 1.0
 */
guint
gudpx_port_get_send_buffer_size (GudpxPort *self)
{
  g_return_val_if_fail (GUDPX_IS_PORT (self), 0);

  return get_option (self, GUDPX_OPTION_SEND_BUFFER_SIZE);
}

/**
 * gudpx_port_set_send_buffer_size: (set-property send-buffer-size)
 * @self: a port
 * @size: the size in bytes; 0: the system's choice, from the next start
 * @error: return location for an error
 *
 * Sets the size of the kernel's send buffer. Fails with %G_IO_ERROR_INVALID_ARGUMENT if @size is
 * out of range, and with the errors of the system.
 *
 * Returns: %TRUE if the property was set
 *
 * Since: 1.0
 */
gboolean
gudpx_port_set_send_buffer_size (GudpxPort *self, guint size, GError **error)
{
  g_return_val_if_fail (GUDPX_IS_PORT (self), FALSE);
  g_return_val_if_fail (gudpx_port_belongs_to_this_thread (self), FALSE);

  return set_option (self, GUDPX_OPTION_SEND_BUFFER_SIZE, GUDPX_PORT_PROP_SEND_BUFFER_SIZE,
                     size, error);
}

/**
 * gudpx_port_get_multicast_interface: (get-property multicast-interface)
 * @self: a port
 *
 * See [property@Gudpx.Port:multicast-interface].
 *
 * Returns: (transfer none) (nullable): the interface, as it was set; %NULL: the system's choice
 *
 * Since: 1.0
 */
const char *
gudpx_port_get_multicast_interface (GudpxPort *self)
{
  g_return_val_if_fail (GUDPX_IS_PORT (self), NULL);

  return self->config.socket.options.multicast_interface;
}

/**
 * gudpx_port_set_multicast_interface: (set-property multicast-interface)
 * @self: a port
 * @interface_: (nullable): the name of an interface, or an address of the interface; %NULL: the
 *   system's choice
 * @error: return location for an error
 *
 * Sets the interface on which multicast datagrams are sent. Fails with %G_IO_ERROR_NOT_FOUND if the
 * interface does not exist. On a stopped port, starting the port reports this error.
 *
 * Returns: %TRUE if the property was set
 *
 * Since: 1.0
 */
gboolean
gudpx_port_set_multicast_interface (GudpxPort *self, const char *interface_, GError **error)
{
  GudpxOptions *options = &self->config.socket.options;

  g_return_val_if_fail (GUDPX_IS_PORT (self), FALSE);
  g_return_val_if_fail (gudpx_port_belongs_to_this_thread (self), FALSE);

  if (interface_ != NULL && *interface_ == '\0')
    interface_ = NULL;
  if (self->link != NULL && !gudpx_link_set_multicast_interface (self->link, interface_, error))
    return FALSE;

  if (g_strcmp0 (interface_, options->multicast_interface) == 0)
    return TRUE;
  g_free (options->multicast_interface);
  options->multicast_interface = g_strdup (interface_);
  gudpx_port_notify (self, GUDPX_PORT_PROP_MULTICAST_INTERFACE);
  return TRUE;
}

/**
 * gudpx_port_get_metadata: (get-property metadata)
 * @self: a port
 *
 * See [property@Gudpx.Port:metadata].
 *
 * Returns: the selected information
 *
 * Since: 1.0
 */
GudpxMetadataFlags
gudpx_port_get_metadata (GudpxPort *self)
{
  g_return_val_if_fail (GUDPX_IS_PORT (self), GUDPX_METADATA_NONE);

  return self->config.socket.options.metadata;
}

/**
 * gudpx_port_set_metadata: (set-property metadata)
 * @self: a port
 * @metadata: the information to deliver
 * @error: return location for an error
 *
 * Selects the information that the kernel delivers with each datagram from now on. The system may
 * reject the change.
 *
 * Returns: %TRUE if the property was set
 *
 * Since: 1.0
 */
gboolean
gudpx_port_set_metadata (GudpxPort *self, GudpxMetadataFlags metadata, GError **error)
{
  g_return_val_if_fail (GUDPX_IS_PORT (self), FALSE);
  g_return_val_if_fail (gudpx_port_belongs_to_this_thread (self), FALSE);

  if (self->config.socket.options.metadata == metadata)
    return TRUE;
  if (self->link != NULL && !gudpx_link_set_metadata (self->link, metadata, error))
    return FALSE;

  self->config.socket.options.metadata = metadata;
  gudpx_port_notify (self, GUDPX_PORT_PROP_METADATA);
  return TRUE;
}

/**
 * gudpx_port_get_dont_fragment: (get-property dont-fragment)
 * @self: a port
 *
 * See [property@Gudpx.Port:dont-fragment].
 *
 * Returns: %TRUE if datagrams are never fragmented
 *
 * Since: 1.0
 */
gboolean
gudpx_port_get_dont_fragment (GudpxPort *self)
{
  g_return_val_if_fail (GUDPX_IS_PORT (self), FALSE);

  return get_option (self, GUDPX_OPTION_DONT_FRAGMENT) == GUDPX_OPTION_DONT_FRAGMENT_ON;
}

/**
 * gudpx_port_set_dont_fragment: (set-property dont-fragment)
 * @self: a port
 * @dont_fragment: %TRUE to reject datagrams that do not fit, %FALSE to fragment them
 * @error: return location for an error
 *
 * Selects whether datagrams that do not fit into a packet of the path are rejected or fragmented.
 * The system may reject the change.
 *
 * Returns: %TRUE if the property was set
 *
 * Since: 1.0
 */
gboolean
gudpx_port_set_dont_fragment (GudpxPort *self, gboolean dont_fragment, GError **error)
{
  g_return_val_if_fail (GUDPX_IS_PORT (self), FALSE);
  g_return_val_if_fail (gudpx_port_belongs_to_this_thread (self), FALSE);

  return set_option (self, GUDPX_OPTION_DONT_FRAGMENT, GUDPX_PORT_PROP_DONT_FRAGMENT,
                     dont_fragment ? GUDPX_OPTION_DONT_FRAGMENT_ON
                                   : GUDPX_OPTION_DONT_FRAGMENT_OFF,
                     error);
}

/**
 * gudpx_port_get_max_pacing_rate: (get-property max-pacing-rate)
 * @self: a port
 *
 * See [property@Gudpx.Port:max-pacing-rate].
 *
 * Returns: the rate in bytes per second; %G_MAXUINT: unlimited
 *
 * Since: 1.0
 */
guint
gudpx_port_get_max_pacing_rate (GudpxPort *self)
{
  g_return_val_if_fail (GUDPX_IS_PORT (self), G_MAXUINT);

  return get_option (self, GUDPX_OPTION_MAX_PACING_RATE);
}

/**
 * gudpx_port_set_max_pacing_rate: (set-property max-pacing-rate)
 * @self: a port
 * @bytes_per_second: the rate, at least 1; %G_MAXUINT: unlimited
 * @error: return location for an error
 *
 * Sets the highest rate at which datagrams are sent. Fails with %G_IO_ERROR_INVALID_ARGUMENT if the
 * rate is out of range, and with the errors of the system.
 *
 * Returns: %TRUE if the property was set
 *
 * Since: 1.0
 */
gboolean
gudpx_port_set_max_pacing_rate (GudpxPort *self, guint bytes_per_second, GError **error)
{
  g_return_val_if_fail (GUDPX_IS_PORT (self), FALSE);
  g_return_val_if_fail (gudpx_port_belongs_to_this_thread (self), FALSE);

  return set_option (self, GUDPX_OPTION_MAX_PACING_RATE, GUDPX_PORT_PROP_MAX_PACING_RATE,
                     bytes_per_second, error);
}
