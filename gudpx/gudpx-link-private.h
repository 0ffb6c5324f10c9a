/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <errno.h>

#include "gudpx-address-private.h"
#include "gudpx-ancillary-private.h"

G_BEGIN_DECLS

/* How datagrams get to and from the kernel, or whatever stands for it. Nothing here blocks and
 * nothing here knows of ports. */
typedef struct _GudpxLink GudpxLink;

/* A message as it was read: a datagram, or several of one sender that the kernel joined, each of
 * ancillary.segment_size bytes and the last one perhaps shorter. */
typedef struct
{
  const guint8 *data;
  gsize size;          /* what there is of it */
  gsize original_size; /* what was sent; the size, if it was joined */
  GudpxNativeAddress sender;
  GudpxAncillary ancillary;
} GudpxIncoming;

/* What one call read. It is the reader's until it is released. */
typedef struct
{
  GudpxIncoming *incoming;
  guint n_incoming;
  gboolean may_have_more;
  gboolean is_detached; /* a copy, which the reader knows nothing of */
} GudpxBatch;

/* A datagram to send, or a run of them on one way: of @segment_size bytes each, but that the last
 * may be shorter, one behind the other in one vector. */
typedef struct
{
  const GOutputVector *vectors;
  guint n_vectors;
  const GudpxNativeAddress *destination; /* NULL: the peer */
  const GudpxAncillary *ancillary;       /* NULL: nothing special */
  guint n_datagrams;                     /* 0 is 1 */
  gsize segment_size;                    /* of a run */
  guint64 message_serial; /* datagrams with the same number have one destination; 0: none */
} GudpxOutgoing;

/* An error that came on its own. */
typedef struct
{
  int errsv;
  GudpxNativeAddress destination; /* where the datagram that caused it went; empty: not known */
  /* What the network said, and who. */
  gboolean is_icmp;
  guint8 icmp_type;
  guint8 icmp_code;
  GudpxNativeAddress offender; /* empty: not known */
  guint path_mtu;              /* of EMSGSIZE; 0: not known */
  gboolean is_of_reading;      /* the errors themselves cannot be read; they are still there */
} GudpxLinkError;

typedef struct
{
  /* Reads what there is, of each datagram @max_size bytes or more. NULL and @errsv is that there is
   * nothing, EAGAIN, or an error of the receiving itself, EINTR where the call was interrupted too
   * often; errors of earlier sends are kept for take_error. */
  GudpxBatch *(*receive) (GudpxLink *self, gsize max_size, int *errsv);
  void (*release) (GudpxLink *self, GudpxBatch *batch);
  /* Sends datagrams in order, runs of them joined if @may_join is set. Returns the number of datagrams
   * that the link took. @errsv is the error of the next datagram, 0 if the link took all. Errors of
   * earlier datagrams are kept for take_error and fail no call. */
  guint (*send) (GudpxLink *self,
                 const GudpxOutgoing *outgoing,
                 guint n_outgoing,
                 gboolean may_join,
                 int *errsv);
  /* The next error that came on its own; FALSE: no more. */
  gboolean (*take_error) (GudpxLink *self, GudpxLinkError *error);
  /* The messages that the receiving end has dropped so far because it had no room, modulo 2^32. */
  guint32 (*get_drops) (GudpxLink *self);
  /* The descriptor is that of another socket now. */
  void (*renewed) (GudpxLink *self);
  /* Connects again to named_peer, which another socket may have bound since. FALSE: @errsv says why. */
  gboolean (*reconnect) (GudpxLink *self, int *errsv);
  /* The peer changed; an empty one is none. */
  void (*connected) (GudpxLink *self, const GudpxNativeAddress *peer);
  /* Whether errors of sending are to be kept for take_error without a peer, too. */
  void (*report_errors) (GudpxLink *self, gboolean report_errors);
  void (*free) (GudpxLink *self);
} GudpxLinkFuncs;

struct _GudpxLink
{
  const GudpxLinkFuncs *funcs;
  /* An error of an earlier datagram that a call met and went on without; 0: none. take_error has
   * it, and nothing else will tell of it. */
  int pending_errsv;
  GudpxNativeAddress peer;       /* empty: not connected */
  GudpxNativeAddress named_peer; /* as the caller named it: a bound path may be written otherwise */
  gboolean has_ipv4_peer;
  /* The socket is the parent's, in a child that fork() made: it is left as it is. */
  gboolean is_inherited;
  /* The port's own. */
  GudpxStatistics *statistics;
};

/* At most so many messages are received or sent in one call. */
#define GUDPX_LINK_BATCH 64
/* What the kernel sends as one at most: 128 datagrams, and no more than a packet of IPv4 can
 * hold. */
#define GUDPX_LINK_MAX_RUN 128
#define GUDPX_LINK_MAX_RUN_SIZE 65000

/* For the kernel's sockets; which one it is was decided when the library was built. The socket is
 * borrowed, and the statistics, where what goes through is counted. One that is shared with others
 * is left as they know it. */
GudpxLink *gudpx_link_new_for_socket (GSocket         *socket,
                                  gboolean         is_shared,
                                  GudpxStatistics *statistics);

/* FALSE: report_errors has no effect. */
gboolean gudpx_link_can_report_errors (void);

guint    gudpx_link_send           (GudpxLink                *self,
                                    const GudpxOutgoing      *outgoing,
                                    guint                     n_outgoing,
                                    gboolean                  may_join,
                                    int                      *errsv);
gboolean gudpx_link_absorb_refusal (GudpxLink                *self,
                                    const GudpxNativeAddress *destination,
                                    int                       errsv);

GudpxBatch *gudpx_batch_detach (const GudpxBatch *self,
                                guint             first,
                                gsize             offset);

static inline gsize
gudpx_outgoing_get_size (const GudpxOutgoing *self)
{
  gsize size = 0;

  if (self->n_vectors == 1)
    return self->vectors->size;
  for (guint i = 0; i < self->n_vectors; i++)
    {
      if (!g_size_checked_add (&size, size, self->vectors[i].size))
        return G_MAXSIZE;
    }
  return size;
}

/* So many datagrams of a run, from the one of that number. */
static inline GOutputVector
gudpx_outgoing_get_segments (const GudpxOutgoing *self, guint first, guint n_datagrams)
{
  gsize offset = first * self->segment_size;

  return (GOutputVector){ (const guint8 *) self->vectors->buffer + offset,
                          MIN (n_datagrams * self->segment_size, self->vectors->size - offset) };
}

static inline gboolean
gudpx_link_has_peer (const GudpxLink *self)
{
  return self->peer.length > 0;
}

static inline void
gudpx_link_set_peer (GudpxLink *self, const GudpxNativeAddress *peer)
{
  self->peer = *peer;
  self->has_ipv4_peer = gudpx_link_has_peer (self) && gudpx_native_address_is_ipv4 (peer);
}

static inline gboolean
gudpx_link_goes_to_ipv4 (GudpxLink *self, const GudpxOutgoing *outgoing)
{
  return outgoing->destination != NULL ? gudpx_native_address_is_ipv4 (outgoing->destination)
                                       : self->has_ipv4_peer;
}

/* Whether the kernel reports such an error for a datagram sent earlier. */
static inline gboolean
gudpx_link_errno_is_asynchronous (int errsv)
{
  switch (errsv)
    {
    case ECONNREFUSED:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EHOSTDOWN:
    case ENOPROTOOPT:
    case EOPNOTSUPP:
    case EPROTO:
    case EMSGSIZE:
    case EACCES:
    case ECONNRESET:
    case ENETDOWN:
#ifdef ENONET
    case ENONET:
#endif
      return TRUE;
    default:
      return FALSE;
    }
}

G_END_DECLS
