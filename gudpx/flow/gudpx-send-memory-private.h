/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "gudpx-send-queue-private.h"

G_BEGIN_DECLS

GudpxPayloadBlock *gudpx_payload_block_acquire (gsize              size);
void               gudpx_payload_block_release (GudpxPayloadBlock *self);
GudpxQueuedRun    *gudpx_queued_run_acquire    (void);
void               gudpx_queued_run_release    (GudpxQueuedRun    *self);

G_END_DECLS
