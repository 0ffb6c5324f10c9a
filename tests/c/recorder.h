/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gudpx/gudpx.h>

G_BEGIN_DECLS

/* A protocol that records its calls, and can run a function of the test in them. */
#define TYPE_RECORDER (recorder_get_type ())
G_DECLARE_FINAL_TYPE (Recorder, recorder, TEST, RECORDER, GudpxDatagramProtocol)

typedef void (*RecorderFunc) (Recorder *self, GudpxDatagram *datagram, gpointer user_data);

struct _Recorder
{
  GudpxDatagramProtocol parent_instance;

  GString *events;      /* a word and a space for each call */
  GPtrArray *datagrams; /* the received datagrams */
  GError *error;        /* the last error */
  GSocketAddress *destination;

  RecorderFunc on_started;
  RecorderFunc on_stopped;
  RecorderFunc on_datagram;
  RecorderFunc on_refused;
  RecorderFunc on_error;
  RecorderFunc on_writable;
  gpointer user_data;
};

Recorder *recorder_new (void);
char     *recorder_get_payload (Recorder *self, guint index);
void      recorder_forget (Recorder *self);

/* Seconds after which a test hangs, even on a busy machine and under valgrind. */
#define TIME_LIMIT 120

/* Iterates the thread-default main context until @condition holds. */
#define wait_for(condition)                                                                        \
  G_STMT_START                                                                                     \
    {                                                                                              \
      gint64 wait_limit = g_get_monotonic_time () + TIME_LIMIT * G_TIME_SPAN_SECOND;               \
      GSource *wait_ticks = wait_start ();                                                         \
                                                                                                   \
      while (!(condition))                                                                         \
        {                                                                                          \
          if (g_get_monotonic_time () > wait_limit)                                                \
            g_error ("%s:%d: waited in vain for %s", __FILE__, __LINE__, #condition);              \
          g_main_context_iteration (g_main_context_get_thread_default (), TRUE);                   \
        }                                                                                          \
      wait_end (wait_ticks);                                                                       \
    }                                                                                              \
  G_STMT_END

GSource *wait_start (void);
void     wait_end (GSource *ticks);

/* Dispatches every source that is ready now. */
void     iterate (void);

/* Returns a plain blocking socket with a time limit, as the peer. */
GSocket *peer_new (const char *host);
guint16  peer_get_port (GSocket *peer);
void     peer_send (GSocket *peer, const char *payload, gssize size, GudpxPort *port);
char    *peer_receive (GSocket *peer, GSocketAddress **sender);
gboolean peer_has_nothing (GSocket *peer);

guint16  port_get_number (GudpxPort *port);
char    *address_to_string (GSocketAddress *address);
/* Returns a free port number. */
guint16  free_number (const char *host);
/* Asserts that the error is G_IO_ERROR with @code, and clears it. */
void     expect_error (GError **error, GIOErrorEnum code);
/* G_IO_ERROR_DESTINATION_UNSET, which has its name since GLib 2.80. */
#define DESTINATION_UNSET ((GIOErrorEnum) (G_IO_ERROR_NO_SUCH_DEVICE + 1))
/* Runs a system command that must succeed. */
void     run_command (const char *command);

GudpxPort *listen_on (Recorder *recorder, const char *host);

#define text(s) ((const guint8 *) (s)), strlen (s)

G_END_DECLS
