/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The lower limit: recvmmsg(2) and sendmmsg(2) in a loop. The variant “offload” uses UDP_GRO, and
 * UDP_SEGMENT for consecutive datagrams to one destination. */

#include "subject.h"

#include <errno.h>
#include <netinet/udp.h>
#include <stdbool.h>
#include <sys/epoll.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

#define BATCH 64
#define BUFFER_SIZE 65536
#define MAX_SEGMENTS 64
#define MAX_SEGMENTED_SIZE 65000

/* A datagram, or several joined datagrams of one size. */
typedef struct
{
  struct sockaddr_in sender;
  char *data;
  size_t size;
  size_t segment_size;
} Received;

typedef struct
{
  struct mmsghdr messages[BATCH];
  struct iovec vectors[BATCH][MAX_SEGMENTS];
  char control[BATCH][CMSG_SPACE (sizeof (uint16_t))] __attribute__ ((aligned (8)));
  size_t segment_sizes[BATCH];
  size_t sizes[BATCH];
  unsigned n;
} Outbox;

static char buffers[BATCH][BUFFER_SIZE];
static char control[BATCH][CMSG_SPACE (sizeof (int))] __attribute__ ((aligned (8)));
static Received received[BATCH];
static Outbox outbox;
static bool offload;
static int fd;

static void
flush_outbox (void)
{
  for (unsigned i = 0; i < outbox.n; i++)
    {
      struct msghdr *header = &outbox.messages[i].msg_hdr;
      struct cmsghdr *message = (struct cmsghdr *) (void *) outbox.control[i];
      uint16_t segment_size = outbox.segment_sizes[i];

      if (outbox.sizes[i] <= segment_size)
        continue;
      message->cmsg_level = IPPROTO_UDP;
      message->cmsg_type = UDP_SEGMENT;
      message->cmsg_len = CMSG_LEN (sizeof segment_size);
      memcpy (CMSG_DATA (message), &segment_size, sizeof segment_size);
      header->msg_control = message;
      header->msg_controllen = sizeof outbox.control[i];
    }
  for (unsigned done = 0; done < outbox.n;)
    {
      int n = sendmmsg (fd, outbox.messages + done, outbox.n - done, 0);

      if (n > 0)
        done += n;
      else if (errno != EINTR)
        subject_die ("sendmmsg");
    }
  outbox.n = 0;
}

static bool
join_last (struct sockaddr_in *destination, char *data, size_t size)
{
  unsigned last = outbox.n - 1;
  struct msghdr *header;

  if (!offload || outbox.n == 0 || outbox.segment_sizes[last] != size ||
      outbox.sizes[last] + size > MAX_SEGMENTED_SIZE)
    return false;
  header = &outbox.messages[last].msg_hdr;
  if (header->msg_iovlen == MAX_SEGMENTS ||
      memcmp (header->msg_name, destination, sizeof *destination) != 0)
    return false;

  header->msg_iov[header->msg_iovlen++] = (struct iovec){ data, size };
  outbox.sizes[last] += size;
  return true;
}

static void
put_into_outbox (struct sockaddr_in *destination, char *data, size_t size, size_t segment_size)
{
  unsigned i;

  if (size == segment_size && join_last (destination, data, size))
    return;
  if (outbox.n == BATCH)
    flush_outbox ();

  i = outbox.n++;
  outbox.vectors[i][0] = (struct iovec){ data, size };
  outbox.messages[i].msg_hdr = (struct msghdr){
    .msg_name = destination,
    .msg_namelen = sizeof *destination,
    .msg_iov = outbox.vectors[i],
    .msg_iovlen = 1,
  };
  outbox.segment_sizes[i] = segment_size;
  outbox.sizes[i] = size;
}

static size_t
find_segment_size (struct msghdr *header, size_t size)
{
  for (struct cmsghdr *c = CMSG_FIRSTHDR (header); c != NULL; c = CMSG_NXTHDR (header, c))
    {
      int segment_size;

      if (c->cmsg_level != IPPROTO_UDP || c->cmsg_type != UDP_GRO)
        continue;
      memcpy (&segment_size, CMSG_DATA (c), sizeof segment_size);
      return segment_size;
    }
  return size;
}

static int
receive_batch (int flags)
{
  struct iovec vectors[BATCH];
  struct mmsghdr messages[BATCH];
  int n;

  for (unsigned i = 0; i < BATCH; i++)
    {
      vectors[i] = (struct iovec){ buffers[i], BUFFER_SIZE };
      messages[i].msg_hdr = (struct msghdr){
        .msg_name = &received[i].sender,
        .msg_namelen = sizeof received[i].sender,
        .msg_iov = &vectors[i],
        .msg_iovlen = 1,
        .msg_control = offload ? control[i] : NULL,
        .msg_controllen = offload ? sizeof control[i] : 0,
      };
    }
  n = recvmmsg (fd, messages, BATCH, flags, NULL);
  for (int i = 0; i < n; i++)
    {
      received[i].data = buffers[i];
      received[i].size = messages[i].msg_len;
      received[i].segment_size = find_segment_size (&messages[i].msg_hdr, messages[i].msg_len);
    }
  return n;
}

static void
serve (int flags, unsigned n_answers)
{
  int n = receive_batch (flags);

  for (int i = 0; i < n; i++)
    for (unsigned j = 0; j < n_answers; j++)
      put_into_outbox (&received[i].sender, received[i].data, received[i].size,
                       received[i].segment_size);
  flush_outbox ();
}

static int
listen_on (uint16_t port)
{
  struct sockaddr_in address = subject_address (port);
  int one = 1;

  fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || bind (fd, (struct sockaddr *) &address, sizeof address) < 0)
    subject_die ("bind");
  if (offload && setsockopt (fd, IPPROTO_UDP, UDP_GRO, &one, sizeof one) < 0)
    subject_die ("UDP_GRO");
  return fd;
}

_Noreturn static void
serve_many (const SubjectOptions *options)
{
  int epoll = epoll_create1 (EPOLL_CLOEXEC);

  for (unsigned i = 0; i < options->n_ports; i++)
    {
      struct epoll_event event = { .events = EPOLLIN };

      event.data.fd = listen_on (options->port + i);
      if (epoll_ctl (epoll, EPOLL_CTL_ADD, event.data.fd, &event) < 0)
        subject_die ("epoll_ctl");
    }
  subject_ready ();
  while (true)
    {
      struct epoll_event events[BATCH];
      int n = epoll_wait (epoll, events, BATCH, -1);

      for (int i = 0; i < n; i++)
        {
          fd = events[i].data.fd;
          serve (MSG_DONTWAIT, options->n_answers);
        }
    }
}

int
main (int argc, char **argv)
{
  SubjectOptions options = subject_parse (argc, argv);

  offload = strcmp (options.variant, "offload") == 0;
  if (options.n_ports > 1)
    serve_many (&options);

  listen_on (options.port);
  subject_set_buffers (fd);
  subject_ready ();
  while (true)
    serve (MSG_WAITFORONE, options.n_answers);
}
