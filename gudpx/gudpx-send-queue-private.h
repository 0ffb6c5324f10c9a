/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "gudpx-io-private.h"

G_BEGIN_DECLS

#define GUDPX_SEND_QUEUE_DEFAULT_LIMIT (1024 * 1024)

/* Datagrams that wait for the kernel, in order and bounded in bytes; each costs its payload and a
 * fixed sum, so that empty ones are bounded too. */
typedef struct
{
  GQueue entries;
  gsize size;
  gsize limit;
  guint64 last_serial;
  /* Entries to be used again: most of what handlers write waits but for the end of a dispatch. */
  GQueue unused;
} GudpxSendQueue;

/* One of them. The payload is a copy behind it, for which there is room for @capacity bytes, or
 * @bytes. */
typedef struct
{
  gsize capacity;
  GList link;
  guint64 serial; /* counts up, in the order of sending */
  GudpxNativeAddress destination; /* empty: the peer */
  gboolean has_ancillary;
  GudpxAncillary ancillary;
  GOutputVector vector;
  GBytes *bytes;
  GTask *task; /* answered when the kernel took it */
} GudpxQueuedDatagram;

void                 gudpx_send_queue_init       (GudpxSendQueue        *self);
gboolean             gudpx_send_queue_is_empty   (GudpxSendQueue        *self);
gboolean             gudpx_send_queue_has_room   (GudpxSendQueue        *self,
                                                  gsize                  payload_size);
gsize                gudpx_send_queue_high_mark  (GudpxSendQueue        *self);
gsize                gudpx_send_queue_low_mark   (GudpxSendQueue        *self);
void                 gudpx_send_queue_push       (GudpxSendQueue        *self,
                                                  const GudpxOutgoing   *outgoing);
void                 gudpx_send_queue_push_bytes (GudpxSendQueue        *self,
                                                  const GudpxOutgoing   *outgoing,
                                                  GBytes                *bytes,
                                                  GTask                 *task);
guint                gudpx_send_queue_peek       (GudpxSendQueue        *self,
                                                  GudpxOutgoing         *outgoing,
                                                  guint                  n_outgoing);
GudpxQueuedDatagram *gudpx_send_queue_pop        (GudpxSendQueue        *self);
GudpxQueuedDatagram *gudpx_send_queue_remove     (GudpxSendQueue        *self,
                                                  GTask                 *task);
void                 gudpx_send_queue_pin_destination (GudpxSendQueue            *self,
                                                       const GudpxNativeAddress  *peer);
void                 gudpx_send_queue_recycle    (GudpxSendQueue        *self,
                                                  GudpxQueuedDatagram   *entry);
void                 gudpx_send_queue_trim       (GudpxSendQueue        *self);
void                 gudpx_queued_datagram_free  (GudpxQueuedDatagram   *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GudpxQueuedDatagram, gudpx_queued_datagram_free)

G_END_DECLS
