/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Hands received datagrams to the protocol, in the form that the protocol likes best. */

#include "gudpx-datagram-protocol-private.h"
#include "gudpx-port-private.h"

/* Datagrams of one call of datagrams_received. */
#define MAX_DATAGRAMS_PER_CALL GUDPX_DATAGRAM_POOL_SIZE

static GudpxDatagram *
make_datagram (GudpxPort *self, const GudpxSegment *segment)
{
  const guint64 serial = gudpx_receiver_get_message_serial (&self->receiver);
  GudpxDatagram *datagram = gudpx_datagram_pool_take (&self->pool);

  if (!gudpx_datagram_is_of_message (datagram, serial))
    gudpx_datagram_set_message (datagram, serial, &segment->incoming->sender,
                                &segment->incoming->ancillary, self->handle);
  gudpx_datagram_set_payload (datagram, segment->payload, segment->kept_size,
                              segment->original_size);
  return datagram;
}

/* Returns the next datagram of a batch that the protocol wants one by one after all. NULL if
 * there is none, or if none may be delivered. */
static GudpxDatagram *
take_from_inbox (GudpxPort *self)
{
  GudpxDatagram *datagram;

  while (gudpx_gate_delivers (&self->gate) &&
         (datagram = gudpx_receiver_pop_inbox (&self->receiver)) != NULL)
    {
      if (gudpx_receiver_accepts (self->link, gudpx_datagram_get_native_sender (datagram)))
        return datagram;
      self->statistics.receive_drops++;
      gudpx_datagram_pool_give (&self->pool, datagram);
    }
  return NULL;
}

/* Returns the next datagram that the protocol did not get yet. NULL if there is none, if none
 * may be delivered, or if the inbox comes first. */
static GudpxDatagram *
take_next (GudpxPort *self)
{
  GudpxDatagram *datagram;
  GudpxSegment segment;

  if (!gudpx_gate_delivers (&self->gate) || gudpx_receiver_has_inbox (&self->receiver) ||
      !gudpx_receiver_next (&self->receiver, self->link, self->config.max_packet_size, &segment))
    return NULL;

  datagram = make_datagram (self, &segment);
  gudpx_receiver_take (&self->receiver, self->link, &segment);
  return datagram;
}

/* Delivers the inbox, as far as the dispatch may. The budget has counted the bytes already, when
 * the datagrams left their batch. */
static void
deliver_inbox (GudpxPort *self)
{
  GudpxDatagram *datagram;

  while (!(gudpx_watch_is_dispatching (&self->watch) && gudpx_budget_is_spent (&self->budget)) &&
         (datagram = take_from_inbox (self)) != NULL)
    {
      gudpx_datagram_protocol_emit_datagram_received (
          self->protocol, datagram, gudpx_datagram_protocol_has_handlers (self->protocol));
      gudpx_budget_spend (&self->budget, 0);
      gudpx_datagram_pool_give (&self->pool, datagram);
    }
}

static void
deliver_singly (GudpxPort *self)
{
  gboolean has_handlers = FALSE;
  guint64 serial = 0;
  GudpxDatagram *datagram;

  while (!gudpx_budget_is_spent (&self->budget) && (datagram = take_next (self)) != NULL)
    {
      /* The question costs more than a datagram of a joined message: once a message is enough. */
      if (!gudpx_datagram_is_of_message (datagram, serial))
        has_handlers = gudpx_datagram_protocol_has_handlers (self->protocol);
      serial = gudpx_datagram_get_message_serial (datagram);
      gudpx_datagram_protocol_emit_datagram_received (self->protocol, datagram, has_handlers);
      gudpx_budget_spend (&self->budget, gudpx_datagram_get_size (datagram));
      gudpx_datagram_pool_give (&self->pool, datagram);
    }
}

static void
deliver_as_batch (GudpxPort *self)
{
  const gint64 start = gudpx_budget_get_now (&self->budget);
  const guint limit = MIN (gudpx_budget_get_call_limit (&self->budget), MAX_DATAGRAMS_PER_CALL);
  g_autoptr (GPtrArray) datagrams = g_ptr_array_new_full (MAX_DATAGRAMS_PER_CALL, NULL);
  GudpxDatagram *datagram;

  while (datagrams->len < limit && !gudpx_budget_is_spent (&self->budget) &&
         (datagram = take_next (self)) != NULL)
    {
      gudpx_budget_take (&self->budget, gudpx_datagram_get_size (datagram));
      g_ptr_array_add (datagrams, datagram);
    }

  if (datagrams->len > 0)
    {
      gudpx_datagram_protocol_receive_batch (self->protocol, datagrams);
      gudpx_budget_look (&self->budget);
      gudpx_budget_learn (&self->budget, datagrams->len,
                          gudpx_budget_get_now (&self->budget) - start, MAX_DATAGRAMS_PER_CALL);
    }
  for (guint i = 0; i < datagrams->len; i++)
    gudpx_datagram_pool_give (&self->pool, datagrams->pdata[i]);
}

/* Delivers datagrams of a batch one by one, because the protocol did not handle the batch.
 * Datagrams that do not fit into the dispatch follow in the next one. */
void
gudpx_port_deliver_again (GudpxPort *self, GudpxDatagram **datagrams, guint n_datagrams)
{
  for (guint i = n_datagrams; i > 0; i--)
    {
      if (gudpx_gate_listens (&self->gate, gudpx_datagram_get_epoch (datagrams[i - 1])))
        gudpx_receiver_put_back (&self->receiver, datagrams[i - 1]);
      else
        self->statistics.receive_drops++;
    }
  deliver_inbox (self);
}

/* Delivers some of the datagrams that were read. Packed datagrams stay packed. Only the inbox
 * reaches a protocol for batches one by one: the datagrams behind the inbox are not of its
 * batch. */
void
gudpx_port_deliver (GudpxPort *self)
{
  if (gudpx_receiver_has_inbox (&self->receiver))
    deliver_inbox (self);
  else if (!gudpx_packed_is_empty (gudpx_receiver_get_packed (&self->receiver)) ||
           gudpx_datagram_protocol_takes_packed (self->protocol))
    gudpx_port_deliver_packed (self);
  else if (gudpx_datagram_protocol_takes_batches (self->protocol))
    deliver_as_batch (self);
  else
    deliver_singly (self);
}
