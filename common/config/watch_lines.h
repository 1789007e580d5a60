/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CONFIG_WATCH_LINES_H
#define PELIHOOK_CONFIG_WATCH_LINES_H

#include "config/parser.h"

/* What holds in a hook without a `watch` line: it is off, with the limits of
 * `watch on`. */
struct watch watch_lines_default(void);
/* Reads the arguments of a `watch` or `watch for` line into the open scope.
 * RC_OK, RC_CONFIG, RC_MEMORY. */
enum rc watch_lines_read(struct parser *parser, const char *const *args);
/*
 * Gives a scope's hook its `watch for` lines, with what they take from its
 * `watch`, once it is known whether it queues.  RC_OK, also where it added an
 * error; RC_MEMORY.
 */
enum rc watch_lines_finish(struct parser *parser, struct scope *scope);

#endif
