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
/*
 * The word of a list that was probably meant: the nearest one, at a distance
 * of at most max, and of several the first.  NULL where none is so near.
 * item returns the words by their index, from 0, and NULL after the last.
 */
const char *suggest(const char *word, const char *(*item)(size_t i),
    size_t max);

#endif
