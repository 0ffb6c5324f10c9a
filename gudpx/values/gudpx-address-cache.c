/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "gudpx-address-cache-private.h"
#include "gudpx-limits-private.h"

/* Each address has one slot, so a flood of new senders replaces objects and never takes more
 * memory. The number of slots doubles while there are more evictions than slots. */
#define MIN_SLOTS 16

typedef struct
{
  GudpxNativeAddress native;
  GSocketAddress *address;
} Slot;

struct _GudpxAddressCache
{
  Slot *slots;
  guint n_slots;
  guint n_evictions;
  guint32 seed;
};

GudpxAddressCache *
gudpx_address_cache_new (void)
{
  GudpxAddressCache *self = g_new0 (GudpxAddressCache, 1);

  self->n_slots = MIN_SLOTS;
  self->slots = g_new0 (Slot, self->n_slots);
  self->seed = g_random_int ();
  return self;
}

void
gudpx_address_cache_free (GudpxAddressCache *self)
{
  for (guint i = 0; i < self->n_slots; i++)
    g_clear_object (&self->slots[i].address);
  g_free (self->slots);
  g_free (self);
}

static inline Slot *
find_slot (GudpxAddressCache *self, const GudpxNativeAddress *native)
{
  return &self->slots[gudpx_native_address_hash (native, self->seed) & (self->n_slots - 1)];
}

static void
grow (GudpxAddressCache *self)
{
  Slot *old = self->slots;
  guint n_old = self->n_slots;

  self->n_slots *= 2;
  self->n_evictions = 0;
  self->slots = g_new0 (Slot, self->n_slots);

  for (guint i = 0; i < n_old; i++)
    {
      if (old[i].address != NULL)
        *find_slot (self, &old[i].native) = old[i];
    }
  g_free (old);
}

/* Returns the object for @native, which the cache owns; NULL for a sender without a name. */
GSocketAddress *
gudpx_address_cache_lookup (GudpxAddressCache *self, const GudpxNativeAddress *native)
{
  Slot *slot;

  if (gudpx_native_address_is_unnamed (native))
    return NULL;

  if (self->n_evictions > self->n_slots && self->n_slots < GUDPX_MAX_CACHED_ADDRESSES)
    grow (self);

  slot = find_slot (self, native);
  if (slot->address != NULL && gudpx_native_address_equal (&slot->native, native))
    return slot->address;

  if (slot->address != NULL)
    self->n_evictions++;
  g_clear_object (&slot->address);
  slot->native = *native;
  slot->address = gudpx_native_address_to_object (native);
  return slot->address;
}
