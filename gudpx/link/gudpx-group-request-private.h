/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "gudpx-address-private.h"

G_BEGIN_DECLS

/* A multicast group as the caller names it. Scope ids are apart from their addresses, because only
 * the link knows the interfaces that they name. */
typedef struct
{
  GudpxNativeAddress group;
  GudpxNativeAddress source; /* empty: any */
  const char *interface;     /* name or address; NULL: the system's choice */
  const char *group_scope;   /* NULL: none */
  const char *source_scope;  /* NULL: none */
} GudpxGroupRequest;

G_END_DECLS
