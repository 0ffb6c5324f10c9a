/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The way of a datagram from the application to the kernel. */

#include "gudpx-datagram-private.h"
#include "gudpx-datagram-protocol-private.h"
#include "gudpx-port-private.h"

/* What fits behind the headers of a packet of 65535 bytes: RFC 768, RFC 791, RFC 8200. */
#define MAX_IPV4_PAYLOAD (65535 - 20 - 8)
#define MAX_IPV6_PAYLOAD (65535 - 8)

/* IOV_MAX of every system is this or more. */
#define MAX_VECTORS 16

#define MAX_KEPT_ERRORS 64

#define MIN_RETRY_DELAY 1  /* ms */
#define MAX_RETRY_DELAY 64 /* ms */

/* What became of a queued datagram. The application hears it from the main loop, never from the
 * midst of a call of its own. */
typedef struct
{
  GTask *task; /* NULL: nobody asked */
  GError *error;
  GSocketAddress *destination;
} Outcome;

static void
outcome_free (Outcome *self)
{
  g_clear_object (&self->task);
  g_clear_error (&self->error);
  g_clear_object (&self->destination);
  g_free (self);
}

static void
add_outcome (GudpxPort *self, GTask *task, GError *error, GSocketAddress *destination)
{
  Outcome *outcome = g_new0 (Outcome, 1);

  g_set_object (&outcome->task, task);
  outcome->error = error;
  g_set_object (&outcome->destination, destination);
  g_queue_push_tail (&self->outcomes, outcome);
  gudpx_port_wake (self);
}

static void
answer (Outcome *outcome)
{
  if (outcome->error != NULL)
    g_task_return_error (outcome->task, g_steal_pointer (&outcome->error));
  else
    g_task_return_boolean (outcome->task, TRUE);
}

static gboolean
is_flushed (GudpxPort *self, GTask *task)
{
  const guint64 *serial = g_task_get_task_data (task);
  const GudpxQueuedDatagram *first = g_queue_peek_head (&self->queue.entries);

  return first == NULL || first->serial > *serial;
}

static void
answer_flushes (GudpxPort *self)
{
  while (!g_queue_is_empty (&self->flush_tasks) &&
         is_flushed (self, g_queue_peek_head (&self->flush_tasks)))
    {
      g_autoptr (GTask) task = g_queue_pop_head (&self->flush_tasks);

      g_task_return_boolean (task, TRUE);
    }
}

static GSocketAddress *
get_destination_object (GudpxPort *self, const GudpxNativeAddress *destination)
{
  if (destination != NULL && destination->length > 0)
    return gudpx_native_address_to_object (destination);

  return self->peer_address != NULL ? g_object_ref (self->peer_address) : NULL;
}

/* What the network has said so far is of the peer that the port has now. */
void
gudpx_port_keep_errors (GudpxPort *self)
{
  GudpxIoError io_error;

  for (guint n = 0; n < MAX_KEPT_ERRORS && self->io->funcs->take_error (self->io, &io_error); n++)
    {
      GError *error = NULL;
      g_autoptr (GSocketAddress) destination =
          get_destination_object (self, io_error.destination.length > 0 ? &io_error.destination
                                                                        : NULL);
      g_autofree char *description = gudpx_address_describe (destination);

      gudpx_port_count_error (self, io_error.errsv);
      gudpx_set_error_errno (&error, io_error.errsv, "%s", description);
      add_outcome (self, NULL, error, destination);
    }
}

/* Tells what became of queued datagrams, as long as the port is not stopped by that. */
void
gudpx_port_report_outcomes (GudpxPort *self)
{
  const guint epoch = self->epoch;

  /* What they cause is for the next time. */
  for (guint n = self->outcomes.length;
       n > 0 && self->epoch == epoch && !g_queue_is_empty (&self->outcomes); n--)
    {
      Outcome *outcome = g_queue_pop_head (&self->outcomes);

      if (outcome->task != NULL)
        answer (outcome);
      else
        gudpx_datagram_protocol_report (self->protocol, self, outcome->error,
                                        outcome->destination);
      outcome_free (outcome);
    }
  if (self->epoch == epoch)
    answer_flushes (self);
}

/* The queue has grown. */
static void
queue_grew (GudpxPort *self)
{
  self->statistics.send_queue_peak = MAX (self->statistics.send_queue_peak, self->queue.size);
  if (self->queue.size > gudpx_send_queue_high_mark (&self->queue))
    self->owes_writable = TRUE;
}

void
gudpx_port_notify_queue (GudpxPort *self)
{
  if (self->queue.size == self->notified_queue_size)
    return;

  self->notified_queue_size = self->queue.size;
  gudpx_port_notify (self, GUDPX_PORT_PROP_SEND_QUEUE_SIZE);
}

static gboolean
is_for_now (int errsv)
{
  return errsv == EAGAIN || errsv == ENOBUFS || errsv == ENOMEM;
}

/* The kernel has no room. The socket tells when it has; where it would say so at once and falsely,
 * a timer does: ENOBUFS, and a UNIX peer that does not read. */
static void
wait_for_room (GudpxPort *self, int errsv, gboolean was_writable)
{
  gboolean by_timer = was_writable || self->waited_in_vain || self->retry_delay > 0 ||
                      errsv == ENOBUFS || errsv == ENOMEM;

  self->waits_for_writable = TRUE;
  /* Of a joined run the kernel drops what has no room, and says nothing. */
  self->io->coalesces = FALSE;
  if (by_timer)
    {
      self->retry_delay = CLAMP (self->retry_delay * 2, MIN_RETRY_DELAY, MAX_RETRY_DELAY);
      self->retry_time = g_get_monotonic_time () + self->retry_delay * G_TIME_SPAN_MILLISECOND;
      gudpx_port_rearm (self);
    }
  gudpx_port_update_source (self);
}

static void
room_was_found (GudpxPort *self)
{
  self->waited_in_vain = FALSE;
  self->retry_delay = 0;
}

static GError *
make_send_error (GudpxPort *self, int errsv, gsize size, GSocketAddress *destination)
{
  g_autofree char *description = gudpx_address_describe (destination);
  GError *error = NULL;

  if (errsv == EMSGSIZE && g_socket_get_family (self->socket) == G_SOCKET_FAMILY_UNIX)
    gudpx_set_error_errno (&error, errsv,
                           "Cannot send %" G_GSIZE_FORMAT " bytes to %s, with a send buffer of %u",
                           size, description, gudpx_port_get_send_buffer_size (self));
  else if (errsv == EMSGSIZE && gudpx_port_get_path_mtu (self) > 0)
    gudpx_set_error_errno (&error, errsv,
                           "Cannot send %" G_GSIZE_FORMAT " bytes to %s, with a path MTU of %u", size,
                           description, gudpx_port_get_path_mtu (self));
  else
    gudpx_set_error_errno (&error, errsv, "Cannot send %" G_GSIZE_FORMAT " bytes to %s", size,
                           description);
  return error;
}

static void
count_sent (GudpxPort *self, gsize size)
{
  self->statistics.datagrams_sent++;
  self->statistics.bytes_sent += size;
}

static void
first_was_sent (GudpxPort *self)
{
  GudpxQueuedDatagram *entry = gudpx_send_queue_pop (&self->queue);

  count_sent (self, entry->vector.size);
  if (entry->task != NULL)
    add_outcome (self, entry->task, NULL, NULL);
  gudpx_send_queue_recycle (&self->queue, entry);
}

static void
first_was_refused (GudpxPort *self, int errsv)
{
  g_autoptr (GudpxQueuedDatagram) entry = gudpx_send_queue_pop (&self->queue);
  g_autoptr (GSocketAddress) destination = get_destination_object (self, &entry->destination);

  self->statistics.errors++;
  add_outcome (self, entry->task, make_send_error (self, errsv, entry->vector.size, destination),
               destination);
}

/* Sends what is queued, until the kernel has no room. */
void
gudpx_port_flush (GudpxPort *self, gboolean was_writable)
{
  GudpxOutgoing outgoing[GUDPX_IO_SEND_BATCH];
  guint n;

  self->waits_for_writable = FALSE;
  if (was_writable)
    self->waited_in_vain = TRUE;
  while (!self->waits_for_writable &&
         (n = gudpx_send_queue_peek (&self->queue, outgoing, GUDPX_IO_SEND_BATCH)) > 0)
    {
      int errsv = 0;
      guint n_sent = self->io->funcs->send (self->io, outgoing, n, &errsv);

      for (guint i = 0; i < n_sent; i++)
        first_was_sent (self);
      if (n_sent > 0)
        {
          was_writable = FALSE;
          room_was_found (self);
        }
      if (n_sent < n && is_for_now (errsv))
        wait_for_room (self, errsv, was_writable);
      else if (n_sent < n)
        first_was_refused (self, errsv);
    }

  if (!self->waits_for_writable)
    self->io->coalesces = self->coalesce_writes;
  gudpx_port_update_source (self);

  /* A dispatch looks after itself at its end. */
  if (self->dispatch_depth == 0 &&
      (self->io->absorbed_errsv != 0 || !g_queue_is_empty (&self->flush_tasks) || self->owes_writable))
    gudpx_port_wake (self);
}

typedef enum
{
  SENT,
  FAILED,
  NO_ROOM,
} SendResult;

static SendResult
send_directly (GudpxPort *self, const GudpxOutgoing *outgoing, GError **error)
{
  int errsv = 0;
  g_autoptr (GSocketAddress) destination = NULL;

  if (self->io->funcs->send (self->io, outgoing, 1, &errsv) == 1)
    {
      count_sent (self, gudpx_outgoing_get_size (outgoing));
      room_was_found (self);
      if (self->io->absorbed_errsv != 0)
        gudpx_port_wake (self);
      return SENT;
    }
  if (is_for_now (errsv))
    {
      wait_for_room (self, errsv, FALSE);
      return NO_ROOM;
    }

  self->statistics.errors++;
  destination = get_destination_object (self, outgoing->destination);
  g_propagate_error (error, make_send_error (self, errsv, gudpx_outgoing_get_size (outgoing),
                                             destination));
  return FAILED;
}

static gboolean
check_size (GudpxPort *self, const GudpxOutgoing *outgoing, GError **error)
{
  const GudpxNativeAddress *destination =
      outgoing->destination != NULL ? outgoing->destination : &self->peer;
  gsize size = gudpx_outgoing_get_size (outgoing);
  gsize limit;
  g_autoptr (GSocketAddress) object = NULL;
  g_autofree char *description = NULL;

  if (destination->u.any.sa_family == AF_UNIX)
    return TRUE;
  limit = gudpx_native_address_is_ipv4 (destination) ? MAX_IPV4_PAYLOAD : MAX_IPV6_PAYLOAD;
  if (size <= limit)
    return TRUE;

  object = gudpx_native_address_to_object (destination);
  description = gudpx_address_describe (object);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE,
               "Cannot send %" G_GSIZE_FORMAT " bytes to %s: a datagram takes %" G_GSIZE_FORMAT
               " at most",
               size, description, limit);
  return FALSE;
}

/* Drops those that have waited longest, until there is room for @size bytes, and nobody was promised
 * an answer. */
static gboolean
drop_oldest (GudpxPort *self, gsize size)
{
  GudpxQueuedDatagram *entry;

  while (!gudpx_send_queue_has_room (&self->queue, size) &&
         (entry = gudpx_send_queue_remove (&self->queue, NULL)) != NULL)
    {
      self->statistics.send_queue_drops++;
      self->statistics.queue_dropped_oldest++;
      gudpx_send_queue_recycle (&self->queue, entry);
    }
  return gudpx_send_queue_has_room (&self->queue, size);
}

static void
set_queue_full (GudpxPort *self, GError **error)
{
  self->owes_writable = TRUE;
  self->statistics.send_queue_drops++;
  self->statistics.queue_refusals++;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK,
               "The send queue is full: it has %" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT " bytes",
               self->queue.size, self->queue.limit);
}

/* By the port's policy. FALSE: there is none, and the datagram was refused or dropped. */
static gboolean
make_room (GudpxPort *self, gsize size, gboolean *is_dropped, GError **error)
{
  *is_dropped = FALSE;
  if (gudpx_send_queue_has_room (&self->queue, size))
    return TRUE;

  switch (self->send_queue_policy)
    {
    case GUDPX_QUEUE_POLICY_DROP_OLDEST:
      if (drop_oldest (self, size))
        return TRUE;
      break;
    case GUDPX_QUEUE_POLICY_DROP_NEWEST:
      self->statistics.send_queue_drops++;
      self->statistics.queue_dropped_newest++;
      *is_dropped = TRUE;
      return FALSE;
    case GUDPX_QUEUE_POLICY_REFUSE:
    default:
      break;
    }
  set_queue_full (self, error);
  return FALSE;
}

/* Sends a datagram whose destination is right, or queues it. */
gboolean
gudpx_port_send (GudpxPort *self, const GudpxOutgoing *outgoing, GError **error)
{
  gsize size = gudpx_outgoing_get_size (outgoing);
  gboolean is_dropped;

  if (!check_size (self, outgoing, error))
    return FALSE;

  if (!self->waits_for_writable && !gudpx_send_queue_has_room (&self->queue, size))
    gudpx_port_flush (self, FALSE);
  if (!self->waits_for_writable && gudpx_send_queue_is_empty (&self->queue) &&
      (self->dispatch_depth == 0 || !gudpx_send_queue_has_room (&self->queue, size)))
    {
      SendResult result = send_directly (self, outgoing, error);

      if (result != NO_ROOM)
        return result == SENT;
    }

  if (!make_room (self, size, &is_dropped, error))
    return is_dropped;
  gudpx_send_queue_push (&self->queue, outgoing);
  queue_grew (self);

  if (self->dispatch_depth > 0 && !self->waits_for_writable &&
      self->queue.entries.length >= GUDPX_IO_SEND_BATCH)
    gudpx_port_flush (self, FALSE);
  return TRUE;
}

/* Whoever is told of the queue may do anything to the port; a dispatch tells at its end. */
static void
end_call (GudpxPort *self)
{
  if (self->dispatch_depth == 0)
    gudpx_port_notify_queue (self);
}

static gboolean
send_and_notify (GudpxPort *self, const GudpxOutgoing *outgoing, GError **error)
{
  gboolean is_taken = gudpx_port_send (self, outgoing, error);

  end_call (self);
  return is_taken;
}

/* @address as the port's socket can name it; an error, if it cannot. */
gboolean
gudpx_port_fit_address (GudpxPort *self,
                        GSocketAddress *address,
                        GudpxNativeAddress *native,
                        GError **error)
{
  GSocketFamily family = gudpx_native_address_get_family (&self->bound);
  g_autofree char *description = NULL;
  g_autofree char *port_description = NULL;
  gboolean fits;

  if (!gudpx_address_to_native (address, native, error))
    return FALSE;

  if (family == G_SOCKET_FAMILY_IPV6 && gudpx_native_address_is_ipv4 (native))
    fits = !self->ipv6_only && (gudpx_native_address_is_any (&self->bound) ||
                                gudpx_native_address_is_ipv4 (&self->bound));
  else if (family == G_SOCKET_FAMILY_IPV6)
    fits = !gudpx_native_address_is_ipv4 (&self->bound);
  else
    fits = TRUE;
  if (fits && gudpx_native_address_convert (native, family))
    return TRUE;

  description = gudpx_address_describe (address);
  port_description = gudpx_port_describe (self);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "The port %s cannot reach %s: it is of another address family", port_description,
               description);
  return FALSE;
}

static char *
describe_native (const GudpxNativeAddress *native)
{
  g_autoptr (GSocketAddress) address = gudpx_native_address_to_object (native);

  return gudpx_address_describe (address);
}

static gboolean
check_is_peer (GudpxPort *self, const GudpxNativeAddress *native, GError **error)
{
  g_autofree char *description = NULL;
  g_autofree char *peer = NULL;

  if (gudpx_native_address_equal (native, &self->peer))
    return TRUE;

  description = describe_native (native);
  peer = gudpx_address_describe (self->peer_address);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "Cannot send to %s: the port is connected to %s", description, peer);
  return FALSE;
}

/* Whether a datagram can be sent there at all. */
gboolean
gudpx_port_check_destination (GudpxPort *self, const GudpxNativeAddress *native, GError **error)
{
  g_autofree char *description = NULL;

  if (native->u.any.sa_family == AF_UNIX)
    return TRUE;

  if (gudpx_native_address_get_port (native) == 0)
    {
      description = describe_native (native);
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "Cannot send to %s: 0 is no port number", description);
      return FALSE;
    }
  if (gudpx_native_address_is_broadcast (native) && !gudpx_port_get_broadcast_allowed (self))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
                           "Cannot send to the broadcast address: broadcast-allowed is not set");
      return FALSE;
    }
  return TRUE;
}

/* Where a datagram to @address goes: @destination is @native, or NULL for the peer. */
gboolean
gudpx_port_choose_destination (GudpxPort *self,
                               GSocketAddress *address,
                               GudpxNativeAddress *native,
                               const GudpxNativeAddress **destination,
                               GError **error)
{
  *destination = NULL;
  if (address == NULL && self->peer.length == 0)
    {
      g_set_error_literal (error, G_IO_ERROR, GUDPX_IO_ERROR_DESTINATION_UNSET,
                           "Cannot send without a destination: the port is not connected");
      return FALSE;
    }
  if (address == NULL)
    return TRUE;

  if (!gudpx_port_fit_address (self, address, native, error))
    return FALSE;
  if (self->peer.length > 0)
    return check_is_peer (self, native, error);

  *destination = native;
  return gudpx_port_check_destination (self, native, error);
}

/* To a sender whose native address came by the port's own socket. */
gboolean
gudpx_port_reply (GudpxPort *self,
                  const GOutputVector *vector,
                  const GudpxNativeAddress *native,
                  const GudpxAncillary *ancillary,
                  GError **error)
{
  GudpxOutgoing outgoing = { vector, 1, NULL, ancillary };

  return gudpx_port_choose_native (self, native, &outgoing.destination, error) &&
         send_and_notify (self, &outgoing, error);
}

/* Of an IP literal, or Twisted's name for the broadcast address. */
GSocketAddress *
gudpx_port_parse_host (const char *host, guint16 port, GError **error)
{
  return gudpx_address_parse (g_str_equal (host, "<broadcast>") ? "255.255.255.255" : host, port,
                              error);
}

/* To an address that came by the port's own socket. */
gboolean
gudpx_port_choose_native (GudpxPort *self,
                          const GudpxNativeAddress *native,
                          const GudpxNativeAddress **destination,
                          GError **error)
{
  const gboolean is_connected = self->peer.length > 0;

  *destination = is_connected ? NULL : native;
  return is_connected ? check_is_peer (self, native, error)
                      : gudpx_port_check_destination (self, native, error);
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
         gudpx_port_choose_destination (self, address, &native, &outgoing.destination, error) &&
         send_and_notify (self, &outgoing, error);
}

/**
 * gudpx_port_write:
 * @self: a connected port
 * @data: (array length=size) (element-type guint8) (nullable): the payload
 * @size: how many bytes; 0 sends an empty datagram
 * @error: return location for an error
 *
 * Writes a datagram to the port's peer. The errors are those of [method@Gudpx.Port.write_to];
 * %G_IO_ERROR_DESTINATION_UNSET, if the port is not connected.
 *
 * Returns: whether the datagram was sent or queued
 *
 * Since: 1.0
 */
gboolean
gudpx_port_write (GudpxPort *self, const guint8 *data, gsize size, GError **error)
{
  const GOutputVector vector = { data, size };

  g_return_val_if_fail (GUDPX_IS_PORT (self), FALSE);
  g_return_val_if_fail (gudpx_port_is_mine (self), FALSE);
  g_return_val_if_fail (data != NULL || size == 0, FALSE);

  return write_vectors (self, &vector, 1, NULL, error);
}

/**
 * gudpx_port_write_to:
 * @self: a listening port
 * @data: (array length=size) (element-type guint8) (nullable): the payload
 * @size: how many bytes; 0 sends an empty datagram
 * @destination: where to; on a connected port the peer and nothing else
 * @error: return location for an error
 *
 * Writes a datagram. It leaves at once; from a handler of the port, when the batch that is being
 * delivered ends. What the kernel does not take now is queued, and sent in order when it does.
 *
 * No error of an earlier datagram, such as a refusal, fails this one. Its own are, in the domain
 * %G_IO_ERROR:
 *
 * - %G_IO_ERROR_MESSAGE_TOO_LARGE: more than 65507 bytes to IPv4, 65527 to IPv6, or than the send
 *   buffer of a UNIX socket or the path takes
 * - %G_IO_ERROR_WOULD_BLOCK: the send queue is full; the datagram was not taken
 * - %G_IO_ERROR_INVALID_ARGUMENT: another destination than the peer on a connected port; an address
 *   that the port cannot reach: IPv6 from an IPv4 port, IPv4 from one that is
 *   [property@Gudpx.Port:ipv6-only] or bound to one IPv6 address; port number 0
 * - %G_IO_ERROR_PERMISSION_DENIED: a broadcast address, without
 *   [property@Gudpx.Port:broadcast-allowed]; a firewall
 * - %G_IO_ERROR_CLOSED: the port is not listening
 * - what else the system has to say (`udp(7)`, `send(2)`), as %G_IO_ERROR_NETWORK_UNREACHABLE
 *
 * What only the kernel can tell of a datagram that was queued comes by
 * [signal@Gudpx.DatagramProtocol::error-received].
 *
 * Returns: whether the datagram was sent or queued
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
  g_return_val_if_fail (gudpx_port_is_mine (self), FALSE);
  g_return_val_if_fail (data != NULL || size == 0, FALSE);
  g_return_val_if_fail (G_IS_SOCKET_ADDRESS (destination), FALSE);

  return write_vectors (self, &vector, 1, destination, error);
}

/**
 * gudpx_port_write_to_host:
 * @self: a listening port
 * @data: (array length=size) (element-type guint8) (nullable): the payload
 * @size: how many bytes; 0 sends an empty datagram
 * @host: an IPv4 or IPv6 address, or `<broadcast>` for 255.255.255.255
 * @port: the port number, 1 to 65535
 * @error: return location for an error
 *
 * Writes a datagram to an address given as a string. The errors are those of
 * [method@Gudpx.Port.write_to]; a host name is %G_IO_ERROR_INVALID_ARGUMENT: resolve it first, with
 * [func@Gudpx.resolve_async].
 *
 * Returns: whether the datagram was sent or queued
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
  g_return_val_if_fail (gudpx_port_is_mine (self), FALSE);
  g_return_val_if_fail (data != NULL || size == 0, FALSE);
  g_return_val_if_fail (host != NULL, FALSE);

  address = gudpx_port_parse_host (host, port, error);
  return address != NULL && gudpx_port_write_to (self, data, size, address, error);
}

/**
 * gudpx_port_write_bytes:
 * @self: a listening port
 * @bytes: the payload
 * @destination: (nullable): where to; %NULL: to the peer of a connected port
 * @error: return location for an error
 *
 * Writes a datagram. The errors are those of [method@Gudpx.Port.write_to].
 *
 * Returns: whether the datagram was sent or queued
 *
 * Since: 1.0
 */
gboolean
gudpx_port_write_bytes (GudpxPort *self, GBytes *bytes, GSocketAddress *destination, GError **error)
{
  GOutputVector vector;

  g_return_val_if_fail (GUDPX_IS_PORT (self), FALSE);
  g_return_val_if_fail (gudpx_port_is_mine (self), FALSE);
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
          g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE,
                               "Cannot send more than 4 GiB in one datagram");
          return FALSE;
        }
      g_byte_array_append (joined, vectors[i].buffer, vectors[i].size);
    }
  return write_vectors (self, &(GOutputVector){ joined->data, joined->len }, 1, destination, error);
}

/**
 * gudpx_port_write_vectors: (skip)
 * @self: a listening port
 * @vectors: (array length=n_vectors): pieces of the payload
 * @n_vectors: how many
 * @destination: (nullable): where to; %NULL: to the peer of a connected port
 * @error: return location for an error
 *
 * Writes one datagram that is put together from pieces, Twisted's `writeSequence`. The errors are
 * those of [method@Gudpx.Port.write_to].
 *
 * Returns: whether the datagram was sent or queued
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
  g_return_val_if_fail (gudpx_port_is_mine (self), FALSE);
  g_return_val_if_fail (vectors != NULL || n_vectors == 0, FALSE);
  g_return_val_if_fail (destination == NULL || G_IS_SOCKET_ADDRESS (destination), FALSE);

  if (n_vectors <= MAX_VECTORS)
    return write_vectors (self, vectors, n_vectors, destination, error);
  return write_joined (self, vectors, n_vectors, destination, error);
}

/* Puts one datagram of several behind the others, whose destination is right. */
gboolean
gudpx_port_queue (GudpxPort *self, const GudpxOutgoing *outgoing, GError **error)
{
  gsize size = gudpx_outgoing_get_size (outgoing);

  if (!check_size (self, outgoing, error))
    return FALSE;

  if (!self->waits_for_writable && !gudpx_send_queue_has_room (&self->queue, size))
    gudpx_port_flush (self, FALSE);
  if (gudpx_send_queue_has_room (&self->queue, size))
    {
      gudpx_send_queue_push (&self->queue, outgoing);
      queue_grew (self);
      return TRUE;
    }
  /* What is larger than the queue goes past it. */
  return gudpx_port_send (self, outgoing, error);
}

static gboolean
queue_datagram (GudpxPort *self, GudpxDatagram *datagram, GError **error)
{
  GOutputVector vector;
  GudpxNativeAddress native;
  GudpxOutgoing outgoing = { .vectors = &vector, .n_vectors = 1 };

  vector.buffer = gudpx_datagram_get_payload (datagram, &vector.size);
  if (g_socket_get_family (self->socket) != G_SOCKET_FAMILY_UNIX)
    outgoing.ancillary = gudpx_datagram_get_ancillary (datagram);
  return gudpx_port_choose_destination (self, gudpx_datagram_get_destination (datagram), &native,
                                        &outgoing.destination, error) &&
         gudpx_port_queue (self, &outgoing, error);
}

/* Sends what was queued at once. How many were taken, as the callers are to be told. */
gssize
gudpx_port_finish_queueing (GudpxPort *self, gsize n_taken, GError *refusal, GError **error)
{
  g_autoptr (GError) local_error = refusal;

  if (!self->waits_for_writable)
    gudpx_port_flush (self, FALSE);
  end_call (self);

  if (n_taken > 0 || local_error == NULL)
    return n_taken;

  g_propagate_error (error, g_steal_pointer (&local_error));
  return -1;
}

/**
 * gudpx_port_write_datagrams:
 * @self: a listening port
 * @datagrams: (element-type GudpxDatagram): datagrams, each with its destination
 * @error: return location for an error
 *
 * Writes several datagrams at once, in order, also from a handler.
 *
 * Like `sendmmsg(2)` it ends at the first that is not taken: that error is set only if no datagram
 * was taken before it, so call again with the rest to see it. The errors are those of
 * [method@Gudpx.Port.write_to].
 *
 * Returns: how many were taken, sent or queued; -1 with an error, if it was none
 *
 * Since: 1.0
 */
gssize
gudpx_port_write_datagrams (GudpxPort *self, GPtrArray *datagrams, GError **error)
{
  GError *local_error = NULL;
  guint n;

  g_return_val_if_fail (GUDPX_IS_PORT (self), -1);
  g_return_val_if_fail (gudpx_port_is_mine (self), -1);
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
  g_autoptr (GudpxQueuedDatagram) entry = gudpx_send_queue_remove (&self->queue, task);

  if (entry == NULL)
    return G_SOURCE_REMOVE;

  gudpx_port_wake (self);
  g_task_return_error_if_cancelled (task);
  gudpx_port_notify_queue (self);
  return G_SOURCE_REMOVE;
}

/**
 * gudpx_port_write_async:
 * @self: a listening port
 * @bytes: the payload
 * @destination: (nullable): where to; %NULL: to the peer of a connected port
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async) (nullable): called when the kernel has taken the datagram
 * @user_data: for @callback
 *
 * Writes a datagram and tells when the kernel has taken it: for those who want to wait where
 * [method@Gudpx.Port.write_bytes] fails, for it always finds room in the send queue. It leaves in its
 * turn, and at once if the queue is empty.
 *
 * Cancelling takes it out of the queue, if it is still there.
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
  g_return_if_fail (gudpx_port_is_mine (self));
  g_return_if_fail (bytes != NULL);
  g_return_if_fail (destination == NULL || G_IS_SOCKET_ADDRESS (destination));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, gudpx_port_write_async);
  g_task_set_check_cancellable (task, FALSE);
  if (g_task_return_error_if_cancelled (task))
    return;

  vector.buffer = g_bytes_get_data (bytes, &vector.size);
  if (!gudpx_port_check_listening (self, "write", &error) ||
      !gudpx_port_choose_destination (self, destination, &native, &outgoing.destination, &error) ||
      !check_size (self, &outgoing, &error))
    {
      g_task_return_error (task, error);
      return;
    }

  gudpx_send_queue_push_bytes (&self->queue, &outgoing, bytes, task);
  gudpx_port_watch_cancellation (self, task, write_cancelled);
  queue_grew (self);
  if (self->dispatch_depth == 0 && !self->waits_for_writable)
    gudpx_port_flush (self, FALSE);
  end_call (self);
}

/**
 * gudpx_port_write_finish:
 * @self: the port
 * @result: the result
 * @error: return location for an error
 *
 * Finishes [method@Gudpx.Port.write_async]. The errors are those of [method@Gudpx.Port.write_to],
 * with %G_IO_ERROR_CLOSED if the port was stopped before the datagram left, and
 * %G_IO_ERROR_CANCELLED.
 *
 * Returns: whether the kernel took the datagram
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

  if (g_queue_remove (&self->flush_tasks, task))
    {
      g_task_return_error_if_cancelled (task);
      g_object_unref (task);
    }
  return G_SOURCE_REMOVE;
}

/**
 * gudpx_port_flush_async:
 * @self: a listening port
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async) (nullable): called when the queue is flushed
 * @user_data: for @callback
 *
 * Waits until the kernel has taken, or refused, all that was written before. Cancelling ends the
 * wait alone.
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
  g_return_if_fail (gudpx_port_is_mine (self));

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

  g_task_set_task_data (task, g_memdup2 (&self->queue.last_serial, sizeof (guint64)), g_free);
  g_queue_push_tail (&self->flush_tasks, g_object_ref (task));
  gudpx_port_watch_cancellation (self, task, flush_cancelled);
  gudpx_port_wake (self);
}

/**
 * gudpx_port_flush_finish:
 * @self: the port
 * @result: the result
 * @error: return location for an error
 *
 * Finishes [method@Gudpx.Port.flush_async]. The errors are %G_IO_ERROR_CLOSED, if the port was
 * stopped before, and %G_IO_ERROR_CANCELLED.
 *
 * Returns: whether the queue was flushed
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

static void
add_closed (GPtrArray *outcomes, GTask *task)
{
  Outcome *outcome = g_new0 (Outcome, 1);

  outcome->task = g_object_ref (task);
  g_set_error_literal (&outcome->error, G_IO_ERROR, G_IO_ERROR_CLOSED,
                       "The port was stopped before the kernel took the datagram");
  g_ptr_array_add (outcomes, outcome);
}

/* The port was stopped: what waited is dropped. Those who wait for it are to be answered by
 * gudpx_port_answer(), when the port is as they may find it. */
GPtrArray *
gudpx_port_drop_queue (GudpxPort *self)
{
  GPtrArray *outcomes = g_ptr_array_new_with_free_func ((GDestroyNotify) outcome_free);
  GudpxQueuedDatagram *entry;
  Outcome *outcome;

  self->waits_for_writable = FALSE;
  self->owes_writable = FALSE;
  room_was_found (self);

  while ((outcome = g_queue_pop_head (&self->outcomes)) != NULL)
    g_ptr_array_add (outcomes, outcome);
  while ((entry = gudpx_send_queue_pop (&self->queue)) != NULL)
    {
      self->statistics.send_queue_drops++;
      if (entry->task != NULL)
        add_closed (outcomes, entry->task);
      gudpx_queued_datagram_free (entry);
    }
  for (GList *l = self->flush_tasks.head; l != NULL; l = l->next)
    add_closed (outcomes, l->data);
  g_queue_clear_full (&self->flush_tasks, g_object_unref);
  gudpx_send_queue_trim (&self->queue);

  return outcomes;
}

/* Answers those who waited for what was dropped, and frees @outcomes. */
void
gudpx_port_answer (GPtrArray *outcomes)
{
  for (guint i = 0; i < outcomes->len; i++)
    {
      Outcome *outcome = outcomes->pdata[i];

      if (outcome->task != NULL)
        answer (outcome);
    }
  g_ptr_array_unref (outcomes);
}
