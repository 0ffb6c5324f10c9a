/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(GUDPX_INSIDE) && !defined(GUDPX_COMPILATION)
#error "Only <gudpx/gudpx.h> can be included directly."
#endif

#include <gudpx/gudpx-types.h>

G_BEGIN_DECLS

GUDPX_AVAILABLE_IN_1_0
GudpxPort *gudpx_listen_udp           (guint16                 port,
                                       GudpxDatagramProtocol  *protocol,
                                       const char             *bind_address,
                                       GError                **error);
GUDPX_AVAILABLE_IN_1_0
GudpxPort *gudpx_listen_multicast     (guint16                 port,
                                       GudpxDatagramProtocol  *protocol,
                                       gboolean                listen_multiple,
                                       const char             *bind_address,
                                       GError                **error);
GUDPX_AVAILABLE_IN_1_0
GudpxPort *gudpx_listen_unix_datagram (const char             *path,
                                       GudpxDatagramProtocol  *protocol,
                                       GError                **error);
GUDPX_AVAILABLE_IN_1_0
GudpxPort *gudpx_adopt_datagram_port  (int                     fd,
                                       GSocketFamily           family,
                                       GudpxDatagramProtocol  *protocol,
                                       GError                **error);

G_END_DECLS
