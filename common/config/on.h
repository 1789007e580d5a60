/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CONFIG_ON_H
#define PELIHOOK_CONFIG_ON_H

#include "config/parser.h"

/* Reads an `on` line's arguments and adds the rule to the scope. */
enum rc on_read(struct parser *parser, const char *const *args);

#endif
