/* SPDX-License-Identifier: ISC */
#include <limits.h>
#include <time.h>

#include "base/clock.h"

static int64_t
clock_read(clockid_t id)
{
	struct timespec now;

	/* Both clocks always exist on Linux, so this cannot fail. */
	clock_gettime(id, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t
clock_wall(void)
{
	return clock_read(CLOCK_REALTIME);
}

int64_t
clock_steady(void)
{
	return clock_read(CLOCK_MONOTONIC);
}

int64_t
clock_boot(void)
{
	return clock_read(CLOCK_BOOTTIME);
}

int
clock_left(int64_t deadline)
{
	int64_t now = clock_steady();

	if (deadline == CLOCK_NEVER)
		return -1;
	if (deadline <= now)
		return 0;
	return deadline - now > INT_MAX ? INT_MAX : (int)(deadline - now);
}

int
clock_shorter(int a, int b)
{
	if (a < 0 || b < 0)
		return a < 0 ? b : a;
	return a < b ? a : b;
}

int64_t
clock_earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

int64_t
clock_age(int64_t time, int64_t now)
{
	return time == 0 || time > now ? 0 : now - time;
}
