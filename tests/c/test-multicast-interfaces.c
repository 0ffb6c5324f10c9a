/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tests interfaces that appear and disappear while groups are joined on them, and how interfaces
 * are found. Runs in a network namespace, see tests/netns. */

#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __linux__
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#endif

#include "otherhost.h"
#include "recorder.h"

#define GROUP "239.1.2.3"
#define GROUP6 "ff15::1234"
#define SOURCE_GROUP "232.1.2.3"
#define SOURCE_GROUP6 "ff35::1234"

static GudpxPort *
share (const char *host)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GError) error = NULL;
  GudpxPort *port =
      gudpx_listen_multicast (0, GUDPX_DATAGRAM_PROTOCOL (recorder), TRUE, host, &error);

  g_assert_no_error (error);
  return port;
}

static void
stop (GudpxPort *port)
{
  gudpx_port_stop_listening (port);
  g_object_unref (port);
}

static void
join (GudpxPort *port, const char *group, const char *interface)
{
  g_autoptr (GError) error = NULL;

  gudpx_port_join_group (port, group, interface, &error);
  g_assert_no_error (error);
}

static void
leave (GudpxPort *port, const char *group, const char *interface)
{
  g_autoptr (GError) error = NULL;

  gudpx_port_leave_group (port, group, interface, &error);
  g_assert_no_error (error);
}

static void
expect_join_error (GudpxPort *port,
                   const char *group,
                   const char *interface,
                   GIOErrorEnum code,
                   const char *words)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (gudpx_port_join_group (port, group, interface, &error));
  if (strstr (error->message, words) == NULL)
    g_error ("“%s” does not have “%s”", error->message, words);
  expect_error (&error, code);
}

static void
expect_not_joined (GudpxPort *port, const char *group, const char *interface)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (gudpx_port_leave_group (port, group, interface, &error));
  g_assert_nonnull (strstr (error->message, "not joined"));
  expect_error (&error, G_IO_ERROR_NOT_FOUND);
}

static gboolean
has_mark (GPtrArray *datagrams)
{
  gsize size = 0;

  if (datagrams->len > 0)
    gudpx_datagram_get_payload (datagrams->pdata[datagrams->len - 1], &size);
  return size == strlen ("mark");
}

/* Returns TRUE if the port receives a datagram that is sent to the group on the interface. */
static gboolean
hears (GudpxPort *port, const char *group, const char *interface)
{
  const gboolean is_ipv6 = strchr (group, ':') != NULL;
  g_autoptr (Recorder) nobody = recorder_new ();
  g_autoptr (GudpxPort) sender = listen_on (nobody, is_ipv6 ? "::" : "0.0.0.0");
  GPtrArray *datagrams = TEST_RECORDER (gudpx_port_get_protocol (port))->datagrams;
  g_autoptr (GError) error = NULL;
  gboolean is_heard;

  recorder_forget (TEST_RECORDER (gudpx_port_get_protocol (port)));
  gudpx_port_set_multicast_interface (sender, interface, &error);
  g_assert_no_error (error);
  gudpx_port_write_to_host (sender, text ("group"), group, port_get_number (port), &error);
  g_assert_no_error (error);
  gudpx_port_write_to_host (sender, text ("mark"), is_ipv6 ? "::1" : "127.0.0.1",
                            port_get_number (port), &error);
  g_assert_no_error (error);
  wait_for (has_mark (datagrams));
  is_heard = datagrams->len > 1;
  recorder_forget (TEST_RECORDER (gudpx_port_get_protocol (port)));
  gudpx_port_stop_listening (sender);
  return is_heard;
}

/* Creates an interface that the test can remove. */
static void
add_interface (void)
{
  run_command ("ip link add tun0 type veth peer name tun1");
  run_command ("ip link set tun0 addrgenmode none up");
  run_command ("ip link set tun1 addrgenmode none up");
  run_command ("ip address add 10.97.0.1/24 dev tun0");
  run_command ("ip address add fd97::1/64 dev tun0 nodad");
  run_command ("ip address add fe80::97/64 dev tun0 nodad");
}

static void
remove_interface (void)
{
  run_command ("ip link del tun0");
}

/* Sets the interface that the system chooses from now on. */
static void
route_groups (const char *interface)
{
  g_autofree char *ipv4 = g_strdup_printf ("ip route replace 224.0.0.0/4 dev %s", interface);
  g_autofree char *ipv6 = g_strdup_printf (
      "sh -c 'ip -6 route del multicast ff00::/8 table local metric 1 2>/dev/null; "
      "ip -6 route add multicast ff00::/8 dev %s table local metric 1'",
      interface);

  run_command (ipv4);
  run_command (ipv6);
}

/* The group stays joined on the interface that the system chose, until the port joins again.
 * Leaving leaves it there. */
static void
check_choice (const char *host, const char *group)
{
  GudpxPort *port = share (host);

  add_interface ();
  join (port, group, NULL);
  g_assert_true (hears (port, group, "gudpx0"));
  route_groups ("tun0");
  join (port, group, NULL);
  g_assert_true (hears (port, group, "tun0"));
  if (strchr (group, ':') == NULL)
    g_assert_false (hears (port, group, "gudpx0"));
  expect_join_error (port, group, NULL, G_IO_ERROR_ADDRESS_IN_USE, group);

  route_groups ("gudpx0");
  leave (port, group, NULL);
  g_assert_false (hears (port, group, "tun0"));
  g_assert_false (hears (port, group, "gudpx0"));
  expect_not_joined (port, group, NULL);

  /* The interface of the membership disappears, and its route too. */
  route_groups ("tun0");
  join (port, group, NULL);
  remove_interface ();
  route_groups ("gudpx0");
  join (port, group, NULL);
  g_assert_true (hears (port, group, "gudpx0"));
  leave (port, group, NULL);
  stop (port);
}

static void
test_choice (void)
{
  check_choice (NULL, GROUP);
}

static void
test_choice_ipv6 (void)
{
  check_choice ("::", GROUP6);
}

static void
test_choice_dual_stack (void)
{
  check_choice ("::", GROUP);
}

/* A start asks the system for its choice again, even if the former interface is gone. */
static void
test_choice_after_restart (void)
{
  GudpxPort *port = share (NULL);
  g_autoptr (GError) error = NULL;

  add_interface ();
  route_groups ("tun0");
  join (port, GROUP, NULL);
  remove_interface ();
  route_groups ("gudpx0");
  join (port, "239.1.2.4", NULL);
  gudpx_port_stop_listening (port);
  gudpx_port_start_listening (port, &error);
  g_assert_no_error (error);
  g_assert_true (hears (port, GROUP, "gudpx0"));
  stop (port);
}

/* Sources are joined and left one by one, and move in the same way. */
static void
check_choice_of_sources (const char *host, const char *group, const char *source, const char *other)
{
  g_autoptr (GError) error = NULL;
  GudpxPort *port = share (host);

  add_interface ();
  gudpx_port_join_source_group (port, group, other, NULL, &error);
  g_assert_no_error (error);
  gudpx_port_join_source_group (port, group, source, NULL, &error);
  g_assert_no_error (error);
  g_assert_false (gudpx_port_join_source_group (port, group, source, NULL, &error));
  expect_error (&error, G_IO_ERROR_ADDRESS_IN_USE);

  route_groups ("tun0");
  gudpx_port_join_source_group (port, group, source, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (hears (port, group, "tun0"));
  gudpx_port_leave_source_group (port, group, other, NULL, &error);
  g_assert_no_error (error);
  gudpx_port_leave_source_group (port, group, source, NULL, &error);
  g_assert_no_error (error);
  g_assert_false (hears (port, group, "tun0"));
  route_groups ("gudpx0");
  remove_interface ();
  stop (port);
}

static void
test_choice_of_sources (void)
{
  check_choice_of_sources (NULL, SOURCE_GROUP, "10.97.0.1", "10.97.0.9");
}

static void
test_choice_of_sources_ipv6 (void)
{
  check_choice_of_sources ("::", SOURCE_GROUP6, "fd97::1", "fd97::9");
}

/* A socket that has joined the maximum number of groups still learns the system's choice. */
static void
test_choice_with_full_socket (void)
{
  g_autoptr (GError) error = NULL;
  GudpxPort *port = share (NULL);
  guint n = 0;

  add_interface ();
  while (TRUE)
    {
      g_autofree char *group = g_strdup_printf ("239.1.3.%u", n);

      if (!gudpx_port_join_group (port, group, NULL, &error))
        break;
      n++;
    }
  g_clear_error (&error);
  route_groups ("tun0");
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *group = g_strdup_printf ("239.1.3.%u", i);

      join (port, group, NULL);
    }
  g_assert_true (hears (port, "239.1.3.0", "tun0"));
  route_groups ("gudpx0");
  remove_interface ();
  stop (port);
}

/* The kernel limits the groups of a socket, and also counts groups of removed interfaces. */
static void
check_vpn (const char *host, const char *group, const char *source)
{
  g_autoptr (GError) error = NULL;
  GudpxPort *port = share (host);

  for (guint i = 0; i < 22; i++)
    {
      add_interface ();
      if (source != NULL)
        gudpx_port_join_source_group (port, group, source, "tun0", &error);
      else
        gudpx_port_join_group (port, group, "tun0", &error);
      g_assert_no_error (error);
      remove_interface ();
    }
  join (port, GROUP, "gudpx0");
  stop (port);
}

static void
test_vpn (void)
{
  check_vpn (NULL, GROUP, NULL);
}

static void
test_vpn_source (void)
{
  check_vpn (NULL, SOURCE_GROUP, "10.97.0.1");
}

/* An interface that is created again is a new one, even with the same name. */
static void
test_made_again (void)
{
  GudpxPort *port = share ("::");

  add_interface ();
  join (port, GROUP, "tun0");
  join (port, GROUP6, "tun0");
  remove_interface ();
  add_interface ();
  g_assert_false (hears (port, GROUP, "tun0"));
  join (port, GROUP, "tun0");
  join (port, GROUP6, "tun0");
  g_assert_true (hears (port, GROUP, "tun0"));
  g_assert_true (hears (port, GROUP6, "tun0"));
  leave (port, GROUP, "tun0");
  expect_not_joined (port, GROUP, "tun0");
  remove_interface ();
  leave (port, GROUP6, "tun0");
  stop (port);
}

/* leave_group() with the arguments of the join leaves the membership, whatever they mean now. */
static void
test_words_lead_elsewhere (void)
{
  GudpxPort *port = share (NULL);

  add_interface ();
  join (port, GROUP, "10.97.0.1");
  run_command ("ip address del 10.97.0.1/24 dev tun0");
  leave (port, GROUP, "10.97.0.1");
  g_assert_false (hears (port, GROUP, "tun0"));

  join (port, GROUP, "tun0");
  run_command ("ip link set tun0 down");
  run_command ("ip link set tun0 name renamed0");
  run_command ("ip link set renamed0 up");
  g_assert_true (hears (port, GROUP, "renamed0"));
  leave (port, GROUP, "tun0");
  g_assert_false (hears (port, GROUP, "renamed0"));

  /* Joining again moves the membership. */
  run_command ("ip address add 10.97.0.1/24 dev renamed0");
  join (port, GROUP, "10.97.0.1");
  run_command ("ip address del 10.97.0.1/24 dev renamed0");
  run_command ("ip address add 10.97.0.1/24 dev gudpx0");
  join (port, GROUP, "10.97.0.1");
  g_assert_true (hears (port, GROUP, "gudpx0"));
  g_assert_false (hears (port, GROUP, "renamed0"));
  leave (port, GROUP, "gudpx0");
  g_assert_false (hears (port, GROUP, "gudpx0"));
  run_command ("ip address del 10.97.0.1/24 dev gudpx0");
  run_command ("ip link del renamed0");
  stop (port);
}

/* The name and the address of an interface are equivalent. */
static void
test_other_words (void)
{
  GudpxPort *port = share (NULL);

  join (port, GROUP, "gudpx0");
  expect_join_error (port, GROUP, "10.99.0.1", G_IO_ERROR_ADDRESS_IN_USE, GROUP);
  expect_join_error (port, GROUP, NULL, G_IO_ERROR_ADDRESS_IN_USE, GROUP);
  leave (port, GROUP, "10.99.0.1");
  join (port, GROUP, "0.0.0.0");
  expect_join_error (port, GROUP, "", G_IO_ERROR_ADDRESS_IN_USE, GROUP);
  leave (port, GROUP, NULL);
  join (port, GROUP, NULL);
  leave (port, GROUP, "gudpx0");
  stop (port);
}

/* A start joins again by the arguments, and fails if they mean no interface. */
static void
test_restart (void)
{
  g_autoptr (GError) error = NULL;
  GudpxPort *port = share ("::");

  add_interface ();
  join (port, GROUP6, "tun0");
  remove_interface ();
  gudpx_port_stop_listening (port);
  g_assert_false (gudpx_port_start_listening (port, &error));
  g_assert_nonnull (strstr (error->message, "tun0"));
  expect_error (&error, G_IO_ERROR_NOT_FOUND);
  g_assert_false (gudpx_port_get_listening (port));

  add_interface ();
  g_assert_true (gudpx_port_start_listening (port, &error));
  g_assert_no_error (error);
  g_assert_true (hears (port, GROUP6, "tun0"));
  remove_interface ();
  stop (port);
}

/* The socket may join fewer groups than the port has. */
static void
test_restart_with_error (void)
{
  g_autoptr (GError) error = NULL;
  GudpxPort *port = share (NULL);
  g_autofree char *limit = NULL;

  if (!g_file_get_contents ("/proc/sys/net/ipv4/igmp_max_memberships", &limit, NULL, NULL))
    {
      g_test_skip ("the system has no limit that can be set");
      stop (port);
      return;
    }
  join (port, GROUP, "gudpx0");
  join (port, "239.1.2.4", "gudpx0");
  gudpx_port_stop_listening (port);
  run_command ("sh -c 'echo 1 >/proc/sys/net/ipv4/igmp_max_memberships'");
  g_assert_false (gudpx_port_start_listening (port, &error));
  g_assert_nonnull (strstr (error->message, "239.1.2.4"));
  g_assert_false (gudpx_port_get_listening (port));
  run_command ("sh -c 'echo 20 >/proc/sys/net/ipv4/igmp_max_memberships'");
  stop (port);
}

/* A group on a removed interface does not keep a port from disconnecting. */
static void
test_disconnect (void)
{
  g_autoptr (GError) error = NULL;
  GudpxPort *port = share ("::");

  add_interface ();
  join (port, GROUP6, "tun0");
  join (port, GROUP6, "gudpx0");
  join (port, GROUP, NULL);
  g_assert_true (gudpx_port_connect_peer (port, "::1", 9, &error));
  g_assert_no_error (error);
  remove_interface ();
  gudpx_port_disconnect_peer (port, &error);
  g_assert_no_error (error);
  g_assert_true (hears (port, GROUP6, "gudpx0"));
  g_assert_true (hears (port, GROUP, "gudpx0"));
  stop (port);
}

/* The new socket after a disconnect has joined the groups of the old one. */
static void
test_disconnect_after_route_moved (void)
{
  g_autoptr (GError) error = NULL;
  GudpxPort *port = share ("::");

  add_interface ();
  join (port, GROUP, NULL);
  route_groups ("tun0");
  g_assert_true (gudpx_port_connect_peer (port, "::1", 9, &error));
  gudpx_port_disconnect_peer (port, &error);
  g_assert_no_error (error);
  g_assert_true (hears (port, GROUP, "gudpx0"));
  leave (port, GROUP, NULL);
  g_assert_false (hears (port, GROUP, "gudpx0"));
  route_groups ("gudpx0");
  remove_interface ();
  stop (port);
}

/* The message names the limit and the group. */
static void
test_limits (void)
{
  GudpxPort *port = share (NULL);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 20; i++)
    {
      g_autofree char *group = g_strdup_printf ("239.1.3.%u", i);

      join (port, group, "gudpx0");
    }
  expect_join_error (port, GROUP, "gudpx0", g_io_error_from_errno (ENOBUFS),
                     "igmp_max_memberships");
  g_assert_false (
      gudpx_port_join_source_group (port, SOURCE_GROUP, "10.99.0.9", "gudpx0", &error));
  g_assert_nonnull (strstr (error->message, "igmp_max_memberships"));
  g_clear_error (&error);

  leave (port, "239.1.3.0", "gudpx0");
  for (guint i = 0; i < 10; i++)
    {
      g_autofree char *source = g_strdup_printf ("10.99.0.%u", 100 + i);

      gudpx_port_join_source_group (port, SOURCE_GROUP, source, "gudpx0", &error);
      g_assert_no_error (error);
    }
  g_assert_false (
      gudpx_port_join_source_group (port, SOURCE_GROUP, "10.99.0.9", "gudpx0", &error));
  g_assert_nonnull (strstr (error->message, "10.99.0.9"));
  g_assert_nonnull (strstr (error->message, "igmp_max_msf"));
  stop (port);
}

/* The scope id contradicts the interface. */
static void
test_scope_against_interface (void)
{
  GudpxPort *port = share ("::");
  g_autoptr (GError) error = NULL;

  expect_join_error (port, "ff02::1234%gudpx0", "gudpx1", G_IO_ERROR_INVALID_ARGUMENT, "gudpx1");
  expect_join_error (port, "ff02::1234%gudpx0", "nosuch0", G_IO_ERROR_NOT_FOUND, "nosuch0");
  expect_join_error (port, "ff02::1234%nosuch0", "gudpx0", G_IO_ERROR_INVALID_ARGUMENT, "nosuch0");
  expect_join_error (port, "ff02::1234%nosuch0", NULL, G_IO_ERROR_NOT_FOUND, "nosuch0");
  g_assert_false (gudpx_port_leave_group (port, "ff02::1234%gudpx0", "gudpx1", &error));
  expect_error (&error, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_false (
      gudpx_port_join_source_group (port, "ff32::1234", "fe80::9%gudpx0", "gudpx1", &error));
  expect_error (&error, G_IO_ERROR_INVALID_ARGUMENT);

  join (port, "ff02::1234%gudpx0", "gudpx0");
  join (port, "ff02::1235%gudpx0", "fd99::1");
  join (port, "ff02::1236%gudpx0", "::");
  leave (port, "ff02::1234%gudpx0", NULL);
  leave (port, "ff02::1235", "gudpx0");
  leave (port, "ff02::1236%gudpx0", NULL);
  stop (port);
}

/* A link-local address exists on every link; its scope id selects one. */
static void
test_address_with_scope (void)
{
  GudpxPort *port = share ("::");
  g_autofree char *by_index = g_strdup_printf ("fe80::2%%%u", if_nametoindex ("gudpx1"));
  g_autoptr (GError) error = NULL;

  run_command ("ip address add fe80::1/64 dev gudpx1 nodad");
  join (port, GROUP6, "fe80::1%gudpx1");
  leave (port, GROUP6, "gudpx1");
  join (port, GROUP6, by_index);
  leave (port, GROUP6, "gudpx1");
  expect_join_error (port, GROUP6, "fe80::1", G_IO_ERROR_INVALID_ARGUMENT, "several interfaces");
  expect_join_error (port, GROUP6, "fe80::2%gudpx0", G_IO_ERROR_NOT_FOUND, "fe80::2%gudpx0");
  expect_join_error (port, GROUP6, "fe80::1%nosuch0", G_IO_ERROR_NOT_FOUND, "nosuch0");
  expect_join_error (port, GROUP, "fe80::1%gudpx0", G_IO_ERROR_INVALID_ARGUMENT, "families differ");
  join (port, GROUP6, "fe80::2");
  leave (port, GROUP6, "gudpx1");

  g_assert_false (gudpx_port_set_multicast_interface (port, "fe80::1", &error));
  expect_error (&error, G_IO_ERROR_INVALID_ARGUMENT);
  gudpx_port_set_multicast_interface (port, "fe80::1%gudpx1", &error);
  g_assert_no_error (error);
  run_command ("ip address del fe80::1/64 dev gudpx1");
  stop (port);
}

/* A port that is bound to one address receives only datagrams to this address, even if it is a
 * group. */
static void
check_bound (const char *host, const char *group, const char *other_group)
{
  GudpxPort *port = share (host);
  GudpxPort *member = share (group);
  g_autoptr (GError) error = NULL;
  g_autofree char *bare = g_strndup (host, strcspn (host, "%"));

  expect_join_error (port, group, "gudpx0", G_IO_ERROR_INVALID_ARGUMENT, bare);
  g_assert_false (
      gudpx_port_join_source_group (port, group, host, "gudpx0", &error));
  expect_error (&error, G_IO_ERROR_INVALID_ARGUMENT);
  join (member, group, "gudpx0");
  gudpx_port_write_to_host (port, text ("x"), group, port_get_number (member), &error);
  g_assert_no_error (error);
  wait_for (TEST_RECORDER (gudpx_port_get_protocol (member))->datagrams->len == 1);
  expect_join_error (member, other_group, "gudpx0", G_IO_ERROR_INVALID_ARGUMENT, group);
  stop (port);
  stop (member);
}

static void
test_bound_to_one_address (void)
{
  check_bound ("10.99.0.1", GROUP, "239.1.2.4");
  check_bound ("fd99::1", GROUP6, "ff15::1235");
  check_bound ("fe80::1%gudpx0", "ff15::1234", "ff15::1235");
}

/* The address changes from any to a single one before a restart. */
static void
test_bound_after_restart (void)
{
  GudpxPort *port = share (NULL);
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string ("10.99.0.1", 0);
  g_autoptr (GError) error = NULL;

  join (port, GROUP, "gudpx0");
  gudpx_port_stop_listening (port);
  g_assert_true (gudpx_port_set_local_address (port, address, &error));
  g_assert_false (gudpx_port_start_listening (port, &error));
  g_assert_nonnull (strstr (error->message, "10.99.0.1"));
  expect_error (&error, G_IO_ERROR_INVALID_ARGUMENT);
  stop (port);
}

/* Names and IPv4 addresses belong to the socket's network namespace. */
static void
test_namespace_of_socket (void)
{
  OtherHost host;
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = NULL;
  g_autoptr (GError) error = NULL;

  if (!other_host_init (&host))
    return;
  port = gudpx_adopt_datagram_port (g_socket_get_fd (host.any), G_SOCKET_FAMILY_INVALID,
                                    GUDPX_DATAGRAM_PROTOCOL (recorder), &error);
  g_assert_no_error (error);
  join (port, GROUP, "there0");
  leave (port, GROUP, "there0");
  join (port, GROUP6 "%there0", NULL);
  leave (port, GROUP6, "there0");
  join (port, GROUP, "10.98.0.2");
  leave (port, GROUP, "there0");
  join (port, GROUP, NULL);
  leave (port, GROUP, "there0");
  gudpx_port_join_source_group (port, SOURCE_GROUP, "10.98.0.9", "there0", &error);
  g_assert_no_error (error);
  g_assert_false (
      gudpx_port_join_source_group (port, SOURCE_GROUP, "10.98.0.9", "there0", &error));
  expect_error (&error, G_IO_ERROR_ADDRESS_IN_USE);
  gudpx_port_set_multicast_interface (port, "there0", &error);
  g_assert_no_error (error);
  gudpx_port_set_multicast_interface (port, "10.98.0.2", &error);
  g_assert_no_error (error);
  expect_join_error (port, GROUP, "here0", G_IO_ERROR_NOT_FOUND, "here0");
  expect_join_error (port, GROUP, "10.98.0.1", G_IO_ERROR_NOT_FOUND, "10.98.0.1");
  gudpx_port_stop_listening (port);
  other_host_clear (&host);
}

#if defined(__linux__) && defined(SECCOMP_MODE_FILTER)
/* Does the same as systemd's RestrictAddressFamilies without AF_NETLINK. */
static gboolean
forbid_netlink (void)
{
  struct sock_filter instructions[] = {
    BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, nr)),
    BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, __NR_socket, 0, 3),
    BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, args[0])),
    BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 0, 1),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAFNOSUPPORT),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const struct sock_fprog program = { G_N_ELEMENTS (instructions), instructions };

  return prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}
#else
static gboolean
forbid_netlink (void)
{
  return FALSE;
}
#endif

/* Tries this in another process. */
static gboolean
may_forbid_netlink (void)
{
  pid_t child = fork ();
  int status = -1;

  if (child == 0)
    _exit (forbid_netlink () ? 0 : 1);
  return child > 0 && waitpid (child, &status, 0) == child && status == 0;
}

static void
check_without_netlink (void)
{
  GudpxPort *port = share ("::");
  g_autoptr (GError) error = NULL;

  g_assert_true (forbid_netlink ());
  join (port, GROUP, "10.99.0.1");
  leave (port, GROUP, "gudpx0");
  join (port, GROUP, "127.0.0.1");
  join (port, GROUP, NULL);
  leave (port, GROUP, "gudpx0");
  join (port, GROUP6, "gudpx0");
  gudpx_port_set_multicast_interface (port, "10.99.0.1", &error);
  g_assert_no_error (error);
  expect_join_error (port, GROUP, "10.99.0.200", G_IO_ERROR_NOT_FOUND, "no interface has");

  /* IPv6 addresses need AF_NETLINK. The message must not say that the interface is missing. */
  expect_join_error (port, GROUP6, "fd99::1", g_io_error_from_errno (EAFNOSUPPORT), "fd99::1");
  g_assert_false (gudpx_port_set_multicast_interface (port, "fd99::1", &error));
  g_assert_null (strstr (error->message, "no interface has"));
  stop (port);
}

static void
test_without_netlink (void)
{
  if (g_test_subprocess ())
    {
      check_without_netlink ();
      return;
    }
  if (!may_forbid_netlink ())
    {
      g_test_skip ("the system does not allow a filter of system calls");
      return;
    }
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
  g_test_trap_assert_passed ();
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/multicast-interfaces/choice", test_choice);
  g_test_add_func ("/multicast-interfaces/choice-ipv6", test_choice_ipv6);
  g_test_add_func ("/multicast-interfaces/choice-dual-stack", test_choice_dual_stack);
  g_test_add_func ("/multicast-interfaces/choice-after-restart", test_choice_after_restart);
  g_test_add_func ("/multicast-interfaces/choice-of-sources", test_choice_of_sources);
  g_test_add_func ("/multicast-interfaces/choice-of-sources-ipv6", test_choice_of_sources_ipv6);
  g_test_add_func ("/multicast-interfaces/choice-with-full-socket", test_choice_with_full_socket);
  g_test_add_func ("/multicast-interfaces/vpn", test_vpn);
  g_test_add_func ("/multicast-interfaces/vpn-source", test_vpn_source);
  g_test_add_func ("/multicast-interfaces/made-again", test_made_again);
  g_test_add_func ("/multicast-interfaces/words-lead-elsewhere", test_words_lead_elsewhere);
  g_test_add_func ("/multicast-interfaces/other-words", test_other_words);
  g_test_add_func ("/multicast-interfaces/restart", test_restart);
  g_test_add_func ("/multicast-interfaces/restart-with-error", test_restart_with_error);
  g_test_add_func ("/multicast-interfaces/disconnect", test_disconnect);
  g_test_add_func ("/multicast-interfaces/disconnect-after-route-moved",
                   test_disconnect_after_route_moved);
  g_test_add_func ("/multicast-interfaces/limits", test_limits);
  g_test_add_func ("/multicast-interfaces/scope-against-interface", test_scope_against_interface);
  g_test_add_func ("/multicast-interfaces/address-with-scope", test_address_with_scope);
  g_test_add_func ("/multicast-interfaces/bound-to-one-address", test_bound_to_one_address);
  g_test_add_func ("/multicast-interfaces/bound-after-restart", test_bound_after_restart);
  g_test_add_func ("/multicast-interfaces/namespace-of-socket", test_namespace_of_socket);
  g_test_add_func ("/multicast-interfaces/without-netlink", test_without_netlink);

  return g_test_run ();
}
