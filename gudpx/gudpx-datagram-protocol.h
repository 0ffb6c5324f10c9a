/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(GUDPX_INSIDE) && !defined(GUDPX_COMPILATION)
#error "Only <gudpx/gudpx.h> can be included directly."
#endif

#include <gudpx/gudpx-types.h>

G_BEGIN_DECLS

#define GUDPX_TYPE_DATAGRAM_PROTOCOL (gudpx_datagram_protocol_get_type ())

GUDPX_AVAILABLE_IN_1_0
G_DECLARE_DERIVABLE_TYPE (GudpxDatagramProtocol, gudpx_datagram_protocol, GUDPX,
                          DATAGRAM_PROTOCOL, GObject)

/**
 * GudpxDatagramProtocolClass:
 * @datagrams_received: called when a batch of datagrams has arrived; by default calls
 *   @datagram_received for each datagram
 * @packed_received: called when a batch of datagrams has arrived, for language bindings
 * @started: called when the protocol's first port has started
 * @stopped: called when the protocol's last port has stopped
 * @datagram_received: called when a datagram has arrived
 * @connection_refused: called when the peer of a connected port refuses datagrams because no
 *   program listens there
 * @error_received: called when an asynchronous error has arrived
 * @writable: called when a send queue that was too full has room again
 *
 * The virtual functions of [class@Gudpx.DatagramProtocol].
 *
 * Each function except @datagrams_received and @packed_received belongs to the signal of the same
 * name. The function runs after the connected handlers. If a handler stops the emission, the
 * function is not called.
 *
 * Since: 1.0
 */
struct _GudpxDatagramProtocolClass
{
  GObjectClass parent_class;

  /* virtual functions */
  void (*datagrams_received) (GudpxDatagramProtocol *self,
                              GPtrArray             *datagrams);
  void (*packed_received)    (GudpxDatagramProtocol *self,
                              GudpxPort             *port,
                              const guint8          *payloads,
                              gsize                  payloads_size,
                              const guint8          *index,
                              gsize                  index_size,
                              guint                 *n_taken);

  /* signals */
  void (*started)            (GudpxDatagramProtocol *self);
  void (*stopped)            (GudpxDatagramProtocol *self);
  void (*datagram_received)  (GudpxDatagramProtocol *self,
                              GudpxDatagram         *datagram);
  void (*connection_refused) (GudpxDatagramProtocol *self,
                              GudpxPort             *port);
  void (*error_received)     (GudpxDatagramProtocol *self,
                              GudpxPort             *port,
                              const GError          *error,
                              GSocketAddress        *destination);
  void (*writable)           (GudpxDatagramProtocol *self,
                              GudpxPort             *port);

  /*< private >*/
  gpointer padding[11];
};

GUDPX_AVAILABLE_IN_1_0
GudpxDatagramProtocol *gudpx_datagram_protocol_new           (void);
GUDPX_AVAILABLE_IN_1_0
GudpxPort             *gudpx_datagram_protocol_get_transport (GudpxDatagramProtocol *self);

G_END_DECLS
