/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_RECEIVE_DECIDE_H
#define PELIHOOK_RECEIVE_DECIDE_H

#include "base/rc.h"
#include "receive/sink.h"

struct shared_journal;
struct wait;

/*
 * The sink of a process and all its threads: it decides what becomes of an
 * event that somebody wants or that says something of a run, which is recorded
 * (receive/record) where the event is not stored.  What its hook waits for is run (receive/wait),
 * once for each key where the hook deduplicates; what it queues goes into the
 * journal.
 */
struct decider;

struct decide_settings {
	struct shared_journal *journal; /* borrowed */
	struct wait *wait;		/* borrowed */
	/* Called where there is work that no thread is known to look at: one
	 * has to call decide_work.  NULL where whoever puts does so. */
	void (*wakeup)(void *context);
	/* Called where decide_tick was not to be called again, and has to be
	 * now.  NULL where nobody ticks. */
	void (*tick)(void *context);
	void *context;
};

/* RC_MEMORY. */
enum rc decide_open(const struct decide_settings *settings,
    struct decider **out);
/* Once no exchange is in it any more.  NULL is fine. */
void decide_close(struct decider *decider);
struct sink decide_sink(struct decider *decider);
/*
 * Does what takes a thread: runs the commands that have a slot, looks whose a
 * hook is that is noted as another configuration's, and what receive/record
 * leaves.  Returns when
 * there is nothing more.
 */
void decide_work(struct decider *decider);
/*
 * Has what could not be written tried again by who works, and what was to be
 * written for too long answered.  In how many
 * milliseconds it has to be called again; -1: not before tick is.
 */
int decide_tick(struct decider *decider);

#endif
