/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "gudpx-reports-private.h"

void
gudpx_reports_init (GudpxReports *self, GudpxStatistics *statistics)
{
  g_queue_init (&self->reports);
  self->statistics = statistics;
}

/* Counts an error by its kind. Errors that calls return are counted here, too. */
void
gudpx_reports_count_error (GudpxReports *self, int errsv)
{
  self->statistics->errors++;
  switch (errsv)
    {
    case ECONNREFUSED:
      self->statistics->connection_refusals++;
      break;
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EHOSTDOWN:
    case ENETDOWN:
      self->statistics->unreachable_errors++;
      break;
    default:
      break;
    }
}

/* FALSE for drops, which have counters of their own. */
static gboolean
is_error (GudpxReportKind kind)
{
  switch ((int) kind)
    {
    case GUDPX_REPORT_SENT:
    case GUDPX_REPORT_NOT_READ:
    case GUDPX_REPORT_UNSENT:
    case GUDPX_REPORT_UNFLUSHED:
      return FALSE;
    default:
      return TRUE;
    }
}

static GudpxReport *
add (GudpxReports *self, GudpxReportKind kind, int errsv)
{
  GudpxReport *report = g_new0 (GudpxReport, 1);

  report->kind = kind;
  report->error.errsv = errsv;
  report->link.data = report;
  g_queue_push_tail_link (&self->reports, &report->link);
  if (is_error (kind))
    gudpx_reports_count_error (self, errsv);
  return report;
}

/* Adds a report about the port itself. */
void
gudpx_reports_add (GudpxReports *self, GudpxReportKind kind, int errsv)
{
  add (self, kind, errsv);
}

/* Adds an error that came on its own. An error without a destination concerns @peer, which may be
 * empty. */
void
gudpx_reports_add_network (GudpxReports *self,
                           const GudpxLinkError *error,
                           const GudpxNativeAddress *peer)
{
  GudpxReport *report = add (self, GUDPX_REPORT_NETWORK, error->errsv);

  report->error = *error;
  if (error->destination.length == 0)
    gudpx_native_address_copy (&report->error.destination, peer);
}

/* Adds the result of a datagram of @size bytes. Without a @task the protocol hears it. */
void
gudpx_reports_add_datagram (GudpxReports *self,
                            GudpxReportKind kind,
                            int errsv,
                            GTask *task,
                            gsize size,
                            const GudpxNativeAddress *destination)
{
  GudpxReport *report = add (self, kind, errsv);

  g_set_object (&report->task, task);
  report->size = size;
  gudpx_native_address_copy (&report->error.destination, destination);
}

/* Returns the oldest report, or NULL. */
GudpxReport *
gudpx_reports_take (GudpxReports *self)
{
  GList *link = g_queue_pop_head_link (&self->reports);

  return link != NULL ? link->data : NULL;
}

void
gudpx_report_free (GudpxReport *self)
{
  g_clear_object (&self->task);
  g_free (self);
}

/* Returns the details of the error that is being told, or NULL. Only errors of the network and of
 * receiving have details. */
const GudpxLinkError *
gudpx_reports_get_details (const GudpxReports *self)
{
  if (self->current == NULL)
    return NULL;

  switch ((int) self->current->kind)
    {
    case GUDPX_REPORT_NETWORK:
    case GUDPX_REPORT_RECEIVE_FAILED:
    case GUDPX_REPORT_ERRORS_FAILED:
      return &self->current->error;
    default:
      return NULL;
    }
}
