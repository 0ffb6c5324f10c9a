/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* epoll(7). */

#include <sys/epoll.h>
#include <unistd.h>

#include "gudpx-poller-private.h"

/* Events of one dispatch. The next dispatch gets the rest. */
#define MAX_EVENTS 64

struct _GudpxPoller
{
  GMainContext *context; /* borrowed: it may go, and takes the source with it */
  guint n_clients;
  int fd;        /* -1: no client was added yet */
  pid_t process; /* the process that made the set: after fork() a child shares the set */
  GSource *source;
  gpointer tag;
  GHashTable *clients; /* a set */
};

typedef struct
{
  GSource parent;
  GudpxPoller *poller;
} PollerSource;

/* A context may have clients of several threads, as GLib's own sources. */
static GMutex mutex;
static GHashTable *pollers; /* by their contexts */

GudpxPoller *
gudpx_poller_join (GMainContext *context)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&mutex);
  GudpxPoller *self;

  if (pollers == NULL)
    pollers = g_hash_table_new (NULL, NULL);
  self = g_hash_table_lookup (pollers, context);
  if (self == NULL)
    {
      self = g_new0 (GudpxPoller, 1);
      self->context = context;
      self->fd = -1;
      self->clients = g_hash_table_new (NULL, NULL);
      g_hash_table_insert (pollers, context, self);
    }
  self->n_clients++;
  return self;
}

static void
poller_free (GudpxPoller *self)
{
  g_autoptr (GSource) source = g_steal_pointer (&self->source);

  if (source != NULL)
    g_source_destroy (source);
  if (self->fd >= 0)
    close (self->fd);
  g_hash_table_unref (self->clients);
  g_free (self);
}

void
gudpx_poller_leave (GudpxPoller *self)
{
  g_mutex_lock (&mutex);
  self->n_clients--;
  if (self->n_clients == 0)
    {
      g_hash_table_remove (pollers, self->context);
      if (g_hash_table_size (pollers) == 0)
        g_clear_pointer (&pollers, g_hash_table_unref);
    }
  else
    self = NULL;
  g_mutex_unlock (&mutex);

  if (self != NULL)
    poller_free (self);
}

static gboolean
is_own_process (GudpxPoller *self)
{
  return self->process == getpid ();
}

/* FALSE if the client was removed since its event. */
static gboolean
has_client (GudpxPoller *self, GudpxPollerClient *client)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&mutex);

  return g_hash_table_contains (self->clients, client);
}

/* Leaves polling to the clients, in a child that fork() made: the set would take events from the
 * parent. */
static void
dismiss_clients (GudpxPoller *self)
{
  g_autoptr (GList) clients = NULL;

  g_source_remove_unix_fd (self->source, g_steal_pointer (&self->tag));
  g_mutex_lock (&mutex);
  clients = g_hash_table_get_keys (self->clients);
  g_mutex_unlock (&mutex);
  for (GList *l = clients; l != NULL; l = l->next)
    {
      GudpxPollerClient *client = l->data;

      if (has_client (self, client))
        client->funcs->dismissed (client);
    }
}

static gboolean
poller_source_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  GudpxPoller *self = ((PollerSource *) source)->poller;
  struct epoll_event events[MAX_EVENTS];
  int n;

  if (!is_own_process (self))
    {
      dismiss_clients (self);
      return G_SOURCE_CONTINUE;
    }

  n = epoll_wait (self->fd, events, MAX_EVENTS, 0);
  /* The clients only note the event, so none of them is freed meanwhile. */
  for (int i = 0; i < n; i++)
    {
      GudpxPollerClient *client = events[i].data.ptr;

      if (has_client (self, client))
        client->funcs->ready (client, events[i].events);
    }
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs poller_source_funcs = { .dispatch = poller_source_dispatch };

/* The source was destroyed. If the poller did not do that, the context is gone. */
static void
source_lost (gpointer data)
{
  GudpxPoller *self = data;
  GHashTableIter iter;
  gpointer key;

  if (self->source == NULL)
    return;

  /* The last client that leaves frees the poller. A client that is lost may have others removed. */
  gudpx_poller_join (self->context);
  while (g_hash_table_iter_init (&iter, self->clients),
         g_hash_table_iter_next (&iter, &key, NULL))
    {
      GudpxPollerClient *client = key;
      g_autoptr (GObject) keep G_GNUC_UNUSED = g_object_ref (client->owner);

      client->funcs->lost (client);
    }
  gudpx_poller_leave (self);
}

static gboolean
start (GudpxPoller *self)
{
  self->fd = epoll_create1 (EPOLL_CLOEXEC);
  if (self->fd < 0)
    return FALSE;

  self->process = getpid ();
  self->source = g_source_new (&poller_source_funcs, sizeof (PollerSource));
  ((PollerSource *) self->source)->poller = self;
  g_source_set_static_name (self->source, "GudpxPoller");
  g_source_set_can_recurse (self->source, TRUE);
  g_source_set_callback (self->source, NULL, self, source_lost);
  self->tag = g_source_add_unix_fd (self->source, self->fd, G_IO_IN);
  g_source_attach (self->source, self->context);
  return TRUE;
}

gboolean
gudpx_poller_add (GudpxPoller *self, int fd, GudpxPollerClient *client)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&mutex);
  struct epoll_event event = { .events = EPOLLONESHOT, .data.ptr = client };

  if (self->n_clients <= GUDPX_POLLED_PORTS || (self->fd < 0 && !start (self)) ||
      !is_own_process (self) || epoll_ctl (self->fd, EPOLL_CTL_ADD, fd, &event) != 0)
    return FALSE;

  g_object_ref (client->owner);
  g_hash_table_add (self->clients, client);
  return TRUE;
}

void
gudpx_poller_remove (GudpxPoller *self, int fd, GudpxPollerClient *client)
{
  /* The kernel removes a descriptor from the set when the descriptor is closed. */
  if (is_own_process (self))
    epoll_ctl (self->fd, EPOLL_CTL_DEL, fd, NULL);
  g_mutex_lock (&mutex);
  g_hash_table_remove (self->clients, client);
  g_mutex_unlock (&mutex);
  /* Without the lock: the owner may be told. */
  g_object_unref (client->owner);
}

gboolean
gudpx_poller_arm (GudpxPoller *self, int fd, GudpxPollerClient *client, GIOCondition condition)
{
  struct epoll_event event = { .events = condition | EPOLLONESHOT, .data.ptr = client };

  return is_own_process (self) && epoll_ctl (self->fd, EPOLL_CTL_MOD, fd, &event) == 0;
}
