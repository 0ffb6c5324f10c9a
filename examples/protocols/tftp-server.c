/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Serves the files of a directory (TFTP, RFC 1350, with the options of RFC 2348 and RFC 2349).
 *
 *   examples/run tftp-server c --port 6969 /srv/tftp
 *   curl --remote-name tftp://127.0.0.1:6969/file
 *
 * Shows a port for each transfer, which answers from the address that received the request, and
 * time limits. Also shows how to open a file by a name from the network safely. The server is
 * read-only, and supports only octet mode. */

#include "common/tftp-transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_REQUEST 1
#define WRITE_REQUEST 2
#define MAX_TRANSFERS 100

enum
{
  NOT_DEFINED,
  FILE_NOT_FOUND,
  ACCESS_VIOLATION,
  DISK_FULL,
  ILLEGAL_OPERATION,
};

typedef struct
{
  int root;
  GHashTable *clients; /* set of GSocketAddress: clients with a transfer */
} Server;

typedef struct
{
  Server *server;
  GSocketAddress *client;
} Entry;

static char *option_address = NULL;
static int option_port = 69;
static int option_timeout = 1000;

static const GOptionEntry entries[] = {
  { "address", 'a', 0, G_OPTION_ARG_STRING, &option_address, "Address to listen on", "ADDRESS" },
  { "port", 'p', 0, G_OPTION_ARG_INT, &option_port, "Port; 0 takes a free one", "PORT" },
  { "timeout", 't', 0, G_OPTION_ARG_INT, &option_timeout,
    "Time before a packet is repeated", "MILLISECONDS" },
  G_OPTION_ENTRY_NULL
};

static void
refuse (GudpxDatagram *request, guint16 code, const char *message)
{
  g_autoptr (GByteArray) packet = tftp_error_new (code, message);
  g_autoptr (GError) error = NULL;

  if (!gudpx_datagram_reply (request, packet->data, packet->len, &error))
    g_printerr ("%s\n", error->message);
}

/* Opens a file below @root, one part of its name after the other, so that neither “..” nor a
 * symbolic link leads elsewhere. Rejects files that not all users may read. */
static int
open_below (int root, const char *name, goffset *size)
{
  g_auto (GStrv) parts = g_strsplit (name, "/", -1);
  struct stat status;
  int fd = dup (root);

  for (char **part = parts; *part != NULL && fd >= 0; part++)
    {
      int parent = fd;

      if (**part == '\0' || g_str_equal (*part, "."))
        continue;
      fd = g_str_equal (*part, "..")
               ? -1
               : openat (parent, *part, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
      close (parent);
    }
  if (fd < 0)
    return -1;

  if (fstat (fd, &status) != 0 || !S_ISREG (status.st_mode) || (status.st_mode & S_IROTH) == 0)
    {
      close (fd);
      return -1;
    }
  *size = status.st_size;
  return fd;
}

/* Splits a request into its zero-terminated strings. Returns NULL if the request is malformed. */
static GStrv
parse_strings (const guint8 *data, gsize size)
{
  g_autoptr (GPtrArray) strings = g_ptr_array_new_with_free_func (g_free);
  const char *end = (const char *) data + size;

  if (size == 0 || end[-1] != '\0')
    return NULL;
  for (const char *string = (const char *) data; string < end; string += strlen (string) + 1)
    g_ptr_array_add (strings, g_strdup (string));
  if (strings->len < 2)
    return NULL;
  g_ptr_array_add (strings, NULL);
  return (GStrv) g_ptr_array_steal (strings, NULL);
}

static void
append_option (GByteArray *packet, const char *name, guint64 value)
{
  g_autofree char *text = g_strdup_printf ("%" G_GUINT64_FORMAT, value);

  g_byte_array_append (packet, (const guint8 *) name, strlen (name) + 1);
  g_byte_array_append (packet, (const guint8 *) text, strlen (text) + 1);
}

/* Returns a packet that confirms the known options, or NULL if there are none. */
static GByteArray *
take_options (GStrv options, goffset size, guint *block_size)
{
  g_autoptr (GByteArray) packet = tftp_packet_new (TFTP_OPTION_ACK, 0);
  guint64 number;

  /* Remove the block number: an option acknowledgement has none. */
  g_byte_array_set_size (packet, 2);
  for (; options[0] != NULL && options[1] != NULL; options += 2)
    {
      if (g_ascii_strcasecmp (options[0], "tsize") == 0)
        append_option (packet, "tsize", (guint64) size);
      else if (g_ascii_strcasecmp (options[0], "blksize") == 0 &&
               g_ascii_string_to_unsigned (options[1], 10, 8, 65464, &number, NULL))
        append_option (packet, "blksize", *block_size = (guint) number);
    }
  return packet->len > 2 ? g_steal_pointer (&packet) : NULL;
}

static void
on_transfer_stopped (GudpxDatagramProtocol *transfer, Entry *entry)
{
  g_hash_table_remove (entry->server->clients, entry->client);
}

static void
entry_free (gpointer data, GClosure *closure)
{
  g_free (data);
}

/* Returns the address that received the request, with any free port number. */
static GSocketAddress *
make_local_address (GudpxDatagram *request)
{
  GSocketAddress *asked = gudpx_datagram_get_destination (request);
  GInetSocketAddress *address = G_INET_SOCKET_ADDRESS (
    asked != NULL ? asked : gudpx_port_get_local_address (gudpx_datagram_get_transport (request)));
  gboolean is_ipv6 =
    g_socket_address_get_family (G_SOCKET_ADDRESS (address)) == G_SOCKET_FAMILY_IPV6;
  guint scope_id = is_ipv6 ? g_inet_socket_address_get_scope_id (address) : 0;

  return g_object_new (G_TYPE_INET_SOCKET_ADDRESS,
                       "address", g_inet_socket_address_get_address (address),
                       "scope-id", scope_id,
                       "port", 0,
                       NULL);
}

/* Takes ownership of the descriptor. */
static void
start_transfer (Server *self, GudpxDatagram *request, int fd, GStrv options, goffset size)
{
  guint block_size = 512;
  g_autoptr (GByteArray) option_ack = take_options (options, size, &block_size);
  g_autoptr (TftpTransfer) transfer = tftp_transfer_new (fd, block_size, (guint) option_timeout);
  g_autoptr (GSocketAddress) local = make_local_address (request);
  GSocketAddress *client = gudpx_datagram_get_sender (request);
  g_autoptr (GError) error = NULL;
  Entry *entry = g_new (Entry, 1);

  *entry = (Entry) { self, client };
  g_signal_connect_data (transfer, "stopped", G_CALLBACK (on_transfer_stopped), entry, entry_free,
                         0);
  g_hash_table_add (self->clients, g_object_ref (client));
  if (!tftp_transfer_start (transfer, local, client, option_ack, &error))
    {
      g_hash_table_remove (self->clients, client);
      g_printerr ("%s\n", error->message);
    }
}

static void
take_read_request (Server *self, GudpxDatagram *request, GStrv strings)
{
  g_autofree char *name = g_strescape (strings[0], NULL);
  g_autofree char *client = g_socket_connectable_to_string (
    G_SOCKET_CONNECTABLE (gudpx_datagram_get_sender (request)));
  goffset size = 0;
  int fd;

  g_print ("%s asks for \"%s\"\n", client, name);
  if (g_ascii_strcasecmp (strings[1], "octet") != 0)
    refuse (request, ILLEGAL_OPERATION, "Only octet mode is supported");
  else if (g_hash_table_size (self->clients) >= MAX_TRANSFERS)
    refuse (request, NOT_DEFINED, "Too many transfers");
  else if ((fd = open_below (self->root, strings[0], &size)) < 0)
    refuse (request, FILE_NOT_FOUND, "The file does not exist, or is not public");
  else
    start_transfer (self, request, fd, strings + 2, size);
}

static void
on_datagram_received (GudpxDatagramProtocol *protocol,
                      GudpxDatagram         *request,
                      Server                *self)
{
  gsize size;
  const guint8 *data = gudpx_datagram_get_payload (request, &size);
  g_auto (GStrv) strings = NULL;

  /* Ignore a repeated request: the transfer repeats the answer itself. */
  if (size < 2 || g_hash_table_contains (self->clients, gudpx_datagram_get_sender (request)))
    return;

  strings = parse_strings (data + 2, size - 2);
  if (data[0] == 0 && data[1] == READ_REQUEST && strings != NULL)
    take_read_request (self, request, strings);
  else if (data[0] == 0 && data[1] == WRITE_REQUEST)
    refuse (request, ACCESS_VIOLATION, "This server is read-only");
  else if (data[0] != 0 || data[1] != TFTP_ERROR)
    refuse (request, ILLEGAL_OPERATION, "Not a request");
}

static int
open_root (const char *directory, GError **error)
{
  int fd = open (directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  if (fd < 0)
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "%s: %s", directory,
                 g_strerror (errno));
  return fd;
}

static gboolean
serve (Server *self, GudpxDatagramProtocol *protocol, GError **error)
{
  g_autoptr (GudpxPort) port = NULL;
  g_autofree char *address = NULL;

  port = gudpx_listen_udp ((guint16) option_port, protocol, option_address, error);
  if (port == NULL || !gudpx_port_set_metadata (port, GUDPX_METADATA_DESTINATION, error))
    return FALSE;
  address = g_socket_connectable_to_string (
    G_SOCKET_CONNECTABLE (gudpx_port_get_local_address (port)));
  g_print ("listening on %s\n", address);
  return TRUE;
}

int
main (int    argc,
      char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new ("DIRECTORY — serve files");
  g_autoptr (GudpxDatagramProtocol) protocol = gudpx_datagram_protocol_new ();
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GHashTable) clients = g_hash_table_new_full (
    (GHashFunc) gudpx_address_hash, (GEqualFunc) gudpx_address_equal, g_object_unref, NULL);
  g_autoptr (GError) error = NULL;
  Server self = { .clients = clients };

  setlocale (LC_ALL, "");
  g_signal_connect (protocol, "datagram-received", G_CALLBACK (on_datagram_received), &self);

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    g_printerr ("%s: %s\n", g_get_prgname (), error->message);
  else if (argc != 2 || option_port < 0 || option_port > G_MAXUINT16 ||
           option_timeout < 1 || option_timeout > 60000)
    g_printerr ("%s: give a directory, a port up to 65535 and a timeout from 1 to 60000 ms,"
                " see --help\n", g_get_prgname ());
  else if ((self.root = open_root (argv[1], &error)) < 0 || !serve (&self, protocol, &error))
    g_printerr ("%s: %s\n", g_get_prgname (), error->message);
  else
    g_main_loop_run (loop);
  return EXIT_FAILURE;
}
