/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(GUDPX_INSIDE) && !defined(GUDPX_COMPILATION)
#error "Only <gudpx/gudpx.h> can be included directly."
#endif

#include <gudpx/gudpx-statistics.h>
#include <gudpx/gudpx-types.h>

G_BEGIN_DECLS

#define GUDPX_TYPE_PORT_GROUP (gudpx_port_group_get_type ())

GUDPX_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (GudpxPortGroup, gudpx_port_group, GUDPX, PORT_GROUP, GObject)

/**
 * GudpxProtocolFactory:
 * @group: the group
 * @index: the number of the port that the protocol is for, counted from 0
 * @user_data: the data that was passed together with the factory
 *
 * Creates the protocol of one port of a group.
 *
 * Each start of the group calls the factory once per port, one port after the other. The factory
 * runs in the thread of the port, where the port's main context is the thread-default one. The
 * thread that starts the group waits for the factory, so the factory must not wait for that thread.
 * The factory can also prepare its thread, for example bind the thread to a processor.
 *
 * Returns: (transfer full) (nullable): a protocol that no other port uses; if the factory returns
 *   %NULL, the group does not start
 *
 * Since: 1.0
 */
typedef GudpxDatagramProtocol *(*GudpxProtocolFactory) (GudpxPortGroup *group,
                                                        guint           index,
                                                        gpointer        user_data);

/**
 * GudpxPortFunc:
 * @port: a port
 * @user_data: the data that was passed together with the function
 *
 * Works with a port in the port's thread, see [method@Gudpx.PortGroup.invoke].
 *
 * Since: 1.0
 */
typedef void (*GudpxPortFunc) (GudpxPort *port,
                               gpointer   user_data);

/* life cycle */

GUDPX_AVAILABLE_IN_1_0
GudpxPortGroup *gudpx_port_group_new (guint                 n_ports,
                                      GSocketAddress       *local_address,
                                      GudpxProtocolFactory  factory,
                                      gpointer              user_data,
                                      GDestroyNotify        destroy);
GUDPX_AVAILABLE_IN_1_0
gboolean gudpx_port_group_start (GudpxPortGroup  *self,
                                 GError         **error);
GUDPX_AVAILABLE_IN_1_0
void gudpx_port_group_stop (GudpxPortGroup *self);

/* from any thread */

GUDPX_AVAILABLE_IN_1_0
gboolean gudpx_port_group_invoke (GudpxPortGroup *self,
                                  guint           index,
                                  GudpxPortFunc   func,
                                  gpointer        user_data,
                                  GDestroyNotify  destroy);
GUDPX_AVAILABLE_IN_1_0
GudpxStatistics *gudpx_port_group_get_statistics (GudpxPortGroup *self);

/* properties */

GUDPX_AVAILABLE_IN_1_0
guint gudpx_port_group_get_n_ports (GudpxPortGroup *self);
GUDPX_AVAILABLE_IN_1_0
GSocketAddress *gudpx_port_group_get_local_address (GudpxPortGroup *self);
GUDPX_AVAILABLE_IN_1_0
gboolean gudpx_port_group_get_steer_by_cpu (GudpxPortGroup *self);
GUDPX_AVAILABLE_IN_1_0
void gudpx_port_group_set_steer_by_cpu (GudpxPortGroup *self,
                                        gboolean        steer_by_cpu);
GUDPX_AVAILABLE_IN_1_0
gboolean gudpx_port_group_get_listening (GudpxPortGroup *self);

G_END_DECLS
