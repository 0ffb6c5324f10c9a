/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "gudpx-datagram-private.h"

G_BEGIN_DECLS

#define GUDPX_DATAGRAM_POOL_SIZE 64

/* Datagrams that nobody kept after their delivery. The next datagrams use them again. */
typedef struct
{
  GudpxDatagram *datagrams[GUDPX_DATAGRAM_POOL_SIZE];
  guint n_datagrams;
} GudpxDatagramPool;

static inline GudpxDatagram *
gudpx_datagram_pool_take (GudpxDatagramPool *self)
{
  return self->n_datagrams > 0 ? self->datagrams[--self->n_datagrams] : gudpx_datagram_new_empty ();
}

/* Gives up the caller's reference. */
static inline void
gudpx_datagram_pool_give (GudpxDatagramPool *self, GudpxDatagram *datagram)
{
  if (self->n_datagrams < GUDPX_DATAGRAM_POOL_SIZE && gudpx_datagram_can_be_recycled (datagram))
    self->datagrams[self->n_datagrams++] = datagram;
  else
    g_object_unref (datagram);
}

static inline void
gudpx_datagram_pool_clear (GudpxDatagramPool *self)
{
  while (self->n_datagrams > 0)
    g_object_unref (self->datagrams[--self->n_datagrams]);
}

G_END_DECLS
