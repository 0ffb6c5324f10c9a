/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tests multicast in a network namespace: see tests/netns. */

#include <string.h>

#include "recorder.h"

#define GROUP "228.0.0.5"
#define GROUP6 "ff02::4:5"

typedef struct
{
  Recorder *recorder;
  GudpxPort *port;
} Listener;

static void
listener_init (Listener *self, guint16 number, const char *host)
{
  g_autoptr (GError) error = NULL;

  self->recorder = recorder_new ();
  self->port = gudpx_listen_multicast (number, GUDPX_DATAGRAM_PROTOCOL (self->recorder), TRUE, host,
                                       &error);
  g_assert_no_error (error);
}

static void
listener_clear (Listener *self)
{
  gudpx_port_stop_listening (self->port);
  g_object_unref (self->port);
  g_object_unref (self->recorder);
}

static void
join (Listener *self, const char *group, const char *interface)
{
  g_autoptr (GError) error = NULL;

  gudpx_port_join_group (self->port, group, interface, &error);
  g_assert_no_error (error);
}

static void
say (Listener *self, const char *group)
{
  g_autoptr (GError) error = NULL;

  gudpx_port_write_to_host (self->port, text ("x"), group, port_get_number (self->port), &error);
  g_assert_no_error (error);
}

/* All members on the machine get the datagram. Other ports get nothing, even if members share their
 * number. */
static void
check_members (const char *host, const char *group, const char *other_group, const char *interface)
{
  Listener one;
  Listener other;
  Listener stranger;

  listener_init (&one, 0, host);
  listener_init (&other, port_get_number (one.port), host);
  listener_init (&stranger, port_get_number (one.port), host);
  g_assert_true (gudpx_port_set_multicast_interface (one.port, interface, NULL));
  join (&one, group, interface);
  join (&other, group, interface);
  join (&stranger, other_group, interface);

  say (&one, group);
  wait_for (one.recorder->datagrams->len == 1 && other.recorder->datagrams->len == 1);
  say (&one, other_group);
  wait_for (stranger.recorder->datagrams->len == 1);
  iterate ();
  g_assert_cmpuint (one.recorder->datagrams->len, ==, 1);
  g_assert_cmpuint (other.recorder->datagrams->len, ==, 1);
  g_assert_cmpuint (stranger.recorder->datagrams->len, ==, 1);

  listener_clear (&one);
  listener_clear (&other);
  listener_clear (&stranger);
}

static void
test_ipv4 (void)
{
  check_members (NULL, GROUP, "228.0.0.6", "gudpx0");
  check_members (NULL, GROUP, "228.0.0.6", "10.99.0.1");
  check_members (NULL, GROUP, "228.0.0.6", NULL);
}

static void
test_ipv6 (void)
{
  check_members ("::", GROUP6, "ff02::4:6", "gudpx0");
  check_members ("::", GROUP6, "ff02::4:6", "fd99::1");
}

/* Tests the same on a dual-stack port. */
static void
test_ipv4_on_dual_stack (void)
{
  check_members ("::", GROUP, "228.0.0.6", "gudpx0");
}

/* The address of an IPv6 group may contain the interface. */
static void
test_scope (void)
{
  Listener listener;

  listener_init (&listener, 0, "::");
  join (&listener, GROUP6 "%gudpx0", NULL);
  say (&listener, GROUP6 "%gudpx0");
  wait_for (listener.recorder->datagrams->len == 1);
  listener_clear (&listener);
}

/* A datagram sent through the other interface arrives over the cable. */
static void
test_interfaces (void)
{
  Listener sender;
  Listener receiver;

  listener_init (&sender, 0, "::");
  listener_init (&receiver, port_get_number (sender.port), "::");
  g_assert_true (gudpx_port_set_multicast_interface (sender.port, "gudpx1", NULL));
  g_assert_true (gudpx_port_set_multicast_loopback (sender.port, FALSE, NULL));
  join (&receiver, GROUP6, "gudpx0");
  say (&sender, GROUP6);
  wait_for (receiver.recorder->datagrams->len == 1);

  listener_clear (&sender);
  listener_clear (&receiver);
}

static char *
host_of (GSocketAddress *address)
{
  return g_inet_address_to_string (
      g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (address)));
}

/* Selects the interface by an address: as with IP_MULTICAST_IF, this is also the source address. */
static void
check_sender (const char *host, const char *address)
{
  Listener listener;
  g_autofree char *sender = NULL;

  listener_init (&listener, 0, host);
  join (&listener, GROUP, address);
  g_assert_true (gudpx_port_set_multicast_interface (listener.port, address, NULL));
  say (&listener, GROUP);
  wait_for (listener.recorder->datagrams->len == 1);
  sender = host_of (gudpx_datagram_get_sender (listener.recorder->datagrams->pdata[0]));
  g_assert_cmpstr (sender, ==, address);
  listener_clear (&listener);
}

static void
test_interface_address (void)
{
  run_command ("ip address add 10.99.0.7/24 dev gudpx0");
  check_sender (NULL, "10.99.0.1");
  check_sender (NULL, "10.99.0.7");
  check_sender ("::", "10.99.0.7");
  check_sender (NULL, "127.0.0.1");
}

static void
test_leave (void)
{
  Listener listener;
  g_autoptr (GError) error = NULL;

  listener_init (&listener, 0, NULL);
  join (&listener, GROUP, "gudpx0");
  join (&listener, "228.0.0.6", "gudpx0");
  g_assert_true (gudpx_port_leave_group (listener.port, GROUP, "gudpx0", &error));
  g_assert_no_error (error);
  say (&listener, GROUP);
  say (&listener, "228.0.0.6");
  wait_for (listener.recorder->datagrams->len == 1);
  iterate ();
  g_assert_cmpuint (listener.recorder->datagrams->len, ==, 1);

  listener_clear (&listener);
}

/* A restart joins the groups again, except groups that were left. */
static void
test_restart (void)
{
  Listener listener;
  guint16 number = free_number ("127.0.0.1");

  listener_init (&listener, number, NULL);
  join (&listener, GROUP, "gudpx0");
  join (&listener, "228.0.0.6", "gudpx0");
  g_assert_true (gudpx_port_leave_group (listener.port, "228.0.0.6", "gudpx0", NULL));
  gudpx_port_stop_listening (listener.port);
  g_assert_true (gudpx_port_start_listening (listener.port, NULL));
  say (&listener, "228.0.0.6");
  say (&listener, GROUP);
  wait_for (listener.recorder->datagrams->len == 1);
  iterate ();
  g_assert_cmpuint (listener.recorder->datagrams->len, ==, 1);
  g_assert_true (gudpx_port_leave_group (listener.port, GROUP, "gudpx0", NULL));

  listener_clear (&listener);
}

/* Only datagrams of the source arrive. */
static void
check_source (const char *host,
              const char *group,
              const char *interface,
              const char *source,
              const char *other)
{
  Listener listener;
  Listener sender;
  g_autoptr (GError) error = NULL;

  listener_init (&listener, 0, host);
  listener_init (&sender, port_get_number (listener.port), host);
  g_assert_true (gudpx_port_set_multicast_interface (sender.port, interface, NULL));
  gudpx_port_join_source_group (listener.port, group, other, interface, &error);
  g_assert_no_error (error);
  say (&sender, group);
  gudpx_port_join_source_group (listener.port, group, source, interface, &error);
  g_assert_no_error (error);
  say (&sender, group);
  wait_for (listener.recorder->datagrams->len == 1);
  iterate ();
  g_assert_cmpuint (listener.recorder->datagrams->len, ==, 1);

  g_assert_false (
      gudpx_port_join_source_group (listener.port, group, source, interface, &error));
  expect_error (&error, G_IO_ERROR_ADDRESS_IN_USE);
  g_assert_true (
      gudpx_port_leave_source_group (listener.port, group, source, interface, &error));
  g_assert_false (
      gudpx_port_leave_source_group (listener.port, group, source, interface, &error));
  expect_error (&error, G_IO_ERROR_NOT_FOUND);
  /* The other source is joined, not the whole group. */
  g_assert_false (gudpx_port_leave_group (listener.port, group, interface, &error));
  expect_error (&error, G_IO_ERROR_NOT_FOUND);
  g_assert_true (gudpx_port_leave_source_group (listener.port, group, other, interface, &error));

  listener_clear (&listener);
  listener_clear (&sender);
}

static void
test_source (void)
{
  check_source (NULL, "232.0.0.5", "gudpx0", "10.99.0.1", "10.99.0.2");
  check_source ("::", "ff32::4:5", "gudpx0", "fe80::1", "fe80::7");
}

static void
expect_join_error (GudpxPort *port, const char *group, const char *interface, GIOErrorEnum code)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (gudpx_port_join_group (port, group, interface, &error));
  expect_error (&error, code);
}

static void
test_errors (void)
{
  Listener listener;
  Listener listener6;
  g_autoptr (GError) error = NULL;

  listener_init (&listener, 0, NULL);
  listener_init (&listener6, 0, "::");
  join (&listener, GROUP, "gudpx0");
  join (&listener6, GROUP6, "gudpx0");

  expect_join_error (listener.port, GROUP, "gudpx0", G_IO_ERROR_ADDRESS_IN_USE);
  expect_join_error (listener6.port, GROUP6, "gudpx0", G_IO_ERROR_ADDRESS_IN_USE);
  expect_join_error (listener.port, "10.99.0.1", NULL, G_IO_ERROR_INVALID_ARGUMENT);
  expect_join_error (listener6.port, "fd99::1", NULL, G_IO_ERROR_INVALID_ARGUMENT);
  expect_join_error (listener.port, "all-systems.test", NULL, G_IO_ERROR_INVALID_ARGUMENT);
  expect_join_error (listener.port, GROUP6, "gudpx0", G_IO_ERROR_INVALID_ARGUMENT);
  expect_join_error (listener.port, GROUP, "nosuch0", G_IO_ERROR_NOT_FOUND);
  expect_join_error (listener6.port, GROUP6, "nosuch0", G_IO_ERROR_NOT_FOUND);
  expect_join_error (listener.port, GROUP, "10.99.0.200", G_IO_ERROR_NOT_FOUND);
  expect_join_error (listener.port, GROUP, "fd99::1", G_IO_ERROR_INVALID_ARGUMENT);
  expect_join_error (listener6.port, GROUP6, "10.99.0.1", G_IO_ERROR_INVALID_ARGUMENT);

  g_assert_false (gudpx_port_leave_group (listener.port, "228.0.0.9", "gudpx0", &error));
  g_assert_nonnull (strstr (error->message, "228.0.0.9"));
  expect_error (&error, G_IO_ERROR_NOT_FOUND);
  g_assert_false (gudpx_port_leave_group (listener6.port, "ff02::9", "gudpx0", &error));
  expect_error (&error, G_IO_ERROR_NOT_FOUND);
  g_assert_false (
      gudpx_port_join_source_group (listener.port, GROUP, "fd99::1", "gudpx0", &error));
  expect_error (&error, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_false (gudpx_port_join_source_group (listener.port, GROUP, GROUP, "gudpx0", &error));
  expect_error (&error, G_IO_ERROR_INVALID_ARGUMENT);

  gudpx_port_stop_listening (listener.port);
  expect_join_error (listener.port, GROUP, "gudpx0", G_IO_ERROR_CLOSED);

  listener_clear (&listener);
  listener_clear (&listener6);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/multicast/ipv4", test_ipv4);
  g_test_add_func ("/multicast/ipv6", test_ipv6);
  g_test_add_func ("/multicast/ipv4-on-dual-stack", test_ipv4_on_dual_stack);
  g_test_add_func ("/multicast/scope", test_scope);
  g_test_add_func ("/multicast/interfaces", test_interfaces);
  g_test_add_func ("/multicast/interface-address", test_interface_address);
  g_test_add_func ("/multicast/leave", test_leave);
  g_test_add_func ("/multicast/restart", test_restart);
  g_test_add_func ("/multicast/source", test_source);
  g_test_add_func ("/multicast/errors", test_errors);

  return g_test_run ();
}
