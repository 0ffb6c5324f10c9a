/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sends "Client: Ping" to a multicast group and prints the answers. */

#include <gudpx/gudpx.h>
#include <locale.h>
#include <stdlib.h>

#define GROUP "228.0.0.5"
#define PORT 8005

static const char *option_interface = NULL;

static const GOptionEntry entries[] = {
  { "interface", 'i', 0, G_OPTION_ARG_STRING, &option_interface, "Interface to send on", "NAME" },
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
  g_autoptr (GOptionContext) context = g_option_context_new ("— ping the members of " GROUP);
  g_autoptr (GudpxDatagramProtocol) protocol = gudpx_datagram_protocol_new ();
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GudpxPort) port = NULL;
  g_autoptr (GError) error = NULL;
  const char *ping = "Client: Ping";

  setlocale (LC_ALL, "");
  g_signal_connect (protocol, "datagram-received", G_CALLBACK (on_datagram_received), NULL);

  /* Number 0 takes a free port number. If client and server shared a number on one machine, the
   * kernel would deliver the answer to only one of the two. */
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error) || argc != 1 ||
      !(port = gudpx_listen_multicast (0, protocol, FALSE, NULL, &error)) ||
      !gudpx_port_set_multicast_interface (port, option_interface, &error) ||
      !gudpx_port_write_to_host (port, (const guint8 *) ping, strlen (ping), GROUP, PORT, &error))
    {
      g_printerr ("%s: %s\n", g_get_prgname (), error ? error->message : "see --help");
      return EXIT_FAILURE;
    }

  g_print ("sent \"%s\" to %s:%d\n", ping, GROUP, PORT);
  g_main_loop_run (loop);

  return EXIT_SUCCESS;
}
