/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Errors and datagrams without a port: a handle stands for the port. */

#include <errno.h>

#include "gudpx-datagram-private.h"
#include "gudpx-error-private.h"

#define NUMBER 4242

static void
check_code (int errsv, int code)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *message = g_strdup_printf ("Cannot do 7: %s", g_strerror (errsv));

  gudpx_set_error_errno (&error, errsv, "Cannot do %d", 7);
  g_assert_error (error, G_IO_ERROR, code);
  g_assert_cmpstr (error->message, ==, message);
}

static void
test_codes (void)
{
  check_code (EDESTADDRREQ, COMPAT_G_IO_ERROR_DESTINATION_UNSET);
  check_code (ENODEV, G_IO_ERROR_NOT_FOUND);
  check_code (ENXIO, G_IO_ERROR_NOT_FOUND);
  check_code (EADDRNOTAVAIL, G_IO_ERROR_NOT_FOUND);
  check_code (EPERM, G_IO_ERROR_PERMISSION_DENIED);
  check_code (EBADF, G_IO_ERROR_INVALID_ARGUMENT);
  check_code (ENOTSOCK, G_IO_ERROR_INVALID_ARGUMENT);
  check_code (ECONNREFUSED, G_IO_ERROR_CONNECTION_REFUSED);
}

/* Notes the calls of a test's handles: the place of the port, and the number of datagrams. */
static GString *deliveries;
static char places[2];

static void
deliver (GudpxPort *port, GudpxDatagram **datagrams, guint n_datagrams)
{
  g_string_append_printf (deliveries, " %d:%u", (int) ((char *) port - places), n_datagrams);
}

static GudpxPortHandle *
make_handle (guint place)
{
  const GudpxNativeAddress bound = {
    .length = sizeof bound.u.in,
    .u.in = { .sin_family = AF_INET, .sin_port = htons (NUMBER) },
  };
  GudpxPortHandle *handle = gudpx_port_handle_new ((gpointer) &places[place], deliver);

  gudpx_port_handle_set_bound (handle, &bound);
  gudpx_port_handle_set_epoch (handle, 3);
  return handle;
}

static GudpxDatagram *
make_datagram (GudpxPortHandle *handle, guint64 serial)
{
  const GudpxNativeAddress sender = {
    .length = sizeof sender.u.in,
    .u.in = { .sin_family = AF_INET, .sin_port = htons (9) },
  };
  GudpxAncillary ancillary = GUDPX_ANCILLARY_INIT;
  GudpxDatagram *datagram = gudpx_datagram_new_empty ();

  ancillary.has_destination = TRUE;
  ancillary.destination = gudpx_native_address_get_bytes (&sender);
  gudpx_datagram_set_message (datagram, serial, &sender, &ancillary, handle);
  gudpx_datagram_set_payload (datagram, (const guint8 *) "abc", 3, 5);
  return datagram;
}

static void
test_message (void)
{
  GudpxPortHandle *handle = make_handle (0);
  g_autoptr (GudpxDatagram) datagram = make_datagram (handle, 7);
  GSocketAddress *destination = gudpx_datagram_get_destination (datagram);

  g_assert_true (gudpx_datagram_is_of_message (datagram, 7));
  g_assert_false (gudpx_datagram_is_of_message (datagram, 8));
  g_assert_cmpuint (gudpx_datagram_get_epoch (datagram), ==, 3);
  g_assert_cmpuint (g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (destination)), ==,
                    NUMBER);
  g_assert_true (gudpx_datagram_get_truncated (datagram));
  g_assert_cmpstr ((const char *) gudpx_datagram_get_payload (datagram, NULL), ==, "abc");
  gudpx_datagram_set_payload (datagram, (const guint8 *) "z", 1, 1);
  g_assert_cmpstr ((const char *) gudpx_datagram_get_payload (datagram, NULL), ==, "z");

  gudpx_port_handle_unref (handle);
}

/* A received datagram that is written again goes to the peer, and is not a reply. */
static void
test_own_parts (void)
{
  GudpxPortHandle *handle = make_handle (0);
  g_autoptr (GudpxDatagram) received = make_datagram (handle, 7);
  g_autoptr (GudpxDatagram) made = gudpx_datagram_new (NULL, 0, NULL);

  g_assert_null (gudpx_datagram_get_own_ancillary (received));
  g_assert_nonnull (gudpx_datagram_get_destination (received));
  g_assert_null (gudpx_datagram_get_own_destination (received));
  g_assert_nonnull (gudpx_datagram_get_own_ancillary (made));
  g_assert_null (gudpx_datagram_get_handle (made));

  gudpx_port_handle_unref (handle);
}

static void
test_recycling (void)
{
  GudpxPortHandle *handle = make_handle (0);
  g_autoptr (GudpxDatagram) datagram = make_datagram (handle, 7);

  g_assert_true (gudpx_datagram_can_be_recycled (datagram));
  g_object_ref (datagram);
  g_assert_false (gudpx_datagram_can_be_recycled (datagram));
  g_object_unref (datagram);
  g_assert_true (gudpx_datagram_can_be_recycled (datagram));
  g_object_set_data (G_OBJECT (datagram), "key", datagram);
  g_assert_false (gudpx_datagram_can_be_recycled (datagram));

  gudpx_port_handle_unref (handle);
}

/* Only the thread that dispatched the port shares its cache, and not after the port is gone. */
static void
test_senders (void)
{
  GudpxPortHandle *handle = make_handle (0);
  g_autoptr (GudpxDatagram) foreign = make_datagram (handle, 7);
  g_autoptr (GudpxDatagram) first = make_datagram (handle, 8);
  g_autoptr (GudpxDatagram) second = make_datagram (handle, 9);
  g_autoptr (GudpxDatagram) late = make_datagram (handle, 10);
  GSocketAddress *sender;

  g_assert_nonnull (gudpx_datagram_get_sender (foreign));
  gudpx_port_handle_claim (handle);
  sender = gudpx_datagram_get_sender (first);
  g_assert_true (sender != gudpx_datagram_get_sender (foreign));
  g_assert_true (sender == gudpx_datagram_get_sender (second));
  g_assert_nonnull (gudpx_datagram_get_transport (first));

  gudpx_port_handle_forget (handle);
  g_assert_null (gudpx_datagram_get_transport (first));
  g_assert_true (gudpx_address_equal (gudpx_datagram_get_sender (late), sender));
  g_assert_true (gudpx_datagram_get_sender (late) != sender);

  gudpx_port_handle_unref (handle);
}

static void
count (GudpxDatagramProtocol *protocol, GudpxDatagram *datagram, gpointer n)
{
  ++*(guint *) n;
}

/* The default of datagrams_received hands the datagrams of a port back to that port, in order. It
 * emits the datagrams of a port that is gone. */
static void
test_deliveries (void)
{
  g_autoptr (GudpxDatagramProtocol) protocol = gudpx_datagram_protocol_new ();
  GudpxPortHandle *handles[] = { make_handle (0), make_handle (1), make_handle (0) };
  g_autoptr (GPtrArray) datagrams = g_ptr_array_new_with_free_func (g_object_unref);
  guint n_emitted = 0;

  gudpx_port_handle_forget (handles[2]);
  for (const char *place = "0012100"; *place != '\0'; place++)
    g_ptr_array_add (datagrams, make_datagram (handles[*place - '0'], 1));
  g_signal_connect (protocol, "datagram-received", G_CALLBACK (count), &n_emitted);

  deliveries = g_string_new (NULL);
  GUDPX_DATAGRAM_PROTOCOL_GET_CLASS (protocol)->datagrams_received (protocol, datagrams);
  g_assert_cmpstr (deliveries->str, ==, " 0:2 1:1 1:1 0:2");
  g_assert_cmpuint (n_emitted, ==, 1);

  g_string_free (deliveries, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (handles); i++)
    gudpx_port_handle_unref (handles[i]);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/values/codes", test_codes);
  g_test_add_func ("/values/message", test_message);
  g_test_add_func ("/values/own-parts", test_own_parts);
  g_test_add_func ("/values/recycling", test_recycling);
  g_test_add_func ("/values/senders", test_senders);
  g_test_add_func ("/values/deliveries", test_deliveries);

  return g_test_run ();
}
