/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* For systems that have no set of descriptors to poll as one: each client polls itself. */

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
gudpx_poller_add (GudpxPoller *self, int fd, GudpxPollerClient *client)
{
  return FALSE;
}

void
gudpx_poller_remove (GudpxPoller *self, int fd, GudpxPollerClient *client)
{
}

gboolean
gudpx_poller_arm (GudpxPoller *self,
                  int fd,
                  GudpxPollerClient *client,
                  GIOCondition condition)
{
  return FALSE;
}
