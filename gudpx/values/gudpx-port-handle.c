/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "gudpx-port-handle-private.h"

GudpxPortHandle *
gudpx_port_handle_new (GudpxPort *port, GudpxDeliverFunc deliver)
{
  GudpxPortHandle *self = g_atomic_rc_box_new0 (GudpxPortHandle);

  self->port = port;
  self->deliver = deliver;
  return self;
}

/* Forgets the port and its senders. */
void
gudpx_port_handle_forget (GudpxPortHandle *self)
{
  self->port = NULL;
  g_clear_pointer (&self->addresses, gudpx_address_cache_free);
}

/* Returns the object for a sender's address, from the cache in the port's own thread; NULL for a
 * sender without a name. */
GSocketAddress *
gudpx_port_handle_dup_sender (GudpxPortHandle *self, const GudpxNativeAddress *native)
{
  GSocketAddress *cached;

  if (!gudpx_port_handle_is_mine (self) || self->port == NULL)
    return gudpx_native_address_to_object (native);

  if (self->addresses == NULL)
    self->addresses = gudpx_address_cache_new ();
  cached = gudpx_address_cache_lookup (self->addresses, native);
  return cached != NULL ? g_object_ref (cached) : NULL;
}
