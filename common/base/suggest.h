/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_BASE_SUGGEST_H
#define PELIHOOK_BASE_SUGGEST_H

#include <stddef.h>

/*
 * How many characters have to be put in, taken out or exchanged to make one
 * word of the other.  Letters of either case are alike, and so are `-` and
 * `_`.  SIZE_MAX for words over 64 bytes.
 */
size_t edit_distance(const char *a, const char *b);

#endif
