/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(GUDPX_INSIDE) && !defined(GUDPX_COMPILATION)
#error "Only <gudpx/gudpx.h> can be included directly."
#endif

#include <gudpx/gudpx-types.h>

G_BEGIN_DECLS

#define GUDPX_TYPE_STATISTICS (gudpx_statistics_get_type ())

/**
 * GudpxStatistics:
 * @datagrams_received: datagrams read from the kernel
 * @bytes_received: bytes of payload read from the kernel, before truncation
 * @datagrams_sent: datagrams accepted by the kernel
 * @bytes_sent: bytes of payload accepted by the kernel
 * @truncated: received datagrams longer than [property@Gudpx.Port:max-packet-size]
 * @send_queue_drops: datagrams that were refused or dropped because the send queue was full, that
 *   exceeded the share of a UNIX destination that does not read, or that were still queued when the
 *   port stopped
 * @errors: errors from the kernel: asynchronous errors including refusals, and datagrams that the
 *   kernel rejected. The error counts the same if the write returned it and if the protocol was
 *   told.
 * @wakeups: dispatches of the port by the main loop
 * @receive_batches: reads that returned datagrams
 * @send_batches: writes that sent datagrams
 * @joined_received: received messages that hold several datagrams, joined by the kernel (`UDP_GRO`)
 * @joined_sent: sent messages that hold several datagrams (`UDP_SEGMENT`)
 * @kernel_drops: datagrams that the kernel dropped because the receive buffer was full; 0 if the
 *   kernel does not report them. The kernel counts messages. If it joins several datagrams to one
 *   message (`UDP_GRO`), this number is an estimate: @kernel_dropped_messages times the mean number
 *   of datagrams in the received messages. Otherwise the number is exact
 * @send_queue_peak: the highest value of [property@Gudpx.Port:send-queue-size], in bytes
 * @connection_refusals: the part of @errors that are refusals (`ECONNREFUSED`)
 * @unreachable_errors: the part of @errors that report an unreachable host or network
 *   (`EHOSTUNREACH`, `ENETUNREACH`, `EHOSTDOWN`, `ENETDOWN`)
 * @queue_refusals: the part of @send_queue_drops whose write failed with %G_IO_ERROR_WOULD_BLOCK
 * @queue_dropped_oldest: the part of @send_queue_drops that was dropped to make room for a newer
 *   datagram
 * @queue_dropped_newest: the part of @send_queue_drops that was dropped although the write
 *   succeeded
 * @kernel_dropped_messages: messages that the kernel dropped because the receive buffer was full
 *   (`SO_MEMINFO`, Linux). A message holds one datagram or several joined ones. 0 if the kernel
 *   does not report them. Since: 1.1
 * @receive_drops: the part of @datagrams_received that was not delivered, because the port was
 *   stopped, got another peer, or replaced the socket in which they waited. Since: 1.1
 *
 * A snapshot of a port's counters, made by [method@Gudpx.Port.get_statistics].
 *
 * The counters start at 0 when the port is created. Restarting the port does not reset them. Later
 * versions may add fields at the end.
 *
 * Since: 1.0
 */
struct _GudpxStatistics
{
  guint64 datagrams_received;
  guint64 bytes_received;
  guint64 datagrams_sent;
  guint64 bytes_sent;
  guint64 truncated;
  guint64 send_queue_drops;
  guint64 errors;
  guint64 wakeups;
  guint64 receive_batches;
  guint64 send_batches;
  guint64 joined_received;
  guint64 joined_sent;
  guint64 kernel_drops;
  guint64 send_queue_peak;
  guint64 connection_refusals;
  guint64 unreachable_errors;
  guint64 queue_refusals;
  guint64 queue_dropped_oldest;
  guint64 queue_dropped_newest;
  guint64 kernel_dropped_messages;
  guint64 receive_drops;
};

GUDPX_AVAILABLE_IN_1_0
GType            gudpx_statistics_get_type (void) G_GNUC_CONST;
GUDPX_AVAILABLE_IN_1_0
GudpxStatistics *gudpx_statistics_copy     (const GudpxStatistics *self);
GUDPX_AVAILABLE_IN_1_0
void             gudpx_statistics_free     (GudpxStatistics       *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GudpxStatistics, gudpx_statistics_free)

G_END_DECLS
