/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib/gstdio.h>

#include "gudpx-link-private.h"
#include "gudpx-socket-config-private.h"

G_BEGIN_DECLS

/* A socket of the kernel as a link. Its own calls to receive and to send are in
 * gudpx-socket-io-private.h. */
typedef struct
{
  GudpxLink parent;
  GSocket *socket;
  const GudpxSocketConfig *config; /* the owner's, which outlives the link */
  gboolean is_ipv6;
  gboolean is_unix;
  gboolean is_adopted;          /* other processes may use the socket, too */
  gboolean lacks_number;        /* the kernel gives the socket a port number when it is used */
  gboolean has_borrowed_number; /* the kernel chose the port number */
  gboolean has_error_queue;     /* which has each error: a call returns only a copy */
  gboolean reports_errors;      /* without a peer, too */
  int device;                   /* index of the interface before it was connected; 0: none */
  guint32 earlier_drops;        /* of sockets that were given up, less those before the adoption */
  char *own_path;               /* file of a UNIX socket; NULL: none */
  GStatBuf own_path_stat;
} GudpxSocketLink;

/* An error left by an earlier datagram is removed by the call that it fails, so the next try is for
 * the datagram itself. More than a few errors in a row are its own. */
#define GUDPX_SOCKET_LINK_MAX_RETRIES 4

/* gudpx-socket-link.c */
GudpxLink       *gudpx_socket_link_open            (const GudpxNativeAddress *address,
                                                    const GudpxSocketConfig  *config,
                                                    GudpxStatistics          *statistics,
                                                    GError                  **error);
GudpxLink       *gudpx_socket_link_adopt           (int                       fd,
                                                    GSocketFamily             family,
                                                    const GudpxSocketConfig  *config,
                                                    GudpxStatistics          *statistics,
                                                    GError                  **error);
GudpxSocketLink *gudpx_socket_link_wrap            (GSocket                  *socket,
                                                    gboolean                  is_adopted,
                                                    GudpxStatistics          *statistics);
gboolean         gudpx_socket_link_can_report_errors (void);
void             gudpx_socket_link_find_number     (GudpxSocketLink          *self);
GSocket         *gudpx_socket_link_open_socket     (const GudpxSocketConfig  *config,
                                                    const GudpxNativeAddress *address,
                                                    gboolean                  is_beside,
                                                    GudpxNativeAddress       *local,
                                                    GError                  **error);

/* gudpx-socket-connect.c */
gboolean         gudpx_socket_link_connect         (GudpxLink                *link,
                                                    const GudpxNativeAddress *peer,
                                                    GError                  **error);
gboolean         gudpx_socket_link_reconnect       (GudpxLink                *link,
                                                    int                      *errsv);
void             gudpx_socket_link_find_peer       (GudpxSocketLink          *self);

/* gudpx-socket-retry.c */
gboolean         gudpx_socket_link_may_retry       (GudpxSocketLink          *self,
                                                    guint                    *n_tries,
                                                    int                       errsv);
void             gudpx_socket_link_own_last_error  (GudpxSocketLink          *self,
                                                    guint                     n_tries,
                                                    int                       errsv);

G_END_DECLS
