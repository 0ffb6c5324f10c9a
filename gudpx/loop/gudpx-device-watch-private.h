/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef void (*GudpxDeviceGoneFunc) (gpointer data);

/* Watch of the interface that a socket is bound to. */
typedef struct
{
  GSource *source; /* NULL: the socket is not bound to an interface */
  int socket_fd;
  int netlink_fd;
  char *name;
  gboolean is_gone;
  GudpxDeviceGoneFunc gone;
  gpointer data; /* for gone */
} GudpxDeviceWatch;

void        gudpx_device_watch_start    (GudpxDeviceWatch       *self,
                                         int                     socket_fd,
                                         GMainContext           *context,
                                         GudpxDeviceGoneFunc     gone,
                                         gpointer                data);
void        gudpx_device_watch_stop     (GudpxDeviceWatch       *self);
const char *gudpx_device_watch_get_name (const GudpxDeviceWatch *self);

G_END_DECLS
