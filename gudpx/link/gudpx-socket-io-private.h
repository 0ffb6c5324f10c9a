/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "gudpx-socket-link-private.h"

G_BEGIN_DECLS

/* Calls that receive from and send to the socket of a link. The build chooses one implementation:
 * gudpx-linux-receive.c, -send.c and -errors.c, or gudpx-generic-io.c. A new
 * implementation defines these functions. GudpxLinkFuncs has the contract of its functions. */

GudpxSocketLink *gudpx_socket_io_new           (void);
void             gudpx_socket_io_free          (GudpxSocketLink     *self);
/* Prepares the socket of @self, which is new or has just been replaced. */
void             gudpx_socket_io_start         (GudpxSocketLink     *self);
/* The peer or reports_errors has changed. */
void             gudpx_socket_io_update_errors (GudpxSocketLink     *self);
/* FALSE: reports_errors has no effect. */
gboolean         gudpx_socket_io_can_report    (void);
guint32          gudpx_socket_io_get_drops     (GudpxSocketLink     *self);

GudpxBatch      *gudpx_socket_io_receive       (GudpxLink           *link,
                                                gsize                max_size,
                                                int                 *errsv);
void             gudpx_socket_io_release       (GudpxLink           *link,
                                                GudpxBatch          *batch);
guint            gudpx_socket_io_send          (GudpxLink           *link,
                                                const GudpxOutgoing *outgoing,
                                                guint                n_outgoing,
                                                gboolean             may_join,
                                                int                 *errsv);
gboolean         gudpx_socket_io_take_error    (GudpxLink           *link,
                                                GudpxLinkError      *error);

G_END_DECLS
