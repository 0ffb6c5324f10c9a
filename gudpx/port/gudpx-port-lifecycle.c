/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A port's start and stop. */

#include "gudpx-datagram-protocol-private.h"
#include "gudpx-port-private.h"

/* Asks the link for its addresses. */
void
gudpx_port_update_addresses (GudpxPort *self)
{
  GudpxNativeAddress local = { 0 };
  g_autoptr (GSocketAddress) local_address = NULL;
  g_autoptr (GSocketAddress) peer_address = NULL;

  if (self->link != NULL)
    gudpx_link_get_local (self->link, &local);
  local_address = gudpx_native_address_to_object (&local);
  if (gudpx_port_has_peer (self))
    peer_address = gudpx_native_address_to_object (gudpx_link_get_peer (self->link));

  /* Handlers may do anything: both addresses are set before the first handler is called. */
  g_object_freeze_notify (G_OBJECT (self));
  if (!gudpx_address_equal (local_address, self->local_address))
    {
      g_set_object (&self->local_address, local_address);
      gudpx_port_notify (self, GUDPX_PORT_PROP_LOCAL_ADDRESS);
    }
  if (!gudpx_address_equal (peer_address, self->peer_address))
    {
      g_set_object (&self->peer_address, peer_address);
      gudpx_port_notify (self, GUDPX_PORT_PROP_PEER_ADDRESS);
      gudpx_port_notify (self, GUDPX_PORT_PROP_PATH_MTU);
    }
  g_object_thaw_notify (G_OBJECT (self));
}

/* Outdates the datagrams of before: the port does not deliver them any more, and checks replies to
 * them. */
static void
begin_epoch (GudpxPort *self)
{
  gudpx_port_handle_set_epoch (self->handle, gudpx_gate_get_epoch (&self->gate));
}

/* Listens on @link, which the port owns from here on. */
void
gudpx_port_open (GudpxPort *self, GudpxLink *link)
{
  self->link = link;
  gudpx_sender_start (&self->sender, gudpx_link_is_unix (link));
  gudpx_receiver_start (&self->receiver);
  gudpx_gate_open (&self->gate);
  begin_epoch (self);
  gudpx_port_handle_set_bound (self->handle, gudpx_link_get_bound (link));
  if (self->config.report_errors)
    gudpx_link_report_errors (link, TRUE);
  gudpx_port_attach (self);
  gudpx_port_watch_device (self);
  if (gudpx_link_get_fd (link) < 0)
    gudpx_port_update_wants (self);

  /* Each call below may stop the port. Everything else is done before them. */
  g_object_freeze_notify (G_OBJECT (self));
  gudpx_port_update_addresses (self);
  gudpx_port_notify (self, GUDPX_PORT_PROP_SOCKET);
  gudpx_port_notify (self, GUDPX_PORT_PROP_LISTENING);
  gudpx_datagram_protocol_attach (self->protocol, self);
  g_object_thaw_notify (G_OBJECT (self));
  gudpx_port_settle (self);
}

static gboolean
check_can_start (GudpxPort *self, GError **error)
{
  g_autofree char *description = gudpx_port_describe (self);

  if (gudpx_gate_is_listening (&self->gate))
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS,
                 "Cannot start the port %s: it is already listening", description);
  else if (gudpx_gate_is_stopping (&self->gate))
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_PENDING,
                 "Cannot start the port %s: it is still being stopped", description);
  else if (self->config.is_adopted)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                         "Cannot start an adopted port again: its descriptor is closed");
  else if (self->protocol == NULL)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                         "Cannot start the port: it was created without a protocol");
  else
    return TRUE;
  return FALSE;
}

/**
 * gudpx_port_start_listening:
 * @self: a stopped port
 * @error: return location for an error
 *
 * Starts the port: binds the socket, attaches the port to the thread-default main context, emits
 * [signal@Gudpx.DatagramProtocol::started] if this is the protocol's first port, and begins to
 * receive. All this happens before the call returns. The main loop need not run yet.
 *
 * A port that is started again binds the address that was set; for the port number 0 it gets a new
 * number each time. The port keeps its properties and its groups, but not its peer.
 *
 * Errors, in the domain %G_IO_ERROR:
 *
 * - %G_IO_ERROR_ADDRESS_IN_USE: another socket uses the address
 * - %G_IO_ERROR_PERMISSION_DENIED: the process may not bind a port number below 1024
 * - %G_IO_ERROR_EXISTS: the port is listening
 * - %G_IO_ERROR_PENDING: [method@Gudpx.Port.stop_listening_async] has not finished
 * - %G_IO_ERROR_NOT_SUPPORTED: the port was adopted, and cannot be started again
 * - an error of a property that was set and does not suit the socket
 * - other errors of the system (see `bind(2)`, `ip(7)`, `unix(7)`)
 *
 * If the start fails, no function of the protocol is called.
 *
 * Returns: %TRUE if the port is listening
 *
 * Since: 1.0
 */
gboolean
gudpx_port_start_listening (GudpxPort *self, GError **error)
{
  GudpxNativeAddress address;
  g_autoptr (GudpxPort) keep = NULL;
  GudpxLink *link;

  g_return_val_if_fail (GUDPX_IS_PORT (self), FALSE);

  if (!check_can_start (self, error) ||
      !gudpx_address_to_bind (self->config.requested_address, &address, error))
    return FALSE;

  link = gudpx_socket_link_open (&address, &self->config.socket, &self->statistics, error);
  if (link == NULL)
    return FALSE;

  /* A handler may stop the port and drop the last reference to it. */
  keep = g_object_ref (self);
  gudpx_port_open (self, link);
  return TRUE;
}

/* Returns a listening port on a duplicate of @fd. */
GudpxPort *
gudpx_port_new_adopted (GudpxDatagramProtocol *protocol,
                        int fd,
                        GSocketFamily family,
                        GError **error)
{
  g_autoptr (GudpxPort) self = gudpx_port_new (protocol, NULL);
  GudpxLink *link =
      gudpx_socket_link_adopt (fd, family, &self->config.socket, &self->statistics, error);

  if (link == NULL)
    return NULL;

  self->config.is_adopted = TRUE;
  self->config.socket.bind.ipv6_only = gudpx_socket_is_ipv6_only (gudpx_link_get_socket (link));
  gudpx_port_open (self, link);
  return g_steal_pointer (&self);
}

/* Closes the link and emits nothing. Returns the answers for tasks that wait. */
static GPtrArray *
close_link (GudpxPort *self)
{
  GPtrArray *answers;

  gudpx_gate_close (&self->gate);
  begin_epoch (self);
  gudpx_port_unwatch_device (self);
  gudpx_watch_stop (&self->watch);
  gudpx_receiver_drop (&self->receiver, self->link);
  gudpx_sender_drop (&self->sender, self->link);
  answers = gudpx_port_close_reports (self);
  gudpx_packed_forget_peers (gudpx_receiver_get_packed (&self->receiver));
  gudpx_receiver_sample_drops (&self->receiver, self->link);
  gudpx_link_close (g_steal_pointer (&self->link));
  return answers;
}

static void
return_true (gpointer data, gpointer user_data)
{
  g_task_return_boolean (data, TRUE);
}

/* Ends a port whose context is gone, or that is being disposed of: nothing is emitted. */
void
gudpx_port_release (GudpxPort *self)
{
  g_autoptr (GPtrArray) tasks = NULL;
  GPtrArray *answers;

  if (!gudpx_gate_is_open (&self->gate))
    return;

  tasks = g_steal_pointer (&self->stop_tasks);
  self->stop_tasks = g_ptr_array_new_with_free_func (g_object_unref);
  answers = close_link (self);
  self->notified_queue_size = 0;
  gudpx_port_complete_tasks (answers);
  g_ptr_array_foreach (tasks, return_true, NULL);
  g_clear_object (&self->local_address);
  g_clear_object (&self->peer_address);
  if (self->protocol != NULL)
    gudpx_datagram_protocol_detach (self->protocol, self, FALSE);
}

/* Closes the socket, tells the protocol, and completes the tasks that wait for the stop. */
void
gudpx_port_finish_stop (GudpxPort *self)
{
  g_autoptr (GudpxPort) keep G_GNUC_UNUSED = g_object_ref (self);
  g_autoptr (GPtrArray) tasks = g_steal_pointer (&self->stop_tasks);
  gboolean was_listening = gudpx_gate_is_listening (&self->gate);
  GPtrArray *answers;

  self->stop_tasks = g_ptr_array_new_with_free_func (g_object_unref);

  /* Each call below may start the port again, so the port is in its final state before them. */
  g_object_freeze_notify (G_OBJECT (self));
  answers = close_link (self);
  gudpx_port_notify_queue (self);
  gudpx_port_update_addresses (self);
  gudpx_port_notify (self, GUDPX_PORT_PROP_SOCKET);
  if (was_listening)
    gudpx_port_notify (self, GUDPX_PORT_PROP_LISTENING);

  gudpx_datagram_protocol_detach (self->protocol, self, TRUE);
  g_object_thaw_notify (G_OBJECT (self));
  gudpx_port_complete_tasks (answers);
  g_ptr_array_foreach (tasks, return_true, NULL);
}

/**
 * gudpx_port_stop_listening:
 * @self: a port
 *
 * Stops the port immediately. When the call returns, the socket is closed. If this was the
 * protocol's last port, [signal@Gudpx.DatagramProtocol::stopped] has been emitted. From then on the
 * port no longer calls the protocol, even for the rest of a batch that is being delivered.
 *
 * Datagrams that a handler wrote in the current dispatch are first passed to the kernel. Datagrams
 * for which the kernel has no room are dropped; [method@Gudpx.Port.stop_listening_async] waits
 * until they are sent.
 *
 * In a child process created by `fork(2)`, a port that the parent started is only closed: its queue
 * is not sent, and the file of its UNIX socket stays.
 *
 * You may call this function in every handler, even if the handler then drops the last reference to
 * the port. On a stopped port it does nothing. Pending calls of
 * [method@Gudpx.Port.stop_listening_async] complete.
 *
 * Since: 1.0
 */
void
gudpx_port_stop_listening (GudpxPort *self)
{
  g_return_if_fail (GUDPX_IS_PORT (self));
  g_return_if_fail (gudpx_port_belongs_to_this_thread (self));

  if (!gudpx_gate_is_open (&self->gate))
    return;

  if (gudpx_link_is_own_process (self->link))
    gudpx_sender_flush (&self->sender, self->link, FALSE, 0);
  gudpx_port_finish_stop (self);
}

/* Ends the wait of the caller. The stop continues. */
static gboolean
stop_wait_cancelled (gpointer data)
{
  g_autoptr (GTask) task = g_object_ref (G_TASK (data));
  GudpxPort *self = g_task_get_source_object (task);

  if (g_ptr_array_remove (self->stop_tasks, task))
    g_task_return_error_if_cancelled (task);
  return G_SOURCE_REMOVE;
}

/**
 * gudpx_port_stop_listening_async:
 * @self: a port
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async) (nullable): called when the port has stopped, or when @cancellable is
 *   cancelled
 * @user_data: the data to pass to @callback
 *
 * Stops receiving immediately and sends the queued datagrams. Afterwards it closes the socket,
 * emits [signal@Gudpx.DatagramProtocol::stopped] if this was the last port of the protocol, and
 * completes, in this order and always from the main loop. [property@Gudpx.Port:listening] becomes
 * %FALSE immediately.
 *
 * The stop has a time limit. It ends when the kernel has not accepted a datagram for 5 seconds, for
 * example because a UNIX client does not read, and after 60 seconds in any case. The remaining
 * datagrams are then dropped and counted, see [struct@Gudpx.Statistics]. Their calls of
 * [method@Gudpx.Port.write_async] fail with %G_IO_ERROR_CLOSED.
 *
 * You may call this function several times: each call completes. On a stopped port it completes
 * successfully. Cancelling ends only the wait: the port still stops.
 * [method@Gudpx.Port.stop_listening] stops the port immediately and completes all pending calls.
 *
 * ```c
 * static void
 * on_stopped (GObject *source, GAsyncResult *result, gpointer loop)
 * {
 *   gudpx_port_stop_listening_finish (GUDPX_PORT (source), result, NULL);
 *   g_main_loop_quit (loop);
 * }
 *
 * static void
 * say_goodbye (GudpxPort *port, GMainLoop *loop)
 * {
 *   gudpx_port_write (port, (const guint8 *) "goodbye", 7, NULL);
 *   gudpx_port_stop_listening_async (port, NULL, on_stopped, loop);
 * }
 * ```
 *
 * Since: 1.0
 */
void
gudpx_port_stop_listening_async (GudpxPort *self,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (GUDPX_IS_PORT (self));
  g_return_if_fail (gudpx_port_belongs_to_this_thread (self));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, gudpx_port_stop_listening_async);
  g_task_set_check_cancellable (task, FALSE);

  if (!gudpx_gate_is_open (&self->gate))
    {
      g_task_return_boolean (task, TRUE);
      return;
    }

  if (!g_task_return_error_if_cancelled (task))
    {
      g_ptr_array_add (self->stop_tasks, g_object_ref (task));
      gudpx_port_watch_cancellation (self, task, stop_wait_cancelled);
    }
  if (gudpx_gate_is_listening (&self->gate))
    {
      gudpx_gate_begin_stop (&self->gate);
      begin_epoch (self);
      gudpx_sender_begin_drain (&self->sender, g_get_monotonic_time ());
      gudpx_receiver_drop (&self->receiver, self->link);
      gudpx_port_settle (self);
      gudpx_port_notify (self, GUDPX_PORT_PROP_LISTENING);
    }
}

/**
 * gudpx_port_stop_listening_finish:
 * @self: the port
 * @result: the result that the callback received
 * @error: return location for an error
 *
 * Finishes [method@Gudpx.Port.stop_listening_async]. The only error is %G_IO_ERROR_CANCELLED.
 *
 * Returns: %TRUE if the port has stopped
 *
 * Since: 1.0
 */
gboolean
gudpx_port_stop_listening_finish (GudpxPort *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (GUDPX_IS_PORT (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
