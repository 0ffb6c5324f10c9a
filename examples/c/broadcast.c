/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sends a datagram to every host on the link, and prints received datagrams, including its own. */

#include <gudpx/gudpx.h>
#include <locale.h>
#include <stdlib.h>

static const char *option_destination = "<broadcast>";
static const char *option_port = "8006";

static const GOptionEntry entries[] = {
  { "destination", 'd', 0, G_OPTION_ARG_STRING, &option_destination,
    "Broadcast address; <broadcast>, the default, is 255.255.255.255", "ADDRESS" },
  { "port", 'p', 0, G_OPTION_ARG_STRING, &option_port, "Port to send to and listen on", "PORT" },
  G_OPTION_ENTRY_NULL
};

static void
on_datagram_received (GudpxDatagramProtocol *protocol,
                      GudpxDatagram         *datagram)
{
  GSocketAddress *sender = gudpx_datagram_get_sender (datagram);
  g_autofree char *from = g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (sender));
  g_autofree char *text = gudpx_datagram_dup_text (datagram);
  g_autofree char *escaped = g_strescape (text != NULL ? text : "(no text)", NULL);

  g_print ("received \"%s\" from %s\n", escaped, from);
}

int
main (int    argc,
      char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new ("— send to every host on the link");
  g_autoptr (GudpxDatagramProtocol) protocol = gudpx_datagram_protocol_new ();
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GudpxPort) port = NULL;
  g_autoptr (GError) error = NULL;
  const char *text = "Is anybody there?";
  guint64 number;

  setlocale (LC_ALL, "");
  g_signal_connect (protocol, "datagram-received", G_CALLBACK (on_datagram_received), NULL);

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error) || argc != 1 ||
      !g_ascii_string_to_unsigned (option_port, 10, 1, G_MAXUINT16, &number, &error) ||
      !(port = gudpx_listen_udp (number, protocol, NULL, &error)) ||
      /* The system rejects broadcasts unless this is set. */
      !gudpx_port_set_broadcast_allowed (port, TRUE, &error) ||
      !gudpx_port_write_to_host (port, (const guint8 *) text, strlen (text), option_destination,
                                 number, &error))
    {
      g_printerr ("%s: %s\n", g_get_prgname (), error ? error->message : "see --help");
      return EXIT_FAILURE;
    }

  g_print ("sent \"%s\" to %s, port %s\n", text, option_destination, option_port);
  g_main_loop_run (loop);

  return EXIT_SUCCESS;
}
