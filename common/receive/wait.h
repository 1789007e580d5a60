/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_RECEIVE_WAIT_H
#define PELIHOOK_RECEIVE_WAIT_H

#include <stdint.h>

#include "command/job.h"
#include "command/run.h"

/*
 * Hands events to commands.  One of these serves a process and all its
 * threads; it counts the commands that are waited for.
 */
struct deliver;

/*
 * threads: how many requests the process handles at once, for the default
 * of max-running.  stop: as in struct run.  RC_MEMORY.
 */
enum rc deliver_open(unsigned threads, int stop, int64_t stop_kill_after,
    struct deliver **out);
/* Nobody is in its sink any more.  NULL is fine. */
void deliver_close(struct deliver *deliver);
/*
 * The sink of hooks that wait: runs the command and tells how it went.
 * RC_CROWDED where the hook's max-running is reached; a command that is
 * stuck keeps its place until it is gone.  RC_MEMORY, and run_outcome's.
 */
struct sink deliver_sink(struct deliver *deliver);

/* How a command ends early and who hears of its start, as in run(). */
struct deliver_how {
	int stop;
	int64_t stop_kill_after;
	enum rc (*started)(void *context, pid_t pid);	/* or NULL */
	void *context;
};

/*
 * Runs the command of n jobs that one `on` line takes, with their stdin and
 * environment, and waits for it.  What run() says; RC_SYSTEM and RC_MEMORY
 * (as RUN_UNSTARTED) where it came to nothing before.
 */
void deliver_run(const struct job *jobs, size_t n,
    const struct deliver_how *how, struct run_result *result);

#endif
