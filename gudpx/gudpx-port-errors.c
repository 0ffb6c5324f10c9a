/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the network says on its own of datagrams that were sent, and who hears it. */

#include "gudpx-datagram-protocol-private.h"
#include "gudpx-port-private.h"

#define MAX_ERRORS_PER_DISPATCH 64
#define MAX_KEPT_ERRORS 64

/* A socket may be ready so often in a row for errors that it does not have. */
#define MAX_VAIN_ERRORS 8

/* Counts an error by its kind, whoever is told of it. */
void
gudpx_port_count_error (GudpxPort *self, int errsv)
{
  self->statistics.errors++;
  switch (errsv)
    {
    case ECONNREFUSED:
      self->statistics.connection_refusals++;
      break;
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EHOSTDOWN:
    case ENETDOWN:
      self->statistics.unreachable_errors++;
      break;
    default:
      break;
    }
}

/* Where a datagram went that was sent to @native; NULL and an empty one are the peer. */
GSocketAddress *
gudpx_port_get_destination (GudpxPort *self, const GudpxNativeAddress *native)
{
  if (native != NULL && native->length > 0)
    return gudpx_native_address_to_object (native);

  return self->peer_address != NULL ? g_object_ref (self->peer_address) : NULL;
}

static GError *
make_error (GudpxPort *self, const GudpxLinkError *io_error, GSocketAddress *destination)
{
  g_autofree char *description = destination != NULL ? gudpx_address_describe (destination)
                                                     : gudpx_port_describe (self);
  GError *error = NULL;

  if (io_error->path_mtu > 0)
    gudpx_set_error_errno (&error, io_error->errsv, "%s, with a path MTU of %u", description,
                           io_error->path_mtu);
  else
    gudpx_set_error_errno (&error, io_error->errsv, "%s", description);
  return error;
}

/* Calls the protocol: for a refusal without an @error. */
static void
tell (GudpxPort *self,
      const GudpxLinkError *io_error,
      const GError *error,
      GSocketAddress *destination)
{
  /* A handler that runs a main loop may have others reported before it returns. */
  const GudpxLinkError *outer_error = self->reported_error;

  gudpx_port_count_error (self, io_error->errsv);
  self->reported_error = io_error;
  if (error == NULL)
    gudpx_datagram_protocol_refuse (self->protocol, self);
  else
    gudpx_datagram_protocol_report (self->protocol, self, error, destination);
  self->reported_error = outer_error;
}

/* The port cannot receive, or cannot read its errors. */
void
gudpx_port_report_failure (GudpxPort *self, int errsv, const char *what)
{
  const GudpxLinkError io_error = { .errsv = errsv };
  g_autofree char *description = gudpx_port_describe (self);
  g_autoptr (GError) error = NULL;

  gudpx_set_error_errno (&error, errsv, "%s %s", what, description);
  tell (self, &io_error, error, NULL);
}

/* The errors are still there, and the socket is ready for them all the time. */
static void
wait_for_errors (GudpxPort *self)
{
  self->error_delay = gudpx_port_grow_delay (self->error_delay);
  gudpx_port_wait_unpolled (self, self->budget.now + self->error_delay * G_TIME_SPAN_MILLISECOND);
}

static void
reading_failed (GudpxPort *self, int errsv)
{
  gboolean is_new = self->error_delay == 0;

  wait_for_errors (self);
  if (is_new)
    gudpx_port_report_failure (self, errsv, "Cannot read the errors of");
}

/* There is no error, though the socket was ready for one. */
static void
found_no_error (GudpxPort *self)
{
  if (self->n_vain_errors == 0)
    self->error_delay = 0;
  self->n_vain_errors++;
  if (self->n_vain_errors > MAX_VAIN_ERRORS)
    wait_for_errors (self);
}

/* What the network has said so far is of the peer that the port has now. */
void
gudpx_port_keep_errors (GudpxPort *self)
{
  GudpxLinkError io_error;

  for (guint n = 0; n < MAX_KEPT_ERRORS && self->link->funcs->take_error (self->link, &io_error) &&
                    !io_error.is_of_reading;
       n++)
    {
      g_autoptr (GSocketAddress) destination =
          gudpx_port_get_destination (self, &io_error.destination);

      gudpx_port_count_error (self, io_error.errsv);
      gudpx_port_add_outcome (self, NULL, make_error (self, &io_error, destination), destination);
    }
}

static gboolean
concerns_peer (GudpxPort *self, const GudpxLinkError *io_error)
{
  return self->peer.length > 0 &&
         (io_error->destination.length == 0 ||
          gudpx_native_address_equal (&io_error->destination, &self->peer));
}

static void
report (GudpxPort *self, const GudpxLinkError *io_error)
{
  g_autoptr (GSocketAddress) destination = NULL;
  g_autoptr (GError) error = NULL;

  if (io_error->errsv != ECONNREFUSED || !concerns_peer (self, io_error))
    {
      destination = gudpx_port_get_destination (self, &io_error->destination);
      error = make_error (self, io_error, destination);
    }
  tell (self, io_error, error, destination);
}

/* Tells the protocol, as long as the port is not stopped by that. */
void
gudpx_port_report_errors (GudpxPort *self, guint epoch)
{
  GudpxLinkError io_error;

  for (guint n = 0; n < MAX_ERRORS_PER_DISPATCH && gudpx_port_is_open (self, epoch) &&
                    !self->budget.is_spent;
       n++)
    {
      if (!self->link->funcs->take_error (self->link, &io_error))
        {
          if (n == 0)
            found_no_error (self);
          return;
        }
      if (io_error.is_of_reading)
        {
          reading_failed (self, io_error.errsv);
          return;
        }
      self->n_vain_errors = 0;
      self->error_delay = 0;
      report (self, &io_error);
      gudpx_budget_look (&self->budget);
      /* The path has become narrower. */
      if (io_error.errsv == EMSGSIZE && self->peer.length > 0)
        gudpx_port_notify (self, GUDPX_PORT_PROP_PATH_MTU);
    }

  /* There may be more. */
  if (gudpx_port_is_open (self, epoch))
    gudpx_port_wake (self);
}
