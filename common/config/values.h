/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CONFIG_VALUES_H
#define PELIHOOK_CONFIG_VALUES_H

#include "config/parser.h"

/*
 * Reads the value of a directive, of which there are as many arguments as it
 * takes, into its field of the open scope or of the configuration: one of the
 * kinds that have a field, `order` or `retry`.  RC_OK, RC_CONFIG, RC_MEMORY.
 */
enum rc values_read(struct parser *parser, enum keyword keyword,
    const char *const *args);

#endif
