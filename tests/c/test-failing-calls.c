/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* System calls that fail, one after the other. */

#include <errno.h>
#include <string.h>

#include <sys/socket.h>

#include "faults.h"
#include "recorder.h"

/* The model itself: the library calls what this program has. */
static void
test_faults (void)
{
  g_autoptr (Recorder) recorder = recorder_new ();
  g_autoptr (GudpxPort) port = NULL;
  g_autoptr (GError) error = NULL;

  faults_reset ();
  for (guint n = 1; n <= 2; n++)
    {
      faults_set ("bind", EMFILE, FAULT_FIRST, n);
      g_assert_null (gudpx_listen_udp (0, GUDPX_DATAGRAM_PROTOCOL (recorder), "127.0.0.1", &error));
      expect_error (&error, G_IO_ERROR_TOO_MANY_OPEN_FILES);
      g_assert_cmpuint (faults_count ("bind"), ==, 1);
      g_assert_cmpuint (faults_hits (), ==, n);
    }

  faults_set ("bind", EACCES, FAULT_NTH, 2);
  port = listen_on (recorder, "127.0.0.1");
  g_assert_null (gudpx_listen_udp (0, GUDPX_DATAGRAM_PROTOCOL (recorder), "127.0.0.1", &error));
  expect_error (&error, G_IO_ERROR_PERMISSION_DENIED);

  faults_reset ();
  g_assert_cmpuint (faults_count ("bind"), ==, 0);
  gudpx_port_stop_listening (port);
  g_assert_true (gudpx_port_start_listening (port, NULL));
  g_assert_cmpuint (faults_count ("bind"), ==, 1);
  gudpx_port_stop_listening (port);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/failing-calls/faults", test_faults);

  return g_test_run ();
}
