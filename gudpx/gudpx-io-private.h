/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <errno.h>

#include "gudpx-address-private.h"
#include "gudpx-ancillary-private.h"

G_BEGIN_DECLS

/* How datagrams get to and from the kernel, or whatever stands for it. Nothing here blocks and
 * nothing here knows of ports. */
typedef struct _GudpxIo GudpxIo;

/* A datagram as it was read. It is valid until the next receive on the same thread. */
typedef struct
{
  const guint8 *data;
  gsize size;          /* what was kept of it */
  gsize original_size; /* what was sent */
  GudpxNativeAddress sender;
  GudpxAncillary ancillary;
} GudpxIncoming;

/* A datagram to send. */
typedef struct
{
  const GOutputVector *vectors;
  guint n_vectors;
  const GudpxNativeAddress *destination; /* NULL: the peer */
  const GudpxAncillary *ancillary;       /* NULL: nothing special */
} GudpxOutgoing;

/* An error that came on its own. */
typedef struct
{
  int errsv;
  GudpxNativeAddress destination; /* where the datagram that caused it went; empty: not known */
} GudpxIoError;

typedef struct
{
  /* Reads at most @max_datagrams of at most @max_size bytes each. What it returns less than
   * @max_datagrams was all there is. Errors of earlier sends are kept for take_error; -1 and
   * @errsv is an error of the receiving itself. */
  int (*receive) (GudpxIo *self,
                  gsize max_size,
                  guint max_datagrams,
                  const GudpxIncoming **incoming,
                  int *errsv);
  /* How many were taken, in order; if fewer than @n_outgoing, @errsv is what the next one met.
   * Errors of earlier sends are kept for take_error and fail nothing. */
  guint (*send) (GudpxIo *self, const GudpxOutgoing *outgoing, guint n_outgoing, int *errsv);
  /* The next error that came on its own; FALSE: no more. */
  gboolean (*take_error) (GudpxIo *self, GudpxIoError *error);
  /* The peer changed. */
  void (*connected) (GudpxIo *self, gboolean connected);
  void (*free) (GudpxIo *self);
} GudpxIoFuncs;

struct _GudpxIo
{
  const GudpxIoFuncs *funcs;
  /* An error of an earlier datagram that a call met and went on without; 0: none. take_error has
   * it, and nothing else will tell of it. */
  int absorbed_errsv;
};

/* At most so many are received or sent in one call. */
#define GUDPX_IO_BATCH 32

/* For the kernel's sockets; which one it is was decided when the library was built. The socket is
 * borrowed. */
GudpxIo *gudpx_io_new_for_socket (GSocket *socket);

/* Whether the kernel reports such an error for a datagram sent earlier. */
static inline gboolean
gudpx_io_errno_is_asynchronous (int errsv)
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
