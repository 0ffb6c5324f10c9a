/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <errno.h>
#include <unistd.h>

#include "gudpx-address-private.h"
#include "gudpx-ancillary-private.h"
#include "gudpx-group-request-private.h"
#include "gudpx-options-private.h"
#include "gudpx-wants-private.h"

G_BEGIN_DECLS

/* Something that carries datagrams: a socket of the kernel, or anything that behaves like one. Its
 * functions never block, and do not know ports. */
typedef struct _GudpxLink GudpxLink;

/* Message as it was read: a datagram, or several datagrams of one sender that the kernel joined.
 * Joined datagrams have ancillary.segment_size bytes each; the last one may be shorter. */
typedef struct
{
  const guint8 *data;
  gsize size;          /* of data */
  gsize original_size; /* as it was sent; the size, if it was joined */
  GudpxNativeAddress sender;
  GudpxAncillary ancillary;
} GudpxIncoming;

/* Messages that one call read. The link owns them, and keeps them until they are released. */
typedef struct
{
  GudpxIncoming *incoming;
  guint n_incoming;
  gboolean may_have_more;
  gboolean is_detached; /* a copy, which the link does not know */
} GudpxBatch;

/* Datagram to send, or a run of datagrams with one destination and ancillary. One vector holds the
 * datagrams of a run in order. They have @segment_size bytes each; the last one may be shorter. */
typedef struct
{
  const GOutputVector *vectors;
  guint n_vectors;
  const GudpxNativeAddress *destination; /* NULL: the peer */
  const GudpxAncillary *ancillary;       /* NULL: nothing special */
  guint n_datagrams;                     /* 0 is 1 */
  gsize segment_size;                    /* of a run */
  guint64 message_serial; /* datagrams that share it have one destination and ancillary; 0: none */
} GudpxOutgoing;

/* Error that no call returned. */
typedef struct
{
  int errsv;
  GudpxNativeAddress destination; /* of the datagram that caused it; empty: not known */
  /* Message of the network, and its sender. */
  gboolean is_icmp;
  guint8 icmp_type;
  guint8 icmp_code;
  GudpxNativeAddress offender; /* empty: not known */
  guint path_mtu;              /* of EMSGSIZE; 0: not known */
  gboolean is_of_reading;      /* the errors themselves cannot be read; they are still there */
} GudpxLinkError;

/* Functions that each kind of link defines. A comment names the default of an optional function,
 * which may be NULL. */
typedef struct
{
  /* Reads the messages that wait, of each datagram @max_size bytes or more. NULL: @errsv is EAGAIN
   * if none waits, EINTR if the call was interrupted too often, or an error of receiving itself.
   * Errors of earlier sends are kept for take_error. */
  GudpxBatch *(*receive) (GudpxLink *self, gsize max_size, int *errsv);
  void (*release) (GudpxLink *self, GudpxBatch *batch);
  /* Sends datagrams in order, runs of them joined if @may_join is set. Returns the number of
   * datagrams that the link took. @errsv is the error of the next datagram, 0 if the link took all.
   * Errors of earlier datagrams are kept for take_error and fail no call. */
  guint (*send) (GudpxLink *self,
                 const GudpxOutgoing *outgoing,
                 guint n_outgoing,
                 gboolean may_join,
                 int *errsv);
  /* Takes the next error that came on its own. FALSE: there is none. */
  gboolean (*take_error) (GudpxLink *self, GudpxLinkError *error);
  /* Returns the number of messages that the link has dropped since it was opened because it had no
   * room, modulo 2^32. NULL: it drops none. */
  guint32 (*get_drops) (GudpxLink *self);
  /* Returns the events that the link waits for, apart from its descriptor. NULL: none. */
  GudpxWants (*get_wants) (GudpxLink *self);
  /* Returns the events that a link without a descriptor is ready for, as poll() does for a
   * descriptor. NULL: none. */
  GIOCondition (*get_ready) (GudpxLink *self);
  /* TRUE if nothing can be received any more: polling would spin. NULL: never. */
  gboolean (*is_shut_down) (GudpxLink *self);

  /* Connects to @peer, or with an empty address disconnects. After an error the link has its former
   * peer. If the link cannot return to that peer, it is disconnected. */
  gboolean (*connect) (GudpxLink *self, const GudpxNativeAddress *peer, GError **error);
  /* Connects again to named_peer, which another socket may have bound since. FALSE: @errsv is the
   * reason. NULL: the link does not lose its peer. */
  gboolean (*reconnect) (GudpxLink *self, int *errsv);
  /* Finds the address that datagrams are sent from now: a peer may have decided it. NULL: the
   * address is @local. */
  void (*get_local) (GudpxLink *self, GudpxNativeAddress *local);
  /* Returns the MTU of the path to the peer; 0: not known. NULL: never known. */
  guint (*get_path_mtu) (GudpxLink *self);

  /* Set and get an option in the unit of the property. FALSE from get_option: not known. NULL: the
   * link has no options. */
  gboolean (*set_option) (GudpxLink *self, GudpxOption option, int value, GError **error);
  gboolean (*get_option) (GudpxLink *self, GudpxOption option, int *value);
  gboolean (*set_multicast_interface) (GudpxLink *self, const char *interface, GError **error);
  gboolean (*set_metadata) (GudpxLink *self, GudpxMetadataFlags metadata, GError **error);
  /* Keeps errors of sending for take_error without a peer, too. NULL: the link has none. */
  void (*report_errors) (GudpxLink *self, gboolean report_errors);
  /* Joins or leaves a group. NULL: the link has no groups. */
  gboolean (*change_group) (GudpxLink *self,
                            const GudpxGroupRequest *request,
                            gboolean join,
                            GError **error);

  /* Returns the socket, which the link owns. NULL: the link has none. */
  GSocket *(*get_socket) (GudpxLink *self);
  /* Closes and frees the link. */
  void (*close) (GudpxLink *self);
} GudpxLinkFuncs;

struct _GudpxLink
{
  const GudpxLinkFuncs *funcs;
  int fd; /* -1: none. get_ready and get_wants say when to call the link */
  /* An error of an earlier datagram that a call met and went on without; 0: none. take_error has
   * it, and nothing else will tell of it. */
  int pending_errsv;
  gboolean has_ipv4_peer;
  GudpxNativeAddress local;      /* as it was bound, whatever its peer is */
  GudpxNativeAddress peer;       /* empty: not connected */
  GudpxNativeAddress named_peer; /* as the caller named it: a bound path may be written otherwise */
  pid_t process;                 /* opened the link: a child that fork() made shares it */
  gboolean is_renewed;           /* connect gave the descriptor to another socket */
  guint n_lost_messages;         /* waited in the socket that had the descriptor before */
  GudpxStatistics *statistics;   /* the owner's: the link counts batches and lost datagrams there */
};

/* Maximum of messages that are received or sent in one call. */
#define GUDPX_LINK_BATCH 64
/* Maximum that the kernel sends as one: 128 datagrams, and no more bytes than a packet of IPv4 can
 * hold. */
#define GUDPX_LINK_MAX_RUN 128
#define GUDPX_LINK_MAX_RUN_SIZE 65000

guint    gudpx_link_send_again     (GudpxLink                *self,
                                    const GudpxOutgoing      *outgoing,
                                    guint                     n_outgoing,
                                    gboolean                  may_join,
                                    int                      *errsv);
gboolean gudpx_link_absorb_refusal (GudpxLink                *self,
                                    const GudpxNativeAddress *destination,
                                    int                       errsv);
gboolean gudpx_link_connect        (GudpxLink                *self,
                                    const GudpxNativeAddress *peer,
                                    GError                  **error);
void     gudpx_link_get_local      (GudpxLink                *self,
                                    GudpxNativeAddress       *local);
gboolean gudpx_link_set_option     (GudpxLink                *self,
                                    GudpxOption               option,
                                    int                       value,
                                    GError                  **error);
gboolean gudpx_link_get_option     (GudpxLink                *self,
                                    GudpxOption               option,
                                    int                      *value);
gboolean gudpx_link_set_multicast_interface (GudpxLink       *self,
                                    const char               *interface,
                                    GError                  **error);
gboolean gudpx_link_set_metadata   (GudpxLink                *self,
                                    GudpxMetadataFlags        metadata,
                                    GError                  **error);
gboolean gudpx_link_change_group   (GudpxLink                *self,
                                    const GudpxGroupRequest  *request,
                                    gboolean                  join,
                                    GError                  **error);
void     gudpx_link_close          (GudpxLink                *self);

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

/* Returns @n_datagrams of a run, from number @first. */
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

/* Begins a link of a kind, which sets the rest. */
static inline void
gudpx_link_init (GudpxLink *self, const GudpxLinkFuncs *funcs, GudpxStatistics *statistics)
{
  self->funcs = funcs;
  self->fd = -1;
  self->process = getpid ();
  self->statistics = statistics;
}

/* FALSE in a child that fork() made: a change to the link would change the parent's, too. */
static inline gboolean
gudpx_link_is_own_process (const GudpxLink *self)
{
  return self->process == getpid ();
}

static inline gboolean
gudpx_link_is_unix (const GudpxLink *self)
{
  return self->local.u.any.sa_family == AF_UNIX;
}

static inline GudpxBatch *
gudpx_link_receive (GudpxLink *self, gsize max_size, int *errsv)
{
  return self->funcs->receive (self, max_size, errsv);
}

static inline void
gudpx_link_release (GudpxLink *self, GudpxBatch *batch)
{
  self->funcs->release (self, batch);
}

/* As the send function of the link. Linux forgets a UNIX peer that is gone, unix(7): the link then
 * connects to the path again. */
static inline guint
gudpx_link_send (GudpxLink *self,
                 const GudpxOutgoing *outgoing,
                 guint n_outgoing,
                 gboolean may_join,
                 int *errsv)
{
  guint n_sent = self->funcs->send (self, outgoing, n_outgoing, may_join, errsv);

  return n_sent > 0 || *errsv == 0
             ? n_sent
             : gudpx_link_send_again (self, outgoing, n_outgoing, may_join, errsv);
}

static inline gboolean
gudpx_link_take_error (GudpxLink *self, GudpxLinkError *error)
{
  return self->funcs->take_error (self, error);
}

static inline gboolean
gudpx_link_has_pending_error (const GudpxLink *self)
{
  return self->pending_errsv != 0;
}

static inline guint32
gudpx_link_get_drops (GudpxLink *self)
{
  return self->funcs->get_drops != NULL ? self->funcs->get_drops (self) : 0;
}

static inline GudpxWants
gudpx_link_get_wants (GudpxLink *self)
{
  return self->funcs->get_wants != NULL ? self->funcs->get_wants (self) : GUDPX_WANTS_NOTHING;
}

static inline GIOCondition
gudpx_link_get_ready (GudpxLink *self)
{
  return self->funcs->get_ready != NULL ? self->funcs->get_ready (self) : 0;
}

static inline gboolean
gudpx_link_is_shut_down (GudpxLink *self)
{
  return self->funcs->is_shut_down != NULL && self->funcs->is_shut_down (self);
}

static inline guint
gudpx_link_get_path_mtu (GudpxLink *self)
{
  return gudpx_link_has_peer (self) && self->funcs->get_path_mtu != NULL
             ? self->funcs->get_path_mtu (self)
             : 0;
}

static inline void
gudpx_link_report_errors (GudpxLink *self, gboolean report_errors)
{
  if (self->funcs->report_errors != NULL)
    self->funcs->report_errors (self, report_errors);
}

static inline GSocket *
gudpx_link_get_socket (GudpxLink *self)
{
  return self->funcs->get_socket != NULL ? self->funcs->get_socket (self) : NULL;
}

/* Returns the peer; empty: the link is not connected. */
static inline const GudpxNativeAddress *
gudpx_link_get_peer (const GudpxLink *self)
{
  return &self->peer;
}

/* Returns the address as it was bound, whatever the peer is. */
static inline const GudpxNativeAddress *
gudpx_link_get_bound (const GudpxLink *self)
{
  return &self->local;
}

/* Returns -1 if the link has no descriptor. */
static inline int
gudpx_link_get_fd (const GudpxLink *self)
{
  return self->fd;
}

/* Returns TRUE once after connect gave the descriptor to another socket. @n_lost_messages is the
 * number of messages that waited in the former socket. */
static inline gboolean
gudpx_link_take_renewal (GudpxLink *self, guint *n_lost_messages)
{
  const gboolean is_renewed = self->is_renewed;

  *n_lost_messages = self->n_lost_messages;
  self->is_renewed = FALSE;
  self->n_lost_messages = 0;
  return is_renewed;
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

/* TRUE if the kernel may report @errsv for a datagram that was sent earlier. */
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
