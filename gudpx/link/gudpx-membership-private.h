/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "gudpx-group-request-private.h"

G_BEGIN_DECLS

/* A multicast group, in the terms of RFC 3678. */
typedef struct
{
  GudpxNativeAddress group;
  GudpxNativeAddress source; /* empty: any */
  char *interface;           /* as the caller gave it; NULL: the system's choice */
  guint index;               /* of the interface where it is joined; 0: unknown, or left */
} GudpxMembership;

GudpxMembership *gudpx_membership_new              (const GudpxGroupRequest  *request,
                                                    GSocket                  *socket,
                                                    GError                  **error);
void             gudpx_membership_free             (GudpxMembership          *self);
int              gudpx_membership_get_level        (const GudpxMembership    *self);
gboolean         gudpx_membership_find_interface   (GudpxMembership          *self,
                                                    GSocket                  *socket,
                                                    GError                  **error);
void             gudpx_membership_choose_interface (GudpxMembership          *self,
                                                    gboolean                  is_adopted);
gboolean         gudpx_membership_is_gone          (const GudpxMembership    *self,
                                                    GSocket                  *socket);
/* These return an errno; 0: done. */
int              gudpx_membership_join             (GudpxMembership          *self,
                                                    GSocket                  *socket);
int              gudpx_membership_leave            (const GudpxMembership    *self,
                                                    GSocket                  *socket);
int              gudpx_membership_move             (GudpxMembership          *self,
                                                    const GudpxMembership    *old,
                                                    GSocket                  *socket);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GudpxMembership, gudpx_membership_free)

G_END_DECLS
