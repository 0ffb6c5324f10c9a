/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Usage of all subjects, and their treatment of a datagram.
 *
 *   SUBJECT VARIANT MODE PORT [N-PORTS]
 *
 * A subject listens on N-PORTS ports from PORT on, prints “ready” and serves until it is killed. */

#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SUBJECT_BUFFER_SIZE (4 * 1024 * 1024)
#define SUBJECT_COPIES 64

typedef struct
{
  const char *variant;
  unsigned n_answers; /* mode receive: 0; echo: 1; send: SUBJECT_COPIES */
  uint16_t port;
  unsigned n_ports;
} SubjectOptions;

__attribute__ ((noreturn)) static inline void
subject_die (const char *what)
{
  perror (what);
  exit (1);
}

static inline SubjectOptions
subject_parse (int argc, char **argv)
{
  SubjectOptions options = { .n_ports = 1 };

  if (argc < 4)
    {
      fprintf (stderr, "usage: %s VARIANT receive|echo|send PORT [N-PORTS]\n", argv[0]);
      exit (2);
    }
  options.variant = argv[1];
  if (strcmp (argv[2], "echo") == 0)
    options.n_answers = 1;
  else if (strcmp (argv[2], "send") == 0)
    options.n_answers = SUBJECT_COPIES;
  options.port = atoi (argv[3]);
  if (argc > 4)
    options.n_ports = atoi (argv[4]);
  return options;
}

static inline void
subject_set_buffers (int fd)
{
  int size = SUBJECT_BUFFER_SIZE;

  setsockopt (fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  setsockopt (fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
}

static inline struct sockaddr_in
subject_address (uint16_t port)
{
  return (struct sockaddr_in){
    .sin_family = AF_INET,
    .sin_addr.s_addr = htonl (INADDR_LOOPBACK),
    .sin_port = htons (port),
  };
}

static inline void
subject_ready (void)
{
  puts ("ready");
  fflush (stdout);
}
