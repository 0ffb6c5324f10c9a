/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

gboolean gudpx_turns_begin      (GMainContext *context,
                                 gint64        now);
gint64   gudpx_turns_get_share  (void);
void     gudpx_turns_end        (GMainContext *context,
                                 gint64        iteration,
                                 gint64        duration,
                                 gint64        now);
void     gudpx_turns_reached    (gint64        now);
void     gudpx_turns_disturb    (void);
gboolean gudpx_turns_may_resume (gint64        iteration);

/* The priority at which the main loop has nothing else to do. */
#define GUDPX_TURNS_LAST_PRIORITY G_PRIORITY_LOW

G_END_DECLS
