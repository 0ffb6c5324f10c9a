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
 * @is_icmp: %TRUE if an ICMP message reported the error; @icmp_type and @icmp_code are then valid
 * @icmp_type: the type of the ICMP message (RFC 792; for IPv6 RFC 4443)
 * @icmp_code: the code of the ICMP message
 * @offender: (nullable): the address that sent the ICMP message, a router or the destination; %NULL
 *   if the address is not known
 *
 * Details that the system reports about an asynchronous error, in addition to the arguments of
 * [signal@Gudpx.DatagramProtocol::error-received]. See [method@Gudpx.Port.dup_error_details].
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
