/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Says hello to one peer and prints the answer, or that the connection was refused. */

#include <gudpx/gudpx.h>
#include <locale.h>
#include <stdlib.h>

static GMainLoop *loop = NULL;
static int exit_status = EXIT_SUCCESS;

static void
on_datagram_received (GudpxDatagramProtocol *protocol,
                      GudpxDatagram         *datagram)
{
  g_autofree char *text = gudpx_datagram_dup_text (datagram);
  g_autofree char *escaped = g_strescape (text != NULL ? text : "(no text)", NULL);

  g_print ("received \"%s\"\n", escaped);
  g_main_loop_quit (loop);
}

static void
on_connection_refused (GudpxDatagramProtocol *protocol,
                       GudpxPort             *port)
{
  g_print ("connection refused: no one is listening\n");
  exit_status = EXIT_FAILURE;
  g_main_loop_quit (loop);
}

int
main (int    argc,
      char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new ("HOST PORT — say hello to a peer");
  g_autoptr (GudpxDatagramProtocol) protocol = gudpx_datagram_protocol_new ();
  g_autoptr (GudpxPort) port = NULL;
  g_autoptr (GError) error = NULL;
  const char *host;
  guint64 number;

  setlocale (LC_ALL, "");
  if (!g_option_context_parse (context, &argc, &argv, &error) || argc != 3 ||
      !g_ascii_string_to_unsigned (argv[2], 10, 1, G_MAXUINT16, &number, &error))
    {
      g_printerr ("%s: %s\n", g_get_prgname (), error ? error->message : "see --help");
      return EXIT_FAILURE;
    }

  g_signal_connect (protocol, "datagram-received", G_CALLBACK (on_datagram_received), NULL);
  g_signal_connect (protocol, "connection-refused", G_CALLBACK (on_connection_refused), NULL);

  loop = g_main_loop_new (NULL, FALSE);
  host = argv[1];

  /* An IPv6 peer needs an IPv6 socket. Only connected ports receive refusals. */
  if (!(port = gudpx_listen_udp (0, protocol, strchr (host, ':') ? "::" : NULL, &error)) ||
      !gudpx_port_connect_peer (port, host, number, &error) ||
      !gudpx_port_write (port, (const guint8 *) "hello", strlen ("hello"), &error))
    {
      g_printerr ("%s: %s\n", g_get_prgname (), error->message);
      return EXIT_FAILURE;
    }

  g_main_loop_run (loop);
  g_main_loop_unref (loop);

  return exit_status;
}
