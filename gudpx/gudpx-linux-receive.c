/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Receives by recvmmsg(2): datagrams and their control messages, also datagrams that the kernel
 * joined (udp(7), UDP_GRO). */

#include "gudpx-linux-private.h"
#include "gudpx-mmsg-private.h"

/* Room for a whole message of UDP, joined ones included, whatever the size of one datagram is. */
#define UDP_BUFFER_SIZE 65536
/* Bytes that one call reads at most, roughly. */
#define BATCH_BYTES (256 * 1024)

/* Memory that recvmmsg() fills. A thread has one, and more only for nested main loops and paused
 * ports: a port that waits needs no buffers. */
typedef struct
{
  GudpxBatch parent;
  guint8 *buffers;
  gsize buffer_size;
  gsize stride;
  guint n_used; /* messages of the last call, which the kernel may have changed */
  gboolean has_control;
  struct mmsghdr messages[GUDPX_LINK_BATCH];
  struct iovec vectors[GUDPX_LINK_BATCH];
  guint8 control[GUDPX_LINK_BATCH][GUDPX_ANCILLARY_SPACE] __attribute__ ((aligned (8)));
  GudpxIncoming incoming[GUDPX_LINK_BATCH];
} Scratch;

static void
scratch_free (gpointer data)
{
  Scratch *scratch = data;

  g_free (scratch->buffers);
  g_free (scratch);
}

static GPrivate thread_scratch = G_PRIVATE_INIT (scratch_free);

static void
prepare_message (Scratch *scratch, guint i)
{
  scratch->messages[i].msg_hdr = (struct msghdr){
    .msg_name = &scratch->incoming[i].sender.u,
    .msg_namelen = sizeof scratch->incoming[i].sender.u,
    .msg_iov = &scratch->vectors[i],
    .msg_iovlen = 1,
    .msg_control = scratch->has_control ? scratch->control[i] : NULL,
    .msg_controllen = scratch->has_control ? sizeof scratch->control[i] : 0,
  };
}

/* Buffers at multiples of a large power of two would share a few lines of every cache. */
static void
scratch_resize (Scratch *scratch, gsize size)
{
  g_free (scratch->buffers);
  scratch->buffer_size = size;
  scratch->stride = ((size + 63) & ~(gsize) 63) + 17 * 64;
  scratch->buffers = g_malloc (scratch->stride * GUDPX_LINK_BATCH);
  for (guint i = 0; i < GUDPX_LINK_BATCH; i++)
    scratch->vectors[i].iov_base = scratch->buffers + i * scratch->stride;
  scratch->n_used = GUDPX_LINK_BATCH;
}

/* Takes the memory of this thread, or new memory if that is in use. */
static Scratch *
scratch_acquire (gsize size, gboolean has_control)
{
  Scratch *scratch = g_private_get (&thread_scratch);

  if (scratch != NULL)
    g_private_set (&thread_scratch, NULL);
  else
    {
      scratch = g_new0 (Scratch, 1);
      scratch->parent.incoming = scratch->incoming;
    }
  if (scratch->buffer_size < size)
    scratch_resize (scratch, size);
  if (scratch->has_control != has_control)
    scratch->n_used = GUDPX_LINK_BATCH;
  scratch->has_control = has_control;
  for (guint i = 0; i < scratch->n_used; i++)
    prepare_message (scratch, i);
  scratch->n_used = 0;
  return scratch;
}

static void
scratch_release (Scratch *scratch)
{
  if (g_private_get (&thread_scratch) == NULL)
    g_private_set (&thread_scratch, scratch);
  else
    scratch_free (scratch);
}

static void
parse_control (struct msghdr *header, GudpxAncillary *ancillary)
{
  *ancillary = (GudpxAncillary) GUDPX_ANCILLARY_INIT;
  for (struct cmsghdr *c = CMSG_FIRSTHDR (header); c != NULL; c = CMSG_NXTHDR (header, c))
    gudpx_ancillary_parse (ancillary, c->cmsg_level, c->cmsg_type, CMSG_DATA (c),
                           c->cmsg_len - CMSG_LEN (0));
}

static void
finish_message (Scratch *scratch, guint i)
{
  GudpxIncoming *incoming = &scratch->incoming[i];
  struct msghdr *header = &scratch->messages[i].msg_hdr;

  incoming->data = header->msg_iov->iov_base;
  incoming->original_size = scratch->messages[i].msg_len;
  incoming->size = MIN (incoming->original_size, header->msg_iov->iov_len);
  gudpx_native_address_set_length (&incoming->sender, header->msg_namelen);
  parse_control (header, &incoming->ancillary);
}

GudpxBatch *
gudpx_socket_io_receive (GudpxLink *link, gsize max_size, int *errsv)
{
  GudpxLinuxLink *self = (GudpxLinuxLink *) link;
  gsize size = self->parent.is_unix ? max_size : MAX (max_size, UDP_BUFFER_SIZE);
  guint n_wanted = CLAMP (BATCH_BYTES / MAX (self->largest, 1), 4, GUDPX_LINK_BATCH);
  /* Descriptors that are sent to a UNIX socket come by control messages. Without room for such a
   * message the kernel does not open them. */
  Scratch *scratch = scratch_acquire (size, !self->parent.is_unix);
  guint n_tries = 0;
  int n;

  if (self->parent.lacks_number)
    gudpx_socket_link_find_number (&self->parent);

  for (guint i = 0; i < n_wanted; i++)
    scratch->vectors[i].iov_len = size;
  do
    n = gudpx_mmsg_receive (self->parent.parent.fd, scratch->messages, n_wanted,
                            MSG_DONTWAIT | MSG_TRUNC | MSG_CMSG_CLOEXEC);
  while (n < 0 && gudpx_socket_link_may_retry (&self->parent, &n_tries, errno));

  if (n <= 0)
    {
      *errsv = n < 0 ? errno : EAGAIN;
      scratch_release (scratch);
      return NULL;
    }

  self->largest = 0;
  for (int i = 0; i < n; i++)
    {
      finish_message (scratch, i);
      self->largest = MAX (self->largest, scratch->incoming[i].size);
      if (scratch->incoming[i].ancillary.segment_size > 0)
        link->statistics->joined_received++;
    }
  link->statistics->receive_batches++;
  scratch->n_used = n;
  scratch->parent.n_incoming = n;
  scratch->parent.may_have_more = (guint) n == n_wanted;
  return &scratch->parent;
}

void
gudpx_socket_io_release (GudpxLink *link, GudpxBatch *batch)
{
  scratch_release ((Scratch *) batch);
}
