/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <sys/socket.h>

#include <glib.h>

G_BEGIN_DECLS

int gudpx_mmsg_receive (int             fd,
                        struct mmsghdr *messages,
                        guint           n_messages,
                        int             flags);
int gudpx_mmsg_send    (int             fd,
                        struct mmsghdr *messages,
                        guint           n_messages,
                        int             flags);

G_END_DECLS
