/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_BASE_QUANTILE_H
#define PELIHOOK_BASE_QUANTILE_H

#include <stddef.h>
#include <stdint.h>

/* What is usual of a list of numbers, 0 or more each; there is one definition of
 * each in the whole program. */

/* The least first, as the others want them. */
void quantile_sort(int64_t *list, size_t n);
/* The one in the middle, or the mean of the two there, rounded down; -1: there
 * is none. */
int64_t quantile_median(const int64_t *sorted, size_t n);
/* By nearest rank: the least of them that is no less than so many (1 to 100) of
 * a hundred, and so always one of them; -1: there is none. */
int64_t quantile_percentile(const int64_t *sorted, size_t n, unsigned percent);

#endif
