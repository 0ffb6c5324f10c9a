/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "gudpx-link-private.h"

G_BEGIN_DECLS

typedef enum
{
  GUDPX_REPORT_SENT,           /* the link took a datagram whose task waits */
  GUDPX_REPORT_NOT_SENT,       /* the link refused a queued datagram */
  GUDPX_REPORT_NOT_READ,       /* a datagram was dropped because its destination does not read */
  GUDPX_REPORT_UNSENT,         /* the port was stopped before the link took the datagram */
  GUDPX_REPORT_UNFLUSHED,      /* the port was stopped before its queue was flushed */
  GUDPX_REPORT_NETWORK,        /* an error of a datagram that had left */
  GUDPX_REPORT_RECEIVE_FAILED, /* receiving itself failed */
  GUDPX_REPORT_ERRORS_FAILED,  /* the link has errors that it cannot read */
  GUDPX_REPORT_SHUT_DOWN,      /* another owner of the socket shut it down or closed it */
  GUDPX_REPORT_DEVICE_GONE,    /* the interface that the link is bound to is gone */
} GudpxReportKind;

/* News for the application, which hears it from the main loop, never within a call of its own. */
typedef struct
{
  GList link;
  GudpxReportKind kind;
  GTask *task;          /* NULL: the protocol hears the report */
  GudpxLinkError error; /* its destination is empty if it is not known */
  gsize size;           /* of the datagram; of NOT_READ: of all that wait for the destination */
} GudpxReport;

/* Reports in the order of their events. The one place that counts errors by kind. */
typedef struct
{
  GQueue reports;
  const GudpxReport *current; /* NULL: none is being told */
  GudpxStatistics *statistics;
} GudpxReports;

void         gudpx_reports_init         (GudpxReports             *self,
                                         GudpxStatistics          *statistics);
void         gudpx_reports_count_error  (GudpxReports             *self,
                                         int                       errsv);
void         gudpx_reports_add          (GudpxReports             *self,
                                         GudpxReportKind           kind,
                                         int                       errsv);
void         gudpx_reports_add_network  (GudpxReports             *self,
                                         const GudpxLinkError     *error,
                                         const GudpxNativeAddress *peer);
void         gudpx_reports_add_datagram (GudpxReports             *self,
                                         GudpxReportKind           kind,
                                         int                       errsv,
                                         GTask                    *task,
                                         gsize                     size,
                                         const GudpxNativeAddress *destination);
GudpxReport *gudpx_reports_take         (GudpxReports             *self);
void         gudpx_report_free          (GudpxReport              *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GudpxReport, gudpx_report_free)

static inline guint
gudpx_reports_get_length (const GudpxReports *self)
{
  return self->reports.length;
}

/* TRUE if the next report is an error that came on its own. */
static inline gboolean
gudpx_reports_has_network_error (const GudpxReports *self)
{
  return self->reports.head != NULL &&
         ((const GudpxReport *) self->reports.head->data)->kind == GUDPX_REPORT_NETWORK;
}

/* Makes @report the current one, NULL for none. Returns the one before: a handler may run a main
 * loop that tells others. */
static inline const GudpxReport *
gudpx_reports_set_current (GudpxReports *self, const GudpxReport *report)
{
  const GudpxReport *outer = self->current;

  self->current = report;
  return outer;
}

const GudpxLinkError *gudpx_reports_get_details (const GudpxReports *self);

G_END_DECLS
