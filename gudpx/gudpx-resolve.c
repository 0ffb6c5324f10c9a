/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <gudpx/gudpx.h>

#define DEFAULT_TIMEOUT_MS (60 * 1000)

/* A query to the resolver, with its time limit. */
typedef struct
{
  char *host;
  GSocketFamily family;
  guint timeout_ms;
  GCancellable *lookup_cancellable; /* cancels the query of the resolver */
  GSource *timeout;
  GSource *cancel_watch;
  GError *refusal; /* error of the query for one family; NULL: no error so far */
} Lookup;

static void
clear_source (GSource **source)
{
  if (*source != NULL)
    g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static void
lookup_free (gpointer data)
{
  Lookup *self = data;

  clear_source (&self->timeout);
  clear_source (&self->cancel_watch);
  g_clear_object (&self->lookup_cancellable);
  g_clear_error (&self->refusal);
  g_free (self->host);
  g_free (self);
}

static void
free_addresses (gpointer data)
{
  g_list_free_full (data, g_object_unref);
}

/* Ends the query. Call this before the task returns: its callback may run any code. */
static void
give_up (GTask *task)
{
  Lookup *lookup = g_task_get_task_data (task);

  clear_source (&lookup->timeout);
  clear_source (&lookup->cancel_watch);
  g_cancellable_cancel (lookup->lookup_cancellable);
}

static gboolean
timed_out (gpointer data)
{
  GTask *task = data;
  Lookup *lookup = g_task_get_task_data (task);

  give_up (task);
  g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                           "Cannot resolve “%s”: no answer within %u ms", lookup->host,
                           lookup->timeout_ms);
  return G_SOURCE_REMOVE;
}

static gboolean
cancelled (GCancellable *cancellable, gpointer data)
{
  GTask *task = data;

  give_up (task);
  g_task_return_error_if_cancelled (task);
  return G_SOURCE_REMOVE;
}

/* Returns the addresses of @family and frees the others. Returns NULL if there are none. */
static GList *
take_family (GList *addresses, GSocketFamily family)
{
  GList *taken = NULL;

  if (family == G_SOCKET_FAMILY_INVALID)
    return addresses;

  for (GList *l = addresses; l != NULL; l = l->next)
    {
      if (g_inet_address_get_family (l->data) == family)
        taken = g_list_prepend (taken, g_object_ref (l->data));
    }
  free_addresses (addresses);
  return g_list_reverse (taken);
}

static void look_up (GTask *task, GResolverNameLookupFlags flags);

/* Repeats the query for both families if the query for one family found no address. GLib calls
 * getaddrinfo(3) with AI_ADDRCONFIG. With this flag a query for one family finds no address, even
 * in /etc/hosts, if only lo has an address of this family. A query for both families finds them. */
static gboolean
try_both_families (GTask *task, GError **error)
{
  Lookup *lookup = g_task_get_task_data (task);

  if (lookup->family == G_SOCKET_FAMILY_INVALID || lookup->refusal != NULL ||
      g_cancellable_is_cancelled (lookup->lookup_cancellable) ||
      !g_error_matches (*error, G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND))
    return FALSE;

  lookup->refusal = g_steal_pointer (error);
  look_up (task, G_RESOLVER_NAME_LOOKUP_FLAGS_DEFAULT);
  return TRUE;
}

/* Completes the task, unless a timeout or the caller's cancellable has completed it already. */
static void
looked_up (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Lookup *lookup = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  GList *addresses =
      g_resolver_lookup_by_name_with_flags_finish (G_RESOLVER (source), result, &error);

  if (addresses == NULL && try_both_families (task, &error))
    return;
  addresses = take_family (addresses, lookup->family);
  if (addresses == NULL && error == NULL)
    error = g_steal_pointer (&lookup->refusal);

  clear_source (&lookup->timeout);
  clear_source (&lookup->cancel_watch);
  if (g_cancellable_is_cancelled (lookup->lookup_cancellable))
    free_addresses (addresses);
  else if (addresses == NULL)
    g_task_return_error (task, g_steal_pointer (&error));
  else
    g_task_return_pointer (task, addresses, free_addresses);
}

static GSource *
attach (GTask *task, GSource *source, GSourceFunc callback)
{
  g_source_set_callback (source, callback, g_object_ref (task), g_object_unref);
  g_source_attach (source, g_task_get_context (task));
  return source;
}

static void
look_up (GTask *task, GResolverNameLookupFlags flags)
{
  Lookup *lookup = g_task_get_task_data (task);
  g_autoptr (GResolver) resolver = g_resolver_get_default ();

  g_resolver_lookup_by_name_with_flags_async (resolver, lookup->host, flags,
                                              lookup->lookup_cancellable, looked_up,
                                              g_object_ref (task));
}

static void
begin (GTask *task)
{
  Lookup *lookup = g_task_get_task_data (task);
  GCancellable *cancellable = g_task_get_cancellable (task);
  GResolverNameLookupFlags flags = G_RESOLVER_NAME_LOOKUP_FLAGS_DEFAULT;

  if (lookup->family == G_SOCKET_FAMILY_IPV4)
    flags = G_RESOLVER_NAME_LOOKUP_FLAGS_IPV4_ONLY;
  else if (lookup->family == G_SOCKET_FAMILY_IPV6)
    flags = G_RESOLVER_NAME_LOOKUP_FLAGS_IPV6_ONLY;

  lookup->timeout = attach (task, g_timeout_source_new (lookup->timeout_ms), timed_out);
  if (cancellable != NULL)
    lookup->cancel_watch = attach (task, g_cancellable_source_new (cancellable),
                                   G_SOURCE_FUNC (cancelled));
  look_up (task, flags);
}

/* Parses an IP address. The scope id, if there is one, is lost: GInetAddress cannot store it. */
static GInetAddress *
parse_literal (const char *host)
{
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string (host, 0);

  if (address == NULL)
    return NULL;
  return g_object_ref (g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (address)));
}

static void
return_literal (GTask *task, GInetAddress *address)
{
  Lookup *lookup = g_task_get_task_data (task);

  if (lookup->family == G_SOCKET_FAMILY_INVALID ||
      lookup->family == g_inet_address_get_family (address))
    g_task_return_pointer (task, g_list_prepend (NULL, g_object_ref (address)), free_addresses);
  else
    g_task_return_new_error (task, G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND,
                             "Cannot resolve “%s”: it is an address of the other family",
                             lookup->host);
}

static void
resolve (gpointer tag,
         const char *host,
         GSocketFamily family,
         guint timeout_ms,
         GCancellable *cancellable,
         GAsyncReadyCallback callback,
         gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  g_autoptr (GInetAddress) literal = NULL;
  Lookup *lookup = g_new0 (Lookup, 1);

  lookup->host = g_strdup (host);
  lookup->family = family;
  lookup->timeout_ms = timeout_ms > 0 ? timeout_ms : DEFAULT_TIMEOUT_MS;
  lookup->lookup_cancellable = g_cancellable_new ();
  g_task_set_source_tag (task, tag);
  g_task_set_task_data (task, lookup, lookup_free);

  if (g_task_return_error_if_cancelled (task))
    return;
  literal = parse_literal (host);
  if (literal != NULL)
    return_literal (task, literal);
  else if (*host == '\0')
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                             "Cannot resolve an empty host name");
  else
    begin (task);
}

/**
 * gudpx_resolve_async:
 * @host: a host name or an IP address
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async) (nullable): called when the host is resolved
 * @user_data: the data to pass to @callback
 *
 * Resolves a host name to one address: the first IPv4 address if there is one, because
 * [func@Gudpx.listen_udp] listens on IPv4 by default. Otherwise the result is the first IPv6
 * address.
 *
 * [class@Gio.Resolver] resolves the name without blocking. If @host is an IP address, the result is
 * this address, without a query. @callback is called from the thread-default main context of the
 * caller, after this function has returned.
 *
 * After 60 seconds the call fails with %G_IO_ERROR_TIMED_OUT. [func@Gudpx.resolve_all_async] takes
 * another time limit.
 *
 * ```c
 * static void
 * on_resolved (GObject *source, GAsyncResult *result, gpointer user_data)
 * {
 *   g_autoptr (GudpxPort) port = user_data;
 *   g_autoptr (GError) error = NULL;
 *   g_autoptr (GInetAddress) address = gudpx_resolve_finish (result, &error);
 *   g_autofree char *host = address != NULL ? g_inet_address_to_string (address) : NULL;
 *
 *   if (host == NULL ||
 *       !gudpx_port_write_to_host (port, (const guint8 *) "hello", 5, host, 9999, &error))
 *     g_warning ("%s", error->message);
 * }
 *
 * static void
 * say_hello (GudpxPort *port)
 * {
 *   gudpx_resolve_async ("localhost", NULL, on_resolved, g_object_ref (port));
 * }
 * ```
 *
 * Since: 1.0
 */
void
gudpx_resolve_async (const char *host,
                     GCancellable *cancellable,
                     GAsyncReadyCallback callback,
                     gpointer user_data)
{
  g_return_if_fail (host != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  resolve (gudpx_resolve_async, host, G_SOCKET_FAMILY_INVALID, 0, cancellable, callback, user_data);
}

static GInetAddress *
choose_address (GList *addresses)
{
  for (GList *l = addresses; l != NULL; l = l->next)
    {
      if (g_inet_address_get_family (l->data) == G_SOCKET_FAMILY_IPV4)
        return g_object_ref (l->data);
    }
  return g_object_ref (addresses->data);
}

/**
 * gudpx_resolve_finish:
 * @result: the result that the callback received
 * @error: return location for an error
 *
 * Finishes [func@Gudpx.resolve_async]. Fails with the errors of the domain %G_RESOLVER_ERROR, with
 * %G_IO_ERROR_TIMED_OUT, with %G_IO_ERROR_CANCELLED, and with %G_IO_ERROR_INVALID_ARGUMENT if the
 * name is empty.
 *
 * Returns: (transfer full): the address
 *
 * Since: 1.0
 */
GInetAddress *
gudpx_resolve_finish (GAsyncResult *result, GError **error)
{
  GList *addresses;
  GInetAddress *address;

  g_return_val_if_fail (g_async_result_is_tagged (result, gudpx_resolve_async), NULL);

  addresses = g_task_propagate_pointer (G_TASK (result), error);
  if (addresses == NULL)
    return NULL;

  address = choose_address (addresses);
  free_addresses (addresses);
  return address;
}

/**
 * gudpx_resolve_all_async:
 * @host: a host name or an IP address
 * @family: %G_SOCKET_FAMILY_IPV4 or %G_SOCKET_FAMILY_IPV6: only addresses of this family;
 *   %G_SOCKET_FAMILY_INVALID: addresses of both families
 * @timeout_ms: the time limit in milliseconds; 0: 60 seconds
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async) (nullable): called when the host is resolved
 * @user_data: the data to pass to @callback
 *
 * Resolves a host name to all its addresses, in the order that the system prefers. In all other
 * respects the function works like [func@Gudpx.resolve_async].
 *
 * If you pass a family, the resolver is first asked for this family alone. If it finds no address,
 * a second query asks for both families, and the result is the addresses of @family. The second
 * query is needed on a machine whose only interface is the loopback interface: there GLib's
 * resolver does not find addresses of a single family, even of a name in `/etc/hosts`
 * (`AI_ADDRCONFIG`, `getaddrinfo(3)`). On a machine that has only addresses of the other family,
 * the call fails.
 *
 * Since: 1.0
 */
void
gudpx_resolve_all_async (const char *host,
                         GSocketFamily family,
                         guint timeout_ms,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer user_data)
{
  g_return_if_fail (host != NULL);
  g_return_if_fail (family == G_SOCKET_FAMILY_INVALID || family == G_SOCKET_FAMILY_IPV4 ||
                    family == G_SOCKET_FAMILY_IPV6);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  resolve (gudpx_resolve_all_async, host, family, timeout_ms, cancellable, callback, user_data);
}

/**
 * gudpx_resolve_all_finish:
 * @result: the result that the callback received
 * @error: return location for an error
 *
 * Finishes [func@Gudpx.resolve_all_async]. Fails with the errors of [func@Gudpx.resolve_finish].
 *
 * ```c
 * static void
 * on_resolved (GObject *source, GAsyncResult *result, gpointer user_data)
 * {
 *   g_autoptr (GError) error = NULL;
 *   GList *addresses = gudpx_resolve_all_finish (result, &error);
 *
 *   for (GList *l = addresses; l != NULL; l = l->next)
 *     {
 *       g_autofree char *host = g_inet_address_to_string (l->data);
 *       g_print ("%s\n", host);
 *     }
 *   g_list_free_full (addresses, g_object_unref);
 * }
 * ```
 *
 * Returns: (transfer full) (element-type GInetAddress): the addresses, at least one; %NULL with an
 *   error
 *
 * Since: 1.0
 */
GList *
gudpx_resolve_all_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_async_result_is_tagged (result, gudpx_resolve_all_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
