/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "gudpx-options-private.h"

G_BEGIN_DECLS

gboolean gudpx_socket_options_set                     (GSocket             *socket,
                                                       GudpxOption          option,
                                                       int                  value,
                                                       GError             **error);
gboolean gudpx_socket_options_get                     (GSocket             *socket,
                                                       GudpxOption          option,
                                                       int                 *value);
gboolean gudpx_socket_options_set_multicast_interface (GSocket             *socket,
                                                       const char          *interface,
                                                       GError             **error);
gboolean gudpx_socket_options_set_metadata            (GSocket             *socket,
                                                       GudpxMetadataFlags   metadata,
                                                       GError             **error);
gboolean gudpx_socket_options_apply                   (const GudpxOptions  *options,
                                                       GSocket             *socket,
                                                       gboolean             leave_out_gone,
                                                       GError             **error);

G_END_DECLS
