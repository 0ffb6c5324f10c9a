/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(GUDPX_INSIDE) && !defined(GUDPX_COMPILATION)
#error "Only <gudpx/gudpx.h> can be included directly."
#endif

#include <gudpx/gudpx-statistics.h>
#include <gudpx/gudpx-types.h>

G_BEGIN_DECLS

#define GUDPX_TYPE_PORT (gudpx_port_get_type ())

GUDPX_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (GudpxPort, gudpx_port, GUDPX, PORT, GObject)

/* life cycle */

GUDPX_AVAILABLE_IN_1_0
GudpxPort *gudpx_port_new (GudpxDatagramProtocol *protocol,
                           GSocketAddress        *local_address);
GUDPX_AVAILABLE_IN_1_0
gboolean gudpx_port_start_listening (GudpxPort  *self,
                                     GError    **error);
GUDPX_AVAILABLE_IN_1_0
void gudpx_port_stop_listening (GudpxPort *self);
GUDPX_AVAILABLE_IN_1_0
void gudpx_port_stop_listening_async (GudpxPort           *self,
                                      GCancellable        *cancellable,
                                      GAsyncReadyCallback  callback,
                                      gpointer             user_data);
GUDPX_AVAILABLE_IN_1_0
gboolean gudpx_port_stop_listening_finish (GudpxPort     *self,
                                           GAsyncResult  *result,
                                           GError       **error);

/* writing */

GUDPX_AVAILABLE_IN_1_0
gboolean gudpx_port_write (GudpxPort     *self,
                           const guint8  *data,
                           gsize          size,
                           GError       **error);
GUDPX_AVAILABLE_IN_1_0
gboolean gudpx_port_write_to (GudpxPort       *self,
                              const guint8    *data,
                              gsize            size,
                              GSocketAddress  *destination,
                              GError         **error);
GUDPX_AVAILABLE_IN_1_0
gboolean gudpx_port_write_to_host (GudpxPort     *self,
                                   const guint8  *data,
                                   gsize          size,
                                   const char    *host,
                                   guint16        port,
                                   GError       **error);
GUDPX_AVAILABLE_IN_1_0
gboolean gudpx_port_write_bytes (GudpxPort       *self,
                                 GBytes          *bytes,
                                 GSocketAddress  *destination,
                                 GError         **error);
GUDPX_AVAILABLE_IN_1_0
gboolean gudpx_port_write_vectors (GudpxPort            *self,
                                   const GOutputVector  *vectors,
                                   guint                 n_vectors,
                                   GSocketAddress       *destination,
                                   GError              **error);
GUDPX_AVAILABLE_IN_1_0
gssize gudpx_port_write_datagrams (GudpxPort  *self,
                                   GPtrArray  *datagrams,
                                   GError    **error);
GUDPX_AVAILABLE_IN_1_0
gssize gudpx_port_write_packed (GudpxPort     *self,
                                const guint8  *payloads,
                                gsize          payloads_size,
                                const guint8  *index,
                                gsize          index_size,
                                GError       **error);
GUDPX_AVAILABLE_IN_1_0
void gudpx_port_write_async (GudpxPort           *self,
                             GBytes              *bytes,
                             GSocketAddress      *destination,
                             GCancellable        *cancellable,
                             GAsyncReadyCallback  callback,
                             gpointer             user_data);
GUDPX_AVAILABLE_IN_1_0
gboolean gudpx_port_write_finish (GudpxPort     *self,
                                  GAsyncResult  *result,
                                  GError       **error);
GUDPX_AVAILABLE_IN_1_0
void gudpx_port_flush_async (GudpxPort           *self,
                             GCancellable        *cancellable,
                             GAsyncReadyCallback  callback,
                             gpointer             user_data);
GUDPX_AVAILABLE_IN_1_0
gboolean gudpx_port_flush_finish (GudpxPort     *self,
                                  GAsyncResult  *result,
                                  GError       **error);

/* peer */

GUDPX_AVAILABLE_IN_1_0
gboolean gudpx_port_connect_peer (GudpxPort   *self,
                                  const char  *host,
                                  guint16      port,
                                  GError     **error);
GUDPX_AVAILABLE_IN_1_0
gboolean gudpx_port_connect_peer_address (GudpxPort       *self,
                                          GSocketAddress  *address,
                                          GError         **error);
GUDPX_AVAILABLE_IN_1_0
gboolean gudpx_port_disconnect_peer (GudpxPort  *self,
                                     GError    **error);

GUDPX_AVAILABLE_IN_1_0
GSocketAddress *gudpx_port_get_peer (GudpxPort *self,
                                     guint      number);
GUDPX_AVAILABLE_IN_1_0
char *gudpx_port_dup_peer_host (GudpxPort *self,
                                guint      number,
                                guint16   *port_number);

/* groups */

GUDPX_AVAILABLE_IN_1_0
gboolean gudpx_port_join_group (GudpxPort   *self,
                                const char  *group,
                                const char  *interface_,
                                GError     **error);
GUDPX_AVAILABLE_IN_1_0
gboolean gudpx_port_leave_group (GudpxPort   *self,
                                 const char  *group,
                                 const char  *interface_,
                                 GError     **error);
GUDPX_AVAILABLE_IN_1_0
gboolean gudpx_port_join_source_group (GudpxPort   *self,
                                       const char  *group,
                                       const char  *source,
                                       const char  *interface_,
                                       GError     **error);
GUDPX_AVAILABLE_IN_1_0
gboolean gudpx_port_leave_source_group (GudpxPort   *self,
                                        const char  *group,
                                        const char  *source,
                                        const char  *interface_,
                                        GError     **error);

/* properties set at construction */

GUDPX_AVAILABLE_IN_1_0
GudpxDatagramProtocol *gudpx_port_get_protocol (GudpxPort *self);
GUDPX_AVAILABLE_IN_1_0
gboolean gudpx_port_get_listen_multiple (GudpxPort *self);
GUDPX_AVAILABLE_IN_1_0
gboolean gudpx_port_get_reuse_port (GudpxPort *self);
GUDPX_AVAILABLE_IN_1_0
gboolean gudpx_port_get_ipv6_only (GudpxPort *self);
GUDPX_AVAILABLE_IN_1_0
const char *gudpx_port_get_bind_device (GudpxPort *self);
GUDPX_AVAILABLE_IN_1_0
GSocketAddress *gudpx_port_get_local_address (GudpxPort *self);
GUDPX_AVAILABLE_IN_1_0
gboolean gudpx_port_set_local_address (GudpxPort       *self,
                                       GSocketAddress  *address,
                                       GError         **error);

/* properties set at any time */

GUDPX_AVAILABLE_IN_1_0
guint gudpx_port_get_max_packet_size (GudpxPort *self);
GUDPX_AVAILABLE_IN_1_0
gboolean gudpx_port_set_max_packet_size (GudpxPort  *self,
                                         guint       size,
                                         GError    **error);
GUDPX_AVAILABLE_IN_1_0
gboolean gudpx_port_get_broadcast_allowed (GudpxPort *self);
GUDPX_AVAILABLE_IN_1_0
gboolean gudpx_port_set_broadcast_allowed (GudpxPort  *self,
                                           gboolean    allowed,
                                           GError    **error);
GUDPX_AVAILABLE_IN_1_0
guint gudpx_port_get_ttl (GudpxPort *self);
GUDPX_AVAILABLE_IN_1_0
gboolean gudpx_port_set_ttl (GudpxPort  *self,
                             guint       ttl,
                             GError    **error);
GUDPX_AVAILABLE_IN_1_0
guint gudpx_port_get_multicast_ttl (GudpxPort *self);
GUDPX_AVAILABLE_IN_1_0
gboolean gudpx_port_set_multicast_ttl (GudpxPort  *self,
                                       guint       ttl,
                                       GError    **error);
GUDPX_AVAILABLE_IN_1_0
gboolean gudpx_port_get_multicast_loopback (GudpxPort *self);
GUDPX_AVAILABLE_IN_1_0
gboolean gudpx_port_set_multicast_loopback (GudpxPort  *self,
                                            gboolean    loopback,
                                            GError    **error);
GUDPX_AVAILABLE_IN_1_0
const char *gudpx_port_get_multicast_interface (GudpxPort *self);
GUDPX_AVAILABLE_IN_1_0
gboolean gudpx_port_set_multicast_interface (GudpxPort   *self,
                                             const char  *interface_,
                                             GError     **error);
GUDPX_AVAILABLE_IN_1_0
guint gudpx_port_get_dscp (GudpxPort *self);
GUDPX_AVAILABLE_IN_1_0
gboolean gudpx_port_set_dscp (GudpxPort  *self,
                              guint       dscp,
                              GError    **error);
GUDPX_AVAILABLE_IN_1_0
guint gudpx_port_get_receive_buffer_size (GudpxPort *self);
GUDPX_AVAILABLE_IN_1_0
gboolean gudpx_port_set_receive_buffer_size (GudpxPort  *self,
                                             guint       size,
                                             GError    **error);
GUDPX_AVAILABLE_IN_1_0
guint gudpx_port_get_send_buffer_size (GudpxPort *self);
GUDPX_AVAILABLE_IN_1_0
gboolean gudpx_port_set_send_buffer_size (GudpxPort  *self,
                                          guint       size,
                                          GError    **error);
GUDPX_AVAILABLE_IN_1_0
GudpxMetadataFlags gudpx_port_get_metadata (GudpxPort *self);
GUDPX_AVAILABLE_IN_1_0
gboolean gudpx_port_set_metadata (GudpxPort           *self,
                                  GudpxMetadataFlags   metadata,
                                  GError             **error);
GUDPX_AVAILABLE_IN_1_0
gsize gudpx_port_get_send_queue_limit (GudpxPort *self);
GUDPX_AVAILABLE_IN_1_0
void gudpx_port_set_send_queue_limit (GudpxPort *self,
                                      gsize      limit);
GUDPX_AVAILABLE_IN_1_0
int gudpx_port_get_priority (GudpxPort *self);
GUDPX_AVAILABLE_IN_1_0
void gudpx_port_set_priority (GudpxPort *self,
                              int        priority);
GUDPX_AVAILABLE_IN_1_0
gboolean gudpx_port_get_reading (GudpxPort *self);
GUDPX_AVAILABLE_IN_1_0
void gudpx_port_set_reading (GudpxPort *self,
                             gboolean   reading);

GUDPX_AVAILABLE_IN_1_0
gboolean gudpx_port_get_coalesce_writes (GudpxPort *self);
GUDPX_AVAILABLE_IN_1_0
void gudpx_port_set_coalesce_writes (GudpxPort *self,
                                     gboolean   coalesce_writes);

GUDPX_AVAILABLE_IN_1_0
guint gudpx_port_get_busy_poll (GudpxPort *self);
GUDPX_AVAILABLE_IN_1_0
gboolean gudpx_port_set_busy_poll (GudpxPort  *self,
                                   guint       microseconds,
                                   GError    **error);

GUDPX_AVAILABLE_IN_1_0
gboolean gudpx_port_get_report_errors (GudpxPort *self);
GUDPX_AVAILABLE_IN_1_0
void gudpx_port_set_report_errors (GudpxPort *self,
                                   gboolean   report_errors);
GUDPX_AVAILABLE_IN_1_0
gboolean gudpx_port_get_dont_fragment (GudpxPort *self);
GUDPX_AVAILABLE_IN_1_0
gboolean gudpx_port_set_dont_fragment (GudpxPort  *self,
                                       gboolean    dont_fragment,
                                       GError    **error);
GUDPX_AVAILABLE_IN_1_0
GudpxQueuePolicy gudpx_port_get_send_queue_policy (GudpxPort *self);
GUDPX_AVAILABLE_IN_1_0
void gudpx_port_set_send_queue_policy (GudpxPort        *self,
                                       GudpxQueuePolicy  policy);

GUDPX_AVAILABLE_IN_1_0
guint gudpx_port_get_max_pacing_rate (GudpxPort *self);
GUDPX_AVAILABLE_IN_1_0
gboolean gudpx_port_set_max_pacing_rate (GudpxPort  *self,
                                         guint       bytes_per_second,
                                         GError    **error);

/* errors */

GUDPX_AVAILABLE_IN_1_0
GudpxErrorDetails *gudpx_port_dup_error_details (GudpxPort *self);

/* read-only properties */

GUDPX_AVAILABLE_IN_1_0
gboolean gudpx_port_get_listening (GudpxPort *self);
GUDPX_AVAILABLE_IN_1_0
GSocketAddress *gudpx_port_get_peer_address (GudpxPort *self);
GUDPX_AVAILABLE_IN_1_0
GSocket *gudpx_port_get_socket (GudpxPort *self);
GUDPX_AVAILABLE_IN_1_0
gsize gudpx_port_get_send_queue_size (GudpxPort *self);
GUDPX_AVAILABLE_IN_1_0
guint gudpx_port_get_path_mtu (GudpxPort *self);
GUDPX_AVAILABLE_IN_1_0
GudpxStatistics *gudpx_port_get_statistics (GudpxPort *self);

G_END_DECLS
