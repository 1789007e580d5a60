/* SPDX-License-Identifier: ISC */
#include <sys/resource.h>

#include <poll.h>
#include <pthread.h>

#include "base/descriptors.h"

enum {
	LIMIT_MAX = 1000 * 1000,
	MARGIN = 64, /* for all threads while the limit is lowered */
};

/* The limit belongs to the process, and so does what is known of it. */
static struct {
	rlim_t old; /* 0: it was not raised */
	rlim_t raised;
	pthread_mutex_t lock; /* guards what follows */
	unsigned low;	      /* starts that want it lowered */
	unsigned high;	      /* starts that need it raised */
} limits = { .lock = PTHREAD_MUTEX_INITIALIZER };

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

/*
 * The lowest free number is always taken, but what is high may stay open when
 * much below it was closed: one descriptor's number tells nothing of others.
 */
static bool
has_room(void)
{
	struct pollfd last[MARGIN];

	for (int i = 0; i < MARGIN; i++)
		last[i] = (struct pollfd){ (int)limits.old - 1 - i, 0, 0 };
	if (poll(last, MARGIN, 0) != MARGIN)
		return false;
	for (int i = 0; i < MARGIN; i++)
		if (last[i].revents != POLLNVAL)
			return false;
	return true;
}

/* Under the lock.  The hard limit may have been changed from outside. */
static void
apply(void)
{
	struct rlimit limit;
	rlim_t wanted = limits.low > 0 && limits.high == 0 ? limits.old :
							     limits.raised;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

/*
 * posix_spawn_file_actions_adddup2 refuses a descriptor beyond the limit of
 * the moment: for such a start it is raised, whatever others do.
 */
bool
descriptors_lower(int highest)
{
	bool lowered;

	if (limits.old == 0)
		return false;
	lowered = highest < (int)limits.old && has_room();
	pthread_mutex_lock(&limits.lock);
	if (lowered)
		limits.low++;
	else
		limits.high++;
	apply();
	pthread_mutex_unlock(&limits.lock);
	return lowered;
}

/* What it has set itself is its own. */
static void
lower_child(pid_t child)
{
	struct rlimit limit;

	if (prlimit(child, RLIMIT_NOFILE, NULL, &limit) != 0 ||
	    limit.rlim_cur != limits.raised)
		return;
	limit.rlim_cur = limits.old;
	(void)prlimit(child, RLIMIT_NOFILE, &limit, NULL);
}

void
descriptors_restore(bool lowered, pid_t child)
{
	if (limits.old == 0)
		return;
	pthread_mutex_lock(&limits.lock);
	if (lowered)
		limits.low--;
	else
		limits.high--;
	apply();
	pthread_mutex_unlock(&limits.lock);
	if (child > 0)
		lower_child(child);
}
