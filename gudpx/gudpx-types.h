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
 * @GUDPX_METADATA_NONE: nothing but payload and sender
 * @GUDPX_METADATA_DESTINATION: the address that the datagram was sent to, and the interface that
 *   it came in by
 * @GUDPX_METADATA_TIMESTAMP: when the kernel received it
 * @GUDPX_METADATA_HOP_LIMIT: the hop limit (IPv4: TTL) that it arrived with
 * @GUDPX_METADATA_TRAFFIC_CLASS: its DSCP and ECN bits
 *
 * What the kernel is to deliver with each datagram, see [property@Gudpx.Port:metadata].
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
 * @GUDPX_QUEUE_POLICY_REFUSE: the new datagram is not taken: %G_IO_ERROR_WOULD_BLOCK
 * @GUDPX_QUEUE_POLICY_DROP_OLDEST: those that have waited longest make room for it; for what is worth
 *   nothing when it is late. Those of [method@Gudpx.Port.write_async] stay.
 * @GUDPX_QUEUE_POLICY_DROP_NEWEST: the new datagram is dropped, and the write succeeds
 *
 * What becomes of a datagram that finds no room in the send queue, see
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
