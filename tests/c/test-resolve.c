/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <unistd.h>

#include <glib/gstdio.h>

#include "recorder.h"

static const char *program;

static void
keep_result (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_assert_null (source);
  g_set_object ((GAsyncResult **) user_data, result);
}

static char *
resolve (const char *host, GCancellable *cancellable, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GInetAddress) address = NULL;

  gudpx_resolve_async (host, cancellable, keep_result, &result);
  g_assert_null (result);
  wait_for (result != NULL);
  address = gudpx_resolve_finish (result, error);
  return address != NULL ? g_inet_address_to_string (address) : NULL;
}

static void
test_literals (void)
{
  g_autofree char *ipv4 = resolve ("192.0.2.1", NULL, NULL);
  g_autofree char *ipv6 = resolve ("2001:db8::1", NULL, NULL);

  g_assert_cmpstr (ipv4, ==, "192.0.2.1");
  g_assert_cmpstr (ipv6, ==, "2001:db8::1");
}

/* IPv4 comes first, because ports use IPv4 by default. */
static void
test_localhost (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *address = resolve ("localhost", NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (address, ==, "127.0.0.1");
}

/* A resolver that never answers. */
typedef GResolver SilentResolver;
typedef GResolverClass SilentResolverClass;
static GType silent_resolver_get_type (void);
G_DEFINE_TYPE (SilentResolver, silent_resolver, G_TYPE_RESOLVER)

static void
return_cancelled (GCancellable *cancellable, GTask *task)
{
  g_task_return_error_if_cancelled (task);
  g_object_unref (task);
}

static void
silent_lookup (GResolver *resolver,
               const char *host,
               GResolverNameLookupFlags flags,
               GCancellable *cancellable,
               GAsyncReadyCallback callback,
               gpointer user_data)
{
  GTask *task = g_task_new (resolver, cancellable, callback, user_data);

  g_signal_connect (cancellable, "cancelled", G_CALLBACK (return_cancelled), task);
}

static void
silent_lookup_by_default (GResolver *resolver,
                          const char *host,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer user_data)
{
  silent_lookup (resolver, host, G_RESOLVER_NAME_LOOKUP_FLAGS_DEFAULT, cancellable, callback,
                 user_data);
}

static GList *
silent_finish (GResolver *resolver, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
silent_resolver_class_init (SilentResolverClass *klass)
{
  klass->lookup_by_name_async = silent_lookup_by_default;
  klass->lookup_by_name_finish = silent_finish;
  klass->lookup_by_name_with_flags_async = silent_lookup;
  klass->lookup_by_name_with_flags_finish = silent_finish;
}

static void
silent_resolver_init (SilentResolver *self)
{
}

static void
test_timeout (void)
{
  g_autoptr (GResolver) before = g_resolver_get_default ();
  g_autoptr (GResolver) silent = g_object_new (silent_resolver_get_type (), NULL);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  g_resolver_set_default (silent);
  gudpx_resolve_all_async ("a.test", G_SOCKET_FAMILY_INVALID, 10, NULL, keep_result, &result);
  wait_for (result != NULL);
  g_assert_null (gudpx_resolve_all_finish (result, &error));
  expect_error (&error, G_IO_ERROR_TIMED_OUT);
  g_resolver_set_default (before);
  iterate ();
}

static gboolean
cancel (gpointer data)
{
  g_cancellable_cancel (data);
  return G_SOURCE_REMOVE;
}

static void
test_cancel (void)
{
  g_autoptr (GResolver) before = g_resolver_get_default ();
  g_autoptr (GResolver) silent = g_object_new (silent_resolver_get_type (), NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  g_resolver_set_default (silent);
  g_idle_add (cancel, cancellable);
  g_assert_null (resolve ("a.test", cancellable, &error));
  expect_error (&error, G_IO_ERROR_CANCELLED);
  /* The cancellable is already cancelled. */
  g_assert_null (resolve ("a.test", cancellable, &error));
  expect_error (&error, G_IO_ERROR_CANCELLED);
  g_assert_null (resolve ("127.0.0.1", cancellable, &error));
  expect_error (&error, G_IO_ERROR_CANCELLED);
  g_resolver_set_default (before);
  iterate ();
}

static void
test_unknown (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *long_name = g_strnfill (300, 'x');

  /* The resolver rejects a label that is too long without a query. */
  g_assert_null (resolve (long_name, NULL, &error));
  g_assert_true (error->domain == G_RESOLVER_ERROR);
  g_clear_error (&error);
  g_assert_null (resolve ("", NULL, &error));
  expect_error (&error, G_IO_ERROR_INVALID_ARGUMENT);
}

static void
test_all (void)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GAsyncResult) other = NULL;
  g_autoptr (GError) error = NULL;
  GList *addresses;

  gudpx_resolve_all_async ("localhost", G_SOCKET_FAMILY_IPV4, 0, NULL, keep_result, &result);
  wait_for (result != NULL);
  addresses = gudpx_resolve_all_finish (result, &error);
  g_assert_no_error (error);
  g_assert_nonnull (addresses);
  for (GList *l = addresses; l != NULL; l = l->next)
    g_assert_cmpint (g_inet_address_get_family (l->data), ==, G_SOCKET_FAMILY_IPV4);
  g_list_free_full (addresses, g_object_unref);

  gudpx_resolve_all_async ("127.0.0.1", G_SOCKET_FAMILY_IPV6, 0, NULL, keep_result, &other);
  wait_for (other != NULL);
  g_assert_null (gudpx_resolve_all_finish (other, &error));
  g_assert_error (error, G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND);
}

/* A resolver like getaddrinfo(3) with AI_ADDRCONFIG on a machine with only lo: a query for one
 * family fails, a query for both succeeds. */
typedef GResolver LoopbackResolver;
typedef GResolverClass LoopbackResolverClass;
static GType loopback_resolver_get_type (void);
G_DEFINE_TYPE (LoopbackResolver, loopback_resolver, G_TYPE_RESOLVER)

static void
loopback_lookup (GResolver *resolver,
                 const char *host,
                 GResolverNameLookupFlags flags,
                 GCancellable *cancellable,
                 GAsyncReadyCallback callback,
                 gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (resolver, cancellable, callback, user_data);
  GList *addresses = NULL;

  if (flags != G_RESOLVER_NAME_LOOKUP_FLAGS_DEFAULT || g_str_equal (host, "none.test"))
    {
      g_task_return_new_error (task, G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND, "%s is unknown",
                               host);
      return;
    }
  if (!g_str_equal (host, "four.test"))
    addresses = g_list_append (addresses, g_inet_address_new_from_string ("2001:db8::7"));
  addresses = g_list_append (addresses, g_inet_address_new_from_string ("192.0.2.7"));
  addresses = g_list_append (addresses, g_inet_address_new_from_string ("192.0.2.8"));
  g_task_return_pointer (task, addresses, (GDestroyNotify) g_resolver_free_addresses);
}

static void
loopback_lookup_by_default (GResolver *resolver,
                            const char *host,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  loopback_lookup (resolver, host, G_RESOLVER_NAME_LOOKUP_FLAGS_DEFAULT, cancellable, callback,
                   user_data);
}

static void
loopback_resolver_class_init (LoopbackResolverClass *klass)
{
  klass->lookup_by_name_async = loopback_lookup_by_default;
  klass->lookup_by_name_finish = silent_finish;
  klass->lookup_by_name_with_flags_async = loopback_lookup;
  klass->lookup_by_name_with_flags_finish = silent_finish;
}

static void
loopback_resolver_init (LoopbackResolver *self)
{
}

static char *
resolve_all (const char *host, GSocketFamily family, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GString) text = g_string_new (NULL);
  GList *addresses;

  gudpx_resolve_all_async (host, family, 0, NULL, keep_result, &result);
  wait_for (result != NULL);
  addresses = gudpx_resolve_all_finish (result, error);
  for (GList *l = addresses; l != NULL; l = l->next)
    {
      g_autofree char *address = g_inet_address_to_string (l->data);

      g_string_append_printf (text, "%s ", address);
    }
  g_list_free_full (addresses, g_object_unref);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
test_family_of_loopback_machine (void)
{
  g_autoptr (GResolver) before = g_resolver_get_default ();
  g_autoptr (GResolver) loopback = g_object_new (loopback_resolver_get_type (), NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char *ipv4 = NULL;
  g_autofree char *ipv6 = NULL;
  g_autofree char *none = NULL;

  g_resolver_set_default (loopback);
  ipv4 = resolve_all ("both.test", G_SOCKET_FAMILY_IPV4, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (ipv4, ==, "192.0.2.7 192.0.2.8 ");
  ipv6 = resolve_all ("both.test", G_SOCKET_FAMILY_IPV6, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (ipv6, ==, "2001:db8::7 ");
  none = resolve_all ("four.test", G_SOCKET_FAMILY_IPV6, &error);
  g_assert_cmpstr (none, ==, "");
  g_assert_error (error, G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND);
  g_assert_cmpstr (error->message, ==, "four.test is unknown");
  g_clear_error (&error);
  g_free (none);
  none = resolve_all ("none.test", G_SOCKET_FAMILY_IPV4, &error);
  g_assert_error (error, G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND);
  g_resolver_set_default (before);
}

/* Runs this test again in a namespace that has only lo, with @hosts as its hosts file. */
static gboolean
run_on_loopback_machine (const char *options, const char *hosts, const char *command)
{
  g_autofree char *script = g_strdup_printf (
      "mount --make-rprivate / && mount --bind %s /etc/hosts && ip link set lo up && exec %s",
      hosts, command);
  const char *argv[] = { "unshare", options, "sh", "-c", script, NULL };
  int status;

  return g_spawn_sync (NULL, (char **) argv, NULL,
                       G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL, NULL,
                       &status, NULL) &&
         status == 0;
}

static void
test_hosts_file_of_loopback_machine (void)
{
  g_autofree char *hosts = NULL;
  g_autofree char *again =
      g_strdup_printf ("%s -p /resolve/hosts-file-of-loopback-machine", program);
  g_autofree char *ipv4 = NULL;
  g_autoptr (GError) error = NULL;
  const char *options = "-nm";

  if (g_getenv ("GUDPX_TEST_LOOPBACK_MACHINE") != NULL)
    {
      ipv4 = resolve_all ("printer", G_SOCKET_FAMILY_IPV4, &error);
      g_assert_no_error (error);
      g_assert_cmpstr (ipv4, ==, "192.0.2.7 ");
      return;
    }

  close (g_file_open_tmp ("gudpx-hosts-XXXXXX", &hosts, &error));
  g_assert_no_error (error);
  g_assert_true (g_file_set_contents (hosts, "192.0.2.7 printer\n2001:db8::7 printer\n", -1, NULL));
  g_setenv ("GUDPX_TEST_LOOPBACK_MACHINE", "yes", TRUE);
  if (!run_on_loopback_machine (options, hosts, "true"))
    options = "-rnm";
  if (run_on_loopback_machine (options, hosts, "true"))
    g_assert_true (run_on_loopback_machine (options, hosts, again));
  else
    g_test_skip ("the system does not allow a machine of the test's own");
  g_unsetenv ("GUDPX_TEST_LOOPBACK_MACHINE");
  g_unlink (hosts);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  program = argv[0];

  g_test_add_func ("/resolve/literals", test_literals);
  g_test_add_func ("/resolve/localhost", test_localhost);
  g_test_add_func ("/resolve/timeout", test_timeout);
  g_test_add_func ("/resolve/cancel", test_cancel);
  g_test_add_func ("/resolve/unknown", test_unknown);
  g_test_add_func ("/resolve/all", test_all);
  g_test_add_func ("/resolve/family-of-loopback-machine", test_family_of_loopback_machine);
  g_test_add_func ("/resolve/hosts-file-of-loopback-machine", test_hosts_file_of_loopback_machine);

  return g_test_run ();
}
