/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "gudpx-link-private.h"

G_BEGIN_DECLS

#define GUDPX_SEND_QUEUE_DEFAULT_LIMIT (1024 * 1024)

typedef struct _GudpxPayloadBlock GudpxPayloadBlock;

/* Datagrams that wait for the kernel, in order and bounded in bytes; each costs its payload and a
 * fixed sum, so that empty ones are bounded too. */
typedef struct
{
  GQueue runs;       /* for whoever reads */
  GQueue held;       /* of GudpxHeldDestination, the one to be tried next first */
  GHashTable *held_by_address; /* the same; NULL: none is held */
  guint n_datagrams;
  guint n_held_datagrams; /* of them, those that are held */
  gsize size;
  gsize held_size;     /* of it, what is held */
  gsize excess_size;   /* of that, what is over half of the limit: it takes no other's room */
  gsize promised_size; /* of the size, what somebody waits for */
  gsize limit;
  guint64 last_serial;
  GudpxPayloadBlock *block; /* where the next payload goes; NULL: nothing is there yet */
} GudpxSendQueue;

/* A destination that does not read. Its datagrams wait apart from the rest. */
typedef struct
{
  GList link;
  GudpxNativeAddress address;
  GQueue runs;
  gsize size;
  gboolean owes_writable; /* a write found no room here: a “writable” is due when there is some */
} GudpxHeldDestination;

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
  GudpxHeldDestination *held; /* NULL: it waits with the rest */
  gboolean has_ancillary;
  GudpxAncillary ancillary;
  GudpxNativeAddress destination; /* empty: the peer */
  guint64 way;
} GudpxQueuedRun;

void                 gudpx_send_queue_init       (GudpxSendQueue        *self);
void                 gudpx_send_queue_set_limit  (GudpxSendQueue        *self,
                                                  gsize                  limit);
gsize                gudpx_send_queue_high_mark  (GudpxSendQueue        *self);
gsize                gudpx_send_queue_low_mark   (GudpxSendQueue        *self);
void                 gudpx_send_queue_push       (GudpxSendQueue        *self,
                                                  const GudpxOutgoing   *outgoing,
                                                  gsize                  size);
gboolean             gudpx_send_queue_push_alike (GudpxSendQueue        *self,
                                                  guint64                way,
                                                  const GOutputVector   *vector);
void                 gudpx_send_queue_push_bytes (GudpxSendQueue        *self,
                                                  GudpxHeldDestination  *held,
                                                  const GudpxOutgoing   *outgoing,
                                                  GBytes                *bytes,
                                                  GTask                 *task);
guint                gudpx_send_queue_peek       (const GQueue          *runs,
                                                  GudpxOutgoing         *outgoing,
                                                  guint                  n_outgoing);
GudpxQueuedRun      *gudpx_send_queue_get_first  (GudpxSendQueue        *self);
guint64              gudpx_send_queue_get_oldest_serial (GudpxSendQueue *self);
GudpxQueuedRun      *gudpx_queued_runs_find      (const GQueue          *runs,
                                                  GTask                 *task);
GudpxQueuedRun      *gudpx_send_queue_find       (GudpxSendQueue        *self,
                                                  GTask                 *task);
guint64              gudpx_queued_run_get_first_serial (const GudpxQueuedRun *self);
gsize                gudpx_queued_run_get_first_size   (const GudpxQueuedRun *self);
gsize                gudpx_send_queue_discard    (GudpxSendQueue        *self,
                                                  GudpxQueuedRun        *run,
                                                  guint                  n_datagrams);
gsize                gudpx_send_queue_discard_last (GudpxSendQueue      *self,
                                                    GudpxQueuedRun      *run);
void                 gudpx_send_queue_pin_destination (GudpxSendQueue            *self,
                                                       const GudpxNativeAddress  *peer);

GudpxHeldDestination *gudpx_send_queue_hold       (GudpxSendQueue           *self,
                                                   const GudpxNativeAddress *destination);
void                  gudpx_send_queue_let_go     (GudpxSendQueue           *self,
                                                   GudpxHeldDestination     *held);
GudpxHeldDestination *gudpx_send_queue_lookup_held (GudpxSendQueue           *self,
                                                    const GudpxNativeAddress *destination);
void                  gudpx_send_queue_push_held  (GudpxSendQueue           *self,
                                                   GudpxHeldDestination     *held,
                                                   const GudpxOutgoing      *outgoing);
gboolean              gudpx_send_queue_can_have_room_for_held (const GudpxSendQueue       *self,
                                                               const GudpxHeldDestination *held,
                                                               gsize                       payload_size);
gboolean              gudpx_send_queue_has_room_for_held (const GudpxSendQueue       *self,
                                                          const GudpxHeldDestination *held,
                                                          gsize                       payload_size);

static inline gboolean
gudpx_send_queue_is_empty (const GudpxSendQueue *self)
{
  return self->n_datagrams == 0;
}

/* TRUE if no datagram waits that is not held. */
static inline gboolean
gudpx_send_queue_has_only_held (const GudpxSendQueue *self)
{
  return self->runs.length == 0;
}

/* The size of what is not held. */
static inline gsize
gudpx_send_queue_get_ready_size (const GudpxSendQueue *self)
{
  return self->size - self->held_size;
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
  return gudpx_send_queue_has_room_beside (self, self->size - self->excess_size, payload_size);
}

/* Whether there is when all are dropped that may be. */
static inline gboolean
gudpx_send_queue_can_have_room (const GudpxSendQueue *self, gsize payload_size)
{
  return gudpx_send_queue_has_room_beside (self, self->promised_size, payload_size);
}

G_END_DECLS
