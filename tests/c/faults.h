/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Makes system calls fail. The functions of the C library are redefined in the test program, so the
 * library and GIO call them too. A fault concerns the calls of the thread that asked for it.
 *
 * The calls are: bind, close, connect, dup3, epoll_create1, epoll_ctl, fcntl, getpeername,
 * getsockname, getsockopt, recvmmsg, recvmsg, sendmmsg, sendmsg, setsockopt, socket. */

typedef enum
{
  FAULT_ALWAYS,
  FAULT_NTH,   /* the nth call from now on, and no other */
  FAULT_FIRST, /* the first n calls from now on */
} FaultMode;

/* Has @call fail with @errsv; with 0 it returns 0 and does nothing. A close that fails closes all the
 * same, as on Linux. Replaces the fault that the call had. */
void faults_set (const char *call, int errsv, FaultMode mode, guint n);
/* The same for all calls of setsockopt or getsockopt that are about this option. */
void faults_set_option (const char *call, int level, int option, int errsv);
/* All calls work again, and are counted from 0. */
void faults_reset (void);
/* Between these two calls work, and are not counted. */
void faults_suspend (void);
void faults_resume (void);
/* How often @call was called since its fault was set, or all were reset. */
guint faults_count (const char *call);
/* How many calls failed since the last reset. */
guint faults_hits (void);

/* How many descriptors the process has. */
guint faults_count_descriptors (void);

G_END_DECLS
