/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CTL_USAGE_H
#define PELIHOOK_CTL_USAGE_H

#include <stdio.h>

#include "base/rc.h"

struct subcommand;

/* How pelihookctl is used; subcommand is NULL for the program itself. */
void usage_print(FILE *to, const struct subcommand *subcommand);
/* The same on standard output, with all that there is to be typed explained.
 * RC_MEMORY. */
enum rc usage_print_help(const struct subcommand *subcommand);

#endif
