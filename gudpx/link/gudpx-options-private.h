/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gudpx/gudpx.h>

G_BEGIN_DECLS

/* The options of a link that are properties of a port, in the order of the tables. */
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

/* Options that the owner of a link has set. The link gets them when it is opened, and immediately
 * if it is open. The system chooses the other options. */
typedef struct
{
  int values[GUDPX_N_OPTIONS];
  gboolean is_set[GUDPX_N_OPTIONS];
  char *multicast_interface; /* NULL: the system's choice */
  GudpxMetadataFlags metadata;
} GudpxOptions;

const char *gudpx_option_get_name   (GudpxOption          option);
gboolean    gudpx_option_check      (GudpxOption          option,
                                     guint                value,
                                     GError             **error);
gboolean    gudpx_option_is_default (GudpxOption          option,
                                     guint                value);
int         gudpx_options_get       (const GudpxOptions  *self,
                                     GudpxOption          option);
void        gudpx_options_set       (GudpxOptions        *self,
                                     GudpxOption          option,
                                     int                  value);
void        gudpx_options_unset     (GudpxOptions        *self,
                                     GudpxOption          option);
void        gudpx_options_clear     (GudpxOptions        *self);

G_END_DECLS
