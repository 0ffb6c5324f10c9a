/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "gudpx-memberships-private.h"
#include "gudpx-port-config-private.h"

/* Sets the defaults of a new port. */
void
gudpx_port_config_init (GudpxPortConfig *self)
{
  self->socket.memberships = gudpx_memberships_new ();
  self->max_packet_size = GUDPX_PORT_DEFAULT_MAX_PACKET_SIZE;
  self->priority = G_PRIORITY_DEFAULT;
  self->busy_poll = GUDPX_PORT_DEFAULT_BUSY_POLL;
}

void
gudpx_port_config_clear (GudpxPortConfig *self)
{
  g_clear_pointer (&self->socket.bind.device, g_free);
  g_clear_pointer (&self->socket.memberships, g_ptr_array_unref);
  gudpx_options_clear (&self->socket.options);
  g_clear_object (&self->requested_address);
}
