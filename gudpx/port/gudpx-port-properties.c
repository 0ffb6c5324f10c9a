/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A port's getters and setters, except those of socket options. */

#include "gudpx-port-private.h"

static void
set_uint (GudpxPort *self, guint *field, guint property, guint value)
{
  if (*field == value)
    return;
  *field = value;
  gudpx_port_notify (self, property);
}

/**
 * gudpx_port_get_protocol: (get-property protocol)
 * @self: a port
 *
 * See [property@Gudpx.Port:protocol].
 *
 * Returns: (transfer none) (nullable): the protocol; %NULL if none was given
 *
 * Since: 1.0
 */
GudpxDatagramProtocol *
gudpx_port_get_protocol (GudpxPort *self)
{
  g_return_val_if_fail (GUDPX_IS_PORT (self), NULL);

  return self->protocol;
}

/**
 * gudpx_port_get_listen_multiple: (get-property listen-multiple)
 * @self: a port
 *
 * See [property@Gudpx.Port:listen-multiple].
 *
 * Returns: %TRUE if several sockets may be bound to the address
 *
 * Since: 1.0
 */
gboolean
gudpx_port_get_listen_multiple (GudpxPort *self)
{
  g_return_val_if_fail (GUDPX_IS_PORT (self), FALSE);

  return self->config.socket.bind.listen_multiple;
}

/**
 * gudpx_port_get_reuse_port: (get-property reuse-port)
 * @self: a port
 *
 * See [property@Gudpx.Port:reuse-port].
 *
 * Returns: %TRUE if several sockets share the datagrams
 *
 * Since: 1.0
 */
gboolean
gudpx_port_get_reuse_port (GudpxPort *self)
{
  g_return_val_if_fail (GUDPX_IS_PORT (self), FALSE);

  return self->config.socket.bind.reuse_port;
}

/**
 * gudpx_port_get_ipv6_only: (get-property ipv6-only)
 * @self: a port
 *
 * See [property@Gudpx.Port:ipv6-only].
 *
 * Returns: %TRUE if the port is restricted to IPv6
 *
 * Since: 1.0
 */
gboolean
gudpx_port_get_ipv6_only (GudpxPort *self)
{
  g_return_val_if_fail (GUDPX_IS_PORT (self), FALSE);

  return self->config.socket.bind.ipv6_only;
}

/**
 * gudpx_port_get_bind_device: (get-property bind-device)
 * @self: a port
 *
 * See [property@Gudpx.Port:bind-device].
 *
 * Returns: (transfer none) (nullable): the name of the interface; %NULL: all interfaces
 *
 * Since: 1.0
 */
const char *
gudpx_port_get_bind_device (GudpxPort *self)
{
  g_return_val_if_fail (GUDPX_IS_PORT (self), NULL);

  return self->config.socket.bind.device;
}

/* TRUE if the kernel may have given the socket an address or a port number since the port asked: an
 * adopted socket may have had none. */
static gboolean
lacks_number (GudpxPort *self)
{
  GSocketAddress *address = self->local_address;

  return !G_IS_INET_SOCKET_ADDRESS (address) ||
         g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address)) == 0;
}

/**
 * gudpx_port_get_local_address: (get-property local-address)
 * @self: a port
 *
 * See [property@Gudpx.Port:local-address].
 *
 * Returns: (transfer none) (nullable): the address; %NULL if none was given, and for an unbound
 *   UNIX socket
 *
 * Since: 1.0
 */
GSocketAddress *
gudpx_port_get_local_address (GudpxPort *self)
{
  g_return_val_if_fail (GUDPX_IS_PORT (self), NULL);

  if (self->link != NULL && lacks_number (self))
    gudpx_port_update_addresses (self);
  return self->link != NULL ? self->local_address : self->config.requested_address;
}

/**
 * gudpx_port_set_local_address: (set-property local-address)
 * @self: a port
 * @address: (nullable): an IPv4, IPv6 or UNIX address; %NULL: any IPv4 address and any free port
 *   number
 * @error: return location for an error
 *
 * Sets the address that the next start binds. Fails with %G_IO_ERROR_BUSY while the port is
 * listening.
 *
 * Returns: %TRUE if the property was set
 *
 * Since: 1.0
 */
gboolean
gudpx_port_set_local_address (GudpxPort *self, GSocketAddress *address, GError **error)
{
  g_return_val_if_fail (GUDPX_IS_PORT (self), FALSE);
  g_return_val_if_fail (address == NULL || G_IS_SOCKET_ADDRESS (address), FALSE);

  if (gudpx_gate_is_open (&self->gate))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_BUSY,
                           "Cannot set local-address: stop the port first");
      return FALSE;
    }
  if (g_set_object (&self->config.requested_address, address))
    gudpx_port_notify (self, GUDPX_PORT_PROP_LOCAL_ADDRESS);
  return TRUE;
}

/**
 * gudpx_port_get_max_packet_size: (get-property max-packet-size)
 * @self: a port
 *
 * See [property@Gudpx.Port:max-packet-size].
 *
 * Returns: the size in bytes
 *
 * Since: 1.0
 */
guint
gudpx_port_get_max_packet_size (GudpxPort *self)
{
  g_return_val_if_fail (GUDPX_IS_PORT (self), 0);

  return self->config.max_packet_size;
}

/**
 * gudpx_port_set_max_packet_size: (set-property max-packet-size)
 * @self: a port
 * @size: the size in bytes, 1 to 1048576
 * @error: return location for an error
 *
 * Sets the number of bytes that are kept of a received datagram. Fails with
 * %G_IO_ERROR_INVALID_ARGUMENT if @size is out of range.
 *
 * Returns: %TRUE if the property was set
 *
 * Since: 1.0
 */
gboolean
gudpx_port_set_max_packet_size (GudpxPort *self, guint size, GError **error)
{
  g_return_val_if_fail (GUDPX_IS_PORT (self), FALSE);
  g_return_val_if_fail (gudpx_port_belongs_to_this_thread (self), FALSE);

  if (!gudpx_check_range ("max-packet-size", size, 1, GUDPX_PORT_MAX_MAX_PACKET_SIZE, error))
    return FALSE;
  set_uint (self, &self->config.max_packet_size, GUDPX_PORT_PROP_MAX_PACKET_SIZE, size);
  return TRUE;
}

/**
 * gudpx_port_get_send_queue_limit: (get-property send-queue-limit)
 * @self: a port
 *
 * See [property@Gudpx.Port:send-queue-limit].
 *
 * Returns: the limit in bytes
 *
 * Since: 1.0
 */
gsize
gudpx_port_get_send_queue_limit (GudpxPort *self)
{
  g_return_val_if_fail (GUDPX_IS_PORT (self), 0);

  return gudpx_sender_get_limit (&self->sender);
}

/**
 * gudpx_port_set_send_queue_limit: (set-property send-queue-limit)
 * @self: a port
 * @limit: the limit in bytes
 *
 * Sets the size limit of the send queue. Queued datagrams stay in the queue.
 *
 * Since: 1.0
 */
void
gudpx_port_set_send_queue_limit (GudpxPort *self, gsize limit)
{
  g_return_if_fail (GUDPX_IS_PORT (self));
  g_return_if_fail (gudpx_port_belongs_to_this_thread (self));

  if (gudpx_sender_get_limit (&self->sender) == limit)
    return;
  gudpx_sender_set_limit (&self->sender, limit);
  gudpx_port_settle (self);
  gudpx_port_notify (self, GUDPX_PORT_PROP_SEND_QUEUE_LIMIT);
}

/**
 * gudpx_port_get_priority: (get-property priority)
 * @self: a port
 *
 * See [property@Gudpx.Port:priority].
 *
 * Returns: the priority
 *
 * Since: 1.0
 */
int
gudpx_port_get_priority (GudpxPort *self)
{
  g_return_val_if_fail (GUDPX_IS_PORT (self), 0);

  return self->config.priority;
}

/**
 * gudpx_port_set_priority: (set-property priority)
 * @self: a port
 * @priority: a priority, such as %G_PRIORITY_DEFAULT
 *
 * Sets the priority of the port in the main context.
 *
 * Since: 1.0
 */
void
gudpx_port_set_priority (GudpxPort *self, int priority)
{
  g_return_if_fail (GUDPX_IS_PORT (self));
  g_return_if_fail (gudpx_port_belongs_to_this_thread (self));

  if (self->config.priority == priority)
    return;
  self->config.priority = priority;
  gudpx_watch_set_priority (&self->watch, priority);
  gudpx_port_notify (self, GUDPX_PORT_PROP_PRIORITY);
}

/**
 * gudpx_port_get_reading: (get-property reading)
 * @self: a port
 *
 * See [property@Gudpx.Port:reading].
 *
 * Returns: %TRUE if the port receives datagrams
 *
 * Since: 1.0
 */
gboolean
gudpx_port_get_reading (GudpxPort *self)
{
  g_return_val_if_fail (GUDPX_IS_PORT (self), FALSE);

  return gudpx_gate_is_reading (&self->gate);
}

/**
 * gudpx_port_set_reading: (set-property reading)
 * @self: a port
 * @reading: %TRUE to receive datagrams, %FALSE to pause
 *
 * Pauses the port, or lets it receive again. In a handler the change takes effect with the next
 * datagram.
 *
 * Since: 1.0
 */
void
gudpx_port_set_reading (GudpxPort *self, gboolean reading)
{
  g_return_if_fail (GUDPX_IS_PORT (self));
  g_return_if_fail (gudpx_port_belongs_to_this_thread (self));

  if (gudpx_gate_is_reading (&self->gate) == (reading != FALSE))
    return;
  gudpx_gate_set_reading (&self->gate, reading != FALSE);
  if (!reading && !gudpx_watch_is_dispatching (&self->watch))
    gudpx_receiver_detach (&self->receiver, self->link);
  gudpx_port_settle (self);
  gudpx_port_notify (self, GUDPX_PORT_PROP_READING);
}

/**
 * gudpx_port_get_coalesce_writes: (get-property coalesce-writes)
 * @self: a port
 *
 * See [property@Gudpx.Port:coalesce-writes].
 *
 * Returns: %TRUE if writes are collected
 *
 * Since: 1.0
 */
gboolean
gudpx_port_get_coalesce_writes (GudpxPort *self)
{
  g_return_val_if_fail (GUDPX_IS_PORT (self), FALSE);

  return gudpx_sender_get_coalesces (&self->sender);
}

/**
 * gudpx_port_set_coalesce_writes: (set-property coalesce-writes)
 * @self: a port
 * @coalesce_writes: %TRUE to collect writes
 *
 * Sets [property@Gudpx.Port:coalesce-writes]. Collected datagrams are sent before %FALSE takes
 * effect.
 *
 * Since: 1.0
 */
void
gudpx_port_set_coalesce_writes (GudpxPort *self, gboolean coalesce_writes)
{
  g_return_if_fail (GUDPX_IS_PORT (self));
  g_return_if_fail (gudpx_port_belongs_to_this_thread (self));

  if (gudpx_sender_get_coalesces (&self->sender) == (coalesce_writes != FALSE))
    return;
  if (gudpx_gate_is_open (&self->gate))
    gudpx_sender_flush (&self->sender, self->link, FALSE, 0);
  gudpx_sender_set_coalesces (&self->sender, coalesce_writes != FALSE);
  gudpx_port_settle (self);
  gudpx_port_notify (self, GUDPX_PORT_PROP_COALESCE_WRITES);
}

/**
 * gudpx_port_get_busy_poll: (get-property busy-poll)
 * @self: a port
 *
 * See [property@Gudpx.Port:busy-poll].
 *
 * Returns: the time in microseconds
 *
 * Since: 1.0
 */
guint
gudpx_port_get_busy_poll (GudpxPort *self)
{
  g_return_val_if_fail (GUDPX_IS_PORT (self), 0);

  return self->config.busy_poll;
}

/**
 * gudpx_port_set_busy_poll: (set-property busy-poll)
 * @self: a port
 * @microseconds: the time, 0 to 1000; 0 disables busy polling
 * @error: return location for an error
 *
 * Sets the time for which the port reads the socket again after it has delivered all datagrams.
 * Fails with %G_IO_ERROR_INVALID_ARGUMENT if the time is out of range.
 *
 * Returns: %TRUE if the property was set
 *
 * Since: 1.0
 */
gboolean
gudpx_port_set_busy_poll (GudpxPort *self, guint microseconds, GError **error)
{
  g_return_val_if_fail (GUDPX_IS_PORT (self), FALSE);
  g_return_val_if_fail (gudpx_port_belongs_to_this_thread (self), FALSE);

  if (!gudpx_check_range ("busy-poll", microseconds, 0, GUDPX_PORT_MAX_BUSY_POLL, error))
    return FALSE;
  set_uint (self, &self->config.busy_poll, GUDPX_PORT_PROP_BUSY_POLL, microseconds);
  return TRUE;
}

/**
 * gudpx_port_get_report_errors: (get-property report-errors)
 * @self: a port
 *
 * See [property@Gudpx.Port:report-errors].
 *
 * Returns: %TRUE if a port without a peer gets errors, too
 *
 * Since: 1.0
 */
gboolean
gudpx_port_get_report_errors (GudpxPort *self)
{
  g_return_val_if_fail (GUDPX_IS_PORT (self), FALSE);

  return self->config.report_errors;
}

/**
 * gudpx_port_set_report_errors: (set-property report-errors)
 * @self: a port
 * @report_errors: %TRUE to get errors without a peer, too
 *
 * Enables or disables errors on a port without a peer. If the system cannot report these errors,
 * setting %TRUE prints a warning, and the property stays %FALSE: see
 * [property@Gudpx.Port:report-errors].
 *
 * Since: 1.0
 */
void
gudpx_port_set_report_errors (GudpxPort *self, gboolean report_errors)
{
  g_return_if_fail (GUDPX_IS_PORT (self));
  g_return_if_fail (gudpx_port_belongs_to_this_thread (self));

  if (self->config.report_errors == (report_errors != FALSE))
    return;
  if (report_errors && !gudpx_socket_link_can_report_errors ())
    {
      g_warning ("Cannot set report-errors: this build of the library uses GSocket's calls, which "
                 "do not report these errors");
      return;
    }
  self->config.report_errors = report_errors != FALSE;
  if (self->link != NULL)
    gudpx_link_report_errors (self->link, self->config.report_errors);
  gudpx_port_notify (self, GUDPX_PORT_PROP_REPORT_ERRORS);
}

/**
 * gudpx_port_get_send_queue_policy: (get-property send-queue-policy)
 * @self: a port
 *
 * See [property@Gudpx.Port:send-queue-policy].
 *
 * Returns: the policy
 *
 * Since: 1.0
 */
GudpxQueuePolicy
gudpx_port_get_send_queue_policy (GudpxPort *self)
{
  g_return_val_if_fail (GUDPX_IS_PORT (self), GUDPX_QUEUE_POLICY_REFUSE);

  return gudpx_backlog_get_policy (gudpx_sender_get_backlog (&self->sender));
}

/**
 * gudpx_port_set_send_queue_policy: (set-property send-queue-policy)
 * @self: a port
 * @policy: the policy
 *
 * Selects how the port treats a datagram for which the send queue has no room.
 *
 * Since: 1.0
 */
void
gudpx_port_set_send_queue_policy (GudpxPort *self, GudpxQueuePolicy policy)
{
  g_return_if_fail (GUDPX_IS_PORT (self));
  g_return_if_fail (gudpx_port_belongs_to_this_thread (self));
  g_return_if_fail (policy <= GUDPX_QUEUE_POLICY_DROP_NEWEST);

  if (gudpx_port_get_send_queue_policy (self) == policy)
    return;
  gudpx_backlog_set_policy (gudpx_sender_get_backlog (&self->sender), policy);
  gudpx_port_notify (self, GUDPX_PORT_PROP_SEND_QUEUE_POLICY);
}

/**
 * gudpx_port_get_listening: (get-property listening)
 * @self: a port
 *
 * See [property@Gudpx.Port:listening].
 *
 * Returns: %TRUE if the port is listening
 *
 * Since: 1.0
 */
gboolean
gudpx_port_get_listening (GudpxPort *self)
{
  g_return_val_if_fail (GUDPX_IS_PORT (self), FALSE);

  return gudpx_gate_is_listening (&self->gate);
}

/**
 * gudpx_port_get_peer_address: (get-property peer-address)
 * @self: a port
 *
 * See [property@Gudpx.Port:peer-address].
 *
 * Returns: (transfer none) (nullable): the peer; %NULL if the port is not connected
 *
 * Since: 1.0
 */
GSocketAddress *
gudpx_port_get_peer_address (GudpxPort *self)
{
  g_return_val_if_fail (GUDPX_IS_PORT (self), NULL);

  return self->peer_address;
}

/**
 * gudpx_port_get_socket: (get-property socket)
 * @self: a port
 *
 * See [property@Gudpx.Port:socket].
 *
 * Returns: (transfer none) (nullable): the socket; %NULL if there is none
 *
 * Since: 1.0
 */
GSocket *
gudpx_port_get_socket (GudpxPort *self)
{
  g_return_val_if_fail (GUDPX_IS_PORT (self), NULL);

  return self->link != NULL ? gudpx_link_get_socket (self->link) : NULL;
}

/**
 * gudpx_port_get_send_queue_size: (get-property send-queue-size)
 * @self: a port
 *
 * See [property@Gudpx.Port:send-queue-size].
 *
 * Returns: the size in bytes
 *
 * Since: 1.0
 */
gsize
gudpx_port_get_send_queue_size (GudpxPort *self)
{
  g_return_val_if_fail (GUDPX_IS_PORT (self), 0);

  return gudpx_sender_get_size (&self->sender);
}

/**
 * gudpx_port_get_path_mtu: (get-property path-mtu)
 * @self: a port
 *
 * See [property@Gudpx.Port:path-mtu].
 *
 * Returns: the path MTU in bytes; 0 if it is not known
 *
 * Since: 1.0
 */
guint
gudpx_port_get_path_mtu (GudpxPort *self)
{
  g_return_val_if_fail (GUDPX_IS_PORT (self), 0);

  return self->link != NULL ? gudpx_link_get_path_mtu (self->link) : 0;
}

/**
 * gudpx_port_dup_error_details:
 * @self: a port
 *
 * Returns details of the error that is being reported. Call this function in handlers of
 * [signal@Gudpx.DatagramProtocol::error-received] and
 * [signal@Gudpx.DatagramProtocol::connection-refused].
 *
 * Returns: (transfer full) (nullable): the details; %NULL outside of such a handler, and if the
 *   error concerns a datagram that was not sent
 *
 * Since: 1.0
 */
GudpxErrorDetails *
gudpx_port_dup_error_details (GudpxPort *self)
{
  const GudpxLinkError *error;
  GudpxErrorDetails *details;

  g_return_val_if_fail (GUDPX_IS_PORT (self), NULL);

  error = gudpx_reports_get_details (&self->reports);
  if (error == NULL)
    return NULL;

  details = g_new0 (GudpxErrorDetails, 1);
  details->error_number = error->errsv;
  details->is_icmp = error->is_icmp;
  details->icmp_type = error->icmp_type;
  details->icmp_code = error->icmp_code;
  details->offender = gudpx_native_address_to_object (&error->offender);
  return details;
}

/**
 * gudpx_port_get_statistics:
 * @self: a port
 *
 * Returns the port's counters.
 *
 * Every datagram that another program sent to the port and that reached its socket is counted once:
 * in `datagrams_received` or in `kernel_drops`. `receive_drops` is the part of `datagrams_received`
 * that was not delivered. Datagrams that still wait in the kernel when the port is stopped are in
 * neither counter.
 *
 * Returns: (transfer full): a snapshot
 *
 * Since: 1.0
 */
GudpxStatistics *
gudpx_port_get_statistics (GudpxPort *self)
{
  GudpxStatistics *snapshot;

  g_return_val_if_fail (GUDPX_IS_PORT (self), NULL);

  snapshot = gudpx_statistics_copy (&self->statistics);
  if (self->link != NULL)
    gudpx_receiver_estimate_drops (&self->receiver, self->link, snapshot);
  return snapshot;
}
