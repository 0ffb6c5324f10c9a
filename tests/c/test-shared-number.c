/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tests several ports with one number, and senders on another host: every datagram to a group
 * arrives at exactly the members. Runs in a network namespace, see tests/netns. */

#include <string.h>

#include "otherhost.h"
#include "recorder.h"

#define GROUP "239.1.2.3"
#define OTHER_GROUP "239.1.2.4"
#define GROUP6 "ff15::1234"
#define OTHER_GROUP6 "ff15::1235"

typedef struct
{
  OtherHost host;
  GudpxPort *ports[3];
} Fixture;

static GudpxPort *
share (guint16 number, const char *host)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GError) error = NULL;
  GudpxPort *port =
      gudpx_listen_multicast (number, GUDPX_DATAGRAM_PROTOCOL (recorder), TRUE, host, &error);

  g_assert_no_error (error);
  return port;
}

static GPtrArray *
get_datagrams (GudpxPort *port)
{
  return TEST_RECORDER (gudpx_port_get_protocol (port))->datagrams;
}

static void
join (GudpxPort *port, const char *group, const char *interface)
{
  g_autoptr (GError) error = NULL;

  gudpx_port_join_group (port, group, interface, &error);
  g_assert_no_error (error);
}

static gboolean
set_up (Fixture *self, const char *host)
{
  guint16 number = 0;

  if (!other_host_init (&self->host))
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (self->ports); i++)
    {
      self->ports[i] = share (number, host);
      number = port_get_number (self->ports[0]);
    }
  return TRUE;
}

static void
tear_down (Fixture *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->ports); i++)
    {
      gudpx_port_stop_listening (self->ports[i]);
      g_clear_object (&self->ports[i]);
    }
  other_host_clear (&self->host);
}

/* Asserts that @n datagrams arrived at the port @index, and none at the others. */
static void
expect (Fixture *self, guint index, guint n)
{
  wait_for (get_datagrams (self->ports[index])->len >= n);
  iterate ();
  for (guint i = 0; i < G_N_ELEMENTS (self->ports); i++)
    {
      g_assert_cmpuint (get_datagrams (self->ports[i])->len, ==, i == index ? n : 0);
      recorder_forget (TEST_RECORDER (gudpx_port_get_protocol (self->ports[i])));
    }
}

static void
send_many (Fixture *self, GSocket *sockets[OTHER_HOST_SENDERS], const char *group)
{
  for (guint i = 0; i < OTHER_HOST_SENDERS; i++)
    other_host_send (sockets[i], group, port_get_number (self->ports[0]), "x");
}

/* Each port has joined its own group. */
static void
check_groups (const char *host, const char *groups[3], gboolean is_ipv6)
{
  Fixture self;

  if (!set_up (&self, host))
    return;
  for (guint i = 0; i < 3; i++)
    join (self.ports[i], groups[i], "here0");
  for (guint i = 0; i < 3; i++)
    {
      send_many (&self, is_ipv6 ? self.host.ipv6 : self.host.ipv4, groups[i]);
      expect (&self, i, OTHER_HOST_SENDERS);
    }
  tear_down (&self);
}

static const char *groups_ipv4[] = { GROUP, OTHER_GROUP, "239.1.2.5" };

static void
test_groups (void)
{
  check_groups (NULL, groups_ipv4, FALSE);
}

static void
test_groups_ipv6 (void)
{
  const char *groups[] = { GROUP6, OTHER_GROUP6, "ff15::1236" };

  check_groups ("::", groups, TRUE);
}

static void
test_groups_dual_stack (void)
{
  check_groups ("::", groups_ipv4, FALSE);
}

static const char *interfaces[] = { "gudpx0", "gudpx1", "here0" };

/* Each port has its own interface. */
static void
test_interfaces (void)
{
  Fixture self;

  if (!set_up (&self, NULL))
    return;
  for (guint i = 0; i < 3; i++)
    join (self.ports[i], GROUP, interfaces[i]);
  send_many (&self, self.host.ipv4, GROUP);
  expect (&self, 2, OTHER_HOST_SENDERS);
  tear_down (&self);
}

/* Tests the same in IPv6, where Linux ignores the interface on which a port has joined. */
static void
test_devices (void)
{
  g_autoptr (GError) error = NULL;
  Fixture self;

  if (!set_up (&self, "::"))
    return;
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (GudpxPort) before = g_steal_pointer (&self.ports[i]);
      g_autoptr (Recorder) recorder = recorder_new ();

      self.ports[i] = g_object_new (GUDPX_TYPE_PORT, "protocol", recorder, "local-address",
                                    gudpx_port_get_local_address (before), "listen-multiple", TRUE,
                                    "bind-device", interfaces[i], NULL);
      gudpx_port_stop_listening (before);
      gudpx_port_start_listening (self.ports[i], &error);
      g_assert_no_error (error);
      join (self.ports[i], GROUP6, interfaces[i]);
    }
  send_many (&self, self.host.ipv6, GROUP6);
  expect (&self, 2, OTHER_HOST_SENDERS);
  tear_down (&self);
}

/* Each port has joined another source. */
static void
test_sources (void)
{
  const char *sources[] = { "10.98.0.2", "10.98.0.3", "10.98.0.4" };
  Fixture self;
  g_autoptr (GError) error = NULL;

  if (!set_up (&self, NULL))
    return;
  for (guint i = 0; i < 3; i++)
    {
      gudpx_port_join_source_group (self.ports[i], "232.1.2.3", sources[i], "here0", &error);
      g_assert_no_error (error);
    }
  send_many (&self, self.host.ipv4, "232.1.2.3");
  expect (&self, 0, OTHER_HOST_SENDERS);
  send_many (&self, self.host.other_ipv4, "232.1.2.3");
  expect (&self, 1, OTHER_HOST_SENDERS);
  tear_down (&self);
}

/* The new socket of an IPv6 port after a disconnect shares the number, too. */
static void
test_after_disconnecting (void)
{
  Fixture self;
  g_autoptr (GError) error = NULL;

  if (!set_up (&self, "::"))
    return;
  join (self.ports[0], GROUP, "here0");
  join (self.ports[1], OTHER_GROUP, "here0");
  for (guint i = 0; i < 3; i++)
    {
      gudpx_port_connect_peer (self.ports[i], "fd98::2", 9, &error);
      g_assert_no_error (error);
      gudpx_port_disconnect_peer (self.ports[i], &error);
      g_assert_no_error (error);
    }
  send_many (&self, self.host.ipv4, GROUP);
  expect (&self, 0, OTHER_HOST_SENDERS);
  send_many (&self, self.host.ipv4, OTHER_GROUP);
  expect (&self, 1, OTHER_HOST_SENDERS);
  tear_down (&self);
}

/* All members receive it. */
static void
test_members (void)
{
  Fixture self;

  if (!set_up (&self, NULL))
    return;
  for (guint i = 0; i < 3; i++)
    join (self.ports[i], GROUP, "here0");
  send_many (&self, self.host.ipv4, GROUP);
  for (guint i = 0; i < 3; i++)
    wait_for (get_datagrams (self.ports[i])->len == OTHER_HOST_SENDERS);
  tear_down (&self);
}

/* On Linux the last bound port receives datagrams to the host, such as the answer to a question
 * that was sent from the shared number. */
static void
test_one_host (void)
{
  Fixture self;

  if (!set_up (&self, NULL))
    return;
  send_many (&self, self.host.ipv4, "10.98.0.1");
  expect (&self, 2, OTHER_HOST_SENDERS);
  tear_down (&self);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/shared-number/groups", test_groups);
  g_test_add_func ("/shared-number/groups-ipv6", test_groups_ipv6);
  g_test_add_func ("/shared-number/groups-dual-stack", test_groups_dual_stack);
  g_test_add_func ("/shared-number/interfaces", test_interfaces);
  g_test_add_func ("/shared-number/devices", test_devices);
  g_test_add_func ("/shared-number/sources", test_sources);
  g_test_add_func ("/shared-number/after-disconnecting", test_after_disconnecting);
  g_test_add_func ("/shared-number/members", test_members);
  g_test_add_func ("/shared-number/one-host", test_one_host);

  return g_test_run ();
}
