/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "gudpx-send-memory-private.h"

void
gudpx_send_queue_init (GudpxSendQueue *self)
{
  g_queue_init (&self->runs);
  self->limit = GUDPX_SEND_QUEUE_DEFAULT_LIMIT;
}

static void
update_excess (GudpxSendQueue *self)
{
  self->excess_size = self->held_size - MIN (self->held_size, self->limit / 2);
}

void
gudpx_send_queue_set_limit (GudpxSendQueue *self, gsize limit)
{
  self->limit = limit;
  update_excess (self);
}

/* Counts datagrams that are held from now on. */
static void
count_held (GudpxSendQueue *self, GudpxHeldDestination *held, gsize size, guint n_datagrams)
{
  gsize cost = gudpx_send_queue_get_cost (size, n_datagrams);

  held->size += cost;
  self->held_size += cost;
  self->n_held_datagrams += n_datagrams;
  update_excess (self);
}

static void
count_held_gone (GudpxSendQueue *self, GudpxHeldDestination *held, gsize size, guint n_datagrams)
{
  gsize cost = gudpx_send_queue_get_cost (size, n_datagrams);

  held->size -= cost;
  self->held_size -= cost;
  self->n_held_datagrams -= n_datagrams;
  update_excess (self);
}

static GudpxQueuedRun *
push_run (GQueue *runs, const GudpxOutgoing *outgoing, gsize size)
{
  GudpxQueuedRun *run = gudpx_queued_run_acquire ();

  run->n_datagrams = 0;
  run->segment_size = size;
  run->block = NULL;
  run->bytes = NULL;
  run->task = NULL;
  run->held = NULL;
  run->message_serial = outgoing->message_serial;
  run->destination.length = 0;
  if (outgoing->destination != NULL)
    gudpx_native_address_copy (&run->destination, outgoing->destination);
  run->has_ancillary = !gudpx_ancillary_is_plain (outgoing->ancillary);
  if (run->has_ancillary)
    run->ancillary = *outgoing->ancillary;
  run->link = (GList){ .data = run };
  g_queue_push_tail_link (runs, &run->link);
  return run;
}

static gboolean
goes_the_same_way (const GudpxQueuedRun *run, const GudpxOutgoing *outgoing)
{
  if (!gudpx_ancillary_sends_equal (run->has_ancillary ? &run->ancillary : NULL,
                                    outgoing->ancillary))
    return FALSE;
  if (outgoing->destination == NULL)
    return run->destination.length == 0;

  return gudpx_native_address_equal (&run->destination, outgoing->destination);
}

static void
make_room_in_block (GudpxSendQueue *self, gsize size)
{
  if (self->block != NULL && size <= self->block->size - self->block->used)
    return;

  /* The full block stays alive through its runs: a block without runs has been released already. */
  self->block = gudpx_payload_block_acquire (size);
}

static GudpxQueuedRun *
open_run (GudpxSendQueue *self, const GudpxOutgoing *outgoing, gsize size)
{
  GudpxQueuedRun *run;

  make_room_in_block (self, size);
  run = push_run (&self->runs, outgoing, size);
  run->block = self->block;
  run->block->n_runs++;
  run->vector = (GOutputVector){ run->block->data + run->block->used, 0 };
  return run;
}

/* Copies the payload: all vectors together have @size bytes. */
void
gudpx_send_queue_push (GudpxSendQueue *self, const GudpxOutgoing *outgoing, gsize size)
{
  GudpxQueuedRun *run = gudpx_send_queue_find_open_run (self, size);

  if (run == NULL || !goes_the_same_way (run, outgoing))
    run = open_run (self, outgoing, size);
  for (guint i = 0; i < outgoing->n_vectors; i++)
    gudpx_queued_run_append (run, &outgoing->vectors[i]);
  /* The destination is equal, but the message is another: further replies to it find the run. */
  run->message_serial = outgoing->message_serial;
  gudpx_send_queue_count_pushed (self, run, size);
}

static GudpxQueuedRun *
push_bytes (GudpxSendQueue *self,
            GudpxHeldDestination *held,
            const GudpxOutgoing *outgoing,
            GBytes *bytes)
{
  GudpxOutgoing addressed = *outgoing;
  gsize size;
  gconstpointer data = g_bytes_get_data (bytes, &size);
  GudpxQueuedRun *run;

  /* The port may have another peer when the datagram leaves. */
  if (held != NULL)
    addressed.destination = &held->address;
  run = push_run (held != NULL ? &held->runs : &self->runs, &addressed, size);
  run->bytes = g_bytes_ref (bytes);
  run->vector = (GOutputVector){ data, size };
  run->held = held;
  gudpx_send_queue_count_pushed (self, run, size);
  if (held != NULL)
    count_held (self, held, size, 1);
  return run;
}

/* Queues @bytes without a copy. Keeps @task until the datagram is removed from the queue. */
void
gudpx_send_queue_push_bytes (GudpxSendQueue *self,
                             GudpxHeldDestination *held,
                             const GudpxOutgoing *outgoing,
                             GBytes *bytes,
                             GTask *task)
{
  GudpxQueuedRun *run = push_bytes (self, held, outgoing, bytes);

  run->task = g_object_ref (task);
  self->awaited_size += gudpx_send_queue_get_cost (run->vector.size, 1);
}

/* Describes the first of @runs in @outgoing, in order. Returns their number. */
guint
gudpx_send_queue_peek (const GQueue *runs, GudpxOutgoing *outgoing, guint n_outgoing)
{
  guint n = 0;

  for (GList *l = runs->head; l != NULL && n < n_outgoing; l = l->next, n++)
    {
      GudpxQueuedRun *run = l->data;

      outgoing[n] = (GudpxOutgoing){
        .vectors = &run->vector,
        .n_vectors = 1,
        .n_datagrams = run->n_datagrams,
        .segment_size = run->segment_size,
        .destination = run->destination.length > 0 ? &run->destination : NULL,
        .ancillary = run->has_ancillary ? &run->ancillary : NULL,
      };
    }
  return n;
}

/* Returns the first run that is not held, or NULL. */
GudpxQueuedRun *
gudpx_send_queue_get_first (GudpxSendQueue *self)
{
  return g_queue_peek_head (&self->runs);
}

/* Returns the serial of the datagram that has waited longest; G_MAXUINT64 if there is none. */
guint64
gudpx_send_queue_get_oldest_serial (const GudpxSendQueue *self)
{
  const GudpxQueuedRun *run = self->runs.head != NULL ? self->runs.head->data : NULL;
  guint64 oldest = run != NULL ? gudpx_queued_run_get_first_serial (run) : G_MAXUINT64;

  for (GList *l = self->held.head; l != NULL; l = l->next)
    {
      const GudpxHeldDestination *held = l->data;

      run = held->runs.head != NULL ? held->runs.head->data : NULL;
      if (run != NULL)
        oldest = MIN (oldest, gudpx_queued_run_get_first_serial (run));
    }
  return oldest;
}

/* Returns the first of @runs with @task, or NULL. */
GudpxQueuedRun *
gudpx_queued_runs_find (const GQueue *runs, GTask *task)
{
  for (GList *l = runs->head; l != NULL; l = l->next)
    {
      GudpxQueuedRun *run = l->data;

      if (run->task == task)
        return run;
    }
  return NULL;
}

static GudpxQueuedRun *
get_older (GudpxQueuedRun *a, GudpxQueuedRun *b)
{
  if (a == NULL || b == NULL)
    return a != NULL ? a : b;
  return a->serial < b->serial ? a : b;
}

/* Returns the run of @task, or NULL if the run is gone. If @task is NULL: returns the oldest run
 * without a task. */
GudpxQueuedRun *
gudpx_send_queue_find (GudpxSendQueue *self, GTask *task)
{
  GudpxQueuedRun *found = gudpx_queued_runs_find (&self->runs, task);

  for (GList *l = self->held.head; l != NULL; l = l->next)
    {
      const GudpxHeldDestination *held = l->data;

      found = get_older (found, gudpx_queued_runs_find (&held->runs, task));
    }
  return found;
}

guint64
gudpx_queued_run_get_first_serial (const GudpxQueuedRun *self)
{
  return self->serial - (self->n_datagrams - 1);
}

gsize
gudpx_queued_run_get_first_size (const GudpxQueuedRun *self)
{
  return MIN (self->segment_size, self->vector.size);
}

/* Removes the run from its block. */
static void
leave_block (GudpxSendQueue *self, GudpxQueuedRun *run)
{
  GudpxPayloadBlock *block = g_steal_pointer (&run->block);

  if (block == NULL || --block->n_runs > 0)
    return;

  if (block == self->block)
    self->block = NULL;
  gudpx_payload_block_release (block);
}

/* Frees @run, which has no datagrams left. */
static void
remove_run (GudpxSendQueue *self, GudpxQueuedRun *run)
{
  g_queue_unlink (run->held != NULL ? &run->held->runs : &self->runs, &run->link);
  g_clear_pointer (&run->bytes, g_bytes_unref);
  g_clear_object (&run->task);
  leave_block (self, run);
  gudpx_queued_run_release (run);
}

/* Counts datagrams of @size bytes that left @run. */
static void
count_gone (GudpxSendQueue *self, GudpxQueuedRun *run, gsize size, guint n_datagrams)
{
  run->vector.size -= size;
  run->n_datagrams -= n_datagrams;
  self->n_datagrams -= n_datagrams;
  self->size -= gudpx_send_queue_get_cost (size, n_datagrams);
  if (run->task != NULL)
    self->awaited_size -= gudpx_send_queue_get_cost (size, n_datagrams);
  if (run->held != NULL)
    count_held_gone (self, run->held, size, n_datagrams);
  if (run->n_datagrams == 0)
    remove_run (self, run);
}

/* Removes the first datagrams of @run, which were sent or dropped. Returns the size of their
 * payloads. */
gsize
gudpx_send_queue_discard (GudpxSendQueue *self, GudpxQueuedRun *run, guint n_datagrams)
{
  gsize size = MIN (n_datagrams * run->segment_size, run->vector.size);

  run->vector.buffer = (const guint8 *) run->vector.buffer + size;
  count_gone (self, run, size, n_datagrams);
  return size;
}

/* Removes the last datagram of @run. Returns the size of its payload. */
gsize
gudpx_send_queue_discard_last (GudpxSendQueue *self, GudpxQueuedRun *run)
{
  gsize size = run->vector.size - (run->n_datagrams - 1) * run->segment_size;

  run->serial--;
  count_gone (self, run, size, 1);
  return size;
}

/* Keeps @peer as the destination of datagrams for the peer, when the port connects elsewhere. */
void
gudpx_send_queue_pin_destination (GudpxSendQueue *self, const GudpxNativeAddress *peer)
{
  for (GList *l = self->runs.head; l != NULL; l = l->next)
    {
      GudpxQueuedRun *run = l->data;

      if (run->destination.length == 0)
        gudpx_native_address_copy (&run->destination, peer);
    }
}

static guint
held_hash (gconstpointer key)
{
  static gsize seed;

  if (g_once_init_enter (&seed))
    g_once_init_leave (&seed, g_random_int_range (1, G_MAXINT));
  return gudpx_native_address_hash (key, (guint32) seed);
}

static gboolean
held_equal (gconstpointer a, gconstpointer b)
{
  return gudpx_native_address_equal (a, b);
}

GudpxHeldDestination *
gudpx_send_queue_lookup_held (GudpxSendQueue *self, const GudpxNativeAddress *destination)
{
  return self->held_by_address != NULL ? g_hash_table_lookup (self->held_by_address, destination)
                                       : NULL;
}

/* Makes a copy, because a datagram that waits long would keep a block with payloads of others. */
static void
hold_run (GudpxSendQueue *self, GudpxHeldDestination *held, GudpxQueuedRun *run)
{
  g_queue_unlink (&self->runs, &run->link);
  g_queue_push_tail_link (&held->runs, &run->link);
  run->held = held;
  if (run->bytes == NULL)
    {
      run->bytes = g_bytes_new (run->vector.buffer, run->vector.size);
      run->vector.buffer = g_bytes_get_data (run->bytes, NULL);
      leave_block (self, run);
    }
  count_held (self, held, run->vector.size, run->n_datagrams);
}

static GudpxHeldDestination *
add_held (GudpxSendQueue *self, const GudpxNativeAddress *destination)
{
  GudpxHeldDestination *held = g_new0 (GudpxHeldDestination, 1);

  gudpx_native_address_copy (&held->address, destination);
  held->link.data = held;
  g_queue_push_tail_link (&self->held, &held->link);
  if (self->held_by_address == NULL)
    self->held_by_address = g_hash_table_new (held_hash, held_equal);
  g_hash_table_insert (self->held_by_address, &held->address, held);
  return held;
}

/* Holds datagrams to @destination apart from now on, also the queued ones. */
GudpxHeldDestination *
gudpx_send_queue_hold (GudpxSendQueue *self, const GudpxNativeAddress *destination)
{
  GudpxHeldDestination *held = gudpx_send_queue_lookup_held (self, destination);
  GList *next;

  if (held == NULL)
    held = add_held (self, destination);
  for (GList *l = self->runs.head; l != NULL; l = next)
    {
      GudpxQueuedRun *run = l->data;

      next = l->next;
      if (gudpx_native_address_equal (&run->destination, &held->address))
        hold_run (self, held, run);
    }
  return held;
}

/* Frees @held, which has no datagrams left: later datagrams wait with the others again. */
void
gudpx_send_queue_let_go (GudpxSendQueue *self, GudpxHeldDestination *held)
{
  g_assert (g_queue_is_empty (&held->runs));

  g_queue_unlink (&self->held, &held->link);
  g_hash_table_remove (self->held_by_address, &held->address);
  if (g_queue_is_empty (&self->held))
    g_clear_pointer (&self->held_by_address, g_hash_table_unref);
  g_free (held);
}

/* Moves @held to the end: the other held destinations are tried before it. */
void
gudpx_send_queue_postpone (GudpxSendQueue *self, GudpxHeldDestination *held)
{
  g_queue_unlink (&self->held, &held->link);
  g_queue_push_tail_link (&self->held, &held->link);
}

/* Copies the payload. */
void
gudpx_send_queue_push_held (GudpxSendQueue *self,
                            GudpxHeldDestination *held,
                            const GudpxOutgoing *outgoing)
{
  g_autoptr (GByteArray) joined = g_byte_array_new ();
  g_autoptr (GBytes) bytes = NULL;

  for (guint i = 0; i < outgoing->n_vectors; i++)
    {
      if (outgoing->vectors[i].size > 0)
        g_byte_array_append (joined, outgoing->vectors[i].buffer, outgoing->vectors[i].size);
    }
  bytes = g_byte_array_free_to_bytes (g_steal_pointer (&joined));
  push_bytes (self, held, outgoing, bytes);
}

/* TRUE if the destination would use at most a quarter of the queue, or only one datagram, and all
 * held destinations together at most half of the queue. */
static gboolean
fits_in_part (const GudpxSendQueue *self,
              gsize size_of_one,
              gsize size_of_others,
              gsize payload_size)
{
  gsize all = self->limit / 2;
  gsize one = size_of_one == 0 ? all : self->limit / 4;
  gsize cost;

  if (payload_size > all)
    return FALSE;
  cost = gudpx_send_queue_get_cost (payload_size, 1);
  return size_of_one <= one && cost <= one - size_of_one && size_of_one + size_of_others <= all &&
         cost <= all - size_of_one - size_of_others;
}

gboolean
gudpx_send_queue_has_room_for_held (const GudpxSendQueue *self,
                                    const GudpxHeldDestination *held,
                                    gsize payload_size)
{
  return fits_in_part (self, held->size, self->held_size - held->size, payload_size);
}

/* TRUE if there would be room after all datagrams of @held without a task were dropped. */
gboolean
gudpx_send_queue_can_have_room_for_held (const GudpxSendQueue *self,
                                         const GudpxHeldDestination *held,
                                         gsize payload_size)
{
  gsize awaited_size = 0;

  for (GList *l = held->runs.head; l != NULL; l = l->next)
    {
      const GudpxQueuedRun *run = l->data;

      if (run->task != NULL)
        awaited_size += gudpx_send_queue_get_cost (run->vector.size, 1);
    }
  return fits_in_part (self, awaited_size, self->held_size - held->size, payload_size);
}

/* Returns the last datagram without a task, or NULL. */
GudpxQueuedRun *
gudpx_held_destination_find_last (const GudpxHeldDestination *self)
{
  GList *l = self->runs.tail;

  while (l != NULL && ((GudpxQueuedRun *) l->data)->task != NULL)
    l = l->prev;
  return l != NULL ? l->data : NULL;
}

/* TRUE if more than one datagram waits. */
gboolean
gudpx_held_destination_has_several (const GudpxHeldDestination *self)
{
  const GudpxQueuedRun *first = self->runs.head != NULL ? self->runs.head->data : NULL;

  return first != NULL && (self->runs.length > 1 || first->n_datagrams > 1);
}
