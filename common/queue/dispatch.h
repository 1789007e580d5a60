/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_QUEUE_DISPATCH_H
#define PELIHOOK_QUEUE_DISPATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/rc.h"

struct conf;
struct host;
struct journal;

enum { DISPATCH_MAX = 256 }; /* commands at once */

/*
 * Runs the queue: takes what is due from the journal, runs it, records the
 * result.  One function with two callers: the dispatcher thread of
 * pelihook.fcgi, and pelihookctl drain, which a person, a timer or
 * pelihook.cgi starts.
 */
struct dispatch {
	struct journal *journal;
	/*
	 * The configuration in force, held for the callee, which releases
	 * it.  It is asked for before each claim; a delivery keeps the one it
	 * began with.  Hooks that are not ready, or gone, are left queued,
	 * and so are those of which the journal has seen newer rules.  NULL:
	 * none is in force, and the caller has said why: what runs is
	 * finished, and then dispatch_queue returns, unless one is in force
	 * again by then.
	 */
	struct conf *(*conf)(void *context);
	void *context;
	/*
	 * Where not NULL: whether the queue is to be run here.  False is as
	 * if no configuration were in force.
	 */
	bool (*wanted)(void *context);
	/*
	 * Readable when it has to stop, or -1; not read.  Then nothing more
	 * is claimed, and what runs gets stop-timeout, then SIGTERM, and
	 * SIGKILL kill-after later: that which it began with, but no more
	 * than the longest of the configuration in force.
	 */
	int stop;
	/* So many commands at once at most; 0: DISPATCH_MAX. */
	size_t most;
	/* Return once nothing is due and nothing runs; otherwise only stop
	 * ends it. */
	bool until_empty;
	struct host *host; /* as in struct command; NULL is fine */
};

/*
 * RC_OK: told to stop, or empty.  Without until_empty trouble with the
 * journal is logged and outlasted; with it RC_STORE, RC_LOCKED and
 * RC_MEMORY are returned once nothing runs, and so is RC_SYSTEM where no
 * thread can be had.  RC_SYSTEM where it could not begin.  RC_CONFIG: there is
 * no configuration in force, or it is not wanted.
 */
enum rc dispatch_queue(const struct dispatch *settings);
/*
 * The same until it is empty, one process at a time: RC_OK at once where
 * another one holds journal_drain_lock.  It looks once more after letting go
 * of the lock, so that an event that came meanwhile, and whose own drain
 * found the lock taken, does not wait for the next one.
 */
enum rc dispatch_alone(const struct dispatch *settings);

#endif
