/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gudpx/gudpx.h>

G_BEGIN_DECLS

void gudpx_statistics_add (GudpxStatistics       *sum,
                           const GudpxStatistics *statistics);

G_END_DECLS
