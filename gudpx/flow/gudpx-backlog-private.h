/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "gudpx-reports-private.h"
#include "gudpx-send-queue-private.h"

G_BEGIN_DECLS

/* Result of an attempt to queue a datagram. */
typedef enum
{
  GUDPX_ROOM_FOUND,
  GUDPX_ROOM_DROPPED, /* the policy drops the datagram */
  GUDPX_ROOM_FULL,    /* the policy refuses the datagram */
} GudpxRoom;

/* The send queue of a port with its policy: which datagram is dropped or refused when the queue is
 * full, and which reports follow when datagrams leave the queue. Knows no link and no clock. */
typedef struct
{
  GudpxSendQueue queue;
  GudpxQueuePolicy policy;
  gboolean writable_due; /* the queue was too full: “writable” is told when there is room again */
  GQueue flush_tasks;    /* each completes when the datagrams queued before it have left */
  GudpxReports *reports;
  GudpxStatistics *statistics;
} GudpxBacklog;

void                  gudpx_backlog_init            (GudpxBacklog              *self,
                                                     GudpxReports              *reports,
                                                     GudpxStatistics           *statistics);
void                  gudpx_backlog_set_policy      (GudpxBacklog              *self,
                                                     GudpxQueuePolicy           policy);
GudpxRoom             gudpx_backlog_make_room       (GudpxBacklog              *self,
                                                     GudpxHeldDestination      *held,
                                                     gsize                      size);
void                  gudpx_backlog_push            (GudpxBacklog              *self,
                                                     GudpxHeldDestination      *held,
                                                     const GudpxOutgoing       *outgoing,
                                                     gsize                      size);
void                  gudpx_backlog_push_with_task  (GudpxBacklog              *self,
                                                     GudpxHeldDestination      *held,
                                                     const GudpxOutgoing       *outgoing,
                                                     GBytes                    *bytes,
                                                     GTask                     *task);
void                  gudpx_backlog_sent            (GudpxBacklog              *self,
                                                     GQueue                    *runs,
                                                     guint                      n_datagrams);
void                  gudpx_backlog_refused         (GudpxBacklog              *self,
                                                     GQueue                    *runs,
                                                     int                        errsv,
                                                     const GudpxNativeAddress  *peer);
void                  gudpx_backlog_hold            (GudpxBacklog              *self,
                                                     const GudpxNativeAddress  *destination);
GudpxHeldDestination *gudpx_backlog_lookup_held     (GudpxBacklog              *self,
                                                     const GudpxNativeAddress  *destination);
void                  gudpx_backlog_retried         (GudpxBacklog              *self,
                                                     GudpxHeldDestination      *held);
gboolean              gudpx_backlog_cancel          (GudpxBacklog              *self,
                                                     GTask                     *task);
void                  gudpx_backlog_add_flush_task  (GudpxBacklog              *self,
                                                     GTask                     *task);
gboolean              gudpx_backlog_cancel_flush    (GudpxBacklog              *self,
                                                     GTask                     *task);
gboolean              gudpx_backlog_has_flushed     (const GudpxBacklog        *self);
GTask                *gudpx_backlog_take_flushed    (GudpxBacklog              *self);
gboolean              gudpx_backlog_take_writable   (GudpxBacklog              *self);
void                  gudpx_backlog_drop            (GudpxBacklog              *self,
                                                     const GudpxNativeAddress  *peer);

static inline GudpxSendQueue *
gudpx_backlog_get_queue (GudpxBacklog *self)
{
  return &self->queue;
}

static inline const GudpxSendQueue *
gudpx_backlog_look_at_queue (const GudpxBacklog *self)
{
  return &self->queue;
}

/* Counts a datagram that was sent without being queued. */
static inline void
gudpx_backlog_count_sent (GudpxBacklog *self, gsize size)
{
  self->statistics->datagrams_sent++;
  self->statistics->bytes_sent += size;
}

/* Counts an error of a datagram that was not queued. */
static inline void
gudpx_backlog_count_error (GudpxBacklog *self, int errsv)
{
  gudpx_reports_count_error (self->reports, errsv);
}

static inline guint64
gudpx_backlog_get_n_sent (const GudpxBacklog *self)
{
  return self->statistics->datagrams_sent;
}

static inline GudpxQueuePolicy
gudpx_backlog_get_policy (const GudpxBacklog *self)
{
  return self->policy;
}

static inline gboolean
gudpx_backlog_is_empty (const GudpxBacklog *self)
{
  return gudpx_send_queue_is_empty (&self->queue);
}

/* TRUE if no report and no “writable” can follow without another event. */
static inline gboolean
gudpx_backlog_is_idle (const GudpxBacklog *self)
{
  return gudpx_backlog_is_empty (self) && !self->writable_due && self->flush_tasks.length == 0;
}

static inline gboolean
gudpx_backlog_is_writable_due (const GudpxBacklog *self)
{
  return self->writable_due;
}

static inline gboolean
gudpx_backlog_has_flush_tasks (const GudpxBacklog *self)
{
  return self->flush_tasks.length > 0;
}

static inline gboolean
gudpx_backlog_has_room (const GudpxBacklog *self, gsize size)
{
  return gudpx_send_queue_has_room (&self->queue, size);
}

/* TRUE if the queue has become short enough for “writable”. */
static inline gboolean
gudpx_backlog_has_room_again (const GudpxBacklog *self)
{
  return gudpx_send_queue_get_ready_size (&self->queue) <=
         gudpx_send_queue_low_mark (&self->queue);
}

/* Notes that the queue has grown. */
static inline void
gudpx_backlog_grew (GudpxBacklog *self)
{
  const gsize size = gudpx_send_queue_get_size (&self->queue);

  if (size > self->statistics->send_queue_peak)
    self->statistics->send_queue_peak = size;
  if (gudpx_send_queue_get_ready_size (&self->queue) > gudpx_send_queue_high_mark (&self->queue))
    self->writable_due = TRUE;
}

/* Queues a datagram with the last run, if it has the same serial number of a message. FALSE: the
 * caller has to push it. */
static inline gboolean
gudpx_backlog_append (GudpxBacklog *self, guint64 message_serial, const GOutputVector *vector)
{
  if (!gudpx_send_queue_has_room (&self->queue, vector->size) ||
      !gudpx_send_queue_append_to_last_run (&self->queue, message_serial, vector))
    return FALSE;

  gudpx_backlog_grew (self);
  return TRUE;
}

G_END_DECLS
