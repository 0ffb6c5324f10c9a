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
 * @datagrams_received: datagrams that were read from the kernel
 * @bytes_received: bytes of payload that were read from the kernel, before truncation
 * @datagrams_sent: datagrams that the kernel took
 * @bytes_sent: bytes of payload that the kernel took
 * @truncated: received datagrams that were longer than [property@Gudpx.Port:max-packet-size]
 * @send_queue_drops: datagrams that were not taken because the send queue was full, that were too
 *   many for a UNIX destination that does not read, or that were in the queue when the port was
 *   stopped
 * @errors: asynchronous errors, refusals among them, and datagrams that the kernel refused, whether
 *   the write was told or the protocol
 * @wakeups: how often the main loop called the port
 * @receive_batches: how often the kernel was read from, and had something
 * @send_batches: how often the kernel was written to
 * @joined_received: messages that the kernel had joined of several datagrams (`UDP_GRO`)
 * @joined_sent: messages that several datagrams were joined to (`UDP_SEGMENT`)
 * @kernel_drops: datagrams that the kernel dropped because the receive buffer was full; 0 if the
 *   kernel does not report them. The kernel counts messages. Where it joins several datagrams to
 *   one (`UDP_GRO`) this is an estimate: @kernel_dropped_messages times the mean number of datagrams in
 *   the messages that were received. Otherwise it is exact
 * @send_queue_peak: the most that the send queue held, in bytes as
 *   [property@Gudpx.Port:send-queue-size] counts them
 * @connection_refusals: those of the errors that were refusals
 * @unreachable_errors: those of the errors that said that a host or network cannot be reached
 * @queue_refusals: those of the drops that the write was told of
 * @queue_dropped_oldest: those of the drops that made room for another
 * @queue_dropped_newest: those of the drops that were silent
 * @kernel_dropped_messages: messages that the kernel dropped because the receive buffer was full,
 *   each a datagram or several joined ones (`SO_MEMINFO`, Linux); 0 if the kernel does not report
 *   them. Since: 1.1
 * @receive_drops: datagrams of @datagrams_received that were not delivered, because the port was
 *   stopped or got another peer before, or gave up the socket that they waited in. Since: 1.1
 *
 * What a port counted since it was created, restarts included; a snapshot made by
 * [method@Gudpx.Port.get_statistics]. Later versions add fields at the end.
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
