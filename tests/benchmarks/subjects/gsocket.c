/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A program that uses GSocket directly: a GSource, and one datagram per wake-up. */

#include "subject.h"

#include <gio/gio.h>

static unsigned n_answers;

static gboolean
on_readable (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  static char buffer[65536];
  g_autoptr (GSocketAddress) sender = NULL;
  gssize size = g_socket_receive_from (socket, &sender, buffer, sizeof buffer, NULL, NULL);

  for (unsigned i = 0; size >= 0 && i < n_answers; i++)
    g_socket_send_to (socket, sender, buffer, size, NULL, NULL);
  return G_SOURCE_CONTINUE;
}

static void
listen_on (uint16_t port, gboolean set_buffers)
{
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GSource) source = NULL;
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string ("127.0.0.1", port);

  socket = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_DEFAULT,
                         NULL);
  if (socket == NULL || !g_socket_bind (socket, address, FALSE, NULL))
    subject_die ("bind");
  g_socket_set_blocking (socket, FALSE);
  if (set_buffers)
    subject_set_buffers (g_socket_get_fd (socket));

  source = g_socket_create_source (socket, G_IO_IN, NULL);
  g_source_set_callback (source, G_SOURCE_FUNC (on_readable), NULL, NULL);
  g_source_attach (source, NULL);
}

int
main (int argc, char **argv)
{
  SubjectOptions options = subject_parse (argc, argv);
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);

  n_answers = options.n_answers;
  for (unsigned i = 0; i < options.n_ports; i++)
    listen_on (options.port + i, options.n_ports == 1);
  subject_ready ();
  g_main_loop_run (loop);
}
