/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

void gudpx_gjs_collect_garbage (void);

G_END_DECLS
