/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The kernel does not tell a socket that its interface is gone, but netlink(7) tells of all
 * interfaces. A sandbox may forbid AF_NETLINK. The watch then never tells. */

#include <errno.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

#include <glib-unix.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "gudpx-device-watch-private.h"

#define MAX_MESSAGES_PER_DISPATCH 64

/* Gets the name of the interface; empty: the socket is not bound to one. Returns an errno,
 * ENODEV if the interface is gone. */
static int
get_device (int fd, char name[IF_NAMESIZE])
{
  socklen_t size = IF_NAMESIZE;

  name[0] = '\0';
  return getsockopt (fd, SOL_SOCKET, SO_BINDTODEVICE, name, &size) == 0 ? 0 : errno;
}

static void
check_device (GudpxDeviceWatch *self)
{
  char name[IF_NAMESIZE];
  const gboolean was_gone = self->is_gone;

  self->is_gone = get_device (self->socket_fd, name) == ENODEV;
  if (self->is_gone && !was_gone)
    self->gone (self->data);
}

/* An interface has changed. The socket knows if that is its own. */
static gboolean
links_changed (int fd, GIOCondition condition, gpointer data)
{
  char byte;

  for (guint i = 0; i < MAX_MESSAGES_PER_DISPATCH; i++)
    {
      if (recv (fd, &byte, sizeof byte, MSG_DONTWAIT) < 0 && errno != ENOBUFS)
        break;
    }
  check_device (data);
  return G_SOURCE_CONTINUE;
}

static int
open_netlink (void)
{
  const struct sockaddr_nl links = { .nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK };
  int fd = socket (AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

  if (fd < 0)
    return -1;
  if (bind (fd, (const struct sockaddr *) &links, sizeof links) == 0)
    return fd;
  close (fd);
  return -1;
}

/* Calls @gone from @context when the interface that a socket is bound to goes, also if it is gone
 * already. A socket without an interface is not watched. */
void
gudpx_device_watch_start (GudpxDeviceWatch *self,
                          int socket_fd,
                          GMainContext *context,
                          GudpxDeviceGoneFunc gone,
                          gpointer data)
{
  char name[IF_NAMESIZE];
  int netlink_fd;

  if (get_device (socket_fd, name) != 0 || name[0] == '\0')
    return;
  netlink_fd = open_netlink ();
  if (netlink_fd < 0)
    return;

  *self = (GudpxDeviceWatch){
    .source = g_unix_fd_source_new (netlink_fd, G_IO_IN),
    .socket_fd = socket_fd,
    .netlink_fd = netlink_fd,
    .name = g_strdup (name),
    .gone = gone,
    .data = data,
  };
  g_source_set_static_name (self->source, "GudpxPort device");
  g_source_set_callback (self->source, G_SOURCE_FUNC (links_changed), self, NULL);
  g_source_attach (self->source, context);
  /* The interface may have gone before the watch began. */
  check_device (self);
}

void
gudpx_device_watch_stop (GudpxDeviceWatch *self)
{
  if (self->source == NULL)
    return;

  g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
  close (self->netlink_fd);
  g_clear_pointer (&self->name, g_free);
}

/* Returns the name that the interface had when the watch began. */
const char *
gudpx_device_watch_get_name (const GudpxDeviceWatch *self)
{
  return self->name;
}
