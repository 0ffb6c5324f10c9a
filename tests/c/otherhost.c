/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "otherhost.h"
#include "recorder.h"

static GSocket *
open_socket (const char *host)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string (host, 0);
  GSocket *socket = g_socket_new (g_socket_address_get_family (address), G_SOCKET_TYPE_DATAGRAM,
                                  G_SOCKET_PROTOCOL_DEFAULT, &error);

  g_assert_no_error (error);
  g_assert_true (g_socket_bind (socket, address, FALSE, &error));
  g_assert_no_error (error);
  return socket;
}

/* Opens a socket in the namespace of the current thread. */
static gpointer
set_up (gpointer data)
{
  OtherHost *self = data;
  g_autofree char *cable = g_strdup_printf (
      "ip link add there0 type veth peer name here0 netns %d", (int) getpid ());

  if (unshare (CLONE_NEWNET) != 0)
    return NULL;

  run_command ("ip link set lo up");
  run_command (cable);
  run_command ("ip link set there0 addrgenmode none up");
  run_command ("ip address add 10.98.0.2/24 dev there0");
  run_command ("ip address add 10.98.0.3/24 dev there0");
  run_command ("ip address add fd98::2/64 dev there0 nodad");
  run_command ("ip address add fe80::2/64 dev there0 nodad");
  run_command ("ip route add default dev there0");
  run_command ("ip -6 route add multicast ff00::/8 dev there0 table local metric 1");
  self->any = open_socket ("::");
  for (guint i = 0; i < OTHER_HOST_SENDERS; i++)
    {
      self->ipv4[i] = open_socket ("10.98.0.2");
      self->other_ipv4[i] = open_socket ("10.98.0.3");
      self->ipv6[i] = open_socket ("fd98::2");
    }
  return self;
}

/* Returns FALSE, and skips the test, if the system does not allow more namespaces. */
gboolean
other_host_init (OtherHost *self)
{
  memset (self, 0, sizeof *self);
  if (g_thread_join (g_thread_new ("other-host", set_up, self)) == NULL)
    {
      g_test_skip ("the system does not allow another network namespace");
      return FALSE;
    }

  run_command ("ip link set here0 addrgenmode none up");
  run_command ("ip address add 10.98.0.1/24 dev here0");
  run_command ("ip address add fd98::1/64 dev here0 nodad");
  run_command ("ip address add fe80::1/64 dev here0 nodad");
  return TRUE;
}

void
other_host_clear (OtherHost *self)
{
  run_command ("ip link del here0");
  g_clear_object (&self->any);
  for (guint i = 0; i < OTHER_HOST_SENDERS; i++)
    {
      g_clear_object (&self->ipv4[i]);
      g_clear_object (&self->other_ipv4[i]);
      g_clear_object (&self->ipv6[i]);
    }
}

void
other_host_send (GSocket *socket, const char *host, guint16 number, const char *payload)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string (host, number);

  g_socket_send_to (socket, address, payload, strlen (payload), NULL, &error);
  g_assert_no_error (error);
}
