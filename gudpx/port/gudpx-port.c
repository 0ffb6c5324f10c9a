/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "gudpx-port-private.h"

/**
 * GudpxPort:
 *
 * A datagram socket that is attached to a main context. It corresponds to Twisted's `udp.Port`.
 *
 * [func@Gudpx.listen_udp] and similar functions create and start a port in one call. To set
 * properties before the start, create the port with [ctor@Gudpx.Port.new] or g_object_new(), then
 * call [method@Gudpx.Port.start_listening].
 *
 * You need not keep a reference to a listening port. The main context that the port was started on
 * keeps the port, and thus its protocol, until the port is stopped. The port belongs to this
 * context: while a thread owns the context, calling the port from another thread is a programming
 * error. A stopped port can be started again, on the main context that is the thread-default one at
 * that time. An adopted port cannot be started again.
 *
 * A port keeps its protocol even after it has stopped. If the protocol, or a closure connected to
 * it, also holds the port, break this reference cycle when the port has stopped: drop one of the
 * two references. [property@Gudpx.DatagramProtocol:transport] is cleared automatically.
 *
 * ## Writing
 *
 * A write is sent immediately. Inside a handler of the port it is sent after the current batch has
 * been delivered, so a handler that waits for the answer has to run a main loop. Datagrams that the
 * kernel does not take yet wait in the send queue, in order. If the queue is full, the write fails
 * with %G_IO_ERROR_WOULD_BLOCK; [property@Gudpx.Port:send-queue-policy] selects other policies.
 * [signal@Gudpx.DatagramProtocol::writable] is emitted when the queue has room again. You may reuse
 * or free the payload as soon as the call returns.
 *
 * ## Errors
 *
 * No error closes a port. Errors that are known during a call are returned by the call. Errors that
 * the kernel reports later, for a datagram that was queued or sent, arrive as
 * [signal@Gudpx.DatagramProtocol::error-received] or
 * [signal@Gudpx.DatagramProtocol::connection-refused].
 *
 * ## Properties
 *
 * Each property that the system can reject has a setter with a `GError`. g_object_set() and other
 * generic ways to set a property can only print a warning. Properties keep their values when the
 * port is stopped and started again.
 *
 * ```c
 * static GudpxPort *
 * listen_with_options (GudpxDatagramProtocol *protocol, GError **error)
 * {
 *   g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string ("::", 9999);
 *   g_autoptr (GudpxPort) port = g_object_new (GUDPX_TYPE_PORT,
 *                                              "protocol", protocol,
 *                                              "local-address", address,
 *                                              "ipv6-only", TRUE,
 *                                              NULL);
 *
 *   if (!gudpx_port_set_metadata (port, GUDPX_METADATA_DESTINATION, error) ||
 *       !gudpx_port_start_listening (port, error))
 *     return NULL;
 *
 *   return g_steal_pointer (&port);
 * }
 * ```
 *
 * Since: 1.0
 */

G_DEFINE_FINAL_TYPE (GudpxPort, gudpx_port, G_TYPE_OBJECT)

static void
gudpx_port_dispose (GObject *object)
{
  GudpxPort *self = GUDPX_PORT (object);

  gudpx_port_release (self);
  gudpx_port_handle_forget (self->handle);
  g_clear_object (&self->protocol);

  G_OBJECT_CLASS (gudpx_port_parent_class)->dispose (object);
}

static void
gudpx_port_finalize (GObject *object)
{
  GudpxPort *self = GUDPX_PORT (object);

  gudpx_port_handle_unref (self->handle);
  gudpx_port_config_clear (&self->config);
  gudpx_receiver_clear (&self->receiver);
  gudpx_datagram_pool_clear (&self->pool);
  g_ptr_array_unref (self->stop_tasks);

  G_OBJECT_CLASS (gudpx_port_parent_class)->finalize (object);
}

static void
gudpx_port_class_init (GudpxPortClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = gudpx_port_dispose;
  object_class->finalize = gudpx_port_finalize;
  gudpx_port_install_properties (object_class);
}

static void
gudpx_port_init (GudpxPort *self)
{
  self->handle = gudpx_port_handle_new (self, gudpx_port_deliver_again);
  gudpx_port_config_init (&self->config);
  gudpx_gate_set_reading (&self->gate, TRUE);
  gudpx_budget_init (&self->budget);
  self->stop_tasks = g_ptr_array_new_with_free_func (g_object_unref);
  gudpx_reports_init (&self->reports, &self->statistics);
  gudpx_receiver_init (&self->receiver, &self->reports, &self->statistics);
  gudpx_sender_init (&self->sender, &self->reports, &self->statistics);
}

/**
 * gudpx_port_new:
 * @protocol: the protocol that the port calls
 * @local_address: (nullable): the address to bind: IPv4, IPv6 or UNIX; %NULL: any IPv4 address and
 *   any free port number
 *
 * Creates a port that is not started. Set its properties, then call
 * [method@Gudpx.Port.start_listening].
 *
 * Returns: (transfer full): a new port
 *
 * Since: 1.0
 */
GudpxPort *
gudpx_port_new (GudpxDatagramProtocol *protocol, GSocketAddress *local_address)
{
  g_return_val_if_fail (GUDPX_IS_DATAGRAM_PROTOCOL (protocol), NULL);
  g_return_val_if_fail (local_address == NULL || G_IS_SOCKET_ADDRESS (local_address), NULL);

  return g_object_new (GUDPX_TYPE_PORT, "protocol", protocol, "local-address", local_address, NULL);
}
