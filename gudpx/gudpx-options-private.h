/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "gudpx-address-private.h"

G_BEGIN_DECLS

/* The socket options that are properties, in the order of the table. */
typedef enum
{
  GUDPX_OPTION_BROADCAST_ALLOWED,
  GUDPX_OPTION_TTL,
  GUDPX_OPTION_MULTICAST_TTL,
  GUDPX_OPTION_MULTICAST_LOOPBACK,
  GUDPX_OPTION_DSCP,
  GUDPX_OPTION_RECEIVE_BUFFER_SIZE,
  GUDPX_OPTION_SEND_BUFFER_SIZE,
  GUDPX_OPTION_DONT_FRAGMENT,
  GUDPX_OPTION_MAX_PACING_RATE,
  GUDPX_N_OPTIONS,
} GudpxOption;

/* The values of dont-fragment, as ip(7) and ipv6(7) have them. */
#define GUDPX_OPTION_DONT_FRAGMENT_OFF 1
#define GUDPX_OPTION_DONT_FRAGMENT_ON 2

/* What was asked for. A socket gets it when it is opened, and at once while it is open; what was
 * not asked for is left to the system. */
typedef struct
{
  int values[GUDPX_N_OPTIONS];
  gboolean is_set[GUDPX_N_OPTIONS];
  char *multicast_interface;
  GudpxMetadataFlags metadata;
} GudpxOptions;

void        gudpx_options_clear                   (GudpxOptions        *self);
int         gudpx_options_get                     (const GudpxOptions  *self,
                                                   GSocket             *socket,
                                                   GudpxOption          option);
gboolean    gudpx_options_set                     (GudpxOptions        *self,
                                                   GSocket             *socket,
                                                   GudpxOption          option,
                                                   guint                value,
                                                   GError             **error);
gboolean    gudpx_options_set_multicast_interface (GudpxOptions        *self,
                                                   GSocket             *socket,
                                                   const char          *interface,
                                                   GError             **error);
gboolean    gudpx_options_set_metadata            (GudpxOptions        *self,
                                                   GSocket             *socket,
                                                   GudpxMetadataFlags   metadata,
                                                   GError             **error);
gboolean    gudpx_options_apply                   (const GudpxOptions  *self,
                                                   GSocket             *socket,
                                                   gboolean             leave_out_gone,
                                                   GError             **error);
guint       gudpx_options_get_path_mtu            (GSocket             *socket);
guint       gudpx_options_find_path_mtu           (const GudpxNativeAddress *destination);

G_END_DECLS
