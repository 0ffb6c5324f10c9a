/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Functions of a port that write. */

#include "gudpx-datagram-private.h"
#include "gudpx-limits-private.h"
#include "gudpx-port-private.h"

/* IOV_MAX of every system is this or more. */
#define MAX_VECTORS 16

static gboolean
check_size (GudpxPort *self, const GudpxOutgoing *outgoing, gsize size, GError **error)
{
  return size <= GUDPX_MAX_IPV4_PAYLOAD ||
         gudpx_port_check_large_size (self, outgoing, size, error);
}

/* Datagrams of a dispatch leave together at its end. */
static GudpxWhen
get_when (GudpxPort *self)
{
  return gudpx_watch_is_dispatching (&self->watch) ? GUDPX_SEND_GATHER : GUDPX_SEND_NOW;
}

static gboolean
is_taken (GudpxSendResult result)
{
  return result == GUDPX_SEND_SENT || result == GUDPX_SEND_TAKEN;
}

/* Sends or queues a datagram whose destination has been checked. */
gboolean
gudpx_port_send (GudpxPort *self, const GudpxOutgoing *outgoing, GError **error)
{
  const gsize size = gudpx_outgoing_get_size (outgoing);
  GudpxSendResult result;
  int errsv = 0;

  if (!check_size (self, outgoing, size, error))
    return FALSE;

  result = gudpx_sender_write (&self->sender, self->link, outgoing, size, get_when (self), &errsv);
  /* A link without a descriptor may be ready after each call. */
  if (result == GUDPX_SEND_SENT && gudpx_link_get_fd (self->link) >= 0)
    return TRUE;
  if (!is_taken (result))
    gudpx_port_set_write_error (self, result, errsv, outgoing, error);
  gudpx_port_settle (self);
  return is_taken (result);
}

/* Queues one datagram of several, whose destination has been checked. */
gboolean
gudpx_port_queue (GudpxPort *self, const GudpxOutgoing *outgoing, GError **error)
{
  const gsize size = gudpx_outgoing_get_size (outgoing);
  GudpxSendResult result;
  int errsv = 0;

  if (!check_size (self, outgoing, size, error))
    return FALSE;

  result = gudpx_sender_write (&self->sender, self->link, outgoing, size, GUDPX_SEND_BATCH, &errsv);
  if (is_taken (result))
    return TRUE;

  gudpx_port_set_write_error (self, result, errsv, outgoing, error);
  return FALSE;
}

/* Sends the datagrams that gudpx_port_queue() queued. Returns @n_taken; -1 with @refusal if it
 * is 0. */
gssize
gudpx_port_finish_queueing (GudpxPort *self, gsize n_taken, GError *refusal, GError **error)
{
  g_autoptr (GError) local_error = refusal;

  gudpx_sender_flush (&self->sender, self->link, FALSE, 0);
  gudpx_port_settle (self);
  if (n_taken > 0 || local_error == NULL)
    return n_taken;

  g_propagate_error (error, g_steal_pointer (&local_error));
  return -1;
}

/* To the sender of a message, of the number @origin, that came by the port's own socket. */
gboolean
gudpx_port_reply (GudpxPort *self,
                  const GOutputVector *vector,
                  const GudpxNativeAddress *native,
                  const GudpxAncillary *ancillary,
                  guint64 origin,
                  GError **error)
{
  GudpxOutgoing outgoing = {
    .vectors = vector, .n_vectors = 1, .ancillary = ancillary, .message_serial = origin
  };

  return (gudpx_watch_is_dispatching (&self->watch) &&
          gudpx_sender_append (&self->sender, origin, vector)) ||
         (gudpx_port_check_reply_address (self, native, &outgoing.destination, error) &&
          gudpx_port_send (self, &outgoing, error));
}

static gboolean
write_vectors (GudpxPort *self,
               const GOutputVector *vectors,
               guint n_vectors,
               GSocketAddress *address,
               GError **error)
{
  GudpxNativeAddress native;
  GudpxOutgoing outgoing = { .vectors = vectors, .n_vectors = n_vectors };

  return gudpx_port_check_listening (self, "write", error) &&
         gudpx_port_resolve_destination (self, address, &native, &outgoing.destination, error) &&
         gudpx_port_send (self, &outgoing, error);
}

/**
 * gudpx_port_write:
 * @self: a connected port
 * @data: (array length=size) (element-type guint8) (nullable): the payload
 * @size: the number of bytes; 0 sends an empty datagram
 * @error: return location for an error
 *
 * Writes a datagram to the port's peer. Fails with the errors of [method@Gudpx.Port.write_to], and
 * with %G_IO_ERROR_DESTINATION_UNSET if the port is not connected.
 *
 * Returns: %TRUE if the datagram was sent or queued
 *
 * Since: 1.0
 */
gboolean
gudpx_port_write (GudpxPort *self, const guint8 *data, gsize size, GError **error)
{
  const GOutputVector vector = { data, size };

  g_return_val_if_fail (GUDPX_IS_PORT (self), FALSE);
  g_return_val_if_fail (gudpx_port_belongs_to_this_thread (self), FALSE);
  g_return_val_if_fail (data != NULL || size == 0, FALSE);

  return write_vectors (self, &vector, 1, NULL, error);
}

/**
 * gudpx_port_write_to:
 * @self: a listening port
 * @data: (array length=size) (element-type guint8) (nullable): the payload
 * @size: the number of bytes; 0 sends an empty datagram
 * @destination: the address to send to; on a connected port only the peer is allowed
 * @error: return location for an error
 *
 * Writes a datagram. The datagram is sent immediately, or, if a handler of the port calls this
 * function, after the current batch has been delivered. If the kernel has no room, the datagram is
 * queued and sent later, in order.
 *
 * Errors of earlier datagrams, such as a refusal, do not make this call fail. Errors of this call,
 * in the domain %G_IO_ERROR:
 *
 * - %G_IO_ERROR_MESSAGE_TOO_LARGE: the payload exceeds 65507 bytes (IPv4), 65527 bytes (IPv6), the
 *   send buffer (UNIX socket), or the path MTU (if [property@Gudpx.Port:dont-fragment] is %TRUE)
 * - %G_IO_ERROR_WOULD_BLOCK: the send queue is full, or a UNIX destination does not read and its
 *   share of the queue is full; the datagram was rejected
 * - %G_IO_ERROR_INVALID_ARGUMENT: the port is connected and @destination is not its peer. The port
 *   number is 0. @destination is 0.0.0.0 or `::`, which the system would treat as this machine (RFC
 *   1122, 3.2.1.3). Or the socket cannot reach the address: IPv6 from an IPv4 port, IPv4 from a
 *   port that is [property@Gudpx.Port:ipv6-only] or bound to a specific IPv6 address, or a UNIX
 *   path from an IP port and the reverse
 * - %G_IO_ERROR_PERMISSION_DENIED: @destination is a broadcast address and
 *   [property@Gudpx.Port:broadcast-allowed] is %FALSE, or a firewall rejected the datagram
 * - %G_IO_ERROR_CLOSED: the port is not listening
 * - other errors of the system, such as %G_IO_ERROR_NETWORK_UNREACHABLE (see `udp(7)`, `send(2)`)
 *
 * If the kernel rejects a queued datagram later, [signal@Gudpx.DatagramProtocol::error-received] is
 * emitted.
 *
 * Returns: %TRUE if the datagram was sent or queued
 *
 * Since: 1.0
 */
gboolean
gudpx_port_write_to (GudpxPort *self,
                     const guint8 *data,
                     gsize size,
                     GSocketAddress *destination,
                     GError **error)
{
  const GOutputVector vector = { data, size };

  g_return_val_if_fail (GUDPX_IS_PORT (self), FALSE);
  g_return_val_if_fail (gudpx_port_belongs_to_this_thread (self), FALSE);
  g_return_val_if_fail (data != NULL || size == 0, FALSE);
  g_return_val_if_fail (G_IS_SOCKET_ADDRESS (destination), FALSE);

  return write_vectors (self, &vector, 1, destination, error);
}

/**
 * gudpx_port_write_to_host:
 * @self: a listening port
 * @data: (array length=size) (element-type guint8) (nullable): the payload
 * @size: the number of bytes; 0 sends an empty datagram
 * @host: an IPv4 or IPv6 address, or `<broadcast>` for 255.255.255.255
 * @port: the port number, 1 to 65535
 * @error: return location for an error
 *
 * Writes a datagram to an address in text form. Fails with the errors of
 * [method@Gudpx.Port.write_to], and with %G_IO_ERROR_INVALID_ARGUMENT if @host is a host name:
 * resolve host names first, with [func@Gudpx.resolve_async].
 *
 * Returns: %TRUE if the datagram was sent or queued
 *
 * Since: 1.0
 */
gboolean
gudpx_port_write_to_host (GudpxPort *self,
                          const guint8 *data,
                          gsize size,
                          const char *host,
                          guint16 port,
                          GError **error)
{
  g_autoptr (GSocketAddress) address = NULL;

  g_return_val_if_fail (GUDPX_IS_PORT (self), FALSE);
  g_return_val_if_fail (gudpx_port_belongs_to_this_thread (self), FALSE);
  g_return_val_if_fail (data != NULL || size == 0, FALSE);
  g_return_val_if_fail (host != NULL, FALSE);

  address = gudpx_port_parse_host (host, port, error);
  return address != NULL && gudpx_port_write_to (self, data, size, address, error);
}

/**
 * gudpx_port_write_bytes:
 * @self: a listening port
 * @bytes: the payload
 * @destination: (nullable): the address to send to; %NULL: the peer of a connected port
 * @error: return location for an error
 *
 * Writes a datagram whose payload is a [struct@GLib.Bytes]. Fails with the errors of
 * [method@Gudpx.Port.write_to].
 *
 * Returns: %TRUE if the datagram was sent or queued
 *
 * Since: 1.0
 */
gboolean
gudpx_port_write_bytes (GudpxPort *self, GBytes *bytes, GSocketAddress *destination, GError **error)
{
  GOutputVector vector;

  g_return_val_if_fail (GUDPX_IS_PORT (self), FALSE);
  g_return_val_if_fail (gudpx_port_belongs_to_this_thread (self), FALSE);
  g_return_val_if_fail (bytes != NULL, FALSE);
  g_return_val_if_fail (destination == NULL || G_IS_SOCKET_ADDRESS (destination), FALSE);

  vector.buffer = g_bytes_get_data (bytes, &vector.size);
  return write_vectors (self, &vector, 1, destination, error);
}

/* More pieces than the system takes at once. */
static gboolean
write_joined (GudpxPort *self,
              const GOutputVector *vectors,
              guint n_vectors,
              GSocketAddress *destination,
              GError **error)
{
  g_autoptr (GByteArray) joined = g_byte_array_new ();

  for (guint i = 0; i < n_vectors; i++)
    {
      if (vectors[i].size > G_MAXUINT - joined->len)
        {
          g_autofree char *description = gudpx_address_describe (destination);

          g_set_error (error, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE,
                       "Cannot send more than 4 GiB to %s in one datagram", description);
          return FALSE;
        }
      g_byte_array_append (joined, vectors[i].buffer, vectors[i].size);
    }
  return write_vectors (self, &(GOutputVector){ joined->data, joined->len }, 1, destination, error);
}

/**
 * gudpx_port_write_vectors: (skip)
 * @self: a listening port
 * @vectors: (array length=n_vectors): the pieces of the payload
 * @n_vectors: the number of pieces
 * @destination: (nullable): the address to send to; %NULL: the peer of a connected port
 * @error: return location for an error
 *
 * Writes one datagram that consists of several pieces. It corresponds to Twisted's `writeSequence`.
 * Fails with the errors of [method@Gudpx.Port.write_to].
 *
 * Returns: %TRUE if the datagram was sent or queued
 *
 * Since: 1.0
 */
gboolean
gudpx_port_write_vectors (GudpxPort *self,
                          const GOutputVector *vectors,
                          guint n_vectors,
                          GSocketAddress *destination,
                          GError **error)
{
  g_return_val_if_fail (GUDPX_IS_PORT (self), FALSE);
  g_return_val_if_fail (gudpx_port_belongs_to_this_thread (self), FALSE);
  g_return_val_if_fail (vectors != NULL || n_vectors == 0, FALSE);
  g_return_val_if_fail (destination == NULL || G_IS_SOCKET_ADDRESS (destination), FALSE);

  if (n_vectors <= MAX_VECTORS)
    return write_vectors (self, vectors, n_vectors, destination, error);
  return write_joined (self, vectors, n_vectors, destination, error);
}

static gboolean
queue_datagram (GudpxPort *self, GudpxDatagram *datagram, GError **error)
{
  GOutputVector vector;
  GudpxNativeAddress native;
  GudpxOutgoing outgoing = { .vectors = &vector, .n_vectors = 1 };

  vector.buffer = gudpx_datagram_get_payload (datagram, &vector.size);
  if (!gudpx_link_is_unix (self->link))
    outgoing.ancillary = gudpx_datagram_get_own_ancillary (datagram);
  return gudpx_port_resolve_destination (self, gudpx_datagram_get_own_destination (datagram),
                                        &native, &outgoing.destination, error) &&
         gudpx_port_queue (self, &outgoing, error);
}

/**
 * gudpx_port_write_datagrams:
 * @self: a listening port
 * @datagrams: (element-type GudpxDatagram): the datagrams, each with its destination
 * @error: return location for an error
 *
 * Writes several datagrams in one call, in order, also from a handler.
 *
 * A received datagram can be written only to the peer of a connected port: its
 * [property@Gudpx.Datagram:destination] is the address that it was sent to. To forward its payload
 * to another address, create a datagram with [ctor@Gudpx.Datagram.new].
 *
 * Stops at the first datagram that is not accepted, like `sendmmsg(2)`. If no datagram was accepted
 * before it, the call fails with its error. Otherwise no error is set: call again with the
 * remaining datagrams to get it.
 *
 * Fails with the errors of [method@Gudpx.Port.write_to].
 *
 * ```c
 * static gssize
 * tell_all (GudpxPort *port, GPtrArray *addresses, GError **error)
 * {
 *   g_autoptr (GPtrArray) datagrams = g_ptr_array_new_with_free_func (g_object_unref);
 *
 *   for (guint i = 0; i < addresses->len; i++)
 *     g_ptr_array_add (datagrams,
 *                      gudpx_datagram_new ((const guint8 *) "news", 4, addresses->pdata[i]));
 *   return gudpx_port_write_datagrams (port, datagrams, error);
 * }
 * ```
 *
 * Returns: the number of datagrams that were sent or queued; -1 with an error if there are none
 *
 * Since: 1.0
 */
gssize
gudpx_port_write_datagrams (GudpxPort *self, GPtrArray *datagrams, GError **error)
{
  GError *local_error = NULL;
  guint n;

  g_return_val_if_fail (GUDPX_IS_PORT (self), -1);
  g_return_val_if_fail (gudpx_port_belongs_to_this_thread (self), -1);
  g_return_val_if_fail (datagrams != NULL, -1);
  for (n = 0; n < datagrams->len; n++)
    g_return_val_if_fail (GUDPX_IS_DATAGRAM (datagrams->pdata[n]), -1);

  if (!gudpx_port_check_listening (self, "write", error))
    return -1;

  for (n = 0; n < datagrams->len; n++)
    {
      if (!queue_datagram (self, datagrams->pdata[n], &local_error))
        break;
    }
  return gudpx_port_finish_queueing (self, n, local_error, error);
}

static gboolean
write_cancelled (gpointer data)
{
  g_autoptr (GTask) task = g_object_ref (G_TASK (data));
  GudpxPort *self = g_task_get_source_object (task);

  if (!gudpx_backlog_cancel (gudpx_sender_get_backlog (&self->sender), task))
    return G_SOURCE_REMOVE;

  g_task_return_error_if_cancelled (task);
  gudpx_port_settle (self);
  return G_SOURCE_REMOVE;
}

/**
 * gudpx_port_write_async:
 * @self: a listening port
 * @bytes: the payload
 * @destination: (nullable): the address to send to; %NULL: the peer of a connected port
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async) (nullable): called when the kernel has accepted the datagram
 * @user_data: the data to pass to @callback
 *
 * Writes a datagram and completes when the kernel has accepted it.
 *
 * Use this function to wait in cases where [method@Gudpx.Port.write_bytes] fails because the send
 * queue is full: this function always finds room. The datagram is sent in order, immediately if the
 * queue is empty.
 *
 * Cancelling removes the datagram from the queue, if it is still there.
 *
 * Since: 1.0
 */
void
gudpx_port_write_async (GudpxPort *self,
                        GBytes *bytes,
                        GSocketAddress *destination,
                        GCancellable *cancellable,
                        GAsyncReadyCallback callback,
                        gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  GError *error = NULL;
  GOutputVector vector;
  GudpxNativeAddress native;
  GudpxOutgoing outgoing = { .vectors = &vector, .n_vectors = 1 };

  g_return_if_fail (GUDPX_IS_PORT (self));
  g_return_if_fail (gudpx_port_belongs_to_this_thread (self));
  g_return_if_fail (bytes != NULL);
  g_return_if_fail (destination == NULL || G_IS_SOCKET_ADDRESS (destination));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, gudpx_port_write_async);
  g_task_set_check_cancellable (task, FALSE);
  if (g_task_return_error_if_cancelled (task))
    return;

  vector.buffer = g_bytes_get_data (bytes, &vector.size);
  if (!gudpx_port_check_listening (self, "write", &error) ||
      !gudpx_port_resolve_destination (self, destination, &native, &outgoing.destination, &error) ||
      !check_size (self, &outgoing, vector.size, &error))
    {
      g_task_return_error (task, error);
      return;
    }

  gudpx_port_watch_cancellation (self, task, write_cancelled);
  gudpx_sender_write_with_task (&self->sender, self->link, &outgoing, get_when (self), bytes, task);
  gudpx_port_settle (self);
}

/**
 * gudpx_port_write_finish:
 * @self: the port
 * @result: the result that the callback received
 * @error: return location for an error
 *
 * Finishes [method@Gudpx.Port.write_async]. Fails with the errors of [method@Gudpx.Port.write_to],
 * with %G_IO_ERROR_CLOSED if the port was stopped before the datagram was sent, and with
 * %G_IO_ERROR_CANCELLED.
 *
 * Returns: %TRUE if the kernel accepted the datagram
 *
 * Since: 1.0
 */
gboolean
gudpx_port_write_finish (GudpxPort *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (GUDPX_IS_PORT (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static gboolean
flush_cancelled (gpointer data)
{
  g_autoptr (GTask) task = g_object_ref (G_TASK (data));
  GudpxPort *self = g_task_get_source_object (task);

  if (gudpx_backlog_cancel_flush (gudpx_sender_get_backlog (&self->sender), task))
    g_task_return_error_if_cancelled (task);
  return G_SOURCE_REMOVE;
}

/**
 * gudpx_port_flush_async:
 * @self: a listening port
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async) (nullable): called when the queue is flushed
 * @user_data: the data to pass to @callback
 *
 * Waits until the kernel has accepted or rejected all datagrams that were written before this call.
 * Cancelling ends only the wait.
 *
 * Since: 1.0
 */
void
gudpx_port_flush_async (GudpxPort *self,
                        GCancellable *cancellable,
                        GAsyncReadyCallback callback,
                        gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  GError *error = NULL;

  g_return_if_fail (GUDPX_IS_PORT (self));
  g_return_if_fail (gudpx_port_belongs_to_this_thread (self));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, gudpx_port_flush_async);
  g_task_set_check_cancellable (task, FALSE);
  if (g_task_return_error_if_cancelled (task))
    return;
  if (!gudpx_port_check_listening (self, "flush", &error))
    {
      g_task_return_error (task, error);
      return;
    }

  gudpx_backlog_add_flush_task (gudpx_sender_get_backlog (&self->sender), task);
  gudpx_port_watch_cancellation (self, task, flush_cancelled);
  gudpx_port_settle (self);
}

/**
 * gudpx_port_flush_finish:
 * @self: the port
 * @result: the result that the callback received
 * @error: return location for an error
 *
 * Finishes [method@Gudpx.Port.flush_async]. Fails with %G_IO_ERROR_CLOSED if the port was stopped
 * first, and with %G_IO_ERROR_CANCELLED.
 *
 * Returns: %TRUE if the queue was flushed
 *
 * Since: 1.0
 */
gboolean
gudpx_port_flush_finish (GudpxPort *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (GUDPX_IS_PORT (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
