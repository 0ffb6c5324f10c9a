/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sends each word to a peer as a datagram, and prints the answers. */

#include <gudpx/gudpx.h>
#include <locale.h>
#include <stdlib.h>

static int option_timeout = 5;
static GMainLoop *loop = NULL;
static int n_missing = 0;

static const GOptionEntry entries[] = {
  { "timeout", 't', 0, G_OPTION_ARG_INT, &option_timeout, "How long to wait", "SECONDS" },
  G_OPTION_ENTRY_NULL
};

static void
on_datagram_received (GudpxDatagramProtocol *protocol,
                      GudpxDatagram         *datagram)
{
  g_autofree char *text = gudpx_datagram_dup_text (datagram);
  g_autofree char *escaped = g_strescape (text != NULL ? text : "(no text)", NULL);

  g_print ("received \"%s\"\n", escaped);
  if (--n_missing == 0)
    g_main_loop_quit (loop);
}

int
main (int    argc,
      char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new ("HOST PORT WORD… — send words");
  g_autoptr (GudpxDatagramProtocol) protocol = gudpx_datagram_protocol_new ();
  g_autoptr (GudpxPort) port = NULL;
  g_autoptr (GError) error = NULL;
  guint64 number;

  setlocale (LC_ALL, "");
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error) || argc < 4 ||
      !g_ascii_string_to_unsigned (argv[2], 10, 1, G_MAXUINT16, &number, &error))
    {
      g_printerr ("%s: %s\n", g_get_prgname (), error ? error->message : "see --help");
      return EXIT_FAILURE;
    }

  loop = g_main_loop_new (NULL, FALSE);
  g_signal_connect (protocol, "datagram-received", G_CALLBACK (on_datagram_received), NULL);
  g_signal_connect_swapped (protocol, "connection-refused", G_CALLBACK (g_main_loop_quit), loop);
  g_timeout_add_once (option_timeout * 1000, (GSourceOnceFunc) g_main_loop_quit, loop);

  if ((port = gudpx_listen_udp (0, protocol, strchr (argv[1], ':') ? "::" : NULL, &error)))
    gudpx_port_connect_peer (port, argv[1], number, &error);

  for (int i = 3; error == NULL && i < argc; i++, n_missing++)
    if (gudpx_port_write (port, (const guint8 *) argv[i], strlen (argv[i]), &error))
      g_print ("sent \"%s\" to %s port %s\n", argv[i], argv[1], argv[2]);

  if (error != NULL)
    g_printerr ("%s: %s\n", g_get_prgname (), error->message);
  else
    g_main_loop_run (loop);
  g_main_loop_unref (loop);

  if (n_missing > 0)
    g_printerr ("no answer to %d of the words\n", n_missing);

  return error == NULL && n_missing == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
