/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "gudpx-cancellation-private.h"

static gboolean
cancel_source_fired (GCancellable *cancellable, gpointer user_data)
{
  GTask *task = G_TASK (user_data);
  GSourceFunc cancelled = (GSourceFunc) g_object_get_data (G_OBJECT (task), "gudpx-cancelled");

  cancelled (task);
  return G_SOURCE_REMOVE;
}

static void
destroy_source (gpointer data)
{
  g_source_destroy (data);
  g_source_unref (data);
}

/* Calls @cancelled with @task from an iteration of @context when the task is cancelled. The task
 * owns the source, so the call cannot come after the task has been freed. */
void
gudpx_cancellation_watch (GTask *task, GMainContext *context, GSourceFunc cancelled)
{
  GCancellable *cancellable = g_task_get_cancellable (task);
  GSource *source;

  if (cancellable == NULL)
    return;

  source = g_cancellable_source_new (cancellable);
  g_source_set_callback (source, G_SOURCE_FUNC (cancel_source_fired), task, NULL);
  g_source_attach (source, context);
  g_object_set_data (G_OBJECT (task), "gudpx-cancelled", (gpointer) cancelled);
  g_object_set_data_full (G_OBJECT (task), "gudpx-cancel-source", source, destroy_source);
}
