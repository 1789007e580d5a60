/* SPDX-License-Identifier: ISC */
#include <sys/resource.h>

#include "base/descriptors.h"

enum { LIMIT_MAX = 1000 * 1000 };

size_t
descriptors_limit(void)
{
	struct rlimit limit;

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
