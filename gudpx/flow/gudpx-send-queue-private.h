/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <string.h>

#include "gudpx-limits-private.h"
#include "gudpx-link-private.h"

G_BEGIN_DECLS

#define GUDPX_SEND_QUEUE_DEFAULT_LIMIT (1024 * 1024)

/* Payloads, one after the other. The block is released when all its runs are gone. */
typedef struct
{
  guint n_runs; /* runs with payloads in this block */
  gsize size;
  gsize used;
  guint8 data[];
} GudpxPayloadBlock;

/* Datagrams that wait for the kernel, in order and bounded in bytes; each costs its payload and a
 * fixed sum, so that empty ones are bounded too. */
typedef struct
{
  GQueue runs;       /* of GudpxQueuedRun: the datagrams that are not held */
  GQueue held;       /* of GudpxHeldDestination, the one to be tried next first */
  GHashTable *held_by_address; /* held, by their addresses; NULL: none is held */
  guint n_datagrams;
  guint n_held_datagrams; /* the part of n_datagrams that is held */
  gsize size;
  gsize held_size;     /* the part of size that is held */
  gsize excess_size;   /* the part of held_size over half of the limit; takes no room of others */
  gsize awaited_size; /* the part of size that tasks wait for */
  gsize limit;
  guint64 last_serial;
  GudpxPayloadBlock *block; /* block of the next payload; NULL: none yet */
} GudpxSendQueue;

/* A destination that does not read. Its datagrams wait apart from the rest. */
typedef struct
{
  GList link;
  GudpxNativeAddress address;
  GQueue runs;
  gsize size;
  gboolean writable_due; /* a write found no room here: “writable” follows when there is room */
} GudpxHeldDestination;

/* A datagram of the queue, or several that may be sent as one message. They have the same
 * destination, ancillary data and size; the last one may be shorter. Their payloads are copies, one
 * after the other in @block, or @bytes. */
typedef struct
{
  GList link;
  guint64 serial; /* of the last datagram; counts up in the order of sending */
  guint n_datagrams;
  gsize segment_size; /* of each datagram except the last one */
  GOutputVector vector;
  GudpxPayloadBlock *block;
  GBytes *bytes;
  GTask *task; /* completed when the kernel took the datagram, which is alone in its run */
  GudpxHeldDestination *held; /* NULL: the run waits with the others */
  gboolean has_ancillary;
  GudpxAncillary ancillary;
  GudpxNativeAddress destination; /* empty: the peer */
  guint64 message_serial; /* of the message that the datagrams answer; 0: none */
} GudpxQueuedRun;

G_STATIC_ASSERT (sizeof (GudpxQueuedRun) <= GUDPX_QUEUED_DATAGRAM_COST);

void                 gudpx_send_queue_init       (GudpxSendQueue        *self);
void                 gudpx_send_queue_set_limit  (GudpxSendQueue        *self,
                                                  gsize                  limit);
void                 gudpx_send_queue_push       (GudpxSendQueue        *self,
                                                  const GudpxOutgoing   *outgoing,
                                                  gsize                  size);
void                 gudpx_send_queue_push_bytes (GudpxSendQueue        *self,
                                                  GudpxHeldDestination  *held,
                                                  const GudpxOutgoing   *outgoing,
                                                  GBytes                *bytes,
                                                  GTask                 *task);
guint                gudpx_send_queue_peek       (const GQueue          *runs,
                                                  GudpxOutgoing         *outgoing,
                                                  guint                  n_outgoing);
GudpxQueuedRun      *gudpx_send_queue_get_first  (GudpxSendQueue        *self);
guint64              gudpx_send_queue_get_oldest_serial (const GudpxSendQueue *self);
GudpxQueuedRun      *gudpx_queued_runs_find      (const GQueue          *runs,
                                                  GTask                 *task);
GudpxQueuedRun      *gudpx_send_queue_find       (GudpxSendQueue        *self,
                                                  GTask                 *task);
guint64              gudpx_queued_run_get_first_serial (const GudpxQueuedRun *self);
gsize                gudpx_queued_run_get_first_size   (const GudpxQueuedRun *self);
GudpxQueuedRun      *gudpx_held_destination_find_last (const GudpxHeldDestination *self);
gboolean             gudpx_held_destination_has_several (const GudpxHeldDestination *self);
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
void                  gudpx_send_queue_postpone   (GudpxSendQueue           *self,
                                                   GudpxHeldDestination     *held);
GudpxHeldDestination *gudpx_send_queue_lookup_held (GudpxSendQueue           *self,
                                                    const GudpxNativeAddress *destination);
void                  gudpx_send_queue_push_held  (GudpxSendQueue           *self,
                                                   GudpxHeldDestination     *held,
                                                   const GudpxOutgoing      *outgoing);
gboolean              gudpx_send_queue_can_have_room_for_held (const GudpxSendQueue       *self,
                                                               const GudpxHeldDestination *held,
                                                            gsize payload_size);
gboolean              gudpx_send_queue_has_room_for_held (const GudpxSendQueue       *self,
                                                          const GudpxHeldDestination *held,
                                                          gsize                       payload_size);

static inline gboolean
gudpx_send_queue_is_empty (const GudpxSendQueue *self)
{
  return self->n_datagrams == 0;
}

/* TRUE if all datagrams are held. */
static inline gboolean
gudpx_send_queue_has_only_held (const GudpxSendQueue *self)
{
  return self->runs.length == 0;
}

/* Returns the size of the datagrams that are not held. */
static inline gsize
gudpx_send_queue_get_ready_size (const GudpxSendQueue *self)
{
  return self->size - self->held_size;
}

static inline gsize
gudpx_send_queue_get_cost (gsize payload_size, guint n_datagrams)
{
  return payload_size + n_datagrams * GUDPX_QUEUED_DATAGRAM_COST;
}

/* TRUE if there is room for a payload while @used bytes of the queue are in use. */
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

/* TRUE if there would be room after all datagrams without a task were dropped. */
static inline gboolean
gudpx_send_queue_can_have_room (const GudpxSendQueue *self, gsize payload_size)
{
  return gudpx_send_queue_has_room_beside (self, self->awaited_size, payload_size);
}

static inline gsize
gudpx_send_queue_high_mark (const GudpxSendQueue *self)
{
  return self->limit / 2;
}

static inline gsize
gudpx_send_queue_low_mark (const GudpxSendQueue *self)
{
  return self->limit / 4;
}

/* Counts the datagram that was just added to @run, the last run. */
static inline void
gudpx_send_queue_count_pushed (GudpxSendQueue *self, GudpxQueuedRun *run, gsize size)
{
  run->n_datagrams++;
  run->serial = ++self->last_serial;
  self->n_datagrams++;
  self->size += gudpx_send_queue_get_cost (size, 1);
}

/* TRUE if the next payload is written right after the payloads of @run. */
static inline gboolean
gudpx_send_queue_is_at_end_of_block (const GudpxSendQueue *self, const GudpxQueuedRun *run)
{
  return (const guint8 *) run->vector.buffer + run->vector.size ==
         self->block->data + self->block->used;
}

/* Returns the last run, if a datagram of @size bytes to the same destination may leave with it;
 * else NULL. */
static inline GudpxQueuedRun *
gudpx_send_queue_find_open_run (const GudpxSendQueue *self, gsize size)
{
  GudpxQueuedRun *run = self->runs.tail != NULL ? self->runs.tail->data : NULL;

  if (run == NULL || run->block == NULL || run->block != self->block || size == 0 ||
      size > run->segment_size || run->n_datagrams == GUDPX_LINK_MAX_RUN ||
      run->vector.size != run->n_datagrams * run->segment_size ||
      run->vector.size + size > GUDPX_LINK_MAX_RUN_SIZE ||
      size > self->block->size - self->block->used ||
      !gudpx_send_queue_is_at_end_of_block (self, run))
    return NULL;
  return run;
}

static inline void
gudpx_queued_run_append (GudpxQueuedRun *run, const GOutputVector *vector)
{
  if (vector->size == 0)
    return;

  memcpy (run->block->data + run->block->used, vector->buffer, vector->size);
  run->block->used += vector->size;
  run->vector.size += vector->size;
}

/* Appends a datagram to the last run if it has the same serial number of a message, which means
 * the same destination. FALSE: it has another number, or cannot leave with the run. */
static inline gboolean
gudpx_send_queue_append_to_last_run (GudpxSendQueue *self,
                                     guint64 message_serial,
                                     const GOutputVector *vector)
{
  GudpxQueuedRun *run = gudpx_send_queue_find_open_run (self, vector->size);

  if (run == NULL || run->message_serial != message_serial)
    return FALSE;

  gudpx_queued_run_append (run, vector);
  gudpx_send_queue_count_pushed (self, run, vector->size);
  return TRUE;
}

static inline gsize
gudpx_send_queue_get_size (const GudpxSendQueue *self)
{
  return self->size;
}

static inline gsize
gudpx_send_queue_get_limit (const GudpxSendQueue *self)
{
  return self->limit;
}

static inline gsize
gudpx_send_queue_get_held_size (const GudpxSendQueue *self)
{
  return self->held_size;
}

static inline guint
gudpx_send_queue_get_n_datagrams (const GudpxSendQueue *self)
{
  return self->n_datagrams;
}

static inline guint
gudpx_send_queue_get_n_held_datagrams (const GudpxSendQueue *self)
{
  return self->n_held_datagrams;
}

static inline guint64
gudpx_send_queue_get_last_serial (const GudpxSendQueue *self)
{
  return self->last_serial;
}

/* Returns the datagrams that are not held. */
static inline GQueue *
gudpx_send_queue_get_runs (GudpxSendQueue *self)
{
  return &self->runs;
}

static inline guint
gudpx_send_queue_get_n_held (const GudpxSendQueue *self)
{
  return self->held.length;
}

/* Returns the held destination to be tried next, or NULL. */
static inline GudpxHeldDestination *
gudpx_send_queue_get_first_held (const GudpxSendQueue *self)
{
  return self->held.head != NULL ? self->held.head->data : NULL;
}

static inline gboolean
gudpx_held_destination_is_empty (const GudpxHeldDestination *self)
{
  return self->runs.length == 0;
}

static inline GQueue *
gudpx_held_destination_get_runs (GudpxHeldDestination *self)
{
  return &self->runs;
}

static inline gsize
gudpx_held_destination_get_size (const GudpxHeldDestination *self)
{
  return self->size;
}

static inline const GudpxNativeAddress *
gudpx_held_destination_get_address (const GudpxHeldDestination *self)
{
  return &self->address;
}

static inline gboolean
gudpx_held_destination_is_writable_due (const GudpxHeldDestination *self)
{
  return self->writable_due;
}

static inline void
gudpx_held_destination_set_writable_due (GudpxHeldDestination *self, gboolean writable_due)
{
  self->writable_due = writable_due;
}

/* Returns the oldest datagram without a task, or NULL. */
static inline GudpxQueuedRun *
gudpx_held_destination_find_oldest (const GudpxHeldDestination *self)
{
  return gudpx_queued_runs_find (&self->runs, NULL);
}

static inline guint
gudpx_queued_run_get_n_datagrams (const GudpxQueuedRun *self)
{
  return self->n_datagrams;
}

static inline gsize
gudpx_queued_run_get_size (const GudpxQueuedRun *self)
{
  return self->vector.size;
}

static inline GTask *
gudpx_queued_run_get_task (const GudpxQueuedRun *self)
{
  return self->task;
}

/* Returns an empty address for the peer. */
static inline const GudpxNativeAddress *
gudpx_queued_run_get_destination (const GudpxQueuedRun *self)
{
  return &self->destination;
}

G_END_DECLS
