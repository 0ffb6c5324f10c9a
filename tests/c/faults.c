/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <sys/epoll.h>
#include <sys/socket.h>

#include "faults.h"

#define ANY_OPTION (-1)

typedef struct
{
  const char *call;
  gboolean is_set;
  int errsv;
  FaultMode mode;
  guint n;
  int level;
  int option; /* ANY_OPTION: all options */
  guint n_calls;
} Fault;

static __thread Fault faults[] = {
  { "bind" },          { "close" },      { "connect" },    { "dup3" },
  { "epoll_create1" }, { "epoll_ctl" },  { "fcntl" },      { "getpeername" },
  { "getsockname" },   { "getsockopt" }, { "recvmmsg" },   { "recvmsg" },
  { "sendmmsg" },      { "sendmsg" },    { "setsockopt" }, { "socket" },
};
static __thread guint n_hits;
static __thread gboolean is_suspended;

static Fault *
find_fault (const char *call)
{
  for (guint i = 0; i < G_N_ELEMENTS (faults); i++)
    {
      if (strcmp (faults[i].call, call) == 0)
        return &faults[i];
    }
  g_error ("The call %s cannot be made to fail", call);
}

static void
set (const char *call, const Fault *fault)
{
  Fault *own = find_fault (call);

  call = own->call;
  *own = *fault;
  own->call = call;
  own->is_set = TRUE;
}

void
faults_set (const char *call, int errsv, FaultMode mode, guint n)
{
  set (call, &(Fault){ .errsv = errsv, .mode = mode, .n = n, .option = ANY_OPTION });
}

void
faults_set_option (const char *call, int level, int option, int errsv)
{
  set (call, &(Fault){ .errsv = errsv, .mode = FAULT_ALWAYS, .level = level, .option = option });
}

void
faults_reset (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (faults); i++)
    faults[i] = (Fault){ .call = faults[i].call };
  n_hits = 0;
  is_suspended = FALSE;
}

void
faults_suspend (void)
{
  is_suspended = TRUE;
}

void
faults_resume (void)
{
  is_suspended = FALSE;
}

guint
faults_count (const char *call)
{
  return find_fault (call)->n_calls;
}

guint
faults_hits (void)
{
  return n_hits;
}

guint
faults_count_descriptors (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
  guint n = 0;

  g_assert_nonnull (dir);
  while (g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

static gboolean
is_due (const Fault *fault)
{
  switch (fault->mode)
    {
    case FAULT_NTH:
      return fault->n_calls == fault->n;
    case FAULT_FIRST:
      return fault->n_calls <= fault->n;
    case FAULT_ALWAYS:
    default:
      return TRUE;
    }
}

/* Counts a call. Returns TRUE if the call should return @result instead of doing anything. */
static gboolean
fails_with_option (const char *call, int level, int option, int *result)
{
  Fault *fault = find_fault (call);

  if (is_suspended)
    return FALSE;
  fault->n_calls++;
  if (!fault->is_set || !is_due (fault) ||
      (fault->option != ANY_OPTION && (fault->level != level || fault->option != option)))
    return FALSE;

  n_hits++;
  *result = 0;
  if (fault->errsv != 0)
    {
      *result = -1;
      errno = fault->errsv;
    }
  return TRUE;
}

static gboolean
fails (const char *call, int *result)
{
  return fails_with_option (call, 0, ANY_OPTION, result);
}

/* Returns the C library's own function. */
#define real(name)                                                                                 \
  ({                                                                                               \
    static __typeof__ (&name) function;                                                            \
                                                                                                   \
    if (function == NULL)                                                                          \
      function = (__typeof__ (&name)) dlsym (RTLD_NEXT, #name);                                    \
    function;                                                                                      \
  })

int
bind (int fd, const struct sockaddr *address, socklen_t length)
{
  int result;

  return fails ("bind", &result) ? result : real (bind) (fd, address, length);
}

int
close (int fd)
{
  int result = real (close) (fd);

  fails ("close", &result);
  return result;
}

int
connect (int fd, const struct sockaddr *address, socklen_t length)
{
  int result;

  return fails ("connect", &result) ? result : real (connect) (fd, address, length);
}

int
dup3 (int fd, int new_fd, int flags)
{
  int result;

  return fails ("dup3", &result) ? result : real (dup3) (fd, new_fd, flags);
}

int
epoll_create1 (int flags)
{
  int result;

  return fails ("epoll_create1", &result) ? result : real (epoll_create1) (flags);
}

int
epoll_ctl (int epoll_fd, int operation, int fd, struct epoll_event *event)
{
  int result;

  return fails ("epoll_ctl", &result) ? result : real (epoll_ctl) (epoll_fd, operation, fd, event);
}

int
fcntl (int fd, int command, ...)
{
  va_list arguments;
  gpointer argument;
  int result;

  va_start (arguments, command);
  argument = va_arg (arguments, gpointer);
  va_end (arguments);
  return fails ("fcntl", &result) ? result : real (fcntl) (fd, command, argument);
}

int
getpeername (int fd, struct sockaddr *address, socklen_t *length)
{
  int result;

  return fails ("getpeername", &result) ? result : real (getpeername) (fd, address, length);
}

int
getsockname (int fd, struct sockaddr *address, socklen_t *length)
{
  int result;

  return fails ("getsockname", &result) ? result : real (getsockname) (fd, address, length);
}

int
getsockopt (int fd, int level, int option, void *value, socklen_t *size)
{
  int result;

  return fails_with_option ("getsockopt", level, option, &result) ?
             result :
             real (getsockopt) (fd, level, option, value, size);
}

int
recvmmsg (
    int fd, struct mmsghdr *messages, unsigned n_messages, int flags, struct timespec *timeout)
{
  int result;

  return fails ("recvmmsg", &result) ? result :
                                       real (recvmmsg) (fd, messages, n_messages, flags, timeout);
}

ssize_t
recvmsg (int fd, struct msghdr *message, int flags)
{
  int result;

  return fails ("recvmsg", &result) ? result : real (recvmsg) (fd, message, flags);
}

int
sendmmsg (int fd, struct mmsghdr *messages, unsigned n_messages, int flags)
{
  int result;

  return fails ("sendmmsg", &result) ? result : real (sendmmsg) (fd, messages, n_messages, flags);
}

ssize_t
sendmsg (int fd, const struct msghdr *message, int flags)
{
  int result;

  return fails ("sendmsg", &result) ? result : real (sendmsg) (fd, message, flags);
}

int
setsockopt (int fd, int level, int option, const void *value, socklen_t size)
{
  int result;

  return fails_with_option ("setsockopt", level, option, &result) ?
             result :
             real (setsockopt) (fd, level, option, value, size);
}

int
socket (int domain, int type, int protocol)
{
  int result;

  return fails ("socket", &result) ? result : real (socket) (domain, type, protocol);
}
