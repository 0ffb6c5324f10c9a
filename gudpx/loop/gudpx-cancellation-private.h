/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

void gudpx_cancellation_watch (GTask        *task,
                               GMainContext *context,
                               GSourceFunc   cancelled);

G_END_DECLS
