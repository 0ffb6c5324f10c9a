/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A transfer sends a file to a client. It is a protocol with its own port, whose number identifies
 * the transfer. */

#include "tftp-transfer.h"

#include <string.h>
#include <unistd.h>

#define MAX_TRIES 6

struct _TftpTransfer
{
  GudpxDatagramProtocol parent_instance;

  int fd;
  guint block_size;
  guint timeout_ms;

  GByteArray *packet; /* the last sent packet, not acknowledged yet */
  guint64 block;      /* number of the block in it; the packet has the lower 16 bits */
  gboolean is_last;
  guint n_tries;
  guint timeout_id;
};

G_DEFINE_FINAL_TYPE (TftpTransfer, tftp_transfer, GUDPX_TYPE_DATAGRAM_PROTOCOL)

GByteArray *
tftp_packet_new (guint16 operation, guint16 number)
{
  guint8 header[] = { operation >> 8, operation & 0xff, number >> 8, number & 0xff };

  return g_byte_array_append (g_byte_array_new (), header, sizeof header);
}

GByteArray *
tftp_error_new (guint16 code, const char *message)
{
  return g_byte_array_append (tftp_packet_new (TFTP_ERROR, code),
                              (const guint8 *) message, strlen (message) + 1);
}

static GudpxPort *
get_port (TftpTransfer *self)
{
  return gudpx_datagram_protocol_get_transport (GUDPX_DATAGRAM_PROTOCOL (self));
}

static void
finish (TftpTransfer *self, const char *message)
{
  if (message != NULL)
    g_printerr ("%s\n", message);
  gudpx_port_stop_listening (get_port (self));
}

static gboolean on_timeout (gpointer data);

/* Sends the packet. The wait doubles with each try, to relieve a congested network. */
static void
send_packet (TftpTransfer *self)
{
  g_autoptr (GError) error = NULL;

  g_clear_handle_id (&self->timeout_id, g_source_remove);
  self->timeout_id = g_timeout_add (self->timeout_ms << self->n_tries, on_timeout, self);
  self->n_tries++;
  if (!gudpx_port_write (get_port (self), self->packet->data, self->packet->len, &error))
    g_printerr ("%s\n", error->message);
}

static gboolean
on_timeout (gpointer data)
{
  TftpTransfer *self = data;

  self->timeout_id = 0;
  if (self->n_tries == MAX_TRIES)
    finish (self, "a client does not answer any more");
  else
    send_packet (self);
  return G_SOURCE_REMOVE;
}

static void
send_error (TftpTransfer *self, const char *message)
{
  g_autoptr (GByteArray) packet = tftp_error_new (0, message);

  gudpx_port_write (get_port (self), packet->data, packet->len, NULL);
  finish (self, message);
}

/* Sends the next block. Reading a file blocks the main loop, but only briefly for a local file. */
static void
send_next (TftpTransfer *self)
{
  gssize size;

  self->block++;
  g_byte_array_unref (self->packet);
  self->packet = tftp_packet_new (TFTP_DATA, (guint16) self->block);
  g_byte_array_set_size (self->packet, 4 + self->block_size);
  size = pread (self->fd, self->packet->data + 4, self->block_size,
                (off_t) (self->block - 1) * self->block_size);
  if (size < 0)
    {
      send_error (self, "Cannot read the file");
      return;
    }

  g_byte_array_set_size (self->packet, 4 + (guint) size);
  self->is_last = size < self->block_size;
  self->n_tries = 0;
  send_packet (self);
}

/* Sends the next block for a new acknowledgement, and ignores repeated ones. Otherwise every
 * further packet would be sent twice (the “sorcerer's apprentice”). Only the timeout repeats
 * packets. */
static void
tftp_transfer_datagram_received (GudpxDatagramProtocol *protocol,
                                 GudpxDatagram         *datagram)
{
  TftpTransfer *self = TFTP_TRANSFER (protocol);
  gsize size;
  const guint8 *data = gudpx_datagram_get_payload (datagram, &size);

  if (size < 4 || data[0] != 0)
    return;
  if (data[1] == TFTP_ERROR)
    finish (self, "a client gave up");
  else if (data[1] == TFTP_ACK && (data[2] << 8 | data[3]) == (guint16) self->block)
    {
      if (self->is_last)
        finish (self, NULL);
      else
        send_next (self);
    }
}

static void
tftp_transfer_connection_refused (GudpxDatagramProtocol *protocol,
                                  GudpxPort             *port)
{
  finish (TFTP_TRANSFER (protocol), "a client refuses datagrams");
}

static void
tftp_transfer_stopped (GudpxDatagramProtocol *protocol)
{
  TftpTransfer *self = TFTP_TRANSFER (protocol);

  g_clear_handle_id (&self->timeout_id, g_source_remove);
}

static void
tftp_transfer_finalize (GObject *object)
{
  TftpTransfer *self = TFTP_TRANSFER (object);

  close (self->fd);
  g_byte_array_unref (self->packet);

  G_OBJECT_CLASS (tftp_transfer_parent_class)->finalize (object);
}

static void
tftp_transfer_class_init (TftpTransferClass *klass)
{
  GudpxDatagramProtocolClass *protocol_class = GUDPX_DATAGRAM_PROTOCOL_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = tftp_transfer_finalize;
  protocol_class->datagram_received = tftp_transfer_datagram_received;
  protocol_class->connection_refused = tftp_transfer_connection_refused;
  protocol_class->stopped = tftp_transfer_stopped;
}

static void
tftp_transfer_init (TftpTransfer *self)
{
  self->packet = g_byte_array_new ();
}

/* Takes ownership of the descriptor. */
TftpTransfer *
tftp_transfer_new (int fd, guint block_size, guint timeout_ms)
{
  TftpTransfer *self = g_object_new (TFTP_TYPE_TRANSFER, NULL);

  self->fd = fd;
  self->block_size = block_size;
  self->timeout_ms = timeout_ms;
  return self;
}

/* Starts the transfer. A connected port receives only from the client. The client acknowledges
 * @option_ack as block 0. */
gboolean
tftp_transfer_start (TftpTransfer   *self,
                     GSocketAddress *local_address,
                     GSocketAddress *client,
                     GByteArray     *option_ack,
                     GError        **error)
{
  g_autoptr (GudpxPort) port = gudpx_port_new (GUDPX_DATAGRAM_PROTOCOL (self), local_address);

  if (!gudpx_port_start_listening (port, error))
    return FALSE;
  if (!gudpx_port_connect_peer_address (port, client, error))
    {
      gudpx_port_stop_listening (port);
      return FALSE;
    }

  if (option_ack == NULL)
    send_next (self);
  else
    {
      g_byte_array_append (self->packet, option_ack->data, option_ack->len);
      send_packet (self);
    }
  return TRUE;
}
