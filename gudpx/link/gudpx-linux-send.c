/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sends by sendmmsg(2), runs of datagrams joined (udp(7), UDP_SEGMENT), with their control
 * messages. */

#include <string.h>

#include <netinet/udp.h>

#include "gudpx-linux-private.h"
#include "gudpx-mmsg-private.h"

/* Maximum of datagrams that older kernels send as one. */
#define OLD_MAX_RUN 64

static gpointer
add_control (struct msghdr *header, int level, int type, gsize size)
{
  struct cmsghdr *c =
      (struct cmsghdr *) (gpointer) ((guint8 *) header->msg_control + header->msg_controllen);

  memset (c, 0, CMSG_SPACE (size));
  c->cmsg_level = level;
  c->cmsg_type = type;
  c->cmsg_len = CMSG_LEN (size);
  header->msg_controllen += CMSG_SPACE (size);
  return CMSG_DATA (c);
}

/* Messages of one sendmmsg(): datagrams, or runs of datagrams as one message each. */
typedef struct
{
  guint n_messages;
  guint n_datagrams[GUDPX_LINK_BATCH]; /* of each message */
  struct mmsghdr messages[GUDPX_LINK_BATCH];
  GOutputVector segments[GUDPX_LINK_BATCH]; /* of runs that leave in parts */
  guint8 control[GUDPX_LINK_BATCH][GUDPX_ANCILLARY_SEND_SPACE] __attribute__ ((aligned (8)));
} SendBatch;

/* Datagrams that are left to send. */
typedef struct
{
  const GudpxOutgoing *outgoing;
  guint n_outgoing;
  guint n_gone; /* datagrams of the first */
} SendCursor;

static guint
count_left (const SendCursor *cursor)
{
  return MAX (cursor->outgoing->n_datagrams, 1) - cursor->n_gone;
}

static void
skip (SendCursor *cursor, guint n_datagrams)
{
  while (n_datagrams > 0)
    {
      guint n_left = count_left (cursor);

      if (n_datagrams < n_left)
        {
          cursor->n_gone += n_datagrams;
          return;
        }
      n_datagrams -= n_left;
      cursor->outgoing++;
      cursor->n_outgoing--;
      cursor->n_gone = 0;
    }
}

/* Returns the number of datagrams that may leave as one, from the first on. */
static guint
get_run (GudpxLinuxLink *self, const SendCursor *cursor, gboolean may_join)
{
  return may_join && cursor->outgoing->segment_size <= self->limits.max_segment
             ? MIN (count_left (cursor), self->limits.max_run)
             : 1;
}

static void
add_ancillary (GudpxLinuxLink *self, struct msghdr *header, const GudpxOutgoing *outgoing)
{
  GudpxControlMessage control[GUDPX_ANCILLARY_MAX_MESSAGES];
  const gboolean is_ipv4 = gudpx_link_goes_to_ipv4 (&self->parent.parent, outgoing);
  guint n_control =
      gudpx_ancillary_build (outgoing->ancillary, self->parent.is_ipv6, is_ipv4, control);

  for (guint i = 0; i < n_control; i++)
    memcpy (add_control (header, control[i].level, control[i].type, control[i].size),
            control[i].data, control[i].size);
}

static void
add_destination (GudpxLinuxLink *self, SendBatch *batch, const GudpxOutgoing *outgoing)
{
  struct msghdr *header = &batch->messages[batch->n_messages].msg_hdr;

  *header = (struct msghdr){ .msg_control = batch->control[batch->n_messages] };
  if (outgoing->destination != NULL)
    {
      header->msg_name = (gpointer) &outgoing->destination->u;
      header->msg_namelen = outgoing->destination->length;
    }
  if (outgoing->ancillary != NULL)
    add_ancillary (self, header, outgoing);
}

static void
add_payload (SendBatch *batch, const SendCursor *cursor, guint n_datagrams)
{
  struct msghdr *header = &batch->messages[batch->n_messages].msg_hdr;
  GOutputVector *vector = &batch->segments[batch->n_messages];
  const GudpxOutgoing *outgoing = cursor->outgoing;
  guint16 segment_size = outgoing->segment_size;

  header->msg_iov = (struct iovec *) outgoing->vectors;
  header->msg_iovlen = outgoing->n_vectors;
  if (outgoing->n_datagrams > 1)
    {
      *vector = gudpx_outgoing_get_segments (outgoing, cursor->n_gone, n_datagrams);
      header->msg_iov = (struct iovec *) vector;
    }
  if (n_datagrams > 1)
    memcpy (add_control (header, IPPROTO_UDP, UDP_SEGMENT, sizeof segment_size), &segment_size,
            sizeof segment_size);
}

static void
add_message (GudpxLinuxLink *self, SendBatch *batch, const SendCursor *cursor, guint n_datagrams)
{
  struct msghdr *header = &batch->messages[batch->n_messages].msg_hdr;

  add_destination (self, batch, cursor->outgoing);
  add_payload (batch, cursor, n_datagrams);
  if (header->msg_controllen == 0)
    header->msg_control = NULL;
  batch->n_datagrams[batch->n_messages++] = n_datagrams;
}

static void
fill_batch (GudpxLinuxLink *self, SendBatch *batch, SendCursor cursor, gboolean may_join)
{
  batch->n_messages = 0;
  while (cursor.n_outgoing > 0 && batch->n_messages < GUDPX_LINK_BATCH)
    {
      guint n_datagrams = get_run (self, &cursor, may_join);

      add_message (self, batch, &cursor, n_datagrams);
      skip (&cursor, n_datagrams);
    }
}

/* TRUE if a run failed whose datagrams may succeed in smaller runs, as with an older kernel, or one
 * by one: on an interface without checksum offload, or if they need fragmentation. The link
 * remembers the limit. */
static gboolean
give_up_segmenting (GudpxLinuxLink *self,
                    const SendBatch *batch,
                    const SendCursor *cursor,
                    int errsv)
{
  if (batch->n_datagrams[0] == 1 || (errsv != EIO && errsv != EINVAL && errsv != EMSGSIZE))
    return FALSE;

  if (errsv == EINVAL && batch->n_datagrams[0] > OLD_MAX_RUN)
    self->limits.max_run = OLD_MAX_RUN;
  else
    self->limits.max_segment = errsv == EIO ? 0 : cursor->outgoing->segment_size - 1;
  return TRUE;
}

/* Returns the number of datagrams that left. */
static guint
send_batch (GudpxLinuxLink *self, SendBatch *batch, int *errsv)
{
  guint n_tries = 0;
  guint n_sent = 0;
  int n;

  do
    n = gudpx_mmsg_send (self->parent.parent.fd, batch->messages, batch->n_messages,
                         MSG_DONTWAIT | MSG_NOSIGNAL);
  while (n < 0 && gudpx_socket_link_may_retry (&self->parent, &n_tries, errno));

  if (n <= 0)
    {
      /* A call that is interrupted each time, or that sends nothing, is tried again later. */
      *errsv = n < 0 && errno != EINTR ? errno : EAGAIN;
      gudpx_socket_link_own_last_error (&self->parent, n_tries, *errsv);
      return 0;
    }

  self->parent.parent.statistics->send_batches++;
  for (int i = 0; i < n; i++)
    {
      n_sent += batch->n_datagrams[i];
      if (batch->n_datagrams[i] > 1)
        self->parent.parent.statistics->joined_sent++;
    }
  return n_sent;
}

guint
gudpx_socket_io_send (GudpxLink *link,
                      const GudpxOutgoing *outgoing,
                      guint n_outgoing,
                      gboolean may_join,
                      int *errsv)
{
  GudpxLinuxLink *self = (GudpxLinuxLink *) link;
  SendCursor cursor = { outgoing, n_outgoing, 0 };
  SendBatch batch;
  GudpxRunLimits limits = self->limits; /* before the run that failed */
  int refusal = 0; /* of a run */
  guint n_sent = 0;

  *errsv = 0;
  while (cursor.n_outgoing > 0)
    {
      guint n;

      fill_batch (self, &batch, cursor, may_join);
      n = send_batch (self, &batch, errsv);
      if (n == 0 && !give_up_segmenting (self, &batch, &cursor, *errsv))
        {
          /* The datagram alone fails in the same way: the run was not the cause. */
          if (*errsv == refusal)
            self->limits = limits;
          break;
        }
      if (n > 0)
        limits = self->limits;
      refusal = *errsv;
      *errsv = 0;
      skip (&cursor, n);
      n_sent += n;
    }
  return n_sent;
}
