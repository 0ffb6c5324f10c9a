/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <string.h>

#include "gudpx-peers-private.h"

G_BEGIN_DECLS

/* Entry of the index of packed datagrams: the size of a payload, and the number of its peer. */
typedef struct
{
  guint32 size;
  guint32 peer;
} GudpxPackedEntry;

/* Datagrams of which the payloads lie one after the other, for languages in which a call costs more
 * than a datagram. */
typedef struct
{
  GByteArray *payloads; /* NULL: nothing is packed */
  GByteArray *index;
  GudpxPeers *peers;     /* numbers for peers; NULL: none has a number yet */
  guint n_calls;         /* calls of the protocol that have not returned */
  guint n_resumed_calls; /* calls whose rest the protocol delivers from a main loop of a handler */
} GudpxPacked;

/* TRUE for a sender whose datagrams are wanted. */
typedef gboolean (*GudpxPackedFilter) (gconstpointer              data,
                                       const GudpxNativeAddress  *sender);

void  gudpx_packed_begin  (GudpxPacked               *self);
void  gudpx_packed_add    (GudpxPacked               *self,
                           const guint8              *payload,
                           gsize                      size,
                           const GudpxNativeAddress  *sender);
guint gudpx_packed_filter (GudpxPacked               *self,
                           GudpxPackedFilter          filter,
                           gconstpointer              data);
void  gudpx_packed_keep   (GudpxPacked               *self,
                           GByteArray                *payloads,
                           GByteArray                *index,
                           guint                      n_taken);
guint gudpx_packed_drop   (GudpxPacked               *self);
void  gudpx_packed_forget_peers (GudpxPacked         *self);
void  gudpx_packed_clear  (GudpxPacked               *self);
const GudpxNativeAddress *gudpx_packed_get_native_peer (const GudpxPacked *self,
                                                        guint              number);
GSocketAddress           *gudpx_packed_get_peer        (const GudpxPacked *self,
                                                        guint              number);

static inline GudpxPackedEntry
gudpx_packed_get_entry (const guint8 *index, gsize i)
{
  GudpxPackedEntry entry;

  memcpy (&entry, index + i * sizeof entry, sizeof entry);
  return entry;
}

static inline gboolean
gudpx_packed_is_empty (const GudpxPacked *self)
{
  return self->index == NULL;
}

/* Takes all of them. The caller gets both arrays; they are not NULL. */
static inline void
gudpx_packed_take (GudpxPacked *self, GByteArray **payloads, GByteArray **index)
{
  *payloads = g_steal_pointer (&self->payloads);
  *index = g_steal_pointer (&self->index);
}

static inline void
gudpx_packed_begin_call (GudpxPacked *self)
{
  self->n_calls++;
}

static inline void
gudpx_packed_end_call (GudpxPacked *self)
{
  self->n_calls--;
  self->n_resumed_calls = MIN (self->n_resumed_calls, self->n_calls);
}

/* TRUE if a handler runs a main loop while the rest of its call waits. */
static inline gboolean
gudpx_packed_has_suspended_call (const GudpxPacked *self)
{
  return self->n_calls > self->n_resumed_calls;
}

static inline void
gudpx_packed_resume_calls (GudpxPacked *self)
{
  self->n_resumed_calls = self->n_calls;
}

G_END_DECLS
