/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(GUDPX_INSIDE) && !defined(GUDPX_COMPILATION)
#error "Only <gudpx/gudpx.h> can be included directly."
#endif

#include <gio/gio.h>

#include <gudpx/gudpx-version-macros.h>

G_BEGIN_DECLS

typedef struct _GudpxDatagram GudpxDatagram;
typedef struct _GudpxDatagramProtocol GudpxDatagramProtocol;
typedef struct _GudpxErrorDetails GudpxErrorDetails;
typedef struct _GudpxPort GudpxPort;
typedef struct _GudpxStatistics GudpxStatistics;

/**
 * GudpxMetadataFlags:
 * @GUDPX_METADATA_NONE: datagrams carry only their payload and sender
 * @GUDPX_METADATA_DESTINATION: datagrams carry the address that they were sent to, and the
 *   interface that they arrived on
 * @GUDPX_METADATA_TIMESTAMP: datagrams carry the time when the kernel received them
 * @GUDPX_METADATA_HOP_LIMIT: datagrams carry the hop limit (IPv4: TTL) that they arrived with
 * @GUDPX_METADATA_TRAFFIC_CLASS: datagrams carry their DSCP and ECN bits
 *
 * Selects the information that the kernel delivers with each datagram, see
 * [property@Gudpx.Port:metadata].
 *
 * Since: 1.0
 */
typedef enum /*< flags,prefix=GUDPX_METADATA >*/
{
  GUDPX_METADATA_NONE = 0,
  GUDPX_METADATA_DESTINATION = 1 << 0,
  GUDPX_METADATA_TIMESTAMP = 1 << 1,
  GUDPX_METADATA_HOP_LIMIT = 1 << 2,
  GUDPX_METADATA_TRAFFIC_CLASS = 1 << 3,
} GudpxMetadataFlags;

/**
 * GudpxQueuePolicy:
 * @GUDPX_QUEUE_POLICY_REFUSE: the new datagram is rejected, and the write fails with
 *   %G_IO_ERROR_WOULD_BLOCK
 * @GUDPX_QUEUE_POLICY_DROP_OLDEST: the datagrams that have waited longest are dropped to make room
 *   for the new one. Use this policy for datagrams that are worthless when they are late. Datagrams
 *   of [method@Gudpx.Port.write_async] stay in the queue.
 * @GUDPX_QUEUE_POLICY_DROP_NEWEST: the new datagram is dropped, and the write succeeds
 *
 * Selects how a port treats a datagram for which the send queue has no room, see
 * [property@Gudpx.Port:send-queue-policy].
 *
 * Since: 1.0
 */
typedef enum
{
  GUDPX_QUEUE_POLICY_REFUSE,
  GUDPX_QUEUE_POLICY_DROP_OLDEST,
  GUDPX_QUEUE_POLICY_DROP_NEWEST,
} GudpxQueuePolicy;

G_END_DECLS
