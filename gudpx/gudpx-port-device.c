/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The interface that a port is bound to: by bind-device, by the scope id of its address, or by the
 * maker of an adopted socket. When the interface is gone the port is deaf, also to another
 * interface of that name. The kernel does not tell the socket, but netlink(7) tells of all
 * interfaces. */

#include <errno.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

#include <glib-unix.h>

#include "gudpx-port-private.h"

#ifdef __linux__
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#define MAX_MESSAGES_PER_DISPATCH 64

/* The name of the interface; empty: the socket is bound to none. ENODEV: the interface is gone. */
static int
get_device (GudpxPort *self, char name[IF_NAMESIZE])
{
  socklen_t size = IF_NAMESIZE;

  name[0] = '\0';
  return getsockopt (g_socket_get_fd (self->socket), SOL_SOCKET, SO_BINDTODEVICE, name, &size) == 0
             ? 0
             : errno;
}

static void
check_device (GudpxPort *self)
{
  char name[IF_NAMESIZE];
  gboolean is_gone = get_device (self, name) == ENODEV;

  if (is_gone && !self->device_is_gone)
    gudpx_reports_add (&self->reports, GUDPX_REPORT_DEVICE_GONE, ENODEV);
  self->device_is_gone = is_gone;
}

/* Something has become of an interface: the socket knows whether it is this one. */
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
  gudpx_port_settle (data);
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

/* Without AF_NETLINK, which a sandbox may forbid, only the writes of the port tell. */
void
gudpx_port_watch_device (GudpxPort *self)
{
  char name[IF_NAMESIZE];

  self->device_is_gone = FALSE;
  self->device_fd = -1;
  if (get_device (self, name) != 0 || name[0] == '\0')
    return;
  self->device_fd = open_netlink ();
  if (self->device_fd < 0)
    return;

  self->device_name = g_strdup (name);
  self->device_watch = g_unix_fd_source_new (self->device_fd, G_IO_IN);
  g_source_set_static_name (self->device_watch, "GudpxPort device");
  g_source_set_callback (self->device_watch, G_SOURCE_FUNC (links_changed), self, NULL);
  g_source_attach (self->device_watch, gudpx_watch_get_context (&self->watch));
  /* The interface may have gone before the watch began. */
  check_device (self);
}

void
gudpx_port_unwatch_device (GudpxPort *self)
{
  if (self->device_watch == NULL)
    return;

  g_source_destroy (self->device_watch);
  g_clear_pointer (&self->device_watch, g_source_unref);
  close (self->device_fd);
  g_clear_pointer (&self->device_name, g_free);
}
#else
void
gudpx_port_watch_device (GudpxPort *self)
{
}

void
gudpx_port_unwatch_device (GudpxPort *self)
{
}
#endif
