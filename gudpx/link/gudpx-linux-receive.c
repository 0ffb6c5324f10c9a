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
  guint8 *memory;
  gsize buffer_size;
  gsize stride;
  gsize read_size; /* of each message */
  guint n_used; /* messages of the last call, which the kernel may have changed */
  gboolean has_control;
  struct mmsghdr messages[GUDPX_LINK_BATCH];
  struct iovec vectors[GUDPX_LINK_BATCH];
  guint8 control[GUDPX_LINK_BATCH][GUDPX_ANCILLARY_SPACE] __attribute__ ((aligned (8)));
  GudpxIncoming incoming[GUDPX_LINK_BATCH];
} ReceiveBuffers;

static void
buffers_free (gpointer data)
{
  ReceiveBuffers *buffers = data;

  g_free (buffers->memory);
  g_free (buffers);
}

static GPrivate thread_buffers = G_PRIVATE_INIT (buffers_free);

static void
prepare_message (ReceiveBuffers *buffers, guint i)
{
  buffers->messages[i].msg_hdr = (struct msghdr){
    .msg_name = &buffers->incoming[i].sender.u,
    .msg_namelen = sizeof buffers->incoming[i].sender.u,
    .msg_iov = &buffers->vectors[i],
    .msg_iovlen = 1,
    .msg_control = buffers->has_control ? buffers->control[i] : NULL,
    .msg_controllen = buffers->has_control ? sizeof buffers->control[i] : 0,
  };
}

/* Buffers at multiples of a large power of two would share a few lines of every cache. */
static void
buffers_resize (ReceiveBuffers *buffers, gsize size)
{
  g_free (buffers->memory);
  buffers->buffer_size = size;
  buffers->stride = ((size + 63) & ~(gsize) 63) + 17 * 64;
  buffers->memory = g_malloc (buffers->stride * GUDPX_LINK_BATCH);
  for (guint i = 0; i < GUDPX_LINK_BATCH; i++)
    buffers->vectors[i].iov_base = buffers->memory + i * buffers->stride;
  buffers->n_used = GUDPX_LINK_BATCH;
}

static void
buffers_set_read_size (ReceiveBuffers *buffers, gsize size)
{
  for (guint i = 0; i < GUDPX_LINK_BATCH; i++)
    buffers->vectors[i].iov_len = size;
  buffers->read_size = size;
}

/* Takes the memory of this thread, or new memory if that is in use. */
static ReceiveBuffers *
buffers_acquire (gsize size, gboolean has_control)
{
  ReceiveBuffers *buffers = g_private_get (&thread_buffers);

  if (buffers != NULL)
    g_private_set (&thread_buffers, NULL);
  else
    {
      buffers = g_new0 (ReceiveBuffers, 1);
      buffers->parent.incoming = buffers->incoming;
    }
  if (buffers->buffer_size < size)
    buffers_resize (buffers, size);
  if (buffers->read_size != size)
    buffers_set_read_size (buffers, size);
  if (buffers->has_control != has_control)
    buffers->n_used = GUDPX_LINK_BATCH;
  buffers->has_control = has_control;
  for (guint i = 0; i < buffers->n_used; i++)
    prepare_message (buffers, i);
  buffers->n_used = 0;
  return buffers;
}

static void
buffers_release (ReceiveBuffers *buffers)
{
  if (g_private_get (&thread_buffers) == NULL)
    g_private_set (&thread_buffers, buffers);
  else
    buffers_free (buffers);
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
finish_message (ReceiveBuffers *buffers, guint i)
{
  GudpxIncoming *incoming = &buffers->incoming[i];
  struct msghdr *header = &buffers->messages[i].msg_hdr;

  incoming->data = header->msg_iov->iov_base;
  incoming->original_size = buffers->messages[i].msg_len;
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
  ReceiveBuffers *buffers = buffers_acquire (size, !self->parent.is_unix);
  guint n_tries = 0;
  int n;

  if (self->parent.lacks_number)
    gudpx_socket_link_find_number (&self->parent);

  do
    n = gudpx_mmsg_receive (self->parent.parent.fd, buffers->messages, n_wanted,
                            MSG_DONTWAIT | MSG_TRUNC | MSG_CMSG_CLOEXEC);
  while (n < 0 && gudpx_socket_link_may_retry (&self->parent, &n_tries, errno));

  if (n <= 0)
    {
      *errsv = n < 0 ? errno : EAGAIN;
      buffers_release (buffers);
      return NULL;
    }

  self->largest = 0;
  for (int i = 0; i < n; i++)
    {
      finish_message (buffers, i);
      self->largest = MAX (self->largest, buffers->incoming[i].size);
      if (buffers->incoming[i].ancillary.segment_size > 0)
        link->statistics->joined_received++;
    }
  link->statistics->receive_batches++;
  buffers->n_used = n;
  buffers->parent.n_incoming = n;
  buffers->parent.may_have_more = (guint) n == n_wanted;
  return &buffers->parent;
}

void
gudpx_socket_io_release (GudpxLink *link, GudpxBatch *batch)
{
  buffers_release ((ReceiveBuffers *) batch);
}
