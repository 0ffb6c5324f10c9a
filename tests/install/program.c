/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* An application of the installed library, in C and in C++. It sends a datagram to itself. */

#include <stdlib.h>

#include <gudpx/gudpx.h>

static void
on_datagram_received (GudpxDatagramProtocol *protocol,
                      GudpxDatagram         *datagram,
                      gpointer               user_data)
{
  GMainLoop *loop = (GMainLoop *) user_data;
  g_autoptr (GBytes) bytes = gudpx_datagram_dup_bytes (datagram);

  (void) protocol;
  if (g_bytes_get_size (bytes) == 5)
    g_main_loop_quit (loop);
}

static gboolean
on_timeout (gpointer user_data)
{
  (void) user_data;
  g_printerr ("No datagram came.\n");
  exit (2);
}

int
main (void)
{
  g_autoptr (GudpxDatagramProtocol) protocol = gudpx_datagram_protocol_new ();
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GError) error = NULL;
  g_autoptr (GudpxPort) port = gudpx_listen_udp (0, protocol, "127.0.0.1", &error);

  g_signal_connect (protocol, "datagram-received", G_CALLBACK (on_datagram_received), loop);
  g_timeout_add_seconds (120, on_timeout, NULL);
  if (port == NULL ||
      !gudpx_port_write_to (port, (const guint8 *) "hello", 5, gudpx_port_get_local_address (port),
                            &error))
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }
  g_main_loop_run (loop);
  gudpx_port_stop_listening (port);

  g_print ("gudpx %s\n", GUDPX_VERSION_S);
  return 0;
}
