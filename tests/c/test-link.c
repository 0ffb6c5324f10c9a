/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Rules of links, with a link that the test scripts: it has no descriptor. */

#include "gudpx-socket-link-private.h"

#include "scripted-link.h"

static void
set_up (ScriptedLink *self, gconstpointer data)
{
  const GudpxNativeAddress peer = scripted_path ("/nowhere");

  scripted_link_init (self, NULL);
  gudpx_link_set_peer (&self->parent, &peer);
}

static void
tear_down (ScriptedLink *self, gconstpointer data)
{
  scripted_link_clear (self);
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
test_reconnect (ScriptedLink *self, gconstpointer data)
{
  int errsv;

  scripted_link_will_send (self, 0, ENOTCONN);
  g_assert_cmpuint (send_one (self, NULL, &errsv), ==, 1);
  g_assert_cmpint (errsv, ==, 0);
  g_assert_cmpuint (self->n_reconnects, ==, 1);
  g_assert_cmpuint (self->n_sends, ==, 2);
}

/* A peer that stays away refuses datagrams in the way of UDP. */
static void
test_lost_peer (ScriptedLink *self, gconstpointer data)
{
  int errsv;

  scripted_link_will_send (self, 0, ENOTCONN);
  self->reconnect_errsv = ENOENT;
  g_assert_cmpuint (send_one (self, NULL, &errsv), ==, 0);
  g_assert_cmpint (errsv, ==, ECONNREFUSED);
  g_assert_cmpuint (self->n_sends, ==, 1);

  g_assert_false (gudpx_link_has_pending_error (&self->parent));
  g_assert_true (gudpx_link_absorb_refusal (&self->parent, NULL, errsv));
  g_assert_true (gudpx_link_has_pending_error (&self->parent));
}

/* Errors that do not concern the peer are the caller's. */
static void
test_other_errors (ScriptedLink *self, gconstpointer data)
{
  const GudpxLinkFuncs least_funcs = { .send = self->parent.funcs->send };
  const GudpxNativeAddress elsewhere = scripted_path ("/elsewhere");
  int errsv;

  scripted_link_will_send (self, 0, EPERM);
  g_assert_cmpuint (send_one (self, NULL, &errsv), ==, 0);
  g_assert_cmpint (errsv, ==, EPERM);
  scripted_link_will_send (self, 0, ECONNREFUSED);
  g_assert_cmpuint (send_one (self, &elsewhere, &errsv), ==, 0);
  g_assert_cmpint (errsv, ==, ECONNREFUSED);
  g_assert_false (gudpx_link_absorb_refusal (&self->parent, &elsewhere, errsv));
  g_assert_cmpuint (self->n_reconnects, ==, 0);

  self->parent.funcs = &least_funcs;
  scripted_link_will_send (self, 0, ENOTCONN);
  g_assert_cmpuint (send_one (self, NULL, &errsv), ==, 0);
  g_assert_cmpint (errsv, ==, ECONNREFUSED);
}

/* A kind of link needs few functions. */
static void
test_least (ScriptedLink *self, gconstpointer data)
{
  const GudpxLinkFuncs least_funcs = { .send = self->parent.funcs->send };
  const GudpxGroupRequest request = { 0 };
  GudpxLink *link = &self->parent;
  g_autoptr (GError) error = NULL;
  GudpxNativeAddress local;
  int value;

  link->funcs = &least_funcs;
  gudpx_link_get_local (link, &local);
  g_assert_true (gudpx_native_address_equal (&local, gudpx_link_get_bound (link)));
  g_assert_cmpint (gudpx_link_get_fd (link), ==, -1);
  g_assert_cmpint (gudpx_link_get_wants (link).time, ==, -1);
  g_assert_cmpuint (gudpx_link_get_drops (link), ==, 0);
  g_assert_cmpuint (gudpx_link_get_path_mtu (link), ==, 0);
  g_assert_false (gudpx_link_is_shut_down (link));
  g_assert_null (gudpx_link_get_socket (link));
  g_assert_false (gudpx_link_get_option (link, GUDPX_OPTION_TTL, &value));

  g_assert_false (gudpx_link_set_option (link, GUDPX_OPTION_TTL, 1, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_clear_error (&error);
  g_assert_false (gudpx_link_change_group (link, &request, TRUE, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
}

static void
test_renewal (ScriptedLink *self, gconstpointer data)
{
  guint n_lost_messages;

  g_assert_false (gudpx_link_take_renewal (&self->parent, &n_lost_messages));

  self->parent.is_renewed = TRUE;
  self->parent.n_lost_messages = 3;
  g_assert_true (gudpx_link_take_renewal (&self->parent, &n_lost_messages));
  g_assert_cmpuint (n_lost_messages, ==, 3);
  g_assert_false (gudpx_link_take_renewal (&self->parent, &n_lost_messages));
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

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

#define add(path, func) g_test_add (path, ScriptedLink, NULL, set_up, func, tear_down)
  add ("/link/reconnect", test_reconnect);
  add ("/link/lost-peer", test_lost_peer);
  add ("/link/other-errors", test_other_errors);
  add ("/link/least", test_least);
  add ("/link/renewal", test_renewal);
  g_test_add_func ("/link/earlier-error", test_earlier_error);
  g_test_add_func ("/link/own-error", test_own_error);
  return g_test_run ();
}
