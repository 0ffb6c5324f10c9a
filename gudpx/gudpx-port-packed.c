/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The way of whole batches, packed, for languages to whom each call costs more than a datagram. */

#include <string.h>

#include "gudpx-datagram-protocol-private.h"
#include "gudpx-gjs-private.h"
#include "gudpx-port-private.h"

#define MIN_OFFER_DELAY 1  /* ms */
#define MAX_OFFER_DELAY 16 /* ms */
/* Datagrams of one call, if they are cheap. */
#define MAX_PACKED 1024

/* What the index has of each datagram. */
typedef struct
{
  guint32 size;
  guint32 peer;
} Entry;

static Entry
get_entry (const guint8 *index, gsize i)
{
  Entry entry;

  memcpy (&entry, index + i * sizeof entry, sizeof entry);
  return entry;
}

/* Counts what was packed and is not to be delivered. */
void
gudpx_port_drop_packed (GudpxPort *self)
{
  if (self->packed_index != NULL)
    self->statistics.receive_drops += self->packed_index->len / sizeof (Entry);
  g_clear_pointer (&self->packed_payloads, g_byte_array_unref);
  g_clear_pointer (&self->packed_index, g_byte_array_unref);
  self->offer_delay = 0;
}

/* Nothing that waits has numbers of before: it would have been offered first. */
static GudpxPeers *
get_peers (GudpxPort *self)
{
  if (self->peers == NULL)
    self->peers = gudpx_peers_new ();
  else if (gudpx_peers_is_full (self->peers))
    gudpx_peers_clear (self->peers);
  return self->peers;
}

static void
add_packed (GudpxPort *self, const guint8 *payload, gsize size, guint32 peer)
{
  const Entry entry = { size, peer };

  g_byte_array_append (self->packed_payloads, payload, size);
  g_byte_array_append (self->packed_index, (const guint8 *) &entry, sizeof entry);
}

/* Goes through what was read as gudpx_port_take_segment() has it, and releases it. */
static void
pack_batch (GudpxPort *self)
{
  const guint limit = MIN (self->batch_limit, MAX_PACKED);
  GudpxPeers *peers = get_peers (self);
  GudpxSegment segment;

  self->packed_payloads = g_byte_array_new ();
  self->packed_index = g_byte_array_new ();
  for (guint n = 0; n < limit && !self->budget.is_spent &&
                    gudpx_port_peek_segment (self, &segment);
       n++)
    {
      const GudpxNativeAddress *sender = &segment.incoming->sender;

      gudpx_budget_take (&self->budget, segment.kept_size);
      if (gudpx_port_hears (self, sender))
        add_packed (self, segment.payload, segment.kept_size,
                    gudpx_peers_get_number (peers, sender));
      else
        self->statistics.receive_drops++;
      gudpx_port_take_segment (self, &segment);
    }
}

/* The port was connected while they waited. */
static void
drop_strangers (GudpxPort *self)
{
  g_autoptr (GByteArray) payloads = g_steal_pointer (&self->packed_payloads);
  g_autoptr (GByteArray) index = g_steal_pointer (&self->packed_index);
  gsize offset = 0;

  self->packed_payloads = g_byte_array_new ();
  self->packed_index = g_byte_array_new ();
  for (gsize i = 0; i < index->len / sizeof (Entry); i++)
    {
      Entry entry = get_entry (index->data, i);

      if (gudpx_port_hears (self, gudpx_peers_get_native (self->peers, entry.peer)))
        add_packed (self, payloads->data + offset, entry.size, entry.peer);
      else
        self->statistics.receive_drops++;
      offset += entry.size;
    }
}

/* Takes the first @n of them away. */
static void
remove_taken (GByteArray *payloads, GByteArray *index, gsize n)
{
  gsize size = 0;

  for (gsize i = 0; i < n; i++)
    size += get_entry (index->data, i).size;
  if (size > 0)
    g_byte_array_remove_range (payloads, 0, size);
  if (n > 0)
    g_byte_array_remove_range (index, 0, n * sizeof (Entry));
}

/* They come before what was left over meanwhile, in a main loop of a handler. */
static void
keep_rest (GudpxPort *self, GByteArray *payloads, GByteArray *index)
{
  if (self->packed_index != NULL)
    {
      g_byte_array_append (payloads, self->packed_payloads->data, self->packed_payloads->len);
      g_byte_array_append (index, self->packed_index->data, self->packed_index->len);
      g_byte_array_unref (self->packed_payloads);
      g_byte_array_unref (self->packed_index);
    }
  self->packed_payloads = g_byte_array_ref (payloads);
  self->packed_index = g_byte_array_ref (index);
}

static guint
call_protocol (GudpxPort *self, const GByteArray *payloads, const GByteArray *index)
{
  const guint8 *nothing = (const guint8 *) "";
  guint n_taken;

  self->packed_depth++;
  n_taken = gudpx_datagram_protocol_receive_packed (
      self->protocol, self, payloads != NULL && payloads->len > 0 ? payloads->data : nothing,
      payloads != NULL ? payloads->len : 0, index != NULL ? index->data : nothing,
      index != NULL ? index->len : 0);
  self->packed_depth--;
  self->drained_depth = MIN (self->drained_depth, self->packed_depth);
  return n_taken;
}

/* It took nothing, so it cannot at the moment: it is asked again after a while. JavaScript, which
 * runs in the default main context alone, can as soon as its collection is over. */
static void
offer_later (GudpxPort *self)
{
  self->offer_delay = CLAMP (self->offer_delay * 2, MIN_OFFER_DELAY, MAX_OFFER_DELAY);
  self->resume_time = self->budget.now + self->offer_delay * G_TIME_SPAN_MILLISECOND;
  if (gudpx_watch_get_context (&self->watch) == g_main_context_default ())
    gudpx_gjs_collect_garbage ();
}

/* Delivers what waits, or else what was read. */
void
gudpx_port_deliver_packed (GudpxPort *self)
{
  const guint epoch = gudpx_gate_get_epoch (&self->gate);
  const gint64 start = self->budget.now;
  g_autoptr (GByteArray) payloads = NULL;
  g_autoptr (GByteArray) index = NULL;
  guint n;
  guint n_taken;

  if (self->packed_index == NULL)
    pack_batch (self);
  else if (gudpx_link_has_peer (self->link))
    drop_strangers (self);
  payloads = g_steal_pointer (&self->packed_payloads);
  index = g_steal_pointer (&self->packed_index);
  n = index->len / sizeof (Entry);
  if (n == 0)
    return;

  n_taken = call_protocol (self, payloads, index);
  n_taken = MIN (n_taken, n);
  gudpx_budget_look (&self->budget);
  if (n_taken > 0)
    {
      self->offer_delay = 0;
      gudpx_port_learn_batch_limit (self, n_taken, self->budget.now - start, MAX_PACKED);
    }
  if (n_taken == n)
    return;
  if (!gudpx_gate_listens (&self->gate, epoch))
    {
      self->statistics.receive_drops += n - n_taken;
      return;
    }

  remove_taken (payloads, index, n_taken);
  keep_rest (self, payloads, index);
  if (n_taken == 0 && gudpx_gate_is_reading (&self->gate))
    offer_later (self);
}

/* A handler runs a main loop while more of its batch waits. */
gboolean
gudpx_port_is_held_up (GudpxPort *self)
{
  return self->packed_depth > self->drained_depth;
}

/* Has the protocol go on with it from there. */
void
gudpx_port_drain_packed (GudpxPort *self)
{
  self->drained_depth = self->packed_depth;
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

  return self->peers != NULL ? gudpx_peers_get_address (self->peers, number) : NULL;
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

  if (self->peers != NULL)
    native = gudpx_peers_get_native (self->peers, number);
  if (native != NULL)
    host = gudpx_native_address_dup_host (native);
  if (host != NULL && port_number != NULL)
    *port_number = gudpx_native_address_get_port (native);
  return g_steal_pointer (&host);
}

static gboolean
choose_peer (GudpxPort *self, guint32 number, const GudpxNativeAddress **destination, GError **error)
{
  const GudpxNativeAddress *native = NULL;

  *destination = NULL;
  if (number == 0)
    return gudpx_port_choose_destination (self, NULL, NULL, destination, error);

  if (self->peers != NULL)
    native = gudpx_peers_get_native (self->peers, number);
  if (native == NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "Cannot send to the peer %u: there is none of that number", number);
      return FALSE;
    }
  return gudpx_port_choose_native (self, native, destination, error);
}

static gboolean
check_index (gsize size, const guint8 *index, gsize index_size, GError **error)
{
  gsize total = 0;

  if (index_size % sizeof (Entry) != 0)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "An index of %" G_GSIZE_FORMAT " bytes does not have pairs alone", index_size);
      return FALSE;
    }
  for (gsize i = 0; i < index_size / sizeof (Entry); i++)
    total += get_entry (index, i).size;
  if (total == size)
    return TRUE;

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "The index has %" G_GSIZE_FORMAT " bytes, the payloads %" G_GSIZE_FORMAT, total, size);
  return FALSE;
}

static gboolean
queue_entry (GudpxPort *self, const guint8 *payload, const Entry *entry, GError **error)
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

  for (n = 0; n < index_size / sizeof (Entry); n++)
    {
      Entry entry = get_entry (index, n);

      if (!queue_entry (self, payloads + offset, &entry, &local_error))
        break;
      offset += entry.size;
    }
  return gudpx_port_finish_queueing (self, n, local_error, error);
}
