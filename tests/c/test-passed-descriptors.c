/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tests descriptors that a peer sends to a UNIX port: the datagram arrives, but the descriptors are
 * not opened. */

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <gio/gunixsocketaddress.h>

#include "faults.h"
#include "recorder.h"

#ifndef SO_PASSPIDFD
#define SO_PASSPIDFD 76
#endif

#define N_DESCRIPTORS 50
#define N_DATAGRAMS 25

typedef struct
{
  char *directory;
  char *path;
  Recorder *recorder;
  GudpxPort *port;
} Fixture;

static void
set_up (Fixture *self, gconstpointer data)
{
  self->directory = g_dir_make_tmp ("gudpx-XXXXXX", NULL);
  self->path = g_build_filename (self->directory, "socket", NULL);
  self->recorder = recorder_new ();
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  gudpx_port_stop_listening (self->port);
  g_object_unref (self->port);
  g_object_unref (self->recorder);
  unlink (self->path);
  rmdir (self->directory);
  g_free (self->path);
  g_free (self->directory);
}

static struct sockaddr_un
get_address (Fixture *self)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };

  g_strlcpy (address.sun_path, self->path, sizeof address.sun_path);
  return address;
}

static void
listen_on_path (Fixture *self)
{
  self->port =
      gudpx_listen_unix_datagram (self->path, GUDPX_DATAGRAM_PROTOCOL (self->recorder), NULL);
  g_assert_nonnull (self->port);
}

/* Returns whether the socket has @option. */
static gboolean
adopt_on_path (Fixture *self, int option)
{
  struct sockaddr_un address = get_address (self);
  int fd = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  gboolean has_option =
      option == 0 || setsockopt (fd, SOL_SOCKET, option, &(int){ TRUE }, sizeof (int)) == 0;

  g_assert_cmpint (bind (fd, (struct sockaddr *) &address, sizeof address), ==, 0);
  self->port = gudpx_adopt_datagram_port (fd, G_SOCKET_FAMILY_UNIX,
                                          GUDPX_DATAGRAM_PROTOCOL (self->recorder), NULL);
  g_assert_nonnull (self->port);
  close (fd);
  return has_option;
}

/* Sends a datagram with @n_descriptors copies of the standard output. */
static void
send_descriptors (int fd, const struct sockaddr_un *address, guint n_descriptors)
{
  union
  {
    struct cmsghdr header;
    guint8 bytes[CMSG_SPACE (N_DESCRIPTORS * sizeof (int))];
  } control = { 0 };
  struct iovec vector = { (gpointer) "x", 1 };
  struct msghdr message = {
    .msg_name = (gpointer) address,
    .msg_namelen = sizeof *address,
    .msg_iov = &vector,
    .msg_iovlen = 1,
  };

  if (n_descriptors > 0)
    {
      message.msg_control = &control;
      message.msg_controllen = CMSG_SPACE (n_descriptors * sizeof (int));
      control.header.cmsg_level = SOL_SOCKET;
      control.header.cmsg_type = SCM_RIGHTS;
      control.header.cmsg_len = CMSG_LEN (n_descriptors * sizeof (int));
      for (guint i = 0; i < n_descriptors; i++)
        memcpy (CMSG_DATA (&control.header) + i * sizeof (int), &(int){ STDOUT_FILENO },
                sizeof (int));
    }
  g_assert_cmpint (sendmsg (fd, &message, 0), ==, 1);
}

static void
check (Fixture *self, guint n_descriptors)
{
  const guint n_before = faults_count_descriptors ();
  struct sockaddr_un address = get_address (self);
  int fd = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

  for (guint i = 1; i <= N_DATAGRAMS; i++)
    {
      send_descriptors (fd, &address, n_descriptors);
      wait_for (self->recorder->datagrams->len == i);
    }
  close (fd);
  g_assert_cmpuint (faults_count_descriptors (), ==, n_before);
  g_assert_null (self->recorder->error);
}

static void
test_listening (Fixture *self, gconstpointer data)
{
  listen_on_path (self);
  check (self, N_DESCRIPTORS);
}

static void
test_adopted (Fixture *self, gconstpointer data)
{
  g_assert_true (adopt_on_path (self, 0));
  check (self, N_DESCRIPTORS);
}

/* The kernel opens a descriptor for the sender's process, too, if the socket requests it. */
static void
test_process (Fixture *self, gconstpointer data)
{
  if (adopt_on_path (self, SO_PASSPIDFD))
    check (self, 0);
  else
    g_test_skip ("this kernel has no SO_PASSPIDFD");
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

#define add(name, function)                                                                        \
  g_test_add ("/passed-descriptors/" name, Fixture, NULL, set_up, function, tear_down)

  add ("listening", test_listening);
  add ("adopted", test_adopted);
  add ("process", test_process);

  return g_test_run ();
}
