/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Who polls the sockets of a main context. GLib asks the system about every descriptor each time
 * that it iterates, which tells where there are many: beyond the first few they are left to a set
 * of descriptors that is polled as one, where the system has such. */
typedef struct _GudpxPoller GudpxPoller;

/* What a poller calls, from an iteration of the context. */
typedef struct
{
  /* A descriptor is ready, and polled no more until it is armed again. */
  void (*ready) (GObject *client, GIOCondition condition);
  /* Nothing is polled any more, and the client must be removed. */
  void (*dismissed) (GObject *client);
  /* The context is gone. */
  void (*lost) (GObject *client);
} GudpxPollerFuncs;

/* For one more client of @context, which has at most one at a time. */
GudpxPoller *gudpx_poller_join   (GMainContext           *context);
void         gudpx_poller_leave  (GudpxPoller            *self);
/* Whether it takes @fd, and with it a reference to @client; if not, the client polls itself. */
gboolean     gudpx_poller_add    (GudpxPoller            *self,
                                  int                     fd,
                                  GObject                *client,
                                  const GudpxPollerFuncs *funcs);
void         gudpx_poller_remove (GudpxPoller            *self,
                                  int                     fd,
                                  GObject                *client);
/* Polls it once for @condition, and for errors. FALSE: it cannot, and the client must be
 * removed. */
gboolean     gudpx_poller_arm    (GudpxPoller            *self,
                                  int                     fd,
                                  GObject                *client,
                                  GIOCondition            condition);

G_END_DECLS
