/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "gudpx-budget-private.h"
#include "gudpx-datagram-private.h"
#include "gudpx-drops-private.h"
#include "gudpx-packed-private.h"
#include "gudpx-reports-private.h"
#include "gudpx-wants-private.h"

G_BEGIN_DECLS

/* Datagram of a batch, until the next one is taken. */
typedef struct
{
  const GudpxIncoming *incoming; /* the message, of which several datagrams may be joined */
  const guint8 *payload;
  gsize size;
  gsize kept_size; /* after it was truncated to the maximum */
  gsize original_size;
} GudpxSegment;

/* Datagrams and errors that a link received and nobody has taken yet. Decides when to read again
 * after a failure. Knows no port. */
typedef struct
{
  GudpxBatch *batch; /* NULL: all that was read has been taken */
  guint batch_index;
  gsize batch_offset;
  guint64 message_serial; /* of the current message. Datagrams that the kernel joined share it */
  GQueue inbox;           /* GudpxDatagrams that the protocol wants one by one after all */
  GudpxPacked packed;     /* packed, and not taken yet */
  gint64 resume_time;     /* nothing is received before; 0: the receiver does not wait */
  guint receive_delay;    /* ms until a receive that failed is tried again; 0: none failed */
  guint redeliver_delay;  /* ms until packed datagrams that were refused are delivered again */
  guint error_delay;      /* ms until errors that cannot be read are tried again */
  guint n_vain_errors;    /* times that the link was ready for errors, and had none */
  gboolean is_unreadable; /* the link has errors that cannot be read: polling would spin */
  GudpxDrops drops;
  GudpxReports *reports;
  GudpxStatistics *statistics;
} GudpxReceiver;

void       gudpx_receiver_init             (GudpxReceiver    *self,
                                            GudpxReports     *reports,
                                            GudpxStatistics  *statistics);
void       gudpx_receiver_start            (GudpxReceiver    *self);
gboolean   gudpx_receiver_read             (GudpxReceiver    *self,
                                            GudpxLink        *link,
                                            gsize             max_size,
                                            gint64            now);
void       gudpx_receiver_release          (GudpxReceiver    *self,
                                            GudpxLink        *link);
void       gudpx_receiver_detach           (GudpxReceiver    *self,
                                            GudpxLink        *link);
void       gudpx_receiver_drop             (GudpxReceiver    *self,
                                            GudpxLink        *link);
void       gudpx_receiver_sample_drops     (GudpxReceiver    *self,
                                            GudpxLink        *link);
void       gudpx_receiver_estimate_drops   (const GudpxReceiver *self,
                                            GudpxLink        *link,
                                            GudpxStatistics  *statistics);
void       gudpx_receiver_renewed          (GudpxReceiver    *self,
                                            guint             n_lost_messages);
void       gudpx_receiver_put_back         (GudpxReceiver    *self,
                                            GudpxDatagram    *datagram);
void       gudpx_receiver_pack             (GudpxReceiver    *self,
                                            GudpxLink        *link,
                                            gsize             max_size,
                                            guint             limit,
                                            GudpxBudget      *budget);
void       gudpx_receiver_redeliver_later  (GudpxReceiver    *self,
                                            gint64            now);
void       gudpx_receiver_read_errors      (GudpxReceiver    *self,
                                            GudpxLink        *link,
                                            gint64            now);
void       gudpx_receiver_keep_errors      (GudpxReceiver    *self,
                                            GudpxLink        *link);
void       gudpx_receiver_clear            (GudpxReceiver    *self);

static inline gboolean
gudpx_receiver_has_undelivered (const GudpxReceiver *self)
{
  return self->batch != NULL || self->inbox.length > 0 || !gudpx_packed_is_empty (&self->packed);
}

static inline gboolean
gudpx_receiver_has_inbox (const GudpxReceiver *self)
{
  return self->inbox.length > 0;
}

static inline GudpxDatagram *
gudpx_receiver_pop_inbox (GudpxReceiver *self)
{
  return g_queue_pop_head (&self->inbox);
}

static inline GudpxPacked *
gudpx_receiver_get_packed (GudpxReceiver *self)
{
  return &self->packed;
}

/* TRUE if the last read may have left datagrams in the link. */
static inline gboolean
gudpx_receiver_may_have_more (const GudpxReceiver *self)
{
  return self->batch != NULL && self->batch->may_have_more;
}

static inline guint64
gudpx_receiver_get_message_serial (const GudpxReceiver *self)
{
  return self->message_serial;
}

static inline gboolean
gudpx_receiver_waits (const GudpxReceiver *self)
{
  return self->resume_time != 0;
}

static inline gboolean
gudpx_receiver_is_unreadable (const GudpxReceiver *self)
{
  return self->is_unreadable;
}

/* Ends a wait whose time has come. */
static inline void
gudpx_receiver_end_wait (GudpxReceiver *self, gint64 now)
{
  if (self->resume_time == 0 || now < self->resume_time)
    return;

  self->resume_time = 0;
  self->is_unreadable = FALSE;
}

/* Notes a wake-up that was not for errors. */
static inline void
gudpx_receiver_forget_vain_errors (GudpxReceiver *self)
{
  self->n_vain_errors = 0;
}

/* Notes that the protocol took datagrams. */
static inline void
gudpx_receiver_delivered (GudpxReceiver *self)
{
  self->redeliver_delay = 0;
}

/* @delivers is FALSE while nothing may be delivered. */
static inline GudpxWants
gudpx_receiver_get_wants (const GudpxReceiver *self, gboolean delivers)
{
  return (GudpxWants){ delivers && self->resume_time == 0 ? G_IO_IN : 0,
                       self->resume_time != 0 ? self->resume_time : -1 };
}

/* Finds the next datagram of the batch. FALSE: there is none. */
static inline gboolean
gudpx_receiver_peek (const GudpxReceiver *self, gsize max_size, GudpxSegment *segment)
{
  const GudpxIncoming *incoming;
  gsize rest;
  gsize segment_size;

  if (self->batch == NULL)
    return FALSE;

  incoming = &self->batch->incoming[self->batch_index];
  rest = incoming->size - self->batch_offset;
  segment_size = incoming->ancillary.segment_size;
  segment->incoming = incoming;
  segment->payload = incoming->data + self->batch_offset;
  segment->size = segment_size > 0 ? MIN (segment_size, rest) : rest;
  segment->original_size = segment_size > 0 ? segment->size : incoming->original_size;
  segment->kept_size = MIN (segment->size, max_size);
  return TRUE;
}

/* Takes the datagram that gudpx_receiver_peek() found. Its memory may be used again. */
static inline void
gudpx_receiver_take (GudpxReceiver *self, GudpxLink *link, const GudpxSegment *segment)
{
  self->statistics->datagrams_received++;
  self->statistics->bytes_received += segment->original_size;
  if (segment->original_size > segment->kept_size)
    self->statistics->truncated++;

  self->batch_offset += segment->size;
  if (self->batch_offset < self->batch->incoming[self->batch_index].size)
    return;

  self->batch_offset = 0;
  self->batch_index++;
  self->message_serial++;
  gudpx_drops_count_messages (&self->drops, 1);
  if (self->batch_index == self->batch->n_incoming)
    gudpx_receiver_release (self, link);
}

/* FALSE for a datagram of a stranger, which came before the link was connected to its peer. */
static inline gboolean
gudpx_receiver_accepts (const GudpxLink *link, const GudpxNativeAddress *sender)
{
  const GudpxNativeAddress *peer = gudpx_link_get_peer (link);

  return !gudpx_link_has_peer (link) || gudpx_native_address_is_unnamed (peer) ||
         (sender != NULL && gudpx_native_address_equal (peer, sender));
}

/* As gudpx_receiver_peek(), after it dropped the datagrams of strangers. */
static inline gboolean
gudpx_receiver_next (GudpxReceiver *self, GudpxLink *link, gsize max_size, GudpxSegment *segment)
{
  while (gudpx_receiver_peek (self, max_size, segment))
    {
      if (gudpx_receiver_accepts (link, &segment->incoming->sender))
        return TRUE;
      self->statistics->receive_drops++;
      gudpx_receiver_take (self, link, segment);
    }
  return FALSE;
}

G_END_DECLS
