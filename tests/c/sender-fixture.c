/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "sender-fixture.h"

void
sender_set_up (SenderFixture *self, gconstpointer data)
{
  scripted_link_init (&self->link, &self->statistics);
  gudpx_reports_init (&self->reports, &self->statistics);
  gudpx_sender_init (&self->sender, &self->reports, &self->statistics);
  gudpx_sender_start (&self->sender, FALSE);
}

void
sender_set_up_unix (SenderFixture *self, gconstpointer data)
{
  sender_set_up (self, data);
  self->link.parent.local = scripted_path ("/here");
  gudpx_sender_start (&self->sender, TRUE);
}

void
sender_tear_down (SenderFixture *self, gconstpointer data)
{
  g_assert_cmpuint (gudpx_reports_get_length (&self->reports), ==, 0);
  gudpx_sender_drop (&self->sender, &self->link.parent);
  g_assert_cmpuint (gudpx_sender_get_size (&self->sender), ==, 0);
  g_assert_cmpuint (gudpx_reports_get_length (&self->reports), ==, 0);
  scripted_link_clear (&self->link);
}

void
sender_connect (SenderFixture *self, const GudpxNativeAddress *peer)
{
  gudpx_link_set_peer (&self->link.parent, peer);
}

GudpxSendResult
sender_write_to (SenderFixture *self,
                 const char *payload,
                 const GudpxNativeAddress *destination,
                 GudpxWhen when)
{
  const GOutputVector vector = { payload, strlen (payload) };
  const GudpxOutgoing outgoing = { .vectors = &vector, .n_vectors = 1, .destination = destination };

  return gudpx_sender_write (&self->sender, &self->link.parent, &outgoing, vector.size, when,
                             &self->errsv);
}

GudpxSendResult
sender_write (SenderFixture *self, const char *payload, guint16 destination, GudpxWhen when)
{
  const GudpxNativeAddress address = scripted_address (destination);

  return sender_write_to (self, payload, destination != 0 ? &address : NULL, when);
}

GTask *
sender_write_task (SenderFixture *self, const char *payload, guint16 destination)
{
  const GudpxNativeAddress address = scripted_address (destination);
  g_autoptr (GBytes) bytes = g_bytes_new (payload, strlen (payload));
  g_autoptr (GTask) task = g_task_new (NULL, NULL, NULL, NULL);
  GudpxOutgoing outgoing = { .n_vectors = 1 };
  GOutputVector vector;

  vector.buffer = g_bytes_get_data (bytes, &vector.size);
  outgoing.vectors = &vector;
  outgoing.destination = destination != 0 ? &address : NULL;
  gudpx_sender_write_with_task (&self->sender, &self->link.parent, &outgoing, GUDPX_SEND_NOW,
                                bytes, task);
  g_task_return_boolean (task, TRUE);
  return task;
}

void
sender_flush (SenderFixture *self, gboolean is_writable, gint64 now)
{
  gudpx_sender_flush (&self->sender, &self->link.parent, is_writable, now);
}

void
sender_expect_wants (SenderFixture *self, GIOCondition condition, gint64 time)
{
  const GudpxWants wants = gudpx_sender_get_wants (&self->sender);

  g_assert_cmpint (wants.condition, ==, condition);
  g_assert_cmpint (wants.time, ==, time);
}

GTask *
sender_expect_report (SenderFixture *self, GudpxReportKind kind, int errsv, guint16 port)
{
  g_autoptr (GudpxReport) report = gudpx_reports_take (&self->reports);

  g_assert_nonnull (report);
  g_assert_cmpint (report->kind, ==, kind);
  g_assert_cmpint (report->error.errsv, ==, errsv);
  g_assert_cmpuint (gudpx_native_address_get_port (&report->error.destination), ==, port);
  return report->task;
}
