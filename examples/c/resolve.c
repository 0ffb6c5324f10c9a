/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Resolves a host name: prints one address, an IPv4 address if there is one, or all addresses. */

#include <gudpx/gudpx.h>
#include <locale.h>
#include <stdlib.h>

static gboolean option_all = FALSE;

static const GOptionEntry entries[] = {
  { "all", 'a', 0, G_OPTION_ARG_NONE, &option_all, "Print all addresses, IPv6 too", NULL },
  G_OPTION_ENTRY_NULL
};

/* Keeps the result for main(), which waits for it. */
static void
on_resolved (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  GAsyncResult **answer = user_data;

  *answer = g_object_ref (result);
}

static void
print_address (gpointer address,
               gpointer user_data)
{
  g_autofree char *text = g_inet_address_to_string (address);

  g_print ("%s\n", text);
}

int
main (int    argc,
      char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new ("HOST — resolve a host name");
  g_autoptr (GAsyncResult) answer = NULL;
  g_autolist (GInetAddress) addresses = NULL;
  g_autoptr (GInetAddress) address = NULL;
  g_autoptr (GError) error = NULL;

  setlocale (LC_ALL, "");
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error) || argc != 2)
    {
      g_printerr ("%s: %s\n", g_get_prgname (), error ? error->message : "see --help");
      return EXIT_FAILURE;
    }

  if (option_all)
    gudpx_resolve_all_async (argv[1], G_SOCKET_FAMILY_INVALID, 10 * 1000, NULL, on_resolved,
                             &answer);
  else
    gudpx_resolve_async (argv[1], NULL, on_resolved, &answer);

  while (answer == NULL)
    g_main_context_iteration (NULL, TRUE);

  if (option_all)
    addresses = gudpx_resolve_all_finish (answer, &error);
  else
    address = gudpx_resolve_finish (answer, &error);

  if (error != NULL)
    g_printerr ("%s: %s\n", g_get_prgname (), error->message);
  else if (option_all)
    g_list_foreach (addresses, print_address, NULL);
  else
    print_address (address, NULL);

  return error == NULL ? EXIT_SUCCESS : EXIT_FAILURE;
}
