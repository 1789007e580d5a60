/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_BASE_CLOCK_H
#define PELIHOOK_BASE_CLOCK_H

#include <stdint.h>

/* Milliseconds since 1970-01-01 UTC; may jump. */
int64_t clock_wall(void);
/* Milliseconds since some start; never goes back.  For deadlines. */
int64_t clock_steady(void);
/* Milliseconds since the machine was started, sleep included: the same for
 * all its processes. */
int64_t clock_boot(void);
/* Milliseconds from now to a deadline of clock_steady, 0 when it is over,
 * at most INT_MAX: what poll(2) takes.  -1 for CLOCK_NEVER. */
int clock_left(int64_t deadline);
/* The shorter one of two such. */
int clock_shorter(int a, int b);
/* Of two times of one clock. */
int64_t clock_earlier(int64_t a, int64_t b);
/* How long ago that was; 0 for 0, which is no time, and where the clock was set
 * back. */
int64_t clock_age(int64_t time, int64_t now);

#define CLOCK_NEVER INT64_MAX

#endif
