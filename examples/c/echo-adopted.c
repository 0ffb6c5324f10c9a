/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A UDP echo server that creates and binds the socket itself. */

#include <gudpx/gudpx.h>

#include <errno.h>
#include <locale.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>

static const char *option_port = "9999";

static const GOptionEntry entries[] = {
  { "port", 'p', 0, G_OPTION_ARG_STRING, &option_port, "Port; 0 takes a free one", "PORT" },
  G_OPTION_ENTRY_NULL
};

static int
fail (const char *message)
{
  g_printerr ("%s: %s\n", g_get_prgname (), message);
  return EXIT_FAILURE;
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
  g_autoptr (GError) error = NULL;

  g_print ("received %" G_GSIZE_FORMAT " bytes\n", size);
  if (is_echo_server (datagram))
    return;
  if (!gudpx_datagram_reply (datagram, payload, size, &error))
    g_printerr ("%s\n", error->message);
}

int
main (int    argc,
      char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new ("— echo on a socket made here");
  g_autoptr (GudpxDatagramProtocol) protocol = gudpx_datagram_protocol_new ();
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GudpxPort) port = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  struct sockaddr_in address = { .sin_family = AF_INET };
  guint64 number;
  int fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

  setlocale (LC_ALL, "");
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error) || argc != 1 ||
      !g_ascii_string_to_unsigned (option_port, 10, 0, G_MAXUINT16, &number, &error))
    return fail (error ? error->message : "see --help");

  /* Set socket options here that the library has no property for: setsockopt(), a filter… */
  address.sin_port = htons (number);
  address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  if (bind (fd, (struct sockaddr *) &address, sizeof address) == -1)
    return fail (g_strerror (errno));

  g_signal_connect (protocol, "datagram-received", G_CALLBACK (on_datagram_received), NULL);
  port = gudpx_adopt_datagram_port (fd, G_SOCKET_FAMILY_IPV4, protocol, &error);
  /* The port has a duplicate of the descriptor, so close this one. */
  close (fd);
  if (port == NULL)
    return fail (error->message);

  text = g_socket_connectable_to_string (
    G_SOCKET_CONNECTABLE (gudpx_port_get_local_address (port)));
  g_print ("listening on %s\n", text);
  g_main_loop_run (loop);

  return EXIT_SUCCESS;
}
