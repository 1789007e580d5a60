/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "base/quantile.h"

static int
compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a;
	int64_t y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

void
quantile_sort(int64_t *list, size_t n)
{
	if (n > 1)
		qsort(list, n, sizeof(*list), compare);
}

int64_t
quantile_median(const int64_t *sorted, size_t n)
{
	int64_t lower, upper;

	if (n == 0)
		return -1;
	lower = sorted[(n - 1) / 2];
	upper = sorted[n / 2];
	return lower + (upper - lower) / 2;
}

int64_t
quantile_percentile(const int64_t *sorted, size_t n, unsigned percent)
{
	return n == 0 ? -1 : sorted[(n * percent + 99) / 100 - 1];
}
