/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "gudpx-send-queue-private.h"

G_BEGIN_DECLS

/* Where payloads lie, one behind the other, until all of them have left. */
struct _GudpxPayloadBlock
{
  guint n_runs; /* that have something here */
  gsize size;
  gsize used;
  guint8 data[];
};

GudpxPayloadBlock *gudpx_payload_block_acquire (gsize              size);
void               gudpx_payload_block_release (GudpxPayloadBlock *self);
GudpxQueuedRun    *gudpx_queued_run_acquire    (void);
void               gudpx_queued_run_release    (GudpxQueuedRun    *self);

G_END_DECLS
