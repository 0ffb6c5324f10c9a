/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whole batches, packed, for languages in which a call costs more than a datagram. */

#include <string.h>

#include "gudpx-datagram-protocol-private.h"
#include "gudpx-gjs-private.h"
#include "gudpx-port-private.h"

/* Datagrams of one call, if they are cheap. */
#define MAX_PACKED 1024

static guint
call_protocol (GudpxPort *self, const GByteArray *payloads, const GByteArray *index)
{
  const guint8 *nothing = (const guint8 *) "";
  GudpxPacked *packed = gudpx_receiver_get_packed (&self->receiver);
  guint n_taken;

  gudpx_packed_begin_call (packed);
  n_taken = gudpx_datagram_protocol_receive_packed (
      self->protocol, self, payloads != NULL && payloads->len > 0 ? payloads->data : nothing,
      payloads != NULL ? payloads->len : 0, index != NULL ? index->data : nothing,
      index != NULL ? index->len : 0);
  gudpx_packed_end_call (packed);
  return n_taken;
}

/* Delivers again later, because the protocol took nothing: it cannot handle datagrams now.
 * JavaScript, which runs only in the default main context, can handle them after its garbage
 * collection. */
static void
redeliver_later (GudpxPort *self)
{
  gudpx_receiver_redeliver_later (&self->receiver, gudpx_budget_get_now (&self->budget));
  if (gudpx_watch_get_context (&self->watch) == g_main_context_default ())
    gudpx_gjs_collect_garbage ();
}

/* Notes that the protocol took @n_taken datagrams of a call that began at @start. */
static void
learn (GudpxPort *self, guint n_taken, gint64 start)
{
  gudpx_budget_look (&self->budget);
  if (n_taken == 0)
    return;

  gudpx_receiver_delivered (&self->receiver);
  gudpx_budget_learn (&self->budget, n_taken, gudpx_budget_get_now (&self->budget) - start,
                      MAX_PACKED);
}

/* Delivers packed datagrams that wait, or packs and delivers some of the batch. */
void
gudpx_port_deliver_packed (GudpxPort *self)
{
  const guint epoch = gudpx_gate_get_epoch (&self->gate);
  const gint64 start = gudpx_budget_get_now (&self->budget);
  const guint limit = MIN (gudpx_budget_get_call_limit (&self->budget), MAX_PACKED);
  GudpxPacked *packed = gudpx_receiver_get_packed (&self->receiver);
  g_autoptr (GByteArray) payloads = NULL;
  g_autoptr (GByteArray) index = NULL;
  guint n;
  guint n_taken;

  gudpx_receiver_pack (&self->receiver, self->link, self->config.max_packet_size, limit,
                       &self->budget);
  gudpx_packed_take (packed, &payloads, &index);
  n = index->len / sizeof (GudpxPackedEntry);
  if (n == 0)
    return;

  n_taken = call_protocol (self, payloads, index);
  n_taken = MIN (n_taken, n);
  learn (self, n_taken, start);
  if (n_taken == n)
    return;
  if (!gudpx_gate_listens (&self->gate, epoch))
    {
      self->statistics.receive_drops += n - n_taken;
      return;
    }

  gudpx_packed_keep (packed, payloads, index, n_taken);
  if (n_taken == 0 && gudpx_gate_is_reading (&self->gate))
    redeliver_later (self);
}

/* Makes the protocol continue with the rest of its batch, in the main loop of the handler. */
void
gudpx_port_resume_calls (GudpxPort *self)
{
  gudpx_packed_resume_calls (gudpx_receiver_get_packed (&self->receiver));
  call_protocol (self, NULL, NULL);
}

/**
 * gudpx_port_get_peer:
 * @self: a port
 * @number: the number of a peer
 *
 * Returns the address of a peer whose number [vfunc@Gudpx.DatagramProtocol.packed_received]
 * received.
 *
 * A port numbers its peers from 1, in the order of their first datagrams. 0 is a sender without a
 * name, such as an unbound UNIX socket.
 *
 * The numbers are valid until the port is stopped, or has received datagrams from 65536 peers. In
 * the latter case the port forgets all numbers and continues with new ones. It forgets them only
 * before a call of the virtual function, which may also happen in a main loop that a handler runs.
 * Old numbers are not used again, so data that you store under a number never belongs to another
 * peer.
 *
 * Returns: (transfer none) (nullable): the address; %NULL for 0 and for a number that is unknown or
 *   no longer valid
 *
 * Since: 1.0
 */
GSocketAddress *
gudpx_port_get_peer (GudpxPort *self, guint number)
{
  g_return_val_if_fail (GUDPX_IS_PORT (self), NULL);
  g_return_val_if_fail (gudpx_port_belongs_to_this_thread (self), NULL);

  return gudpx_packed_get_peer (gudpx_receiver_get_packed (&self->receiver), number);
}

/**
 * gudpx_port_dup_peer_host:
 * @self: a port
 * @number: the number of a peer
 * @port_number: (out) (optional): return location for the port number of the peer; 0 if %NULL is
 *   returned
 *
 * Returns the host of a peer in text form, such as `192.0.2.1` or `fe80::1%eth0`. This is the
 * address of [method@Gudpx.Port.get_peer], without creating an object.
 *
 * Returns: (transfer full) (nullable): the host; %NULL for the peer of a UNIX socket, for 0, and
 *   for a number that is unknown or no longer valid
 *
 * Since: 1.0
 */
char *
gudpx_port_dup_peer_host (GudpxPort *self, guint number, guint16 *port_number)
{
  const GudpxNativeAddress *native = NULL;
  g_autofree char *host = NULL;

  if (port_number != NULL)
    *port_number = 0;
  g_return_val_if_fail (GUDPX_IS_PORT (self), NULL);
  g_return_val_if_fail (gudpx_port_belongs_to_this_thread (self), NULL);

  native = gudpx_packed_get_native_peer (gudpx_receiver_get_packed (&self->receiver), number);
  if (native != NULL)
    host = gudpx_native_address_dup_host (native);
  if (host != NULL && port_number != NULL)
    *port_number = gudpx_native_address_get_port (native);
  return g_steal_pointer (&host);
}

static gboolean
choose_peer (GudpxPort *self,
             guint32 number,
             const GudpxNativeAddress **destination,
             GError **error)
{
  const GudpxNativeAddress *native = NULL;

  *destination = NULL;
  if (number == 0)
    return gudpx_port_resolve_destination (self, NULL, NULL, destination, error);

  native = gudpx_packed_get_native_peer (gudpx_receiver_get_packed (&self->receiver), number);
  if (native == NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "Cannot send to peer %u: unknown peer number", number);
      return FALSE;
    }
  return gudpx_port_check_reply_address (self, native, destination, error);
}

static gboolean
check_index (gsize size, const guint8 *index, gsize index_size, GError **error)
{
  gsize total = 0;

  if (index_size % sizeof (GudpxPackedEntry) != 0)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "Invalid index: %" G_GSIZE_FORMAT " bytes is not a multiple of 8", index_size);
      return FALSE;
    }
  for (gsize i = 0; i < index_size / sizeof (GudpxPackedEntry); i++)
    total += gudpx_packed_get_entry (index, i).size;
  if (total == size)
    return TRUE;

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "Invalid index: its sizes add up to %" G_GSIZE_FORMAT " bytes, but the payloads "
               "have %" G_GSIZE_FORMAT, total, size);
  return FALSE;
}

static gboolean
queue_entry (GudpxPort *self, const guint8 *payload, const GudpxPackedEntry *entry, GError **error)
{
  const GOutputVector vector = { payload, entry->size };
  GudpxOutgoing outgoing = { .vectors = &vector, .n_vectors = 1 };

  return choose_peer (self, entry->peer, &outgoing.destination, error) &&
         gudpx_port_queue (self, &outgoing, error);
}

/**
 * gudpx_port_write_packed:
 * @self: a listening port
 * @payloads: (array length=payloads_size) (element-type guint8) (nullable): the payloads, joined
 * @payloads_size: the size of all payloads, in bytes
 * @index: (array length=index_size) (element-type guint8) (nullable): for each datagram its size
 *   and the number of the peer to send it to, two 32-bit numbers in the byte order of the machine;
 *   the number 0 is the peer of a connected port
 * @index_size: the size of the index in bytes, 8 for each datagram
 * @error: return location for an error
 *
 * Writes several datagrams in one call, in order, also from a handler. The format is that of
 * [vfunc@Gudpx.DatagramProtocol.packed_received]. Use this function from languages in which a call
 * is more expensive than a datagram.
 *
 * Stops at the first datagram that is not accepted. If no datagram was accepted before it, the call
 * fails with its error. Otherwise no error is set: call again with the remaining datagrams to get
 * it.
 *
 * Fails with the errors of [method@Gudpx.Port.write_to], and with %G_IO_ERROR_INVALID_ARGUMENT if
 * [method@Gudpx.Port.get_peer] does not know a number, or if the index does not match the payloads.
 *
 * Returns: the number of datagrams that were sent or queued; -1 with an error if there are none
 *
 * Since: 1.0
 */
gssize
gudpx_port_write_packed (GudpxPort *self,
                         const guint8 *payloads,
                         gsize payloads_size,
                         const guint8 *index,
                         gsize index_size,
                         GError **error)
{
  GError *local_error = NULL;
  gsize offset = 0;
  gsize n;

  g_return_val_if_fail (GUDPX_IS_PORT (self), -1);
  g_return_val_if_fail (gudpx_port_belongs_to_this_thread (self), -1);
  g_return_val_if_fail (payloads != NULL || payloads_size == 0, -1);
  g_return_val_if_fail (index != NULL || index_size == 0, -1);

  if (!gudpx_port_check_listening (self, "write", error) ||
      !check_index (payloads_size, index, index_size, error))
    return -1;

  for (n = 0; n < index_size / sizeof (GudpxPackedEntry); n++)
    {
      GudpxPackedEntry entry = gudpx_packed_get_entry (index, n);

      if (!queue_entry (self, payloads + offset, &entry, &local_error))
        break;
      offset += entry.size;
    }
  return gudpx_port_finish_queueing (self, n, local_error, error);
}
