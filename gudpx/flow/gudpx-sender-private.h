/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "gudpx-backlog-private.h"
#include "gudpx-wants-private.h"

G_BEGIN_DECLS

/* Time at which a datagram leaves, if the link has room. */
typedef enum
{
  GUDPX_SEND_NOW,
  GUDPX_SEND_GATHER, /* at the end of the dispatch, if the port coalesces writes */
  GUDPX_SEND_BATCH,  /* when the caller flushes */
} GudpxWhen;

typedef enum
{
  GUDPX_SEND_SENT,   /* sent, and nothing else has changed */
  GUDPX_SEND_TAKEN,  /* sent, queued, or dropped by the policy */
  GUDPX_SEND_FULL,   /* refused by the policy */
  GUDPX_SEND_FAILED, /* refused by the link, with errsv */
} GudpxSendResult;

/* Decides when datagrams leave: it sends while the link has room, waits while the link has none,
 * and tries again. Knows no port: errors are errno values. */
typedef struct
{
  GudpxBacklog backlog;
  gboolean coalesces;        /* datagrams may wait for each other */
  gboolean sends_early;      /* destinations can be full, so a dispatch does not gather too much */
  gboolean waits;            /* the link had no room */
  gboolean is_congested;     /* it had none, and the queue has not been empty since */
  gboolean last_wait_failed; /* the link said that it has room, and had none */
  guint retry_delay;         /* ms; 0: the link tells when it has room */
  gint64 retry_time;         /* 0: the delay has not begun */
  guint held_retry_delay;    /* ms, for destinations that do not read */
  gint64 held_retry_time;    /* 0: the delay has not begun */
  guint n_draining;          /* datagrams left when a stop made progress last */
  gint64 drain_deadline;     /* of a stop without progress; 0: no stop waits */
  gint64 drain_end;
} GudpxSender;

/* Datagrams of a dispatch that wait for its end. More are sent before. */
#define GUDPX_SENDER_GATHERED 256

void            gudpx_sender_init             (GudpxSender         *self,
                                               GudpxReports        *reports,
                                               GudpxStatistics     *statistics);
void            gudpx_sender_start            (GudpxSender         *self,
                                               gboolean             sends_early);
GudpxSendResult gudpx_sender_write_now        (GudpxSender         *self,
                                               GudpxLink           *link,
                                               const GudpxOutgoing *outgoing,
                                               gsize                size,
                                               int                 *errsv);
GudpxSendResult gudpx_sender_write_slowly     (GudpxSender         *self,
                                               GudpxLink           *link,
                                               const GudpxOutgoing *outgoing,
                                               gsize                size,
                                               GudpxWhen            when,
                                               int                 *errsv);
void            gudpx_sender_write_with_task  (GudpxSender         *self,
                                               GudpxLink           *link,
                                               const GudpxOutgoing *outgoing,
                                               GudpxWhen            when,
                                               GBytes              *bytes,
                                               GTask               *task);
void            gudpx_sender_flush            (GudpxSender         *self,
                                               GudpxLink           *link,
                                               gboolean             is_writable,
                                               gint64               now);
void            gudpx_sender_set_limit        (GudpxSender         *self,
                                               gsize                limit);
void            gudpx_sender_pin_destination  (GudpxSender              *self,
                                               const GudpxNativeAddress *peer);
gboolean        gudpx_sender_is_held          (GudpxSender         *self,
                                               GudpxLink           *link,
                                               const GudpxOutgoing *outgoing,
                                               gsize               *size);
void            gudpx_sender_begin_delays     (GudpxSender         *self,
                                               gint64               now);
gboolean        gudpx_sender_take_writable_due (GudpxSender        *self);
void            gudpx_sender_begin_drain      (GudpxSender         *self,
                                               gint64               now);
gboolean        gudpx_sender_is_drained       (GudpxSender         *self,
                                               gint64               now);
void            gudpx_sender_drop             (GudpxSender         *self,
                                               GudpxLink           *link);
GudpxWants      gudpx_sender_get_busy_wants   (const GudpxSender   *self);

static inline GudpxBacklog *
gudpx_sender_get_backlog (GudpxSender *self)
{
  return &self->backlog;
}

static inline gsize
gudpx_sender_get_size (const GudpxSender *self)
{
  return gudpx_send_queue_get_size (gudpx_backlog_look_at_queue (&self->backlog));
}

static inline gsize
gudpx_sender_get_limit (const GudpxSender *self)
{
  return gudpx_send_queue_get_limit (gudpx_backlog_look_at_queue (&self->backlog));
}

/* Returns the serial number of the datagram that was queued last. */
static inline guint64
gudpx_sender_get_last_serial (const GudpxSender *self)
{
  return gudpx_send_queue_get_last_serial (gudpx_backlog_look_at_queue (&self->backlog));
}

static inline gboolean
gudpx_sender_is_empty (const GudpxSender *self)
{
  return gudpx_backlog_is_empty (&self->backlog);
}

static inline gboolean
gudpx_sender_get_coalesces (const GudpxSender *self)
{
  return self->coalesces;
}

static inline void
gudpx_sender_set_coalesces (GudpxSender *self, gboolean coalesces)
{
  self->coalesces = coalesces;
}

/* Delays begin when the caller gives the time. TRUE: the caller has to. Others need no clock. */
static inline gboolean
gudpx_sender_needs_time (const GudpxSender *self)
{
  return (self->waits && self->retry_delay > 0 && self->retry_time == 0) ||
         (self->held_retry_delay > 0 && self->held_retry_time == 0);
}

/* TRUE once, if “writable” is due. */
static inline gboolean
gudpx_sender_take_writable (GudpxSender *self)
{
  return gudpx_backlog_is_writable_due (&self->backlog) && gudpx_sender_take_writable_due (self);
}

static inline gboolean
gudpx_sender_has_flush_tasks (const GudpxSender *self)
{
  return gudpx_backlog_has_flush_tasks (&self->backlog);
}

static inline GudpxWants
gudpx_sender_get_wants (const GudpxSender *self)
{
  if (gudpx_backlog_is_idle (&self->backlog) && !self->waits && self->held_retry_delay == 0 &&
      self->drain_deadline == 0)
    return GUDPX_WANTS_NOTHING;
  return gudpx_sender_get_busy_wants (self);
}

/* TRUE if a datagram can be queued without another look at the queue. */
static inline gboolean
gudpx_sender_has_space (const GudpxSender *self, gsize size, GudpxWhen when)
{
  const GudpxSendQueue *queue = gudpx_backlog_look_at_queue (&self->backlog);

  return (when == GUDPX_SEND_BATCH ||
          (self->coalesces &&
           gudpx_send_queue_get_n_datagrams (queue) < GUDPX_SENDER_GATHERED - 1)) &&
         gudpx_send_queue_get_n_held (queue) == 0 && !self->sends_early &&
         gudpx_send_queue_has_room (queue, size);
}

/* Sends a datagram of @size bytes, whose destination has been checked, or queues it. A datagram
 * that is larger than the queue is sent without being queued. */
static inline GudpxSendResult
gudpx_sender_write (GudpxSender *self,
                    GudpxLink *link,
                    const GudpxOutgoing *outgoing,
                    gsize size,
                    GudpxWhen when,
                    int *errsv)
{
  if (when == GUDPX_SEND_NOW)
    return gudpx_sender_write_now (self, link, outgoing, size, errsv);
  if (!gudpx_sender_has_space (self, size, when))
    return gudpx_sender_write_slowly (self, link, outgoing, size, when, errsv);

  gudpx_send_queue_push (gudpx_backlog_get_queue (&self->backlog), outgoing, size);
  gudpx_backlog_grew (&self->backlog);
  return GUDPX_SEND_TAKEN;
}

/* Fast path for replies to one message: the last run has the same destination, and has passed all
 * checks. FALSE: the slow path is needed. */
static inline gboolean
gudpx_sender_append (GudpxSender *self, guint64 message_serial, const GOutputVector *vector)
{
  const GudpxSendQueue *queue = gudpx_backlog_look_at_queue (&self->backlog);

  return self->coalesces && !self->waits &&
         gudpx_send_queue_get_n_datagrams (queue) < GUDPX_SENDER_GATHERED - 1 &&
         gudpx_backlog_append (&self->backlog, message_serial, vector);
}

G_END_DECLS
