/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "scripted-link.h"

typedef struct
{
  guint n_taken;
  int errsv;
} ScriptedSend;

typedef struct
{
  GudpxBatch *batch; /* NULL: the call fails */
  int errsv;
} ScriptedReceive;

static GudpxBatch *
scripted_receive (GudpxLink *link, gsize max_size, int *errsv)
{
  ScriptedLink *self = (ScriptedLink *) link;
  g_autofree ScriptedReceive *next = g_queue_pop_head (&self->receives);

  self->n_receives++;
  *errsv = next != NULL ? next->errsv : self->receive_errsv;
  if (next == NULL || next->batch == NULL)
    return NULL;

  self->n_batches++;
  next->batch->may_have_more = self->receives.length > 0;
  return next->batch;
}

static void
scripted_release (GudpxLink *link, GudpxBatch *batch)
{
  ((ScriptedLink *) link)->n_batches--;
  g_free (batch);
}

static void
record (ScriptedLink *self, const GudpxOutgoing *outgoing, guint first)
{
  const GudpxNativeAddress *destination =
      outgoing->destination != NULL ? outgoing->destination : &self->parent.peer;
  const GOutputVector vector = outgoing->n_datagrams > 1
                                   ? gudpx_outgoing_get_segments (outgoing, first, 1)
                                   : outgoing->vectors[0];

  g_string_append_len (self->sent, vector.buffer, vector.size);
  if (destination->u.any.sa_family == AF_UNIX)
    g_string_append_printf (self->sent, ">%s ", destination->u.un.sun_path);
  else
    g_string_append_printf (self->sent, ">%u ", gudpx_native_address_get_port (destination));
}

static guint
scripted_send (GudpxLink *link,
               const GudpxOutgoing *outgoing,
               guint n_outgoing,
               gboolean may_join,
               int *errsv)
{
  ScriptedLink *self = (ScriptedLink *) link;
  ScriptedSend next = { self->send_errsv == 0 ? SCRIPTED_ALL : 0, self->send_errsv };
  guint n = 0;

  if (self->sends->len > 0)
    {
      next = g_array_index (self->sends, ScriptedSend, 0);
      g_array_remove_index (self->sends, 0);
    }
  self->n_sends++;
  self->may_join = may_join;
  *errsv = next.errsv;
  for (guint i = 0; i < n_outgoing; i++)
    {
      for (guint j = 0; j < MAX (outgoing[i].n_datagrams, 1); j++)
        {
          if (n == next.n_taken)
            return n;
          record (self, &outgoing[i], j);
          n++;
        }
    }
  *errsv = 0;
  return n;
}

static gboolean
scripted_take_error (GudpxLink *link, GudpxLinkError *error)
{
  ScriptedLink *self = (ScriptedLink *) link;

  if (self->errors->len == 0)
    {
      *error = (GudpxLinkError){ .errsv = link->pending_errsv };
      link->pending_errsv = 0;
      return error->errsv != 0;
    }

  *error = g_array_index (self->errors, GudpxLinkError, 0);
  if (!error->is_of_reading)
    g_array_remove_index (self->errors, 0);
  return TRUE;
}

static guint32
scripted_get_drops (GudpxLink *link)
{
  return ((ScriptedLink *) link)->n_drops;
}

static GudpxWants
scripted_get_wants (GudpxLink *link)
{
  return ((ScriptedLink *) link)->wants;
}

static GIOCondition
scripted_get_ready (GudpxLink *link)
{
  const ScriptedLink *self = (ScriptedLink *) link;

  return self->is_ready | (self->receives.length > 0 ? G_IO_IN : 0) |
         (self->errors->len > 0 ? G_IO_ERR : 0);
}

static gboolean
scripted_connect (GudpxLink *link, const GudpxNativeAddress *peer, GError **error)
{
  gudpx_link_set_peer (link, peer);
  return TRUE;
}

static gboolean
scripted_reconnect (GudpxLink *link, int *errsv)
{
  ScriptedLink *self = (ScriptedLink *) link;

  self->n_reconnects++;
  *errsv = self->reconnect_errsv;
  return *errsv == 0;
}

static void
scripted_close (GudpxLink *link)
{
  ((ScriptedLink *) link)->is_closed = TRUE;
}

static const GudpxLinkFuncs scripted_funcs = {
  .receive = scripted_receive,
  .release = scripted_release,
  .send = scripted_send,
  .take_error = scripted_take_error,
  .get_drops = scripted_get_drops,
  .get_wants = scripted_get_wants,
  .get_ready = scripted_get_ready,
  .connect = scripted_connect,
  .reconnect = scripted_reconnect,
  .close = scripted_close,
};

void
scripted_link_init (ScriptedLink *self, GudpxStatistics *statistics)
{
  *self = (ScriptedLink){ .receive_errsv = EAGAIN, .wants = GUDPX_WANTS_NOTHING };
  gudpx_link_init (&self->parent, &scripted_funcs, statistics);
  self->parent.local = scripted_address (7);
  self->sends = g_array_new (FALSE, FALSE, sizeof (ScriptedSend));
  self->errors = g_array_new (FALSE, FALSE, sizeof (GudpxLinkError));
  self->sent = g_string_new (NULL);
}

void
scripted_link_clear (ScriptedLink *self)
{
  g_assert_cmpuint (self->n_batches, ==, 0);
  g_assert_cmpuint (self->receives.length, ==, 0);
  g_assert_cmpuint (self->sends->len, ==, 0);
  g_array_unref (self->sends);
  g_array_unref (self->errors);
  g_string_free (self->sent, TRUE);
}

void
scripted_link_will_send (ScriptedLink *self, guint n_taken, int errsv)
{
  const ScriptedSend next = { n_taken, errsv };

  g_array_append_val (self->sends, next);
}

void
scripted_link_will_give (ScriptedLink *self, const GudpxIncoming *incoming, guint n_incoming)
{
  const GudpxBatch batch = { (GudpxIncoming *) incoming, n_incoming, FALSE, FALSE };
  ScriptedReceive *next = g_new0 (ScriptedReceive, 1);

  next->batch = gudpx_batch_detach (&batch, 0, 0);
  next->batch->is_detached = FALSE;
  g_queue_push_tail (&self->receives, next);
}

void
scripted_link_will_fail (ScriptedLink *self, int errsv)
{
  ScriptedReceive *next = g_new0 (ScriptedReceive, 1);

  next->errsv = errsv;
  g_queue_push_tail (&self->receives, next);
}

void
scripted_link_will_tell (ScriptedLink *self, const GudpxLinkError *error)
{
  g_array_append_vals (self->errors, error, 1);
}

void
scripted_link_expect_sent (ScriptedLink *self, const char *sent)
{
  g_assert_cmpstr (self->sent->str, ==, sent);
  g_string_truncate (self->sent, 0);
}

GudpxNativeAddress
scripted_address (guint16 port)
{
  return (GudpxNativeAddress){
    .length = sizeof (struct sockaddr_in),
    .u.in = { .sin_family = AF_INET,
              .sin_port = g_htons (port),
              .sin_addr.s_addr = g_htonl (INADDR_LOOPBACK) }
  };
}

GudpxNativeAddress
scripted_path (const char *path)
{
  GudpxNativeAddress address = { .u.un.sun_family = AF_UNIX };

  g_strlcpy (address.u.un.sun_path, path, sizeof address.u.un.sun_path);
  address.length = G_STRUCT_OFFSET (struct sockaddr_un, sun_path) + strlen (path) + 1;
  return address;
}

GudpxIncoming
scripted_incoming (const char *payload, guint16 sender)
{
  return (GudpxIncoming){ .data = (const guint8 *) payload,
                          .size = strlen (payload),
                          .original_size = strlen (payload),
                          .sender = scripted_address (sender),
                          .ancillary = GUDPX_ANCILLARY_INIT };
}
