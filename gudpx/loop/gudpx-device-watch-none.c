/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* For systems that bind a socket to no interface by its name. */

#include "gudpx-device-watch-private.h"

void
gudpx_device_watch_start (GudpxDeviceWatch *self,
                          int socket_fd,
                          GMainContext *context,
                          GudpxDeviceGoneFunc gone,
                          gpointer data)
{
}

void
gudpx_device_watch_stop (GudpxDeviceWatch *self)
{
}

const char *
gudpx_device_watch_get_name (const GudpxDeviceWatch *self)
{
  return NULL;
}
