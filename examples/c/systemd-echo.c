/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A UDP echo service on the sockets that systemd passes to it. */

#include <gudpx/gudpx.h>
#include <locale.h>
#include <stdlib.h>
#include <unistd.h>

#define FIRST_FD 3

/* Returns the number of passed descriptors, like sd_listen_fds(3). The variables may be for another
 * process. */
static int
count_passed_fds (void)
{
  const char *pid = g_getenv ("LISTEN_PID");
  const char *n_fds = g_getenv ("LISTEN_FDS");

  return pid && n_fds && atoi (pid) == getpid () ? atoi (n_fds) : 0;
}

static guint16
get_number (GSocketAddress *address)
{
  return g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address));
}

/* Detects a sender with our own number: another echo server, or forged. Echoes would never end.
 * UNIX sockets have no port numbers. */
static gboolean
is_echo_server (GudpxDatagram *datagram)
{
  GSocketAddress *sender = gudpx_datagram_get_sender (datagram);
  GudpxPort *port = gudpx_datagram_get_transport (datagram);

  return G_IS_INET_SOCKET_ADDRESS (sender) &&
         get_number (sender) == get_number (gudpx_port_get_local_address (port));
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
  g_autoptr (GOptionContext) context = g_option_context_new ("— echo on systemd's sockets");
  g_autoptr (GudpxDatagramProtocol) protocol = gudpx_datagram_protocol_new ();
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GError) error = NULL;
  int n_fds = count_passed_fds ();

  setlocale (LC_ALL, "");
  g_signal_connect (protocol, "datagram-received", G_CALLBACK (on_datagram_received), NULL);

  if (g_option_context_parse (context, &argc, &argv, &error) && argc != 1)
    g_set_error_literal (&error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, "see --help");
  else if (error == NULL && n_fds == 0)
    g_set_error_literal (&error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "systemd passed no socket");

  for (int fd = FIRST_FD; error == NULL && fd < FIRST_FD + n_fds; fd++)
    {
      /* The unit file sets the address family; the port reads it from the socket. */
      g_autoptr (GudpxPort) port =
        gudpx_adopt_datagram_port (fd, G_SOCKET_FAMILY_INVALID, protocol, &error);
      GSocketAddress *address = port ? gudpx_port_get_local_address (port) : NULL;
      g_autofree char *text =
        port ? g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (address)) : NULL;

      close (fd);
      if (port != NULL)
        g_print ("listening on %s\n", text);
    }

  if (error != NULL)
    {
      g_printerr ("%s: %s\n", g_get_prgname (), error->message);
      return EXIT_FAILURE;
    }

  g_main_loop_run (loop);

  return EXIT_SUCCESS;
}
