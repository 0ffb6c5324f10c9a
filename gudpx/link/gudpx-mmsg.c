/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* recvmmsg(2) and sendmmsg(2), or the calls for one message if a system does not have or allow
 * these: seccomp filters, sandboxes and emulators may know only the older calls. */

#include <errno.h>

#include "gudpx-mmsg-private.h"

/* Knowledge about a call, for the whole process. */
typedef enum
{
  UNKNOWN,
  PRESENT, /* it worked once */
  MISSING,
} Presence;

static int receive_presence;
static int send_presence;

/* Receives or sends by one call for each message. Returns as recvmmsg() and sendmmsg() do. */
static int
call_one_by_one (int fd, struct mmsghdr *messages, guint n_messages, int flags, gboolean is_send)
{
  guint n;

  for (n = 0; n < n_messages; n++)
    {
      struct msghdr *message = &messages[n].msg_hdr;
      gssize size = is_send ? sendmsg (fd, message, flags) : recvmsg (fd, message, flags);

      if (size < 0)
        break;
      messages[n].msg_len = size;
    }
  return n > 0 ? (int) n : -1;
}

/* As recvmmsg(2), without a time limit. */
int
gudpx_mmsg_receive (int fd, struct mmsghdr *messages, guint n_messages, int flags)
{
  int n;

  if (g_atomic_int_get (&receive_presence) != MISSING)
    {
      n = recvmmsg (fd, messages, n_messages, flags, NULL);
      if (n >= 0 || (errno != ENOSYS && errno != EPERM))
        return n;
    }

  n = call_one_by_one (fd, messages, n_messages, flags, FALSE);
  if (n > 0 || errno == EAGAIN)
    g_atomic_int_set (&receive_presence, MISSING);
  return n;
}

/* As sendmmsg(2). A firewall refuses single datagrams with EPERM, too, so EPERM tells about the
 * call only if the call never worked. */
int
gudpx_mmsg_send (int fd, struct mmsghdr *messages, guint n_messages, int flags)
{
  int n;

  if (g_atomic_int_get (&send_presence) != MISSING)
    {
      n = sendmmsg (fd, messages, n_messages, flags);
      if (n > 0 && g_atomic_int_get (&send_presence) == UNKNOWN)
        g_atomic_int_set (&send_presence, PRESENT);
      if (n >= 0 || (errno != ENOSYS && errno != EPERM))
        return n;
      /* The first datagram alone tells if the call or the datagram was refused. */
      if (errno == EPERM && g_atomic_int_get (&send_presence) == PRESENT)
        n_messages = 1;
    }

  n = call_one_by_one (fd, messages, n_messages, flags, TRUE);
  if (n > 0)
    g_atomic_int_compare_and_exchange (&send_presence, UNKNOWN, MISSING);
  return n;
}
