/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <pthread.h>

#include <gudpx/gudpx.h>

#include "gudpx-address-cache-private.h"

G_BEGIN_DECLS

/* Delivers datagrams of @port one by one, which the protocol had as a batch. */
typedef void (*GudpxDeliverFunc) (GudpxPort      *port,
                                  GudpxDatagram **datagrams,
                                  guint           n_datagrams);

/* Holds the facts about a port that its datagrams need. A datagram keeps the handle and not the
 * port: otherwise a protocol that keeps datagrams would keep itself. The port writes the fields. */
typedef struct
{
  GudpxPort *port;              /* NULL after the port was disposed of */
  GudpxDeliverFunc deliver;
  gpointer thread;              /* dispatched the port last, and alone may use it */
  GudpxAddressCache *addresses; /* NULL until a datagram's sender is read */
  guint epoch;                  /* counts starts and stops */
  guint16 local_udp_port;       /* 0 for UNIX */
} GudpxPortHandle;

GudpxPortHandle *gudpx_port_handle_new        (GudpxPort                *port,
                                               GudpxDeliverFunc          deliver);
void             gudpx_port_handle_forget     (GudpxPortHandle          *self);
GSocketAddress  *gudpx_port_handle_dup_sender (GudpxPortHandle          *self,
                                               const GudpxNativeAddress *native);

static inline GudpxPortHandle *
gudpx_port_handle_ref (GudpxPortHandle *self)
{
  return g_atomic_rc_box_acquire (self);
}

static inline void
gudpx_port_handle_unref (GudpxPortHandle *self)
{
  g_atomic_rc_box_release (self);
}

static inline GudpxPort *
gudpx_port_handle_get_port (const GudpxPortHandle *self)
{
  return self->port;
}

/* Hands datagrams back to the port, which must not have been disposed of. */
static inline void
gudpx_port_handle_deliver (const GudpxPortHandle *self,
                           GudpxDatagram **datagrams,
                           guint n_datagrams)
{
  self->deliver (self->port, datagrams, n_datagrams);
}

static inline guint
gudpx_port_handle_get_epoch (const GudpxPortHandle *self)
{
  return self->epoch;
}

static inline void
gudpx_port_handle_set_epoch (GudpxPortHandle *self, guint epoch)
{
  self->epoch = epoch;
}

static inline guint16
gudpx_port_handle_get_local_udp_port (const GudpxPortHandle *self)
{
  return self->local_udp_port;
}

static inline void
gudpx_port_handle_set_bound (GudpxPortHandle *self, const GudpxNativeAddress *bound)
{
  self->local_udp_port = gudpx_native_address_get_port (bound);
}

/* Makes the calling thread the port's own. */
static inline void
gudpx_port_handle_claim (GudpxPortHandle *self)
{
  g_atomic_pointer_set (&self->thread, (gpointer) pthread_self ());
}

/* Returns TRUE in the thread that dispatched the port last. */
static inline gboolean
gudpx_port_handle_is_mine (GudpxPortHandle *self)
{
  return g_atomic_pointer_get (&self->thread) == (gpointer) pthread_self ();
}

G_END_DECLS
