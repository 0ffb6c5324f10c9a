/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gudpx/gudpx.h>

G_BEGIN_DECLS

/* A thread with its own main context and one port, which is used only in this thread. */
typedef struct _GudpxPortThread GudpxPortThread;

/* Creates and starts the port. Called in the new thread. Returns NULL with an error. */
typedef GudpxPort *(*GudpxPortThreadOpenFunc) (gpointer   data,
                                               GError   **error);

GudpxPortThread *gudpx_port_thread_start          (const char               *name,
                                                   GudpxPortThreadOpenFunc   open,
                                                   gpointer                  data,
                                                   GError                  **error);
gboolean         gudpx_port_thread_invoke         (GudpxPortThread          *self,
                                                   GudpxPortFunc             func,
                                                   gpointer                  user_data,
                                                   GDestroyNotify            destroy);
void             gudpx_port_thread_quit           (GudpxPortThread          *self);
void             gudpx_port_thread_join           (GudpxPortThread          *self);
GudpxPortThread *gudpx_port_thread_ref            (GudpxPortThread          *self);
void             gudpx_port_thread_unref          (GudpxPortThread          *self);
void             gudpx_port_thread_get_statistics (GudpxPortThread          *self,
                                                   GudpxStatistics          *statistics);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GudpxPortThread, gudpx_port_thread_unref)

G_END_DECLS
