/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "gudpx-socket-config-private.h"

G_BEGIN_DECLS

/* Settings of a port. They survive its restarts. */
typedef struct
{
  GudpxSocketConfig socket;
} GudpxPortConfig;

G_END_DECLS
