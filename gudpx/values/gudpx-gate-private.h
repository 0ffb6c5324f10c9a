/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  GUDPX_GATE_CLOSED,
  GUDPX_GATE_LISTENING,
  GUDPX_GATE_STOPPING, /* sends the rest of the queue, receives no more */
} GudpxGateState;

/* State of a port between its starts and stops. Handlers may stop the port, start it again or pause
 * it at any time. Code that calls a handler remembers the epoch before, and asks the gate after. */
typedef struct
{
  guint epoch; /* counts starts and stops. Datagrams of an earlier epoch are not delivered */
  GudpxGateState state;
  gboolean is_reading;  /* the property “reading”, also while the port is stopped */
} GudpxGate;

static inline void
gudpx_gate_open (GudpxGate *self)
{
  self->epoch++;
  self->state = GUDPX_GATE_LISTENING;
}

static inline void
gudpx_gate_begin_stop (GudpxGate *self)
{
  self->epoch++;
  self->state = GUDPX_GATE_STOPPING;
}

static inline void
gudpx_gate_close (GudpxGate *self)
{
  self->epoch++;
  self->state = GUDPX_GATE_CLOSED;
}

static inline gboolean
gudpx_gate_is_open (const GudpxGate *self)
{
  return self->state != GUDPX_GATE_CLOSED;
}

static inline gboolean
gudpx_gate_is_stopping (const GudpxGate *self)
{
  return self->state == GUDPX_GATE_STOPPING;
}

static inline gboolean
gudpx_gate_is_listening (const GudpxGate *self)
{
  return self->state == GUDPX_GATE_LISTENING;
}

static inline gboolean
gudpx_gate_is_reading (const GudpxGate *self)
{
  return self->is_reading;
}

static inline guint
gudpx_gate_get_epoch (const GudpxGate *self)
{
  return self->epoch;
}

/* TRUE while datagrams may be delivered. */
static inline gboolean
gudpx_gate_delivers (const GudpxGate *self)
{
  return self->state == GUDPX_GATE_LISTENING && self->is_reading;
}

/* TRUE if the start of @epoch lasts, at least to send the rest of the queue. */
static inline gboolean
gudpx_gate_lasts (const GudpxGate *self, guint epoch)
{
  return self->epoch == epoch && gudpx_gate_is_open (self);
}

/* TRUE if the start of @epoch lasts, and is not being stopped. */
static inline gboolean
gudpx_gate_listens (const GudpxGate *self, guint epoch)
{
  return self->epoch == epoch && gudpx_gate_is_listening (self);
}

static inline void
gudpx_gate_set_reading (GudpxGate *self, gboolean is_reading)
{
  self->is_reading = is_reading;
}

G_END_DECLS
