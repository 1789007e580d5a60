/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CONFIG_DIRECTIVES_H
#define PELIHOOK_CONFIG_DIRECTIVES_H

#include "config/parser.h"

/*
 * Does what a line says: words[0] is the directive, and NULL ends them.
 * RC_OK, also where it complained; RC_MEMORY.
 */
enum rc directives_apply(struct draft *draft, const char *const *words);
const char *directives_name(enum draft_word word);
/* Whether only hooks that queue have it. */
bool directives_queue(enum draft_word word);

#endif
