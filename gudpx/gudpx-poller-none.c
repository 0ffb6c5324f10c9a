/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Where nothing polls many descriptors as one. */

#include "gudpx-poller-private.h"

GudpxPoller *
gudpx_poller_join (GMainContext *context)
{
  return NULL;
}

void
gudpx_poller_leave (GudpxPoller *self)
{
}

gboolean
gudpx_poller_add (GudpxPoller *self, int fd, GObject *client, const GudpxPollerFuncs *funcs)
{
  return FALSE;
}

void
gudpx_poller_remove (GudpxPoller *self, int fd, GObject *client)
{
}

gboolean
gudpx_poller_arm (GudpxPoller *self, int fd, GObject *client, GIOCondition condition)
{
  return FALSE;
}
