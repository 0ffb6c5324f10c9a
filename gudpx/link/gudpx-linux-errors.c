/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The error queue of a socket (ip(7), IP_RECVERR), the number of its drops, and its start. */

#include <string.h>
#include <time.h>

#include <linux/errqueue.h>
#include <linux/sock_diag.h>
#include <netinet/udp.h>

#include "gudpx-linux-private.h"

/* An error queue may hold other messages than errors. One call passes over this number of them. */
#define MAX_OTHER_MESSAGES 64

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

/* Parses an error that the network sent. The queue also has local errors, which the call to send
 * has returned, and timestamps: these leave @error as it is. */
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

/* Reads one message of the error queue. Returns 0 if there was one; its errno stays 0 if it is not
 * an error of the network. */
static int
read_error_queue (GudpxSocketLink *self, GudpxLinkError *error)
{
  guint8 control[GUDPX_ANCILLARY_SPACE] __attribute__ ((aligned (8)));
  /* Without a vector, emulators of user programs return 0 and leave the message. */
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

  if (recvmsg (self->parent.fd, &header, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
    return errno;
  if ((header.msg_flags & MSG_ERRQUEUE) == 0)
    return EAGAIN;

  parse_error (&header, error);
  error->destination.length = header.msg_namelen;
  return 0;
}

/* Takes the next error of the error queue. EAGAIN: the queue is empty. Another errno: the queue
 * cannot be read. */
static int
take_queued_error (GudpxSocketLink *self, GudpxLinkError *error)
{
  int errsv = 0;

  for (guint n = 0; n < MAX_OTHER_MESSAGES && errsv == 0 && error->errsv == 0; n++)
    {
      error->destination.length = 0;
      for (guint n_tries = 0; n_tries <= GUDPX_SOCKET_LINK_MAX_RETRIES; n_tries++)
        {
          errsv = read_error_queue (self, error);
          if (errsv != EINTR)
            break;
        }
    }
  return error->errsv != 0 ? 0 : errsv != 0 ? errsv : EAGAIN;
}

gboolean
gudpx_socket_io_take_error (GudpxLink *link, GudpxLinkError *error)
{
  GudpxSocketLink *self = (GudpxSocketLink *) link;
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
  return getsockopt (self->parent.fd, SOL_SOCKET, SO_ERROR, &error->errsv, &size) == 0 &&
         error->errsv != 0 &&
         !(self->has_error_queue && gudpx_link_errno_is_asynchronous (error->errsv));
}

guint32
gudpx_socket_io_get_drops (GudpxSocketLink *self)
{
  guint32 info[SK_MEMINFO_VARS] = { 0 };
  socklen_t size = sizeof info;

  if (getsockopt (self->parent.fd, SOL_SOCKET, SO_MEMINFO, info, &size) != 0)
    return 0;
  return info[SK_MEMINFO_DROPS];
}

/* The kernel puts errors into the queue if the socket has a peer, or with report-errors. */
void
gudpx_socket_io_update_errors (GudpxSocketLink *self)
{
  int value = gudpx_link_has_peer (&self->parent) || self->reports_errors;
  int fd = self->parent.fd;

  if (self->is_unix)
    return;

  self->has_error_queue =
      setsockopt (fd, IPPROTO_IP, IP_RECVERR, &value, sizeof value) == 0 && value;
  if (self->is_ipv6)
    self->has_error_queue =
        setsockopt (fd, IPPROTO_IPV6, IPV6_RECVERR, &value, sizeof value) == 0 && value;
}

gboolean
gudpx_socket_io_can_report (void)
{
  return TRUE;
}

/* A kernel without UDP_SEGMENT would send a run as one datagram. */
static gboolean
can_segment (int fd)
{
  int value;
  socklen_t size = sizeof value;

  return getsockopt (fd, IPPROTO_UDP, UDP_SEGMENT, &value, &size) == 0;
}

GudpxSocketLink *
gudpx_socket_io_new (void)
{
  GudpxLinuxLink *self = g_new0 (GudpxLinuxLink, 1);

  self->limits.max_run = GUDPX_LINK_MAX_RUN;
  return &self->parent;
}

void
gudpx_socket_io_free (GudpxSocketLink *self)
{
  g_free (self);
}

/* Processes that share an adopted socket do not expect joined datagrams. */
void
gudpx_socket_io_start (GudpxSocketLink *self)
{
  if (self->is_unix)
    return;

  if (!self->is_adopted)
    setsockopt (self->parent.fd, IPPROTO_UDP, UDP_GRO, &(int){ TRUE }, sizeof (int));
  if (!self->parent.is_renewed && can_segment (self->parent.fd))
    ((GudpxLinuxLink *) self)->limits.max_segment = GUDPX_LINK_MAX_RUN_SIZE;
}
