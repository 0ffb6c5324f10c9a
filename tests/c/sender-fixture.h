/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "gudpx-sender-private.h"

#include "scripted-link.h"

G_BEGIN_DECLS

/* Time of the tests, in µs. */
#define NOW (1000 * G_TIME_SPAN_SECOND)
#define MS G_TIME_SPAN_MILLISECOND

/* A sender with a link that the test scripts. A payload is text, a destination a UDP port of
 * 127.0.0.1; 0 is the peer. */
typedef struct
{
  GudpxStatistics statistics;
  GudpxReports reports;
  GudpxSender sender;
  ScriptedLink link;
  int errsv; /* of the last write */
} SenderFixture;

void            sender_set_up         (SenderFixture   *self,
                                       gconstpointer    data);
/* As sender_set_up(), for a UNIX link. */
void            sender_set_up_unix    (SenderFixture   *self,
                                       gconstpointer    data);
void            sender_tear_down      (SenderFixture   *self,
                                       gconstpointer    data);
void            sender_connect        (SenderFixture   *self,
                                       const GudpxNativeAddress *peer);
GudpxSendResult sender_write          (SenderFixture   *self,
                                       const char      *payload,
                                       guint16          destination,
                                       GudpxWhen        when);
GudpxSendResult sender_write_to       (SenderFixture   *self,
                                       const char      *payload,
                                       const GudpxNativeAddress *destination,
                                       GudpxWhen        when);
/* Writes with a new task, which the sender keeps. */
GTask          *sender_write_task     (SenderFixture   *self,
                                       const char      *payload,
                                       guint16          destination);
void            sender_flush          (SenderFixture   *self,
                                       gboolean         is_writable,
                                       gint64           now);
/* Asserts what the sender waits for. */
void            sender_expect_wants   (SenderFixture   *self,
                                       GIOCondition     condition,
                                       gint64           time);
/* Asserts the next report: its port is that of the destination. Returns its task. */
GTask          *sender_expect_report  (SenderFixture   *self,
                                       GudpxReportKind  kind,
                                       int              errsv,
                                       guint16          port);

G_END_DECLS
