/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Choice of a socket among several that share an address. */

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#ifdef SO_ATTACH_REUSEPORT_CBPF
#include <linux/filter.h>
#endif

#include "gudpx-error-private.h"
#include "gudpx-steering-private.h"

/* Makes the kernel select the socket by the number of the processor modulo @n_sockets. @socket is
 * the first of the sockets: the kernel numbers them in the order in which they were bound. */
gboolean
gudpx_steering_attach (GSocket *socket, guint n_sockets, GError **error)
{
#ifdef SO_ATTACH_REUSEPORT_CBPF
  struct sock_filter code[] = {
    { BPF_LD | BPF_W | BPF_ABS, 0, 0, (guint32) (SKF_AD_OFF + SKF_AD_CPU) },
    { BPF_ALU | BPF_MOD | BPF_K, 0, 0, n_sockets },
    { BPF_RET | BPF_A, 0, 0, 0 },
  };
  struct sock_fprog program;

  memset (&program, 0, sizeof program); /* including its padding, which the kernel reads too */
  program.len = G_N_ELEMENTS (code);
  program.filter = code;
  if (setsockopt (g_socket_get_fd (socket), SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program,
                  sizeof program) == 0)
    return TRUE;

  gudpx_set_error_errno (error, errno, "Cannot set steer-by-cpu");
#else
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                       "Cannot set steer-by-cpu: not supported on this system");
#endif
  return FALSE;
}
