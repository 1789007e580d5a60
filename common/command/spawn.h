/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_COMMAND_SPAWN_H
#define PELIHOOK_COMMAND_SPAWN_H

#include <sys/types.h>

#include "base/limits.h"
#include "base/rc.h"

/*
 * The only module that starts programs.  A command is started directly, in a
 * directory of the caller's choice, in a process group of its own, with default signal dispositions, an
 * empty mask, no descriptor but 0, 1 and 2, and the limit of descriptors that
 * this process was started with.
 */

struct buf;

/* What to start; all of it borrowed for the call. */
struct spawning {
	const char *const *command;	/* absolute path, arguments, NULL */
	const char *const *environment; /* NAME=value, NULL */
	int fds[3];			/* becomes 0 to 2; -1: /dev/null */
	const char *directory;		/* where it begins */
};

/*
 * Starts a command that can be watched: 0 or an errno.  fds[1] is one that
 * is open.  The caller reaps *pid and closes *pidfd, a descriptor of the
 * process (pidfd_open(2)).
 */
int spawn_watched(const struct spawning *spawning, pid_t *pid, int *pidfd);

/*
 * Says why a command could not be started in a directory: the error's text,
 * and what it is about where that is not the file itself: its interpreter, the
 * directory, the kernel.
 */
void spawn_explain(const char *command, const char *directory, int error,
    struct buf *into);

/*
 * Starts a process that outlives this one: own session, descriptors 0 to 2
 * on /dev/null, an environment of only PATH.  RC_SYSTEM.  The caller
 * reaps *pid, or exits.
 */
enum rc spawn_detached(const char *const *command, pid_t *pid);

/*
 * A copy of this process that outlives it, in a session of its own, with
 * default signal dispositions, an empty mask and nothing of our environment; it
 * ends when live returns.  That has all descriptors, with the limit of them,
 * and the memory of this process, and may only call what signal-safety(7) has:
 * a thread may hold any lock.  Nobody of the same user can look into it.
 * RC_SYSTEM with errno set.
 */
enum rc spawn_copy(void (*live)(void *context), void *context);

#endif
