/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* gjs, where the program has it; the library does not link to it. */

#include <gmodule.h>

#include "gudpx-gjs-private.h"

typedef struct
{
  gpointer (*get_current) (void);
  void (*collect) (gpointer context);
} Gjs;

static gboolean
find_gjs (GModule *program, Gjs *gjs)
{
  return g_module_symbol (program, "gjs_context_get_current", (gpointer *) &gjs->get_current) &&
         g_module_symbol (program, "gjs_context_gc", (gpointer *) &gjs->collect);
}

/* A whole collection. Before 1.82 gjs blocks all calls into JavaScript while it collects in small
 * steps, which it goes on with when it is called: under load that is never. */
void
gudpx_gjs_collect_garbage (void)
{
  GModule *program = g_module_open (NULL, 0);
  Gjs gjs;
  gpointer context;

  if (program == NULL)
    return;
  if (find_gjs (program, &gjs))
    {
      context = gjs.get_current ();
      if (context != NULL)
        gjs.collect (context);
    }
  g_module_close (program);
}
