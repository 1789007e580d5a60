/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CONFIG_FINISH_H
#define PELIHOOK_CONFIG_FINISH_H

#include "config/parser.h"

/*
 * What can be said only once a scope is whole: defaults that depend on
 * other directives, and directives that do not go together.
 */

/* Ends the scope that is open and opens a hook.  RC_OK, RC_MEMORY. */
enum rc finish_hook(struct parser *parser, const char *name);
/* Ends the file.  RC_OK, RC_MEMORY. */
enum rc finish_file(struct parser *parser);

#endif
