/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Options as values: names, ranges, and the settings of a port. */

#include "gudpx-error-private.h"
#include "gudpx-options-private.h"

typedef struct
{
  const char *name;
  int default_value;
  int min;
  int max;
} OptionRow;

static const OptionRow rows[GUDPX_N_OPTIONS] = {
  [GUDPX_OPTION_BROADCAST_ALLOWED] = { "broadcast-allowed", FALSE, 0, 1 },
  [GUDPX_OPTION_TTL] = { "ttl", 64, 1, 255 },
  [GUDPX_OPTION_MULTICAST_TTL] = { "multicast-ttl", 1, 0, 255 },
  [GUDPX_OPTION_MULTICAST_LOOPBACK] = { "multicast-loopback", TRUE, 0, 1 },
  [GUDPX_OPTION_DSCP] = { "dscp", 0, 0, 63 },
  [GUDPX_OPTION_RECEIVE_BUFFER_SIZE] = { "receive-buffer-size", 0, 0, G_MAXINT / 2 },
  [GUDPX_OPTION_SEND_BUFFER_SIZE] = { "send-buffer-size", 0, 0, G_MAXINT / 2 },
  [GUDPX_OPTION_DONT_FRAGMENT] = { "dont-fragment", GUDPX_OPTION_DONT_FRAGMENT_OFF, 0, 3 },
  /* -1 is the largest of unsigned numbers: no limit. */
  [GUDPX_OPTION_MAX_PACING_RATE] = { "max-pacing-rate", -1, 1, -1 },
};

/* Returns the name of the property. */
const char *
gudpx_option_get_name (GudpxOption option)
{
  return rows[option].name;
}

gboolean
gudpx_option_check (GudpxOption option, guint value, GError **error)
{
  const OptionRow *row = &rows[option];

  return gudpx_check_range (row->name, value, (guint) row->min, (guint) row->max, error);
}

/* TRUE if @value is the system's choice, which the next socket gets. */
gboolean
gudpx_option_is_default (GudpxOption option, guint value)
{
  return value == 0 && (option == GUDPX_OPTION_RECEIVE_BUFFER_SIZE ||
                        option == GUDPX_OPTION_SEND_BUFFER_SIZE);
}

/* Returns the value that was set, or the default. */
int
gudpx_options_get (const GudpxOptions *self, GudpxOption option)
{
  return self->is_set[option] ? self->values[option] : rows[option].default_value;
}

void
gudpx_options_set (GudpxOptions *self, GudpxOption option, int value)
{
  self->values[option] = value;
  self->is_set[option] = TRUE;
}

void
gudpx_options_unset (GudpxOptions *self, GudpxOption option)
{
  self->is_set[option] = FALSE;
}

void
gudpx_options_clear (GudpxOptions *self)
{
  g_clear_pointer (&self->multicast_interface, g_free);
}
