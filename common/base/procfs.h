/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_BASE_PROCFS_H
#define PELIHOOK_BASE_PROCFS_H

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

#include "base/crypto.h"

/*
 * Commands that outlived the process that ran them, as /proc shows them
 * (proc(5)).  A process is known by its number and its start, which together
 * are unique in its PID namespace until the machine is started anew; what it
 * started, and what was never noted, by the mark in its environment.
 */
enum {
	PROCFS_BOOT_SIZE = 37,	/* a boot's ID and its NUL */
	PROCFS_SPACE_SIZE = 32, /* a PID namespace's name and its NUL */
};

/* What tells one boot of the machine from another; empty if unknown. */
void procfs_boot_id(char boot[PROCFS_BOOT_SIZE]);
/* What tells this process's PID namespace from others; empty if unknown. */
void procfs_pid_space(char space[PROCFS_SPACE_SIZE]);
/* When a process began, in clock ticks since boot.  RC_MISSING. */
enum rc procfs_start_time(pid_t pid, uint64_t *start);

/* A command that was started, or was about to be, when its runner ended. */
struct procfs_command {
	pid_t pid; /* 0: was not noted; set once it is found */
	uint64_t start;
	pid_t session;		/* its runner's: a group's leader stays in it */
	char mark[CRYPTO_MARK]; /* PELIHOOK_CLAIM; empty: it has none */
	int64_t since;		/* it began after this, and before that; */
	int64_t until;		/* clock_boot */
	bool seen;		/* an earlier look has met it alive */
	bool found;		/* by its mark, as others may be, too */
};

enum procfs_state {
	PROCFS_GONE,	 /* the command and what is left of its group */
	PROCFS_ALIVE,	 /* the command, or something of its group */
	PROCFS_STARTING, /* a process that may become it */
	PROCFS_HIDDEN,	 /* it may be there: that cannot be seen */
};

/*
 * Looks once, without waiting.  A zombie is gone.  One that was not noted is
 * gone only if nothing that could be it is hidden: of the processes that
 * cannot be read only those that began in its time and session count.
 */
enum procfs_state procfs_find_command(struct procfs_command *command);
/* The same of a group alone, whose leader is gone, and which never was
 * another's. */
enum procfs_state procfs_find_group(pid_t group);
/*
 * Signals what is PROCFS_ALIVE: the command, whatever group it is in by now,
 * and the group that began with it.  0, or an errno.
 */
int procfs_signal(const struct procfs_command *command, int number);

#endif
