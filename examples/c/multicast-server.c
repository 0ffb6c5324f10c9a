/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Joins a multicast group and answers each "Client: Ping" with "Server: Pong". */

#include <gudpx/gudpx.h>
#include <locale.h>
#include <stdlib.h>

#define GROUP "228.0.0.5"
#define PORT 8005

static const char *option_interface = NULL;

static const GOptionEntry entries[] = {
  { "interface", 'i', 0, G_OPTION_ARG_STRING, &option_interface, "Interface to join on", "NAME" },
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
  const char *pong = "Server: Pong";
  g_autoptr (GError) error = NULL;

  g_print ("received \"%s\" from %s\n", escaped, from);

  /* Answer the sender, not the group. */
  if (g_strcmp0 (text, "Client: Ping") == 0 &&
      !gudpx_datagram_reply (datagram, (const guint8 *) pong, strlen (pong), &error))
    g_printerr ("%s\n", error->message);
}

int
main (int    argc,
      char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new ("— answer pings to " GROUP);
  g_autoptr (GudpxDatagramProtocol) protocol = gudpx_datagram_protocol_new ();
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GudpxPort) port = NULL;
  g_autoptr (GError) error = NULL;

  setlocale (LC_ALL, "");
  g_signal_connect (protocol, "datagram-received", G_CALLBACK (on_datagram_received), NULL);

  /* listen_multiple: several servers may run on one machine, and each receives the ping. */
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error) || argc != 1 ||
      !(port = gudpx_listen_multicast (PORT, protocol, TRUE, NULL, &error)) ||
      !gudpx_port_join_group (port, GROUP, option_interface, &error))
    {
      g_printerr ("%s: %s\n", g_get_prgname (), error ? error->message : "see --help");
      return EXIT_FAILURE;
    }

  g_print ("listening on port %d for %s\n", PORT, GROUP);
  g_main_loop_run (loop);

  return EXIT_SUCCESS;
}
