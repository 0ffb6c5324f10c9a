/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The only socket of the load. It sends from several addresses of 127/8, which are the peers. */

#include "load-socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

#define BATCH 64
#define MAX_SEGMENTS 64
#define MAX_SEGMENTED_SIZE 65000
#define MAX_SIZE 65536

LoadOptions options = {
  .size = 64, .window = 64, .milliseconds = 100, .peers = 1, .ports = 1,
};

static int fd;
static long next_peer;
static long next_port;

void
die (const char *what)
{
  fprintf (stderr, "load: %s: %s\n", what, strerror (errno));
  exit (1);
}

static void
set_option (int level, int name, int value)
{
  if (setsockopt (fd, level, name, &value, sizeof value) < 0)
    die ("setsockopt");
}

void
open_socket (void)
{
  struct sockaddr_in any = { .sin_family = AF_INET };

  fd = socket (AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0)
    die ("socket");
  if (options.peers == 1)
    any.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  if (bind (fd, (struct sockaddr *) &any, sizeof any) < 0)
    die ("bind");
  set_option (SOL_SOCKET, SO_RCVBUF, 8 * 1024 * 1024);
  set_option (SOL_SOCKET, SO_SNDBUF, 8 * 1024 * 1024);
  if (options.gso)
    set_option (IPPROTO_UDP, UDP_SEGMENT, options.size);
  if (options.gro)
    set_option (IPPROTO_UDP, UDP_GRO, 1);
}

static struct sockaddr_in
take_destination (void)
{
  struct sockaddr_in destination = {
    .sin_family = AF_INET,
    .sin_addr.s_addr = htonl (INADDR_LOOPBACK),
    .sin_port = htons (options.port + next_port),
  };

  next_port = (next_port + 1) % options.ports;
  return destination;
}

/* Puts the source address of the next peer into a control message. */
static void
take_source (struct msghdr *header, void *control, size_t size)
{
  struct in_pktinfo info = { .ipi_spec_dst.s_addr = htonl (0x7f000002 + next_peer) };
  struct cmsghdr *message = control;

  message->cmsg_level = IPPROTO_IP;
  message->cmsg_type = IP_PKTINFO;
  message->cmsg_len = CMSG_LEN (sizeof info);
  memcpy (CMSG_DATA (message), &info, sizeof info);
  header->msg_control = control;
  header->msg_controllen = size;
  next_peer = (next_peer + 1) % options.peers;
}

/* Sends at most one batch. Returns the number of datagrams. */
static long
send_batch (long n)
{
  static char payload[MAX_SIZE];
  static char control[BATCH][CMSG_SPACE (sizeof (struct in_pktinfo))]
      __attribute__ ((aligned (8)));
  struct sockaddr_in destinations[BATCH];
  struct iovec vectors[BATCH];
  struct mmsghdr messages[BATCH];
  long max_segments = MAX_SEGMENTED_SIZE / options.size;
  long n_sent = 0;
  int n_messages = 0;

  if (max_segments > MAX_SEGMENTS)
    max_segments = MAX_SEGMENTS;
  if (!options.gso)
    max_segments = 1;

  while (n_sent < n && n_messages < BATCH)
    {
      long n_segments = n - n_sent < max_segments ? n - n_sent : max_segments;

      destinations[n_messages] = take_destination ();
      vectors[n_messages] = (struct iovec){ payload, n_segments * options.size };
      messages[n_messages].msg_hdr = (struct msghdr){
        .msg_name = &destinations[n_messages],
        .msg_namelen = sizeof *destinations,
        .msg_iov = &vectors[n_messages],
        .msg_iovlen = 1,
      };
      if (options.peers > 1)
        take_source (&messages[n_messages].msg_hdr, control[n_messages], sizeof *control);
      n_sent += n_segments;
      n_messages++;
    }

  for (int done = 0; done < n_messages;)
    {
      int n_taken = sendmmsg (fd, messages + done, n_messages - done, 0);

      if (n_taken > 0)
        done += n_taken;
      else if (errno != EAGAIN && errno != ENOBUFS && errno != EINTR)
        die ("sendmmsg");
    }
  return n_sent;
}

void
send_datagrams (long n)
{
  while (n > 0)
    n -= send_batch (n);
}

/* Reads one batch without waiting. Returns the number of datagrams. */
long
receive_datagrams (void)
{
  static char buffers[BATCH][MAX_SIZE];
  struct iovec vectors[BATCH];
  struct mmsghdr messages[BATCH];
  long n_received = 0;
  int n;

  for (int i = 0; i < BATCH; i++)
    {
      vectors[i] = (struct iovec){ buffers[i], sizeof buffers[i] };
      messages[i].msg_hdr = (struct msghdr){ .msg_iov = &vectors[i], .msg_iovlen = 1 };
    }
  n = recvmmsg (fd, messages, BATCH, MSG_DONTWAIT, NULL);
  if (n < 0 && errno != EAGAIN && errno != EINTR)
    die ("recvmmsg");

  /* Datagrams that GRO joined are counted by their total size: all have the same size. */
  for (int i = 0; i < n; i++)
    n_received += (messages[i].msg_len + options.size - 1) / options.size;
  return n_received;
}

/* Reads the buffer size of this socket. The subject's socket has the same size: the largest that
 * the system allows. */
uint64_t
get_queue_capacity (void)
{
  int size = 0;
  socklen_t length = sizeof size;

  if (getsockopt (fd, SOL_SOCKET, SO_RCVBUF, &size, &length) < 0)
    die ("getsockopt");
  return size;
}

static int
open_diagnosis (void)
{
  int diagnosis = socket (AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

  if (diagnosis < 0)
    die ("NETLINK_SOCK_DIAG");
  return diagnosis;
}

static void
ask_diagnosis (int diagnosis)
{
  struct
  {
    struct nlmsghdr header;
    struct inet_diag_req_v2 body;
  } request = {
    .header = { sizeof request, SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST, 0, 0 },
    .body = {
      .sdiag_family = AF_INET,
      .sdiag_protocol = IPPROTO_UDP,
      .idiag_ext = 1 << (INET_DIAG_SKMEMINFO - 1),
      .idiag_states = ~0U,
      .id = {
        /* The addresses of a datagram to the subject. */
        .idiag_dport = htons (options.port),
        .idiag_dst = { htonl (INADDR_LOOPBACK) },
        .idiag_cookie = { INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE },
      },
    },
  };

  if (send (diagnosis, &request, sizeof request, 0) < 0)
    die ("NETLINK_SOCK_DIAG");
}

/* Reads how much memory the queue of the subject's socket uses, and how many datagrams the socket
 * has dropped; see sock_diag(7). */
Queue
read_queue (void)
{
  static int diagnosis = -1;
  static union
  {
    struct nlmsghdr header;
    char bytes[4096];
  } answer;
  struct inet_diag_msg *body = NLMSG_DATA (&answer.header);
  struct rtattr *attribute = (struct rtattr *) (body + 1);
  Queue queue = { 0 };
  ssize_t size;

  if (diagnosis < 0)
    diagnosis = open_diagnosis ();
  ask_diagnosis (diagnosis);
  size = recv (diagnosis, &answer, sizeof answer, 0);
  if (size < (ssize_t) NLMSG_LENGTH (sizeof *body) ||
      answer.header.nlmsg_type != SOCK_DIAG_BY_FAMILY)
    {
      fprintf (stderr, "load: The kernel tells nothing about UDP sockets (CONFIG_INET_UDP_DIAG)\n");
      exit (77);
    }

  queue.bytes = body->idiag_rqueue;
  for (size -= NLMSG_LENGTH (sizeof *body); RTA_OK (attribute, size);
       attribute = RTA_NEXT (attribute, size))
    if (attribute->rta_type == INET_DIAG_SKMEMINFO)
      queue.drops = ((uint32_t *) RTA_DATA (attribute))[SK_MEMINFO_DROPS];
  return queue;
}
