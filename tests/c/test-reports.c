/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tests the list of reports: errors are counted by kind, and keep their order and details. */

#include "gudpx-reports-private.h"

#include "scripted-link.h"

typedef struct
{
  GudpxStatistics statistics;
  GudpxReports reports;
} Fixture;

static void
set_up (Fixture *self, gconstpointer data)
{
  gudpx_reports_init (&self->reports, &self->statistics);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  g_assert_null (gudpx_reports_take (&self->reports));
}

static void
expect_counts (Fixture *self, guint64 errors, guint64 unreachable, guint64 refused)
{
  g_assert_cmpuint (self->statistics.errors, ==, errors);
  g_assert_cmpuint (self->statistics.unreachable_errors, ==, unreachable);
  g_assert_cmpuint (self->statistics.connection_refusals, ==, refused);
}

/* Each errno has one kind. */
static void
test_counts (Fixture *self, gconstpointer data)
{
  const int unreachable[] = { EHOSTUNREACH, ENETUNREACH, EHOSTDOWN, ENETDOWN };
  const int others[] = { EPERM, EACCES, EMSGSIZE, EIO, ENOMEM, EINTR };

  for (guint i = 0; i < G_N_ELEMENTS (unreachable); i++)
    {
      gudpx_reports_count_error (&self->reports, unreachable[i]);
      expect_counts (self, i + 1, i + 1, 0);
    }
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    gudpx_reports_count_error (&self->reports, others[i]);
  expect_counts (self, 10, 4, 0);
  gudpx_reports_count_error (&self->reports, ECONNREFUSED);
  expect_counts (self, 11, 4, 1);
}

static void
add_datagram (Fixture *self, GudpxReportKind kind, int errsv, GTask *task, guint16 port)
{
  const GudpxNativeAddress destination = scripted_address (port);

  gudpx_reports_add_datagram (&self->reports, kind, errsv, task, port, &destination);
}

static void
expect_next (Fixture *self, GudpxReportKind kind, int errsv, GTask *task, guint16 port)
{
  g_autoptr (GudpxReport) report = gudpx_reports_take (&self->reports);

  g_assert_nonnull (report);
  g_assert_cmpint (report->kind, ==, kind);
  g_assert_cmpint (report->error.errsv, ==, errsv);
  g_assert_true (report->task == task);
  g_assert_cmpuint (gudpx_native_address_get_port (&report->error.destination), ==, port);
}

/* Reports are told in the order of their events. Only errors count. */
static void
test_order (Fixture *self, gconstpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, NULL, NULL);
  const GudpxLinkError refused = { .errsv = ECONNREFUSED, .destination = scripted_address (3) };

  add_datagram (self, GUDPX_REPORT_SENT, 0, task, 1);
  add_datagram (self, GUDPX_REPORT_NOT_SENT, ENETUNREACH, NULL, 2);
  gudpx_reports_add_network (&self->reports, &refused, &refused.offender);
  gudpx_reports_add (&self->reports, GUDPX_REPORT_RECEIVE_FAILED, EIO);
  add_datagram (self, GUDPX_REPORT_NOT_READ, 0, NULL, 4);
  add_datagram (self, GUDPX_REPORT_UNSENT, 0, task, 5);
  add_datagram (self, GUDPX_REPORT_UNFLUSHED, 0, task, 0);
  g_assert_cmpuint (gudpx_reports_get_length (&self->reports), ==, 7);
  expect_counts (self, 3, 1, 1);

  expect_next (self, GUDPX_REPORT_SENT, 0, task, 1);
  expect_next (self, GUDPX_REPORT_NOT_SENT, ENETUNREACH, NULL, 2);
  expect_next (self, GUDPX_REPORT_NETWORK, ECONNREFUSED, NULL, 3);
  expect_next (self, GUDPX_REPORT_RECEIVE_FAILED, EIO, NULL, 0);
  expect_next (self, GUDPX_REPORT_NOT_READ, 0, NULL, 4);
  expect_next (self, GUDPX_REPORT_UNSENT, 0, task, 5);
  expect_next (self, GUDPX_REPORT_UNFLUSHED, 0, task, 0);
  g_task_return_boolean (task, TRUE);
}

/* An error keeps all that the network said. One without a destination concerns the peer, if there
 * is one. */
static void
test_details (Fixture *self, gconstpointer data)
{
  const GudpxNativeAddress peer = scripted_address (9);
  const GudpxLinkError error = { .errsv = EMSGSIZE, .is_icmp = TRUE, .icmp_type = 3, .icmp_code = 4,
                                 .offender = scripted_address (5), .path_mtu = 1400 };
  const GudpxLinkError *details;
  g_autoptr (GudpxReport) report = NULL;

  gudpx_reports_add_network (&self->reports, &error, &peer);
  gudpx_reports_add_network (&self->reports, &error, &error.destination);
  report = gudpx_reports_take (&self->reports);
  g_assert_null (gudpx_reports_get_details (&self->reports));
  g_assert_null (gudpx_reports_set_current (&self->reports, report));
  details = gudpx_reports_get_details (&self->reports);
  g_assert_cmpint (details->errsv, ==, EMSGSIZE);
  g_assert_true (details->is_icmp);
  g_assert_cmpuint (details->icmp_type, ==, 3);
  g_assert_cmpuint (details->icmp_code, ==, 4);
  g_assert_cmpuint (details->path_mtu, ==, 1400);
  g_assert_true (gudpx_native_address_equal (&details->offender, &error.offender));
  g_assert_true (gudpx_native_address_equal (&details->destination, &peer));
  g_assert_true (gudpx_reports_set_current (&self->reports, NULL) == report);
  g_assert_null (gudpx_reports_get_details (&self->reports));

  expect_next (self, GUDPX_REPORT_NETWORK, EMSGSIZE, NULL, 0);
}

/* Details are those of receiving and of datagrams that have left. */
static void
test_no_details (Fixture *self, gconstpointer data)
{
  const GudpxReportKind with_details[] = { GUDPX_REPORT_RECEIVE_FAILED,
                                           GUDPX_REPORT_ERRORS_FAILED };
  const GudpxReportKind without_details[] = { GUDPX_REPORT_NOT_SENT, GUDPX_REPORT_NOT_READ,
                                              GUDPX_REPORT_UNSENT, GUDPX_REPORT_SHUT_DOWN };

  for (guint i = 0; i < G_N_ELEMENTS (with_details); i++)
    {
      const GudpxReport report = { .kind = with_details[i] };

      gudpx_reports_set_current (&self->reports, &report);
      g_assert_true (gudpx_reports_get_details (&self->reports) == &report.error);
    }
  for (guint i = 0; i < G_N_ELEMENTS (without_details); i++)
    {
      const GudpxReport report = { .kind = without_details[i] };

      gudpx_reports_set_current (&self->reports, &report);
      g_assert_null (gudpx_reports_get_details (&self->reports));
    }
  gudpx_reports_set_current (&self->reports, NULL);
}

#define add(path, func) g_test_add ("/reports/" path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add ("counts", test_counts);
  add ("order", test_order);
  add ("details", test_details);
  add ("no-details", test_no_details);
  return g_test_run ();
}
