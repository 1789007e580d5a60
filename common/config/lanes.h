/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CONFIG_LANES_H
#define PELIHOOK_CONFIG_LANES_H

#include "config/parser.h"

/* Reads a `lane` line's arguments and adds it to the scope. */
enum rc lanes_read(struct parser *parser, const char *const *args);
/*
 * Gives a scope's hook its lanes, and each `on` line with a command the number
 * of its own, once what they take from the hook is settled.  RC_OK, also
 * where it added an error; RC_MEMORY.
 */
enum rc lanes_build(struct parser *parser, struct scope *scope);

/* An error for each `lane` line among the defaults that no hook needs. */
void lanes_check_defaults(struct parser *parser);
/*
 * Fills in the keys of a hook's lanes and its routing, once.  It writes to the
 * hook, so it is called before the configuration is shared between threads.
 * RC_MEMORY, RC_SYSTEM.
 */
enum rc conf_name_lanes(struct hook *hook);

#endif
