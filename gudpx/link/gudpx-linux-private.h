/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "gudpx-socket-io-private.h"

G_BEGIN_DECLS

/* Limits of the runs that the kernel sends as one. */
typedef struct
{
  gsize max_segment;
  guint max_run;
} GudpxRunLimits;

typedef struct
{
  GudpxSocketLink parent;
  gsize largest; /* message of the last batch: a call reads the fewer, the larger they are */
  GudpxRunLimits limits;
} GudpxLinuxLink;

G_END_DECLS
