/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Polls the descriptors of a main context as one set, where the system can. GLib passes every
 * descriptor to the kernel in each iteration, which is slow with many. The first descriptors of a
 * context are left to GLib. */
typedef struct _GudpxPoller GudpxPoller;
typedef struct _GudpxPollerClient GudpxPollerClient;

/* Functions that a poller calls, from an iteration of the context. */
typedef struct
{
  /* The descriptor is ready, and is not polled until it is armed again. */
  void (*ready) (GudpxPollerClient *client, GIOCondition condition);
  /* The poller stops polling, and the client must be removed. */
  void (*dismissed) (GudpxPollerClient *client);
  /* The context is gone. */
  void (*lost) (GudpxPollerClient *client);
} GudpxPollerFuncs;

/* Head of the struct that has the descriptor. */
struct _GudpxPollerClient
{
  const GudpxPollerFuncs *funcs;
  GObject *owner; /* has the client; the poller keeps it while the client is added */
};

static inline void
gudpx_poller_client_init (GudpxPollerClient *self, const GudpxPollerFuncs *funcs, GObject *owner)
{
  self->funcs = funcs;
  self->owner = owner;
}

static inline GObject *
gudpx_poller_client_get_owner (const GudpxPollerClient *self)
{
  return self->owner;
}

/* Notes one more client of @context, which has at most one descriptor at a time. */
GudpxPoller *gudpx_poller_join   (GMainContext      *context);
void         gudpx_poller_leave  (GudpxPoller       *self);
/* FALSE: the client has to poll @fd itself. */
gboolean     gudpx_poller_add    (GudpxPoller       *self,
                                  int                fd,
                                  GudpxPollerClient *client);
void         gudpx_poller_remove (GudpxPoller       *self,
                                  int                fd,
                                  GudpxPollerClient *client);
/* Polls @fd once for @condition, and for errors. FALSE: the poller cannot, and the client must be
 * removed. */
gboolean     gudpx_poller_arm    (GudpxPoller       *self,
                                  int                fd,
                                  GudpxPollerClient *client,
                                  GIOCondition       condition);

G_END_DECLS
