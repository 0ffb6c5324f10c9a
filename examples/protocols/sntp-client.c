/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Asks a time server for the error of this machine's clock (SNTP, RFC 4330 and RFC 5905).
 *
 *   examples/run sntp-client c pool.ntp.org
 *
 * Shows a connected port, a name that is resolved first, a time limit, and the kernel's time of
 * arrival, which does not include the time that the program needs to wake up. */

#include <gudpx/gudpx.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#define PACKET_SIZE 48
#define CLIENT 0x23 /* no leap, version 4, mode 3 */
#define MODE_SERVER 4
#define LEAP_UNSYNCHRONIZED 3
#define EPOCH G_GINT64_CONSTANT (2208988800) /* from 1900 to 1970, in seconds */
#define ERA (G_GINT64_CONSTANT (1) << 32)    /* timestamps start over in 2036 */

typedef struct
{
  GMainLoop *loop;
  GudpxPort *port;
  guint64 cookie; /* random number that the answer must contain */
  gint64 sent;    /* in microseconds since 1970, like all times outside of packets */
  gboolean done;
} Client;

static int option_port = 123;
static int option_timeout = 5000;

static const GOptionEntry entries[] = {
  { "port", 'p', 0, G_OPTION_ARG_INT, &option_port, "Port of the server", "PORT" },
  { "timeout", 't', 0, G_OPTION_ARG_INT, &option_timeout, "Time limit", "MILLISECONDS" },
  G_OPTION_ENTRY_NULL
};

static void
fail (Client *self, const char *message)
{
  g_printerr ("%s: %s\n", g_get_prgname (), message);
  g_main_loop_quit (self->loop);
}

/* Reads a timestamp: returns the time nearest to @near that has this timestamp. */
static gint64
read_timestamp (const guint8 *bytes, gint64 near)
{
  guint32 seconds, fraction;
  gint64 difference;

  memcpy (&seconds, bytes, 4);
  memcpy (&fraction, bytes + 4, 4);
  difference = ((gint64) GUINT32_FROM_BE (seconds) - EPOCH - near / G_USEC_PER_SEC) % ERA;
  if (difference >= ERA / 2)
    difference -= ERA;
  else if (difference < -ERA / 2)
    difference += ERA;
  return (near / G_USEC_PER_SEC + difference) * G_USEC_PER_SEC +
         ((guint64) GUINT32_FROM_BE (fraction) * G_USEC_PER_SEC >> 32);
}

/* Returns NULL if the packet answers our request and has the time, or else a message. */
static const char *
find_fault (Client *self, const guint8 *packet, gsize size)
{
  if (size < PACKET_SIZE || (packet[0] & 7) != MODE_SERVER)
    return "ignored a datagram: not from a time server";
  if (memcmp (packet + 24, &self->cookie, 8) != 0)
    return "ignored a datagram: the answer to another request";
  if (packet[1] == 0)
    return "the server rejects requests";
  if (packet[1] > 15 || packet[0] >> 6 == LEAP_UNSYNCHRONIZED)
    return "the server does not know the time";
  return NULL;
}

static void
on_datagram_received (GudpxDatagramProtocol *protocol,
                      GudpxDatagram         *datagram,
                      Client                *self)
{
  gsize size;
  const guint8 *packet = gudpx_datagram_get_payload (datagram, &size);
  const char *fault = find_fault (self, packet, size);
  gint64 stamp = gudpx_datagram_get_timestamp (datagram);
  gint64 arrived = stamp != 0 ? stamp : g_get_real_time ();
  gint64 received, answered;

  /* Keep waiting: the sender may be forged, and the answer of the server may still arrive. */
  if (fault != NULL)
    {
      g_printerr ("%s: %s\n", g_get_prgname (), fault);
      return;
    }

  received = read_timestamp (packet + 32, self->sent);
  answered = read_timestamp (packet + 40, self->sent);
  g_print ("offset %+.6f s, delay %.6f s, stratum %d, arrival by the %s\n",
           ((received - self->sent) + (answered - arrived)) / 2.0 / G_USEC_PER_SEC,
           (double) ((arrived - self->sent) - (answered - received)) / G_USEC_PER_SEC,
           packet[1], stamp != 0 ? "kernel" : "program");
  self->done = TRUE;
  /* Stop now: further answers may be waiting. */
  gudpx_port_stop_listening (self->port);
  g_main_loop_quit (self->loop);
}

static void
on_connection_refused (GudpxDatagramProtocol *protocol,
                       GudpxPort             *port,
                       Client                *self)
{
  fail (self, "the host refuses datagrams: no time server is listening");
}

static gboolean
on_timeout (gpointer self)
{
  fail (self, "no answer in time");
  return G_SOURCE_REMOVE;
}

/* Sends the request. It contains a random number instead of our time, so that only the server can
 * answer. */
static gboolean
ask (Client *self, const char *host, GError **error)
{
  guint8 packet[PACKET_SIZE] = { CLIENT };

  self->cookie = (guint64) g_random_int () << 32 | g_random_int ();
  memcpy (packet + 40, &self->cookie, 8);
  self->sent = g_get_real_time ();
  return gudpx_port_set_metadata (self->port, GUDPX_METADATA_TIMESTAMP, error) &&
         gudpx_port_connect_peer (self->port, host, (guint16) option_port, error) &&
         gudpx_port_write (self->port, packet, sizeof packet, error);
}

static void
on_resolved (GObject      *source,
             GAsyncResult *result,
             gpointer      data)
{
  Client *self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GInetAddress) address = gudpx_resolve_finish (result, &error);
  g_autofree char *host = address != NULL ? g_inet_address_to_string (address) : NULL;

  if (host == NULL || !ask (self, host, &error))
    fail (self, error->message);
}

static gboolean
is_valid (const char *program, int argc)
{
  if (argc != 2)
    g_printerr ("%s: give one host, see --help\n", program);
  else if (option_port < 1 || option_port > G_MAXUINT16 || option_timeout < 0)
    g_printerr ("%s: invalid port or time limit, see --help\n", program);
  else
    return TRUE;
  return FALSE;
}

int
main (int    argc,
      char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new ("HOST — ask for the time");
  g_autoptr (GudpxDatagramProtocol) protocol = gudpx_datagram_protocol_new ();
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GudpxPort) port = NULL;
  g_autoptr (GError) error = NULL;
  Client client = { .loop = loop };

  setlocale (LC_ALL, "");
  g_signal_connect (protocol, "datagram-received", G_CALLBACK (on_datagram_received), &client);
  g_signal_connect (protocol, "connection-refused", G_CALLBACK (on_connection_refused), &client);

  /* A port on “::” can be connected to an IPv4 or to an IPv6 server. */
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error) ||
      (is_valid (g_get_prgname (), argc) &&
       (port = gudpx_listen_udp (0, protocol, "::", &error)) == NULL))
    g_printerr ("%s: %s\n", g_get_prgname (), error->message);
  if (port == NULL)
    return EXIT_FAILURE;

  client.port = port;
  gudpx_resolve_async (argv[1], NULL, on_resolved, &client);
  g_timeout_add ((guint) option_timeout, on_timeout, &client);
  g_main_loop_run (loop);

  return client.done ? EXIT_SUCCESS : EXIT_FAILURE;
}
