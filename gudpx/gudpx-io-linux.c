/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* recvmmsg(2), sendmmsg(2), control messages and the error queue (ip(7), IP_RECVERR). */

#include <string.h>
#include <time.h>

#include <linux/errqueue.h>

#include "gudpx-io-private.h"

/* An error left by an earlier datagram is taken away by the call that it fails, so the next try is
 * for the datagram itself. More than a few in a row are its own. */
#define MAX_RETRIES 4

typedef struct
{
  GudpxIo parent;
  int fd;
  gboolean is_ipv6;
  gboolean is_unix;
  gboolean has_error_queue; /* which has them all: what a call returns is but a copy */
} LinuxIo;

/* What recvmmsg() fills, one set for each thread: ports cost no buffers while they wait. */
typedef struct
{
  guint8 *buffers;
  gsize buffer_size;
  struct mmsghdr messages[GUDPX_IO_BATCH];
  struct iovec vectors[GUDPX_IO_BATCH];
  guint8 control[GUDPX_IO_BATCH][GUDPX_ANCILLARY_SPACE] __attribute__ ((aligned (8)));
  GudpxIncoming incoming[GUDPX_IO_BATCH];
} Scratch;

static void
scratch_free (gpointer data)
{
  Scratch *scratch = data;

  g_free (scratch->buffers);
  g_free (scratch);
}

static GPrivate thread_scratch = G_PRIVATE_INIT (scratch_free);

static Scratch *
get_scratch (gsize size)
{
  Scratch *scratch = g_private_get (&thread_scratch);

  if (scratch == NULL)
    {
      scratch = g_new0 (Scratch, 1);
      g_private_set (&thread_scratch, scratch);
    }
  if (scratch->buffer_size < size)
    {
      g_free (scratch->buffers);
      scratch->buffers = g_malloc (size * GUDPX_IO_BATCH);
      scratch->buffer_size = size;
    }
  return scratch;
}

static void
prepare_message (Scratch *scratch, guint i, gsize max_size)
{
  scratch->vectors[i].iov_base = scratch->buffers + i * scratch->buffer_size;
  scratch->vectors[i].iov_len = max_size;
  scratch->messages[i].msg_hdr = (struct msghdr){
    .msg_name = &scratch->incoming[i].sender.u,
    .msg_namelen = sizeof scratch->incoming[i].sender.u,
    .msg_iov = &scratch->vectors[i],
    .msg_iovlen = 1,
    .msg_control = scratch->control[i],
    .msg_controllen = sizeof scratch->control[i],
  };
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
finish_message (Scratch *scratch, guint i, gsize max_size)
{
  GudpxIncoming *incoming = &scratch->incoming[i];
  struct msghdr *header = &scratch->messages[i].msg_hdr;

  incoming->data = header->msg_iov->iov_base;
  incoming->original_size = scratch->messages[i].msg_len;
  incoming->size = MIN (incoming->original_size, max_size);
  incoming->sender.length = header->msg_namelen;
  parse_control (header, &incoming->ancillary);
}

/* Whether the call is worth another try: what failed it was meant for an earlier datagram. */
static gboolean
absorb_error (LinuxIo *self, int errsv)
{
  if (errsv == EINTR)
    return TRUE;
  if (self->is_unix || !gudpx_io_errno_is_asynchronous (errsv))
    return FALSE;

  if (!self->has_error_queue)
    self->parent.absorbed_errsv = errsv;
  return TRUE;
}

static int
linux_receive (GudpxIo *io,
               gsize max_size,
               guint max_datagrams,
               const GudpxIncoming **incoming,
               int *errsv)
{
  LinuxIo *self = (LinuxIo *) io;
  Scratch *scratch = get_scratch (max_size);
  guint n_wanted = MIN (max_datagrams, GUDPX_IO_BATCH);
  guint n_tries = 0;
  int n;

  for (guint i = 0; i < n_wanted; i++)
    prepare_message (scratch, i, max_size);

  do
    n = recvmmsg (self->fd, scratch->messages, n_wanted, MSG_DONTWAIT | MSG_TRUNC, NULL);
  while (n < 0 && n_tries++ < MAX_RETRIES && absorb_error (self, errno));

  if (n < 0)
    *errsv = errno;
  for (int i = 0; i < n; i++)
    finish_message (scratch, i, max_size);
  *incoming = scratch->incoming;
  return n;
}

static gsize
write_control (const GudpxAncillary *ancillary, gboolean is_ipv6, guint8 *control)
{
  GudpxControlMessage messages[GUDPX_ANCILLARY_MAX_MESSAGES];
  guint n = gudpx_ancillary_build (ancillary, is_ipv6, messages);
  gsize used = 0;

  for (guint i = 0; i < n; i++)
    {
      struct cmsghdr *c = (struct cmsghdr *) (gpointer) (control + used);

      memset (c, 0, CMSG_SPACE (messages[i].size));
      c->cmsg_level = messages[i].level;
      c->cmsg_type = messages[i].type;
      c->cmsg_len = CMSG_LEN (messages[i].size);
      memcpy (CMSG_DATA (c), messages[i].data, messages[i].size);
      used += CMSG_SPACE (messages[i].size);
    }
  return used;
}

static guint
send_batch (LinuxIo *self, const GudpxOutgoing *outgoing, guint n_outgoing, int *errsv)
{
  struct mmsghdr messages[GUDPX_IO_BATCH] = { 0 };
  guint8 control[GUDPX_IO_BATCH][CMSG_SPACE (sizeof (struct in6_pktinfo))]
      __attribute__ ((aligned (8)));
  guint n_tries = 0;
  int n;

  for (guint i = 0; i < n_outgoing; i++)
    {
      struct msghdr *header = &messages[i].msg_hdr;

      header->msg_iov = (struct iovec *) outgoing[i].vectors;
      header->msg_iovlen = outgoing[i].n_vectors;
      if (outgoing[i].destination != NULL)
        {
          header->msg_name = (gpointer) &outgoing[i].destination->u;
          header->msg_namelen = outgoing[i].destination->length;
        }
      header->msg_controllen = write_control (outgoing[i].ancillary, self->is_ipv6, control[i]);
      if (header->msg_controllen > 0)
        header->msg_control = control[i];
    }

  do
    n = sendmmsg (self->fd, messages, n_outgoing, MSG_DONTWAIT | MSG_NOSIGNAL);
  while (n < 0 && n_tries++ < MAX_RETRIES && absorb_error (self, errno));

  if (n >= 0)
    return n;
  *errsv = errno;
  /* Failing all the time is this datagram's own error. */
  self->parent.absorbed_errsv = 0;
  return 0;
}

static guint
linux_send (GudpxIo *io, const GudpxOutgoing *outgoing, guint n_outgoing, int *errsv)
{
  LinuxIo *self = (LinuxIo *) io;
  guint n_sent = 0;

  while (n_sent < n_outgoing)
    {
      guint n = send_batch (self, outgoing + n_sent, MIN (n_outgoing - n_sent, GUDPX_IO_BATCH), errsv);

      if (n == 0)
        break;
      n_sent += n;
    }
  return n_sent;
}

/* What the kernel says of a datagram that was sent; not the local errors, which its sending
 * returned, and nothing that is no error. */
static int
parse_error (struct msghdr *header)
{
  for (struct cmsghdr *c = CMSG_FIRSTHDR (header); c != NULL; c = CMSG_NXTHDR (header, c))
    {
      struct sock_extended_err extended;

      if (!((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) ||
            (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR)))
        continue;

      memcpy (&extended, CMSG_DATA (c), sizeof extended);
      if (extended.ee_origin == SO_EE_ORIGIN_ICMP || extended.ee_origin == SO_EE_ORIGIN_ICMP6)
        return extended.ee_errno;
    }
  return 0;
}

static gboolean
read_error_queue (LinuxIo *self, GudpxIoError *error)
{
  guint8 control[GUDPX_ANCILLARY_SPACE] __attribute__ ((aligned (8)));
  struct msghdr header;
  gssize n;

  do
    {
      header = (struct msghdr){
        .msg_name = &error->destination.u,
        .msg_namelen = sizeof error->destination.u,
        .msg_control = control,
        .msg_controllen = sizeof control,
      };
      n = recvmsg (self->fd, &header, MSG_ERRQUEUE | MSG_DONTWAIT);
      error->errsv = n >= 0 ? parse_error (&header) : 0;
    }
  while ((n >= 0 && error->errsv == 0) || (n < 0 && errno == EINTR));

  error->destination.length = n >= 0 ? header.msg_namelen : 0;
  return n >= 0;
}

static gboolean
linux_take_error (GudpxIo *io, GudpxIoError *error)
{
  LinuxIo *self = (LinuxIo *) io;
  socklen_t size = sizeof error->errsv;
  int absorbed = self->parent.absorbed_errsv;

  self->parent.absorbed_errsv = 0;
  if (!self->is_unix && read_error_queue (self, error))
    return TRUE;

  error->destination.length = 0;
  if (absorbed != 0)
    {
      error->errsv = absorbed;
      return TRUE;
    }
  return getsockopt (self->fd, SOL_SOCKET, SO_ERROR, &error->errsv, &size) == 0 &&
         error->errsv != 0 &&
         !(self->has_error_queue && gudpx_io_errno_is_asynchronous (error->errsv));
}

static void
linux_connected (GudpxIo *io, gboolean connected)
{
  LinuxIo *self = (LinuxIo *) io;
  int value = connected;

  if (self->is_unix)
    return;

  self->has_error_queue =
      setsockopt (self->fd, IPPROTO_IP, IP_RECVERR, &value, sizeof value) == 0 && connected;
  if (self->is_ipv6)
    self->has_error_queue =
        setsockopt (self->fd, IPPROTO_IPV6, IPV6_RECVERR, &value, sizeof value) == 0 && connected;
}

static const GudpxIoFuncs linux_io_funcs = {
  linux_receive, linux_send, linux_take_error, linux_connected, (void (*) (GudpxIo *)) g_free,
};

GudpxIo *
gudpx_io_new_for_socket (GSocket *socket)
{
  LinuxIo *self = g_new0 (LinuxIo, 1);

  self->parent.funcs = &linux_io_funcs;
  self->fd = g_socket_get_fd (socket);
  self->is_ipv6 = g_socket_get_family (socket) == G_SOCKET_FAMILY_IPV6;
  self->is_unix = g_socket_get_family (socket) == G_SOCKET_FAMILY_UNIX;
  return &self->parent;
}
