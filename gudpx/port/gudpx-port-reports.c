/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Makes errors of reports, and tells them to the protocol and to the tasks that wait. */

#include "gudpx-datagram-protocol-private.h"
#include "gudpx-port-private.h"

/* Returns 0 if the path MTU is not known. */
static guint
find_path_mtu (GudpxPort *self, const GudpxNativeAddress *destination)
{
  if (gudpx_port_has_peer (self))
    return gudpx_port_get_path_mtu (self);
  return destination->length > 0 ? gudpx_socket_find_path_mtu (destination) : 0;
}

/* Describes a destination; an empty one is the peer. */
static char *
describe_destination (GudpxPort *self, const GudpxNativeAddress *destination)
{
  g_autoptr (GSocketAddress) address =
      gudpx_native_address_to_object (destination->length > 0 ? destination
                                                              : gudpx_link_get_peer (self->link));

  return gudpx_address_describe (address);
}

static void
set_send_error (GudpxPort *self,
                int errsv,
                gsize size,
                const GudpxNativeAddress *destination,
                GError **error)
{
  g_autofree char *description = describe_destination (self, destination);
  guint path_mtu = errsv == EMSGSIZE ? find_path_mtu (self, destination) : 0;

  if (errsv == EMSGSIZE && gudpx_link_is_unix (self->link))
    gudpx_set_error_errno (error, errsv,
                           "Cannot send %" G_GSIZE_FORMAT " bytes to %s (send buffer: %u bytes)",
                           size, description, gudpx_port_get_send_buffer_size (self));
  else if (path_mtu > 0)
    gudpx_set_error_errno (error, errsv,
                           "Cannot send %" G_GSIZE_FORMAT " bytes to %s (path MTU: %u bytes)", size,
                           description, path_mtu);
  else
    gudpx_set_error_errno (error, errsv, "Cannot send %" G_GSIZE_FORMAT " bytes to %s", size,
                           description);
}

static void
set_not_read (GudpxPort *self,
              gsize held_size,
              const GudpxNativeAddress *destination,
              GError **error)
{
  g_autofree char *description = describe_destination (self, destination);
  g_autofree char *port_description = gudpx_port_describe (self);

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK,
               "Cannot send to %s: the destination does not read, and its share of the send queue "
               "of the port %s is full (%" G_GSIZE_FORMAT " bytes)",
               description, port_description, held_size);
}

static void
set_queue_full (GudpxPort *self, GError **error)
{
  g_autofree char *description = gudpx_port_describe (self);

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK,
               "Cannot send through the port %s: its send queue is full (%" G_GSIZE_FORMAT " of "
               "%" G_GSIZE_FORMAT " bytes)",
               description, gudpx_port_get_send_queue_size (self),
               gudpx_port_get_send_queue_limit (self));
}

/* Sets the error of a write that was refused: by the link with @errsv, or by the queue. */
void
gudpx_port_set_write_error (GudpxPort *self,
                            GudpxSendResult result,
                            int errsv,
                            const GudpxOutgoing *outgoing,
                            GError **error)
{
  const GudpxNativeAddress *destination =
      outgoing->destination != NULL ? outgoing->destination : gudpx_link_get_peer (self->link);
  gsize held_size;

  if (result == GUDPX_SEND_FAILED)
    {
      set_send_error (self, errsv, gudpx_outgoing_get_size (outgoing), destination, error);
      return;
    }

  if (gudpx_sender_is_held (&self->sender, self->link, outgoing, &held_size))
    set_not_read (self, held_size, destination, error);
  else
    set_queue_full (self, error);
}

static void
set_network_error (GudpxPort *self, const GudpxLinkError *link_error, GError **error)
{
  const gboolean is_known = link_error->destination.length > 0;
  const char *relation = is_known ? "to" : "of the port";
  g_autofree char *description = is_known ? describe_destination (self, &link_error->destination)
                                          : gudpx_port_describe (self);

  if (link_error->path_mtu > 0)
    gudpx_set_error_errno (error, link_error->errsv,
                           "A datagram %s %s failed (path MTU: %u bytes)", relation, description,
                           link_error->path_mtu);
  else
    gudpx_set_error_errno (error, link_error->errsv, "A datagram %s %s failed", relation,
                           description);
}

static void
set_unsent (GudpxPort *self, const GudpxNativeAddress *destination, GError **error)
{
  g_autofree char *description = describe_destination (self, destination);
  g_autofree char *port_description = gudpx_port_describe (self);

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED,
               "The port %s was stopped before it sent the datagram to %s", port_description,
               description);
}

/* Sets the error of a report on the port itself. */
static void
set_port_error (GudpxPort *self, const GudpxReport *report, GError **error)
{
  const int errsv = report->error.errsv;
  g_autofree char *description = gudpx_port_describe (self);

  switch ((int) report->kind)
    {
    case GUDPX_REPORT_UNFLUSHED:
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED,
                   "Cannot flush the send queue: the port %s was stopped", description);
      break;
    case GUDPX_REPORT_SHUT_DOWN:
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE,
                   "The socket of the port %s was shut down or closed from outside", description);
      break;
    case GUDPX_REPORT_DEVICE_GONE:
      gudpx_set_error_errno (error, errsv,
                             "The interface “%s” no longer exists: the port %s receives nothing "
                             "until it is restarted",
                             gudpx_device_watch_get_name (&self->device_watch), description);
      break;
    case GUDPX_REPORT_ERRORS_FAILED:
      gudpx_set_error_errno (error, errsv, "Cannot read the errors of %s", description);
      break;
    case GUDPX_REPORT_RECEIVE_FAILED:
    default:
      gudpx_set_error_errno (error, errsv, "Cannot receive on %s", description);
      break;
    }
}

/* Returns the error that @report tells; NULL for a datagram that was sent. */
static GError *
make_error (GudpxPort *self, const GudpxReport *report)
{
  const GudpxNativeAddress *destination = &report->error.destination;
  GError *error = NULL;

  switch ((int) report->kind)
    {
    case GUDPX_REPORT_SENT:
      break;
    case GUDPX_REPORT_NOT_SENT:
      set_send_error (self, report->error.errsv, report->size, destination, &error);
      break;
    case GUDPX_REPORT_NOT_READ:
      set_not_read (self, report->size, destination, &error);
      break;
    case GUDPX_REPORT_UNSENT:
      set_unsent (self, destination, &error);
      break;
    case GUDPX_REPORT_NETWORK:
      set_network_error (self, &report->error, &error);
      break;
    default:
      set_port_error (self, report, &error);
      break;
    }
  return error;
}

/* Takes @error. */
static void
complete (GTask *task, GError *error)
{
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

/* TRUE if the peer that the port has now refused a datagram. */
static gboolean
is_refusal (GudpxPort *self, const GudpxReport *report)
{
  return report->kind == GUDPX_REPORT_NETWORK && report->error.errsv == ECONNREFUSED &&
         gudpx_port_has_peer (self) &&
         gudpx_native_address_equal (&report->error.destination, gudpx_link_get_peer (self->link));
}

static void
tell_protocol (GudpxPort *self, const GudpxReport *report)
{
  const GudpxReport *outer = gudpx_reports_set_current (&self->reports, report);

  if (is_refusal (self, report))
    gudpx_datagram_protocol_emit_connection_refused (self->protocol, self);
  else
    {
      g_autoptr (GSocketAddress) destination =
          gudpx_native_address_to_object (&report->error.destination);
      g_autoptr (GError) error = make_error (self, report);

      gudpx_datagram_protocol_emit_error_received (self->protocol, self, error, destination);
    }
  gudpx_reports_set_current (&self->reports, outer);
}

static void
tell (GudpxPort *self, const GudpxReport *report)
{
  const guint epoch = gudpx_gate_get_epoch (&self->gate);

  if (report->task != NULL)
    {
      const GudpxReport *outer = gudpx_reports_set_current (&self->reports, NULL);

      complete (report->task, make_error (self, report));
      gudpx_reports_set_current (&self->reports, outer);
      return;
    }

  tell_protocol (self, report);
  /* The path to the peer has become narrower. */
  if (report->kind == GUDPX_REPORT_NETWORK && report->error.errsv == EMSGSIZE &&
      gudpx_gate_lasts (&self->gate, epoch) && gudpx_port_has_peer (self))
    gudpx_port_notify (self, GUDPX_PORT_PROP_PATH_MTU);
}

/* Tells reports, as long as the budget lasts and no handler stops the port. Reports that handlers
 * cause are told the next time. */
void
gudpx_port_tell_reports (GudpxPort *self, guint epoch)
{
  for (guint n = gudpx_reports_get_length (&self->reports);
       n > 0 && gudpx_gate_lasts (&self->gate, epoch) && !gudpx_budget_is_spent (&self->budget);
       n--)
    {
      g_autoptr (GudpxReport) report = gudpx_reports_take (&self->reports);

      if (report == NULL)
        return;
      tell (self, report);
      gudpx_budget_look (&self->budget);
    }
}

/* Completes the tasks of gudpx_port_flush_async() whose datagrams have left. */
void
gudpx_port_tell_flushed (GudpxPort *self, guint epoch)
{
  GTask *task;

  while (gudpx_gate_lasts (&self->gate, epoch) &&
         (task = gudpx_backlog_take_flushed (gudpx_sender_get_backlog (&self->sender))) != NULL)
    {
      g_task_return_boolean (task, TRUE);
      g_object_unref (task);
    }
}

typedef struct
{
  GTask *task;
  GError *error;
} Answer;

static void
answer_free (Answer *self)
{
  g_object_unref (self->task);
  g_clear_error (&self->error);
  g_free (self);
}

/* Takes all reports, when the port stops. Returns the answers for tasks. Call
 * gudpx_port_complete_tasks() with them when handlers may use the port again. */
GPtrArray *
gudpx_port_close_reports (GudpxPort *self)
{
  GPtrArray *answers = g_ptr_array_new_with_free_func ((GDestroyNotify) answer_free);
  GudpxReport *report;

  while ((report = gudpx_reports_take (&self->reports)) != NULL)
    {
      if (report->task != NULL)
        {
          Answer *answer = g_new (Answer, 1);

          *answer = (Answer){ g_object_ref (report->task), make_error (self, report) };
          g_ptr_array_add (answers, answer);
        }
      gudpx_report_free (report);
    }
  return answers;
}

/* Completes tasks, and frees @answers. */
void
gudpx_port_complete_tasks (GPtrArray *answers)
{
  for (guint i = 0; i < answers->len; i++)
    {
      Answer *answer = answers->pdata[i];

      complete (answer->task, g_steal_pointer (&answer->error));
    }
  g_ptr_array_unref (answers);
}
