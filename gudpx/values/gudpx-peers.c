/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "gudpx-limits-private.h"
#include "gudpx-peers-private.h"

typedef struct
{
  GudpxNativeAddress native;
  guint32 number;
  GSocketAddress *address; /* NULL until it is read */
} Peer;

struct _GudpxPeers
{
  GHashTable *numbers; /* set of Peer, compared by address */
  GPtrArray *peers;    /* in the order of their numbers */
  guint32 first;       /* number of the first peer */
  Peer *last;          /* found by the last lookup, or NULL */
};

static void
peer_free (gpointer data)
{
  Peer *self = data;

  g_clear_object (&self->address);
  g_free (self);
}

/* Remote hosts choose the addresses, so a random seed keeps them from forcing collisions. */
static guint
peer_hash (gconstpointer key)
{
  static guint32 seed;
  static gsize is_seeded;

  if (g_once_init_enter (&is_seeded))
    {
      seed = g_random_int ();
      g_once_init_leave (&is_seeded, TRUE);
    }
  return gudpx_native_address_hash (&((const Peer *) key)->native, seed);
}

static gboolean
peer_equal (gconstpointer a, gconstpointer b)
{
  return gudpx_native_address_equal (&((const Peer *) a)->native, &((const Peer *) b)->native);
}

GudpxPeers *
gudpx_peers_new (void)
{
  GudpxPeers *self = g_new0 (GudpxPeers, 1);

  self->numbers = g_hash_table_new (peer_hash, peer_equal);
  self->peers = g_ptr_array_new_with_free_func (peer_free);
  self->first = 1;
  return self;
}

void
gudpx_peers_free (GudpxPeers *self)
{
  g_hash_table_unref (self->numbers);
  g_ptr_array_unref (self->peers);
  g_free (self);
}

/* Forgets all peers. New peers get new numbers. */
void
gudpx_peers_clear (GudpxPeers *self)
{
  self->first += self->peers->len;
  self->last = NULL;
  g_hash_table_remove_all (self->numbers);
  g_ptr_array_set_size (self->peers, 0);
}

gboolean
gudpx_peers_is_full (GudpxPeers *self)
{
  return self->peers->len >= GUDPX_MAX_PEERS;
}

static Peer *
add_peer (GudpxPeers *self, const GudpxNativeAddress *native)
{
  Peer *peer = g_new0 (Peer, 1);

  /* After 2^32 peers the numbers start again at 1, because 0 is not a number of a peer. */
  if (self->first + self->peers->len == 0)
    gudpx_peers_clear (self);
  if (self->first == 0)
    self->first = 1;

  peer->native = *native;
  peer->number = self->first + self->peers->len;
  g_ptr_array_add (self->peers, peer);
  g_hash_table_add (self->numbers, peer);
  return peer;
}

/* Returns the number of a known peer, or a new number. */
guint32
gudpx_peers_get_number (GudpxPeers *self, const GudpxNativeAddress *native)
{
  Peer key;

  if (gudpx_native_address_is_unnamed (native))
    return 0;
  if (self->last != NULL && gudpx_native_address_equal (&self->last->native, native))
    return self->last->number;

  key.native = *native;
  self->last = g_hash_table_lookup (self->numbers, &key);
  if (self->last == NULL)
    self->last = add_peer (self, native);
  return self->last->number;
}

static Peer *
lookup (GudpxPeers *self, guint32 number)
{
  guint32 index = number - self->first;

  return number != 0 && index < self->peers->len ? self->peers->pdata[index] : NULL;
}

/* Returns NULL for an unknown or forgotten number. */
const GudpxNativeAddress *
gudpx_peers_get_native (GudpxPeers *self, guint32 number)
{
  Peer *peer = lookup (self, number);

  return peer != NULL ? &peer->native : NULL;
}

/* Returns the object for the address, which the table owns; NULL for an unknown number. */
GSocketAddress *
gudpx_peers_get_address (GudpxPeers *self, guint32 number)
{
  Peer *peer = lookup (self, number);

  if (peer == NULL)
    return NULL;
  if (peer->address == NULL)
    peer->address = gudpx_native_address_to_object (&peer->native);
  return peer->address;
}
