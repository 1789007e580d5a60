/* SPDX-License-Identifier: ISC */
#include <sys/resource.h>

#include "base/descriptors.h"

enum { LIMIT_MAX = 1000 * 1000 };

/* The limit belongs to the process, and so does what is known of it. */
static struct {
	rlim_t old; /* 0: it was not raised */
	rlim_t raised;
} limits;

size_t
descriptors_limit(void)
{
	struct rlimit limit;

	if (limits.raised != 0)
		return (size_t)limits.raised;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > LIMIT_MAX)
		return LIMIT_MAX;
	return (size_t)limit.rlim_cur;
}

size_t
descriptors_commands(size_t others)
{
	size_t limit = descriptors_limit();

	return limit <= others ? 0 : (limit - others) / DESCRIPTORS_COMMAND;
}

void
descriptors_raise(size_t most)
{
	struct rlimit limit;
	rlim_t old;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	old = limit.rlim_cur;
	limit.rlim_cur = limit.rlim_max < most ? limit.rlim_max : most;
	if (limit.rlim_cur <= old || setrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limits.old = old;
	limits.raised = limit.rlim_cur;
}

/* The hard limit may have been changed from outside. */
void
descriptors_restore(void)
{
	struct rlimit limit;

	if (limits.old == 0 || getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limits.old < limit.rlim_max ? limits.old :
						       limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}
