/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Memory of send queues. Most datagrams wait only for the end of a dispatch, so the ports of a
 * thread share blocks for payloads, and runs. */

#include "gudpx-send-memory-private.h"

/* Size of a block, larger than any run. */
#define BLOCK_SIZE (64 * 1024)
/* Unused runs that a thread keeps: as many as are sent in one call. */
#define MAX_SPARE_RUNS 256

/* Memory that all queues of a thread share. An idle port has no memory of its own. */
typedef struct
{
  GudpxPayloadBlock *block;
  GQueue runs;
} Spares;

static void
spares_free (gpointer data)
{
  Spares *spares = data;
  GudpxQueuedRun *run;

  while ((run = g_queue_peek_head (&spares->runs)) != NULL)
    {
      g_queue_unlink (&spares->runs, &run->link);
      g_free (run);
    }
  g_free (spares->block);
  g_free (spares);
}

static GPrivate thread_spares = G_PRIVATE_INIT (spares_free);

static Spares *
get_spares (void)
{
  Spares *spares = g_private_get (&thread_spares);

  if (spares == NULL)
    {
      spares = g_new0 (Spares, 1);
      g_private_set (&thread_spares, spares);
    }
  return spares;
}

/* Returns an empty block with room for @size bytes. */
GudpxPayloadBlock *
gudpx_payload_block_acquire (gsize size)
{
  Spares *spares = get_spares ();
  GudpxPayloadBlock *block;

  if (size <= BLOCK_SIZE && spares->block != NULL)
    return g_steal_pointer (&spares->block);

  block = g_malloc (sizeof *block + MAX (size, BLOCK_SIZE));
  *block = (GudpxPayloadBlock){ .size = MAX (size, BLOCK_SIZE) };
  return block;
}

void
gudpx_payload_block_release (GudpxPayloadBlock *self)
{
  Spares *spares = get_spares ();

  if (spares->block != NULL || self->size > BLOCK_SIZE)
    {
      g_free (self);
      return;
    }
  self->used = 0;
  spares->block = self;
}

/* Returns a run whose fields are not set. */
GudpxQueuedRun *
gudpx_queued_run_acquire (void)
{
  Spares *spares = get_spares ();
  GudpxQueuedRun *run = g_queue_peek_head (&spares->runs);

  if (run == NULL)
    run = g_new (GudpxQueuedRun, 1);
  else
    g_queue_unlink (&spares->runs, &run->link);
  return run;
}

void
gudpx_queued_run_release (GudpxQueuedRun *self)
{
  Spares *spares = get_spares ();

  if (spares->runs.length >= MAX_SPARE_RUNS)
    g_free (self);
  else
    g_queue_push_head_link (&spares->runs, &self->link);
}
