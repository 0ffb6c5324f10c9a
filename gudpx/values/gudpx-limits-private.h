/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

/* Numbers that the library shares with its overrides for Python and JavaScript. Meson makes a
 * module of each language from the lines with #define, so each is a name and a plain number. */

/* Bytes that fit after the headers of a packet of 65,535 bytes: RFC 768, RFC 791, RFC 8200. */
#define GUDPX_MAX_IPV4_PAYLOAD 65507
#define GUDPX_MAX_IPV6_PAYLOAD 65527

/* Bytes that a datagram takes in a send queue in addition to its payload: a GudpxQueuedRun. */
#define GUDPX_QUEUED_DATAGRAM_COST 320

/* Entries of a cache of GSocketAddress objects, because making one costs more than a datagram. C
 * finds the object of a sender by its native address, a language the object of a destination by
 * (host, port) or {host, port}. An entry may be dropped at any time, so a flood of addresses takes
 * no memory. */
#define GUDPX_MAX_CACHED_ADDRESSES 4096

/* Peers that have numbers at the same time. C keeps their native addresses, to send replies, and a
 * language keeps (host, port) or {host, port}, to call the hook with. A number must mean the same
 * peer while a batch or a reply uses it, so a full table is cleared as a whole, and is larger. */
#define GUDPX_MAX_PEERS 65536

/* Microseconds that a dispatch may take, and a batch of it in a language. */
#define GUDPX_MAX_DISPATCH_TIME 2000

/* Datagrams that wait for the body of “for await” when the port pauses, as many as a dispatch
 * delivers; and those left when the port continues. */
#define GUDPX_MAX_WAITING 1024
#define GUDPX_RESUME_WAITING 256
