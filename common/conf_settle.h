/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CONF_SETTLE_H
#define PELIHOOK_CONF_SETTLE_H

#include "conf_draft.h"

/*
 * What can be said only once a scope is whole: defaults that depend on
 * other directives, and directives that do not go together.
 */

/* Ends the scope that is open and opens a hook.  RC_OK, RC_MEMORY. */
enum rc settle_hook(struct draft *draft, const char *name);
/* Ends the file.  RC_OK, RC_MEMORY. */
enum rc settle_file(struct draft *draft);

#endif
