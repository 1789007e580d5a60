/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_ORPHAN_H
#define PELIHOOK_ORPHAN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "encode.h"

/*
 * Commands that outlived the process that ran them, as /proc shows them.
 * A process is known by its number and its start, which together are unique
 * until the machine is started anew.
 */
enum { ORPHAN_BOOT = 37 };	/* a boot's ID and its NUL */

/* What tells one boot of the machine from another; empty if unknown. */
void orphan_boot(char boot[ORPHAN_BOOT]);
/* When a process began, in clock ticks since boot.  RC_MISSING. */
enum rc orphan_start(pid_t pid, uint64_t *start);

/* A command that was started for a try of an event. */
struct orphan {
	pid_t pid;		/* 0: was not noted any more */
	uint64_t start;
	const char *id;		/* PELIHOOK_ID and */
	unsigned attempt;	/* PELIHOOK_ATTEMPT in its environment */
};

/*
 * The process group of the command, if anything of it is still there: the
 * command itself; or, after it, members of its group that carry its
 * environment; or, where its number is not known, a leader of a group that
 * does.  0: nothing (a zombie is nothing).
 */
pid_t orphan_find(const struct orphan *orphan);

#endif
