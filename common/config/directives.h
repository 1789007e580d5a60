/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CONFIG_DIRECTIVES_H
#define PELIHOOK_CONFIG_DIRECTIVES_H

#include "config/parser.h"

/*
 * Reads the arguments of a line into the open scope; NULL ends them.  The
 * `hook` line is conf_load's own.  RC_OK, also where it added an error;
 * RC_MEMORY.
 */
enum rc directives_apply(struct parser *parser, enum keyword keyword,
    const char *const *args);
#endif
