/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CONFIG_LISTS_H
#define PELIHOOK_CONFIG_LISTS_H

#include "config/parser.h"

/* The lines a scope may have several of, each added to the scope. */
enum rc pairs_secret(struct draft *draft, const char *const *args);
enum rc pairs_env(struct draft *draft, const char *const *args);
enum rc pairs_setenv(struct draft *draft, const char *const *args);

#endif
