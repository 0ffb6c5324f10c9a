/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gudpx/gudpx.h>

G_BEGIN_DECLS

void     gudpx_datagram_protocol_attach                  (GudpxDatagramProtocol *self,
                                                          GudpxPort             *port);
void     gudpx_datagram_protocol_detach                  (GudpxDatagramProtocol *self,
                                                          GudpxPort             *port,
                                                          gboolean               emit);
gboolean gudpx_datagram_protocol_takes_batches           (GudpxDatagramProtocol *self);
void     gudpx_datagram_protocol_receive_batch           (GudpxDatagramProtocol *self,
                                                          GPtrArray             *datagrams);
gboolean gudpx_datagram_protocol_takes_packed            (GudpxDatagramProtocol *self);
guint    gudpx_datagram_protocol_receive_packed          (GudpxDatagramProtocol *self,
                                                          GudpxPort             *port,
                                                          const guint8          *payloads,
                                                          gsize                  payloads_size,
                                                          const guint8          *index,
                                                          gsize                  index_size);
gboolean gudpx_datagram_protocol_has_handlers            (GudpxDatagramProtocol *self);
void     gudpx_datagram_protocol_emit_datagram_received  (GudpxDatagramProtocol *self,
                                                          GudpxDatagram         *datagram,
                                                          gboolean               has_handlers);
void     gudpx_datagram_protocol_emit_connection_refused (GudpxDatagramProtocol *self,
                                                          GudpxPort             *port);
void     gudpx_datagram_protocol_emit_error_received     (GudpxDatagramProtocol *self,
                                                          GudpxPort             *port,
                                                          const GError          *error,
                                                          GSocketAddress        *destination);
void     gudpx_datagram_protocol_emit_writable           (GudpxDatagramProtocol *self,
                                                          GudpxPort             *port);

G_END_DECLS
