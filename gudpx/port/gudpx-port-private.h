/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gunixsocketaddress.h>

#include "gudpx-address-private.h"
#include "gudpx-budget-private.h"
#include "gudpx-busy-polls-private.h"
#include "gudpx-cancellation-private.h"
#include "gudpx-datagram-pool-private.h"
#include "gudpx-device-watch-private.h"
#include "gudpx-error-private.h"
#include "gudpx-gate-private.h"
#include "gudpx-link-private.h"
#include "gudpx-port-config-private.h"
#include "gudpx-port-handle-private.h"
#include "gudpx-receiver-private.h"
#include "gudpx-sender-private.h"
#include "gudpx-socket-link-private.h"
#include "gudpx-socket-private.h"
#include "gudpx-watch-private.h"

G_BEGIN_DECLS

/* A port is one class in several files, each with one job: gudpx-port.c has the object. -specs,
 * -properties and -options have the properties, -checks the checks that calls begin with,
 * -lifecycle start and stop. -dispatch and -settle connect the parts with the main loop. -deliver
 * and -packed call the protocol, -reports tells errors, -write sends. -peer, -groups and -device
 * have the peer, the multicast groups and the loss of the interface. */

struct _GudpxPort
{
  GObject parent_instance;

  GudpxPortHandle *handle;

  GudpxDatagramProtocol *protocol;
  GudpxPortConfig config;

  /* From a start to a stop. */
  GudpxGate gate;
  GudpxWatch watch;
  GudpxLink *link; /* NULL: the port is stopped */
  GudpxDeviceWatch device_watch;
  GSocketAddress *local_address;
  GSocketAddress *peer_address;
  GPtrArray *stop_tasks;

  GudpxReceiver receiver;
  GudpxSender sender;
  GudpxReports reports;
  gsize notified_queue_size;
  GudpxDatagramPool pool;
  GudpxBudget budget; /* of the dispatch */
  GudpxBusyPolls busy_polls;

  GudpxStatistics statistics;
};

enum
{
  GUDPX_PORT_PROP_0,
  GUDPX_PORT_PROP_PROTOCOL,
  GUDPX_PORT_PROP_LISTEN_MULTIPLE,
  GUDPX_PORT_PROP_REUSE_PORT,
  GUDPX_PORT_PROP_IPV6_ONLY,
  GUDPX_PORT_PROP_BIND_DEVICE,
  GUDPX_PORT_PROP_LOCAL_ADDRESS,
  GUDPX_PORT_PROP_MAX_PACKET_SIZE,
  GUDPX_PORT_PROP_BROADCAST_ALLOWED,
  GUDPX_PORT_PROP_TTL,
  GUDPX_PORT_PROP_MULTICAST_TTL,
  GUDPX_PORT_PROP_MULTICAST_LOOPBACK,
  GUDPX_PORT_PROP_MULTICAST_INTERFACE,
  GUDPX_PORT_PROP_DSCP,
  GUDPX_PORT_PROP_RECEIVE_BUFFER_SIZE,
  GUDPX_PORT_PROP_SEND_BUFFER_SIZE,
  GUDPX_PORT_PROP_METADATA,
  GUDPX_PORT_PROP_SEND_QUEUE_LIMIT,
  GUDPX_PORT_PROP_PRIORITY,
  GUDPX_PORT_PROP_READING,
  GUDPX_PORT_PROP_COALESCE_WRITES,
  GUDPX_PORT_PROP_BUSY_POLL,
  GUDPX_PORT_PROP_REPORT_ERRORS,
  GUDPX_PORT_PROP_DONT_FRAGMENT,
  GUDPX_PORT_PROP_SEND_QUEUE_POLICY,
  GUDPX_PORT_PROP_MAX_PACING_RATE,
  GUDPX_PORT_PROP_LISTENING,
  GUDPX_PORT_PROP_PEER_ADDRESS,
  GUDPX_PORT_PROP_SOCKET,
  GUDPX_PORT_PROP_SEND_QUEUE_SIZE,
  GUDPX_PORT_PROP_PATH_MTU,
  GUDPX_PORT_N_PROPS,
};

/* gudpx-port-specs.c */
void       gudpx_port_install_properties (GObjectClass *object_class);
void       gudpx_port_notify          (GudpxPort  *self,
                                       guint       property);

/* gudpx-port-checks.c */
gboolean   gudpx_port_belongs_to_this_thread (GudpxPort *self);
gboolean   gudpx_port_check_listening (GudpxPort  *self,
                                       const char *what,
                                       GError    **error);
char      *gudpx_port_describe        (GudpxPort  *self);

/* gudpx-port-lifecycle.c */
GudpxPort *gudpx_port_new_adopted     (GudpxDatagramProtocol  *protocol,
                                       int                     fd,
                                       GSocketFamily           family,
                                       GError                **error);
void       gudpx_port_release         (GudpxPort              *self);
void       gudpx_port_finish_stop     (GudpxPort              *self);
void       gudpx_port_update_addresses (GudpxPort             *self);
void       gudpx_port_open            (GudpxPort              *self,
                                       GudpxLink              *link);

/* gudpx-port-device.c */
void       gudpx_port_watch_device    (GudpxPort *self);
void       gudpx_port_unwatch_device  (GudpxPort *self);

/* gudpx-port-settle.c */
void       gudpx_port_settle          (GudpxPort *self);
void       gudpx_port_update_wants    (GudpxPort *self);
void       gudpx_port_notify_queue    (GudpxPort *self);

/* gudpx-port-dispatch.c */
void       gudpx_port_attach          (GudpxPort *self);

/* gudpx-port-deliver.c */
void       gudpx_port_deliver         (GudpxPort      *self);
void       gudpx_port_deliver_again   (GudpxPort      *self,
                                       GudpxDatagram **datagrams,
                                       guint           n_datagrams);

/* gudpx-port-packed.c */
void       gudpx_port_deliver_packed  (GudpxPort *self);
void       gudpx_port_resume_calls    (GudpxPort *self);

/* gudpx-port-reports.c */
void       gudpx_port_set_write_error (GudpxPort            *self,
                                       GudpxSendResult       result,
                                       int                   errsv,
                                       const GudpxOutgoing  *outgoing,
                                       GError              **error);
void       gudpx_port_tell_reports    (GudpxPort            *self,
                                       guint                 epoch);
void       gudpx_port_tell_flushed    (GudpxPort            *self,
                                       guint                 epoch);
GPtrArray *gudpx_port_close_reports   (GudpxPort            *self);
void       gudpx_port_complete_tasks  (GPtrArray            *answers);

/* gudpx-port-destination.c */
gboolean        gudpx_port_check_large_size   (GudpxPort                  *self,
                                               const GudpxOutgoing        *outgoing,
                                               gsize                       size,
                                               GError                    **error);

/* gudpx-port-write.c */
gboolean        gudpx_port_send               (GudpxPort                  *self,
                                               const GudpxOutgoing        *outgoing,
                                               GError                    **error);
gboolean        gudpx_port_queue              (GudpxPort                  *self,
                                               const GudpxOutgoing        *outgoing,
                                               GError                    **error);
gssize          gudpx_port_finish_queueing    (GudpxPort                  *self,
                                               gsize                       n_taken,
                                               GError                     *refusal,
                                               GError                    **error);
gboolean        gudpx_port_address_for_socket        (GudpxPort                  *self,
                                               GSocketAddress             *address,
                                               GudpxNativeAddress         *native,
                                               GError                    **error);
gboolean        gudpx_port_resolve_destination (GudpxPort                  *self,
                                               GSocketAddress             *address,
                                               GudpxNativeAddress         *native,
                                               const GudpxNativeAddress  **destination,
                                               GError                    **error);
gboolean        gudpx_port_check_reply_address      (GudpxPort                  *self,
                                               const GudpxNativeAddress   *native,
                                               const GudpxNativeAddress  **destination,
                                               GError                    **error);
gboolean        gudpx_port_reply              (GudpxPort                  *self,
                                               const GOutputVector        *vector,
                                               const GudpxNativeAddress   *native,
                                               const GudpxAncillary       *ancillary,
                                               guint64                     origin,
                                               GError                    **error);
GSocketAddress *gudpx_port_parse_host         (const char                 *host,
                                               guint16                     port,
                                               GError                    **error);
gboolean        gudpx_port_check_destination  (GudpxPort                  *self,
                                               const GudpxNativeAddress   *native,
                                               GError                    **error);

static inline gboolean
gudpx_port_has_peer (const GudpxPort *self)
{
  return self->link != NULL && gudpx_link_has_peer (self->link);
}

/* TRUE if a handler runs a main loop while more of its packed batch waits. */
static inline gboolean
gudpx_port_has_suspended_call (GudpxPort *self)
{
  return gudpx_packed_has_suspended_call (gudpx_receiver_get_packed (&self->receiver));
}

/* Returns the number of starts and stops so far. */
static inline guint
gudpx_port_get_epoch (const GudpxPort *self)
{
  return gudpx_gate_get_epoch (&self->gate);
}

/* Calls @cancelled with @task from the port's context when the task is cancelled. */
static inline void
gudpx_port_watch_cancellation (GudpxPort *self, GTask *task, GSourceFunc cancelled)
{
  gudpx_cancellation_watch (task, gudpx_watch_get_context (&self->watch), cancelled);
}

/* FALSE while the port waits to receive again: the protocol took nothing, receiving failed, or
 * other sources have their turn. */
static inline gboolean
gudpx_port_may_receive (GudpxPort *self)
{
  return gudpx_gate_delivers (&self->gate) && !gudpx_receiver_waits (&self->receiver) &&
         !gudpx_watch_has_stepped_back (&self->watch);
}

G_END_DECLS
