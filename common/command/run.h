/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_COMMAND_RUN_H
#define PELIHOOK_COMMAND_RUN_H

#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/outcome.h"

struct host;

/*
 * Runs a command, started as spawn.h says.  Its output is drained while it
 * runs; the end of the command is the end, whatever its children hold: what
 * they go on to write is for the host to discard.
 */

enum { RUN_TAIL = 8192 }; /* how much output is kept */

/* What to run, and how; all of it borrowed for the call. */
struct command {
	const char *const *argv;	/* absolute path, arguments, NULL */
	const char *const *environment; /* NAME=value, NULL */
	int input;			/* becomes descriptor 0 */
	const char *directory;		/* where it begins; NULL: / */
	int64_t timeout;		/* milliseconds */
	int64_t kill_after;		/* from SIGTERM to SIGKILL */
	/*
	 * Readable when the command has to end now (an eventfd, a
	 * signalfd), or -1.  It is not read.  Where it is readable at once
	 * the command is not started.
	 */
	int stop;
	int64_t stop_kill_after; /* from SIGTERM to SIGKILL then */
	/*
	 * Where not NULL: what it holds once stop is readable is the most of
	 * that, for whoever stops may not wait for as long.
	 */
	const atomic_llong *stop_kill_within;
	/*
	 * Where not NULL: called with context once the process exists, and
	 * again every second until it returns RC_OK.
	 */
	enum rc (*started)(void *context, pid_t pid);
	void *context;
	struct host *host; /* of the process; NULL is fine */
	const char *hook;  /* for its lines in the log */
	const char *id;
};

struct run_result {
	enum run_end end;
	int code;
	pid_t pid;
	int pidfd;	 /* -1 but for a RUN_STUCK command */
	int64_t elapsed; /* milliseconds */
	size_t tail_len;
	char tail[RUN_TAIL]; /* the last of its output, both */
};

/*
 * Runs a command to its end; where it was told to end, to that of its group.
 * Waits for timeout, kill_after and one second at the most.  Never fails:
 * what went wrong is in the result and the log.
 */
void run(const struct command *what, struct run_result *result);
/* RC_OK once a stuck command is gone: it is reaped and pidfd closed.
 * RC_PENDING while it is not.  Never waits. */
enum rc run_reap(struct run_result *stuck);
/* What the contract makes of an end. */
enum outcome run_outcome(const struct run_result *result);

#endif
