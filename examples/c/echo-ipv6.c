/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A UDP echo server for IPv6 and IPv4 that answers from the address that a datagram was sent to. */

#include <gudpx/gudpx.h>
#include <locale.h>
#include <stdlib.h>

static const char *option_address = "::";
static const char *option_port = "9999";

static const GOptionEntry entries[] = {
  { "address", 'a', 0, G_OPTION_ARG_STRING, &option_address,
    "Address to listen on, such as ::1 or fe80::1%eth0; :: is any, IPv4 included", "ADDRESS" },
  { "port", 'p', 0, G_OPTION_ARG_STRING, &option_port, "Port; 0 takes a free one", "PORT" },
  G_OPTION_ENTRY_NULL
};

static char *
address_to_string (GSocketAddress *address)
{
  return g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (address));
}

static guint16
get_number (GSocketAddress *address)
{
  return g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address));
}

/* Detects a sender with our own number: another echo server, or forged. Echoes would never end. */
static gboolean
is_echo_server (GudpxDatagram *datagram)
{
  GudpxPort *port = gudpx_datagram_get_transport (datagram);

  return get_number (gudpx_datagram_get_sender (datagram)) ==
         get_number (gudpx_port_get_local_address (port));
}

static void
on_datagram_received (GudpxDatagramProtocol *protocol,
                      GudpxDatagram         *datagram)
{
  gsize size;
  const guint8 *payload = gudpx_datagram_get_payload (datagram, &size);
  g_autofree char *sender = address_to_string (gudpx_datagram_get_sender (datagram));
  g_autofree char *destination = address_to_string (gudpx_datagram_get_destination (datagram));
  g_autoptr (GError) error = NULL;

  g_print ("received %" G_GSIZE_FORMAT " bytes from %s to %s\n", size, sender, destination);
  if (is_echo_server (datagram))
    return;
  if (!gudpx_datagram_reply (datagram, payload, size, &error))
    g_printerr ("%s\n", error->message);
}

int
main (int    argc,
      char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new ("— echo over IPv6 and IPv4");
  g_autoptr (GudpxDatagramProtocol) protocol = gudpx_datagram_protocol_new ();
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GudpxPort) port = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  guint64 number;

  setlocale (LC_ALL, "");
  g_signal_connect (protocol, "datagram-received", G_CALLBACK (on_datagram_received), NULL);

  /* A host has several IPv6 addresses. With the destination a reply knows which one to use. */
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error) || argc != 1 ||
      !g_ascii_string_to_unsigned (option_port, 10, 0, G_MAXUINT16, &number, &error) ||
      !(port = gudpx_listen_udp (number, protocol, option_address, &error)) ||
      !gudpx_port_set_metadata (port, GUDPX_METADATA_DESTINATION, &error))
    {
      g_printerr ("%s: %s\n", g_get_prgname (), error ? error->message : "see --help");
      return EXIT_FAILURE;
    }

  text = address_to_string (gudpx_port_get_local_address (port));
  g_print ("listening on %s\n", text);
  g_main_loop_run (loop);

  return EXIT_SUCCESS;
}
