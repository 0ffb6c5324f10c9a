/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "gudpx-socket-config-private.h"

G_BEGIN_DECLS

#define GUDPX_PORT_DEFAULT_MAX_PACKET_SIZE 65535
#define GUDPX_PORT_MAX_MAX_PACKET_SIZE (1024 * 1024)
#define GUDPX_PORT_DEFAULT_BUSY_POLL 5
#define GUDPX_PORT_MAX_BUSY_POLL 1000

/* Settings of a port. They survive its restarts. The limit and the policies of sending are the
 * sender's, and the property “reading” is the gate's. */
typedef struct
{
  GudpxSocketConfig socket;
  GSocketAddress *requested_address; /* NULL: any IPv4 address and number */
  gboolean is_adopted;               /* the socket was another owner's, too */
  guint max_packet_size;
  int priority;
  guint busy_poll; /* µs */
  gboolean report_errors;
} GudpxPortConfig;

void gudpx_port_config_init  (GudpxPortConfig *self);
void gudpx_port_config_clear (GudpxPortConfig *self);

G_END_DECLS
