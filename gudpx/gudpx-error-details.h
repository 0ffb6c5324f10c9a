/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(GUDPX_INSIDE) && !defined(GUDPX_COMPILATION)
#error "Only <gudpx/gudpx.h> can be included directly."
#endif

#include <gudpx/gudpx-types.h>

G_BEGIN_DECLS

#define GUDPX_TYPE_ERROR_DETAILS (gudpx_error_details_get_type ())

/**
 * GudpxErrorDetails:
 * @error_number: the system's number for the error, see `errno(3)`
 * @is_icmp: whether it came with an ICMP message, and the next two are known
 * @icmp_type: the type of the ICMP message: RFC 792, for IPv6 RFC 4443
 * @icmp_code: its code
 * @offender: (nullable): who sent the ICMP message: a router or the destination; %NULL if it is not
 *   known
 *
 * What the system knows of an error that came on its own, beyond what
 * [signal@Gudpx.DatagramProtocol::error-received] says. See
 * [method@Gudpx.Port.dup_error_details].
 *
 * Since: 1.0
 */
struct _GudpxErrorDetails
{
  int error_number;
  gboolean is_icmp;
  guint icmp_type;
  guint icmp_code;
  GSocketAddress *offender;
};

GUDPX_AVAILABLE_IN_1_0
GType              gudpx_error_details_get_type (void) G_GNUC_CONST;
GUDPX_AVAILABLE_IN_1_0
GudpxErrorDetails *gudpx_error_details_copy     (const GudpxErrorDetails *self);
GUDPX_AVAILABLE_IN_1_0
void               gudpx_error_details_free     (GudpxErrorDetails       *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GudpxErrorDetails, gudpx_error_details_free)

G_END_DECLS
