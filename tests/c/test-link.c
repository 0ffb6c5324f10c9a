/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Rules of links, with a link that the test scripts: it has no descriptor. */

#include <string.h>

#include "gudpx/gudpx-link-private.h"
#include "gudpx/gudpx-port-private.h"
#include "gudpx/gudpx-socket-link-private.h"

/* Results of the calls to send, in order. 0: the link takes all datagrams. */
typedef struct
{
  GudpxLink parent;
  const int *results;
  guint n_sends;
  int reconnect_errsv; /* 0: reconnecting succeeds */
  guint n_reconnects;
} ScriptedLink;

static guint
scripted_send (GudpxLink *link,
               const GudpxOutgoing *outgoing,
               guint n_outgoing,
               gboolean may_join,
               int *errsv)
{
  ScriptedLink *self = (ScriptedLink *) link;

  *errsv = self->results[self->n_sends++];
  return *errsv == 0 ? n_outgoing : 0;
}

static gboolean
scripted_reconnect (GudpxLink *link, int *errsv)
{
  ScriptedLink *self = (ScriptedLink *) link;

  self->n_reconnects++;
  *errsv = self->reconnect_errsv;
  return *errsv == 0;
}

static const GudpxLinkFuncs scripted_funcs = {
  .send = scripted_send,
  .reconnect = scripted_reconnect,
};

static const GudpxLinkFuncs least_funcs = { .send = scripted_send };

static GudpxNativeAddress
make_path (const char *path)
{
  GudpxNativeAddress address = { .u.un.sun_family = AF_UNIX };

  g_strlcpy (address.u.un.sun_path, path, sizeof address.u.un.sun_path);
  address.length = G_STRUCT_OFFSET (struct sockaddr_un, sun_path) + strlen (path) + 1;
  return address;
}

static ScriptedLink
make_link (const GudpxLinkFuncs *funcs, const int *results)
{
  const GudpxNativeAddress peer = make_path ("/nowhere");
  ScriptedLink self = { .results = results };

  gudpx_link_init (&self.parent, funcs, NULL);
  gudpx_link_set_peer (&self.parent, &peer);
  return self;
}

static guint
send_one (ScriptedLink *self, const GudpxNativeAddress *destination, int *errsv)
{
  const GOutputVector vector = { "x", 1 };
  const GudpxOutgoing outgoing = { .vectors = &vector, .n_vectors = 1, .destination = destination };

  return gudpx_link_send (&self->parent, &outgoing, 1, FALSE, errsv);
}

/* Linux forgets a UNIX peer that is gone. The link connects again before it sends again. */
static void
test_reconnect (void)
{
  const int results[] = { ENOTCONN, 0 };
  ScriptedLink link = make_link (&scripted_funcs, results);
  int errsv;

  g_assert_cmpuint (send_one (&link, NULL, &errsv), ==, 1);
  g_assert_cmpint (errsv, ==, 0);
  g_assert_cmpuint (link.n_reconnects, ==, 1);
  g_assert_cmpuint (link.n_sends, ==, 2);
}

/* A peer that stays away refuses datagrams in the way of UDP. */
static void
test_lost_peer (void)
{
  const int results[] = { ENOTCONN };
  ScriptedLink link = make_link (&scripted_funcs, results);
  int errsv;

  link.reconnect_errsv = ENOENT;
  g_assert_cmpuint (send_one (&link, NULL, &errsv), ==, 0);
  g_assert_cmpint (errsv, ==, ECONNREFUSED);
  g_assert_cmpuint (link.n_sends, ==, 1);

  g_assert_false (gudpx_link_has_pending_error (&link.parent));
  g_assert_true (gudpx_link_absorb_refusal (&link.parent, NULL, errsv));
  g_assert_true (gudpx_link_has_pending_error (&link.parent));
}

/* Errors that do not concern the peer are the caller's. */
static void
test_other_errors (void)
{
  const int results[] = { EPERM, ECONNREFUSED, ENOTCONN };
  const GudpxNativeAddress elsewhere = make_path ("/elsewhere");
  ScriptedLink link = make_link (&scripted_funcs, results);
  int errsv;

  g_assert_cmpuint (send_one (&link, NULL, &errsv), ==, 0);
  g_assert_cmpint (errsv, ==, EPERM);
  g_assert_cmpuint (send_one (&link, &elsewhere, &errsv), ==, 0);
  g_assert_cmpint (errsv, ==, ECONNREFUSED);
  g_assert_false (gudpx_link_absorb_refusal (&link.parent, &elsewhere, errsv));
  g_assert_cmpuint (link.n_reconnects, ==, 0);

  link.parent.funcs = &least_funcs;
  g_assert_cmpuint (send_one (&link, NULL, &errsv), ==, 0);
  g_assert_cmpint (errsv, ==, ECONNREFUSED);
}

/* A kind of link needs few functions. */
static void
test_least (void)
{
  ScriptedLink link = make_link (&least_funcs, NULL);
  const GudpxGroupRequest request = { 0 };
  g_autoptr (GError) error = NULL;
  GudpxNativeAddress local;
  int value;

  link.parent.local = make_path ("/here");
  gudpx_link_get_local (&link.parent, &local);
  g_assert_true (gudpx_native_address_equal (&local, gudpx_link_get_bound (&link.parent)));
  g_assert_cmpint (gudpx_link_get_fd (&link.parent), ==, -1);
  g_assert_cmpint (gudpx_link_get_wants (&link.parent).time, ==, -1);
  g_assert_cmpuint (gudpx_link_get_drops (&link.parent), ==, 0);
  g_assert_cmpuint (gudpx_link_get_path_mtu (&link.parent), ==, 0);
  g_assert_false (gudpx_link_is_shut_down (&link.parent));
  g_assert_null (gudpx_link_get_socket (&link.parent));
  g_assert_false (gudpx_link_get_option (&link.parent, GUDPX_OPTION_TTL, &value));

  g_assert_false (gudpx_link_set_option (&link.parent, GUDPX_OPTION_TTL, 1, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_clear_error (&error);
  g_assert_false (gudpx_link_change_group (&link.parent, &request, TRUE, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
}

static void
test_renewal (void)
{
  ScriptedLink link = make_link (&least_funcs, NULL);
  guint n_lost_messages;

  g_assert_false (gudpx_link_take_renewal (&link.parent, &n_lost_messages));

  link.parent.is_renewed = TRUE;
  link.parent.n_lost_messages = 3;
  g_assert_true (gudpx_link_take_renewal (&link.parent, &n_lost_messages));
  g_assert_cmpuint (n_lost_messages, ==, 3);
  g_assert_false (gudpx_link_take_renewal (&link.parent, &n_lost_messages));
  g_assert_cmpuint (n_lost_messages, ==, 0);
}

/* Fails a call that is tried again as long as the link allows it. Returns the number of tries. */
static guint
fail_calls (GudpxSocketLink *link, const int *errsv)
{
  guint n_tries = 0;
  guint n = 0;

  while (gudpx_socket_link_may_retry (link, &n_tries, errsv[n]))
    n++;
  gudpx_socket_link_own_last_error (link, n_tries, errsv[n]);
  return n + 1;
}

/* An error of an earlier datagram fails one call. */
static void
test_earlier_error (void)
{
  const int refused_once[] = { ECONNREFUSED, EAGAIN };
  const int interrupted[] = { EINTR, EINTR, EPERM };
  GudpxSocketLink link = { .is_unix = FALSE };

  g_assert_cmpuint (fail_calls (&link, interrupted), ==, 3);
  g_assert_false (gudpx_link_has_pending_error (&link.parent));
  g_assert_cmpuint (fail_calls (&link, refused_once), ==, 2);
  g_assert_cmpint (link.parent.pending_errsv, ==, ECONNREFUSED);

  /* The error queue has the error, too. */
  link = (GudpxSocketLink){ .has_error_queue = TRUE };
  g_assert_cmpuint (fail_calls (&link, refused_once), ==, 2);
  g_assert_false (gudpx_link_has_pending_error (&link.parent));

  /* UNIX sockets return only errors of the call. */
  link = (GudpxSocketLink){ .is_unix = TRUE };
  g_assert_cmpuint (fail_calls (&link, refused_once), ==, 1);
  g_assert_false (gudpx_link_has_pending_error (&link.parent));
}

/* An error that each try returns is the datagram's own. */
static void
test_own_error (void)
{
  const int refused[] = { EACCES, EACCES, EACCES, EACCES, EACCES };
  const int full[] = { EHOSTUNREACH, EHOSTUNREACH, EHOSTUNREACH, EHOSTUNREACH, EAGAIN };
  GudpxSocketLink link = { .is_unix = FALSE };

  g_assert_cmpuint (fail_calls (&link, refused), ==, 5);
  g_assert_false (gudpx_link_has_pending_error (&link.parent));

  /* The last try met no such error: the others belong to earlier datagrams. */
  g_assert_cmpuint (fail_calls (&link, full), ==, 5);
  g_assert_cmpint (link.parent.pending_errsv, ==, EHOSTUNREACH);
}

/* A link that has one datagram, and keeps what is sent. */
typedef struct
{
  GudpxLink parent;
  GudpxIncoming incoming;
  GudpxBatch batch;
  gboolean has_datagram;
  GString *sent;
  gboolean *is_closed;
} LoneLink;

static GudpxBatch *
lone_receive (GudpxLink *link, gsize max_size, int *errsv)
{
  LoneLink *self = (LoneLink *) link;

  *errsv = EAGAIN;
  if (!self->has_datagram)
    return NULL;

  self->has_datagram = FALSE;
  self->batch = (GudpxBatch){ .incoming = &self->incoming, .n_incoming = 1 };
  return &self->batch;
}

static void
lone_release (GudpxLink *link, GudpxBatch *batch)
{
}

static guint
lone_send (GudpxLink *link,
           const GudpxOutgoing *outgoing,
           guint n_outgoing,
           gboolean may_join,
           int *errsv)
{
  LoneLink *self = (LoneLink *) link;

  *errsv = 0;
  for (guint i = 0; i < n_outgoing; i++)
    g_string_append_len (self->sent, outgoing[i].vectors->buffer, outgoing[i].vectors->size);
  return n_outgoing;
}

static gboolean
lone_take_error (GudpxLink *link, GudpxLinkError *error)
{
  return FALSE;
}

static GudpxWants
lone_get_wants (GudpxLink *link)
{
  return ((LoneLink *) link)->has_datagram ? (GudpxWants){ 0, 0 } : GUDPX_WANTS_NOTHING;
}

static void
lone_close (GudpxLink *link)
{
  LoneLink *self = (LoneLink *) link;

  *self->is_closed = TRUE;
  g_free (self);
}

static const GudpxLinkFuncs lone_funcs = {
  .receive = lone_receive,
  .release = lone_release,
  .send = lone_send,
  .take_error = lone_take_error,
  .get_wants = lone_get_wants,
  .close = lone_close,
};

static GudpxNativeAddress
make_host (const char *host)
{
  g_autoptr (GSocketAddress) object = g_inet_socket_address_new_from_string (host, 4000);
  GudpxNativeAddress address;

  g_assert_true (gudpx_address_to_native (object, &address, NULL));
  return address;
}

static void
reply (GudpxDatagramProtocol *protocol, GudpxDatagram *datagram, gpointer is_received)
{
  *(gboolean *) is_received = TRUE;
  g_assert_true (gudpx_datagram_reply (datagram, (const guint8 *) "pong", 4, NULL));
}

/* A port without a descriptor receives when its link says so, and sends by the link. */
static void
test_port (void)
{
  g_autoptr (GudpxDatagramProtocol) protocol = gudpx_datagram_protocol_new ();
  g_autoptr (GudpxPort) port = gudpx_port_new (protocol, NULL);
  g_autoptr (GString) sent = g_string_new (NULL);
  LoneLink *link = g_new0 (LoneLink, 1);
  gboolean is_received = FALSE;
  gboolean is_closed = FALSE;

  gudpx_link_init (&link->parent, &lone_funcs, NULL);
  link->parent.local = make_host ("10.0.0.1");
  link->incoming = (GudpxIncoming){ (const guint8 *) "ping", 4, 4, make_host ("10.0.0.2"),
                                    GUDPX_ANCILLARY_INIT };
  link->has_datagram = TRUE;
  link->sent = sent;
  link->is_closed = &is_closed;
  g_signal_connect (protocol, "datagram-received", G_CALLBACK (reply), &is_received);

  gudpx_port_open (port, &link->parent);
  g_assert_true (gudpx_port_get_listening (port));
  g_assert_null (gudpx_port_get_socket (port));
  while (!is_received)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpstr (sent->str, ==, "pong");

  g_assert_true (gudpx_port_write_to_host (port, (const guint8 *) "x", 1, "10.0.0.3", 9, NULL));
  g_assert_cmpstr (sent->str, ==, "pongx");
  gudpx_port_stop_listening (port);
  g_assert_true (is_closed);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/link/reconnect", test_reconnect);
  g_test_add_func ("/link/lost-peer", test_lost_peer);
  g_test_add_func ("/link/other-errors", test_other_errors);
  g_test_add_func ("/link/least", test_least);
  g_test_add_func ("/link/renewal", test_renewal);
  g_test_add_func ("/link/earlier-error", test_earlier_error);
  g_test_add_func ("/link/own-error", test_own_error);
  g_test_add_func ("/link/port", test_port);
  return g_test_run ();
}
