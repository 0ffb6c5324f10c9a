/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Garbage collection of gjs before 1.82. Delete this file when the oldest supported gjs is 1.82.
 *
 * The library does not link to gjs: its functions are looked up in the running program. */

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

/* Runs a complete collection if the program uses gjs. Before 1.82 gjs blocks all calls into
 * JavaScript during an incremental collection. Only such calls continue the collection, so under
 * load it would never end. */
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
