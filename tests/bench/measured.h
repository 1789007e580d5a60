/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_BENCH_MEASURED_H
#define PELIHOOK_BENCH_MEASURED_H

#include <stdlib.h>
#include <time.h>

/* How long something takes, in microseconds, and what is usual of that. */

static inline double
microseconds(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static inline int
compare_samples(const void *a, const void *b)
{
	double left = *(const double *)a;
	double right = *(const double *)b;

	return (left > right) - (left < right);
}

/* Sorts them. */
static inline double
median(double *samples, int n)
{
	qsort(samples, (size_t)n, sizeof(*samples), compare_samples);
	return samples[n / 2];
}

#endif
