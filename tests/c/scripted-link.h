/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "gudpx-link-private.h"

G_BEGIN_DECLS

/* A link without a descriptor. The test writes the result of each call before. After the last
 * result the link is idle and takes all datagrams. */
typedef struct
{
  GudpxLink parent;
  GQueue receives; /* of ScriptedReceive */
  GArray *sends;   /* of ScriptedSend */
  GArray *errors;  /* of GudpxLinkError */
  int receive_errsv;       /* of each receive after the last result; at first EAGAIN */
  int send_errsv;          /* of each send after the last result; 0: the link takes all */
  GIOCondition is_ready;   /* in addition to G_IO_IN and G_IO_ERR, which the results tell */
  GudpxWants wants;
  guint32 n_drops;
  guint n_receives;
  guint n_sends;
  guint n_batches;     /* received and not released */
  int reconnect_errsv; /* 0: the link can connect to its peer again */
  guint n_reconnects;
  gboolean may_join; /* of the last send */
  gboolean is_closed;
  GString *sent; /* each datagram that the link took: payload, “>”, port or path, a space */
} ScriptedLink;

#define SCRIPTED_ALL G_MAXUINT

void scripted_link_init        (ScriptedLink         *self,
                                GudpxStatistics      *statistics);
void scripted_link_clear       (ScriptedLink         *self);
/* Has the next send take @n_taken datagrams. @errsv is the error of the datagram after them. */
void scripted_link_will_send   (ScriptedLink         *self,
                                guint                 n_taken,
                                int                   errsv);
/* Has the next receive return copies of @n_incoming messages, or fail with @errsv. */
void scripted_link_will_give   (ScriptedLink         *self,
                                const GudpxIncoming  *incoming,
                                guint                 n_incoming);
void scripted_link_will_fail   (ScriptedLink         *self,
                                int                   errsv);
void scripted_link_will_tell   (ScriptedLink         *self,
                                const GudpxLinkError *error);
/* Asserts what the link took since the last call. */
void scripted_link_expect_sent (ScriptedLink         *self,
                                const char           *sent);

/* Addresses of 127.0.0.1 and of a UNIX socket. */
GudpxNativeAddress scripted_address  (guint16     port);
GudpxNativeAddress scripted_path     (const char *path);
/* A message from a port of 127.0.0.1. @payload must outlive it. */
GudpxIncoming      scripted_incoming (const char *payload,
                                      guint16     sender);

G_END_DECLS
