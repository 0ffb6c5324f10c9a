/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "gudpx-port-thread-private.h"

/* Above every port's priority, so that a flood of datagrams cannot delay calls from other threads,
 * such as the end of the thread. */
#define CALL_PRIORITY G_MININT

/* The thread and its starter each hold a reference, and may drop them in any order. */
struct _GudpxPortThread
{
  GThread *thread; /* NULL after the join */

  /* Used only in the thread. */
  GudpxPortThreadOpenFunc open;
  gpointer open_data;
  GudpxPort *port;
  gboolean must_end;

  GMutex mutex; /* protects the fields below */
  GCond opened;
  gboolean is_opened;
  GError *error;         /* reason if the port did not open */
  GMainContext *context; /* other threads attach sources until is_quitting is TRUE */
  gboolean is_quitting;
  GudpxStatistics statistics; /* counters after the last iteration of the main loop */
};

/* A call that another thread requested. */
typedef struct
{
  GudpxPortThread *thread;
  GudpxPortFunc func;
  gpointer user_data;
  GDestroyNotify destroy;
} Call;

static void
clear (gpointer data)
{
  GudpxPortThread *self = data;

  g_clear_pointer (&self->thread, g_thread_unref);
  g_clear_error (&self->error);
  g_cond_clear (&self->opened);
  g_mutex_clear (&self->mutex);
}

GudpxPortThread *
gudpx_port_thread_ref (GudpxPortThread *self)
{
  return g_atomic_rc_box_acquire (self);
}

void
gudpx_port_thread_unref (GudpxPortThread *self)
{
  g_atomic_rc_box_release_full (self, clear);
}

static void
publish_statistics (GudpxPortThread *self)
{
  g_autoptr (GudpxStatistics) statistics = gudpx_port_get_statistics (self->port);

  g_mutex_lock (&self->mutex);
  self->statistics = *statistics;
  g_mutex_unlock (&self->mutex);
}

static void
open_port (GudpxPortThread *self)
{
  g_autoptr (GError) error = NULL;

  self->port = self->open (self->open_data, &error);
  g_assert ((self->port == NULL) == (error != NULL));
  if (self->port != NULL)
    publish_statistics (self);

  g_mutex_lock (&self->mutex);
  self->is_opened = TRUE;
  self->error = g_steal_pointer (&error);
  g_cond_signal (&self->opened);
  g_mutex_unlock (&self->mutex);
}

/* Runs the main loop. The counters are published after each iteration, so that other threads can
 * read them without stopping the loop. */
static void
serve (GudpxPortThread *self)
{
  while (!self->must_end)
    {
      g_main_context_iteration (self->context, TRUE);
      publish_statistics (self);
    }

  gudpx_port_stop_listening (self->port);
  publish_statistics (self);
  g_clear_object (&self->port);
}

/* Main function of the thread. The port, its protocol and the sources of the context are freed
 * here, in the thread that used them. */
static gpointer
run (gpointer data)
{
  GudpxPortThread *self = data;

  g_main_context_push_thread_default (self->context);
  open_port (self);
  if (self->port != NULL)
    serve (self);
  g_main_context_pop_thread_default (self->context);
  g_main_context_unref (self->context);
  gudpx_port_thread_unref (self);
  return NULL;
}

static gboolean
wait_until_open (GudpxPortThread *self, GError **error)
{
  gboolean is_open;

  g_mutex_lock (&self->mutex);
  while (!self->is_opened)
    g_cond_wait (&self->opened, &self->mutex);
  is_open = self->error == NULL;
  if (!is_open)
    g_propagate_error (error, g_steal_pointer (&self->error));
  g_mutex_unlock (&self->mutex);
  return is_open;
}

/* Starts a thread and waits until its port is open. If the port does not open, the thread ends, and
 * the function returns NULL with an error. */
GudpxPortThread *
gudpx_port_thread_start (const char *name,
                         GudpxPortThreadOpenFunc open,
                         gpointer data,
                         GError **error)
{
  GudpxPortThread *self = g_atomic_rc_box_new0 (GudpxPortThread);
  g_autoptr (GError) thread_error = NULL;

  g_mutex_init (&self->mutex);
  g_cond_init (&self->opened);
  self->open = open;
  self->open_data = data;
  self->context = g_main_context_new ();
  self->thread = g_thread_try_new (name, run, gudpx_port_thread_ref (self), &thread_error);
  if (self->thread == NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "Cannot start the thread “%s”: %s", name,
                   thread_error->message);
      g_main_context_unref (self->context);
      gudpx_port_thread_unref (self); /* the reference of the thread */
    }
  else if (wait_until_open (self, error))
    return self;
  else
    gudpx_port_thread_join (self);

  gudpx_port_thread_unref (self);
  return NULL;
}

static Call *
call_new (GudpxPortThread *thread, GudpxPortFunc func, gpointer user_data, GDestroyNotify destroy)
{
  Call *self = g_new (Call, 1);

  *self = (Call){ thread, func, user_data, destroy };
  return self;
}

static void
call_free (gpointer data)
{
  Call *call = data;

  if (call->destroy != NULL)
    call->destroy (call->user_data);
  g_free (call);
}

static gboolean
call_run (gpointer data)
{
  Call *call = data;

  call->func (call->thread->port, call->user_data);
  return G_SOURCE_REMOVE;
}

/* Attaches a source for one call. GLib dispatches sources of one priority in the order in which
 * they were attached. */
static void
attach_call (GudpxPortThread *self, GSourceFunc func, gpointer data, GDestroyNotify destroy)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_priority (source, CALL_PRIORITY);
  g_source_set_static_name (source, "GudpxPortThread");
  g_source_set_callback (source, func, data, destroy);
  g_source_attach (source, self->context);
}

/* Calls @func and then @destroy from the thread's main loop, before the thread quits. Returns FALSE
 * if the thread is quitting already: then neither is called. */
gboolean
gudpx_port_thread_invoke (GudpxPortThread *self,
                          GudpxPortFunc func,
                          gpointer user_data,
                          GDestroyNotify destroy)
{
  gboolean is_accepted;

  g_mutex_lock (&self->mutex);
  is_accepted = !self->is_quitting;
  if (is_accepted)
    attach_call (self, call_run, call_new (self, func, user_data, destroy), call_free);
  g_mutex_unlock (&self->mutex);
  return is_accepted;
}

static gboolean
end (gpointer data)
{
  GudpxPortThread *self = data;

  self->must_end = TRUE;
  return G_SOURCE_REMOVE;
}

/* Makes the thread stop its port and end, after the calls that were accepted. */
void
gudpx_port_thread_quit (GudpxPortThread *self)
{
  g_mutex_lock (&self->mutex);
  if (!self->is_quitting)
    attach_call (self, end, self, NULL);
  self->is_quitting = TRUE;
  g_mutex_unlock (&self->mutex);
}

void
gudpx_port_thread_join (GudpxPortThread *self)
{
  g_thread_join (g_steal_pointer (&self->thread));
}

void
gudpx_port_thread_get_statistics (GudpxPortThread *self, GudpxStatistics *statistics)
{
  g_mutex_lock (&self->mutex);
  *statistics = self->statistics;
  g_mutex_unlock (&self->mutex);
}
