/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_RECEIVE_WAIT_H
#define PELIHOOK_RECEIVE_WAIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/rc.h"

struct host;
struct job;
struct slots;
struct run_result;

/*
 * The commands that senders wait for.  A job runs once it has a slot: fewer
 * commands of its hook run than max-running, and fewer of all hooks than there
 * are threads.  Until then it is parked, first come first served, and holds no
 * thread; those that work (wait_work) run what has a slot.  One of these
 * serves a process and all its threads.
 */
struct wait;

enum {
	WAIT_TURN = 5000,	/* milliseconds that a turn is waited for */
	WAIT_PARKED_MAX = 1000, /* jobs of one hook that wait for a turn */
};

/* A job on its way; the caller's memory until done. */
struct waiting {
	const struct job *job;
	/* It has a slot, and its command starts now.  NULL is fine. */
	void (*starts)(struct waiting *waiting);
	/*
	 * Told once what became of it: RC_OK with how the command ended.
	 * Without a result: RC_CROWDED, no turn in time; RC_STOPPING;
	 * RC_MEMORY.
	 */
	void (*done)(struct waiting *waiting, enum rc rc,
	    const struct run_result *result);

	/* For RC_CROWDED: what it waited for in vain, max-running or
	 * threads. */
	const char *limit;

	/* wait's own. */
	struct slots *slots;
	struct waiting *next;
	enum rc rc;	 /* RC_OK: it may run */
	uint64_t number; /* in the order in which they came */
	int64_t deadline;
};

struct wait_settings {
	unsigned threads; /* most commands at once, of all hooks */
	int stop;	  /* as in struct command */
	int64_t stop_kill_after;
	struct host *host; /* whose commands they are */
	/*
	 * Called where there is work and no thread is known to look: one has
	 * to call wait_work, also where several calls have come to one.  NULL
	 * where whoever puts or ticks does so.
	 */
	void (*wakeup)(void *context);
	/*
	 * Called where wait_tick was not to be called again, and has to be
	 * now.  NULL where nobody ticks.
	 */
	void (*tick)(void *context);
	void *context;
};

/* RC_MEMORY. */
enum rc wait_open(const struct wait_settings *settings, struct wait **out);
/* Once nothing is parked or runs any more.  NULL is fine. */
void wait_close(struct wait *wait);
/*
 * Takes a job over.  Nothing is run here; done may be told here where it
 * comes to nothing.  here: the caller calls wait_work next, so that no other
 * thread need be woken.
 */
void wait_put(struct wait *wait, struct waiting *waiting, bool here);
/* Runs what has a slot and ends what gets none, until nothing is left. */
void wait_work(struct wait *wait);
/*
 * Sees what was parked for too long, and which stuck commands are gone.  Those
 * that work end it, as what follows may wait for a disk.  Returns in how many
 * milliseconds it has to be called again; -1: not before tick is.
 */
int wait_tick(struct wait *wait);
/*
 * From now on nothing gets a slot: RC_STOPPING for what is parked and for what
 * comes.  What has one is ended by stop.
 */
void wait_abort(struct wait *wait);

#endif
