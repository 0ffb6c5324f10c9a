/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gudpx/gudpx.h>

#define TFTP_DATA 3
#define TFTP_ACK 4
#define TFTP_ERROR 5
#define TFTP_OPTION_ACK 6

#define TFTP_TYPE_TRANSFER (tftp_transfer_get_type ())
G_DECLARE_FINAL_TYPE (TftpTransfer, tftp_transfer, TFTP, TRANSFER, GudpxDatagramProtocol)

GByteArray   *tftp_packet_new     (guint16 operation, guint16 number);
GByteArray   *tftp_error_new      (guint16 code, const char *message);

TftpTransfer *tftp_transfer_new   (int fd, guint block_size, guint timeout_ms);
gboolean      tftp_transfer_start (TftpTransfer   *self,
                                   GSocketAddress *local_address,
                                   GSocketAddress *client,
                                   GByteArray     *option_ack,
                                   GError        **error);
