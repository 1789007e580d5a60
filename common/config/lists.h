/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CONFIG_LISTS_H
#define PELIHOOK_CONFIG_LISTS_H

#include "config/parser.h"

/* Reads a line that a scope may have several of, and adds it to the scope. */
enum rc lists_secret(struct parser *parser, const char *const *args);
enum rc lists_env(struct parser *parser, const char *const *args);
enum rc lists_setenv(struct parser *parser, const char *const *args);
enum rc lists_setenv_file(struct parser *parser, const char *const *args);

#endif
