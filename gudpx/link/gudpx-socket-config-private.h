/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "gudpx-options-private.h"

G_BEGIN_DECLS

/* Settings that bind(2) depends on. */
typedef struct
{
  gboolean listen_multiple;
  gboolean reuse_port;
  gboolean ipv6_only;
  char *device; /* name of an interface; NULL: none */
} GudpxBindOptions;

/* Settings that each new socket of a port gets. */
typedef struct
{
  GudpxBindOptions bind;
  GudpxOptions options;
  GPtrArray *memberships; /* multicast groups */
} GudpxSocketConfig;

G_END_DECLS
