/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* libuv with its fastest functions: UV_UDP_RECVMMSG, and uv_udp_try_send(), which does not
 * allocate memory. */

#include "subject.h"

#include <uv.h>

#define CHUNK_SIZE 65536
#define MAX_CHUNKS 20 /* datagrams that libuv reads in one call */

static unsigned n_answers;

static void
on_allocate (uv_handle_t *handle, size_t suggested_size, uv_buf_t *buffer)
{
  static char chunks[MAX_CHUNKS][CHUNK_SIZE];

  *buffer = uv_buf_init (chunks[0], sizeof chunks);
}

static void
on_received (uv_udp_t *port,
             ssize_t size,
             const uv_buf_t *buffer,
             const struct sockaddr *sender,
             unsigned flags)
{
  uv_buf_t answer;

  if (size < 0 || sender == NULL)
    return;
  answer = uv_buf_init (buffer->base, size);
  for (unsigned i = 0; i < n_answers; i++)
    uv_udp_try_send (port, &answer, 1, sender);
}

static void
listen_on (uv_loop_t *loop, uv_udp_t *port, uint16_t number, int set_buffers)
{
  struct sockaddr_in address = subject_address (number);
  uv_os_fd_t fd;

  if (uv_udp_init_ex (loop, port, AF_INET | UV_UDP_RECVMMSG) < 0 ||
      uv_udp_bind (port, (struct sockaddr *) &address, 0) < 0 ||
      uv_udp_recv_start (port, on_allocate, on_received) < 0)
    subject_die ("listen");
  if (set_buffers && uv_fileno ((uv_handle_t *) port, &fd) == 0)
    subject_set_buffers (fd);
}

int
main (int argc, char **argv)
{
  SubjectOptions options = subject_parse (argc, argv);
  uv_loop_t *loop = uv_default_loop ();
  uv_udp_t *ports = calloc (options.n_ports, sizeof *ports);

  n_answers = options.n_answers;
  for (unsigned i = 0; i < options.n_ports; i++)
    listen_on (loop, &ports[i], options.port + i, options.n_ports == 1);
  subject_ready ();
  return uv_run (loop, UV_RUN_DEFAULT);
}
