/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Makes system calls fail. The functions of the C library are redefined in the test program, so the
 * library and GIO call them too. A fault applies to the calls of the thread that set it.
 *
 * The calls are: bind, close, connect, dup3, epoll_create1, epoll_ctl, fcntl, getpeername,
 * getsockname, getsockopt, recvmmsg, recvmsg, sendmmsg, sendmsg, setsockopt, socket. */

typedef enum
{
  FAULT_ALWAYS,
  FAULT_NTH,   /* the nth call from now on, and only this one */
  FAULT_FIRST, /* the first n calls from now on */
} FaultMode;

/* Makes @call fail with @errsv; with 0 the call returns 0 and does nothing. A close that fails
 * closes the descriptor nevertheless, as on Linux. Replaces the previous fault of the call. */
void faults_set (const char *call, int errsv, FaultMode mode, guint n);
/* Does the same for all calls of setsockopt or getsockopt for this option. */
void faults_set_option (const char *call, int level, int option, int errsv);
/* Makes all calls work again, and resets their counts. */
void faults_reset (void);
/* Between these two functions calls work, and are not counted. */
void faults_suspend (void);
void faults_resume (void);
/* Returns the number of calls of @call since its fault was set, or since the reset. */
guint faults_count (const char *call);
/* Returns the number of calls that failed since the last reset. */
guint faults_hits (void);

/* Returns the number of open descriptors of the process. */
guint faults_count_descriptors (void);

G_END_DECLS
