/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <stdint.h>

typedef struct
{
  const char *mode;
  long pid, port, size, window, milliseconds, peers, ports, gso, gro, rate;
} LoadOptions;

typedef struct
{
  uint64_t bytes;
  uint64_t drops;
} Queue;

extern LoadOptions options;

void     die                (const char *what) __attribute__ ((noreturn));
void     open_socket        (void);
void     send_datagrams     (long n);
long     receive_datagrams  (void);
uint64_t get_queue_capacity (void);
Queue    read_queue         (void);
