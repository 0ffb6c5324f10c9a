/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Receives and sends by GSocket's own calls, on every platform that GSocket supports. Each call has
 * one datagram: g_socket_receive_messages() forgets an error that follows a datagram. */

#include <string.h>

#include "gudpx-socket-io-private.h"

#define MAX_UDP_SIZE 65536

/* With MSG_TRUNC Linux returns the true length: recv(2). */
#ifdef __linux__
#define RECEIVE_FLAGS MSG_TRUNC
#else
#define RECEIVE_FLAGS 0
#endif

typedef struct
{
  GudpxSocketLink parent;
  guint8 *buffers[GUDPX_LINK_BATCH];
  gsize buffer_size;
  GudpxBatch batch;
  GudpxIncoming incoming[GUDPX_LINK_BATCH];
} GenericLink;

/* GSocket makes an object of each control message, and drops messages without a class. */
#define GUDPX_TYPE_RAW_MESSAGE (gudpx_raw_message_get_type ())
G_DECLARE_FINAL_TYPE (GudpxRawMessage, gudpx_raw_message, GUDPX, RAW_MESSAGE, GSocketControlMessage)

struct _GudpxRawMessage
{
  GSocketControlMessage parent_instance;
  GudpxControlMessage message;
};

G_DEFINE_FINAL_TYPE (GudpxRawMessage, gudpx_raw_message, G_TYPE_SOCKET_CONTROL_MESSAGE)

static gsize
gudpx_raw_message_get_size (GSocketControlMessage *message)
{
  return GUDPX_RAW_MESSAGE (message)->message.size;
}

static int
gudpx_raw_message_get_level (GSocketControlMessage *message)
{
  return GUDPX_RAW_MESSAGE (message)->message.level;
}

static int
gudpx_raw_message_get_msg_type (GSocketControlMessage *message)
{
  return GUDPX_RAW_MESSAGE (message)->message.type;
}

static void
gudpx_raw_message_serialize (GSocketControlMessage *message, gpointer data)
{
  GudpxRawMessage *self = GUDPX_RAW_MESSAGE (message);

  memcpy (data, self->message.data, self->message.size);
}

static GSocketControlMessage *
raw_message_new (int level, int type, gsize size, gconstpointer data)
{
  GudpxRawMessage *self = g_object_new (GUDPX_TYPE_RAW_MESSAGE, NULL);

  self->message.level = level;
  self->message.type = type;
  self->message.size = size;
  memcpy (self->message.data, data, size);
  return G_SOCKET_CONTROL_MESSAGE (self);
}

static GSocketControlMessage *
gudpx_raw_message_deserialize (int level, int type, gsize size, gpointer data)
{
  GudpxAncillary ancillary;

  /* Each GSocket of the process asks: answer only for the messages that a link reads. */
  if (size > sizeof ((GudpxControlMessage *) NULL)->data ||
      !gudpx_ancillary_parse (&ancillary, level, type, data, size))
    return NULL;
  return raw_message_new (level, type, size, data);
}

static void
gudpx_raw_message_class_init (GudpxRawMessageClass *klass)
{
  GSocketControlMessageClass *message_class = G_SOCKET_CONTROL_MESSAGE_CLASS (klass);

  message_class->get_size = gudpx_raw_message_get_size;
  message_class->get_level = gudpx_raw_message_get_level;
  message_class->get_type = gudpx_raw_message_get_msg_type;
  message_class->serialize = gudpx_raw_message_serialize;
  message_class->deserialize = gudpx_raw_message_deserialize;
}

static void
gudpx_raw_message_init (GudpxRawMessage *self)
{
}

/* GSocket tells errors by GIO's codes. An error without a code is still in errno. */
static int
errno_from_error (const GError *error, int errsv)
{
  static const struct
  {
    GIOErrorEnum code;
    int errsv;
  } table[] = {
    { G_IO_ERROR_WOULD_BLOCK, EAGAIN },
    { G_IO_ERROR_CONNECTION_REFUSED, ECONNREFUSED },
    { G_IO_ERROR_HOST_UNREACHABLE, EHOSTUNREACH },
    { G_IO_ERROR_NETWORK_UNREACHABLE, ENETUNREACH },
    { G_IO_ERROR_MESSAGE_TOO_LARGE, EMSGSIZE },
    { G_IO_ERROR_INVALID_ARGUMENT, EINVAL },
    { G_IO_ERROR_NOT_FOUND, ENOENT },
    { G_IO_ERROR_NOT_CONNECTED, ENOTCONN },
    { G_IO_ERROR_CONNECTION_CLOSED, ECONNRESET },
    { G_IO_ERROR_CLOSED, EBADF },
  };

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      if (g_error_matches (error, G_IO_ERROR, (int) table[i].code))
        return table[i].errsv;
    }
  return errsv != 0 ? errsv : EIO;
}

static void
parse_control (GSocketControlMessage **messages, int n_messages, GudpxAncillary *ancillary)
{
  *ancillary = (GudpxAncillary) GUDPX_ANCILLARY_INIT;
  for (int i = 0; i < n_messages; i++)
    {
      if (GUDPX_IS_RAW_MESSAGE (messages[i]))
        {
          const GudpxControlMessage *raw = &GUDPX_RAW_MESSAGE (messages[i])->message;

          gudpx_ancillary_parse (ancillary, raw->level, raw->type, raw->data, raw->size);
        }
      g_object_unref (messages[i]);
    }
  g_free (messages);
}

static guint8 *
get_buffer (GenericLink *self, guint i, gsize size)
{
  if (self->buffer_size < size)
    {
      for (guint j = 0; j < GUDPX_LINK_BATCH; j++)
        g_clear_pointer (&self->buffers[j], g_free);
      self->buffer_size = size;
    }
  if (self->buffers[i] == NULL)
    self->buffers[i] = g_malloc (self->buffer_size);
  return self->buffers[i];
}

static gboolean
receive_one (GenericLink *self, guint i, gsize max_size, int *errsv)
{
  GudpxIncoming *incoming = &self->incoming[i];
  g_autoptr (GSocketAddress) sender = NULL;
  g_autoptr (GError) error = NULL;
  /* Room for a whole datagram: some systems do not tell the size of a datagram that did not fit. */
  gsize size = MAX (max_size, MAX_UDP_SIZE);
  GInputVector vector = { get_buffer (self, i, size), size };
  GSocketControlMessage **messages = NULL;
  int n_messages = 0;
  int flags = RECEIVE_FLAGS;
  gssize n;

  errno = 0;
  /* Descriptors that are sent to a UNIX socket come by control messages. Unless these are read, the
   * kernel does not open them. */
  n = g_socket_receive_message (self->parent.socket, &sender, &vector, 1,
                                self->parent.is_unix ? NULL : &messages, &n_messages, &flags, NULL,
                                &error);
  if (n < 0)
    {
      *errsv = errno_from_error (error, errno);
      return FALSE;
    }

  incoming->data = vector.buffer;
  incoming->original_size = n;
  incoming->size = MIN ((gsize) n, size);
  incoming->sender.length = 0;
  if (sender != NULL)
    gudpx_address_to_native (sender, &incoming->sender, NULL);
  /* GSocket has made IPv4 addresses of mapped addresses. */
  if (self->parent.is_ipv6)
    gudpx_native_address_convert (&incoming->sender, G_SOCKET_FAMILY_IPV6);
  parse_control (messages, n_messages, &incoming->ancillary);
  return TRUE;
}

GudpxBatch *
gudpx_socket_io_receive (GudpxLink *link, gsize max_size, int *errsv)
{
  GenericLink *self = (GenericLink *) link;
  guint n_tries = 0;
  guint n = 0;

  if (self->parent.lacks_number)
    gudpx_socket_link_find_number (&self->parent);
  while (n < GUDPX_LINK_BATCH)
    {
      if (receive_one (self, n, max_size, errsv))
        n++;
      else if (!gudpx_socket_link_may_retry (&self->parent, &n_tries, *errsv))
        break;
    }

  if (n > 0)
    link->statistics->receive_batches++;
  self->batch = (GudpxBatch){ self->incoming, n, n == GUDPX_LINK_BATCH, FALSE };
  return n > 0 ? &self->batch : NULL;
}

/* The buffers are the link's own: nothing is read before the batch is released. The link keeps one
 * buffer for the next batch. */
void
gudpx_socket_io_release (GudpxLink *link, GudpxBatch *batch)
{
  GenericLink *self = (GenericLink *) link;

  for (guint i = 1; i < batch->n_incoming; i++)
    g_clear_pointer (&self->buffers[i], g_free);
}

static gboolean
send_one (GenericLink *self,
          const GudpxOutgoing *outgoing,
          const GOutputVector *vectors,
          guint n_vectors,
          int *errsv)
{
  GudpxControlMessage control[GUDPX_ANCILLARY_MAX_MESSAGES];
  GSocketControlMessage *messages[GUDPX_ANCILLARY_MAX_MESSAGES];
  GOutputVector nothing = { "", 0 };
  g_autoptr (GSocketAddress) destination = NULL;
  g_autoptr (GError) error = NULL;
  const gboolean is_ipv4 = gudpx_link_goes_to_ipv4 (&self->parent.parent, outgoing);
  guint n_messages =
      gudpx_ancillary_build (outgoing->ancillary, self->parent.is_ipv6, is_ipv4, control);
  gssize n;

  for (guint i = 0; i < n_messages; i++)
    messages[i] =
        raw_message_new (control[i].level, control[i].type, control[i].size, control[i].data);

  if (outgoing->destination != NULL)
    destination = gudpx_native_address_to_object (outgoing->destination);
  errno = 0;
  /* Without a vector GSocket would send a byte. */
  n = g_socket_send_message (
      self->parent.socket, destination, n_vectors > 0 ? (GOutputVector *) vectors : &nothing,
      MAX (n_vectors, 1), n_messages > 0 ? messages : NULL, n_messages, G_SOCKET_MSG_NONE, NULL,
      &error);
  if (n < 0)
    *errsv = errno_from_error (error, errno);

  for (guint i = 0; i < n_messages; i++)
    g_object_unref (messages[i]);
  return n >= 0;
}

/* Sends one datagram, although errors of earlier datagrams may fail the call. */
static gboolean
send_after_all (GenericLink *self,
                const GudpxOutgoing *outgoing,
                const GOutputVector *vectors,
                guint n_vectors,
                int *errsv)
{
  guint n_tries = 0;

  do
    {
      if (send_one (self, outgoing, vectors, n_vectors, errsv))
        {
          *errsv = 0;
          return TRUE;
        }
    }
  while (gudpx_socket_link_may_retry (&self->parent, &n_tries, *errsv));

  gudpx_socket_link_own_last_error (&self->parent, n_tries, *errsv);
  return FALSE;
}

/* Returns the number of datagrams that were sent. */
static guint
send_run (GenericLink *self, const GudpxOutgoing *outgoing, int *errsv)
{
  guint n;

  if (outgoing->n_datagrams <= 1)
    return send_after_all (self, outgoing, outgoing->vectors, outgoing->n_vectors, errsv);

  for (n = 0; n < outgoing->n_datagrams; n++)
    {
      GOutputVector vector = gudpx_outgoing_get_segments (outgoing, n, 1);

      if (!send_after_all (self, outgoing, &vector, 1, errsv))
        break;
    }
  return n;
}

guint
gudpx_socket_io_send (GudpxLink *link,
                      const GudpxOutgoing *outgoing,
                      guint n_outgoing,
                      gboolean may_join,
                      int *errsv)
{
  guint n_sent = 0;

  *errsv = 0;
  for (guint i = 0; i < n_outgoing && *errsv == 0; i++)
    n_sent += send_run ((GenericLink *) link, &outgoing[i], errsv);

  if (n_sent > 0)
    link->statistics->send_batches++;
  return n_sent;
}

gboolean
gudpx_socket_io_take_error (GudpxLink *link, GudpxLinkError *error)
{
  *error = (GudpxLinkError){ .errsv = link->pending_errsv };
  link->pending_errsv = 0;
  return error->errsv != 0 ||
         (g_socket_get_option (((GudpxSocketLink *) link)->socket, SOL_SOCKET, SO_ERROR,
                               &error->errsv, NULL) &&
          error->errsv != 0);
}

guint32
gudpx_socket_io_get_drops (GudpxSocketLink *self)
{
  return 0;
}

/* GSocket does not read the error queue. */
void
gudpx_socket_io_update_errors (GudpxSocketLink *self)
{
}

gboolean
gudpx_socket_io_can_report (void)
{
  return FALSE;
}

GudpxSocketLink *
gudpx_socket_io_new (void)
{
  GenericLink *self = g_new0 (GenericLink, 1);

  /* GSocket asks only classes that exist to deserialize. */
  g_type_ensure (GUDPX_TYPE_RAW_MESSAGE);
  return &self->parent;
}

void
gudpx_socket_io_start (GudpxSocketLink *self)
{
}

void
gudpx_socket_io_free (GudpxSocketLink *self)
{
  GenericLink *generic = (GenericLink *) self;

  for (guint i = 0; i < GUDPX_LINK_BATCH; i++)
    g_free (generic->buffers[i]);
  g_free (generic);
}
