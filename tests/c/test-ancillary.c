/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <sys/time.h>

#include "gudpx-ancillary-private.h"

static gint64
parse_time (gint64 seconds, gint64 microseconds)
{
  const struct timeval time = { .tv_sec = seconds, .tv_usec = microseconds };
  GudpxAncillary ancillary = GUDPX_ANCILLARY_INIT;

  g_assert_true (
      gudpx_ancillary_parse (&ancillary, SOL_SOCKET, SCM_TIMESTAMP, &time, sizeof time));
  return ancillary.timestamp;
}

/* A time that microseconds cannot represent is unknown. No conversion overflows. */
static void
test_timestamp (void)
{
  const gint64 last_second = G_MAXINT64 / G_USEC_PER_SEC - 1;

  g_assert_cmpint (parse_time (1, 2), ==, 1000002);
  g_assert_cmpint (parse_time (last_second, 999999), ==, last_second * G_USEC_PER_SEC + 999999);
  g_assert_cmpint (parse_time (last_second + 1, 0), ==, 0);
  g_assert_cmpint (parse_time (G_MAXINT64, 999999), ==, 0);
  g_assert_cmpint (parse_time (G_MININT64, 0), ==, 0);
  g_assert_cmpint (parse_time (-1, 0), ==, 0);
  g_assert_cmpint (parse_time (1, -1), ==, 0);
  g_assert_cmpint (parse_time (1, G_MAXINT64), ==, 0);
}

static GudpxAncillary
parse_int (int level, int type, int value)
{
  GudpxAncillary ancillary = GUDPX_ANCILLARY_INIT;

  g_assert_true (gudpx_ancillary_parse (&ancillary, level, type, &value, sizeof value));
  return ancillary;
}

/* Values stay in the range that the getters promise, for any number from the kernel. */
static void
test_ranges (void)
{
  static const int values[] = { 0, 1, 255, 256, -1, G_MININT, G_MAXINT };

  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    {
      GudpxAncillary hops = parse_int (IPPROTO_IP, IP_TTL, values[i]);
      GudpxAncillary hops6 = parse_int (IPPROTO_IPV6, IPV6_HOPLIMIT, values[i]);
      GudpxAncillary class6 = parse_int (IPPROTO_IPV6, IPV6_TCLASS, values[i]);

      g_assert_cmpint (hops.hop_limit, ==, values[i] & 0xff);
      g_assert_cmpint (hops6.hop_limit, ==, values[i] & 0xff);
      g_assert_cmpint (class6.traffic_class, ==, values[i] & 0xff);
    }
}

/* Ignores messages that are too short. */
static void
test_short (void)
{
  static const struct
  {
    int level;
    int type;
  } rows[] = {
    { SOL_SOCKET, SCM_TIMESTAMP }, { IPPROTO_IP, IP_TTL },         { IPPROTO_IP, IP_TOS },
    { IPPROTO_IPV6, IPV6_PKTINFO }, { IPPROTO_IPV6, IPV6_HOPLIMIT }, { IPPROTO_IPV6, IPV6_TCLASS },
  };
  GudpxAncillary ancillary = GUDPX_ANCILLARY_INIT;

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    g_assert_false (gudpx_ancillary_parse (&ancillary, rows[i].level, rows[i].type, "", 0));
  g_assert_false (gudpx_ancillary_parse (&ancillary, SOL_SOCKET, SCM_TIMESTAMP, "1234567",
                                         sizeof (struct timeval) - 1));
  g_assert_cmpint (ancillary.timestamp, ==, 0);
}

/* Each part of the ancillary data distinguishes two datagrams. */
static void
test_sends_equal (void)
{
  const GudpxAncillary plain = GUDPX_ANCILLARY_INIT;
  GudpxAncillary a = GUDPX_ANCILLARY_INIT;
  GudpxAncillary b;

  g_assert_true (gudpx_ancillary_sends_equal (NULL, NULL));
  g_assert_true (gudpx_ancillary_sends_equal (&plain, NULL));
  a.send_hop_limit = 7;
  g_assert_false (gudpx_ancillary_sends_equal (&a, NULL));
  g_assert_false (gudpx_ancillary_sends_equal (&plain, &a));

  b = a;
  b.hop_limit = b.traffic_class = 9; /* received ancillary data */
  g_assert_true (gudpx_ancillary_sends_equal (&a, &b));
  b.send_hop_limit = 8;
  g_assert_false (gudpx_ancillary_sends_equal (&a, &b));
  b = a;
  b.send_traffic_class = 8;
  g_assert_false (gudpx_ancillary_sends_equal (&a, &b));
  b = a;
  b.send_interface = 8;
  g_assert_false (gudpx_ancillary_sends_equal (&a, &b));
  b = a;
  b.has_source = TRUE;
  g_assert_false (gudpx_ancillary_sends_equal (&a, &b));
  a = b;
  b.source.s6_addr[15] = 1;
  g_assert_false (gudpx_ancillary_sends_equal (&a, &b));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/ancillary/timestamp", test_timestamp);
  g_test_add_func ("/ancillary/ranges", test_ranges);
  g_test_add_func ("/ancillary/short", test_short);
  g_test_add_func ("/ancillary/sends-equal", test_sends_equal);

  return g_test_run ();
}
