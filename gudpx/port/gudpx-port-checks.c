/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Checks that calls of a port begin with. */

#include "gudpx-port-private.h"

/* TRUE if the port may be called in this thread: the thread owns the main context of the port, or
 * no thread owns it at the moment. */
gboolean
gudpx_port_belongs_to_this_thread (GudpxPort *self)
{
  GMainContext *context = gudpx_watch_get_context (&self->watch);

  /* Handlers make many calls, and g_main_context_is_owner() takes a lock. */
  if (context == NULL ||
      (gudpx_watch_is_dispatching (&self->watch) && gudpx_port_handle_is_mine (self->handle)) ||
      g_main_context_is_owner (context))
    return TRUE;
  if (!g_main_context_acquire (context))
    return FALSE;

  g_main_context_release (context);
  return TRUE;
}

/* Returns the address of the port, for messages. Without an address a port listens on any IPv4
 * address. */
char *
gudpx_port_describe (GudpxPort *self)
{
  GSocketAddress *address =
      self->local_address != NULL ? self->local_address : self->config.requested_address;

  return address != NULL ? gudpx_address_describe (address) : g_strdup ("0.0.0.0:0");
}

static void
set_not_listening (GudpxPort *self, const char *what, GError **error)
{
  g_autofree char *description = gudpx_port_describe (self);

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "Cannot %s: the port %s is not listening",
               what, description);
}

/* Fails with G_IO_ERROR_CLOSED if the port is not listening. @what is the verb of the call. */
gboolean
gudpx_port_check_listening (GudpxPort *self, const char *what, GError **error)
{
  if (gudpx_gate_is_listening (&self->gate))
    return TRUE;

  set_not_listening (self, what, error);
  return FALSE;
}
