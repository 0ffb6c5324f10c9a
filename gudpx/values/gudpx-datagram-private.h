/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <string.h>

#include "gudpx-ancillary-private.h"
#include "gudpx-port-handle-private.h"

G_BEGIN_DECLS

/* Only gudpx-datagram.c and the inline functions below use the fields. The struct is here because a
 * received datagram passes through these functions, and calling them costs as much as they do. */
struct _GudpxDatagram
{
  GObject parent_instance;

  guint8 *payload;
  gsize size;
  gsize capacity;
  gsize original_size;
  GSocketAddress *sender;      /* NULL until it is read */
  GSocketAddress *destination; /* the same, if the datagram was received */
  GudpxPortHandle *handle;     /* NULL: the datagram was not received */
  guint64 message_serial;      /* shared by datagrams that the kernel joined (UDP_GRO) */
  guint epoch;
  guint16 local_udp_port;
  GudpxNativeAddress native_sender;
  GudpxAncillary ancillary;
};

GudpxDatagram        *gudpx_datagram_new_empty           (void);
void                  gudpx_datagram_reserve             (GudpxDatagram *self,
                                                          gsize          size);
GSocketAddress       *gudpx_datagram_get_own_destination (GudpxDatagram *self);
const GudpxAncillary *gudpx_datagram_get_own_ancillary   (GudpxDatagram *self);

static inline gsize
gudpx_datagram_get_size (const GudpxDatagram *self)
{
  return self->size;
}

static inline guint
gudpx_datagram_get_epoch (const GudpxDatagram *self)
{
  return self->epoch;
}

static inline guint64
gudpx_datagram_get_message_serial (const GudpxDatagram *self)
{
  return self->message_serial;
}

static inline const GudpxNativeAddress *
gudpx_datagram_get_native_sender (const GudpxDatagram *self)
{
  return &self->native_sender;
}

/* Returns the control messages that a received datagram came with. */
static inline const GudpxAncillary *
gudpx_datagram_get_ancillary (const GudpxDatagram *self)
{
  return &self->ancillary;
}

/* Returns NULL for a datagram that was not received. */
static inline GudpxPortHandle *
gudpx_datagram_get_handle (const GudpxDatagram *self)
{
  return self->handle;
}

/* Returns NULL after the port was disposed of, and for a datagram that was not received. */
static inline GudpxPort *
gudpx_datagram_get_port (const GudpxDatagram *self)
{
  return self->handle != NULL ? gudpx_port_handle_get_port (self->handle) : NULL;
}

/* Returns TRUE if the datagram has the sender and everything else of that message already, except
 * for the payload. */
static inline gboolean
gudpx_datagram_is_of_message (const GudpxDatagram *self, guint64 serial)
{
  return self->message_serial == serial;
}

/* Makes it a datagram of the message @serial, which came through the port of @handle. */
static inline void
gudpx_datagram_set_message (GudpxDatagram *self,
                            guint64 serial,
                            const GudpxNativeAddress *sender,
                            const GudpxAncillary *ancillary,
                            GudpxPortHandle *handle)
{
  self->message_serial = serial;
  g_clear_object (&self->sender);
  g_clear_object (&self->destination);
  if (self->handle == NULL)
    self->handle = gudpx_port_handle_ref (handle);
  self->epoch = gudpx_port_handle_get_epoch (handle);
  self->local_udp_port = gudpx_port_handle_get_local_udp_port (handle);
  self->native_sender = *sender;
  self->ancillary = *ancillary;
}

/* Copies the payload. @original_size is the size before it was truncated. */
static inline void
gudpx_datagram_set_payload (GudpxDatagram *self,
                            const guint8 *payload,
                            gsize size,
                            gsize original_size)
{
  if (self->payload == NULL || self->capacity < size)
    gudpx_datagram_reserve (self, size);
  if (size > 0)
    memcpy (self->payload, payload, size);
  /* C programs may read the payload as a string. The memory after it may be from another peer. */
  self->payload[size] = 0;
  self->size = size;
  self->original_size = original_size;
}

/* Returns TRUE if only the caller holds the datagram. Wrappers of languages, weak references and
 * data are all in qdata, a pointer whose low bits are flags. */
static inline gboolean
gudpx_datagram_can_be_recycled (GudpxDatagram *self)
{
  GObject *object = G_OBJECT (self);

  return g_atomic_int_get (&object->ref_count) == 1 && (GPOINTER_TO_SIZE (object->qdata) & ~7) == 0;
}

G_END_DECLS
