/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The interface that a port is bound to: by bind-device, by the scope id of its address, or by the
 * maker of an adopted socket. If the interface is removed, the port receives nothing, also if
 * a new interface gets that name. */

#include "gudpx-port-private.h"

static void
device_is_gone (gpointer data)
{
  GudpxPort *self = data;

  gudpx_reports_add (&self->reports, GUDPX_REPORT_DEVICE_GONE, ENODEV);
  gudpx_port_settle (self);
}

void
gudpx_port_watch_device (GudpxPort *self)
{
  if (gudpx_link_get_socket (self->link) != NULL)
    gudpx_device_watch_start (&self->device_watch, gudpx_link_get_fd (self->link),
                              gudpx_watch_get_context (&self->watch), device_is_gone, self);
}

void
gudpx_port_unwatch_device (GudpxPort *self)
{
  gudpx_device_watch_stop (&self->device_watch);
}
