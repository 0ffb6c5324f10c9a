/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib/gstdio.h>

#include "gudpx-address-private.h"
#include "gudpx-socket-config-private.h"

G_BEGIN_DECLS

/* gudpx-socket.c */
GSocket  *gudpx_socket_open          (GSocketFamily              family,
                                      const GudpxBindOptions    *options,
                                      GError                   **error);
gboolean  gudpx_socket_bind          (GSocket                   *socket,
                                      const GudpxNativeAddress  *address,
                                      GError                   **error);
char     *gudpx_socket_explain       (const GudpxNativeAddress  *address,
                                      int                        errsv);
gboolean  gudpx_socket_shares_address (GSocket                  *socket);
gboolean  gudpx_socket_share_address (GSocket                   *socket,
                                      gboolean                   share,
                                      GError                   **error);
GSocket  *gudpx_socket_adopt         (int                        fd,
                                      GSocketFamily              family,
                                      GError                   **error);
gboolean  gudpx_socket_get_local     (GSocket                   *socket,
                                      GudpxNativeAddress        *local,
                                      GError                   **error);
gboolean  gudpx_socket_get_peer      (GSocket                   *socket,
                                      GudpxNativeAddress        *peer);
gboolean  gudpx_socket_connect       (GSocket                   *socket,
                                      const GudpxNativeAddress  *peer,
                                      int                       *errsv);
gboolean  gudpx_socket_is_ipv6_only  (GSocket                   *socket);
guint     gudpx_socket_find_path_mtu (const GudpxNativeAddress  *destination);
char     *gudpx_socket_own_path      (const GudpxNativeAddress  *address,
                                      GStatBuf                  *stat);
void      gudpx_socket_unlink_path   (const char                *path,
                                      const GStatBuf            *stat);

/* gudpx-socket-linux.c or gudpx-socket-portable.c */
void      gudpx_socket_hear_own_groups  (GSocket                 *socket);
gboolean  gudpx_socket_reuse_port       (GSocket                 *socket,
                                         const GudpxBindOptions  *options,
                                         GError                 **error);
int       gudpx_socket_get_share_option (void);
gboolean  gudpx_socket_bind_to_device   (GSocket                 *socket,
                                         const char              *device,
                                         GError                 **error);
int       gudpx_socket_get_device       (GSocket                 *socket);
gboolean  gudpx_socket_restore_device   (GSocket                 *socket,
                                         const char              *name,
                                         int                      index,
                                         GError                 **error);
gboolean  gudpx_socket_replace          (GSocket                 *socket,
                                         GSocket                 *other,
                                         GError                 **error);
gboolean  gudpx_socket_is_shut_down     (GSocket                 *socket);
guint     gudpx_socket_get_path_mtu     (GSocket                 *socket);

G_END_DECLS
