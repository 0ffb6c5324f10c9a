/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "recorder.h"

G_DEFINE_FINAL_TYPE (Recorder, recorder, GUDPX_TYPE_DATAGRAM_PROTOCOL)

static void
record (Recorder *self, const char *event, RecorderFunc func, GudpxDatagram *datagram)
{
  g_string_append_printf (self->events, "%s ", event);
  if (func != NULL)
    func (self, datagram, self->user_data);
}

static void
recorder_started (GudpxDatagramProtocol *protocol)
{
  Recorder *self = TEST_RECORDER (protocol);

  g_assert_nonnull (gudpx_datagram_protocol_get_transport (protocol));
  record (self, "started", self->on_started, NULL);
}

static void
recorder_stopped (GudpxDatagramProtocol *protocol)
{
  Recorder *self = TEST_RECORDER (protocol);

  g_assert_null (gudpx_datagram_protocol_get_transport (protocol));
  record (self, "stopped", self->on_stopped, NULL);
}

static void
recorder_datagram_received (GudpxDatagramProtocol *protocol, GudpxDatagram *datagram)
{
  Recorder *self = TEST_RECORDER (protocol);

  g_ptr_array_add (self->datagrams, g_object_ref (datagram));
  record (self, "datagram", self->on_datagram, datagram);
}

static void
recorder_connection_refused (GudpxDatagramProtocol *protocol, GudpxPort *port)
{
  Recorder *self = TEST_RECORDER (protocol);

  record (self, "refused", self->on_refused, NULL);
}

static void
recorder_error_received (GudpxDatagramProtocol *protocol,
                         GudpxPort *port,
                         const GError *error,
                         GSocketAddress *destination)
{
  Recorder *self = TEST_RECORDER (protocol);

  g_clear_error (&self->error);
  self->error = g_error_copy (error);
  g_set_object (&self->destination, destination);
  record (self, "error", self->on_error, NULL);
}

static void
recorder_writable (GudpxDatagramProtocol *protocol, GudpxPort *port)
{
  Recorder *self = TEST_RECORDER (protocol);

  record (self, "writable", self->on_writable, NULL);
}

static void
recorder_finalize (GObject *object)
{
  Recorder *self = TEST_RECORDER (object);

  g_string_free (self->events, TRUE);
  g_ptr_array_unref (self->datagrams);
  g_clear_error (&self->error);
  g_clear_object (&self->destination);

  G_OBJECT_CLASS (recorder_parent_class)->finalize (object);
}

static void
recorder_class_init (RecorderClass *klass)
{
  GudpxDatagramProtocolClass *protocol_class = GUDPX_DATAGRAM_PROTOCOL_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = recorder_finalize;
  protocol_class->started = recorder_started;
  protocol_class->stopped = recorder_stopped;
  protocol_class->datagram_received = recorder_datagram_received;
  protocol_class->connection_refused = recorder_connection_refused;
  protocol_class->error_received = recorder_error_received;
  protocol_class->writable = recorder_writable;
}

static void
recorder_init (Recorder *self)
{
  self->events = g_string_new (NULL);
  self->datagrams = g_ptr_array_new_with_free_func (g_object_unref);
}

Recorder *
recorder_new (void)
{
  return g_object_new (TYPE_RECORDER, NULL);
}

char *
recorder_get_payload (Recorder *self, guint index)
{
  gsize size;
  const guint8 *payload;

  g_assert_cmpuint (index, <, self->datagrams->len);
  payload = gudpx_datagram_get_payload (self->datagrams->pdata[index], &size);
  return g_strndup ((const char *) payload, size);
}

void
recorder_forget (Recorder *self)
{
  g_string_truncate (self->events, 0);
  g_ptr_array_set_size (self->datagrams, 0);
}

static gboolean
tick (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

GSource *
wait_start (void)
{
  GSource *ticks = g_timeout_source_new (100);

  g_source_set_callback (ticks, tick, NULL, NULL);
  g_source_attach (ticks, g_main_context_get_thread_default ());
  return ticks;
}

void
wait_end (GSource *ticks)
{
  g_source_destroy (ticks);
  g_source_unref (ticks);
}

void
iterate (void)
{
  while (g_main_context_iteration (g_main_context_get_thread_default (), FALSE))
    ;
}

GSocket *
peer_new (const char *host)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string (host, 0);
  GSocket *peer = g_socket_new (g_socket_address_get_family (address), G_SOCKET_TYPE_DATAGRAM,
                                G_SOCKET_PROTOCOL_DEFAULT, &error);

  g_assert_no_error (error);
  g_assert_true (g_socket_bind (peer, address, FALSE, &error));
  g_socket_set_timeout (peer, TIME_LIMIT);
  return peer;
}

guint16
peer_get_port (GSocket *peer)
{
  g_autoptr (GSocketAddress) address = g_socket_get_local_address (peer, NULL);

  return g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address));
}

void
peer_send (GSocket *peer, const char *payload, gssize size, GudpxPort *port)
{
  g_autoptr (GError) error = NULL;
  GSocketAddress *destination = gudpx_port_get_local_address (port);

  if (size < 0)
    size = strlen (payload);
  g_assert_cmpint (g_socket_send_to (peer, destination, payload, size, NULL, &error), ==, size);
  g_assert_no_error (error);
}

char *
peer_receive (GSocket *peer, GSocketAddress **sender)
{
  g_autoptr (GError) error = NULL;
  char buffer[65536];
  gssize size = g_socket_receive_from (peer, sender, buffer, sizeof buffer, NULL, &error);

  g_assert_no_error (error);
  return g_strndup (buffer, size);
}

gboolean
peer_has_nothing (GSocket *peer)
{
  return (g_socket_condition_check (peer, G_IO_IN) & G_IO_IN) == 0;
}

guint16
port_get_number (GudpxPort *port)
{
  return g_inet_socket_address_get_port (
      G_INET_SOCKET_ADDRESS (gudpx_port_get_local_address (port)));
}

char *
address_to_string (GSocketAddress *address)
{
  return g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (address));
}

guint16
free_number (const char *host)
{
  g_autoptr (GSocket) peer = peer_new (host);
  guint16 number = peer_get_port (peer);

  g_socket_close (peer, NULL);
  return number;
}

void
expect_error (GError **error, GIOErrorEnum code)
{
  g_assert_error (*error, G_IO_ERROR, (int) code);
  g_assert_cmpuint (strlen ((*error)->message), >, 10);
  g_clear_error (error);
}

GudpxPort *
listen_on (Recorder *recorder, const char *host)
{
  g_autoptr (GError) error = NULL;
  GudpxPort *port = gudpx_listen_udp (0, GUDPX_DATAGRAM_PROTOCOL (recorder), host, &error);

  g_assert_no_error (error);
  g_assert_true (GUDPX_IS_PORT (port));
  return port;
}

void
run_command (const char *command)
{
  g_autofree char *output = NULL;
  g_autoptr (GError) error = NULL;
  int status;

  g_spawn_command_line_sync (command, &output, NULL, &status, &error);
  g_assert_no_error (error);
  g_assert_cmpint (status, ==, 0);
}
