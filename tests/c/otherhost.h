/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Another host at the end of a cable: a network namespace inside of the test's own, see
 * tests/netns. Its end is there0 with 10.98.0.2, 10.98.0.3, fd98::2 and fe80::2. The test's end is
 * here0 with 10.98.0.1, fd98::1 and fe80::1. The host exists as long as one of its sockets. */
#define OTHER_HOST_SENDERS 30

/* Senders with different port numbers, because the kernel may choose by the number. */
typedef struct
{
  GSocket *ipv4[OTHER_HOST_SENDERS];       /* 10.98.0.2 */
  GSocket *other_ipv4[OTHER_HOST_SENDERS]; /* 10.98.0.3 */
  GSocket *ipv6[OTHER_HOST_SENDERS];       /* fd98::2 */
  GSocket *any;                            /* ::, for IPv4 too */
} OtherHost;

gboolean other_host_init  (OtherHost  *self);
void     other_host_clear (OtherHost  *self);
void     other_host_send  (GSocket    *socket,
                           const char *host,
                           guint16     number,
                           const char *payload);

G_END_DECLS
