/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CONFIG_ON_H
#define PELIHOOK_CONFIG_ON_H

#include "config/parser.h"

/* The words after `on`, added to the scope's rules. */
enum rc on_read(struct parser *parser, const char *const *args);

#endif
