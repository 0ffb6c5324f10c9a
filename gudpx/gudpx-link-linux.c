/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* recvmmsg(2), sendmmsg(2), segmentation offload (udp(7), UDP_GRO and UDP_SEGMENT), control
 * messages and the error queue (ip(7), IP_RECVERR). */

#include <string.h>
#include <time.h>

#include <linux/errqueue.h>
#include <linux/sock_diag.h>
#include <netinet/udp.h>

#include "gudpx-link-private.h"
#include "gudpx-mmsg-private.h"
#include "gudpx-socket-private.h"

/* An error left by an earlier datagram is taken away by the call that it fails, so the next try is
 * for the datagram itself. More than a few in a row are its own. */
#define MAX_RETRIES 4

/* What older kernels send as one. */
#define OLD_MAX_RUN 64

/* Room for a whole message of UDP, joined ones included, whatever the size of one datagram is. */
#define UDP_BUFFER_SIZE 65536
/* An error queue may hold other messages than errors. One call passes over so many of them. */
#define MAX_OTHER_MESSAGES 64
/* One call reads about so much at most. */
#define BATCH_BYTES (256 * 1024)

/* What the kernel does not refuse to send as one. */
typedef struct
{
  gsize max_segment;
  guint max_run;
} RunLimits;

typedef struct
{
  GudpxLink parent;
  GSocket *socket;
  int fd;
  gboolean is_ipv6;
  gboolean is_unix;
  gboolean is_shared;
  gboolean has_error_queue; /* which has them all: what a call returns is but a copy */
  gboolean reports_errors;  /* without a peer, too */
  gsize largest; /* message of the last batch: how many of them are worth a call */
  RunLimits limits;
} LinuxLink;

/* What recvmmsg() fills. A thread has as many as are in use at a time, which is one but for nested
 * main loops and paused ports: ports cost no buffers while they wait. */
typedef struct
{
  GudpxBatch parent;
  guint8 *buffers;
  gsize buffer_size;
  gsize stride;
  guint n_used; /* the last time: what the kernel may have changed */
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

/* Takes the one of this thread, or a new one if that is in use. */
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

/* Whether the call is worth another try: what failed it was meant for an earlier datagram. */
static gboolean
absorb_error (LinuxLink *self, int errsv)
{
  if (errsv == EINTR)
    return TRUE;
  if (self->is_unix || !gudpx_link_errno_is_asynchronous (errsv))
    return FALSE;

  if (!self->has_error_queue)
    self->parent.pending_errsv = errsv;
  return TRUE;
}

static GudpxBatch *
linux_receive (GudpxLink *link, gsize max_size, int *errsv)
{
  LinuxLink *self = (LinuxLink *) link;
  gsize size = self->is_unix ? max_size : MAX (max_size, UDP_BUFFER_SIZE);
  guint n_wanted = CLAMP (BATCH_BYTES / MAX (self->largest, 1), 4, GUDPX_LINK_BATCH);
  /* Descriptors that are sent to a UNIX socket come by control messages. The kernel opens none of
   * them where there is no room for such a message. */
  Scratch *scratch = scratch_acquire (size, !self->is_unix);
  guint n_tries = 0;
  int n;

  for (guint i = 0; i < n_wanted; i++)
    scratch->vectors[i].iov_len = size;
  do
    n = gudpx_mmsg_receive (self->fd, scratch->messages, n_wanted,
                            MSG_DONTWAIT | MSG_TRUNC | MSG_CMSG_CLOEXEC);
  while (n < 0 && n_tries++ < MAX_RETRIES && absorb_error (self, errno));

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

static void
linux_release (GudpxLink *link, GudpxBatch *batch)
{
  scratch_release ((Scratch *) batch);
}

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

/* What one sendmmsg() sends: datagrams, or runs of them as one message each. */
typedef struct
{
  guint n_messages;
  guint n_datagrams[GUDPX_LINK_BATCH]; /* of each message */
  struct mmsghdr messages[GUDPX_LINK_BATCH];
  GOutputVector segments[GUDPX_LINK_BATCH]; /* of runs that leave in parts */
  guint8 control[GUDPX_LINK_BATCH][GUDPX_ANCILLARY_SEND_SPACE] __attribute__ ((aligned (8)));
} Outbox;

/* What is left to send. */
typedef struct
{
  const GudpxOutgoing *outgoing;
  guint n_outgoing;
  guint n_gone; /* datagrams of the first */
} Rest;

static guint
count_left (const Rest *rest)
{
  return MAX (rest->outgoing->n_datagrams, 1) - rest->n_gone;
}

static void
skip (Rest *rest, guint n_datagrams)
{
  while (n_datagrams > 0)
    {
      guint n_left = count_left (rest);

      if (n_datagrams < n_left)
        {
          rest->n_gone += n_datagrams;
          return;
        }
      n_datagrams -= n_left;
      rest->outgoing++;
      rest->n_outgoing--;
      rest->n_gone = 0;
    }
}

/* How many of the first datagrams leave as one. */
static guint
get_run (LinuxLink *self, const Rest *rest, gboolean may_join)
{
  return may_join && rest->outgoing->segment_size <= self->limits.max_segment
             ? MIN (count_left (rest), self->limits.max_run)
             : 1;
}

static void
add_destination (LinuxLink *self, Outbox *outbox, const GudpxOutgoing *outgoing)
{
  struct msghdr *header = &outbox->messages[outbox->n_messages].msg_hdr;
  GudpxControlMessage control[GUDPX_ANCILLARY_MAX_MESSAGES];
  guint n_control = gudpx_ancillary_build (outgoing->ancillary, self->is_ipv6,
                                           gudpx_link_goes_to_ipv4 (&self->parent, outgoing), control);

  *header = (struct msghdr){ .msg_control = outbox->control[outbox->n_messages] };
  if (outgoing->destination != NULL)
    {
      header->msg_name = (gpointer) &outgoing->destination->u;
      header->msg_namelen = outgoing->destination->length;
    }
  for (guint i = 0; i < n_control; i++)
    memcpy (add_control (header, control[i].level, control[i].type, control[i].size),
            control[i].data, control[i].size);
}

static void
add_payload (Outbox *outbox, const Rest *rest, guint n_datagrams)
{
  struct msghdr *header = &outbox->messages[outbox->n_messages].msg_hdr;
  GOutputVector *vector = &outbox->segments[outbox->n_messages];
  const GudpxOutgoing *outgoing = rest->outgoing;
  guint16 segment_size = outgoing->segment_size;

  header->msg_iov = (struct iovec *) outgoing->vectors;
  header->msg_iovlen = outgoing->n_vectors;
  if (outgoing->n_datagrams > 1)
    {
      *vector = gudpx_outgoing_get_segments (outgoing, rest->n_gone, n_datagrams);
      header->msg_iov = (struct iovec *) vector;
    }
  if (n_datagrams > 1)
    memcpy (add_control (header, IPPROTO_UDP, UDP_SEGMENT, sizeof segment_size), &segment_size,
            sizeof segment_size);
}

static void
add_message (LinuxLink *self, Outbox *outbox, const Rest *rest, guint n_datagrams)
{
  struct msghdr *header = &outbox->messages[outbox->n_messages].msg_hdr;

  add_destination (self, outbox, rest->outgoing);
  add_payload (outbox, rest, n_datagrams);
  if (header->msg_controllen == 0)
    header->msg_control = NULL;
  outbox->n_datagrams[outbox->n_messages++] = n_datagrams;
}

static void
fill_outbox (LinuxLink *self, Outbox *outbox, Rest rest, gboolean may_join)
{
  outbox->n_messages = 0;
  while (rest.n_outgoing > 0 && outbox->n_messages < GUDPX_LINK_BATCH)
    {
      guint n_datagrams = get_run (self, &rest, may_join);

      add_message (self, outbox, &rest, n_datagrams);
      skip (&rest, n_datagrams);
    }
}

/* A run was refused that would not be in parts, by an older kernel, or if it was sent one by one:
 * an interface without checksum offload, or datagrams that do not fit into a packet of the path.
 * Such are not tried again. */
static gboolean
give_up_segmenting (LinuxLink *self, const Outbox *outbox, const Rest *rest, int errsv)
{
  if (outbox->n_datagrams[0] == 1 || (errsv != EIO && errsv != EINVAL && errsv != EMSGSIZE))
    return FALSE;

  if (errsv == EINVAL && outbox->n_datagrams[0] > OLD_MAX_RUN)
    self->limits.max_run = OLD_MAX_RUN;
  else
    self->limits.max_segment = errsv == EIO ? 0 : rest->outgoing->segment_size - 1;
  return TRUE;
}

/* How many datagrams left. */
static guint
send_outbox (LinuxLink *self, Outbox *outbox, int *errsv)
{
  guint n_tries = 0;
  guint n_sent = 0;
  int n;

  do
    n = gudpx_mmsg_send (self->fd, outbox->messages, outbox->n_messages,
                         MSG_DONTWAIT | MSG_NOSIGNAL);
  while (n < 0 && n_tries++ < MAX_RETRIES && absorb_error (self, errno));

  if (n <= 0)
    {
      /* A call that is interrupted again and again, or that sends nothing, is tried again later. */
      *errsv = n < 0 && errno != EINTR ? errno : EAGAIN;
      /* Failing all the time is this datagram's own error. */
      if (n_tries > MAX_RETRIES)
        self->parent.pending_errsv = 0;
      return 0;
    }

  self->parent.statistics->send_batches++;
  for (int i = 0; i < n; i++)
    {
      n_sent += outbox->n_datagrams[i];
      if (outbox->n_datagrams[i] > 1)
        self->parent.statistics->joined_sent++;
    }
  return n_sent;
}

static guint
linux_send (GudpxLink *link,
            const GudpxOutgoing *outgoing,
            guint n_outgoing,
            gboolean may_join,
            int *errsv)
{
  LinuxLink *self = (LinuxLink *) link;
  Rest rest = { outgoing, n_outgoing, 0 };
  Outbox outbox;
  RunLimits limits = self->limits; /* that are sure */
  int refusal = 0; /* of a run */
  guint n_sent = 0;

  *errsv = 0;
  while (rest.n_outgoing > 0)
    {
      guint n;

      fill_outbox (self, &outbox, rest, may_join);
      n = send_outbox (self, &outbox, errsv);
      if (n == 0 && !give_up_segmenting (self, &outbox, &rest, *errsv))
        {
          /* Alone it is refused as well: it was not for being a run. */
          if (*errsv == refusal)
            self->limits = limits;
          break;
        }
      if (n > 0)
        limits = self->limits;
      refusal = *errsv;
      *errsv = 0;
      skip (&rest, n);
      n_sent += n;
    }
  return n_sent;
}

static void
parse_offender (const struct sockaddr *offender, gsize size, GudpxNativeAddress *native)
{
  gsize length = 0;

  if (size >= sizeof (struct sockaddr_in) && offender->sa_family == AF_INET)
    length = sizeof (struct sockaddr_in);
  else if (size >= sizeof (struct sockaddr_in6) && offender->sa_family == AF_INET6)
    length = sizeof (struct sockaddr_in6);

  native->length = length;
  memcpy (&native->u, offender, length);
}

/* What the kernel says of a datagram that was sent; not the local errors, which its sending
 * returned, and nothing that is no error. */
static void
parse_error (struct msghdr *header, GudpxLinkError *error)
{
  for (struct cmsghdr *c = CMSG_FIRSTHDR (header); c != NULL; c = CMSG_NXTHDR (header, c))
    {
      struct sock_extended_err extended;

      if (!((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) ||
            (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR)))
        continue;

      memcpy (&extended, CMSG_DATA (c), sizeof extended);
      if (extended.ee_origin != SO_EE_ORIGIN_ICMP && extended.ee_origin != SO_EE_ORIGIN_ICMP6)
        continue;
      error->errsv = extended.ee_errno;
      error->is_icmp = TRUE;
      error->icmp_type = extended.ee_type;
      error->icmp_code = extended.ee_code;
      error->path_mtu = extended.ee_errno == EMSGSIZE ? extended.ee_info : 0;
      parse_offender (SO_EE_OFFENDER ((struct sock_extended_err *) (gpointer) CMSG_DATA (c)),
                      c->cmsg_len - CMSG_LEN (sizeof extended), &error->offender);
    }
}

/* Reads one message of the error queue. 0: there was one, FALSE in @is_error if it is none that the
 * network sent. */
static int
read_error_queue (LinuxLink *self, GudpxLinkError *error)
{
  guint8 control[GUDPX_ANCILLARY_SPACE] __attribute__ ((aligned (8)));
  /* Emulators of user programs answer 0, and take no message, where there is no vector. */
  guint8 byte;
  struct iovec vector = { &byte, sizeof byte };
  struct msghdr header = {
    .msg_name = &error->destination.u,
    .msg_namelen = sizeof error->destination.u,
    .msg_iov = &vector,
    .msg_iovlen = 1,
    .msg_control = control,
    .msg_controllen = sizeof control,
  };

  if (recvmsg (self->fd, &header, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
    return errno;
  if ((header.msg_flags & MSG_ERRQUEUE) == 0)
    return EAGAIN;

  parse_error (&header, error);
  error->destination.length = header.msg_namelen;
  return 0;
}

/* The next error of the error queue. EAGAIN: there is none; else the queue cannot be read. */
static int
take_queued_error (LinuxLink *self, GudpxLinkError *error)
{
  int errsv = 0;

  for (guint n = 0; n < MAX_OTHER_MESSAGES && errsv == 0 && error->errsv == 0; n++)
    {
      error->destination.length = 0;
      for (guint n_tries = 0; n_tries <= MAX_RETRIES; n_tries++)
        {
          errsv = read_error_queue (self, error);
          if (errsv != EINTR)
            break;
        }
    }
  return error->errsv != 0 ? 0 : errsv != 0 ? errsv : EAGAIN;
}

static gboolean
linux_take_error (GudpxLink *link, GudpxLinkError *error)
{
  LinuxLink *self = (LinuxLink *) link;
  socklen_t size = sizeof error->errsv;
  int absorbed = self->parent.pending_errsv;
  int errsv;

  self->parent.pending_errsv = 0;
  *error = (GudpxLinkError){ 0 };
  errsv = self->is_unix ? EAGAIN : take_queued_error (self, error);
  if (errsv == 0)
    return TRUE;

  error->destination.length = 0;
  if (absorbed != 0)
    {
      error->errsv = absorbed;
      return TRUE;
    }
  if (errsv != EAGAIN)
    {
      error->errsv = errsv;
      error->is_of_reading = TRUE;
      return TRUE;
    }
  return getsockopt (self->fd, SOL_SOCKET, SO_ERROR, &error->errsv, &size) == 0 &&
         error->errsv != 0 &&
         !(self->has_error_queue && gudpx_link_errno_is_asynchronous (error->errsv));
}

static guint32
linux_get_drops (GudpxLink *link)
{
  guint32 info[SK_MEMINFO_VARS] = { 0 };
  socklen_t size = sizeof info;

  if (getsockopt (((LinuxLink *) link)->fd, SOL_SOCKET, SO_MEMINFO, info, &size) != 0)
    return 0;
  return info[SK_MEMINFO_DROPS];
}

/* Errors go to the queue with a peer, or where they are asked for. */
static void
update_error_queue (LinuxLink *self)
{
  int value = gudpx_link_has_peer (&self->parent) || self->reports_errors;

  if (self->is_unix)
    return;

  self->has_error_queue =
      setsockopt (self->fd, IPPROTO_IP, IP_RECVERR, &value, sizeof value) == 0 && value;
  if (self->is_ipv6)
    self->has_error_queue =
        setsockopt (self->fd, IPPROTO_IPV6, IPV6_RECVERR, &value, sizeof value) == 0 && value;
}

static void
ask_for_joined (LinuxLink *self)
{
  if (!self->is_shared)
    setsockopt (self->fd, IPPROTO_UDP, UDP_GRO, &(int){ TRUE }, sizeof (int));
}

static void
linux_renewed (GudpxLink *link)
{
  LinuxLink *self = (LinuxLink *) link;

  ask_for_joined (self);
  update_error_queue (self);
}

static gboolean
linux_reconnect (GudpxLink *link, int *errsv)
{
  return gudpx_socket_connect (((LinuxLink *) link)->socket, &link->named_peer, errsv);
}

static void
linux_connected (GudpxLink *link, const GudpxNativeAddress *peer)
{
  gudpx_link_set_peer (link, peer);
  update_error_queue ((LinuxLink *) link);
}

static void
linux_report_errors (GudpxLink *link, gboolean report_errors)
{
  LinuxLink *self = (LinuxLink *) link;

  self->reports_errors = report_errors;
  update_error_queue (self);
}

gboolean
gudpx_link_can_report_errors (void)
{
  return TRUE;
}

/* The others who have the socket did not ask for an error queue. */
static void
linux_free (GudpxLink *link)
{
  LinuxLink *self = (LinuxLink *) link;

  if (self->is_shared && self->has_error_queue && !link->is_inherited)
    {
      self->reports_errors = FALSE;
      link->peer.length = 0;
      update_error_queue (self);
    }
  g_free (self);
}

static const GudpxLinkFuncs linux_io_funcs = {
  .receive = linux_receive,
  .release = linux_release,
  .send = linux_send,
  .take_error = linux_take_error,
  .get_drops = linux_get_drops,
  .renewed = linux_renewed,
  .reconnect = linux_reconnect,
  .connected = linux_connected,
  .report_errors = linux_report_errors,
  .free = linux_free,
};

/* A kernel that does not know it would send a run as one datagram. */
static gboolean
can_segment (int fd)
{
  int value;
  socklen_t size = sizeof value;

  return getsockopt (fd, IPPROTO_UDP, UDP_SEGMENT, &value, &size) == 0;
}

GudpxLink *
gudpx_link_new_for_socket (GSocket *socket, gboolean is_shared, GudpxStatistics *statistics)
{
  LinuxLink *self = g_new0 (LinuxLink, 1);

  self->parent.funcs = &linux_io_funcs;
  self->parent.statistics = statistics;
  self->limits.max_run = GUDPX_LINK_MAX_RUN;
  self->socket = socket;
  self->fd = g_socket_get_fd (socket);
  self->is_ipv6 = g_socket_get_family (socket) == G_SOCKET_FAMILY_IPV6;
  self->is_unix = g_socket_get_family (socket) == G_SOCKET_FAMILY_UNIX;
  if (!self->is_unix)
    {
      self->is_shared = is_shared;
      ask_for_joined (self);
      self->limits.max_segment = can_segment (self->fd) ? GUDPX_LINK_MAX_RUN_SIZE : 0;
    }
  return &self->parent;
}
