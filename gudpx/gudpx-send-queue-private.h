/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "gudpx-io-private.h"

G_BEGIN_DECLS

#define GUDPX_SEND_QUEUE_DEFAULT_LIMIT (1024 * 1024)

typedef struct _GudpxPayloadBlock GudpxPayloadBlock;

/* Datagrams that wait for the kernel, in order and bounded in bytes; each costs its payload and a
 * fixed sum, so that empty ones are bounded too. */
typedef struct
{
  GQueue runs;
  guint n_datagrams;
  gsize size;
  gsize promised_size; /* of it, what somebody waits for */
  gsize limit;
  guint64 last_serial;
  GudpxPayloadBlock *block; /* where the next payload goes; NULL: nothing is there yet */
} GudpxSendQueue;

/* A datagram of them, or several that may leave as one: of one size, but that the last may be
 * shorter, and on one way. Their payloads are copies, one behind the other in @block, or @bytes. */
typedef struct
{
  GList link;
  guint64 serial; /* of the last; it counts up, in the order of sending */
  guint n_datagrams;
  gsize segment_size; /* of each but the last */
  GOutputVector vector;
  GudpxPayloadBlock *block;
  GBytes *bytes;
  GTask *task; /* answered when the kernel took it; such a datagram is alone */
  gboolean has_ancillary;
  GudpxAncillary ancillary;
  GudpxNativeAddress destination; /* empty: the peer */
  guint64 way;
} GudpxQueuedRun;

void                 gudpx_send_queue_init       (GudpxSendQueue        *self);
gsize                gudpx_send_queue_high_mark  (GudpxSendQueue        *self);
gsize                gudpx_send_queue_low_mark   (GudpxSendQueue        *self);
void                 gudpx_send_queue_push       (GudpxSendQueue        *self,
                                                  const GudpxOutgoing   *outgoing,
                                                  gsize                  size);
gboolean             gudpx_send_queue_push_alike (GudpxSendQueue        *self,
                                                  guint64                way,
                                                  const GOutputVector   *vector);
void                 gudpx_send_queue_push_bytes (GudpxSendQueue        *self,
                                                  const GudpxOutgoing   *outgoing,
                                                  GBytes                *bytes,
                                                  GTask                 *task);
guint                gudpx_send_queue_peek       (GudpxSendQueue        *self,
                                                  GudpxOutgoing         *outgoing,
                                                  guint                  n_outgoing);
GudpxQueuedRun      *gudpx_send_queue_get_first  (GudpxSendQueue        *self);
GudpxQueuedRun      *gudpx_send_queue_find       (GudpxSendQueue        *self,
                                                  GTask                 *task);
guint64              gudpx_queued_run_get_first_serial (const GudpxQueuedRun *self);
gsize                gudpx_queued_run_get_first_size   (const GudpxQueuedRun *self);
gsize                gudpx_send_queue_discard    (GudpxSendQueue        *self,
                                                  GudpxQueuedRun        *run,
                                                  guint                  n_datagrams);
void                 gudpx_send_queue_pin_destination (GudpxSendQueue            *self,
                                                       const GudpxNativeAddress  *peer);

static inline gboolean
gudpx_send_queue_is_empty (const GudpxSendQueue *self)
{
  return self->n_datagrams == 0;
}

static inline gsize
gudpx_send_queue_get_cost (gsize payload_size, guint n_datagrams)
{
  return payload_size + n_datagrams * sizeof (GudpxQueuedRun);
}

/* Whether there is beside @used bytes. */
static inline gboolean
gudpx_send_queue_has_room_beside (const GudpxSendQueue *self, gsize used, gsize payload_size)
{
  return used < self->limit && payload_size <= self->limit &&
         gudpx_send_queue_get_cost (payload_size, 1) <= self->limit - used;
}

static inline gboolean
gudpx_send_queue_has_room (const GudpxSendQueue *self, gsize payload_size)
{
  return gudpx_send_queue_has_room_beside (self, self->size, payload_size);
}

/* Whether there is when all are dropped that may be. */
static inline gboolean
gudpx_send_queue_can_have_room (const GudpxSendQueue *self, gsize payload_size)
{
  return gudpx_send_queue_has_room_beside (self, self->promised_size, payload_size);
}

G_END_DECLS
